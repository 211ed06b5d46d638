"""What `/mcp` permits is what `/v1` permits: the same token, role and call get the same verdict through both doors."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import orjson

from adapters.core.calls import Answer, Input
from adapters.core.faults import Invalid
from adapters.core.operation import Face, Operation
from gateway import problems
from gateway.api.exchange import Exchange, Handler, Permitted
from gateway.api.me import ME, me
from gateway.api.stages.accept import accept
from gateway.api.stages.authorize import authorize
from gateway.auth.caller import Caller
from gateway.auth.scopes import Permissions
from gateway.auth.users import User
from gateway.brands import Brand
from gateway.config.policies import default_roles
from gateway.config.settings import Settings
from gateway.deployment import catalogue, operations
from gateway.keys.cursors import Cursors
from gateway.keys.keyring import Keyring
from gateway.mcp import calls
from gateway.mcp.asked import Asked, Challenged, Failed
from gateway.mcp.calls import Twin
from gateway.mcp.offered import offered
from gateway.mcp.tools import Tools
from gateway.mcp.verbs import Verbs
from gateway.mcp.wire import Message
from gateway.observe import trace
from gateway.versions import CONTRACTS

NEWEST = CONTRACTS[0].date
SETTINGS = Settings()
KNOWN = catalogue(SETTINGS)
OFFERED = offered(operations(SETTINGS, KNOWN), NEWEST, outward=True)
TOOLS, KEYRING = Tools(OFFERED), Keyring.load(Keyring.create())
PERMISSIONS = Permissions(KNOWN.scopes, default_roles())
ROLES = (*default_roles(), "a role that nobody declared")
BRAND = Brand("API", "https://api.example.com", "https://api.example.com/problems", None)
TRACE = trace.continued(None)
SOME_FACE = next(face for face in OFFERED.plain["get"]["contacts"].faces.values() if face)
TRIPLES = 10_000


class Call(NamedTuple):
    """One thing to do, as a request of `/v1` and as a call of a tool."""

    twin: Twin
    tool: str
    arguments: dict[str, Any]


def called(operation: Operation, luck: random.Random) -> Call:
    """A call of this operation; now and then its body holds a member that a family of its own guards."""
    resource, _, name = operation.name.partition(".")
    segments = tuple(kind.sample() if kind else "vip" for kind in operation.params)
    face = operation.faces[NEWEST]
    assert face is not None
    body = face.sends.sample() if face.sends is not None else None
    if isinstance(body, dict) and face.demands is not None and luck.random() < 0.5:
        shape = face.sends.shape if face.sends else None
        body |= {each.name: each.example for each in (shape.fields if shape else ()) if each.guard}
    query = b"limit=%d" % calls.MOST_INCLUDED if "limit" in operation.query else b""
    twin = Twin(operation, segments, query if name.startswith("list_") else b"", body)
    if name == "search":
        filters = {"filters": body["filters"]} if body and "filters" in body else {}
        return Call(twin, "search", {"resource": resource, **filters})
    if name == "create":
        return Call(twin, "create", {"resource": resource, "values": body})
    if name == "get":
        return Call(twin, "get", {"ids": [segments[0]]})
    if name == "update":
        return Call(twin, "update", {"id": segments[0], "values": body})
    if name == "delete":
        return Call(twin, "delete", {"id": segments[0]})
    if operation in OFFERED.related.get(resource, {}).values():
        return Call(twin, "get", {"ids": [segments[0]], "include": [name.removeprefix("list_")]})
    values = {**(body or {}), **dict(zip(operation.param_names[1:], segments[1:], strict=True))}
    return Call(twin, "act", {"id": segments[0], "action": name, **({"values": values} if values else {})})


class Doors:
    """Both doors for one token and role. What would go to a service is noted instead in `done`."""

    def __init__(self, scopes: frozenset[str], role: str) -> None:
        user = User("1", "t", "ada@example.com", "Ada", role, active=True)
        identity = SimpleNamespace(remembered=lambda *_: user)
        self.identity = identity
        self.parts: Any = SimpleNamespace(
            settings=SETTINGS,
            catalogue=KNOWN,
            identities=SimpleNamespace(of=lambda _: identity),
            permissions=PERMISSIONS,
            cursors=Cursors(KEYRING, 3600),
        )
        self.caller = Caller(
            digest=b"",
            token_id="1",
            kind="personal",
            audience="mcp",
            tenant_id="t",
            tenant_name="T",
            plan="",
            user_id="1",
            principal="t/1",
            scopes=scopes,
            expires_at=4e9,
            revoked=False,
            generation=1,
            headers={},
            gates={},
            read_at=0.0,
            logged="",
        )
        self.scopes, self.version = KNOWN.scopes, NEWEST.encode()
        self.done: list[str] = []

    def of(self, operation: Operation) -> Handler:
        """The stages that permit or refuse, around the note."""

        async def noted(permitted: Permitted, given: Input) -> Answer:
            if operation is ME:
                return await me(permitted, given)
            self.done.append(operation.name)
            if operation.name.endswith(".search") or operation.name.partition(".")[2].startswith("list_"):
                page = {"data": [], "meta": {"cursor": {"next": None}}}
                return Answer(200, orjson.dumps(page))
            return Answer(200, orjson.dumps({"data": {"id": "x_1"}}))

        accepted: Callable[[Permitted], Awaitable[Answer]]
        accepted = (lambda it: noted(it, Input())) if operation is ME else accept(operation, self.parts, noted)
        permit = authorize(operation, self.parts, accepted)
        face = SOME_FACE if operation is ME else operation.faces[NEWEST]
        assert isinstance(face, Face)

        async def handled(exchange: Exchange) -> Answer:
            exchange.caller = self.caller
            try:
                return await permit(exchange, self.caller, face)
            except Exception as error:  # as the first stage does
                problem = problems.of(error)
                if problem is None:
                    raise
                return problems.render(problem, base=BRAND.problem_base, instance=exchange.path, trace_id="0")

        return handled


def told(result: Any) -> dict[str, Any]:
    """What a client has of a result's structure."""
    return dict(orjson.loads(orjson.dumps(result))["structuredContent"])


