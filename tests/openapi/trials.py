"""Trials of webhooks where no courier runs: whoever waits for one is told of a first attempt, instead of waiting in vain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

from sqlalchemy import update

from gateway.stores.sql import Sql
from gateway.stores.sql.webhook_models import DeliveryRow
from tests.live import Live


@contextmanager
def attempted(live: Live) -> Iterator[None]:
    """While this lasts, whatever is to be delivered has been tried once."""
    over = Event()
    waiting = update(DeliveryRow).where(DeliveryRow.status == "pending", DeliveryRow.attempts == 0)

    def attempt() -> None:
        with closing(Sql(f"sqlite:///{live.served.data_dir / 'gateway.db'}")) as sql:
            while not over.wait(0.1):
                with sql.session() as session:
                    session.execute(waiting.values(attempts=1))

    thread = Thread(target=attempt)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
