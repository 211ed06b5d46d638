"""`drift`, `tracing`, `logging`: what operators see of the gateway and of the services."""

from typing import Literal

from pydantic import Field

from gateway.config.section import Flag, Section
from gateway.config.services import Share


class Drift(Section):
    """A look at what services answer, beside the way that answers go."""

    share: Share = Field(
        0.001, description="The share of internal answers held against what is declared, such as '0.1%'."
    )


class Tracing(Section):
    """Traces by OTLP. Where they go is for OpenTelemetry's own variables to say: `OTEL_EXPORTER_OTLP_ENDPOINT` and the others."""

    enabled: Flag = Field(False, description="Whether requests are traced: true or false.")
    share: Share = Field(0.1, description="The share of traces that start here and are recorded, such as '10%'.")


class Logging(Section):
    """Logs: one JSON object a line, on standard output; in a terminal, short lines."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error.")
