"""Results → a Markdown table, a chart, and a comparison of two."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

# What performance.md asks for: (figure, target). Ratios are of rates within one run.
_RATIOS = (
    ("Fastify 5", "single", 1.4),
    ("Fastify 5", "page", 1.7),
    ("Envoy + Lua rename", "single", 0.9),
    ("Envoy + Lua rename", "page", 9.5),
    ("nginx, pass-through", "single", 0.20),
    ("nginx, pass-through", "page", 0.13),
    ("FastAPI, as people write it", "single", 25),
    ("FastAPI, as people write it", "page", 18),
)
_ABSOLUTE = (("single", 110, 10), ("page", 230, 16))


def write(result: dict[str, Any], name: str = "") -> Path:
    """The result as `results/<commit>.json`, `.md` and `.svg`; the path of the first."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name or result['commit'].removesuffix('+')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".md").write_text(markdown(result))
    path.with_suffix(".svg").write_text(chart(result))
    return path


def markdown(result: dict[str, Any]) -> str:
    """The table, the targets beside what was reached, and what the machine was."""
    machine = result["machine"]
    lines = [
        f"# Measured at {result['commit']}",
        "",
        (
            f"{result['at']} · {machine['cpu']}, {machine['cores']} cores, load before {machine['load']} · "
            f"Python {machine['python']} · {result['rounds']} rounds of {result['seconds']:g} s in turns, "
            f"{result['connections']} connections, one core for the subject. Medians; the spread in brackets."
        ),
        "",
        "| workload | subject | requests/s | CPU µs each | store µs | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in sorted(result["rows"], key=lambda row: (_order(row["workload"]), -row["rate"])):
        cpu = row["cpu_us"]
        lines.append(
            f"| {row['workload']} | {row['subject']} | {row['rate']:,} ({row['rate_low']:,} to {row['rate_high']:,}) "
            f"| {cpu['self']:.0f} | {cpu.get('valkey', 0):.0f} | {row['p50_ms']} | {row['p99_ms']} |"
        )
    lines += ["", "| target | by rate | by CPU | wanted |", "| --- | --- | --- | --- |", *_targets(result)]
    resident = ", ".join(f"{name} {each['after']}" for name, each in result["resident_mb"].items())
    lines += ["", f"Resident MB after the run: {resident}."]
    lines += [f"Not measured: {name}: {reason}." for name, reason in result["missing"].items()]
    return "\n".join(lines) + "\n"


def _targets(result: dict[str, Any]) -> list[str]:
    """Both ratios: on a core that others use too, CPU for each request says more than requests in a second."""
    found = {(row["subject"], row["workload"]): row for row in result["rows"]}
    lines = []
    for subject, workload, wanted in _RATIOS:
        ours, theirs = found.get(("gateway", workload)), found.get((subject, workload))
        if ours and theirs:
            by_rate = ours["rate"] / theirs["rate"]
            by_cpu = theirs["cpu_us"]["self"] / ours["cpu_us"]["self"]
            lines.append(f"| {workload} over {subject} | {by_rate:.2f} × | {by_cpu:.2f} × | ≥ {wanted:g} × |")
    for new, old in (("single", "single, old contract"), ("page", "page, old contract")):
        ours, theirs = found.get(("gateway", old)), found.get(("gateway", new))
        if ours and theirs:
            by_rate, by_cpu = theirs["rate"] / ours["rate"], ours["cpu_us"]["self"] / theirs["cpu_us"]["self"]
            lines.append(f"| {old} over the newest: cost | {by_rate:.2f} × | {by_cpu:.2f} × | ≤ 1.1 × |")
    for workload, cpu, slowest in _ABSOLUTE:
        if row := found.get(("gateway", workload)):
            spent = f"{row['cpu_us']['self']:.0f} µs, least {row['cpu_us_low']:.0f}"
            lines.append(f"| {workload}: CPU for each | | {spent} | ≤ {cpu} µs |")
            lines.append(f"| {workload}: p99 | {row['p99_ms']} ms | | ≤ {slowest} ms |")
    resident = result["resident_mb"].get("gateway")
    return [*lines, f"| resident memory of a worker | {resident['after']} MB | | < 120 MB |"] if resident else lines


def chart(result: dict[str, Any]) -> str:
    """Bars of requests a second for each subject, single beside page, as SVG."""
    rows = {(row["workload"], row["subject"]): row for row in result["rows"]}
    parts, top = [], 30
    for workload in ("single", "page"):
        shown = sorted((row for (name, _), row in rows.items() if name == workload), key=lambda row: -row["rate"])
        parts.append(f'<text x="10" y="{top}" font-weight="bold">{workload}: requests/s, one core each</text>')
        most = max((row["rate"] for row in shown), default=1)
        for row in shown:
            top += 24
            width = max(2, round(480 * row["rate"] / most))
            colour = "#1d4ed8" if row["subject"] == "gateway" else "#94a3b8"
            parts.append(f'<text x="10" y="{top + 13}">{escape(row["subject"])}</text>')
            parts.append(f'<rect x="210" y="{top}" width="{width}" height="16" fill="{colour}"/>')
            parts.append(f'<text x="{218 + width}" y="{top + 13}">{row["rate"]:,}</text>')
        top += 50
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{top}" font-family="sans-serif" font-size="13">'
        f'<rect width="800" height="{top}" fill="white"/>{"".join(parts)}</svg>\n'
    )


def compared(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Two results, row by row. Absolute figures of two runs drift; `bench versus` measures both in one."""
    old = {(row["subject"], row["workload"]): row for row in before["rows"]}
    lines = [
        f"| subject | workload | CPU µs at {before['commit']} | at {after['commit']} | change | requests/s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in after["rows"]:
        was = old.get((row["subject"], row["workload"]))
        if was:
            change = row["cpu_us"]["self"] / was["cpu_us"]["self"] - 1
            lines.append(
                f"| {row['subject']} | {row['workload']} | {was['cpu_us']['self']} | {row['cpu_us']['self']} "
                f"| {change:+.0%} | {was['rate']:,} → {row['rate']:,} |"
            )
    return "\n".join(lines) + "\n"


def _order(workload: str) -> Sequence[object]:
    names = ("single", "page", "single, old contract", "page, old contract", "create, idempotent", "search, filters")
    return (names.index(workload) if workload in names else len(names), workload)
