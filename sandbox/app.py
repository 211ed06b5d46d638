"""The routes: every path of the internal services, or only the documented ones."""

from starlette.routing import Route, Router

from sandbox import auth, contacts_csv, control, forecast, invoice_email, reports, tags, users, webhooks
from sandbox.answers import Reply, not_found
from sandbox.calls import Calls
from sandbox.entities import ENTITIES
from sandbox.guard import Access, Call, Guard, Operation, Services
from sandbox.testing import control as testing


async def _absent(_: Call) -> Reply:
    raise not_found()


def create(services: Services, control_key: str | None = None) -> Router:
    """control_key: opens the control of test tenants, which is not there without."""
    paths: dict[str, dict[str, Operation]] = {}
    further = (tags, contacts_csv, forecast, auth, users, invoice_email, reports, webhooks)
    for found in (*(Calls(entity).operations() for entity in ENTITIES), *(one.operations() for one in further)):
        for path, operations in found.items():
            for method, operation in operations.items():
                exists = operation.documented or not services.documented_only
                paths.setdefault(path, {})[method] = operation if exists else Operation(_absent, Access.OPEN)
    # a literal segment must be tried before {id}
    ordered = sorted(paths, key=lambda path: (path.count("{"), path))
    guarded = [Route(path, Guard(services, path, paths[path])) for path in ordered]
    tenants = services.test_tenants
    private = testing.routes(services, tenants, control_key) if tenants is not None and control_key else []
    return Router(
        [*guarded, *control.routes(services), *private],
        default=Guard(services, "unmatched", {}),
        redirect_slashes=False,
    )
