"""Forms that make something, sent twice: the second goes where the first one led, and makes nothing.

A form has an id of its own (`once`, `components/actions.html`). The same id with the same content is the same act, for
as long as answers of the API are kept (a day); with other content, as after the Back button, it is another one. What is
refused is rolled back, and its id with it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from litestar import Request

from saas.errors import DomainError
from saas.scope import connection, current

FIELD: Final = "once"
_MARKS: Final = frozenset({FIELD, "_csrf"})
_OURS: Final = b"\0form"  # no `Idempotency-Key` begins so
# Whoever sends it at the same instant waits here until the first one has ended.
_CLAIM: Final = "INSERT INTO idempotency AS i (tenant_id, key, fingerprint) VALUES ($1, $2, '') ON CONFLICT DO NOTHING"
_KEEP: Final = "UPDATE idempotency AS i SET status = 303, body = $3 WHERE i.tenant_id = $1 AND i.key = $2"
_KEPT: Final = "SELECT i.body FROM idempotency AS i WHERE i.tenant_id = $1 AND i.key = $2"


async def once(request: Request[Any, Any, Any], make: Callable[[], Awaitable[str]]) -> str:
    """The path that `make` returned for this form, now or the first time. A form without an id is made as it comes."""
    key = await _key(request)
    if key is None:
        return await make()
    if await connection().execute(_CLAIM, current().tenant_id, key) == "INSERT 0 0":
        led: bytes | None = await connection().fetchval(_KEPT, current().tenant_id, key)
        if led is None:
            raise DomainError("busy")
        return led.decode()
    to = await make()
    await connection().execute(_KEEP, current().tenant_id, key, to.encode())
    return to


async def _key(request: Request[Any, Any, Any]) -> bytes | None:
    sent = await request.form()
    try:
        own = UUID(str(sent.get(FIELD, "")))
    except ValueError:
        return None
    told = sorted((name, str(value)) for name, value in sent.multi_items() if name not in _MARKS)
    parts = [
        own.bytes,
        request.scope["path"].encode(),
        *(text.encode("utf-8", "surrogatepass") for pair in told for text in pair),
    ]
    return hashlib.sha256(_OURS + b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
