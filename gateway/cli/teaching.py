"""Help that shows how: examples of a command, and the scopes there are where it takes some."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any, Final

import click
import orjson

_WHOLE: Final = 4  # read, write, delete and all


class Taught(click.Command):
    """A command whose help ends with `examples`, lines to paste, and before them with every scope if it takes `scopes`.

    `{scopes}` in an example stands for two that there are.
    """

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), scopes: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._examples = examples
        self._scopes = scopes

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both behind the options."""
        known = families() if self._scopes else {}
        two = " ".join([scopes[0] for scopes in known.values() if len(scopes) == _WHOLE][:2])
        if known:
            with formatter.section("Scopes"):
                formatter.write_dl([(family, " ".join(scopes)) for family, scopes in known.items()])
        if self._examples:
            with formatter.section("Examples"):
                for line in self._examples:
                    # As it stands: what is wrapped cannot be pasted.
                    formatter.write(f"{'':{formatter.current_indent}}{line.format(scopes=two)}\n")


def families() -> dict[str, list[str]]:
    """Every family of scopes with its scopes; a deployment's own packages may add others.

    From the published document of the newest contract: the declarations it is made of take longer to load than help may.
    """
    newest = max((each for each in (resources.files("openapi") / "spec").iterdir()), key=lambda each: each.name)
    document = orjson.loads((newest / "shared.json").read_bytes())
    found: dict[str, list[str]] = {}
    for scope in document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"]:
        found.setdefault(scope.partition(".")[0], []).append(scope)
    return dict(sorted(found.items()))
