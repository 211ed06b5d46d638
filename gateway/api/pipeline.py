"""The path of a request, in one place.

A stage is `(operation, services, proceed) → handler`, built once per operation at start. One that has nothing to do for
an operation returns `proceed` itself, so a stage that is not needed costs nothing.
"""

from __future__ import annotations

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Services
from gateway.api.exchange import Exchange, Handler
from gateway.api.stages.accept import accept
from gateway.api.stages.authenticate import authenticate
from gateway.api.stages.authorize import authorize
from gateway.api.stages.explain import explain
from gateway.api.stages.forward import forward
from gateway.api.stages.limit import limit
from gateway.api.stages.negotiate import negotiate
from gateway.api.stages.replay import replay

STAGES = (  # outermost first
    explain,  # whatever is raised below leaves as problem+json with its trace_id; one log line; metrics
    authenticate,  # bearer → exchange.caller                                   401
    limit,  # token, tenant and class buckets, and liveness; rate headers       429 401
    negotiate,  # Version header → exchange.version, exchange.face              400 410 501
    authorize,  # scope ∩ role → exchange.permit                                403
    accept,  # path ids, query, body, cursor → exchange.input                   400 404 406 413 415 422
    replay,  # Idempotency-Key: creates and actions only                        409 422
    forward,  # input → internal calls → answer in the caller's contract        502 504
)


def build(operation: Operation, services: Services) -> Handler:
    """The operation's handler: all stages around each other, `forward` innermost."""
    handler: Handler = _nothing
    for stage in reversed(STAGES):
        handler = stage(operation, services, handler)
    return handler


async def _nothing(exchange: Exchange) -> Answer:
    raise AssertionError("forward proceeds to nothing")
