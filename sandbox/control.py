"""`/_control`: tests tell the sandbox to misbehave and ask what it saw. Outside the guard: no keys, no counts, no faults."""

from dataclasses import asdict

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.answers import Refused
from sandbox.emitter import Manners
from sandbox.faults import Fault
from sandbox.guard import Services


def routes(services: Services) -> list[Route]:
    async def add_fault(request: Request) -> Response:
        try:
            described = orjson.loads(await request.body())
            if not isinstance(described, dict):
                raise Refused(400, "fault_unknown", "A fault is an object.")
            return _json(_described(services.faults.add(described)), 201)
        except orjson.JSONDecodeError:
            return Response("not JSON", 400)
        except Refused as refused:
            return Response(refused.reply().body, refused.status, media_type="application/json")

    async def list_faults(_: Request) -> Response:
        return _json([_described(fault) for fault in services.faults.listed()])

    async def clear_faults(_: Request) -> Response:
        services.faults.clear()
        return Response(status_code=204)

    async def counts(_: Request) -> Response:
        return _json(services.watch.counts())

    async def clear_counts(_: Request) -> Response:
        services.watch.clear_counts()
        return Response(status_code=204)

    async def last(request: Request) -> Response:
        return _json({"requests": services.watch.last(int(request.query_params.get("n", "10")))})

    async def clear_last(_: Request) -> Response:
        services.watch.clear_last()
        return Response(status_code=204)

    async def behave(request: Request) -> Response:
        try:
            services.emitter.behave(Manners.read(orjson.loads(await request.body())))
        except Refused as refused:
            return Response(refused.reply().body, refused.status, media_type="application/json")
        return Response(status_code=204)

    async def emitted(_: Request) -> Response:
        return _json({"manners": asdict(services.emitter.manners), "answers": services.emitter.answers})

    async def reset(_: Request) -> Response:
        services.pristine.restore(lambda: forget(services))
        return Response(status_code=204)

    return [
        Route("/_control/faults", add_fault, methods=["POST"]),
        Route("/_control/faults", list_faults, methods=["GET"]),
        Route("/_control/faults", clear_faults, methods=["DELETE"]),
        Route("/_control/counts", counts, methods=["GET"]),
        Route("/_control/counts", clear_counts, methods=["DELETE"]),
        Route("/_control/last", last, methods=["GET"]),
        Route("/_control/last", clear_last, methods=["DELETE"]),
        Route("/_control/emitter", behave, methods=["POST"]),
        Route("/_control/emitter", emitted, methods=["GET"]),
        Route("/_control/reset", reset, methods=["POST"]),
    ]


def forget(services: Services) -> None:
    """Everything that is not a row."""
    services.faults.clear()
    services.emitter.behave(Manners())
    services.watch.clear_counts()
    services.watch.clear_last()
    services.cap.clear()
    services.answered.clear()
    services.store.changed_all()
    services.directory.refresh()


def _described(fault: Fault) -> dict[str, object]:
    return {name: value for name, value in asdict(fault).items() if value is not None}


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")
