"""`python -m bench.resources`: what declared resources cost: compiling them at start, memory, and finding an operation."""

import dataclasses
import json
import time
import timeit
from typing import Any

from adapters import RESOURCES
from adapters.contacts import Contact, contacts
from adapters.core.compile.catalogue import compile_all
from adapters.core.operation import Operation
from bench.running import resident_mb
from gateway.api.routes import Routes
from gateway.versions import CONTRACTS

MANY = 60


def main() -> None:
    import os

    shipped = _measured(list(RESOURCES))
    more = [
        dataclasses.replace(
            contacts,
            model=type(f"Thing{number}", (Contact,), {"__module__": Contact.__module__, "__doc__": Contact.__doc__}),
            id=dataclasses.replace(contacts.id, prefix=f"thing{number}_"),
            path=f"things_{number}",
            singular=f"thing_{number}",
            words=(),
        )
        for number in range(MANY - len(RESOURCES))
    ]
    before = resident_mb([os.getpid()])
    sixty = _measured([*RESOURCES, *more])
    grown = round(resident_mb([os.getpid()]) - before, 1)
    print(json.dumps({"shipped": shipped, "sixty": sixty, "sixty_resident_mb": grown}))


def _measured(resources: list[Any]) -> dict[str, float]:
    began = time.perf_counter()
    operations = compile_all(resources, CONTRACTS, {})
    took = time.perf_counter() - began
    routes: Routes[Operation] = Routes()
    for operation in operations:
        routes.add(operation, operation)
    paths = {
        "first": f"/v1/{resources[0].path}/con_665f2b8c1d9e3a7b6c4d0000",
        "last": f"/v1/{resources[-1].path}/search",
    }
    found = {
        f"find_{name}_us": round(_least(lambda path=path, name=name: routes.find(_METHODS[name], path)), 2)
        for name, path in paths.items()
    }
    return {"resources": len(resources), "operations": len(operations), "compile_ms": round(took * 1000, 1), **found}


_METHODS = {"first": "GET", "last": "POST"}


def _least(call: Any) -> float:
    return min(timeit.repeat(call, number=20_000, repeat=9)) / 20_000 * 1e6


if __name__ == "__main__":
    main()
