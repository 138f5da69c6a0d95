"""What the branches did, and who came back: the members whose task was done beside those whose task was not.

That is a comparison and no proof: staff call whom they expect something of. A campaign's control group is one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.nightly import this_night
from tenants.shifts.span import span_of
from tenants.tasks.bodies import ReportQuery
from tenants.tasks.listing import Where, restrict
from tenants.tasks.rule import rules_named

WITHIN: Final = 14
"""Days in which a visit counts as a return."""

# A task that wasn't done in time: open still, skipped, ended by a visit or because its reason went, or done too late.
# It is looked at once its time is over and fourteen days have gone since it was made; a visit on the day counts.
_MADE: Final = f"""
SELECT t.rule_id, t.branch_id, count(*) AS made, count(*) FILTER (WHERE t.state = 'settled') AS settled,
       count(*) FILTER (WHERE t.state = 'dropped') AS dropped,
       count(*) FILTER (WHERE t.state = 'open' AND t.due_on < {{today}}) AS open_late,
       count(*) FILTER (WHERE missed) AS missed, count(*) FILTER (WHERE missed AND over) AS looked_at,
       count(*) FILTER (WHERE missed AND over AND EXISTS (
           SELECT FROM member_day d WHERE d.tenant_id = $1 AND d.member_id = t.member_id AND d.purchases > 0
              AND d.day >= t.made_on AND d.day < t.made_on + {WITHIN})) AS returned
  FROM task t CROSS JOIN LATERAL (
       SELECT t.due_on < {{today}} AND (t.state = 'done' AND t.ended_on <= t.due_on) IS NOT TRUE AS missed,
              t.made_on + {WITHIN} <= {{today}} AS over) o
 WHERE {{where}} AND t.made_at >= {{first}} AND t.made_at < {{end}}
 GROUP BY t.rule_id, t.branch_id"""
# Facts stay with the record that they were made for; counted is what was bought after the call and is still bought.
_ACTED: Final = f"""
SELECT t.rule_id, t.branch_id, a.actor, a.kind, a.outcome, count(*) AS acts,
       count(*) FILTER (WHERE a.kind = 'done' AND over) AS looked_at,
       count(*) FILTER (WHERE a.kind = 'done' AND over AND EXISTS (
           SELECT FROM (SELECT t.member_id AS id
                         UNION ALL
                        SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.merged_into = t.member_id) r
             JOIN purchase p ON p.tenant_id = $1 AND p.member_id = r.id
              AND p.local_day BETWEEN t.ended_on AND t.ended_on + {WITHIN}
             LEFT JOIN purchase_refunded f ON f.tenant_id = $1 AND f.purchase_id = p.id
            WHERE p.occurred_at > a.at AND p.occurred_at <= a.at + interval '{WITHIN} days'
              AND (p.amount = 0 OR p.amount > coalesce(f.refunded, 0))
              AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)))
       AS returned
  FROM task_act a JOIN task t ON t.tenant_id = $1 AND t.id = a.task_id
 CROSS JOIN LATERAL (SELECT a.at + interval '{WITHIN} days' <= {{now}} AS over) o
 WHERE a.tenant_id = $1 AND {{where}} AND a.at >= {{first}} AND a.at < {{end}}
 GROUP BY t.rule_id, t.branch_id, a.actor, a.kind, a.outcome"""
_RULES: Final = "SELECT id, code, names FROM task_rule WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id"
_BRANCHES: Final = "SELECT id, code, name FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY code"


@dataclass(slots=True)
class Return:
    """`tasks`, of these so many whose fourteen days are over (`looked_at`), of those so many who bought in them."""

    tasks: int = 0
    looked_at: int = 0
    returned: int = 0

    def add(self, tasks: int, row: asyncpg.Record) -> None:
        self.tasks += tasks
        self.looked_at += row["looked_at"]
        self.returned += row["returned"]

    def shown(self) -> dict[str, Any]:
        """As JSON data; `percent` of those looked at, rounded half up to hundredths; null of nobody."""
        share = None
        if self.looked_at:
            share = str((Decimal(100 * self.returned) / self.looked_at).quantize(Decimal("0.01"), ROUND_HALF_UP))
        return {"tasks": self.tasks, "looked_at": self.looked_at, "returned": self.returned, "percent": share}


@dataclass(slots=True)
class Sums:
    """What is counted of some tasks."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("made", "done", "skipped", "postponed", "settled", "dropped", "open_late"), 0
        )
    )
    outcomes: dict[str, int] = field(default_factory=dict)
    done: Return = field(default_factory=Return)
    not_done: Return = field(default_factory=Return)

    def add_made(self, row: asyncpg.Record) -> None:
        for name in ("made", "settled", "dropped", "open_late"):
            self.counts[name] += row[name]
        self.not_done.add(row["missed"], row)

    def add_acts(self, row: asyncpg.Record) -> None:
        self.counts[_COUNTED[row["kind"]]] += row["acts"]
        if row["kind"] == "done":
            self.outcomes[row["outcome"]] = self.outcomes.get(row["outcome"], 0) + row["acts"]
            self.done.add(row["acts"], row)

    def shown(self) -> dict[str, Any]:
        returns = {"done": self.done.shown(), "not_done": self.not_done.shown()}
        return {**self.counts, "outcomes": dict(sorted(self.outcomes.items())), "returns": returns}

    def shown_of_clerk(self) -> dict[str, Any]:
        """Nobody makes tasks, and nobody leaves one undone alone."""
        counts = {name: self.counts[name] for name in _COUNTED.values()}
        return {**counts, "outcomes": dict(sorted(self.outcomes.items())), "returns": {"done": self.done.shown()}}


