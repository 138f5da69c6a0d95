"""Moves a tenant's clock, as sandboxes may: the database's clock plus an offset."""

import os
from datetime import datetime
from uuid import UUID

import asyncpg

_owner: list[asyncpg.Connection] = []


async def owner() -> asyncpg.Connection:
    """A connection of the schema's owner, past row level security: for what no user of ours may do."""
    if not _owner or _owner[0].is_closed():
        _owner[:] = [await asyncpg.connect(os.environ["MIGRATOR_DATABASE_URL"])]
    return _owner[0]


# What waits for the morning waits on our own clock, which no test moves: it is as much nearer as the chain's went on.
_MOVE = """
WITH moved AS (
    UPDATE tenant SET clock_offset = $2 - clock_timestamp() WHERE tenant_id = $1
    RETURNING new.clock_offset - old.clock_offset AS by)
UPDATE outbox SET next_at = next_at - moved.by FROM moved
 WHERE tenant_id = $1 AND next_at > clock_timestamp() AND moved.by > '0'"""


async def set_clock(tenant_id: UUID, instant: datetime) -> None:
    """From now on the tenant's clock runs from `instant`."""
    await (await owner()).execute(_MOVE, tenant_id, instant)
