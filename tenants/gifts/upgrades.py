"""Gifts to who reached a tier: after a decision of its own, and after a recalculation, in batches.

Given is for the tier reached, not for those skipped on the way. Who holds a lower tier again by the time that the job
runs gets nothing.
"""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.ids import first_id_since
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.coupons.granting import lock_active
from tenants.gifts.giving import Gift, coupons_of, give
from tenants.programme.versions import programme
from tenants.tiers.gifts import RUN_JOB, gives_gifts
from tenants.tiers.runs import ID_SLACK

BATCH: Final = 500
REASONS: Final = ("upgrade", "late", "manual", "merge")
"""Why a tier is reached. A tier that an import took over (`import`) was reached elsewhere, with its gift. New rules
(`programme_change`) count where a purchase or a schedule brought them about, not a publish by itself.
"""
_REACHED: Final = "(k.reason = ANY (${}::text[]) OR k.reason = 'programme_change' AND k.cause <> 'programme')"

_DECIDED: Final = f"""
SELECT k.id, coalesce(m.merged_into, m.id) AS holder_id, k.ladder, k.to_tier, k.to_rank, k.programme_version
  FROM decision k JOIN member m ON m.tenant_id = $1 AND m.id = k.member_id
 WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[]) AND k.to_rank > k.from_rank AND {_REACHED.format(3)}
 ORDER BY k.id"""
_MERGED: Final = (
    "SELECT EXISTS (SELECT FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND merged_into IS NOT NULL)"
)
_RANKS: Final = "SELECT member_id, ladder, rank FROM member_tier WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])"
_RUN: Final = "SELECT programme_version, started_at FROM recalculation WHERE tenant_id = $1 AND id = $2"
# Ids grow with time, so a batch reads on in the primary key from where the one before it ended.
_OF_RUN: Final = f"""
SELECT k.id FROM decision k
 WHERE k.tenant_id = $1 AND k.id > $2 AND k.cause_id = $3 AND k.to_rank > k.from_rank AND {_REACHED.format(4)}
   AND (k.ladder, k.to_tier) IN (SELECT * FROM unnest($5::text[], $6::text[]))
 ORDER BY k.id LIMIT $7"""


class MovedError(RuntimeError):
    """A member was merged before its lock was had: roll back and look again."""


async def upgrade(payload: dict[str, Any]) -> None:
    """The job of one decision, `{member_id, decision_id}`."""
    await give_for([UUID(payload["decision_id"])])


async def run(payload: dict[str, Any]) -> None:
    """The job of a batch of a recalculation's decisions, `{recalculation_id}`; queues the batch after it."""
    run_id = UUID(payload["recalculation_id"])
    ran = await connection().fetchrow(_RUN, current().tenant_id, run_id)
    if ran is None or ran["started_at"] is None:
        return
    rules = await programme(ran["programme_version"])
    giving = [(ladder.code, tier.code) for ladder in rules.ladders for tier in ladder.tiers if gives_gifts(tier)]
    after = UUID(payload["after"]) if "after" in payload else first_id_since(ran["started_at"] - ID_SLACK)
    rows = await connection().fetch(
        _OF_RUN,
        current().tenant_id,
        after,
        run_id,
        list(REASONS),
        [ladder for ladder, _ in giving],
        [tier for _, tier in giving],
        BATCH,
    )
    await give_for([row["id"] for row in rows])
    if len(rows) == BATCH:
        await enqueue(RUN_JOB, {**payload, "after": str(rows[-1]["id"])}, direct=True)


async def give_for(decision_ids: Collection[UUID]) -> None:
    """Gives what the tiers that these decisions gave have for who reaches them. Raises MovedError."""
    rows = await connection().fetch(_DECIDED, current().tenant_id, list(decision_ids), list(REASONS))
    gifts = [gift for row in rows if (gift := await _gift(row)).coupons]
    ranks = {row["id"]: row["to_rank"] for row in rows}
    holders = {gift.member_id for gift in gifts}
    if not holders:
        return
    locked = await lock_active(holders)
    if await connection().fetchval(_MERGED, current().tenant_id, list(holders)):
        raise MovedError
    standing = await connection().fetch(_RANKS, current().tenant_id, list(locked.members))
    held = {(row["member_id"], row["ladder"]): row["rank"] for row in standing}
    due = [gift for gift in gifts if held.get((gift.member_id, gift.ladder), 0) >= ranks[gift.source_id]]
    await give("upgrade", [gift for gift in due if gift.member_id in locked.members], locked)


async def _gift(row: asyncpg.Record) -> Gift:
    """By the rules of the decision."""
    ladder = (await programme(row["programme_version"])).ladder(row["ladder"])
    tier = None if ladder is None else ladder.tier(row["to_tier"])
    coupons = () if tier is None else coupons_of(tier, "upgrade")
    return Gift(row["holder_id"], row["ladder"], row["to_tier"], 0, coupons, row["id"])
