"""`ids`: alphabets of internal ids, where this deployment's services write other ones than the declarations say."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from adapters.core.declare.alphabets import INTEGER, atoms
from gateway.config.faults import refuse
from gateway.config.section import AsMap, key_of

_PREFIX = key_of(
    r"[a-z][a-z0-9]*_", "is not the prefix of an id", "Write it with its underscore, as it stands in public ids: usr_."
)


def _alphabet(text: str) -> str:
    if text != INTEGER:
        try:
            atoms(text)
        except ValueError as error:
            hint = "Write characters and classes with counts, such as '[0-9a-f]{24}', or integer."
            raise refuse(str(error), hint) from None
    return text


# By the public prefix of a type of id.
Ids = Annotated[Mapping[Annotated[str, _PREFIX], Annotated[str, AfterValidator(_alphabet)]], AsMap]
