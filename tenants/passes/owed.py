"""What a chain owes on passes: nobody is erased while it owes them money."""

from typing import Final
from uuid import UUID

from saas.scope import connection, current

_OWED: Final = """
SELECT coalesce(sum(div(p.price::numeric * (r.returned + p."left"), p.uses)::bigint - p.paid_back), 0)::bigint
  FROM pass AS p
 CROSS JOIN LATERAL (SELECT coalesce(-sum(e.uses), 0) AS returned FROM pass_entry AS e
                      WHERE e.tenant_id = $1 AND e.pass_id = p.id AND e.kind = 'refund') AS r
 WHERE p.tenant_id = $1 AND p.member_id = ANY($2::uuid[]) AND p."left" > 0
"""


async def owed_on_passes(members: list[UUID]) -> int:
    """What the unused visits of these members would bring back now, in minor units; ended passes count too."""
    owed: int = await connection().fetchval(_OWED, current().tenant_id, members)
    return owed
