"""Taking an account on as staff."""

from typing import Final, Literal
from uuid import UUID

from saas.scope import connection, current

Role = Literal["owner", "manager", "clerk", "analyst"]

_SQL: Final = """
WITH staff AS (
    INSERT INTO staff AS s (tenant_id, id, account_id, name, role) VALUES ($1, $2, $3, $4, $5)
    RETURNING s.tenant_id, s.id, s.account_id, s.role)
INSERT INTO platform.account_tenant AS a (account_id, tenant_id, staff_id, role)
SELECT account_id, tenant_id, id, role FROM staff
"""


async def employ(staff_id: UUID, account_id: UUID, name: str, role: Role) -> None:
    """Makes an account that isn't staff yet staff of the current tenant, and lets it log in there."""
    await connection().execute(_SQL, current().tenant_id, staff_id, account_id, name, role)
