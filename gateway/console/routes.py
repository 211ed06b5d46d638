"""The console's routes, wired."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from gateway.console import agents, tokens
from gateway.console.app_webhooks import AppWebhook
from gateway.console.connected_apps import Connected
from gateway.console.history import History
from gateway.console.one_time_secrets import Once
from gateway.console.own_apps import Developer
from gateway.console.sandboxes import Playground
from gateway.console.signed_in import ASSETS, HOME, Console, Visit, redirect
from gateway.console.tokens import Tokens
from gateway.console.usage import Spent
from gateway.console.webhook_log import WebhookLog
from gateway.console.webhook_office import Office
from gateway.console.webhooks import Webhooks
from gateway.oauth.announce_revoked import Announcements
from gateway.sandboxes.keeping import Sandboxes
from gateway.stores.redis_connection import RedisConnection
from gateway.web.context import Web
from gateway.webhooks.previewing import Previews
from gateway.webhooks.resending import Resending
from gateway.webhooks.subscribers import Parts
from gateway.webhooks.subscribing import Subscribing


def routes(
    web: Web,
    line: RedisConnection,
    announcements: Announcements,
    parts: Parts,
    previews: Previews,
    tools: str,
    kept: Sandboxes | None,
) -> list[BaseRoute]:
    """Everything below /console. tools: the fingerprint of the tools of agents; empty where there are none. kept: what makes
    sandboxes; None where there is no test mode.
    """
    console = Console(web, Once(line, web.keys), announcements)
    developer = Developer(console)
    office = Office(console, parts, Subscribing(parts), Resending(parts.sql), previews)
    return [
        Mount(ASSETS, StaticFiles(packages=[("gateway.console", "static")])),
        console.route(HOME, _home),
        *Tokens(console).routes(),
        *Connected(console).routes(),
        *(agents.Connected(console, tools).routes() if tools else []),
        *developer.routes(),
        *(Playground(console, kept).routes() if kept is not None else []),
        *AppWebhook(developer, office).routes(),
        *WebhookLog(office).routes(),
        *Webhooks(office).routes(),
        *History(console).routes(),
        *Spent(console).routes(),
    ]


async def _home(visit: Visit) -> Response:
    return redirect(tokens.PATH)
