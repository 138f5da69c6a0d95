"""What the chain still owes a member: principal of stored value, passes that are paid for and not used up."""

from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.passes.owed import owed_on_passes

_PRINCIPAL: Final = "SELECT a.principal FROM wallet_account a WHERE a.tenant_id = $1 AND a.member_id = $2"


async def require_nothing_owed(member_id: UUID, records: list[UUID]) -> None:
    """`records`: the member and those merged into it. Raises DomainError `money-owed` with the `principal` and what
    unused `passes` would bring back, both in minor units.
    """
    principal = await connection().fetchval(_PRINCIPAL, current().tenant_id, member_id) or 0
    passes = await owed_on_passes(records)
    if principal or passes:
        raise DomainError("money-owed", params={"principal": principal, "passes": passes})
