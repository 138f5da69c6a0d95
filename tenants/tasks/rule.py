"""The rules of tasks: with whom, how often; kept for as long as there are tasks of them, so for ever."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.programme.versions import current_programme
from tenants.segments.segment import condition_named
from tenants.tasks.bodies import DUE_DAYS, NewRule, RuleChange
from tenants.tasks.document import Task
from tenants.trading import require_trading

DROP_JOB: Final = "tasks.drop"
WALK_JOB: Final = "tasks.walk"
"""Payload: `rule_id`; makes the rule's list as it is now (`tenants.tasks.jobs`)."""
REMAKE_JOB: Final = "tasks.remake"
"""Payload: `rule_id`, or none for every rule; the same once the ladders have decided."""

_SHOWN: Final = (
    "r.id, r.code, r.names, r.ladder, r.tiers, r.segment, r.every, r.due_days, r.visit_settles, r.source, r.created_at,"
    " r.ended_at"
)
_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant t WHERE t.tenant_id = $1)"
_PUT: Final = f"""
INSERT INTO task_rule AS r (tenant_id, code, names, ladder, tiers, segment, every, due_days, visit_settles, source,
                            created_at)
SELECT $1, n.code, n.names, n.ladder, n.tiers, n.segment, n.every, n.due_days, n.visit_settles, $3, {_NOW}
  FROM jsonb_to_recordset($2) AS n (code text, names jsonb, ladder text, tiers text[], segment text, every jsonb,
                                    due_days integer, visit_settles boolean)
ON CONFLICT DO NOTHING RETURNING {_SHOWN}"""
_LIST: Final = f"""
SELECT {_SHOWN} FROM task_rule AS r WHERE r.tenant_id = $1 AND r.id > $2 AND (r.ended_at IS NOT NULL) = $3
 ORDER BY r.id LIMIT $4"""
_READ: Final = f"SELECT {_SHOWN} FROM task_rule AS r WHERE r.tenant_id = $1 AND r.id = $2"
_NAMED: Final = "SELECT r.id FROM task_rule AS r WHERE r.tenant_id = $1 AND (r.code = $2 OR r.id::text = $2)"
_CHANGE: Final = f"""
UPDATE task_rule AS r SET names = coalesce($3, r.names), every = coalesce($4, r.every),
       due_days = coalesce($5, r.due_days), visit_settles = coalesce($6, r.visit_settles)
 WHERE r.tenant_id = $1 AND r.id = $2 AND r.ended_at IS NULL RETURNING {_SHOWN}"""
_END: Final = f"""
UPDATE task_rule AS r SET ended_at = {_NOW} WHERE r.tenant_id = $1 AND r.id = $2 AND r.ended_at IS NULL
RETURNING r.code"""
_BEGINNING: Final = UUID(int=0)


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """A rule as JSON data."""
    return {**dict(row), "tiers": row["tiers"] or []}


async def install_rules(tasks: Sequence[Task]) -> None:
    """Keeps a template's rules as the current tenant's own to change; it has none of these codes yet."""
    rules = [{**task.model_dump(mode="json"), "due_days": DUE_DAYS, "visit_settles": False} for task in tasks]
    await _put(rules, "template")


async def make_rule(new: NewRule) -> dict[str, Any]:
    """A new rule; its first tasks are made by a job at once. Raises DomainError `tenant-closed`,
    `code-taken`, `validation-failed` for a ladder, tier or segment that isn't there.
    """
    await require_trading()
    await _require_known(new)
    rows = await _put([new.model_dump(mode="json")], "tenant")
    if not rows:
        raise DomainError("code-taken", errors=[FieldError("/code", "duplicate")])
    await record("task_rule.create", f"task_rule:{rows[0]['id']}", {"code": new.code})
    await enqueue(REMAKE_JOB, {"rule_id": str(rows[0]["id"])})
    return shown(rows[0])


async def _put(rules: Sequence[dict[str, Any]], source: str) -> list[asyncpg.Record]:
    data = [{**rule, "tiers": rule["tiers"] or None} for rule in rules]
    return await connection().fetch(_PUT, current().tenant_id, data, source)


async def rules(after: UUID | None, count: int, *, ended: bool) -> list[asyncpg.Record]:
    """Up to `count` rules in the order they were made, behind `after`: those in force, or those that have ended."""
    return await connection().fetch(_LIST, current().tenant_id, after or _BEGINNING, ended, count)


async def rule(rule_id: UUID, lock: str = "") -> asyncpg.Record:
    """One rule's row; `lock` is an SQL locking clause of ours. Raises DomainError `not-found`."""
    row = await connection().fetchrow(f"{_READ} {lock}", current().tenant_id, rule_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def rules_named(name: str) -> list[UUID]:
    """The ids of the rules with this code, ended ones too, or of the one with this id. Raises DomainError
    `not-found`.
    """
    rows = await connection().fetch(_NAMED, current().tenant_id, name)
    if not rows:
        raise DomainError("not-found")
    return [row["id"] for row in rows]


async def change_rule(rule_id: UUID, change: RuleChange) -> dict[str, Any]:
    """Changes what is given; open tasks keep the day on which they are due, and who is due by now is listed at once, by
    a job. Raises DomainError `tenant-closed`, `not-found`, `task-rule-ended`.
    """
    await require_trading()
    row = await connection().fetchrow(
        _CHANGE,
        current().tenant_id,
        rule_id,
        None if change.names is None else change.names.model_dump(mode="json"),
        None if change.every is None else change.every.model_dump(mode="json"),
        change.due_days,
        change.visit_settles,
    )
    if row is None:
        ended = await rule(rule_id)
        raise DomainError("task-rule-ended", params={"code": ended["code"]})
    detail = {"code": row["code"], "changed": sorted(change.model_fields_set)}
    await record("task_rule.change", f"task_rule:{rule_id}", detail)
    if not change.model_fields_set <= {"names"}:
        await enqueue(REMAKE_JOB, {"rule_id": str(rule_id)})
    return shown(row)


async def end_rule(rule_id: UUID) -> None:
    """No more tasks of it; the open ones are dropped by a job, what was done stays. Ending it again changes nothing.
    Raises DomainError `tenant-closed`, `not-found`.
    """
    await require_trading()
    code = await connection().fetchval(_END, current().tenant_id, rule_id)
    if code is None:
        await rule(rule_id)
        return
    await enqueue(DROP_JOB, {"rule_id": str(rule_id)})
    await record("task_rule.end", f"task_rule:{rule_id}", {"code": code})


async def _require_known(new: NewRule) -> None:
    if new.segment is not None:
        if await condition_named(new.segment) is None:
            raise DomainError("validation-failed", errors=[FieldError("/segment", "unknown-segment")])
        return
    ladder = (await current_programme()).ladder(new.ladder or "")
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError("/ladder", "unknown-ladder")])
    errors = [
        FieldError(f"/tiers/{n}", "unknown-tier") for n, code in enumerate(new.tiers) if ladder.tier(code) is None
    ]
    if errors:
        raise DomainError("validation-failed", errors=errors)
