"""`gateway openapi` and `python -m openapi`: write the documents, or say how the written ones differ."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

SPEC = Path(__file__).with_name("spec")


@click.command("openapi")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=SPEC, help="The folder of the documents."
)
@click.option(
    "--package", "packages", multiple=True, metavar="NAME", help="With the resources of this package; may be repeated."
)
@click.option("--whole", is_flag=True, help="Write one file a contract, as generators of clients want it.")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a document is not what it should be.")
def command(out: Path, packages: tuple[str, ...], *, whole: bool, check: bool) -> None:
    """Write the OpenAPI document of every contract from the declarations: a file a resource, older ones where they differ."""
    from gateway.deployment import with_packages
    from openapi import parts
    from openapi.comparing import breaking
    from openapi.document import documents

    made = documents(with_packages(packages))
    wanted = (
        {f"{date}.json": orjson.dumps(document, option=orjson.OPT_INDENT_2) for date, document in made.items()}
        if whole
        else parts.files(made)
    )
    there = {path.relative_to(out).as_posix(): path for path in out.glob("*.json" if whole else "*/*.json")}
    if not check:
        for name, text in wanted.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        # Whole documents are written into folders of others, who may keep more there.
        for name in () if whole else there.keys() - wanted.keys():
            there[name].unlink()
        click.echo(f"{out}: {len(wanted)} files of {len(made)} contracts")
        return
    stale = [name for name in wanted if name not in there or there[name].read_bytes() != wanted[name]]
    stale += there.keys() - wanted.keys()
    for name in stale:
        click.echo(f"{out / name} is not what the declarations say: run `make openapi`.", err=True)
    if stale and there and not whole:
        for date, before in parts.read(out).items():
            for difference in breaking(before, made[date]) if date in made else ():
                click.echo(f"  breaks clients of {date}: {difference}", err=True)
    if stale:
        sys.exit(3)


if __name__ == "__main__":
    command()
