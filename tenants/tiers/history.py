"""Decisions as they were made."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, TypedDict, cast
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.versions import programme, version_at
from tenants.tiers.evaluate import Change


class DecisionOut(TypedDict):
    """A decision with its receipt: version, D, and each leaf's value."""

    id: UUID
    member_id: UUID
    ladder: str
    effective_at: datetime
    recorded_at: datetime
    from_tier: str
    to_tier: str
    reason: str
    valid_until: date | None
    day: date
    programme_version: int
    facts: dict[str, Any]
    cause: str
    cause_id: UUID


COLUMNS = (
    "id, member_id, ladder, effective_at, recorded_at, from_tier, to_tier, reason, valid_until, day,"
    " programme_version, facts, cause, cause_id"
)


# Ids grow with time: a rebuild that was asked for after the fact made its decisions again.
_REBUILT: Final = """
SELECT coalesce(m.merged_into, m.id) AS holder_id,
       coalesce((SELECT occurred_at FROM purchase WHERE tenant_id = $1 AND id = $3),
                (SELECT occurred_at FROM activity WHERE tenant_id = $1 AND id = $3),
                (SELECT occurred_at FROM top_up WHERE tenant_id = $1 AND id = $3)) AS occurred_at
  FROM member m
 WHERE m.tenant_id = $1 AND m.id = $2
   AND EXISTS (SELECT FROM recalculation r WHERE r.tenant_id = $1 AND r.id > $3 AND r.cause = 'rebuild'
                                             AND r.finished_at IS NOT NULL)"""
_UP_TO: Final = """
SELECT DISTINCT ON (ladder, cause_id = $4) ladder, id, to_tier, to_rank, reason, cause_id,
       first_value(from_tier) OVER (PARTITION BY ladder, cause_id = $4 ORDER BY seq) AS before
  FROM decision
 WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])
   AND (cause_id = $4 OR CASE WHEN $5::timestamptz IS NULL THEN seq <= $3
                              ELSE effective_at <= $5 AND reason <> 'late' END)
 ORDER BY ladder, cause_id = $4, seq DESC"""


def decision_out(row: asyncpg.Record, rules: Programme) -> DecisionOut:
    """As the caller may see it; `rules`: those in force."""
    return cast("DecisionOut", {**row, "facts": told(row["facts"], rules)})


def told(facts: dict[str, Any], rules: Programme) -> dict[str, Any]:
    """A decision's values as the caller may see them: without the means of what has become a health measurement since
    (rules that ask for one are refused), unless it has that right. `rules`: those in force.
    """
    if not rules.health_kinds or current().principal.may("health:read"):
        return facts
    return {key: value for key, value in facts.items() if not _of_health(key, rules)}


def _of_health(key: str, rules: Programme) -> bool:
    metric, _, kind = key.partition("/")[0].partition(":")
    return metric == "rating" and (not kind or kind in rules.health_kinds)


async def decisions_of(member_ids: Sequence[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """The decisions under these ids (a member's and those merged into it), the newest first, one more than `limit`
    where there are more.
    """
    return await connection().fetch(
        f"SELECT {COLUMNS} FROM unnest($2::uuid[]) AS u (of) CROSS JOIN LATERAL ("
        " SELECT * FROM decision AS f WHERE f.tenant_id = $1 AND f.member_id = u.of AND ($3::uuid IS NULL OR f.id < $3)"
        " ORDER BY f.id DESC LIMIT $4) AS k ORDER BY id DESC LIMIT $4",
        current().tenant_id,
        member_ids,
        before,
        limit + 1,
    )


async def changes_of_fact(
    member_id: UUID, seq: int, fact_id: UUID, version: int | None, recorded_at: datetime
) -> list[Change]:
    """Every ladder's tier before and after a recorded purchase or activity, from the decisions alone: those up to the
    member's number `seq`, and its own; behind a rebuild, which numbers them anew, those up to the fact's instant. The
    ladders are those of `version`, the rules that decided about it; of a fact that doesn't know its own, those in force
    when it was recorded.
    """
    rules = await programme(await version_at(recorded_at) if version is None else version)
    rebuilt = await connection().fetchrow(_REBUILT, current().tenant_id, member_id, fact_id)
    members, happened = [member_id], None
    if rebuilt is not None:
        members, happened = [member_id, rebuilt["holder_id"]], rebuilt["occurred_at"]
    rows = await connection().fetch(_UP_TO, current().tenant_id, members, seq, fact_id, happened)
    last = {row["ladder"]: row for row in rows}  # of a ladder's two, its own comes second
    return [_change(rules, ladder, last.get(ladder.code), fact_id) for ladder in rules.ladders]


def _change(rules: Programme, ladder: Ladder, last: asyncpg.Record | None, fact_id: UUID) -> Change:
    """A late fact decides twice on a ladder: as of the schedule that it missed, and as of its own instant."""
    if last is None:
        base = ladder.tiers[0].code
        return Change(ladder.code, base, base, None, None)
    if last["cause_id"] == fact_id:
        return Change(ladder.code, last["before"], last["to_tier"], last["reason"], last["id"])
    held = rules.present(ladder, last["to_tier"], last["to_rank"])
    code = last["to_tier"] if held is None else held.code
    return Change(ladder.code, code, code, None, None)
