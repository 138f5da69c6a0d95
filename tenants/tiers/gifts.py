"""Tells those who give gifts what was decided about tiers; `tenants.gifts` does the rest, in jobs of its own.

Nothing is queued where no gift hangs on a decision.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.programme.benefits import Gift
from tenants.programme.document import Programme, Tier
from tenants.programme.versions import programme

UPGRADE_JOB: Final = "gifts.upgrade"  # {member_id, decision_id}
RUN_JOB: Final = "gifts.run"  # {recalculation_id}
TAKE_BACK_JOB: Final = "gifts.take_back"  # {decision_ids}

_MOST: Final = 500  # decisions a job
# Whose gift of a tier that the decision took away is still there, or what a campaign gave for reaching it; a merged
# record's is its survivor's.
_AT_STAKE: Final = """
SELECT k.id FROM decision k
 WHERE k.tenant_id = $1 AND k.id = ANY ($2::uuid[])
   AND EXISTS (SELECT FROM member u WHERE u.tenant_id = $1 AND (u.id = k.member_id OR u.merged_into = k.member_id)
                  AND (EXISTS (SELECT FROM gift g WHERE g.tenant_id = $1 AND g.member_id = u.id
                                  AND g.occasion = 'upgrade' AND g.ladder = k.ladder AND g.taken_back_by IS NULL)
                    OR EXISTS (SELECT FROM campaign_share s
                                 JOIN decision d ON d.tenant_id = $1 AND d.id = s.source_id
                                WHERE s.tenant_id = $1 AND s.member_id = u.id AND d.ladder = k.ladder)))
 ORDER BY k.id"""


def gives_gifts(tier: Tier) -> bool:
    """Whether whoever reaches the tier gets something."""
    return any(isinstance(benefit, Gift) and benefit.occasion == "upgrade" for benefit in tier.benefits)


async def reached(
    rules: Programme, member_id: UUID, ladder: str, before: str, after: str, decision_id: UUID | None
) -> None:
    """To be told of what was decided about one member: ladder and tiers by their codes."""
    found = rules.ladder(ladder)
    tier = None if found is None else found.tier(after)
    if found is None or tier is None or decision_id is None or not gives_gifts(tier):
        return
    was = found.tier(before)
    if was is None or was.rank < tier.rank:
        await enqueue(UPGRADE_JOB, {"member_id": str(member_id), "decision_id": str(decision_id)})


async def run_ended(run: asyncpg.Record) -> None:
    """To be told of a recalculation that has ended, also before its time. A rebuild tells history again: what was
    reached then was reached then; and nobody has reached what a publish gives by itself.
    """
    if run["cause"] in {"rebuild", "programme"} or not run["upgraded"]:
        return
    rules = await programme(run["programme_version"])
    if any(gives_gifts(tier) for ladder in rules.ladders if ladder.code in run["ladders"] for tier in ladder.tiers):
        await enqueue(RUN_JOB, {"recalculation_id": str(run["id"])})


async def lowered(decision_ids: Sequence[UUID]) -> None:
    """To be told of decisions by which a refund or an undo took tiers away."""
    if not decision_ids:
        return
    rows = await connection().fetch(_AT_STAKE, current().tenant_id, list(decision_ids))
    found = [str(row["id"]) for row in rows]
    for n in range(0, len(found), _MOST):
        await enqueue(TAKE_BACK_JOB, {"decision_ids": found[n : n + _MOST]})
