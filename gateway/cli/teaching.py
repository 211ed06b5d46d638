"""Help that shows how: examples of a command, and the scopes there are where it takes some."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import click
import orjson


class Taught(click.Command):
    """A command whose help ends with `examples`, lines to paste; `scopes`: and with every scope before them."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), scopes: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._examples = examples
        self._scopes = scopes

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write both behind the options."""
        if self._scopes:
            with formatter.section("Scopes"):
                formatter.write_dl([(family, " ".join(scopes)) for family, scopes in families().items()])
        if self._examples:
            with formatter.section("Examples"):
                for line in self._examples:
                    # As it stands: what is wrapped cannot be pasted.
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def families() -> dict[str, list[str]]:
    """Every family of scopes with its scopes.

    From the published document of the newest contract: the declarations it is made of take longer to load than help may.
    """
    newest = max((each for each in (resources.files("openapi") / "spec").iterdir()), key=lambda each: each.name)
    document = orjson.loads((newest / "shared.json").read_bytes())
    found: dict[str, list[str]] = {}
    for scope in document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"]:
        found.setdefault(scope.partition(".")[0], []).append(scope)
    return dict(sorted(found.items()))
