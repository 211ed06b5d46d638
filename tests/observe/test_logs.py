import asyncio
import io
import logging
import re
from collections.abc import Iterator
from select import PIPE_BUF
from typing import Any

import orjson
import pytest
import structlog

from gateway.observe import logs
from gateway.stores.errors import StoreUnavailable


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    written = io.BytesIO()
    logs.configure("debug", written)
    yield written
    logs.configure()


@pytest.fixture
def named() -> Iterator[None]:
    """For this test only: who a process is is settled once, and other tests run in it."""
    before = logs._sink.named, logs._sink.origin
    yield
    logs._sink.named, logs._sink.origin = before


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_an_access_line_is_one_json_object_with_time_level_and_event(stream: io.BytesIO) -> None:
    logs.access(f'"status":200,"route":{logs.quoted("/v1/me")}')
    (line,) = lines(stream)
    assert line["event"] == "request" and line["level"] == "info" and line["status"] == 200
    assert str(line["at"]).endswith("Z")


def test_control_characters_in_a_value_stay_in_their_line(stream: io.BytesIO) -> None:
    logs.access('"user_agent":' + logs.quoted("a\r\nb\x00\x1b[31m\u2028c"))
    assert stream.getvalue().count(b"\n") == 1
    assert lines(stream)[0]["user_agent"] == "a\r\nb\x00\x1b[31m\u2028c"


def test_a_lone_surrogate_does_not_lose_the_line(stream: io.BytesIO) -> None:
    logs.access('"path":' + logs.quoted("\ud800"))
    assert len(lines(stream)) == 1


async def test_the_lines_of_one_turn_of_the_loop_leave_together_and_in_order(stream: io.BytesIO) -> None:
    for status in (200, 404, 500):
        logs.access(f'"status":{status}')
    assert stream.getvalue() == b""
    await asyncio.sleep(0)
    assert [line["status"] for line in lines(stream)] == [200, 404, 500]
    logs.access('"status":201')
    logs.flush()
    assert len(lines(stream)) == 4


async def test_no_write_is_larger_than_a_pipe_takes_in_one_piece() -> None:
    """Workers share one pipe: what exceeds it would be torn apart by what another writes."""
    pieces: list[bytes] = []

    class Pipe(io.BytesIO):
        def write(self, data: Any) -> int:
            pieces.append(bytes(data))
            return len(data)

    logs.configure("info", Pipe())
    try:
        for nth in range(40):
            logs.access(f'"status":{nth},"route":"{"r" * (nth * 9)}"')
        logs.flush()
    finally:
        logs.configure()
    assert max(map(len, pieces)) <= PIPE_BUF
    assert 1 < len(pieces) < 20
    assert [orjson.loads(line)["status"] for line in b"".join(pieces).splitlines()] == list(range(40))


async def test_a_line_longer_than_that_is_still_a_line_of_its_own(stream: io.BytesIO) -> None:
    for size in (PIPE_BUF * 2, 1, PIPE_BUF * 2):
        logs.access(f'"route":"{"r" * size}"')
    logs.flush()
    assert [len(str(line["route"])) for line in lines(stream)] == [PIPE_BUF * 2, 1, PIPE_BUF * 2]


@pytest.mark.parametrize(
    "secret",
    ["gw_pat_abcdefghijklmnopqrstuvwxyz0123AbCdEf", "acme_pat_0000001", "Bearer s3cr3t-value", "Basic dXNlcjpwYXNz"],
)
def test_what_looks_like_a_credential_is_concealed_whoever_logs_it(stream: io.BytesIO, secret: str) -> None:
    logs.access(f'"path":{logs.quoted(f"/x?token={secret}")}')
    logs.event("something", detail=secret)
    logging.getLogger("uvicorn.error").warning("got %s", secret)
    structlog.get_logger().info("spoken", value=secret)
    assert secret.rsplit(" ", maxsplit=1)[-1].encode() not in stream.getvalue()
    assert len(lines(stream)) == 4


def test_a_record_of_the_standard_library_becomes_the_same_json(stream: io.BytesIO) -> None:
    logging.getLogger("some.library").error("broke %d", 3)
    (line,) = lines(stream)
    assert line["event"] == "broke 3" and line["level"] == "error" and line["logger"] == "some.library"


def test_an_exception_is_told_by_type_and_place_and_never_by_its_message(stream: io.BytesIO) -> None:
    try:
        try:
            raise ValueError("jane@example.com")
        except ValueError as error:
            raise KeyError("hunter2") from error
    except KeyError as error:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        logs.event("crash", "error", error=error)
        structlog.get_logger().exception("crash")
    text = stream.getvalue()
    assert b"hunter2" not in text and b"jane@example.com" not in text
    for line in lines(stream):
        assert line["error"] == "builtins.KeyError"
        assert "test_logs.py" in str(line["frames"])
        assert line["cause"]["error"] == "builtins.ValueError"


