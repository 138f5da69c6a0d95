"""Reads an export back into a new chain: the same rows under another tenant's id, in one transaction.

Ids stay, so that what points at what is as it was; each row's key begins with the tenant. Where it fails nothing is
left of it. Rows stream through a temporary table, since COPY can't write where row security is forced, and from there
by one statement a table, those that others point at first.
"""

from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Any, Final

import asyncpg

from saas.plans.catalogue import TRIAL, TRIAL_DAYS
from saas.scope import connection, current
from tenants.exports.source import Source, UnreadableExportError
from tenants.exports.tables import Table, exported_tables, quoted
from tenants.programme.document import Programme
from tenants.tiers.recalculate import start_next

_SECONDS: Final = 7200.0
_OWN: Final = "tenant"
_INCOMING: Final = "CREATE TEMP TABLE incoming (line jsonb NOT NULL) ON COMMIT DROP"
_FILL: Final = (
    "INSERT INTO {table} AS t (tenant_id, {columns}) SELECT $1, {values}"
    " FROM incoming AS i CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, i.line) AS r"
)
# Their text, and to whom they went, was sealed by the keys of the installation that they come from.
_UNSENT: Final = {
    ("message", "state"): "CASE r.state WHEN 'queued' THEN 'failed' ELSE r.state END",
    ("message", "error"): "CASE r.state WHEN 'queued' THEN 'not carried over' ELSE r.error END",
}
_FOUND: Final = (
    "INSERT INTO tenant AS t (tenant_id, slug, status, plan, trial_ends_at, {columns})"
    " SELECT $1, $2, 'trialing', $3, clock_timestamp() + $4::interval, {values}"
    " FROM jsonb_populate_record(NULL::tenant, $5) AS r"
)


async def restore(source: Source, slug: str) -> dict[str, int]:
    """Everything into the current scope's tenant, which must not exist yet: it is in trial from now on, under `slug`.
    Answers how many rows each table got. What was at work goes on; staff are as if invited, and log in nowhere.

    Raises UnreadableExportError, also for an export by a newer program.
    """
    tables = {table.name: table for table in await exported_tables()}
    _require_known(source, tables)
    await _found(source, tables.pop(_OWN), slug)
    await connection().execute(_INCOMING)
    counts = {_OWN: 1}
    for name in TopologicalSorter({name: table.needs for name, table in tables.items()}).static_order():
        if name in tables and name in source.columns:
            counts[name] = await _fill(source, tables[name])
    await _require_readable_rules()
    await start_next()
    return counts


def _require_known(source: Source, tables: dict[str, Table]) -> None:
    for name, columns in source.columns.items():
        if name not in tables:
            raise UnreadableExportError(f"it has a table {name!r}: it was written by a newer program")
        newer = sorted(set(columns) - set(tables[name].columns))
        if newer:
            raise UnreadableExportError(f"{name} has {', '.join(newer)}: it was written by a newer program")


async def _found(source: Source, table: Table, slug: str) -> None:
    """The tenant's own row."""
    rows = await source.all_of(table.name)
    if len(rows) != 1:
        raise UnreadableExportError("it has no chain, or more than one")
    columns, values = _names(source, table)
    trial = timedelta(days=TRIAL_DAYS)
    sql = _FOUND.format(columns=columns, values=values)
    await connection().execute(sql, current().tenant_id, slug, TRIAL, trial, rows[0])


async def _fill(source: Source, table: Table) -> int:
    columns, values = _names(source, table)
    sql = _FILL.format(table=quoted(table.name), columns=columns, values=values)
    try:
        # As it was written: characters to divide and to quote by that no JSON text has.
        await connection().copy_to_table(
            "incoming", source=source.rows(table.name), format="csv", delimiter="\x02", quote="\x01", timeout=_SECONDS
        )
        tag = await connection().execute(sql, current().tenant_id, timeout=_SECONDS)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise UnreadableExportError(f"{table.name}: {error.args[0] if error.args else type(error).__name__}") from None
    await connection().execute("TRUNCATE incoming")
    count = int(tag.rpartition(" ")[2])
    if count != source.expected(table.name):
        raise UnreadableExportError(
            f"{table.name}: {count} rows, not {source.expected(table.name)} as its manifest says"
        )
    return count


def _names(source: Source, table: Table) -> tuple[str, str]:
    """The columns that the file has of a table, and what each gets; what it doesn't have yet gets its default."""
    had = [name for name in table.columns if name in source.columns[table.name]]
    values = [_UNSENT.get((table.name, name), f"r.{quoted(name)}") for name in had]
    return ", ".join(map(quoted, had)), ", ".join(values)


async def _require_readable_rules() -> None:
    """Whoever reads the rules later must be able to."""
    sql = "SELECT version, document FROM programme_version WHERE tenant_id = $1 ORDER BY version"
    rows: list[Any] = await connection().fetch(sql, current().tenant_id)
    for row in rows:
        try:
            Programme.parse(row["document"])
        except ValueError as error:
            raise UnreadableExportError(f"version {row['version']} of its rules can't be read: {error}") from None
    if not rows:
        raise UnreadableExportError("it has no rules")
