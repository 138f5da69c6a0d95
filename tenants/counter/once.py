"""Once, for what has no number of its own as sales have: by the number that its form carries."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Final

from saas.scope import connection, current
from tenants.counter.acting import Form

# A request's key and a form's can't be the same text: no `Idempotency-Key` has a NUL. Swept after a day, as those.
_CLAIM: Final = """
INSERT INTO idempotency AS i (tenant_id, key, fingerprint) VALUES ($1, $2, '') ON CONFLICT DO NOTHING RETURNING 1"""
_FOUND: Final = "SELECT convert_from(i.body, 'UTF8') FROM idempotency i WHERE i.tenant_id = $1 AND i.key = $2"
_KEEP: Final = "UPDATE idempotency AS i SET status = 303, body = $3 WHERE i.tenant_id = $1 AND i.key = $2"
_OTHERS: Final = frozenset({"_csrf", "now"})


async def once(form: Form, work: Callable[[], Awaitable[str]]) -> str:
    """What `work` returned when this very form was sent first: a till that never heard the answer sends it again. A
    form without a number, or with other words in it, is another one. In the current scope; an id, no person's data.
    """
    if not form.get("number"):
        return await work()
    said = json.dumps(sorted((name, text) for name, text in form.items() if name not in _OTHERS))
    key = hashlib.sha256(f"\0{current().principal.actor} {said}".encode("utf-8", "replace")).digest()
    if await connection().fetchval(_CLAIM, current().tenant_id, key) is None:
        found: str = await connection().fetchval(_FOUND, current().tenant_id, key)
        return found
    made = await work()
    await connection().execute(_KEEP, current().tenant_id, key, made.encode())
    return made
