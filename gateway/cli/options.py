"""The options that every command has, and how results are printed."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import orjson

Command = TypeVar("Command", bound=Callable[..., Any])

_OVERRIDE: Final = "override__"
_GAP: Final = "  "
_NARROWEST: Final = 8


def located(command: Command) -> Command:
    """Give a command `--config` and `--data-dir`, each a path or None."""
    data_dir = click.option("--data-dir", type=click.Path(path_type=Path), help="The data directory. [default: ./data]")
    config = click.option(
        "--config", type=click.Path(path_type=Path), help="The configuration file. [default: ./config.yaml]"
    )
    return config(data_dir(command))


def loading(command: Command) -> Command:
    """Give a command `--config` and `--data-dir`, and hand it what reads and checks the settings as its first argument.

    What options made by `overriding` carry goes into the configuration, above file and environment.
    """

    @located
    @functools.wraps(command)
    def with_loader(config: Path | None, data_dir: Path | None, **arguments: Any) -> Any:
        from gateway.config import load

        overrides: dict[str, object] = {"server.data_dir": data_dir}
        for name in [name for name in arguments if name.startswith(_OVERRIDE)]:
            overrides[name.removeprefix(_OVERRIDE).replace("__", ".")] = arguments.pop(name)
        return command(functools.partial(load, config, os.environ, overrides), **arguments)

    return with_loader  # type: ignore[return-value]


def configured(command: Command) -> Command:
    """The same with the checked settings themselves."""

    @loading
    @functools.wraps(command)
    def with_settings(load: Callable[[], Any], **arguments: Any) -> Any:
        return command(load(), **arguments)

    return with_settings  # type: ignore[return-value]


def overriding(option: str, key: str, kind: type, text: str) -> Callable[[Command], Command]:
    """An option that replaces `key` of the configuration, such as `--port` for `server.port`."""
    return click.option(option, f"{_OVERRIDE}{key.replace('.', '__')}", type=kind, help=text)


def as_json(command: Command) -> Command:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def print_json(document: object) -> None:
    """One JSON document on stdout; datetimes as RFC 3339 in UTC."""
    options = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_INDENT_2
    click.echo(orjson.dumps(document, option=options).decode())


def print_json_line(document: object) -> None:
    """The same on one line, which is written at once."""
    click.echo(orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS).decode())


def print_row(cells: Sequence[object], widths: Sequence[int]) -> None:
    """One row of a table that has no end; what is wider than its column is not cut, for there is nowhere else to see it."""
    shown = (_cell(value).ljust(width) for value, width in zip(cells, widths, strict=True))
    click.echo(_GAP.join(shown).rstrip())


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns for people: as wide as they need to be, and in a terminal no wider than it is."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    if sys.stdout.isatty():
        widths = fitted(widths, shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1))
    for row in cells:
        shown = (_cut(text, width).ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo(_GAP.join(shown).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """One fact a line, each with its name; several values with blanks between them."""
    rows = [
        (name, " ".join(map(str, value)) if isinstance(value, tuple | list) else value) for name, value in facts.items()
    ]
    print_table(("WHAT", "VALUE"), rows)


def fitted(widths: Sequence[int], room: int) -> list[int]:
    """Widths that fit into `room` characters: the widest columns give first, and none falls below `_NARROWEST`."""
    cut = list(widths)
    while sum(cut) > room and max(cut) > _NARROWEST:
        cut[cut.index(max(cut))] -= 1
    return cut


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if hasattr(value, "astimezone"):
        return f"{value:%Y-%m-%d %H:%M}"
    # What was stored may hold anything; a terminal must not be steered by it.
    return "".join(character if character.isprintable() else "?" for character in str(value))
