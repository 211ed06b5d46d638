"""`drift`, `logging`: what operators see of the gateway and of the services."""

from typing import Literal

from pydantic import Field

from gateway.config.section import Section
from gateway.config.services import Share


class Drift(Section):
    """A look at what services answer, beside the way that answers go."""

    share: Share = Field(
        0.001, description="The share of internal answers held against what is declared, such as '0.1%'."
    )


class Logging(Section):
    """Logs: one JSON object a line, on standard output; in a terminal, short lines."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error.")
