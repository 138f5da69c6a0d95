"""An export's row: asked for, begun, written, gone again. A chain has one under way at most."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.file_store import StoredFile
from saas.outbox import enqueue
from saas.scheduler import put_schedule
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.exports.writing import Written
from tenants.jobs.job import fail_job, finish_job, new_job

KIND: Final = "export"
WRITE: Final = "export.write"
SWEEP: Final = "export.sweep"
FOLDER: Final = "exports"
KEPT: Final = timedelta(days=7)
"""So long a written file is there."""
MOST: Final = 3
"""Files of a chain, the newest ones: who asks again and again fills no disk."""
_EVERY: Final = timedelta(days=1)
_SPEC: Final = {"job": SWEEP, "kind": "every", "seconds": int(_EVERY.total_seconds())}

_UNDER_WAY: Final = "SELECT id FROM export WHERE tenant_id = $1 AND ended_at IS NULL"
_ASK: Final = (
    "INSERT INTO export AS e (tenant_id, id, actor) VALUES ($1, $2, $3)"
    " ON CONFLICT (tenant_id) WHERE ended_at IS NULL DO NOTHING RETURNING e.id"
)
_BEGIN: Final = (
    "UPDATE export AS e SET run = e.run + 1 WHERE e.tenant_id = $1 AND e.id = $2 AND e.ended_at IS NULL RETURNING e.run"
)
_END: Final = (
    "UPDATE export AS e SET as_of = $4, file = $5, file_size = $6, digest = $7, rows = $8,"
    " ended_at = clock_timestamp(), expires_at = clock_timestamp() + $9::interval"
    " WHERE e.tenant_id = $1 AND e.id = $2 AND e.run = $3 AND e.ended_at IS NULL"
)
_GIVE_UP: Final = (
    "UPDATE export AS e SET ended_at = clock_timestamp() WHERE e.tenant_id = $1 AND e.id = $2 AND e.ended_at IS NULL"
)
_DROP: Final = (
    "UPDATE export AS e SET file = NULL, expires_at = NULL FROM export AS old"
    " WHERE e.tenant_id = $1 AND e.file IS NOT NULL AND old.tenant_id = e.tenant_id AND old.id = e.id"
    " AND ({}) RETURNING old.file"
)
_EXPIRED: Final = _DROP.format("e.expires_at <= clock_timestamp()")
_ALL: Final = _DROP.format("true")
_ONE: Final = _DROP.format("e.id = $2")
_OLDER: Final = _DROP.format(
    "e.id NOT IN (SELECT k.id FROM export AS k WHERE k.tenant_id = $1 AND k.file IS NOT NULL"
    " ORDER BY k.id DESC LIMIT $2)"
)
_ONCE_MORE: Final = (
    "UPDATE export AS e SET run = e.run + 1 WHERE e.tenant_id = $1 AND e.ended_at IS NULL AND e.run > 0 RETURNING e.id"
)
_SCHEDULED: Final = "SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name = $2)"
_READ: Final = """
SELECT e.id, CASE WHEN j.state = 'done' AND (e.file IS NULL OR e.expires_at <= clock_timestamp()) THEN 'gone'
                  ELSE j.state END AS state,
       j.progress::float8 AS progress, e.as_of, e.rows, e.file_size AS bytes, encode(e.digest, 'hex') AS sha256,
       e.created_at, e.expires_at, e.actor, s.name AS staff
  FROM export AS e JOIN job AS j ON j.tenant_id = e.tenant_id AND j.id = e.id
  LEFT JOIN staff AS s ON s.tenant_id = e.tenant_id AND e.actor = 'staff:' || s.id
 WHERE e.tenant_id = $1"""
_FILE: Final = (
    "SELECT CASE WHEN expires_at > clock_timestamp() THEN file END AS file, file_size, created_at FROM export"
    " WHERE tenant_id = $1 AND id = $2"
)


async def ask() -> UUID:
    """Asks for an export; where one is under way, that one is the answer. Its id is its job's."""
    tenant_id, export_id = current().tenant_id, uuid7()
    asked: UUID | None = await connection().fetchval(_ASK, tenant_id, export_id, current().principal.actor)
    if asked is None:
        running: UUID | None = await connection().fetchval(_UNDER_WAY, tenant_id)
        return running or await ask()  # else it ended between the two
    await new_job(asked, KIND)
    await enqueue(WRITE, {"export_id": str(asked)})
    await record("export.start", f"export:{asked}")
    if not await connection().fetchval(_SCHEDULED, tenant_id, SWEEP):
        await sweep_tomorrow()
    return asked


