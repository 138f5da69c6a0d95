"""Tasks as the branch sees them: what is due, whom to call, what was said last."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.paging import Page, decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.members.phones import mask_phone
from tenants.members.standing import standings
from tenants.members.whereabouts import united
from tenants.nightly import this_night
from tenants.programme.versions import current_programme
from tenants.tasks.bodies import TasksQuery
from tenants.tasks.rule import rules_named

# What was said last may have been about another rule: it is the same person who is called.
_SHOWN: Final = """
SELECT t.*, r.code, r.names, r.ladder, m.name, m.phone, m.joined_on, x.last_day, n.note, n.at AS noted_at
  FROM task t JOIN task_rule r ON r.tenant_id = $1 AND r.id = t.rule_id
  JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id
  LEFT JOIN member_total x ON x.tenant_id = $1 AND x.member_id = t.member_id
  LEFT JOIN LATERAL (
       SELECT a.note, a.at FROM task s JOIN task_act a ON a.tenant_id = $1 AND a.task_id = s.id AND a.note IS NOT NULL
        WHERE s.tenant_id = $1 AND s.member_id = t.member_id ORDER BY a.id DESC LIMIT 1) n ON true"""
READ: Final = f"{_SHOWN} WHERE t.tenant_id = $1 AND t.id = $2"
_ACTS: Final = """
SELECT a.kind, a.outcome, a.until, a.note, a.at, a.actor FROM task_act a WHERE a.tenant_id = $1 AND a.task_id = $2
 ORDER BY a.id"""
_IN_ORDER: Final = ("t.due_on, -t.value, t.id", "(t.due_on, -t.value, t.id) > ({}, {}, {})")
_NEWEST: Final = ("t.id DESC", "t.id < {}")
_POSTPONED: Final = "t.postponed_until > {}"
_UNFINISHED: Final = frozenset({"open", "postponed"})


@dataclass(slots=True)
class Where:
    """Conditions over `t` and their parameters, the tenant first."""

    values: list[Any]
    conditions: list[str] = field(default_factory=lambda: ["t.tenant_id = $1"])

    def add(self, condition: str, *values: Any) -> None:
        """`condition` has a `{}` for each value."""
        first = len(self.values) + 1
        self.values += values
        self.conditions.append(condition.format(*(f"${first + n}" for n in range(len(values)))))

    def sql(self) -> str:
        return " AND ".join(self.conditions)


async def tasks(query: TasksQuery, locale: str) -> Page:
    """A page. What is open: what is due first, of that the most valuable member first; else the newest first. A key of
    branches sees these branches' tasks alone.

    Raises DomainError `not-permitted` for another branch, `not-found` for a branch, rule or member that isn't there,
    `invalid-cursor`.
    """
    today = (await this_night()).today
    sql, values = await statement(query, today)
    rows = await connection().fetch(sql, *values)
    found = rows[: query.limit]
    data = await shown(found, locale, today)
    return {"data": data, "next_cursor": place_of(found[-1]) if len(rows) > query.limit else None}


async def statement(query: TasksQuery, today: date) -> tuple[str, list[Any]]:
    """The list's SQL and parameters; raises as `tasks`."""
    where = Where([current().tenant_id])
    unfinished = query.state in _UNFINISHED
    where.add("t.state = 'open'" if unfinished else f"t.state = '{query.state}'")
    if unfinished:
        postponed = _POSTPONED if query.state == "postponed" else f"({_POSTPONED}) IS NOT TRUE"
        where.add(postponed, today)
    await restrict(where, query.branch_id)
    if query.rule is not None:
        where.add("t.rule_id = ANY ({}::uuid[])", await rules_named(query.rule))
    if query.member_id is not None:
        where.add("t.member_id = {}", (await united(query.member_id))[0])
    if query.due_to is not None:
        where.add("t.due_on <= {}", query.due_to)
    if query.mine:
        where.add("t.acted_by = {}", current().principal.actor)
    order, behind = _IN_ORDER if unfinished else _NEWEST
    if query.cursor is not None:
        where.add(behind, *_after(query.cursor, unfinished=unfinished))
    # A page is found before anything is looked up for it.
    found = f"SELECT t.* FROM task t WHERE {where.sql()} ORDER BY {order} LIMIT {query.limit + 1}"
    return f"{_SHOWN.replace('FROM task t JOIN', f'FROM ({found}) t JOIN', 1)} ORDER BY {order}", where.values


