"""The audit log's only writer."""

from collections.abc import Mapping
from typing import Any

from saas.scope import connection, current


async def record(
    action: str, target: str | None = None, detail: Mapping[str, Any] | None = None, *, actor: str | None = None
) -> None:
    """Keeps who did what in the current scope: `action` is `noun.verb`, `target` is `noun:<id>`, `detail` is
    JSON data without secrets or personal data. It lasts if the work does; the app can't change or remove it. `actor`:
    who asked for it, where a job does it later.
    """
    scope = current()
    await connection().execute(
        "INSERT INTO audit AS a (tenant_id, actor, action, target, detail, request_id) VALUES ($1, $2, $3, $4, $5, $6)",
        scope.tenant_id,
        actor or scope.principal.actor,
        action,
        target,
        dict(detail or {}),
        scope.request_id,
    )
