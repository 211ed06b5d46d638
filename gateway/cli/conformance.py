"""`gateway conformance`: whether a running gateway keeps the public contract for every resource that this deployment has."""

from __future__ import annotations

import collections
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.context import CliContext, with_context
from gateway.cli.failures import NOT_FOUND, REFUSED, UNAVAILABLE, USAGE, Failure
from gateway.cli.options import as_json, configured, print_json, print_table
from gateway.cli.probe import asking, tenants_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.core.compile.catalogue import Catalogue
    from gateway.auth.issuing import Issued
    from gateway.config import Settings
    from gateway.conformance.checks import Result
    from gateway.conformance.subject import Subject
    from gateway.stores.sql import Session
    from gateway.stores.sql.tokens import Token

_LIFETIME = 3600.0


@click.command("conformance")
@click.option("--url", help="Where the gateway answers. [default: the one that runs on the data directory]")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Where a token is that may do everything that is checked. [default: one is made, and revoked at the end]",
)
@click.option(
    "--tenant",
    "named",
    metavar="TENANT",
    help="In whose name a token is made. [default: the first registered, of whose users one has a token]",
)
@click.option("--user", "email", metavar="EMAIL", help="For whom. [default: who may do most of those that have tokens]")
@click.option("--resource", "paths", multiple=True, metavar="NAME", help="Only this resource; may be repeated.")
@click.option("--allow-writes", is_flag=True, help="Also make, change and delete records of each resource.")
@as_json
@configured
def command(
    settings: Settings,
    url: str | None,
    token_file: Path | None,
    named: str | None,
    email: str | None,
    paths: tuple[str, ...],
    allow_writes: bool,
    as_json: bool,
) -> None:
    """Check over HTTP that every resource keeps the public contract: the checks that the built-in ones are tested with.

    Without --allow-writes only reads and requests that must be refused are sent. With it, each resource gets records with the
    documented examples in them, which are deleted again where the resource can be.
    """
    from gateway.deployment import catalogue

    known = catalogue(settings)
    subjects = _subjects(settings, known, paths)
    if token_file is not None and url is not None:
        results, left = _run(url, None, token_file.read_text().strip(), subjects, writes=allow_writes)
    else:
        results, left, url = _with_token(settings, known, url, token_file, named, email, subjects, allow_writes)
    broken = [each for each in results if each.broken]
    if as_json:
        print_json({"url": url, "kept": not broken, "results": [asdict(each) for each in results], "left": left})
    else:
        _tell(url, subjects, results, left)
    if broken:
        raise SystemExit(REFUSED)


def _subjects(settings: Settings, known: Catalogue, paths: Sequence[str]) -> list[Subject]:
    from gateway.conformance.subject import Subject
    from gateway.deployment import operations

    offered = operations(settings, known)
    there = [each.path for each in known.resources]
    if unknown := sorted(set(paths) - set(there)):
        raise Failure(f"there is no resource {', '.join(unknown)}: there are {', '.join(there)}", USAGE)
    made = [
        Subject(known, each, offered, dict(settings.ids)) for each in known.resources if not paths or each.path in paths
    ]
    return [each for each in made if each.operations]


def _with_token(
    settings: Settings,
    known: Catalogue,
    url: str | None,
    token_file: Path | None,
    named: str | None,
    email: str | None,
    subjects: Sequence[Subject],
    writes: bool,
) -> tuple[list[Result], list[str], str]:
    """The same against the gateway on the data directory, or with a token of it."""
    import asyncio

    async def work(context: CliContext) -> tuple[list[Result], list[str], str]:
        host = None
        if url is None and context.live is None:
            raise Failure(
                "no gateway runs on the data directory: start `gateway serve`, or name one with --url", NOT_FOUND
            )
        if url is None and context.live is not None:
            host = settings.brands[0].hosts[0]
        at = url or _local(settings, context.live.public_port if context.live else 0)
        if token_file is not None:
            return *await asyncio.to_thread(_run, at, host, token_file.read_text().strip(), subjects, writes=writes), at
        issued = await _issued(context, known, named, email, writes)
        try:
            return *await asyncio.to_thread(_run, at, host, issued.token, subjects, writes=writes), at
        finally:
            await _revoked(context, issued)

    return with_context(settings, work)


