import socket
from collections import Counter

import pytest

from gateway.process.instance_lock import CannotStartError
from gateway.process.sockets import listening


def test_a_busy_port_is_refused_in_one_line_with_the_fix() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(CannotStartError) as refused,
            listening("127.0.0.1", port, count=2, what="the port", option="--port"),
        ):
            pass
    line = str(refused.value)
    assert f"the port {port} on 127.0.0.1 is in use" in line and "--port" in line and "\n" not in line


def test_a_second_gateway_does_not_slip_in_between_our_workers() -> None:
    with (
        listening("127.0.0.1", 0, count=2, what="the port", option="--port") as first,
        pytest.raises(CannotStartError),
        listening("127.0.0.1", first.port, count=2, what="the port", option="--port"),
    ):
        pass


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused_in_one_line(host: str) -> None:
    with (
        pytest.raises(CannotStartError) as refused,
        listening(host, 0, count=1, what="the port", option="--port"),
    ):
        pass
    assert host in str(refused.value) and refused.value.code == 2


def test_connections_are_spread_over_the_workers_and_leave_one_that_gave_up() -> None:
    with listening("127.0.0.1", 0, count=2, what="the port", option="--port") as ours:

        def arrivals() -> Counter[int]:
            counted: Counter[int] = Counter()
            clients = [socket.create_connection(("127.0.0.1", ours.port)) for _ in range(64)]
            for place in (0, 1):
                try:
                    while True:
                        ours.take(place).accept()[0].close()
                        counted[place] += 1
                except BlockingIOError:
                    pass
            for client in clients:
                client.close()
            return counted

        both = arrivals()
        assert both[0] > 8 and both[1] > 8
        ours.give_up(0)
        one = socket.create_connection(("127.0.0.1", ours.port))
        ours.take(1).accept()[0].close()
        one.close()
        ours.take(0)
        assert sum(arrivals().values()) == 64


def test_the_last_socket_is_never_given_up() -> None:
    with listening("127.0.0.1", 0, count=1, what="the port", option="--port") as ours:
        ours.give_up(0)
        socket.create_connection(("127.0.0.1", ours.port)).close()
