"""`python -m bench`: the comparison with the peers; with a word, another measurement.

python -m bench [--only gateway,fastify,…] [--rounds 7] [--seconds 2]   the table of docs/performance.md
python -m bench versus COMMIT [COMMIT]     two commits (the second: this tree), interleaved in one run
python -m bench diff BEFORE.json AFTER.json
python -m bench scale {workers,tokens,resources,soak}
python -m bench tracing [--turns 40]       what traces cost a worker, and that they cost nothing while they are off
python -m bench reload [--reloads 100] [--commit COMMIT]     what clients notice of reloads

See also bench.profile, bench.inside, bench.upstream_clients, bench.translation and bench.store_line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench import compare, interpreter, needs, reload, report, scale, traced
from bench.load import CONNECTIONS
from bench.subjects import gateway

_ROOT: Final = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default=",".join(compare.SUBJECTS), help="names of subjects, comma between")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each slice")
    parser.add_argument("--name", default="", help="of the result file, by default the commit")
    words = parser.add_subparsers(dest="word")
    versus = words.add_parser("versus")
    versus.add_argument("commits", nargs="+")
    diff = words.add_parser("diff")
    diff.add_argument("files", nargs=2, type=Path)
    scaled = words.add_parser("scale")
    scaled.add_argument("check", choices=scale.CHECKS)
    scaled.add_argument("--requests", type=int, default=1_000_000, help="of the soak")
    words.add_parser("tracing").add_argument("--turns", type=int, default=traced.TURNS)
    reloaded = words.add_parser("reload")
    reloaded.add_argument("--reloads", type=int, default=100)
    reloaded.add_argument("--share", type=float, default=reload.SHARE, help="of what it can answer")
    reloaded.add_argument("--pause", type=float, default=3.0, help="seconds between two")
    reloaded.add_argument("--commit", help="the one to measure, by default this tree")
    chosen = parser.parse_args()
    try:
        interpreter.run_with_the_best("bench")
        if chosen.word == "diff":
            print(report.compared(*(json.loads(path.read_text()) for path in chosen.files)))
        elif chosen.word == "versus":
            print(_versus(chosen.commits, chosen.rounds, chosen.seconds))
        elif chosen.word == "scale":
            _kept(chosen.check, compare.commit(), scale.CHECKS[chosen.check](chosen))
        elif chosen.word == "tracing":
            result = traced.run(chosen.turns)
            path = report.RESULTS / f"traced-{result['commit'].removesuffix('+')}.json"
            path.write_text(json.dumps(result, indent=1) + "\n")
            print(traced.markdown(result))
            needs.say(f"written: {path}")
        elif chosen.word == "reload":
            with ExitStack() as stack:
                code = stack.enter_context(_checked_out(chosen.commit)) if chosen.commit else None
                _kept("reload", chosen.commit or compare.commit(), reload.run(chosen, code))
        else:
            result = compare.run(chosen.only.split(","), chosen.rounds, chosen.seconds)
            path = report.write(result, chosen.name)
            print(report.markdown(result))
            needs.say(f"written: {path} with a table and a chart beside it")
    except needs.Missing as missing:
        sys.exit(f"bench: {missing}")


def _kept(name: str, commit: str, found: dict[str, Any]) -> None:
    result = {"commit": commit, "machine": compare.machine(), **found}
    print(json.dumps(result, indent=1))
    path = report.RESULTS / f"{name}-{commit.removesuffix('+')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")


@contextmanager
def _checked_out(commit: str) -> Iterator[Path]:
    """The commit in a worktree of its own."""
    with tempfile.TemporaryDirectory(prefix="gateway-versus-") as folder:
        tree = str(Path(folder) / "tree")
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, commit], cwd=_ROOT, check=True)
        try:
            yield Path(tree)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=_ROOT, check=True)


def _versus(commits: list[str], rounds: int, seconds: float) -> str:
    """Each commit in a worktree of its own, measured in turns."""
    with ExitStack() as stack:
        trees = {commit: stack.enter_context(_checked_out(commit)) for commit in commits}
        if len(trees) == 1:
            trees["this tree"] = _ROOT
        base, service = stack.enter_context(compare.ground())
        subjects = [gateway.start(base, stack, name=name, code=tree) for name, tree in trees.items()]
        for subject in subjects:
            for workload in subject.workloads:
                compare.check(subject, workload)
        rows = compare.measured(subjects, rounds, seconds, {"stub": service.pid})
    results: list[dict[str, Any]] = [
        {"commit": name, "rows": [{**row, "subject": "gateway"} for row in rows if row["subject"] == name]}
        for name in trees
    ]
    return f"{rounds} rounds of {seconds:g} s, {CONNECTIONS} connections\n\n{report.compared(*results)}"


if __name__ == "__main__":
    main()
