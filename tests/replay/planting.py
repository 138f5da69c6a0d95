"""Plants a fault in what is stored, past the product and its checks, and takes it out again."""

import re

from support.chains import Chain
from support.clock import owner
from support.proof import unproved
from support.till import rows

from tenants.replay.difference import Difference


async def planted(chain: Chain, sql: str) -> list[Difference]:
    """What a replay finds with the fault in it; `sql` has `$1` for the tenant. Without the fault it finds nothing."""
    conn, tenant_id = await owner(), chain.tenant_id
    table = re.search(r"(?:UPDATE|INTO|FROM) (\w+)", sql)[1]  # type: ignore[index]
    before = await rows(chain, table)
    try:
        async with conn.transaction():
            await conn.execute("SET LOCAL session_replication_role = replica")
            done = await conn.execute(sql, tenant_id)
        assert int(done.rpartition(" ")[2]) > 0, "nothing was planted"
        found = await unproved(tenant_id)
    finally:
        await _put_back(table, before, tenant_id)
    assert await unproved(tenant_id) == []
    return found


async def _put_back(table: str, before: list[dict[str, object]], tenant_id: object) -> None:
    """Replays read by a connection of their own, so that a fault has to be committed."""
    conn = await owner()
    async with conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant_id)
        if not before:
            return
        names = list(before[0])
        values = ", ".join(f"${n + 1}" for n in range(len(names)))
        columns = ", ".join(f'"{name}"' for name in names)
        await conn.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({values})", [list(row.values()) for row in before]
        )
