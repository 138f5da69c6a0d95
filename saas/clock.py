"""Time. A tenant's clock is the database's clock plus the tenant's offset.

Facts are stamped in SQL, `clock_timestamp() + tenant.clock_offset`, because only the database knows
the instant after it took a lock. Sandboxes and tests move `clock_offset`; nothing else reads a clock.
"""

from datetime import UTC, datetime

from saas.scope import connection, current

NOW_SQL = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"


async def tenant_now() -> datetime:
    """The current tenant's now (UTC)."""
    now: datetime = await connection().fetchval(NOW_SQL, current().tenant_id)
    return now.astimezone(UTC)


def system_now() -> datetime:
    """The platform's now (UTC), for what belongs to no tenant: sessions, sign-up."""
    return datetime.now(UTC)
