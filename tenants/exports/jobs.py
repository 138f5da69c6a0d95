"""Writing an export in the background, and taking its file away again."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.file_store import file_store
from saas.jobs import errand, job
from saas.loops import AWAY
from saas.outbox import enqueue
from saas.scope import connection, current, tenant_scope
from tenants.exports.export import (
    FOLDER,
    SWEEP,
    WRITE,
    begin,
    drop_all,
    drop_expired,
    drop_older,
    end,
    give_up,
    sweep_tomorrow,
)
from tenants.exports.writing import Written, export
from tenants.jobs.job import progress_job
from tenants.members.erasing import EXPORTS_FORGOTTEN

log = logging.getLogger(__name__)

_LIMIT: Final = timedelta(hours=2)
_BEAT_SECONDS: Final = 10.0
_LEASE: Final = timedelta(seconds=60)
"""A worker that hasn't been heard of for so long is gone: another one begins from the start."""
_TURN: Final = timedelta(seconds=5)
_ORPHAN: Final = timedelta(days=1)
_HOLD: Final = (
    f"UPDATE outbox AS o SET next_at = clock_timestamp() + $3::interval WHERE o.tenant_id = $1 AND o.name = '{WRITE}'"
    " AND o.payload ->> 'export_id' = $2 AND o.dead_at IS NULL"
)
_NEEDED: Final = "SELECT file FROM export WHERE tenant_id = $1 AND file = ANY ($2)"
_at_work: set[UUID] = set()


async def _give_up(payload: dict[str, Any], error: str) -> None:
    await give_up(UUID(payload["export_id"]), error)


@errand(WRITE, max_attempts=4, time_limit=_LIMIT, on_dead=_give_up, although_closed=True)
async def write(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """From one instant into the file store. One a process at a time: the others' jobs need the threads, too."""
    export_id = UUID(payload["export_id"])
    if _at_work:
        async with tenant_scope(tenant_id):
            await enqueue(WRITE, payload, delay=_TURN)
        return
    _at_work.add(export_id)  # before anything is waited for: else two begin at once
    try:
        async with tenant_scope(tenant_id):
            run = await begin(export_id)
        if run is not None:
            await _written(tenant_id, export_id, run)
    finally:
        _at_work.discard(export_id)


async def _written(tenant_id: UUID, export_id: UUID, run: int) -> None:
    told, hashed, store = Written(), hashlib.sha256(), file_store()

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in export(tenant_id, told):
            hashed.update(piece)
            yield piece

    beat = asyncio.create_task(_beat(tenant_id, export_id, told))
    try:
        file = await store.put(tenant_id, f"{FOLDER}/{export_id}-{run}.zip", pieces())
    finally:
        beat.cancel()
        await asyncio.wait([beat])
    async with tenant_scope(tenant_id):
        ours = await end(export_id, run, file, hashed.digest(), told)
        delete_files(await drop_older())
    if not ours:
        await store.delete(tenant_id, file.path)


async def _beat(tenant_id: UUID, export_id: UUID, told: Written) -> None:
    """Says how far it is, and that somebody is at it. A beat that fails is made up for by the next one."""
    while True:
        try:
            async with tenant_scope(tenant_id):
                await progress_job(export_id, min(told.share, 0.99), {"rows": told.rows})
                await connection().execute(_HOLD, tenant_id, str(export_id), _LEASE)
        except AWAY as error:
            log.warning("an export's beat was missed: %s", type(error).__name__)
        await asyncio.sleep(_BEAT_SECONDS)


@job(EXPORTS_FORGOTTEN, although_closed=True)
async def forget(_payload: dict[str, Any]) -> None:
    """Somebody was erased: no file that was written before is kept."""
    delete_files(await drop_all())


@job(SWEEP, although_closed=True)
async def sweep(_payload: dict[str, Any]) -> None:
    """Takes away files whose week is over, and those of runs that were cut off."""
    delete_files(await drop_expired())
    tenant_id, before = current().tenant_id, datetime.now(UTC) - _ORPHAN
    old = [one.path for one in await file_store().list(tenant_id, FOLDER) if one.modified_at < before]
    needed = {row["file"] for row in await connection().fetch(_NEEDED, tenant_id, old)} if old else set()
    delete_files([path for path in old if path not in needed])
    await sweep_tomorrow()


def delete_files(paths: list[str]) -> None:
    """Once the current scope has committed, and nothing leads to them any more."""
    tenant_id = current().tenant_id

    async def remove() -> None:
        for path in paths:
            await file_store().delete(tenant_id, path)

    if paths:
        current().after_commit.append(remove)
