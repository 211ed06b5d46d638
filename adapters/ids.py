"""The second table of contents: every type of id, by the service that owns it, and what a field that holds one is annotated with."""

from __future__ import annotations

from typing import Annotated

from adapters.core.declare.ids import BASE62, CUID, HEX24, IdType
from adapters.core.declare.kinds import Reference

# crm
CONTACT = IdType("con_", HEX24, "contact")
COMPANY = IdType("cmp_", HEX24, "company")
DEAL = IdType("deal_", HEX24, "deal")
PIPELINE = IdType("pipe_", HEX24, "pipeline")
STAGE = IdType("stage_", HEX24, "pipeline stage")
TASK = IdType("task_", HEX24, "task")
NOTE = IdType("note_", HEX24, "note")
ACTIVITY = IdType("act_", HEX24, "activity")

ContactId = Annotated[str, Reference(CONTACT)]
CompanyId = Annotated[str, Reference(COMPANY)]
DealId = Annotated[str, Reference(DEAL)]
PipelineId = Annotated[str, Reference(PIPELINE)]
StageId = Annotated[str, Reference(STAGE)]
TaskId = Annotated[str, Reference(TASK)]
NoteId = Annotated[str, Reference(NOTE)]
ActivityId = Annotated[str, Reference(ACTIVITY)]

# auth
USER = IdType("usr_", CUID, "user")
TENANT = IdType("biz_", CUID, "tenant")

UserId = Annotated[str, Reference(USER)]
TenantId = Annotated[str, Reference(TENANT)]

# the gateway's own
TOKEN = IdType("tok_", BASE62, "token")

TokenId = Annotated[str, Reference(TOKEN)]
