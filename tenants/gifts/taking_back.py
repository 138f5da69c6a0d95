"""Gifts of tiers that a refund or an undo took away: what isn't used yet is void, and counts as never given."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.coupons.ledger import post
from tenants.coupons.postings import Posting
from tenants.members.row import lock_member
from tenants.members.whereabouts import united
from tenants.programme.versions import programme
from tenants.programme.windows import local_day

# In the order of the members' ids, in which locks are taken.
_DECIDED: Final = """
SELECT k.id, coalesce(m.merged_into, m.id) AS holder_id, k.ladder, k.from_rank, k.to_rank, k.programme_version,
       t.timezone
  FROM decision k JOIN member m ON m.tenant_id = $1 AND m.id = k.member_id JOIN tenant t ON t.tenant_id = $1
 WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[]) AND k.reason = 'refund' AND k.to_rank < k.from_rank
 ORDER BY holder_id, k.id"""
_RANK: Final = "SELECT rank FROM member_tier WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3"
_UNUSED: Final = """
SELECT DISTINCT g.grant_id FROM gift g JOIN coupon_grant c ON c.tenant_id = $1 AND c.id = g.grant_id
 WHERE g.tenant_id = $1 AND g.member_id = ANY ($2::uuid[]) AND g.occasion = 'upgrade' AND g.ladder = $3
   AND g.tier = ANY ($4::text[]) AND g.taken_back_by IS NULL AND c.state = 'open'"""
_TAKEN: Final = "UPDATE gift AS g SET taken_back_by = $3 WHERE g.tenant_id = $1 AND g.grant_id = ANY ($2::uuid[])"


async def take_back(payload: dict[str, Any]) -> None:
    """The job of some decisions, `{decision_ids}`. Who has risen again meanwhile keeps what was reached again."""
    ids = [UUID(one) for one in payload["decision_ids"]]
    for row in await connection().fetch(_DECIDED, current().tenant_id, ids):
        member = await lock_member(row["holder_id"])
        tiers = await _lost(row, member["id"])
        found = await connection().fetch(_UNUSED, current().tenant_id, await united(member["id"]), row["ladder"], tiers)
        unused = [one["grant_id"] for one in found]
        if unused:
            await post(_voids(member, unused, row["id"], ZoneInfo(row["timezone"])))
            await connection().execute(_TAKEN, current().tenant_id, unused, row["id"])


async def _lost(row: asyncpg.Record, member_id: UUID) -> list[str]:
    """Codes of the tiers above the one held now that the decision took away."""
    rank = await connection().fetchval(_RANK, current().tenant_id, member_id, row["ladder"])
    floor = max(row["to_rank"], rank or 0)
    ladder = (await programme(row["programme_version"])).ladder(row["ladder"])
    return [tier.code for tier in ladder.tiers if floor < tier.rank <= row["from_rank"]] if ladder else []


def _voids(member: asyncpg.Record, grants: Sequence[UUID], source_id: UUID, zone: ZoneInfo) -> list[Posting]:
    day: date = local_day(member["locked_at"], zone)
    actor = current().principal.actor
    return [
        Posting(
            kind="void",
            grant_id=grant_id,
            member_id=member["id"],
            seq=member["seq"],
            day=day,
            recorded_at=member["locked_at"],
            actor=actor,
            source_id=source_id,
        )
        for grant_id in grants
    ]
