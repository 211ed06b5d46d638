"""`oauth`: the authorization server."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.faults import refuse
from gateway.config.quantities import Duration
from gateway.config.secrets import SecretOrNone
from gateway.config.section import AsList, Section


def _document_host(name: str) -> str:
    if name != "*" and not re.fullmatch(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", name):
        raise refuse("is not the name of a host", "Write it in lower case, without https:// and port, or *.")
    return name


class OAuth(Section):
    """The authorization server: what apps are given, for how long, and how apps are registered."""

    code_lifetime: Annotated[Duration, Field(le=60)] = Field(60.0, description="How long a code may wait, at most 60s.")
    access_lifetime: Annotated[Duration, Field(le=86_400)] = Field(
        3600.0, description="The lifetime of an app's access token, at most 24h."
    )
    refresh_idle: Duration = Field(30 * 86_400.0, description="A grant ends when not refreshed for this long.")
    refresh_lifetime: Duration = Field(180 * 86_400.0, description="A grant ends after this in any case.")
    grace: Annotated[Duration, Field(le=30)] = Field(
        30.0, description="How long a refresh may be repeated while its answer was not used, at most 30s."
    )
    registration: Literal["closed", "gated", "open"] = Field(
        "closed", description="Whether apps may register themselves: closed, gated (by a token) or open."
    )
    initial_access_token: SecretOrNone = Field(
        None, description="For gated registration, the token to present: {env: NAME} or {file: PATH}."
    )

    client_documents: Annotated[tuple[Annotated[str, AfterValidator(_document_host)], ...], AsList] = Field(
        (), description='Hosts whose apps may be known by the address of their document, [claude.ai]; ["*"]: any host.'
    )

    @model_validator(mode="after")
    def _documents_of_any_host_are_of_any(self) -> Self:
        if "*" in self.client_documents and len(self.client_documents) > 1:
            raise refuse("client_documents names hosts beside *", 'Name hosts, or write ["*"].')
        return self

    @model_validator(mode="after")
    def _gate_has_a_key(self) -> Self:
        if self.registration == "gated" and self.initial_access_token is None:
            raise refuse(
                "registration is gated, but there is no initial_access_token", "Name one, or open or close it."
            )
        return self
