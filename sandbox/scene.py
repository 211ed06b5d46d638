"""What the rules of an entity may look up and change: who writes, when, and the other rows of the same tenant."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.ids import Alphabet, Key

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workspace:
    """How a tenant has set up its suite.

    currency: of the books · tax_rate: percent, where a line names none · closed_through: the last day of the books
    that takes no entry any more · negative_stock: whether stock may fall below zero.
    """

    currency: str
    tax_rate: int
    closed_through: str
    negative_stock: bool


class Scene(Protocol):
    """Instants are in the services' own text form."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def user_id(self) -> str | None: ...
    @property
    def now(self) -> str: ...
    @property
    def workspace(self) -> Workspace: ...

    def exists(self, entity: str, key: Key) -> bool: ...
    def row(self, entity: str, key: Key) -> Row | None: ...
    def rows(self, entity: str, conditions: str = "1", *parameters: Any) -> list[Row]:
        """Every row that meets the SQL conditions over its columns (`c_` and the field's name), in no order."""
        ...

    def role_of(self, user_id: str) -> str | None: ...
    def key(self, alphabet: Alphabet) -> Key: ...
    def following(self, name: str) -> int:
        """The next number of a sequence of the tenant's."""
        ...

    def change(self, entity: str, row: Row, **changed: Any) -> None:
        """Writes some members of another row, as a consequence of this write."""
        ...

    def add(self, entity: str, row: Row) -> None: ...


def known(scene: Scene, entity: str, key: Key) -> Row:
    """A row that is there, because something refers to it."""
    found = scene.row(entity, key)
    if found is None:
        raise AssertionError(f"there is no {entity} {key}")
    return found


def today(scene: Scene) -> str:
    """The workspace's day."""
    return scene.now[:10]


def employee_of(scene: Scene, user_id: str | None) -> Key | None:
    """The employee that this user is."""
    if user_id is None:
        return None
    found: Iterable[Row] = scene.rows("employee", "c_userId = ?", user_id)
    key: Key | None = next((row["id"] for row in found), None)
    return key
