"""What a sandbox would have sent, to be read there: codes and links are in it as people would have got them."""

from typing import Any, Final
from uuid import UUID

from saas.sandboxed import require_sandbox
from saas.scope import connection, current

_LIST: Final = """
SELECT l.id, l.channel, l.recipient, l.subject, l.body, l.at FROM sandbox_letter l
 WHERE l.tenant_id = $1 AND ($2::uuid IS NULL OR l.id < $2) ORDER BY l.id DESC LIMIT $3"""


async def letters(before: UUID | None, count: int) -> list[Any]:
    """Up to `count`, the newest first, behind `before`. Raises DomainError `sandbox-only`."""
    await require_sandbox()
    return list(await connection().fetch(_LIST, current().tenant_id, before, count))
