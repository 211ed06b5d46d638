"""The sales forecast: deals by the month they should close in, by stage and by currency."""

import re

from sandbox.answers import Reply, data, query_invalid
from sandbox.guard import Call, Operation

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_COLUMNS = ("month", "pipelineId", "stageId", "currency", "deals", "open", "weighted", "won")


def operations() -> dict[str, dict[str, Operation]]:
    return {"/api/crm/reports/forecast": {"GET": Operation(_forecast, documented=True)}}


async def _forecast(call: Call) -> Reply:
    given = call.query()
    conditions, parameters = ["tenant = ?"], [str(call.tenant.number)]
    for name, sign in (("from", ">="), ("to", "<=")):
        if name in given:
            month = given[name][-1]
            if not _MONTH.fullmatch(month):
                raise query_invalid(f"{name} must be a month such as 2026-07")
            # a deal that nobody dated lies outside no span
            conditions.append(f"(c_closeDate IS NULL OR substr(c_closeDate, 1, 7) {sign} ?)")
            parameters.append(month)
    found = call.home.store.connection.execute(
        "SELECT substr(c_closeDate, 1, 7), c_pipelineId, c_stageId, c_currency, count(*),"  # noqa: S608  (the conditions are the two above)
        " round(total(CASE c_status WHEN 'open' THEN c_value END), 3),"
        " round(total(CASE c_status WHEN 'open' THEN c_value * c_probability / 100 END), 3),"
        " round(total(CASE c_status WHEN 'won' THEN c_value END), 3)"
        f" FROM deals WHERE {' AND '.join(conditions)} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        parameters,
    )
    return data([dict(zip(_COLUMNS, row, strict=True)) for row in found])
