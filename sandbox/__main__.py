"""`python -m sandbox serve | credentials | set-role | set-active | emit`."""

import argparse
import json
import os
import sqlite3
import sys
from pathlib import Path

from sandbox.directory import ROLES, change_user, credentials
from sandbox.events import NAMES
from sandbox.seed import open_seeded


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        return _run(given)
    except sqlite3.DatabaseError as error:
        print(f"sandbox: {given.db} cannot be used: {error}", file=sys.stderr)
        return 1


def _run(given: argparse.Namespace) -> int:
    if given.command == "serve":
        # late: the short commands need no web server
        from sandbox.serve import Options, serve

        return serve(
            Options(
                db=given.db,
                host=given.host,
                port=given.port,
                contacts=given.contacts,
                cap=given.cap,
                documented_only=given.documented_only,
                deduplicate=given.deduplicate,
                service_key=given.service_key or os.environ.get("SANDBOX_SERVICE_KEY"),
                # never an argument: those of a process are everybody's to read
                control_key=os.environ.get("SANDBOX_CONTROL_KEY"),
            )
        )
    connection = open_seeded(given.db)
    if connection is None:
        print(f"sandbox: {given.db} holds no sandbox data yet; `serve` makes it", file=sys.stderr)
        return 1
    try:
        if given.command == "credentials":
            _show(credentials(connection), as_json=given.json)
            return 0
        if given.command == "emit":
            from sandbox.emitting import emit

            return emit(connection, given)
        column, value = ("role", given.role) if given.command == "set-role" else ("active", int(given.active == "yes"))
        if change_user(connection, given.user, column, value):
            return 0
        print(f"sandbox: there is no user {given.user}", file=sys.stderr)
        return 1
    finally:
        connection.close()


def _show(found: dict[str, list[dict[str, object]]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    for tenant in found["tenants"]:
        print(f"{tenant['name']}  {tenant['business_id']}  key {tenant['api_key']}")
        users = tenant["users"]
        for user in users if isinstance(users, list) else ():
            print(f"  {user['role']:<8} {user['email']:<28} password {user['password']}  {user['user_id']}")


def _contacts(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 200_000:
        raise argparse.ArgumentTypeError("must be from 0 to 200000")
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A stand-in for the internal services.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer on a loopback port")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=0, help="0 takes any free one")
    serve.add_argument("--contacts", type=_contacts, default=2000, help="of the first tenant, when the database is new")
    serve.add_argument("--cap", type=int, default=1000, help="requests a minute a workspace; 0 for no cap")
    serve.add_argument("--documented-only", action="store_true")
    serve.add_argument("--deduplicate", action="store_true", help="honour Idempotency-Key")
    serve.add_argument("--service-key")
    shown = commands.add_parser("credentials", help="tenants, keys, users, passwords")
    shown.add_argument("--json", action="store_true")
    role = commands.add_parser("set-role")
    role.add_argument("--role", choices=ROLES, required=True)
    active = commands.add_parser("set-active")
    active.add_argument("--active", choices=("yes", "no"), required=True)
    for command in (role, active):
        command.add_argument("--user", required=True, metavar="EMAIL")
    emitted = commands.add_parser("emit", help="send an event to those who subscribed")
    emitted.add_argument("type", choices=NAMES, metavar="TYPE")
    emitted.add_argument("--tenant", required=True, metavar="BUSINESS_ID")
    emitted.add_argument("--record", metavar="INTERNAL_ID", help="of what; the newest when it is left out")
    emitted.add_argument("--repeat", type=int, default=1, help="send it so many times at once")
    emitted.add_argument("--claim", metavar="BUSINESS_ID", help="the tenant that the event names, which is a lie")
    emitted.add_argument("--junk", action="store_true", help="send half a document instead")
    for command in (serve, shown, role, active, emitted):
        command.add_argument("--db", type=Path, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