def _local(settings: Settings, port: int) -> str:
    host = settings.server.host
    address = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - where to ask, not where to listen
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


async def _issued(context: CliContext, known: Catalogue, named: str | None, email: str | None, writes: bool) -> Issued:
    from gateway.auth import issuing
    from gateway.auth.scopes import allowed

    if email is not None:
        tenant, *_ = await tenants_of(context, named, any_will_do=not writes)
        async with context.identity() as identity:
            user = await identity.user_by_email(tenant.id, email)
    else:
        async with context.facts("auth") as facts:
            tenant, user = await asking(context, facts, named, known.scopes, any_will_do=not writes)
    if user is None:
        raise Failure(f"name a user of {tenant.name} with --user", USAGE)
    scopes = sorted(allowed(known.scopes, user.role, context.settings.roles))
    lifetime = min(_LIFETIME, context.settings.tokens.max_lifetime)

    def write(session: Session) -> Issued:
        return issuing.issue(
            session,
            context.keys,
            context.settings,
            known.scopes,
            user,
            name="gateway conformance",
            scopes=scopes,
            lifetime=lifetime,
            actor=context.actor,
            now=datetime.now(UTC),
        )

    return await context.sql.run(write)


async def _revoked(context: CliContext, issued: Issued) -> None:
    from gateway.auth import issuing

    def write(session: Session) -> Token:
        return issuing.revoke(
            session, issued.record, reason="the checks are done", actor=context.actor, now=datetime.now(UTC)
        )

    ended = await context.sql.run(write)
    await context.announce(ended.tenant_id, ended.id, ended.generation)


def _run(
    url: str, host: str | None, token: str, subjects: Sequence[Subject], *, writes: bool
) -> tuple[list[Result], list[str]]:
    import httpx

    from gateway.conformance.api import Remote
    from gateway.conformance.checks import Cleaning, run

    remote = Remote(url, token, host)
    api = Cleaning(remote)
    try:
        who = remote.call("GET", "/v1/me", version=subjects[0].newest)
        if who.status_code != 200:
            raise Failure(f"{url} does not take the token: {who.status_code} {who.text[:200]}", REFUSED)
        return list(run(api, subjects, writes=writes)), api.left
    except httpx.HTTPError as error:
        raise Failure(f"{url} cannot be asked: {str(error) or type(error).__name__}", UNAVAILABLE) from None
    finally:
        remote.close()


def _tell(url: str, subjects: Sequence[Subject], results: Sequence[Result], left: Sequence[str]) -> None:
    click.echo(f"The gateway at {url}\n")
    counted = collections.Counter((each.resource, bool(each.broken), bool(each.unmade)) for each in results)
    rows = [
        (path, counted[path, False, False], counted[path, True, False] or None, counted[path, False, True] or None)
        for path in (subject.resource.path for subject in subjects)
    ]
    print_table(("RESOURCE", "KEPT", "BROKEN", "NOT CHECKED"), rows)
    for each in results:
        if each.broken:
            click.echo(f"\n{each.resource}, {each.contract}: {each.check}\n  {each.broken}")
    for path, reason in dict.fromkeys((each.resource, each.unmade) for each in results if each.unmade):
        click.echo(f"\n{path}: not all could be checked\n  {reason}")
    if left:
        click.echo(f"\nCould not be deleted, for nothing deletes them: {', '.join(left)}")
    broken = sum(bool(each.broken) for each in results)
    click.echo(f"\n{len(results)} checks, {broken} broken.")
