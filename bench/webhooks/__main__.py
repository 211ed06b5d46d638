"""`python -m bench.webhooks [ROW …] [--rounds 3] [--deliveries 1000000] [--backlog 1000000]`: the table of docs/performance.md.

kept      thin deliveries over kept connections, on each database, beside a dispatcher as people write it
fresh     the same, each over a new TLS 1.3 connection
ingest    events of 2 KB, each for one endpoint
couriers  two couriers against one
beside    `/v1` while a courier works, and while something else does in its place
isolated  healthy endpoints beside one that hangs and five that are down
queued    a million rows that wait for one endpoint
soaked    a million deliveries

Without a row: all. Each ends in bench/results as soon as it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from bench import compare, interpreter, needs, report
from bench.webhooks import beside, isolation, rates, sharing, soak
from bench.webhooks.ground import Ground, ground

Keep = Callable[[dict[str, Any]], None]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.webhooks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="of `soaked`")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="of `queued`")
    chosen = parser.parse_args()
    wanted = chosen.rows or [*ROWS]
    if unknown := [name for name in wanted if name not in ROWS]:
        parser.error(f"no row is called {unknown[0]}: {', '.join(ROWS)}")
    try:
        interpreter.run_with_the_best("bench.webhooks")
        for name in wanted:
            # Each on ground of its own: what one leaves behind is not the next one's to carry.
            with ground() as base:
                _keep(name, ROWS[name](base, chosen))
    except needs.Missing as missing:
        sys.exit(f"bench: {missing}")


def _keep(name: str, found: dict[str, Any]) -> None:
    commit = compare.commit()
    path = report.RESULTS / f"webhooks-{commit.removesuffix('+')}.json"
    result = json.loads(path.read_text()) if path.exists() else {"commit": commit, "machine": compare.machine()}
    result[name] = {"load": round(os.getloadavg()[0], 1), **found}
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({name: _without_rounds(result[name])}, indent=1), flush=True)


def _without_rounds(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    left_out = {"rounds", "looks", "turns"}
    return {name: _without_rounds(each) for name, each in found.items() if name not in left_out}


def _soaked(base: Ground, chosen: argparse.Namespace) -> dict[str, Any]:
    return soak.soaked(base, chosen.deliveries, lambda look: needs.say(json.dumps(look)))


ROWS: dict[str, Callable[[Ground, argparse.Namespace], dict[str, Any]]] = {
    "kept": lambda base, chosen: rates.kept(base, chosen.rounds),
    "fresh": lambda base, chosen: rates.fresh(base, chosen.rounds),
    "ingest": lambda base, chosen: rates.ingest(base, chosen.rounds),
    "couriers": lambda base, chosen: sharing.couriers(base, chosen.rounds),
    "beside": lambda base, chosen: beside.beside(base, 4 * chosen.rounds),
    "isolated": lambda base, chosen: isolation.isolated(base, 2 * chosen.rounds),
    "queued": lambda base, chosen: soak.queued(base, chosen.backlog),
    "soaked": _soaked,
}


if __name__ == "__main__":
    main()
