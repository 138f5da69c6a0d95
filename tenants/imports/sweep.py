"""Takes away what uploads and imports that died have left in a tenant's folder of uploads.

A process that is killed while a file comes in leaves it there, and nothing in the database leads to it. So before the
first byte the tenant gets a daily schedule, which stays.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from saas.clock import tenant_now
from saas.file_store import file_store
from saas.jobs import job
from saas.scheduler import put_schedule
from saas.scope import connection, current

FOLDER: Final = "imports"
JOB: Final = "imports.sweep"
_EVERY: Final = timedelta(days=1)
_SPEC: Final = {"job": JOB, "kind": "every", "seconds": int(_EVERY.total_seconds())}
_KEPT: Final = timedelta(days=1)
"""Far longer than a file waits between its last byte and its row."""
_SCHEDULED: Final = "SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name = $2)"
LOOKED_AT: Final = timedelta(days=3)
"""So long a file that came by the pages is there to be looked at, and its bad rows to be mended."""
_NEEDED: Final = (
    "SELECT file FROM import_run WHERE tenant_id = $1 AND file = ANY ($2) AND state IN ('queued', 'running')"
    " UNION ALL SELECT file FROM import_upload WHERE tenant_id = $1 AND file = ANY ($2)"
)
_FORGET: Final = (
    "DELETE FROM import_upload AS u WHERE u.tenant_id = $1 AND u.created_at < clock_timestamp() - $2::interval"
)


async def sweep_daily() -> None:
    """From tomorrow on; a tenant that has the schedule keeps it as it is."""
    if not await connection().fetchval(_SCHEDULED, current().tenant_id, JOB):
        await _tomorrow()


async def _tomorrow() -> None:
    await put_schedule(JOB, _SPEC, await tenant_now() + _EVERY)


@job(JOB, although_closed=True)
async def sweep(_payload: dict[str, Any]) -> None:
    """Removes the files that nobody wrote to for a day and that no import is going to read: uploads cut short,
    those whose import was never committed, and those of imports that are over.
    """
    tenant_id = current().tenant_id
    await connection().execute(_FORGET, tenant_id, LOOKED_AT)
    store, before = file_store(), datetime.now(UTC) - _KEPT
    old = [file.path for file in await store.list(tenant_id, FOLDER) if file.modified_at < before]
    if old:
        needed = {row["file"] for row in await connection().fetch(_NEEDED, tenant_id, old)}
        for path in old:
            if path not in needed:
                await store.delete(tenant_id, path)
    await _tomorrow()  # of days that were missed, or skipped by a sandbox's clock, nothing is left to do
