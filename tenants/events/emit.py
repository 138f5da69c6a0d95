"""Writing an event in the transaction of its fact. What makes many in one statement inserts into `event_new` itself.

`data` is JSON: ids and numbers in the API's words, no name, number or text of a person's. `tenants.events.types` has
every type with an example.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current

_EMIT: Final = """
INSERT INTO event_new AS n (tenant_id, type, member_id, at, data)
SELECT t.tenant_id, $2, $3, coalesce($4, clock_timestamp() + t.clock_offset), $5 FROM tenant t WHERE t.tenant_id = $1"""


async def emit(
    kind: str, data: Mapping[str, Any], *, member_id: UUID | None = None, at: datetime | None = None
) -> None:
    """One event of the current scope's tenant, of an instant of its clock (default: its now). The relay gives it its
    position once the scope's work is committed. Raises ScopeClosedError outside a scope, TypeError for no JSON.
    """
    await connection().execute(_EMIT, current().tenant_id, kind, member_id, at, dict(data))
