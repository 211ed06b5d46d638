"""An accountant's day over the wire: invoices, books, stock and claims."""

from __future__ import annotations

from tests import walks
from tests.live import Live


def test_an_invoice_is_sent_paid_and_found_in_the_books(live: Live) -> None:
    walks.invoiced(live.call)


def test_an_entry_that_does_not_balance_is_never_sent_and_its_twin_is_posted(live: Live) -> None:
    walks.posted(live.call, live.counted)


def test_stock_is_moved_and_never_set(live: Live) -> None:
    walks.moved(live.call)


def test_a_claim_is_decided_and_paid_back(live: Live) -> None:
    walks.claimed(live.call)
