"""What campaigns make of something that happened to a member."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.campaigns.document import GrantCampaign
from tenants.campaigns.giving import BATCH, Candidate, Held, give, hold, lock_in_order
from tenants.campaigns.when import AnyWhen, OnPurchase, OnReferral
from tenants.campaigns.wording import chain, tier_name
from tenants.merged import leads_to
from tenants.triggers import JOBS, Trigger

_RUNNING: Final = """
SELECT c.id FROM campaign c WHERE c.tenant_id = $1 AND c.state = 'running' AND c.document -> 'when' ->> 'type' = $2
 ORDER BY c.id"""
_PURCHASE: Final = """
SELECT p.id, p.member_id, p.amount FROM purchase p WHERE p.tenant_id = $1 AND p.id = $2 AND p.member_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)"""
# Who was raised by what it did or by hand: not by a publish, a merge, or what a file says.
_RAISED: Final = (
    "k.to_rank > k.from_rank AND (k.reason IN ('upgrade', 'late', 'manual')"
    " OR k.reason = 'programme_change' AND k.cause <> 'programme')"
)
_DECISIONS: Final = f"""
SELECT k.id, k.member_id, k.ladder, k.to_tier FROM decision k
 WHERE k.tenant_id = $1 AND k.id = ANY ($2) AND {_RAISED} ORDER BY k.id"""
_OF_RUN: Final = f"""
SELECT k.id, k.member_id, k.ladder, k.to_tier FROM recalculation r
  JOIN decision k ON k.tenant_id = $1 AND k.effective_at = r.as_of AND k.cause = 'recalculation' AND k.cause_id = r.id
   AND {_RAISED}
 WHERE r.tenant_id = $1 AND r.id = $2 AND k.id > $3 ORDER BY k.id LIMIT $4"""
# To be asked behind the members' locks: an undo or a refund may have been faster.
_STILL: Final = f"""
SELECT k.id FROM decision k JOIN member m ON m.tenant_id = $1 AND m.id = k.member_id
  JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = {leads_to("m")} AND s.ladder = k.ladder
   AND s.rank >= k.to_rank
 WHERE k.tenant_id = $1 AND k.id = ANY ($2)"""
# A friend counts where a till sold to it on its first day: what a file brings triggers nothing.
_BROUGHT: Final = f"""
SELECT r.member_id, coalesce(o.merged_into, o.id) AS referrer_id,
       (SELECT count(*) FROM referral a JOIN member x ON x.tenant_id = $1 AND x.id = a.referrer_id
         WHERE a.tenant_id = $1 AND a.counted_on IS NOT NULL
           AND (x.id = {leads_to("o")} OR x.merged_into = {leads_to("o")})) AS friends
  FROM referral r JOIN member o ON o.tenant_id = $1 AND o.id = r.referrer_id
 WHERE r.tenant_id = $1 AND r.member_id = ANY ($2) AND r.counted_on IS NOT NULL
   AND EXISTS (SELECT FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = r.member_id
                  AND p.local_day = r.counted_on AND p.source = 'api')
 ORDER BY r.member_id"""
_BEGINNING: Final = UUID(int=0)


async def joined(member_id: UUID) -> None:
    """Welcomes a member: never one that was a member before."""
    for held in await _held("joined"):
        await give(held, [Candidate(member_id, member_id, "joined")], newcomers=[member_id])


async def bought(purchase_id: UUID) -> None:
    """A member's purchase, unless it was undone meanwhile."""
    row = await connection().fetchrow(_PURCHASE, current().tenant_id, purchase_id)
    if row is None:
        return
    candidates = [Candidate(row["member_id"], purchase_id, str(purchase_id))]
    found = [held for held in await _held("purchase") if _wants(held.campaign.when, row["amount"])]
    if not found:
        return
    await lock_in_order(candidates)
    if await connection().fetchrow(_PURCHASE, current().tenant_id, purchase_id) is None:  # undone while we waited
        return
    for held in found:
        await give(held, candidates)


def _wants(when: AnyWhen, amount: int) -> bool:
    return isinstance(when, OnPurchase) and when.by == "member" and amount >= when.min_amount


async def raised(decision_ids: Sequence[UUID]) -> None:
    """Decisions that raised members. Who holds a lower tier again by now gets nothing."""
    await _raised(await connection().fetch(_DECISIONS, current().tenant_id, list(decision_ids)))


async def raised_by_run(recalculation_id: UUID, after: UUID = _BEGINNING) -> None:
    """Whom a recalculation raised, batch after batch."""
    rows = await connection().fetch(_OF_RUN, current().tenant_id, recalculation_id, after, BATCH)
    await _raised(rows)
    if len(rows) == BATCH:
        payload = {"recalculation_id": str(recalculation_id), "after": str(rows[-1]["id"])}
        await enqueue(JOBS["tier_reached"], payload, direct=True)


async def _raised(rows: Sequence[asyncpg.Record]) -> None:
    if not rows:
        return
    teller = await chain()
    shown = {ladder.code for ladder in teller.rules.ladders if ladder.visibility == "members"}
    found = [
        Candidate(
            row["member_id"], row["id"], str(row["id"]), {"tier": tier_name(teller, row["ladder"], row["to_tier"])}
        )
        for row in rows
        if row["ladder"] in shown
    ]
    campaigns = await _held("tier_reached") if found else []
    if not campaigns:
        return
    await lock_in_order(found)
    standing = {
        row["id"] for row in await connection().fetch(_STILL, current().tenant_id, [x.source_id for x in found])
    }
    for held in campaigns:
        await give(held, [one for one in found if one.source_id in standing])


async def brought(member_ids: Sequence[UUID]) -> None:
    """Members who now count for those who brought them."""
    rows = await connection().fetch(_BROUGHT, current().tenant_id, list(member_ids))
    everybody = [Candidate(one, one, "") for row in rows for one in (row["referrer_id"], row["member_id"])]
    for held in await _held("referral", everybody):
        if not isinstance(held.campaign.when, OnReferral):
            continue
        wanted = held.campaign.when.count
        reached = [row for row in rows if wanted is None or row["friends"] >= wanted]
        found = [
            Candidate(row["referrer_id"], row["member_id"], "count" if wanted else str(row["member_id"]))
            for row in reached
        ]
        if isinstance(held.campaign, GrantCampaign) and held.campaign.both_sides:
            found += [Candidate(row["member_id"], row["member_id"], str(row["member_id"])) for row in reached]
        await give(held, found, newcomers=[row["member_id"] for row in reached])


async def _held(trigger: Trigger, candidates: Sequence[Candidate] = ()) -> list[Held]:
    """The running campaigns of the trigger. Where there are several, the members whom they may give to are locked."""
    rows = await connection().fetch(_RUNNING, current().tenant_id, trigger)
    found = [held for row in rows if (held := await hold(row["id"])) is not None]
    if len(found) > 1 and len(candidates) > 1:
        await lock_in_order(candidates)
    return found
