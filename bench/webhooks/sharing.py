"""Two couriers against one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench import needs
from bench.webhooks.deployment import Deployment
from bench.webhooks.ground import Ground
from bench.webhooks.rates import Rounds, told

SHARE: Final = 0.25  # of a core that each courier may use
_PERIOD: Final = 20_000  # microseconds
_GROUPS: Final = Path("/sys/fs/cgroup")
_EVENTS: Final = 120


def couriers(ground: Ground, rounds: int) -> dict[str, Any]:
    """One courier and two, each with a quarter of a core: so couriers are what is scarce, and not this machine's two cores."""
    found: Rounds = defaultdict(list)
    with ExitStack() as stack:
        subjects = {f"{count}": Deployment(ground, stack, "postgresql", couriers=count) for count in (1, 2)}
        for subject in subjects.values():
            subject.subscribe()
            subject.delivered(_EVENTS // 10)
            for pid in subject.pids:
                stack.enter_context(_limited(pid, SHARE))
        for turn in range(rounds):
            for name, subject in subjects.items():
                found[name].append(subject.delivered(_EVENTS * len(subject.pids)).told())
            needs.say(f"one courier and two, round {turn + 1} of {rounds}")
    result = told(found)
    return {**result, "ratio": round(result["2"]["a_second"] / result["1"]["a_second"], 3), "share_of_a_core": SHARE}


@contextmanager
def _limited(pid: int, share: float) -> Iterator[None]:
    """The process may use such a share of a core, by a group of the kernel's (v1 or v2)."""
    root, settings = _quota(share)
    group = root / f"bench-{pid}"
    group.mkdir()
    try:
        for name, value in settings:
            (group / name).write_text(value)
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        (root / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _quota(share: float) -> tuple[Path, Sequence[tuple[str, str]]]:
    least = round(_PERIOD * share)
    if (_GROUPS / "cpu").is_dir():
        return _GROUPS / "cpu", (("cpu.cfs_period_us", str(_PERIOD)), ("cpu.cfs_quota_us", str(least)))
    if (_GROUPS / "cgroup.controllers").exists():
        (_GROUPS / "cgroup.subtree_control").write_text("+cpu")
        return _GROUPS, (("cpu.max", f"{least} {_PERIOD}"),)
    raise needs.Missing("there are no control groups of the kernel's to limit a courier's CPU with")
