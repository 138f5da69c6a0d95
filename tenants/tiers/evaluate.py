"""Evaluates members: one, after a fact of its own."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import Cause, moment_of
from tenants.programme.versions import programme
from tenants.tiers.deciding import statement_for


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
    local_day: date | None,  # noqa: ARG001  # read once late facts repeat a schedule
) -> list[Change]:
    """Decides after a fact of a member whose lock the caller holds; every ladder of the programme is answered.

    `local_day` is the fact's own: one that belongs before a ladder's last schedule repeats that schedule's decision.
    None: no such day. Then the `immediate` ladders are evaluated at `recorded_at`.
    """
    rules = await programme(version)
    ladders = immediate_ladders(rules)
    moment = moment_of(
        recorded_at,
        ZoneInfo(timezone),
        firing=False,
        recorded_at=recorded_at,
        cause=cause,
        cause_id=cause_id,
    )
    tenant_id = current().tenant_id
    statement = statement_for(tenant_id, rules, ladders, Ids.ONE)
    rows = await connection().fetch(statement.sql, *statement.arguments(tenant_id, (member_id,), moment))
    return [
        Change(
            rules.ladders[row["ladder"]].code,
            row["from_tier"],
            row["to_tier"],
            row["reason"],
            row["decision_id"],
        )
        for row in rows
    ]
