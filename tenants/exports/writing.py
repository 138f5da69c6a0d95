"""Writes a chain's export: every row of it as of one instant, a piece at a time.

One repeatable read over all tables: what it reads fits together whatever the tills do meanwhile, and holds up none of
them. The rows stream out of COPY and into the archive, so neither memory nor disk holds more than a piece. It begins
from the start where it was cut off: a half one is of no use, and can't be gone on with later, for its instant is gone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.clock import tenant_now
from saas.migrate import expected_migrations
from saas.money import exponent
from saas.scope import connection, snapshot_scope
from tenants.exports.archive import Archive, Write
from tenants.exports.sheets import SHEETS, Sheet
from tenants.exports.tables import LEFT_OUT, ONLY, WITHOUT, Table, exported_tables, quoted

FORMAT: Final = 1
ROWS: Final = "data/{}.ndjson"
CSV: Final = "csv/{}.csv"
MANIFEST: Final = "manifest.json"
_ABOUT: Final = """This is all that Regulars keeps of one chain, as of one instant.
Regulars 中一家连锁的全部数据，截至同一时刻。

csv/   for spreadsheets: money in whole units, times of the chain's own zone, one file for each thing
       供表格软件查看：金额以元为单位，时间为本店时区
data/  every row of every table, exactly, one JSON object a line; a new chain is made from these
       每个数据表的每一行，逐行 JSON；可据此还原为新的连锁
manifest.json  what there is, how much of it, and each file's SHA-256; what was left out, and why
       清单：文件、行数、SHA-256 校验值，以及未包含的内容和原因
"""
_SECONDS: Final = 3600.0
"""For one table of the largest chain."""
_AHEAD: Final = 8
_CHAIN: Final = (
    "SELECT tenant_id, name, slug, template, currency, timezone, programme_version FROM tenant WHERE tenant_id = $1"
)
_WAITING: Final = (
    "SELECT coalesce(jsonb_object_agg(w.name, w.n), '{}') FROM"
    " (SELECT name, count(*) AS n FROM outbox WHERE tenant_id = $1 GROUP BY name) AS w"
)


@dataclass(slots=True)
class Written:
    """What was written so far. `share`: 0…1 of the files; `rows` of the tables, and of each."""

    share: float = 0.0
    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    as_of: datetime | None = None


async def export(tenant_id: UUID, told: Written) -> AsyncIterator[bytes]:
    """The archive's bytes; `told` is kept up meanwhile. Opens a scope of its own, in a task of its own: not to be
    called inside one. Raises what the database raises.
    """
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue(_AHEAD)
    work = asyncio.create_task(_write(tenant_id, told, pieces))
    try:
        while (piece := await _next(pieces, work)) is not None:
            yield piece
        await work
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait([work])


async def _next(pieces: asyncio.Queue[bytes | None], work: asyncio.Task[None]) -> bytes | None:
    """The next piece; None at the end, or where the work has failed."""
    waiting = asyncio.create_task(pieces.get())
    try:
        await asyncio.wait([waiting, work], return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        return None if work.exception() or pieces.empty() else await waiting
    finally:
        waiting.cancel()


async def _write(tenant_id: UUID, told: Written, pieces: asyncio.Queue[bytes | None]) -> None:
    async with snapshot_scope(tenant_id):
        now, chain = await tenant_now(), await connection().fetchrow(_CHAIN, tenant_id)
        if chain is None:
            raise LookupError(f"no chain {tenant_id}")
        told.as_of = now
        local = now.astimezone(ZoneInfo(chain["timezone"]))
        archive = Archive(pieces.put, local.replace(tzinfo=None))
        await archive.put("README.txt", _ABOUT.encode())
        tables = await exported_tables()
        done, all_of = 0, len(tables) + len(SHEETS)
        for table in tables:
            async with archive.entry(ROWS.format(table.name)) as write:
                count = await _copy(_rows(table, tenant_id), write, delimiter="\x02", quote="\x01")
            done += 1
            told.counts[table.name] = count
            told.rows, told.share = told.rows + count, done / all_of
        for sheet in SHEETS:
            await _sheet(sheet, archive, tenant_id, chain["currency"])
            done += 1
            told.share = done / all_of
        manifest = await _manifest(chain, local, archive, told, tables)
        await archive.put(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())
        await archive.close()
    await pieces.put(None)


def _rows(table: Table, tenant_id: UUID) -> str:
    """A JSON object a row, without what is NULL. Its text has neither of the characters that COPY is given to quote and
    to divide by, nor an end of line, so each comes out as it is.
    """
    values = ", ".join(f"'{name}' VALUE t.{quoted(name)}" for name in table.columns)
    order = ", ".join(f"t.{quoted(name)}" for name in table.key)
    rows = table.rows.format(tenant=_literal(tenant_id))
    return f"SELECT json_object({values} ABSENT ON NULL) {rows} ORDER BY {order}"


async def _sheet(sheet: Sheet, archive: Archive, tenant_id: UUID, currency: str) -> None:
    places = exponent(currency)
    async with archive.entry(CSV.format(sheet.name)) as write:
        await write(sheet.head)
        await _copy(sheet.select(_literal(tenant_id), 10**places, places), write)


async def _copy(query: str, write: Write, **how: str) -> int:
    """Streams a query's rows out; how many they were."""
    output: Callable[[bytes], Any] = write
    tag: str = await connection().copy_from_query(query, output=output, format="csv", timeout=_SECONDS, **how)  # type: ignore[arg-type]
    return int(tag.removeprefix("COPY "))


def _literal(tenant_id: UUID) -> str:
    return f"'{tenant_id}'::uuid"


async def _manifest(
    chain: Any, local: datetime, archive: Archive, told: Written, tables: Sequence[Table]
) -> dict[str, Any]:
    """What there is; what there isn't, and why. `waiting`: jobs that were still to be done, by name."""
    tenant_id = chain["tenant_id"]
    return {
        "format": FORMAT,
        "as_of": local.isoformat(),
        "chain": {**dict(chain), "tenant_id": str(tenant_id)},
        "migrations": sorted(expected_migrations()),
        "rows": told.counts,
        "columns": {table.name: table.columns for table in tables},
        "files": [entry.told() for entry in archive.entries],
        "left_out": {
            "tables": LEFT_OUT,
            "columns": {table: sorted(names) for table, names in WITHOUT.items()},
            "rows": {table: f"only {sql.replace('t.', '')}" for table, sql in ONLY.items()},
        },
        "waiting": await connection().fetchval(_WAITING, tenant_id),
    }
