"""Takes away what uploads and imports that died have left in a tenant's folder of uploads."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from saas.file_store import file_store
from saas.scope import connection, tenant_scope

FOLDER: Final = "imports"
_KEPT: Final = timedelta(days=1)
"""Far longer than a file waits between its last byte and its row."""
_NEEDED: Final = (
    "SELECT file FROM import_run WHERE tenant_id = $1 AND file = ANY ($2) AND state IN ('queued', 'running')"
)


async def sweep(tenant_id: UUID) -> None:
    """Removes the files that nobody wrote to for a day and that no import is going to read: uploads cut short,
    those whose import was never committed, and those of imports that are over. Opens a scope of its own.
    """
    store, before = file_store(), datetime.now(UTC) - _KEPT
    old = [file.path for file in await store.list(tenant_id, FOLDER) if file.modified_at < before]
    if not old:
        return
    async with tenant_scope(tenant_id):
        needed = {row["file"] for row in await connection().fetch(_NEEDED, tenant_id, old)}
    for path in old:
        if path not in needed:
            await store.delete(tenant_id, path)
