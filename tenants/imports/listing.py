"""Imports as lists show them."""

from typing import Any, Final
from uuid import UUID

from saas.scope import connection, current
from tenants.imports.options import Kind
from tenants.imports.start import NEEDS, may_import

_RUNS: Final = """
SELECT r.id, r.kind, r.state, r.rows, r.imported, r.updated, r.unchanged, r.failed, r.actor, r.finished_at,
       r.options ->> 'filename' AS filename, (r.options ->> 'dry_run')::boolean AS dry_run, r.error ->> 'code' AS error,
       j.created_at, j.progress::float8 AS progress, s.name AS staff
  FROM import_run AS r
  JOIN job AS j ON j.tenant_id = r.tenant_id AND j.id = r.id
  LEFT JOIN staff AS s ON s.tenant_id = r.tenant_id AND r.actor = 'staff:' || s.id
 WHERE r.tenant_id = $1 AND r.kind = ANY ($2) AND r.id < $3
 ORDER BY r.id DESC LIMIT $4
"""
_LAST: Final = UUID(int=2**128 - 1)


def own_kinds() -> list[Kind]:
    """What the asker may import."""
    return [kind for kind in NEEDS if may_import(current().principal, kind)]


async def imports(before: UUID | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` imports and checks of kinds that the asker may import, the newest first. `staff`: the name of who
    started it, where that is somebody and no key.
    """
    rows = await connection().fetch(_RUNS, current().tenant_id, own_kinds(), before or _LAST, count)
    return [dict(row) for row in rows]
