"""Users: the people who work in the product. Read-only; whoever a `usr_…` points at is found here."""

from adapters.core.declare.kinds import Boolean, Email, Line
from adapters.core.declare.resource import Dated, ListQuery, Op, ReadOnly, Resource, Upstream, required
from adapters.ids import USER, UserId


class WorkspaceUser(Dated):
    """Somebody who can sign in, or could."""

    id: ReadOnly[UserId] = required("The user's id.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Line = required("What they are called.", "Ada Lovelace")
    email: Email = required("The address they sign in with.", "ada@example.com")
    role: Line = required("What they may do, in the workspace's own word.", "manager")
    active: Boolean = required("Whether they can sign in.", example=True)


users = Resource(
    model=WorkspaceUser,
    id=USER,
    path="users",
    singular="user",
    scope="user",
    group="People",
    upstream=Upstream("auth", "/api/auth/users", ListQuery(("email", "role", "active"))),
    sorts=("created_at", "updated_at", "name"),
    headline=("name", "email", "role", "active"),
    searched=("name", "email"),
    operations=Op.GET | Op.SEARCH,
)
