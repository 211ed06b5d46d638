"""Query parameters with kinds: texts → checked values, or the sentence that says what is wrong with which of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails, SchemaValidator, ValidationError

from adapters.core.declare.parameter import Parameter
from adapters.core.faults import BadParameter
from adapters.core.request.json_body import choices
from adapters.core.request.said import sentence

Given = Mapping[str, str | None]
"""By name, what was sent or stands for what was not; None where nothing does."""


class Parameters:
    """The compiled parameters of an operation. apart: pairs of which one at most may say other than its default."""

    __slots__ = ("_apart", "_checks", "_takes")

    def __init__(self, takes: Sequence[Parameter], apart: Sequence[tuple[str, str]] = ()) -> None:
        self._takes = {each.name: each for each in takes}
        self._checks = {each.name: SchemaValidator(each.kind.core()).validate_python for each in takes}
        self._apart = apart

    def read(self, query: Mapping[str, str]) -> Given:
        """The values by name; BadParameter for the first that is missing, cannot be, or excludes another."""
        given = {name: self._one(each, query.get(name)) for name, each in self._takes.items()}
        for one, other in self._apart:
            if all(given[name] != self._takes[name].default for name in (one, other)):
                raise BadParameter(
                    "parameter_conflict",
                    f"The query parameters {one!r} and {other!r} exclude one another: send one of them.",
                )
        return given

    def _one(self, parameter: Parameter, sent: str | None) -> str | None:
        name = parameter.name
        if sent is None:
            if parameter.required:
                raise BadParameter(
                    "parameter_invalid", f"The query parameter {name!r} is required, such as {parameter.example}."
                )
            return parameter.default
        try:
            checked: str = self._checks[name](sent)
        except ValidationError as error:
            raise BadParameter("parameter_invalid", _told(parameter, error.errors(include_url=False)[0])) from None
        return checked


def _told(parameter: Parameter, error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        return f"The query parameter {parameter.name!r} is one of {', '.join(choices(error))}."
    return f"The query parameter {parameter.name!r} cannot be that. {sentence(error)}"
