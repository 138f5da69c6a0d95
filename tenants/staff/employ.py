"""Taking an account on as staff."""

from typing import Final, Literal
from uuid import UUID

from saas.scope import connection, current

Role = Literal["owner", "manager", "clerk", "analyst"]

_OWNER: Final = """
WITH staff AS (
    INSERT INTO staff AS s (tenant_id, id, account_id, name, email, role) VALUES ($1, $2, $3, $4, $5, 'owner')
    RETURNING s.tenant_id, s.id, s.account_id, s.role)
INSERT INTO platform.account_tenant AS a (account_id, tenant_id, staff_id, role, sample)
SELECT account_id, tenant_id, id, role, $6 FROM staff
"""
_JOIN: Final = """
WITH staff AS (
    UPDATE staff AS s SET account_id = $3, name = coalesce($4, s.name)
     WHERE s.tenant_id = $1 AND s.id = $2 AND s.account_id IS NULL AND s.left_at IS NULL
    RETURNING s.tenant_id, s.id, s.account_id, s.role, s.branch_ids)
INSERT INTO platform.account_tenant AS a (account_id, tenant_id, staff_id, role, branch_ids, second_factor)
SELECT s.account_id, s.tenant_id, s.id, s.role, s.branch_ids, t.second_factor
  FROM staff s JOIN tenant t ON t.tenant_id = s.tenant_id
"""


async def employ_owner(staff_id: UUID, account_id: UUID, name: str, email: str, *, sample: bool = False) -> None:
    """Makes an account an owner of the current tenant, and lets it log in there; in a `sample` chain, come over."""
    await connection().execute(_OWNER, current().tenant_id, staff_id, account_id, name, email, sample)


async def join(staff_id: UUID, account_id: UUID, name: str | None) -> None:
    """Whoever was invited is here: the account may log in, as the invitation says. `name`: how it calls itself."""
    await connection().execute(_JOIN, current().tenant_id, staff_id, account_id, name)
