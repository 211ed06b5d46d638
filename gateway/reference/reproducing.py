"""The recipe of an error code as a command to paste, with a token of test mode in `TOKEN`."""

from __future__ import annotations

import codecs
import shlex
from typing import Final

from gateway.error_codes import Recipe

_VARIABLE: Final = "$TOKEN"


def curl(recipe: Recipe, origin: str, contract: str) -> str:
    """For a POSIX shell. What has no place in a command is made before it, and sent from standard input."""
    before, body = "", ""
    if recipe.size:
        before, body = f"head -c {recipe.size} /dev/zero | tr '\\0' ' ' | ", "--data-binary @-"
    elif recipe.encoding != "utf-8":
        before = f"printf %s {shlex.quote(recipe.body)} | iconv -f utf-8 -t {codecs.lookup(recipe.encoding).name} | "
        body = "--data-binary @-"
    elif recipe.body:
        body = f"--data-binary {shlex.quote(recipe.body)}"
    method = [] if recipe.method == ("POST" if body else "GET") else ["-X", recipe.method]
    lines = [" ".join([f"{before}curl", *method, shlex.quote(origin + recipe.target)])]
    sent = list(recipe.sent(_VARIABLE, contract))
    # What curl would write of its own accord.
    if body and "content-type" not in {name.lower() for name, _ in sent}:
        lines.append("-H 'Content-Type:'")
    for name, value in sent:
        line = f"{name}: {value}"
        lines.append(f'-H "{line}"' if _VARIABLE in value else f"-H {shlex.quote(line)}")
    return " \\\n  ".join([*lines, *([body] if body else [])])
