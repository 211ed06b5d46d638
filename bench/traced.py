"""`python -m bench tracing`: what traces cost, as CPU of the worker for each request, its exporter's thread included.

Four gateways in turns, a second each: this tree with tracing off (what the others are compared with), with 10 % and with all of
the traces recorded, and a copy without any tracing in it. Neighbours in time are compared, of which the machine's moods meet both alike;
told is the median of the ratios, and between which two the true median lies with 95 %. A worker's time is counted until the next
one's slice has ended, so that what waits for the exporter is sent within it.
"""

import os
import statistics
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from bench import compare, intervals, load, needs, without_tracing
from bench.collector import collecting
from bench.running import cpu_seconds
from bench.subjects import Subject, gateway
from bench.work import PAGE, SINGLE

TURNS = 40
OFF, TENTH, ALL, NONE = "off", "10 %", "100 %", "without"
_EXPORTED_EVERY = "1000"  # milliseconds: within a neighbour's slice


def run(turns: int) -> dict[str, Any]:
    """Everything that a result file holds."""
    os.environ["OTEL_BSP_SCHEDULE_DELAY"] = _EXPORTED_EVERY
    with compare.ground() as (base, _), collecting(), ExitStack() as stack:
        traced = {name: {"tracing": {"enabled": True, "share": name.replace(" ", "")}} for name in (TENTH, ALL)}
        subjects: list[Subject] = [gateway.start(base, stack, name=OFF)]
        subjects += [gateway.start(base, stack, name=name, more=more) for name, more in traced.items()]
        subjects.append(gateway.start(base, stack, name=NONE, code=without_tracing.tree(base.folder("tree"))))
        for subject in subjects:
            for workload in (SINGLE, PAGE):
                compare.check(subject, workload)
        taken = _measured(subjects, turns)
    return {
        "commit": compare.commit(),
        "machine": compare.machine(),
        "turns": turns,
        "rows": [_row(workload, name, taken) for workload in (SINGLE.name, PAGE.name) for name in (OFF, *traced, NONE)],
    }


def _measured(subjects: Sequence[Subject], turns: int) -> dict[tuple[str, str], list[float]]:
    """Microseconds of CPU for each request, by workload and subject, a figure a turn."""
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    ended: tuple[tuple[str, str], Subject, float, int] | None = None
    for turn in range(turns + 2):  # the first warms up, and of the last one slice ends the one before
        first = turn % len(subjects)
        order = [*subjects[first:], *subjects[:first]]
        for workload, subject in [(workload, subject) for workload in (SINGLE, PAGE) for subject in order]:
            before = cpu_seconds(subject.pids)
            count = load.run(subject, workload, 1, {}).requests
            if ended is not None:
                key, other, since, answered = ended
                taken[key].append((cpu_seconds(other.pids) - since) / answered * 1e6)
            if turn > turns:
                return {key: found[1:] for key, found in taken.items()}
            ended = (workload.name, subject.name), subject, before, count
        needs.say(f"turn {turn} of {turns}" if turn else "warmed up")
    return taken


def _row(workload: str, name: str, taken: dict[tuple[str, str], list[float]]) -> dict[str, Any]:
    mine, off = taken[workload, name], taken[workload, OFF]
    costs = intervals.ratio(mine, off)
    return {
        "workload": workload,
        "tracing": name,
        "cpu_us": round(statistics.median(mine), 1),
        "costs_percent": round(100 * (costs.value - 1), 2),
        "between_percent": [round(100 * (each - 1), 2) for each in (costs.low, costs.high)],
    }


def markdown(result: dict[str, Any]) -> str:
    """The table."""
    lines = ["| workload | tracing | CPU µs each | to off | 95 % of the median |", "| --- | --- | --- | --- | --- |"]
    for row in result["rows"]:
        low, high = row["between_percent"]
        told = ("", "") if row["tracing"] == OFF else (f"{row['costs_percent']:+.1f} %", f"{low:+.1f} to {high:+.1f} %")
        lines.append(f"| {row['workload']} | {row['tracing']} | {row['cpu_us']:g} | {told[0]} | {told[1]} |")
    needs.say(f"{result['turns']} turns, {compare.machine()['load'][0]} load")
    return "\n".join(lines)
