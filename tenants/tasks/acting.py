"""What staff do with a task: it is done, it waits, it is skipped. Each act is kept."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, Word
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.nightly import this_night
from tenants.tasks.listing import require_at
from tenants.trading import require_trading

LONGEST: Final = timedelta(days=366)
SILENCE: Final = timedelta(days=90)
"""For so long who declined isn't listed again by the same rule."""

_LOCK: Final = """
SELECT t.*, r.code FROM task t JOIN task_rule r ON r.tenant_id = $1 AND r.id = t.rule_id
 WHERE t.tenant_id = $1 AND t.id = $2 FOR NO KEY UPDATE OF t"""
_LAST: Final = """
SELECT a.kind, a.outcome, a.until, a.note, a.actor FROM task_act a WHERE a.tenant_id = $1 AND a.task_id = $2
 ORDER BY a.id DESC LIMIT 1"""
_ACT: Final = """
INSERT INTO task_act AS a (tenant_id, task_id, kind, outcome, until, note, at, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_END: Final = """
UPDATE task AS t SET state = $3, outcome = $4, ended_at = $5, ended_on = $6, ended_by = $7, acted_by = $7,
       rests_from = $6, not_before = coalesce($8, t.not_before)
 WHERE t.tenant_id = $1 AND t.id = $2"""
_WAIT: Final = """
UPDATE task AS t SET due_on = $3, postponed_until = $3, postponements = t.postponements + 1, acted_by = $4
 WHERE t.tenant_id = $1 AND t.id = $2"""


@dataclass(frozen=True, slots=True)
class Act:
    """`outcome` of what is done, `until` of what waits."""

    kind: Literal["done", "postpone", "skip"]
    note: str | None
    outcome: str | None = None
    until: date | None = None


async def act(task_id: UUID, what: Act) -> None:
    """Does it. The same again by the same person changes nothing.

    Raises DomainError `not-found`, `not-permitted` (another branch's task), `task-not-open` {state}, `tenant-closed`,
    and `validation-failed` at `/until` for a day that isn't within the next year.
    """
    row = await connection().fetchrow(_LOCK, current().tenant_id, task_id)
    if row is None:
        raise DomainError("not-found")
    require_at(row["branch_id"])
    await require_trading()
    if await _repeated(row, what):
        return
    if row["state"] != "open":
        raise DomainError("task-not-open", params={"state": Word(row["state"])})
    now = await this_night()
    actor = current().principal.actor
    if what.until is not None:
        _require_soon(what.until, now.today)
        await connection().execute(_WAIT, current().tenant_id, task_id, what.until, actor)
    else:
        silent = now.today + SILENCE if what.outcome == "declined" else None
        state = "done" if what.kind == "done" else "skipped"
        ended = (state, what.outcome, now.now, now.today, actor, silent)
        await connection().execute(_END, current().tenant_id, task_id, *ended)
    kept = (what.kind, what.outcome, what.until, what.note, now.now, actor)
    await connection().execute(_ACT, current().tenant_id, task_id, *kept)
    await record(f"task.{what.kind}", f"task:{task_id}", _detail(row, what))


async def _repeated(row: asyncpg.Record, what: Act) -> bool:
    last = await connection().fetchrow(_LAST, current().tenant_id, row["id"])
    if last is None:
        return False
    asked = (what.kind, what.outcome, what.until, what.note, current().principal.actor)
    return tuple(last) == asked


def _require_soon(until: date, today: date) -> None:
    if until <= today:
        raise DomainError("validation-failed", errors=[FieldError("/until", "not-greater", {"min": str(today)})])
    if until > today + LONGEST:
        last = str(today + LONGEST)
        raise DomainError("validation-failed", errors=[FieldError("/until", "too-late", {"max": last})])


def _detail(row: asyncpg.Record, what: Act) -> dict[str, Any]:
    """For the audit log: no words about the member."""
    detail = {"rule": row["code"], "outcome": what.outcome, "until": None if what.until is None else str(what.until)}
    return {name: value for name, value in detail.items() if value is not None}
