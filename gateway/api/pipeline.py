"""The path of a request, in one place.

A stage is `(operation, dependencies, proceed) → handler`, built once per operation at start. One that has nothing to do for
an operation returns `proceed` itself, so a stage that is not needed costs nothing. What a stage has proved it hands on:
a caller, a face, a permit (exchange.py), so that what needs a proof cannot be asked without one.
"""

from __future__ import annotations

from gateway.api.stacked import stacked
from gateway.api.stages.accept import accept
from gateway.api.stages.authenticate import authenticate, authenticate_agent
from gateway.api.stages.authorize import authorize
from gateway.api.stages.charge import charge
from gateway.api.stages.explain import explain
from gateway.api.stages.forward import forward
from gateway.api.stages.inject import inject
from gateway.api.stages.limit import limit, limit_agent
from gateway.api.stages.negotiate import negotiate
from gateway.api.stages.replay import replay

build = stacked(  # (operation, dependencies) → its handler
    explain,  # whatever is raised below leaves as problem+json with its trace_id; one log line; metrics
    authenticate,  # bearer → caller                                            401
    inject,  # the fault that a call in test mode asks for                      400
    limit,  # token, tenant and class buckets, and liveness; rate headers       429 401
    negotiate,  # Version header → the face of a contract                       400 410 501
    authorize,  # scope ∩ role → permit                                         403
    accept,  # path ids, query, body, cursor → input                            400 404 406 413 415 422
    charge,  # the further units of a request that counts as several            429
    replay,  # Idempotency-Key: creates and actions only                        409 422
    forward,  # input → internal calls → answer in the caller's contract        502 504
)

build_for_agents = stacked(  # the same for what agents ask through /mcp: other tokens, and a limit more
    explain, authenticate_agent, inject, limit_agent, negotiate, authorize, accept, charge, replay, forward
)