async def restrict(where: Where, branch_id: UUID | str | None) -> None:
    """The branch that is asked for, as far as the caller may see it. Raises DomainError `not-permitted`,
    `not-found`.
    """
    principal = current().principal
    if branch_id is None:
        if principal.branch_ids is not None:
            where.add("t.branch_id = ANY ({}::uuid[])", sorted(principal.branch_ids))
        return
    if isinstance(branch_id, str):
        if principal.branch_ids is not None:
            raise DomainError("not-permitted")
        where.add("t.branch_id IS NULL")
        return
    if not principal.may_at(branch_id):
        raise DomainError("not-permitted")
    known = "SELECT 1 FROM branch WHERE tenant_id = $1 AND id = $2"
    if await connection().fetchval(known, current().tenant_id, branch_id) is None:
        raise DomainError("not-found")
    where.add("t.branch_id = {}", branch_id)


def place_of(row: asyncpg.Record) -> str:
    """The cursor behind it."""
    if row["state"] == "open":
        return encode_cursor(row["due_on"].isoformat(), -row["value"], row["id"])
    return encode_cursor(row["id"])


def _after(cursor: str, *, unfinished: bool) -> tuple[Any, ...]:
    if not unfinished:
        return decode_cursor(cursor, UUID) or ()
    due_on, value, task_id = decode_cursor(cursor, str, int, UUID) or ()
    try:
        return date.fromisoformat(due_on), value, task_id
    except ValueError:
        raise DomainError("invalid-cursor") from None


async def task(task_id: UUID, locale: str) -> dict[str, Any]:
    """One task with what was done with it. Raises DomainError `not-found`, `not-permitted` for another branch's."""
    row = await connection().fetchrow(READ, current().tenant_id, task_id)
    if row is None:
        raise DomainError("not-found")
    require_at(row["branch_id"])
    (data,) = await shown([row], locale, (await this_night()).today)
    acts = await connection().fetch(_ACTS, current().tenant_id, task_id)
    return {**data, "acts": [dict(act) for act in acts]}


def require_at(branch_id: UUID | None) -> None:
    """That the caller may see and end this branch's tasks; the chain's own list is for who is bound to no branch.
    Raises DomainError `not-permitted`.
    """
    principal = current().principal
    allowed = principal.branch_ids is None if branch_id is None else principal.may_at(branch_id)
    if not allowed:
        raise DomainError("not-permitted")


async def shown(rows: Sequence[asyncpg.Record], locale: str, today: date) -> list[dict[str, Any]]:
    """Tasks as JSON data; phones are masked."""
    held = await standings({row["member_id"]: row["joined_on"] for row in rows}, locale) if rows else {}
    main = (await current_programme()).main.code
    return [_shown(row, _tier(held[row["member_id"]], row["ladder"] or main), today) for row in rows]


def _tier(held: dict[str, dict[str, Any]], ladder: str) -> dict[str, Any] | None:
    return held.get(ladder)


def _shown(row: asyncpg.Record, tier: dict[str, Any] | None, today: date) -> dict[str, Any]:
    last: date | None = row["last_day"]
    is_open = row["state"] == "open"
    waits = is_open and row["postponed_until"] is not None and row["postponed_until"] > today
    return {
        "id": row["id"],
        "rule": {"id": row["rule_id"], "code": row["code"], "names": row["names"]},
        "state": "postponed" if waits else row["state"],
        "branch_id": row["branch_id"],
        "campaign_id": row["campaign_id"],
        "member": {"id": row["member_id"], "name": row["name"], "phone": mask_phone(row["phone"]) or None},
        "tier": tier,
        "value": row["value"],
        "last_purchase_on": last,
        "days_since_purchase": None if last is None else max(0, (today - last).days),
        "visited": last is not None and last >= row["made_on"],
        "made_on": row["made_on"],
        "due_on": row["due_on"],
        "late": is_open and row["due_on"] < today,
        "postponed_until": row["postponed_until"],
        "postponements": row["postponements"],
        "outcome": row["outcome"],
        "ended_at": row["ended_at"],
        "ended_by": row["ended_by"],
        "last_note": None if row["note"] is None else {"text": row["note"], "at": row["noted_at"]},
    }
