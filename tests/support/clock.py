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


async def set_clock(tenant_id: UUID, instant: datetime) -> None:
    """From now on the tenant's clock runs from `instant`."""
    await (await owner()).execute(
        "UPDATE tenant SET clock_offset = $2 - clock_timestamp() WHERE tenant_id = $1", tenant_id, instant
    )