def test_libraries_that_print_request_urls_are_silent_even_at_debug(stream: io.BytesIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET http://internal.host/api/auth/users?email=jane@example.com")
    logging.getLogger("httpcore.connection").debug("connect_tcp.started host='internal.host'")
    assert stream.getvalue() == b""


def test_lines_below_the_level_are_not_written() -> None:
    written = io.BytesIO()
    logs.configure("warning", written)
    try:
        logs.access('"status":200')
        logs.event("started")
        logging.getLogger("uvicorn.error").info("Started server process")
        structlog.get_logger().info("spoken")
        assert written.getvalue() == b""
        logs.event("trouble", "warning")
        assert lines(written)[0]["event"] == "trouble"
    finally:
        logs.configure()


def test_no_line_can_steer_a_terminal_or_be_taken_for_two(stream: io.BytesIO) -> None:
    hostile = "\x7f\x80\x85\x9b31m\u2028\u2029é\U0001f600"
    logs.access('"path":' + logs.quoted(hostile) + ',"once":' + logs.quoted_once(hostile))
    logs.event("seen", path=hostile)
    text = stream.getvalue().decode()
    assert len(text.splitlines()) == 2 and "é\U0001f600" in text
    assert not set(hostile[:-2]) - set("31m") & set(text)
    first, second = (orjson.loads(line) for line in text.splitlines())
    assert first["path"] == first["once"] == second["path"] == hostile


def test_every_line_says_which_instance_and_which_worker_it_is_of(stream: io.BytesIO, named: None) -> None:
    logs.name("api-1:8080", worker=3)
    logs.access('"status":200')
    logs.event("seen")
    logging.getLogger("elsewhere").warning("heard")
    assert [(line["instance"], line["worker"]) for line in lines(stream)] == [("api-1:8080", 3)] * 3


def test_messages_that_are_made_for_logs_are_told_and_others_are_not(stream: io.BytesIO) -> None:
    logs.event("seen", error=StoreUnavailable("db.internal:5432: refused"))
    logs.event("seen", error=ValueError("jane@acme.example"))
    assert lines(stream)[0]["reason"] == "db.internal:5432: refused"
    assert b"jane" not in stream.getvalue()


@pytest.mark.parametrize("before", ["\n", "\r", "\t", "\x1b", "\x7f", "\x9b", "\u2028", "\\", '"', "é"])
@pytest.mark.parametrize("secret", ["gw_pat_" + "a" * 36, "Bearer abc", "Basic YTpi", "bearer gw_cs_" + "b" * 36])
def test_what_is_concealed_takes_no_part_of_an_escape_with_it(stream: io.BytesIO, before: str, secret: str) -> None:
    logs.event(f"x{before}{secret}", path=f"/{before}{secret}{before}")
    logs.access('"path":' + logs.quoted_once(f"/{before}{secret}"))
    told = stream.getvalue().decode()
    assert told.count("[concealed]") == 3 and all(part not in told for part in ("aaaaaa", "abc", "YTpi", "bbbbbb"))
    assert [line["path"].startswith(f"/{before}") for line in lines(stream)] == [True, True]


class Terminal(io.BytesIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    written = Terminal()
    logs.configure("info", written)
    yield written
    logs.configure()


REQUEST = (
    '"trace_id":"0f","request_id":"req_1","method":"POST","route":"/v1/contacts","path":%s,"status":%d,"tenant":null,'
    '"client":"127.0.0.1","total_ms":12.34%s'
)


async def test_in_a_terminal_a_request_is_one_short_line(terminal: Terminal) -> None:
    logs.access(REQUEST % ('"/v1/contacts"', 201, ""))
    logs.access(REQUEST % ('"/v1/contacts"', 422, ',"code":"validation_failed"'))
    await asyncio.sleep(0)
    first, second = terminal.getvalue().decode().splitlines()
    assert first.partition(" ")[2] == "POST /v1/contacts 201 12 ms"
    assert second.partition(" ")[2] == "POST /v1/contacts 422 12 ms validation_failed trace_id=0f"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", first.partition(" ")[0])


def test_in_a_terminal_an_event_says_what_it_says_and_how_bad_it_is(terminal: Terminal, named: None) -> None:
    logs.name("host:1", worker=0)
    logs.event("started", port=1)
    logs.event("store lost", "warning", store="redis", error=StoreUnavailable("gone"))
    logging.getLogger("library").error("it failed")
    told = [line.partition(" ")[2] for line in terminal.getvalue().decode().splitlines()]
    assert told[0] == "started port=1"
    assert told[1].startswith("warning: store lost store=redis error=gateway.stores.errors.StoreUnavailable")
    assert told[2] == "error: it failed"


def test_no_line_steers_a_terminal_or_shows_it_a_credential(terminal: Terminal) -> None:
    path = logs.quoted_once("/\x1b[31m\x9b\u2028\r\n" + "gw_pat_" + "a" * 36)
    logs.access(REQUEST % (path, 404, ""))
    logs.event("a\x1b]0;title\x07", name="b\nc")
    written = terminal.getvalue().decode()
    assert written.count("\n") == 2 and all(letter.isprintable() or letter == "\n" for letter in written)
    assert "_pat_" not in written and "\\u001b[31m" in written
