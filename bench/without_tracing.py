"""A copy of this checkout from which the tracing of requests is cut out: what "switched off" is compared with."""

import ast
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
# What runs, and what it reads; of installations and results nothing.
_WANTED = ("gateway", "adapters", "sandbox", "bench", "openapi", "pyproject.toml")
_LEFT_OUT = shutil.ignore_patterns(".installed", "node_modules", "__pycache__", "results")
_MARKS, _BOUND = "marks", "bound"
_PLACES = 10  # one of stages, two of a request's end, two of its calls, and five where a trace begins


def tree(folder: Path) -> Path:
    """The copy, in `folder`. RuntimeError where the code is no longer written so that this finds what to cut out."""
    for name in _WANTED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=_LEFT_OUT)
        else:
            shutil.copy(source, folder / name)
    cuts = 0
    for path in [*(folder / "gateway" / "api").rglob("*.py"), *(folder / "gateway" / "observe").glob("*.py")]:
        cut = _Cut()
        code = cut.visit(ast.parse(path.read_text()))
        if cut.count:
            path.write_text(ast.unparse(ast.fix_missing_locations(code)))
        cuts += cut.count
    if cuts < _PLACES:
        raise RuntimeError(
            f"only {cuts} places look at whether a request is recorded: bench/without_tracing.py is behind"
        )
    return folder


class _Cut(ast.NodeTransformer):
    """Whatever is done for recorded requests alone goes, and with it the question whether one is."""

    def __init__(self) -> None:
        self.count = 0

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        self.generic_visit(node)
        if _asks(node.test, ast.IsNot) or _bounded(node.test):
            self.count += 1
            return node.orelse or None
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if _asks(node.test, ast.Is):
            self.count += 1
            return node.body
        if any(_bounded(part) for part in ast.walk(node.test)):
            self.count += 1
            return node.orelse
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        optional = isinstance(node.annotation, ast.BinOp)
        if isinstance(node.target, ast.Name) and node.target.id == _MARKS and optional:
            self.count += 1
            return None
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "Trace" and len(node.args) == len("abcde"):
            self.count += 1
            node.args.pop()
        return node


def _asks(test: ast.expr, how: type[ast.cmpop]) -> bool:
    """Whether it is `….trace.marks is None`, or with `is not`."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], how)
        and isinstance(test.left, ast.Attribute)
        and test.left.attr == _MARKS
        and isinstance(test.left.value, ast.Attribute)
    )


def _bounded(test: ast.AST) -> bool:
    """Whether it looks at which traces are recorded."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.comparators[0], ast.Attribute)
        and test.comparators[0].attr == _BOUND
    )