async def at_v1(doors: Doors, call: Call) -> str:
    """The code of the refusal, or nothing."""
    answer = await doors.of(call.twin.operation)(asked(doors).exchange_of(call.twin))
    return "" if answer.status < 300 else str(orjson.loads(answer.body)["code"])


async def at_mcp(doors: Doors, call: Call) -> str:
    """The same. What cannot be undone is confirmed."""
    verbs = Verbs(OFFERED, KEYRING, 16_384, hide=False)
    more: dict[str, Any] = {}
    for _ in range(2 if call.tool == "delete" or call.twin.operation.final else 1):
        try:
            result = await verbs(call.tool, asked(doors), TOOLS.check(call.tool, call.arguments | more))
        except Challenged as challenged:
            return str(orjson.loads(challenged.answer.body)["code"])
        except Failed as failed:
            return str(failed.problem["code"])
        except Invalid as invalid:
            problem = problems.of(invalid)
            return problem.code if problem else ""
        more = {"confirm": told(result).get("confirm")}
    return ""


def asked(doors: Any) -> Asked:
    posted = Exchange("POST", "/mcp", b"", {}, b"", nothing, BRAND, "127.0.0.1", TRACE, "req_1", 0.0)
    return Asked(doors, posted, BRAND, Message(1, "tools/call", {}, "2026-07-28"))


async def nothing() -> Any:
    raise AssertionError("the body is there")


def test_over_ten_thousand_tokens_roles_and_calls_both_doors_permit_the_same() -> None:
    luck = random.Random(20260728)
    everything = [
        *(each for named in OFFERED.plain.values() for each in named.values()),
        *(each for named in (*OFFERED.actions.values(), *OFFERED.related.values()) for each in named.values()),
    ]
    scopes = sorted(KNOWN.scopes.known)
    verdicts: dict[str, int] = {}

    async def compare() -> None:
        for _ in range(TRIPLES):
            operation = luck.choice(everything)
            # Half of the tokens have what the call needs, so that roles and guarded members decide, too.
            own = operation.scopes if luck.random() < 0.5 else ()
            held = frozenset(luck.sample(scopes, luck.randint(0, 12))).union(own)
            doors, call = Doors(held, luck.choice(ROLES)), called(operation, luck)
            public = await at_v1(doors, call)
            did, doors.done = doors.done, []
            agents = await at_mcp(doors, call)
            reading = call.tool == "get" and "include" in call.arguments
            if reading and not public and agents:
                # A list beneath a record comes with the record, which has to be readable, too.
                read = OFFERED.plain["get"][operation.name.partition(".")[0]]
                assert agents == await at_v1(doors, called(read, luck))
                continue
            assert (agents == "") == (public == ""), (call, held, doors.identity.remembered().role)
            if not reading:
                assert agents == public
            if not public:
                assert set(did) <= set(doors.done)
            verdicts[public] = verdicts.get(public, 0) + 1

    asyncio.run(compare())
    assert verdicts[""] > 1000 and verdicts["scope_missing"] > 1000 and verdicts["role_forbids"] > 500, verdicts


def test_a_tool_is_listed_for_a_resource_exactly_when_v1_permits_the_call() -> None:
    luck = random.Random(7)
    scopes = sorted(KNOWN.scopes.known)

    async def compare() -> None:
        for _ in range(100):
            held, role = frozenset(luck.sample(scopes, luck.randint(0, 25))), luck.choice(ROLES)
            doors = Doors(held, role)
            listed = orjson.loads(orjson.dumps(TOOLS.listed(PERMISSIONS.effective(held, role), reading=False)))
            tools = {each["name"]: each for each in listed or ()}
            for verb in ("search", "create"):
                able = set(tools[verb]["inputSchema"]["properties"]["resource"]["enum"]) if verb in tools else set()
                for path, operation in OFFERED.plain[verb].items():
                    code = await at_v1(doors, called(operation, random.Random(0)))
                    assert (path in able) == (code not in {"scope_missing", "role_forbids"})

    asyncio.run(compare())
