"""The demo chain's clock, turned back while its past is written."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from saas.demo.state import DemoState

_MOVE = "UPDATE tenant AS t SET clock_offset = coalesce($2 - clock_timestamp(), interval '0') WHERE t.tenant_id = $1"


def move_clock(environment: Mapping[str, str], state: DemoState, instant: datetime | None) -> None:
    """From now on the chain's clock runs from `instant`; None: it is ours again. Only the schema's owner may."""
    url = environment.get("MIGRATOR_DATABASE_URL") or environment["DATABASE_URL"]
    asyncio.run(_move(url, UUID(state.tenant_id), instant))


async def _move(url: str, tenant_id: UUID, instant: datetime | None) -> None:
    connection = await asyncpg.connect(url, server_settings={"role": "migrator"})
    try:
        await connection.execute(_MOVE, tenant_id, instant)
    finally:
        await connection.close()
