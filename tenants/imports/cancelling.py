"""Stopping an import that somebody regrets: between two batches, what is in stays in."""

from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.imports import runs
from tenants.imports.purchases_brought import count_stopped

_WHOSE: Final = "SELECT batch, state FROM import_run WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"


async def cancel_import(import_id: UUID) -> None:
    """Waits for the batch at work. One that is over stays as it ended. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_WHOSE, current().tenant_id, import_id)
    if row is None:
        raise DomainError("not-found")
    taken = await runs.take(current().tenant_id, import_id, row["batch"])
    if taken is None:
        return
    await runs.fail(taken.run, {"code": "import-cancelled", "errors": []})
    if not taken.run.options.dry_run:
        await count_stopped(taken.run, row["batch"])
    runs.remove_file(taken)
    await record("import.cancel", f"import:{import_id}", {"kind": taken.run.options.kind})
