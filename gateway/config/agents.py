"""`mcp`: the door for agents."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.quantities import Size
from gateway.config.section import Flag, Section


class Mcp(Section):
    """The Model Context Protocol at `/mcp`."""

    enabled: Flag = Field(True, description="false: there is no /mcp.")
    contract: date | None = Field(
        None, description="The contract that agents work in, such as 2026-09-01; else the newest."
    )
    answer: Annotated[Size, Field(ge=4096, le=65_536)] = Field(
        16_384, description="How much JSON a tool answers at most, 4KiB to 64KiB."
    )
    foreign: Literal["mark", "hide"] = Field(
        "mark", description="hide: fields that people outside may have written are in no tool's answer."
    )
    outward: Flag = Field(False, description="true: actions that send something to people outside are tools, too.")
