"""What the chain still owes a member: principal of stored value, passes that are paid for and not used up."""

from typing import Final
from uuid import UUID

from saas.errors import DomainError, Money
from saas.scope import connection, current

_PRINCIPAL: Final = "SELECT a.principal FROM wallet_account a WHERE a.tenant_id = $1 AND a.member_id = $2"
# Pro rata, rounded down over all that came back so far, as tenants.passes.reading.money_back has it.
_PASSES: Final = """
SELECT coalesce(sum(div(p.price::numeric * (r.returned + p."left"), p.uses)::bigint - p.paid_back), 0)::bigint
  FROM pass AS p
 CROSS JOIN LATERAL (SELECT coalesce(-sum(e.uses), 0) AS returned FROM pass_entry AS e
                      WHERE e.tenant_id = $1 AND e.pass_id = p.id AND e.kind = 'refund') AS r
 WHERE p.tenant_id = $1 AND p.member_id = ANY($2::uuid[]) AND p."left" > 0
"""


async def require_nothing_owed(member_id: UUID, records: list[UUID]) -> None:
    """`records`: the member and those merged into it. Raises DomainError `money-owed` with the `principal` and what
    unused `passes` would bring back, both in minor units.
    """
    principal = await connection().fetchval(_PRINCIPAL, current().tenant_id, member_id) or 0
    passes = await owed_on_passes(records)
    if principal or passes:
        raise DomainError("money-owed", params={"principal": Money(principal), "passes": Money(passes)})


async def owed_on_passes(members: list[UUID]) -> int:
    """What the unused visits of these members would bring back now, in minor units; ended passes count too."""
    owed: int = await connection().fetchval(_PASSES, current().tenant_id, members)
    return owed
