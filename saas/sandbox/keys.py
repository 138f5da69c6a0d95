"""Keys of the sandbox, made from the chain itself: `rk_test_…`. They are the sandbox's rows and work nowhere else."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError
from saas.idempotency import digest
from saas.principal import KeyScope, Principal
from saas.sandboxed import require_live
from saas.scope import connection, current, tenant_scope
from tenants.api_keys.issue import issue_key
from tenants.branches.branch import require_whole_chain

_OURS: Final = b"\0sandbox-key"  # apart from the keys of the sandbox's own callers
_READY: Final = "SELECT s.sandbox_id FROM sandbox s WHERE s.tenant_id = $1 AND s.state = 'ready'"
# As of any answer that shows a secret, it is kept that it was given, and not what it was.
_CLAIM: Final = """
INSERT INTO idempotency AS i (tenant_id, key, fingerprint, status) VALUES ($1, $2, $3, 201) ON CONFLICT DO NOTHING"""
_KEPT: Final = "SELECT i.fingerprint FROM idempotency AS i WHERE i.tenant_id = $1 AND i.key = $2"


async def sandbox_id_of(who: Principal) -> UUID:
    """Outside of any scope. Raises DomainError `no-sandbox` where there is none, or none yet; `live-only`,
    `not-permitted`.
    """
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    async with tenant_scope(who.tenant_id, principal=who):
        require_whole_chain()
        await require_live()
        found: UUID | None = await connection().fetchval(_READY, current().tenant_id)
    if found is None:
        raise DomainError("no-sandbox")
    return found


async def issue_test_key(
    who: Principal, name: str, scopes: Sequence[KeyScope], once: str | None, request_id: str | None
) -> dict[str, Any]:
    """A new key of the sandbox's, as `issue_key` does it; `once`: what a repetition of the same wish brings again.

    Raises what `sandbox_id_of` and `issue_key` raise, `secret-shown-once` and `idempotency-key-reused`.
    """
    sandbox_id = await sandbox_id_of(who)
    async with tenant_scope(sandbox_id, principal=replace(who, tenant_id=sandbox_id), request_id=request_id):
        if once is not None:
            await _claim(sandbox_id, digest(once), hashlib.sha256("\0".join((name, *scopes)).encode()).digest())
        return await issue_key(name, scopes)


async def _claim(sandbox_id: UUID, wish: bytes, fingerprint: bytes) -> None:
    key = hashlib.sha256(_OURS + wish).digest()
    if await connection().execute(_CLAIM, sandbox_id, key, fingerprint) == "INSERT 0 1":
        return
    kept = await connection().fetchval(_KEPT, sandbox_id, key)
    raise DomainError("secret-shown-once" if kept == fingerprint else "idempotency-key-reused")
