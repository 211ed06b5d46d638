"""What a lane in hand gets when its queue is empty: what it missed, from the log, and behind that what is replayed."""

from gateway.stores.sql import Sql, webhook_filling, webhook_replays
from gateway.webhooks.held import Held


async def refill(sql: Sql, held: Held, now: int) -> None:
    """Makes rows of the lane's queue, where there is anything to make them of. `now`: milliseconds of the database."""
    if held.lane.cursor is not None:
        filled = await sql.run(webhook_filling.fill, held.lane, now)
        if filled is not None:
            held.lane.cursor = filled.cursor
            held.dry = not filled.added and filled.cursor is None
    if held.dry and held.replaying:
        added = await sql.run(webhook_replays.fill, held.lane, now)
        held.replaying, held.dry = added is not None, added is None
