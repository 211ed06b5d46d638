"""Clients that never stop asking: what they were answered is kept, and held against what is promised while anything fails."""

from __future__ import annotations

import http.client
import json
import secrets
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Self

from tests.live import NEWEST
from tests.stores.nodes import until

PAUSE = 0.01  # seconds that a client thinks: three replicas, their stores and all clients share two cores
READERS = 2
PATIENCE = 60.0  # seconds in which a key must have an answer that is final
UNKNOWN = "idempotency_outcome_unknown"


@dataclass(frozen=True)
class Answer:
    """When it was asked, what came (status 0: no answer), after how many seconds, and the code of a problem."""

    at: float
    method: str
    status: int
    seconds: float
    code: str = ""


@dataclass
class Ledger:
    """What keyed creates were answered, by key: the id that was told, or that the outcome is unknown."""

    created: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)  # keys that were given two ids

    def tell(self, key: str, made: str) -> None:
        if self.created.setdefault(key, made) != made:
            self.twice.append(key)


def stored(database: Path) -> dict[str, int]:
    """How many contacts a service with this database has of each key that was sent."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        asked = "SELECT c_lastName, count(*) FROM contacts WHERE c_lastName LIKE 'chaos-%' GROUP BY 1"
        return dict(connection.execute(asked).fetchall())


class Client:
    """One connection, opened again when it has been lost."""

    def __init__(self, port: int, token: str, answers: list[Answer]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Version": NEWEST, "Content-Type": "application/json"}
        self.answers = answers

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Status and document; (0, None) when there was no answer."""
        began = time.monotonic()
        text = None if body is None else json.dumps(body)
        status, document = 0, None
        try:
            self._connection.request(method, path, text, self._headers | headers)
            answer = self._connection.getresponse()
            status, said = answer.status, answer.read()
            # What nginx says itself is a page.
            document = json.loads(said) if "json" in answer.headers.get("content-type", "") else None
        except (OSError, http.client.HTTPException):
            self._connection.close()
        code = str(document.get("code", "")) if isinstance(document, dict) and status >= 400 else ""
        self.answers.append(Answer(began, method, status, time.monotonic() - began, code))
        return status, document


@dataclass
class Load:
    """Readers of one contact and writers of new ones, through nginx at `port`. Leaving it waits for keys that are not settled."""

    port: int
    token: str
    contact: str
    ledger: Ledger
    readers: int = READERS
    writers: int = 1
    answers: list[Answer] = field(default_factory=list)
    wrong: list[object] = field(default_factory=list)  # answers that were another's
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        work = [self._read] * self.readers + [self._write] * self.writers
        self._threads = [threading.Thread(target=each) for each in work]
        for thread in self._threads:
            thread.start()
        try:
            self.more(20)
        except BaseException:
            # Who is not entered is not left either, and threads that go on keep the run from ending.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int, status: tuple[int, ...] = ()) -> None:
        """Return when so many more have been answered, with one of these statuses if any is named."""

        def answered() -> int:
            return sum(not status or each.status in status for each in self.answers)

        wanted = answered() + count
        until(lambda: answered() >= wanted, 120)

    def failed(self, method: str = "") -> list[Answer]:
        """What was not done as it was asked."""
        return [
            each for each in self.answers if each.status not in (200, 201) and (not method or each.method == method)
        ]

    def counts(self) -> dict[str, int]:
        """How many answers of each kind."""
        return dict(Counter(f"{each.method} {each.status} {each.code}".strip() for each in self.answers))

    def p99(self, since: float, before: float) -> float:
        """Milliseconds that reads took in a span of time."""
        found = [each.seconds for each in self.answers if since <= each.at < before and each.method == "GET"]
        return round(quantiles(found, n=100)[-1] * 1000, 1) if len(found) > 1 else float("nan")

    def _read(self) -> None:
        client = Client(self.port, self.token, self.answers)
        while not self._stop.wait(PAUSE):
            status, document = client.ask("GET", f"/v1/contacts/{self.contact}")
            if status == 200 and document["data"]["id"] != self.contact:
                self.wrong.append(document)

    def _write(self) -> None:
        client = Client(self.port, self.token, self.answers)
        while not self._stop.wait(PAUSE):
            self._create(client, f"chaos-{secrets.token_hex(8)}")

    def _create(self, client: Client, key: str) -> None:
        """Ask until it is known what became of it, and once more when it is, which must be answered the same."""
        body, ending = {"first_name": "Chaos", "last_name": key}, time.monotonic() + PATIENCE
        asked = 0
        while time.monotonic() < ending:
            status, document = client.ask("POST", "/v1/contacts", body, **{"Idempotency-Key": key})
            if status == 201:
                self.ledger.tell(key, document["data"]["id"])
                asked += 1
                if asked == 2:
                    return
            elif document is not None and document.get("code") == UNKNOWN:
                self.ledger.unknown.add(key)
                return
            else:
                time.sleep(0.05)
        self.wrong.append(f"{key} was never settled")
