"""The tiers that a member holds, as the rules in force have them."""

from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme, Tier

_HELD: Final = "SELECT ladder, tier FROM member_tier WHERE tenant_id = $1 AND member_id = $2 AND rank > 0"


async def tiers_held(member_id: UUID, rules: Programme) -> list[tuple[Ladder, Tier]]:
    """One tier of each ladder, the base one where nothing else was decided. A tier that `rules` don't have any more
    gives nothing, so it isn't among them.
    """
    rows = await connection().fetch(_HELD, current().tenant_id, member_id)
    stored = {row["ladder"]: row["tier"] for row in rows}
    found = (
        (ladder, rules.raised(ladder, stored[ladder.code]) if ladder.code in stored else ladder.tiers[0])
        for ladder in rules.ladders
    )
    return [(ladder, tier) for ladder, tier in found if tier is not None]
