"""Evaluates one member, after a fact of its own."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import Cause, moment_of
from tenants.programme.versions import programme
from tenants.tiers.deciding import statement_for
from tenants.tiers.gifts import reached
from tenants.tiers.late import repeat_for_fact
from tenants.triggers import fire


@dataclass(frozen=True, slots=True)
class Change:
    """A ladder's tier (codes) before and after a fact; `reason` and `decision_id` where they differ or renew."""

    ladder: str
    before: str
    after: str
    reason: str | None
    decision_id: UUID | None


def immediate_ladders(rules: Programme) -> tuple[int, ...]:
    """The ladders that a fact evaluates."""
    return tuple(j for j, ladder in enumerate(rules.ladders) if ladder.policy.upgrade == "immediate")


async def evaluate_fact(
    member_id: UUID,
    version: int,
    recorded_at: datetime,
    timezone: str,
    cause: Cause,
    cause_id: UUID,
    local_day: date | None,
    *,
    awaited: bool = True,
) -> list[Change]:
    """Decides after a fact of a member whose lock the caller holds; every ladder of the programme is answered.

    `local_day` is the fact's own: one that belongs before a ladder's last schedule repeats that schedule's decision.
    None: no such day. Then the `immediate` ladders are evaluated at `recorded_at`; at a member's first purchase under
    rules that were published for it (`next_purchase`) all of them give it its tier, both ways. `awaited` False: the
    caller knows that no running campaign waits for a tier reached.
    """
    rules, zone, tenant_id = await programme(version), ZoneInfo(timezone), current().tenant_id
    late: list[asyncpg.Record] = []
    if local_day is not None:
        late = await repeat_for_fact(member_id, rules, recorded_at, zone, cause, cause_id, local_day)
    moment = moment_of(recorded_at, zone, firing=False, recorded_at=recorded_at, cause=cause, cause_id=cause_id)
    ladders, moved = immediate_ladders(rules), False
    if cause == "purchase" and rules.published.transition == "next_purchase":
        moved = await _is_first_under(rules, member_id, cause_id)
    if moved:
        ladders = tuple(range(len(rules.ladders)))
    statement = statement_for(tenant_id, rules, ladders, Ids.ONE, retarget=ladders if moved else ())
    rows = await connection().fetch(statement.sql, *statement.arguments(tenant_id, (member_id,), moment))
    repeated = {row["ladder"]: row for row in late}
    changes = [_change(rules, row, repeated.get(row["ladder"])) for row in rows]
    raised = [str(change.decision_id) for change in changes if change.reason in _RAISING]
    if raised and awaited:
        await fire("tier_reached", {"decision_ids": raised})
    for one in changes:
        await reached(rules, member_id, one.ladder, one.before, one.after, one.decision_id)
    return changes


async def _is_first_under(rules: Programme, member_id: UUID, purchase_id: UUID) -> bool:
    """Whether new rules that move members at their next purchase have still to move this one."""
    found: bool = await connection().fetchval(
        _FIRST_UNDER, current().tenant_id, member_id, purchase_id, rules.version, rules.published.published_at
    )
    return found


# The last standing purchase before it tells: versions only grow. Who joined under the rules has nothing to pass over.
_FIRST_UNDER: Final = """
SELECT m.created_at < $5 AND coalesce((
         SELECT p.programme_version < $4 FROM purchase p
          WHERE p.tenant_id = $1 AND p.member_id = $2 AND p.id < $3 AND p.source = 'api'
            AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)
          ORDER BY p.id DESC LIMIT 1), true)
  FROM member m WHERE m.tenant_id = $1 AND m.id = $2"""
_RAISING: Final = {"upgrade", "late", "programme_change"}
"""Reasons that may raise: whoever listens looks at the ranks."""


def _change(rules: Programme, row: asyncpg.Record, late: asyncpg.Record | None) -> Change:
    """What a fact did to a ladder, first as a late one and then as of now."""
    last = late if late is not None and row["decision_id"] is None else row
    return Change(
        rules.ladders[row["ladder"]].code,
        (late or row)["from_tier"],
        row["to_tier"],
        last["reason"],
        last["decision_id"],
    )
