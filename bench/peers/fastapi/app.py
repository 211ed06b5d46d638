"""The same work as it is usually written: FastAPI, httpx, pydantic models, slowapi, a middleware that logs."""

import hashlib
import json
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import httpx
import redis.asyncio
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from slowapi import Limiter
from slowapi.middleware import SlowAPIMiddleware
from starlette.middleware.base import BaseHTTPMiddleware

logging.basicConfig(level=logging.INFO)
logging.getLogger("httpx").setLevel(logging.WARNING)
log = logging.getLogger("api")
store = redis.asyncio.Redis(unix_socket_path=os.environ["VALKEY"])
limiter = Limiter(
    key_func=lambda request: request.headers.get("authorization", ""),
    default_limits=["1000000000/minute"],
    storage_uri=f"redis+unix://{os.environ['VALKEY']}",
    headers_enabled=True,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["STUB"], timeout=10) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)
app.state.limiter = limiter


class Logged(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        request.state.request_id = f"req_{uuid.uuid4().hex}"
        response = await call_next(request)
        response.headers["X-Request-Id"] = request.state.request_id
        response.headers["Version"] = "2026-09-01"
        response.headers["Cache-Control"] = "no-store"
        line = {"method": request.method, "path": request.url.path, "status": response.status_code}
        log.info(json.dumps({**line, "ms": round((time.perf_counter() - started) * 1000, 2)}))
        return response


app.add_middleware(SlowAPIMiddleware)
app.add_middleware(Logged)


class Row(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    id: str
    first_name: str
    last_name: str | None
    name: str | None
    email: str | None
    phone_numbers: list[str] = []
    job_title: str | None
    company_id: str | None
    assignee_id: str | None
    source: str | None
    lifecycle_stage: str | None
    lead_score: int | None
    tags: list[str] = []
    custom_fields: dict[str, Any] = {}
    last_contacted_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Contact(BaseModel):
    id: str
    first_name: str
    last_name: str | None
    name: str | None
    email: str | None
    phones: list[str]
    job_title: str | None
    company_id: str | None
    owner_id: str | None
    source: str | None
    lifecycle_stage: str | None
    lead_score: int | None
    tags: list[str]
    custom: dict[str, Any]
    last_contacted_at: str | None
    created_at: str
    updated_at: str


class One(BaseModel):
    data: Contact


class Cursor(BaseModel):
    next: str | None
    has_more: bool


class Meta(BaseModel):
    cursor: Cursor
    total: int | None


class Many(BaseModel):
    data: list[Contact]
    meta: Meta


class Search(BaseModel):
    limit: int = Field(25, ge=1, le=100)


class Caller(BaseModel):
    id: str
    tenant: str
    user: str
    role: str
    scopes: list[str]
    expires_at: float


async def caller(authorization: Annotated[str, Header()], version: Annotated[str, Header()]) -> Caller:
    digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
    found = await store.get(f"token:{digest}")
    if found is None:
        raise HTTPException(401, "token_invalid")
    known = Caller.model_validate_json(found)
    if known.expires_at < time.time():
        raise HTTPException(401, "token_expired")
    if "contact.read" not in known.scopes:
        raise HTTPException(403, "scope_missing")
    if version < "2026-06-01":
        raise HTTPException(400, "version_too_old")
    return known


def moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def public(row: Row) -> Contact:
    return Contact(
        id=f"con_{row.id}",
        first_name=row.first_name,
        last_name=row.last_name,
        name=row.name,
        email=row.email,
        phones=row.phone_numbers,
        job_title=row.job_title,
        company_id=row.company_id and f"cmp_{row.company_id}",
        owner_id=row.assignee_id and f"usr_{row.assignee_id}",
        source=row.source,
        lifecycle_stage=row.lifecycle_stage,
        lead_score=row.lead_score,
        tags=row.tags,
        custom=row.custom_fields,
        last_contacted_at=moment(row.last_contacted_at),
        created_at=moment(row.created_at) or "",
        updated_at=moment(row.updated_at) or "",
    )


def headers(request: Request, known: Caller) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {os.environ['SERVICE_KEY']}",
        "X-Business-Id": known.tenant,
        "X-User-Id": known.user,
        "X-User-Role": known.role,
        "X-Request-Id": request.state.request_id,
    }


@app.get("/v1/contacts/{contact_id}")
async def get_contact(request: Request, contact_id: str, known: Annotated[Caller, Depends(caller)]) -> One:
    path = f"/api/crm/contacts/{contact_id.removeprefix('con_')}"
    answer = await request.app.state.client.get(path, headers=headers(request, known))
    answer.raise_for_status()
    return One(data=public(Row.model_validate(answer.json()["data"])))


@app.post("/v1/contacts/search")
async def search_contacts(request: Request, wanted: Search, known: Annotated[Caller, Depends(caller)]) -> Many:
    body = {"sort": {"field": "createdAt", "dir": "desc"}, "limit": wanted.limit + 1}
    answer = await request.app.state.client.post("/api/crm/contacts/search", json=body, headers=headers(request, known))
    answer.raise_for_status()
    found = answer.json()
    rows = [Row.model_validate(row) for row in found["data"]]
    cursor = Cursor(next=None, has_more=len(rows) > wanted.limit)
    return Many(data=[public(row) for row in rows[: wanted.limit]], meta=Meta(cursor=cursor, total=found.get("total")))