_COUNTED: Final = {"done": "done", "skip": "skipped", "postpone": "postponed"}


async def report(query: ReportQuery) -> dict[str, Any]:
    """What was made and what was done in the span, as JSON data, by rule, branch and clerk; tasks count where they were
    made in it, acts where they were done in it.

    Raises DomainError `validation-failed` at `/from` or `/to`, `not-permitted`, `not-found`.
    """
    now = await this_night()
    span = span_of(query.first, query.last, now.zone)
    where = Where([current().tenant_id])
    await restrict(where, query.branch_id)
    if query.rule is not None:
        where.add("t.rule_id = ANY ({}::uuid[])", await rules_named(query.rule))
    count = len(where.values)
    names = {"first": f"${count + 1}", "end": f"${count + 2}", "where": where.sql()}
    between = [*where.values, span.first, span.end]
    made = await _rows(_MADE.format(**names, today=f"${count + 3}::date"), *between, now.today)
    acted = await _rows(_ACTED.format(**names, now=f"${count + 3}::timestamptz"), *between, now.now)
    total = Sums()
    for row in made:
        total.add_made(row)
    for row in acted:
        total.add_acts(row)
    return {
        "from": span.first,
        "to": span.end,
        "within_days": WITHIN,
        "comparison": "observed",
        "totals": total.shown(),
        "rules": await _rules(made, acted),
        "branches": await _branches(made, acted),
        "clerks": _clerks(acted),
    }


async def _rows(sql: str, *values: Any) -> list[asyncpg.Record]:
    return await connection().fetch(sql, *values, timeout=60)


def _grouped(
    made: Iterable[asyncpg.Record], acted: Iterable[asyncpg.Record], of: Callable[[asyncpg.Record], Any]
) -> dict[Any, Sums]:
    found: dict[Any, Sums] = {}
    for row in made:
        found.setdefault(of(row), Sums()).add_made(row)
    for row in acted:
        found.setdefault(of(row), Sums()).add_acts(row)
    return found


async def _rules(made: list[asyncpg.Record], acted: list[asyncpg.Record]) -> list[dict[str, Any]]:
    found = _grouped(made, acted, lambda row: row["rule_id"])
    rows = await connection().fetch(_RULES, current().tenant_id, list(found))
    return [{"rule": dict(row), **found[row["id"]].shown()} for row in rows]


async def _branches(made: list[asyncpg.Record], acted: list[asyncpg.Record]) -> list[dict[str, Any]]:
    """Of the members without a branch last, with `branch` null."""
    found: dict[UUID | None, Sums] = _grouped(made, acted, lambda row: row["branch_id"])
    ids = [branch_id for branch_id in found if branch_id is not None]
    rows = await connection().fetch(_BRANCHES, current().tenant_id, ids)
    shown = [{"branch": dict(row), **found[row["id"]].shown()} for row in rows]
    return [*shown, *({"branch": None, **sums.shown()} for branch_id, sums in found.items() if branch_id is None)]


def _clerks(acted: list[asyncpg.Record]) -> list[dict[str, Any]]:
    found = _grouped((), acted, lambda row: row["actor"])
    return [{"clerk": clerk, **found[clerk].shown_of_clerk()} for clerk in sorted(found)]
