"""Hosts by what came of the last attempt at each."""

from __future__ import annotations

import socket

from gateway.webhooks import hosts
from gateway.webhooks.hosts import WINDOW, Hosts
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import receiving, until


def test_a_host_counts_once_by_its_last_attempt_however_many_there_were() -> None:
    seen = Hosts()
    for number, (status, result) in enumerate([(200, "2xx"), (None, "dns"), (None, "tls"), (503, "5xx")]):
        for host in ("a", "b"):
            seen.note(host, status, result, number)
    seen.note("b", None, "dns", 5)
    assert seen.counts(6) == {"answered": 1, "dns": 1, "tls": 0, "other": 0}


def test_whatever_answers_is_reached_and_what_fails_otherwise_says_nothing_of_names_or_certificates() -> None:
    seen = Hosts()
    for result in ("connect", "timeout", "reset", "vetted", "proxy", "invalid"):
        seen.note(result, None, result, 0)
    seen.note("gone", 410, "4xx", 0)
    assert seen.counts(1) == {"answered": 1, "dns": 0, "tls": 0, "other": 6}


def test_a_host_that_was_not_called_within_the_hour_does_not_count() -> None:
    seen = Hosts()
    seen.note("a", None, "dns", 0)
    seen.note("b", 200, "2xx", 10)
    assert seen.counts(WINDOW - 1)["dns"] == 1
    assert seen.counts(WINDOW) == {"answered": 1, "dns": 0, "tls": 0, "other": 0}
    assert sum(seen.counts(2 * WINDOW).values()) == 0


def test_of_more_hosts_than_are_kept_those_called_last_count() -> None:
    seen = Hosts()
    for number in range(hosts._KEPT + 100):
        seen.note(str(number), None, "tls" if number < 100 else "dns", number / 100)
    assert seen.counts(WINDOW / 2) == {"answered": 0, "dns": hosts._KEPT, "tls": 0, "other": 0}


async def test_a_courier_counts_the_hosts_that_it_calls(post: Post) -> None:
    async with receiving() as receiver, post.delivering() as courier:
        made = await post.subscribe(receiver.url)
        await post.happen(1, 2)
        await post.settled(made)
        counted = courier.attempts.hosts.counts
        assert counted(0.0) == {"answered": 1, "dns": 0, "tls": 0, "other": 0}
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            await post.subscribe(f"http://127.0.0.1:{nobody.getsockname()[1]}/hook")
            await post.happen(3)
            await until(lambda: counted(0.0)["other"] == 1, 20)