async def sweep_tomorrow() -> None:
    """The next look for files whose week is over."""
    await put_schedule(SWEEP, _SPEC, await tenant_now() + _EVERY)


async def begin(export_id: UUID) -> int | None:
    """The number of the run that begins now: only the last one may end it. None: it has ended."""
    run: int | None = await connection().fetchval(_BEGIN, current().tenant_id, export_id)
    return run


async def end(export_id: UUID, run: int, file: StoredFile, digest: bytes, written: Written) -> bool:
    """The file is there. False: a later run has begun, or the export was given up; then the file is nobody's."""
    tag = await connection().execute(
        _END,
        current().tenant_id,
        export_id,
        run,
        written.as_of,
        file.path,
        file.size,
        digest,
        written.rows,
        KEPT,
    )
    if tag != "UPDATE 1":
        return False
    await finish_job(export_id, {"export_id": str(export_id), "rows": written.rows, "bytes": file.size})
    return True


async def give_up(export_id: UUID, error: str) -> None:
    """It couldn't be written."""
    if await connection().execute(_GIVE_UP, current().tenant_id, export_id) == "UPDATE 1":
        await fail_job(export_id, error)


async def drop_expired() -> list[str]:
    """Of exports whose week is over: their files, which nothing leads to from now on."""
    return [row["file"] for row in await connection().fetch(_EXPIRED, current().tenant_id)]


async def drop_older() -> list[str]:
    """Of all but the newest exports."""
    return [row["file"] for row in await connection().fetch(_OLDER, current().tenant_id, MOST)]


async def drop_all() -> list[str]:
    """Of every export, for they hold somebody who was erased; one under way begins again."""
    for row in await connection().fetch(_ONCE_MORE, current().tenant_id):
        await enqueue(WRITE, {"export_id": str(row["id"])})
    return [row["file"] for row in await connection().fetch(_ALL, current().tenant_id)]


async def remove(export_id: UUID) -> list[str]:
    """Before its week is over. Raises DomainError `not-found`."""
    await read(export_id)
    dropped = [row["file"] for row in await connection().fetch(_ONE, current().tenant_id, export_id)]
    if dropped:
        await record("export.remove", f"export:{export_id}")
    return dropped


async def read(export_id: UUID) -> dict[str, Any]:
    """One export. `state`: queued, running, done, failed, or gone (its file isn't kept any more); `bytes` and `sha256`
    of the file; `as_of` on the chain's clock. Raises DomainError `not-found`.
    """
    row = await connection().fetchrow(f"{_READ} AND e.id = $2", current().tenant_id, export_id)
    if row is None:
        raise DomainError("not-found")
    return dict(row)


async def exports(before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """The newest first."""
    sql = f"{_READ} AND ($2::uuid IS NULL OR e.id < $2) ORDER BY e.id DESC LIMIT $3"
    return [dict(row) for row in await connection().fetch(sql, current().tenant_id, before, limit)]


async def file_of(export_id: UUID) -> tuple[str, int, datetime]:
    """Path in the store, bytes, when it was asked for. Raises DomainError `not-found`, `export-gone` without a file."""
    row = await connection().fetchrow(_FILE, current().tenant_id, export_id)
    if row is None:
        raise DomainError("not-found")
    if row["file"] is None:
        raise DomainError("export-gone")
    return row["file"], row["file_size"], row["created_at"]
