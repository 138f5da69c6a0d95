"""Evaluates one member, after a fact of its own."""

from collections.abc import Iterable, Mapping
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
from tenants.tiers.deciding import Way, statement_for
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


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller knows of a fact. `first_under`: new rules have still to move the member, with this purchase
    (`retargeting.FIRST_UNDER`). `awaited` False: no running campaign waits for a tier reached.
    """

    awaited: bool = True
    first_under: bool = False


def immediate_ladders(rules: Programme) -> tuple[int, ...]:
    """The ladders that a fact evaluates."""
    return tuple(j for j, ladder in enumerate(rules.ladders) if ladder.policy.upgrade == "immediate")


_NOTHING: Final = Known()


async def evaluate_fact(
    member_id: UUID,
    version: int,
    recorded_at: datetime,
    timezone: str,
    cause: Cause,
    cause_id: UUID,
    local_day: date | None,
    *,
    known: Known = _NOTHING,
) -> list[Change]:
    """Decides after a fact of a member whose lock the caller holds; every ladder of the programme is answered.

    `local_day` is the fact's own: one that belongs before a ladder's last schedule repeats that schedule's decision.
    None: no such day. Then the `immediate` ladders are evaluated at `recorded_at`. A purchase that is
    `first_under` new rules gives the member its tier on all ladders, both ways.
    """
    rules, zone, tenant_id = await programme(version), ZoneInfo(timezone), current().tenant_id
    late: list[asyncpg.Record] = []
    if local_day is not None:
        late = await repeat_for_fact(member_id, rules, recorded_at, zone, cause, cause_id, local_day)
    moment = moment_of(recorded_at, zone, firing=False, recorded_at=recorded_at, cause=cause, cause_id=cause_id)
    ladders = tuple(range(len(rules.ladders))) if known.first_under else immediate_ladders(rules)
    statement = statement_for(tenant_id, rules, ladders, Ids.ONE, retarget=ladders if known.first_under else ())
    rows = await connection().fetch(statement.sql, *statement.arguments(tenant_id, (member_id,), moment))
    repeated = {row["ladder"]: row for row in late}
    changes = [_change(rules, row, repeated.get(row["ladder"])) for row in rows]
    if known.awaited:
        await _tell_raised(changes)
    for one in changes:
        await reached(rules, member_id, one.ladder, one.before, one.after, one.decision_id)
    return changes


async def evaluate_at_once(
    causes: Mapping[UUID, UUID], version: int, recorded_at: datetime, timezone: str, cause: Cause, *, awaited: bool
) -> dict[UUID, list[Change]]:
    """The same for facts of many members (each member's cause) that were recorded at one instant, belong before no
    schedule and are nobody's first under new rules. `awaited`: see `Known`.
    """
    rules, zone, tenant_id = await programme(version), ZoneInfo(timezone), current().tenant_id
    moment = moment_of(recorded_at, zone, firing=False, recorded_at=recorded_at, cause=cause, cause_id=tenant_id)
    ladders = immediate_ladders(rules)
    statement = statement_for(tenant_id, rules, ladders, Ids.SOME, Way.AT_ONCE)
    given = [{"id": str(member_id), "cause_id": str(cause_id)} for member_id, cause_id in causes.items()]
    found: dict[UUID, list[Change]] = {member_id: [] for member_id in causes}
    for row in await connection().fetch(
        statement.sql, *statement.arguments(tenant_id, (sorted(causes),), moment, *([given] if ladders else []))
    ):
        change = _change(rules, row, None)
        found[row["member_id"]].append(change)
        await reached(rules, row["member_id"], change.ladder, change.before, change.after, change.decision_id)
    for changes in found.values() if awaited else ():
        await _tell_raised(changes)
    return found


async def _tell_raised(changes: Iterable[Change]) -> None:
    raised = [str(change.decision_id) for change in changes if change.reason in _RAISING]
    if raised:
        await fire("tier_reached", {"decision_ids": raised})


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
