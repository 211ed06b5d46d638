"""The console's routes, wired."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from gateway.console import tokens
from gateway.console.connected import Connected
from gateway.console.developer import Developer
from gateway.console.history import History
from gateway.console.once import Once
from gateway.console.spent import Spent
from gateway.console.tokens import Tokens
from gateway.console.visits import ASSETS, HOME, Console, Visit, redirect
from gateway.stores.line import Line
from gateway.stores.liveness import Liveness
from gateway.web.parts import Web


def routes(web: Web, line: Line, liveness: Liveness) -> list[BaseRoute]:
    """Everything below /console."""
    console = Console(web, Once(line, web.keys), liveness)
    return [
        Mount(ASSETS, StaticFiles(packages=[("gateway.console", "static")])),
        console.route(HOME, _home),
        *Tokens(console).routes(),
        *Connected(console).routes(),
        *Developer(console).routes(),
        *History(console).routes(),
        *Spent(console).routes(),
    ]


async def _home(visit: Visit) -> Response:
    return redirect(tokens.PATH)
