"""What a chain was told of: its events, whether they have a position yet or not, in the order of their ids."""

import json
from uuid import UUID

import asyncpg

from support.clock import owner
from tenants.events.types import TYPES

TOLD = """
SELECT o.id, o.type, o.member_id, o.at, o.data
  FROM (SELECT tenant_id, id, type, member_id, at, data FROM event UNION ALL
        SELECT tenant_id, id, type, member_id, at, data FROM event_new) o
 WHERE o.tenant_id = $1 AND ($2::text IS NULL OR o.type = $2) ORDER BY o.id"""


async def told_of(tenant_id: UUID, kind: str | None = None) -> list[asyncpg.Record]:
    """Of one type, or all. Each has the fields that the catalogue's example has, whichever test asks."""
    found = list(await (await owner()).fetch(TOLD, tenant_id, kind))
    for row in found:
        assert json.loads(row["data"]).keys() == TYPES[row["type"]].data.keys(), dict(row)
    return found
