"""The routes: every path of the internal services, or only the documented ones."""

from starlette.routing import Route, Router

from sandbox import auth, control
from sandbox.crm import Calls
from sandbox.entities import ENTITIES
from sandbox.guard import Guard, Operation, Services


def create(services: Services, *, documented_only: bool = False) -> Router:
    paths: dict[str, dict[str, Operation]] = {}
    for found in (*(Calls(entity).operations() for entity in ENTITIES), auth.operations()):
        for path, operations in found.items():
            kept = {
                method: operation
                for method, operation in operations.items()
                if operation.documented or not documented_only
            }
            if kept:
                paths.setdefault(path, {}).update(kept)
    # a literal segment must be tried before {id}
    ordered = sorted(paths, key=lambda path: (path.count("{"), path))
    guarded = [Route(path, Guard(services, path, paths[path])) for path in ordered]
    return Router(
        [*guarded, *control.routes(services)], default=Guard(services, "unmatched", {}), redirect_slashes=False
    )
