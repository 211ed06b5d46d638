"""The events that the gateway itself tells of: about subscriptions, to the others of their owner that ask for them."""

from __future__ import annotations

from typing import Final

TEST: Final = "webhook.test"
SUBJECT: Final = "webhook_subscription"
FAILING: Final = f"{SUBJECT}.failing"
DISABLED: Final = f"{SUBJECT}.disabled"
RECOVERED: Final = f"{SUBJECT}.recovered"
SECRET_ROTATED: Final = f"{SUBJECT}.secret_rotated"
SUBSCRIBABLE: Final = {
    FAILING: "Deliveries to another of your subscriptions have failed for a while.",
    DISABLED: "Another of your subscriptions was disabled; its reason is in the record.",
    RECOVERED: "Another of your subscriptions takes deliveries again.",
    SECRET_ROTATED: "Another of your subscriptions has a new secret.",
}
"""Type → what happened."""
TYPES: Final = frozenset((*SUBSCRIBABLE, TEST))
