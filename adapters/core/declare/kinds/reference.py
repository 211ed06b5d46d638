"""Identifiers, a record's own and those that point at others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds.base import GENERAL, Kind, Schema
from adapters.core.declare.kinds.source import Source


@dataclass(frozen=True, slots=True)
class Reference(Kind):
    """A type-prefixed identifier of the given type."""

    of: IdType
    operators = GENERAL

    @property
    def beside(self) -> str | None:  # type: ignore[override]
        return self.of.by

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._read, core_schema.str_schema(strict=True))

    def _read(self, value: str) -> str:
        if self.of.decode(value) is None:
            raise PydanticCustomError(
                "id_invalid",
                "Not the id of a {noun}: it begins with {prefix}",
                {"noun": self.of.noun, "prefix": self.of.prefix},
            )
        return value

    def described(self, schema: Schema) -> Schema:
        return {"type": "string", "pattern": self.of.pattern}

    def loose(self) -> Schema:
        return self.strict()

    @property
    def held(self) -> Any:
        return self.of.held

    @property
    def points_to(self) -> IdType:  # type: ignore[override]
        return self.of

    @property
    def inward(self) -> Callable[[Any], Any]:  # type: ignore[override]
        return self.of.inner

    @property
    def outward(self) -> Callable[[Any], Any]:  # type: ignore[override]
        return self._public

    def _public(self, internal: Any, beside: Any = None) -> str:
        if not self.of.fits([internal]):
            raise ValueError("an id of another alphabet than was declared")
        return self.of.outer(internal, beside)

    def emit(self, name: str, source: Source) -> list[str]:
        # Ids are collected, and all of one alphabet are looked at together when every record was turned.
        of = self.of
        collect = source.collect(of.internal, of.fits)
        return [f"{collect}(v)", f"row.{name} = {of.spelled('v', source.beside)}"]

    def told(self, held: Any, beside: Any = None) -> Any:
        return self._public(msgspec.convert(held, self.held), beside)

    def misfit(self, held: Any) -> str | None:
        if isinstance(held, self.of.held) and self.of.fits([held]):
            return None
        return "not a number" if self.of.number else f"not {self.of.cut}{self.of.alphabet}"

    def rebased(self, alphabets: Mapping[str, str]) -> Kind:
        return Reference(self.of.of(alphabets))

    def edges(self) -> tuple[Any, ...]:
        whole = self.of.sample()
        return (
            *(
                whole,
                f"{whole}\n",
                f"{whole} ",
                whole.upper(),
                whole[:-1],
                whole[1:],
                self.of.prefix,
                whole + "0" * 128,
            ),
            *("con_" + "0" * 24, "usr_clx0a1b2c3d4e5f6g7h8i9j0k", "usr_c", "usr_x123456789"),
        )
