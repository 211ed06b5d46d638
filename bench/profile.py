"""`python -m bench.profile`: where the CPU of a request goes, by stage, under load.

py-spy looks at the worker's stack 500 times a second while it serves 32 connections. Each look is put down to the stage
that the innermost frame belongs to; its share of all looks times the user CPU of a request is what the stage costs. Looks
that find no frame of a stage, which are those at the waiting event loop, do not count, so what the loop itself takes is
spread over the stages. The kernel's part of a request is told as one figure.
"""

import argparse
import collections
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import compare, interpreter, load, needs, report
from bench.running import user_and_kernel
from bench.subjects import Subject, gateway
from bench.work import ALL, PAGE, SINGLE, Workload

RATE = 500

# From the leaf of a stack towards its root, the first frame that is in one of these files decides.
_PLACES = (
    ("gateway/observe/logs.py", "explain: log line"),
    ("gateway/observe/metrics.py", "explain: metrics"),
    ("gateway/api/stages/explain.py", "explain: the rest"),
    ("gateway/api/stages/authenticate.py", "authenticate"),
    ("gateway/stores/redis_connection.py", "limit: the store's line"),
    ("gateway/api/stages/limit.py", "limit: the rest"),
    ("gateway/api/stages/negotiate.py", "negotiate"),
    ("gateway/api/stages/authorize.py", "authorize"),
    ("gateway/api/stages/accept.py", "accept"),
    ("gateway/api/stages/replay.py", "replay"),
    ("adapters/core/answer/from_service.py", "forward: translate"),
    ("outward ", "forward: translate"),  # the compiled translators, by the name of their source
    ("gateway/upstream/", "forward: internal call"),
    ("gateway/api/internal_calls.py", "forward: internal call"),
    ("gateway/api/stages/forward.py", "forward: plan"),
    ("gateway/downstream/direct.py", "protocol: write the answer"),
    ("gateway/downstream/asgi.py", "protocol: write the answer"),
    ("gateway/downstream/plain.py", "protocol: read the request"),
    ("gateway/downstream/connection.py", "protocol: read the request"),
    ("gateway/downstream/parsing.py", "protocol: read the request"),
    ("gateway/api/routes.py", "dispatch"),
    ("gateway/observe/trace.py", "dispatch"),
    ("gateway/brands.py", "dispatch"),
    ("gateway/api/dispatch.py", "dispatch"),
    ("gateway/api/usage.py", "explain: the rest"),
    ("uvicorn/protocols/", "protocol: uvicorn"),
)


def profile(subject: Subject, workload: Workload, seconds: int, folder: Path) -> dict[str, float]:
    """Microseconds of CPU for each request, by place, largest first, and their sum."""
    raw = folder / "profile.raw"
    line = [str(needs.PY_SPY), "record", "--pid", str(subject.pids[0]), "--duration", str(seconds)]
    line += ["--rate", str(RATE), "--format", "raw", "--output", str(raw)]
    watching = threading.Thread(target=subprocess.run, args=(line,), kwargs={"capture_output": True, "check": False})
    load.run(subject, workload, 2, {})
    watching.start()
    before = user_and_kernel(subject.pids[0])
    spent = load.run(subject, workload, seconds + 1, {}).cpu_us["self"]
    user, kernel = (after - was for after, was in zip(user_and_kernel(subject.pids[0]), before, strict=True))
    watching.join()
    if not raw.exists():
        raise needs.Missing(
            "py-spy could not look at the worker: it needs the right to trace processes (root, or ptrace_scope 0)"
        )
    looks: collections.Counter[str] = collections.Counter()
    for told in raw.read_text().splitlines():
        stack, _, count = told.rpartition(" ")
        if place := _place(stack.split(";")):
            looks[place] += int(count)
    in_stages = spent * user / (user + kernel)
    by_place = {place: round(count / looks.total() * in_stages, 1) for place, count in looks.most_common()}
    return {**by_place, "kernel": round(spent - in_stages, 1), "all": spent}


def _place(stack: Sequence[str]) -> str:
    for frame in reversed(stack):
        for file, place in _PLACES:
            if file in frame:
                return place
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.profile", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--workload", choices=[workload.name for workload in ALL], action="append")
    chosen = parser.parse_args()
    wanted = [each for each in ALL if each.name in (chosen.workload or [SINGLE.name, PAGE.name])]
    try:
        interpreter.run_with_the_best("bench.profile")
        needs.python_peers()
        with compare.ground() as (base, _), ExitStack() as stack:
            subject = gateway.start(base, stack)
            found = {each.name: profile(subject, each, chosen.seconds, base.home) for each in wanted}
    except needs.Missing as missing:
        sys.exit(f"bench: {missing}")
    places = dict.fromkeys(place for costs in found.values() for place in costs)
    rows = [f"| {place} | {' | '.join(str(costs.get(place, 0)) for costs in found.values())} |" for place in places]
    head = [f"| µs for each request | {' | '.join(found)} |", f"| --- |{' --- |' * len(found)}"]
    print("\n".join([*head, *rows]))
    path = report.RESULTS / f"profile-{compare.commit().removesuffix('+')}.json"
    path.write_text(
        json.dumps({"commit": compare.commit(), "machine": compare.machine(), "us": found}, indent=1) + "\n"
    )
    needs.say(f"written: {path}")


if __name__ == "__main__":
    main()
