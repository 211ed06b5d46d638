"""`python -m bench`: the comparison with the peers; with a word, another measurement.

python -m bench [--only gateway,fastify,…] [--rounds 7] [--seconds 2]   the table of docs/performance.md
python -m bench versus COMMIT [COMMIT]     two commits (the second: this tree), interleaved in one run
python -m bench diff BEFORE.json AFTER.json
python -m bench scale {workers,tokens,resources,soak}
python -m bench tracing [--turns 40]       what traces cost a worker, and that they cost nothing while they are off

See also bench.profile, bench.inside, bench.upstream_clients, bench.translation and bench.store_line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import compare, interpreter, needs, report, scale, traced
from bench.load import CONNECTIONS
from bench.subjects import gateway


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
    chosen = parser.parse_args()
    try:
        interpreter.run_with_the_best("bench")
        if chosen.word == "diff":
            print(report.compared(*(json.loads(path.read_text()) for path in chosen.files)))
        elif chosen.word == "versus":
            print(_versus(chosen.commits, chosen.rounds, chosen.seconds))
        elif chosen.word == "scale":
            commit = compare.commit()
            result = {"commit": commit, "machine": compare.machine(), **scale.CHECKS[chosen.check](chosen)}
            print(json.dumps(result, indent=1))
            path = report.RESULTS / f"{chosen.check}-{commit.removesuffix('+')}.json"
            path.write_text(json.dumps(result, indent=1) + "\n")
        elif chosen.word == "tracing":
            result = traced.run(chosen.turns)
            path = report.RESULTS / f"traced-{result['commit'].removesuffix('+')}.json"
            path.write_text(json.dumps(result, indent=1) + "\n")
            print(traced.markdown(result))
            needs.say(f"written: {path}")
        else:
            result = compare.run(chosen.only.split(","), chosen.rounds, chosen.seconds)
            path = report.write(result, chosen.name)
            print(report.markdown(result))
            needs.say(f"written: {path} with a table and a chart beside it")
    except needs.Missing as missing:
        sys.exit(f"bench: {missing}")


def _versus(commits: list[str], rounds: int, seconds: float) -> str:
    """Each commit in a worktree of its own, measured in turns."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory(prefix="gateway-versus-") as folder, ExitStack() as stack:
        trees: dict[str, Path] = {}
        for nth, commit in enumerate(commits):
            tree = Path(folder) / str(nth)
            subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], cwd=root, check=True)
            stack.callback(subprocess.run, ["git", "worktree", "remove", "--force", str(tree)], cwd=root, check=True)
            trees[commit] = tree
        if len(trees) == 1:
            trees["this tree"] = root
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
