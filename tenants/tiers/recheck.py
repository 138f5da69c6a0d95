"""Tiers that a refund has put in question, until the decision that gave them was made anew."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.document import Ladder
from tenants.programme.schedule import next_schedule_day, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day

_MARK = """
INSERT INTO tier_recheck AS r (tenant_id, member_id, ladder, due_at, refund_id)
SELECT $1, s.member_id, s.ladder, x.due_at, $5
  FROM unnest($3::text[], $4::timestamptz[]) x (ladder, due_at)
  JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = $2 AND s.ladder = x.ladder AND s.rank > 0
ON CONFLICT DO NOTHING"""


async def mark_recheck(member_id: UUID, refund_id: UUID, version: int, recorded_at: datetime, timezone: str) -> None:
    """Marks every tier above the base that the member holds for its ladder's recheck; nothing is decided now.

    The caller holds the member's lock. A mark that waits already stays as it is: it looks at every refund until then.
    """
    rules = await programme(version)
    zone = ZoneInfo(timezone)
    await connection().execute(
        _MARK,
        current().tenant_id,
        member_id,
        [ladder.code for ladder in rules.ladders],
        [recheck_due(ladder, recorded_at, zone) for ladder in rules.ladders],
        refund_id,
    )


def recheck_due(ladder: Ladder, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the recheck of what was refunded at `after`: a local midnight."""
    today = local_day(after, zone)
    if ladder.policy.refund_recheck == "end_of_day":
        return schedule_instant(today + ONE_DAY, zone)
    return schedule_instant(next_schedule_day(ladder.policy.schedule, today), zone)
