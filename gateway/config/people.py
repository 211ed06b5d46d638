"""`console`, `leaks`: the pages for people, and who may report their leaked tokens."""

from typing import Annotated

from pydantic import Field

from gateway.config.policies import RoleName
from gateway.config.secrets import SecretOrNone
from gateway.config.section import AsList, Section


class Console(Section):
    """The console at /console."""

    administrators: Annotated[tuple[RoleName, ...], AsList] = Field(
        ("owner", "admin"), description="Roles that see and revoke all tokens of their tenant, such as [owner, admin]."
    )


class Leaks(Section):
    """Reports of secret scanners at /leaks; without a secret the endpoint does not exist."""

    secret: SecretOrNone = Field(
        None, description="What scanners sign their reports with: {env: NAME} or {file: PATH}, or null for no reports."
    )
