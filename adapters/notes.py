"""Notes: free text about a contact, a company or a deal."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Prose
from adapters.core.declare.resource import Dated, Foreign, ListQuery, ReadOnly, Resource, Upstream, optional, required
from adapters.core.words import Action
from adapters.ids import NOTE, CompanyId, ContactId, DealId, NoteId, UserId


class Note(Dated):
    """A piece of text somebody wrote down."""

    id: ReadOnly[NoteId] = required("The note's id.", "note_5f2b8c1d9e3a7b6c4d5e6f76")
    body: Foreign[Annotated[str, Prose(50_000, 1)]] = required("The text.", "Prefers to be called in the morning.")
    pinned: ReadOnly[Boolean] = optional("Changed by pin and unpin.", example=True, default=False)
    contact_id: ContactId | None = optional("The contact it is about.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is about.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it is about.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    author_id: ReadOnly[UserId | None] = optional("The user who wrote it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")


notes = Resource(
    model=Note,
    id=NOTE,
    path="notes",
    singular="note",
    scope="note",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/notes",
        listing=ListQuery(("pinned", "contact_id", "company_id", "deal_id", "author_id")),
    ),
    rename={"body": "content"},
    sorts=("created_at", "updated_at"),
    headline=("body", "contact_id", "company_id", "deal_id", "created_at"),
    searched=("body",),
    words=(
        Action("pin", {"pinned": True}, "Pin a note"),
        Action("unpin", {"pinned": False}, "Unpin a note"),
    ),
)
