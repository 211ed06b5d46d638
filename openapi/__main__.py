"""`gateway openapi` and `python -m openapi`: write the documents, or say how the written ones differ."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from openapi.comparing import breaking
from openapi.document import documents, written

SPEC = Path(__file__).with_name("spec")


@click.command("openapi")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=SPEC, help="The folder of the documents."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a document is not what it should be.")
def command(out: Path, *, check: bool) -> None:
    """Write the OpenAPI document of every contract from the declarations."""
    stale = False
    for date, document in documents().items():
        path, text = out / f"{date}.json", written(document)
        before = path.read_bytes() if path.exists() else b""
        if check and text != before:
            stale = True
            click.echo(f"{path} is not what the declarations say: run `make openapi`.", err=True)
            for difference in breaking(orjson.loads(before), document) if before else ():
                click.echo(f"  breaks clients: {difference}", err=True)
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
            click.echo(f"{path}: {len(document['paths'])} paths")
    if stale:
        sys.exit(3)


if __name__ == "__main__":
    command()
