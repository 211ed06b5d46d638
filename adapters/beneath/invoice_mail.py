"""An invoice's way to the customer: the e-mail that `send` makes of it."""

from typing import Annotated

from adapters.core.declare.kinds import Line, Prose, TextList
from adapters.core.declare.kinds.text import EMAIL
from adapters.core.declare.record import Record, optional
from adapters.core.declare.resource import renamed
from adapters.core.words import Post

Emails = Annotated[list[str], TextList(EMAIL, 10)]


class Sending(Record):
    """An e-mail with an invoice; what is left out is the workspace's own."""

    to: Annotated[list[str], TextList(EMAIL, 10, 1)] | None = optional("Whom it goes to.", ["accounts@example.com"])
    cc: Emails | None = optional("Who else gets it.", ["ada@example.com"])
    subject: Line | None = optional("Its subject.", "Invoice INV-00042")
    message: Annotated[str, Prose(10_000)] | None = optional("Its text.", "Please find the invoice attached.")


send = Post(
    "send",
    "/email",
    Sending,
    "Send an invoice",
    renamed("to=recipients message=body"),
    "A draft is sent from then on; sending it again is a reminder. Always send an `Idempotency-Key`: it is an e-mail.",
    outward=True,
)
