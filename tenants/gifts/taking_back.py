"""Gifts of tiers that a refund or an undo took away, the chain's own and those of campaigns for reaching them: what
isn't used yet is void, and counts as never given.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.campaigns.taking_back import Why, given_for
from tenants.campaigns.taking_back import take_back as take_back_given
from tenants.coupons.ledger import post
from tenants.coupons.postings import Posting
from tenants.members.row import lock_member
from tenants.members.whereabouts import united
from tenants.programme.asked import asks_for_points
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.tiers.recheck import mark_rechecks

# In the order of the members' ids, in which locks are taken.
_DECIDED: Final = """
SELECT k.id, coalesce(m.merged_into, m.id) AS holder_id, k.ladder, k.from_rank, k.to_rank, k.programme_version,
       t.programme_version AS version, t.timezone
  FROM decision k JOIN member m ON m.tenant_id = $1 AND m.id = k.member_id JOIN tenant t ON t.tenant_id = $1
 WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[]) AND k.reason = 'refund' AND k.to_rank < k.from_rank
 ORDER BY holder_id, k.id"""
_RANK: Final = "SELECT rank FROM member_tier WHERE tenant_id = $1 AND member_id = $2 AND ladder = $3"
_UNUSED: Final = """
SELECT DISTINCT g.grant_id FROM gift g JOIN coupon_grant c ON c.tenant_id = $1 AND c.id = g.grant_id
 WHERE g.tenant_id = $1 AND g.member_id = ANY ($2::uuid[]) AND g.occasion = 'upgrade' AND g.ladder = $3
   AND g.tier = ANY ($4::text[]) AND g.taken_back_by IS NULL AND c.state = 'open'"""
_SHARES: Final = """
SELECT s.id FROM campaign_share s JOIN decision d ON d.tenant_id = $1 AND d.id = s.source_id
 WHERE s.tenant_id = $1 AND s.member_id = ANY ($2::uuid[]) AND d.ladder = $3 AND d.to_tier = ANY ($4::text[])
 ORDER BY s.id"""
_TAKEN: Final = "UPDATE gift AS g SET taken_back_by = $3 WHERE g.tenant_id = $1 AND g.grant_id = ANY ($2::uuid[])"


async def take_back(payload: dict[str, Any]) -> None:
    """The job of some decisions, `{decision_ids}`. Who has risen again meanwhile keeps what was reached again."""
    ids = [UUID(one) for one in payload["decision_ids"]]
    for row in await connection().fetch(_DECIDED, current().tenant_id, ids):
        member = await lock_member(row["holder_id"])
        tiers, records = await _lost(row, member["id"]), await united(member["id"])
        found = await connection().fetch(_UNUSED, current().tenant_id, records, row["ladder"], tiers)
        unused = [one["grant_id"] for one in found]
        if unused:
            await post(_voids(member, unused, row["id"], ZoneInfo(row["timezone"])))
            await connection().execute(_TAKEN, current().tenant_id, unused, row["id"])
        await _take_back_shares(row, member, records, tiers)


async def _take_back_shares(
    row: asyncpg.Record, member: asyncpg.Record, records: Sequence[UUID], tiers: Sequence[str]
) -> None:
    """What campaigns gave for reaching the tiers. Points that go may have helped to another tier."""
    found = await connection().fetch(_SHARES, current().tenant_id, records, row["ladder"], tiers)
    if not found:
        return
    now: datetime = member["locked_at"]
    today = local_day(now, ZoneInfo(row["timezone"]))
    why = Why(member_id=member["id"], seq=member["seq"], recorded_at=now, today=today, source_id=row["id"])
    points_went = await take_back_given(await given_for([one["id"] for one in found]), why)
    if points_went and asks_for_points(await programme(row["version"])):
        await mark_rechecks({member["id"]: row["id"]}, row["version"], now, row["timezone"])


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
