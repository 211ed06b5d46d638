"""What people send: small forms, each field once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MOST: Final = 64 * 1024
MOST_FIELDS: Final = 200
FORM: Final = "application/x-www-form-urlencoded"


async def read(request: Request, timeout: float) -> Mapping[str, str]:
    """The fields of a posted form; HTTPException (400, 408, 413, 415) for anything else. A repeated field counts as empty."""
    fields: dict[str, str] = {}
    for name, value in await pairs(request, timeout):
        fields[name] = value if name not in fields else ""
    return fields


async def pairs(request: Request, timeout: float) -> tuple[tuple[str, str], ...]:
    """The same, with repeated fields (check boxes) as they came."""
    if not is_form(request):
        raise HTTPException(415)
    whole = await body(request, timeout)
    try:
        return tuple(
            parse_qsl(whole.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        )
    except ValueError:
        raise HTTPException(400, "The fields of the form cannot be read.") from None


def is_form(request: Request) -> bool:
    """Whether the body says that it is a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def body(request: Request, timeout: float, most: int = MOST) -> bytes:
    """The whole body, of at most `most` bytes, usually of a size that a form can have; HTTPException (400, 408, 413) otherwise."""
    whole = bytearray()
    try:
        async with asyncio.timeout(timeout):
            async for chunk in request.stream():
                whole += chunk
                if len(whole) > most:
                    raise HTTPException(413, "The body is too large.")
    except TimeoutError:
        raise HTTPException(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The body ended early.") from None
    return bytes(whole)
