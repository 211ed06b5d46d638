"""What the authorization server sees of a request: read whole by async code, then never changed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.core.compile.scopes import Scopes
from gateway.web import forms

MOST_FIELDS: Final = 100

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Basic:
    """Credentials of the Authorization header, decoded as RFC 6749 § 2.3.1 says."""

    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One request to an OAuth endpoint. `pairs` are the form's fields, `issuer` the brand's origin, `offered` the scopes there are.

    `user_gone`: the user of the code or token in it is disabled or no longer there.
    """

    method: str
    is_form: bool
    query: bytes
    pairs: Pairs = field(repr=False)
    authorization: str | None = field(repr=False)
    issuer: str
    address: str
    now: datetime
    offered: Scopes = field(repr=False)
    user_gone: bool = False

    def one(self, name: str) -> str | None:
        """A parameter's value; one sent without a value counts as not sent (RFC 6749 § 3.2)."""
        return next((value for each, value in self.pairs if each == name and value), None)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a parameter that may be repeated."""
        return tuple(value for each, value in self.pairs if each == name and value)

    def basic(self) -> Basic | None:
        """The Basic credentials, None when another scheme or nothing was sent. InvalidClientError when unreadable."""
        scheme, _, encoded = (self.authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, colon, secret = base64.b64decode(encoded.strip(), validate=True).partition(b":")
            if not colon:
                raise ValueError
            return Basic(unquote_to_bytes(name).decode("ascii"), unquote_to_bytes(secret).decode("ascii"))
        except (binascii.Error, ValueError):
            raise InvalidClientError(description="The Basic credentials cannot be read.", status_code=401) from None


def pairs(encoded: bytes) -> Pairs:
    """The fields of a form or query, bytes that are no UTF-8 kept as they are. InvalidRequestError for what is none."""
    try:
        found = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="surrogateescape",
        )
    except ValueError:
        raise InvalidRequestError(description="The parameters are not a form.") from None
    return tuple(found)


async def taken(request: Request, issuer: str, address: str, timeout: float, offered: Scopes) -> Snapshot:
    """The snapshot of a request with a form. InvalidRequestError when it cannot be read."""
    try:
        raw = await forms.body(request, timeout)
    except HTTPException as error:
        raise InvalidRequestError(description=error.detail, status_code=error.status_code) from None
    is_form = forms.is_form(request)
    return Snapshot(
        method=request.method,
        is_form=is_form,
        query=request.scope["query_string"],
        pairs=pairs(raw) if is_form else (),
        authorization=request.headers.get("authorization"),
        issuer=issuer,
        address=address,
        now=datetime.now(UTC),
        offered=offered,
    )


def repeated(fields: Pairs, but: Sequence[str] = ()) -> str | None:
    """The first parameter that is given twice, other than those that may be."""
    seen: set[str] = set()
    for name, _ in fields:
        if name in seen and name not in but:
            return name
        seen.add(name)
    return None
