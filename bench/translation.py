"""Translation alone, bytes to bytes, without a gateway around it: a contact, a page of 50 and the same compressed, the request of
a search, and invoices.

    python -m bench.translation [--against TREE] [--seconds 10]

Reported: µs of CPU each, the least of many slices. With `--against` the adapters of another checkout do the same work in the same
process, in turns, and the ratio to them is told too, of what they can do.
"""

import argparse
import gc
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import invoices, stub

HERE = Path(__file__).parents[1]
PLAIN = b'{"limit":50}'
FILTERED = json.dumps(
    {
        "filters": [
            {"field": "email", "operator": "ends_with", "value": "@example.com"},
            {"field": "lead_score", "operator": "gte", "value": 5},
            {"any": [{"field": tags, "operator": "is_empty"} for tags in ("tags", "phones")]},
        ],
        "search_text": "ada",
        "order_by": "name",
        "sort_direction": "asc",
        "limit": 50,
    }
).encode()
OURS = ("adapters", "gateway")
Works = dict[str, Callable[[], Any]]


# What a seal costs is no matter of translation.
def _unseal(*_: object) -> list[Any]:
    return []


def _seal_for(_: bytes) -> Callable[[list[Any]], str]:
    return lambda _: "c" * 160


@contextmanager
def _tree(root: Path) -> Iterator[Callable[[str], Any]]:
    """The imports of this block come from the checkout at `root`, and nobody else sees them."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in OURS}
    sys.path.insert(0, str(root))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(root))
        for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
            del sys.modules[name]
        sys.modules.update(kept)


def works(root: Path) -> Works:
    """What is measured, done by the adapters of one checkout."""
    with _tree(root) as load:
        core = "adapters.core."
        contracts = load("gateway.versions").CONTRACTS
        named = {
            each.name: each
            for each in load(core + "compile.catalogue").compile_all(load("adapters").RESOURCES, contracts, {})
        }
        request_type, read_json = load(core + "operation").Request, load(core + "strict_json").read_json
        reply, input_type = load(core + "calls").Reply, load(core + "calls").Input

    def asked(date: str, raw: bytes) -> Any:
        return named["contacts.search"].faces[date].accept(request_type((), {}, read_json(raw), _unseal, _seal_for))

    def answered(face: Any, request: Any, body: bytes) -> Any:
        plan = face.plan(request)
        next(plan)
        try:
            plan.send(reply(200, body))
        except StopIteration as finished:
            return finished.value.body

    one, page, ids = stub.one(), stub.page(), (stub.FIRST,)
    found: Works = {}
    for date, contract in ((contracts[0].date, "newest"), (contracts[-1].date, "first")):
        get, search = named["contacts.get"].faces[date], named["contacts.search"].faces[date]
        found[f"single, {contract} contract"] = partial(answered, get, input_type(ids), one)
        found[f"page of 50, {contract} contract"] = partial(answered, search, asked(date, PLAIN), page)
        if contract == "newest":
            found |= _compressed(load("gateway.downstream.compression"), found[f"page of 50, {contract} contract"]())
    newest = contracts[0].date
    search = named["contacts.search"].faces[newest]
    found["request of a plain search"] = lambda: next(search.plan(asked(newest, PLAIN))).body
    found["request of a search with filters"] = lambda: next(search.plan(asked(newest, FILTERED))).body
    return found | _invoices(named, newest, request_type, read_json, answered)


def _compressed(codings: Any, body: bytes) -> Works:
    """The page in each coding that a client may ask for; nothing in a checkout that knows of one only."""
    if not hasattr(codings, "ZSTD"):
        return {}
    named = {"zstd": codings.ZSTD, "gzip": codings.GZIP}
    return {f"page of 50 ({len(body)} bytes) in {name}": partial(each.make, body) for name, each in named.items()}


def _invoices(named: Any, newest: str, request_type: Any, read_json: Any, answered: Any) -> Works:
    """Long ones, and many; nothing in a checkout that has none."""
    if "invoices.get" not in named:
        return {}
    get, search, create = (named[f"invoices.{name}"].faces[newest] for name in ("get", "search", "create"))

    def asked(face: Any, raw: bytes, *ids: str) -> Any:
        return face.accept(request_type(ids, {}, read_json(raw) if raw else None, _unseal, _seal_for))

    body = invoices.sent(200)
    return {
        "invoice of 200 lines": partial(answered, get, asked(get, b"", invoices.FIRST), invoices.one(200)),
        "request of an invoice of 200 lines": lambda: next(create.plan(asked(create, body))).body,
        "page of 100 invoices of 20 lines": partial(
            answered, search, asked(search, b'{"limit":100}'), invoices.page(100, 20)
        ),
    }


def least(contenders: list[Callable[[], Any]], seconds: float) -> list[float]:
    """µs of CPU of each, the least of many slices of a millisecond or one call, in turns: what others do on the machine takes
    the processor away, which is not counted, and the caches, which the shortest slices escape.
    """
    times = [float("inf")] * len(contenders)
    began, slices, calls = time.perf_counter(), 0, 1
    while slices < 3 or time.perf_counter() - began < seconds:
        for place, work in enumerate(contenders):
            before = time.process_time()
            for _ in range(calls):
                work()
            times[place] = min(times[place], (time.process_time() - before) / calls * 1e6)
        slices += 1
        calls = max(1, round(1000 / min(times)))
    return times


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--against", type=Path)
    options.add_argument("--seconds", type=float, default=10, help="for each kind of work")
    chosen = options.parse_args()
    trees = [each.resolve() for each in (chosen.against, HERE) if each]
    sides = [works(tree) for tree in trees]
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    print("| | " + " | ".join(f"{tree.name}, µs" for tree in trees) + (" | ratio |" if chosen.against else " |"))
    print("| --- |" + " --- |" * (len(trees) + bool(chosen.against)))
    for name in sides[-1]:
        contenders = [side[name] for side in sides if name in side]
        if len({work() for work in contenders}) > 1:
            raise SystemExit(f"{name}: the two do not answer the same")
        times = least(contenders, chosen.seconds)
        times = [float("nan")] * (len(sides) - len(times)) + times
        ratio = [f"{times[-1] / times[0]:.2f} ×"] if chosen.against else []
        print("| " + " | ".join([name, *(f"{each:.1f}" for each in times), *ratio]) + " |", flush=True)


if __name__ == "__main__":
    main()
