import socket
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.keys.keyring import Keyring
from gateway.process.admin_port import AdminPort, Asked
from gateway.process.instance_lock import CannotStartError
from gateway.process.launcher import Launcher
from gateway.process.reloading import Reloads
from gateway.process.sockets import listening
from gateway.process.workers import Workers
from gateway.stores import redis_url
from gateway.stores.sql import Sql


def test_a_busy_port_is_refused_in_one_line_with_the_fix() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(CannotStartError) as refused,
            listening("127.0.0.1", port, what="the port", option="--port"),
        ):
            pass
    line = str(refused.value)
    assert f"the port {port} on 127.0.0.1 is in use" in line and "--port" in line and "\n" not in line


def test_a_second_gateway_does_not_slip_in_between_our_workers() -> None:
    with (
        listening("127.0.0.1", 0, what="the port", option="--port") as first,
        pytest.raises(CannotStartError),
        listening("127.0.0.1", first.port, what="the port", option="--port"),
    ):
        pass


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused_in_one_line(host: str) -> None:
    with (
        pytest.raises(CannotStartError) as refused,
        listening(host, 0, what="the port", option="--port"),
    ):
        pass
    assert host in str(refused.value) and refused.value.code == 2


def test_nobody_listens_before_a_process_does_and_its_queue_ends_with_it() -> None:
    with listening("127.0.0.1", 0, what="the port", option="--port") as ours:
        address = ("127.0.0.1", ours.port)
        process = ours.open()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        process.listen(8)
        with socket.create_connection(address, timeout=5) as waiting:
            process.close()
            with suppress(ConnectionResetError):
                assert waiting.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)


def test_connections_are_spread_over_those_that_listen() -> None:
    with listening("127.0.0.1", 0, what="the port", option="--port") as ours:
        workers = [ours.open(), ours.open()]

        def arrivals() -> Counter[int]:
            counted: Counter[int] = Counter()
            clients = [socket.create_connection(("127.0.0.1", ours.port)) for _ in range(64)]
            for place, worker in enumerate(workers):
                with suppress(BlockingIOError):
                    while True:
                        worker.accept()[0].close()
                        counted[place] += 1
            for client in clients:
                client.close()
            return counted

        for worker in workers:
            worker.listen(100)
        both = arrivals()
        assert both[0] > 8 and both[1] > 8
        workers.pop(0).close()
        assert arrivals() == {0: 64}
        workers.pop().close()
        # Connections that were served keep nobody from the port.
        with ours.open() as again:
            again.listen(8)
            socket.create_connection(("127.0.0.1", ours.port)).close()


def test_a_second_gateway_is_refused_while_the_first_is_starting_and_when_it_serves() -> None:
    with listening("127.0.0.1", 0, what="the port", option="--port") as ours:
        for begun in (False, True):
            with ours.open() as worker:
                if begun:
                    worker.listen(8)
                with (
                    pytest.raises(CannotStartError),
                    listening("127.0.0.1", ours.port, what="the port", option="--port"),
                ):
                    pass


async def test_whoever_is_told_of_the_admin_port_is_not_refused(tmp_path: Path) -> None:
    settings = Settings()
    line = await redis_url.connect("redis://127.0.0.1:1", timeout=0.1)
    keys = Keyring.load(Keyring.create())
    asked = Asked({}, frozenset(), line, Sql(f"sqlite:///{tmp_path}/gateway.db", pool_size=1), keys)
    with listening("127.0.0.1", 0, what="the port", option="--port") as ours:
        workers = Workers(0, ours, Launcher(settings), {}, 1.0)
        port = AdminPort(asked, workers, (), Reloads(lambda: settings, settings, tmp_path), tmp_path)
        async with AsyncExitStack() as stack:
            await port.open(ours, stack)
            # The loop has not turned since.
            socket.create_connection(("127.0.0.1", ours.port)).close()
