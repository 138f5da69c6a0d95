"""The first purchase settles what every fact means: the tenant's time zone and currency."""

from typing import cast

from saas.scope import connection, current


async def settle_settings() -> str:
    """Marks that the tenant has facts, and answers the time zone that holds from now on.

    The mark takes the tenant's row, so a change of time zone beside it is either seen here or refused there.
    Only a tenant's first purchases pay for it: later ones read the mark with the member's lock.
    """
    tenant_id = current().tenant_id
    await connection().execute("UPDATE tenant SET has_facts = true WHERE tenant_id = $1 AND NOT has_facts", tenant_id)
    timezone = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", tenant_id)
    return cast("str", timezone)
