"""A list of tasks as a table, to be printed or opened beside the telephone."""

from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg

from saas.csv_text import csv_text
from saas.errors import Language
from saas.principal import Principal
from saas.scope import connection, tenant_scope
from tenants.audit.record import record
from tenants.nightly import this_night
from tenants.programme.strict import Names
from tenants.tasks.bodies import TasksCsvQuery, TasksQuery
from tenants.tasks.listing import place_of, shown, statement

_HEAD: Final = (
    *("task_id", "rule", "rule_name", "state", "due_on", "late", "branch", "member_id", "name", "phone", "card_no"),
    *("tier", "value", "last_purchase_on", "days_since_purchase", "visited", "outcome", "last_note"),
)
_PAGE: Final = 200
_BESIDE: Final = """
SELECT t.id, m.card_no, b.code AS branch FROM task t JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id
  LEFT JOIN branch b ON b.tenant_id = $1 AND b.id = t.branch_id
 WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])"""


async def begin_csv(principal: Principal, query: TasksCsvQuery, language: Language) -> AsyncIterator[bytes]:
    """The table's first page is read, and kept in the audit log that it was asked for, before the answer begins.

    Raises as `tenants.tasks.listing.tasks`.
    """
    if principal.tenant_id is None:
        raise RuntimeError("a key without its tenant")
    async with tenant_scope(principal.tenant_id, principal=principal):
        text, cursor = await _page(query, language, None)
        await record("tasks.export", None, query.model_dump(mode="json", exclude_none=True))
    return _rest(principal, query, language, csv_text([_HEAD]) + text, cursor)


async def _rest(
    principal: Principal, query: TasksCsvQuery, language: Language, text: str, cursor: str | None
) -> AsyncIterator[bytes]:
    """Each page in a short scope of its own: its reader may take longer than a transaction should last."""
    yield text.encode()
    while cursor is not None and principal.tenant_id is not None:
        async with tenant_scope(principal.tenant_id, principal=principal):
            text, cursor = await _page(query, language, cursor)
        yield text.encode()


async def _page(query: TasksCsvQuery, language: Language, cursor: str | None) -> tuple[str, str | None]:
    """Rows without a head, and where the next page begins."""
    today = (await this_night()).today
    asked = TasksQuery(**query.model_dump(), limit=_PAGE, cursor=cursor)
    sql, values = await statement(asked, today)
    found = await connection().fetch(sql, *values)
    rows, more = found[:_PAGE], len(found) > _PAGE
    tasks = await shown(rows, language, today)
    beside = {row["id"]: row for row in await connection().fetch(_BESIDE, values[0], [row["id"] for row in rows])}
    cells = [_cells(task, row["phone"], beside[row["id"]], language) for task, row in zip(tasks, rows, strict=True)]
    return csv_text(cells).removeprefix("\ufeff"), place_of(rows[-1]) if more else None


def _cells(
    task: dict[str, Any], phone: str | None, beside: asyncpg.Record, language: Language
) -> list[str | int | None]:
    member, tier, note, last = task["member"], task["tier"], task["last_note"], task["last_purchase_on"]
    return [
        str(task["id"]),
        task["rule"]["code"],
        Names.model_validate(task["rule"]["names"]).get(language),
        task["state"],
        task["due_on"].isoformat(),
        _yes(task["late"]),
        beside["branch"],
        str(member["id"]),
        member["name"],
        phone,
        beside["card_no"],
        None if tier is None else tier["name"],
        task["value"],
        None if last is None else last.isoformat(),
        task["days_since_purchase"],
        _yes(task["visited"]),
        task["outcome"],
        None if note is None else note["text"],
    ]


def _yes(value: bool) -> str:
    return "true" if value else "false"
