"""Issuing, listing and revoking keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from piccolo.columns.combination import WhereRaw

from saas.auth import NewKey, new_key, remembered
from saas.errors import DomainError
from saas.principal import KeyScope
from saas.scope import connection, current
from tenants.api_keys.tables import ApiKey
from tenants.audit.record import record
from tenants.branches.branch import require_within_own

_MODE: Final = "SELECT CASE WHEN sandbox_of IS NULL THEN 'live' ELSE 'test' END FROM tenant WHERE tenant_id = $1"

_SHOWN: Final = (
    ApiKey.id,
    ApiKey.name,
    ApiKey.scopes,
    ApiKey.branch_ids,
    ApiKey.mode,
    ApiKey.created_at,
    ApiKey.created_by,
    ApiKey.used_at,
    ApiKey.revoked_at,
)


async def issue_key(name: str, scopes: Sequence[KeyScope], branch_ids: Sequence[UUID] | None = None) -> dict[str, Any]:
    """A new key as JSON data; `key` is its text, which nobody can read again. A sandbox's says `test`.

    Raises DomainError `forbidden` for a scope, `not-permitted` for branches, that the asker hasn't itself;
    `unknown-branch`.
    """
    await _require_within_own(scopes, branch_ids)
    mode: str = await connection().fetchval(_MODE, current().tenant_id)
    key = new_key(mode)
    await _store(key, mode, name, scopes, branch_ids)
    await record("api_key.issue", f"key:{key.id}", {"name": name, "scopes": list(scopes)})
    return {**await _one(key.id), "key": key.text}


async def _require_within_own(scopes: Sequence[KeyScope], branch_ids: Sequence[UUID] | None) -> None:
    principal = current().principal
    for scope in scopes:
        if not principal.may(scope):
            raise DomainError("forbidden", params={"scope": scope})
    await require_within_own(branch_ids)


async def _store(
    key: NewKey, mode: str, name: str, scopes: Sequence[KeyScope], branch_ids: Sequence[UUID] | None
) -> None:
    await connection().execute(
        "INSERT INTO platform.api_key AS k"
        " (id, tenant_id, secret_hash, name, scopes, branch_ids, mode, created_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key.id,
        current().tenant_id,
        key.secret_hash,
        name,
        list(dict.fromkeys(scopes)),
        None if branch_ids is None else list(dict.fromkeys(branch_ids)),
        mode,
        current().principal.actor,
    )


async def _one(key_id: str) -> dict[str, Any]:
    mine = (ApiKey.tenant_id == current().tenant_id) & (ApiKey.id == key_id)
    rows: list[dict[str, Any]] = await ApiKey.select(*_SHOWN).where(mine)
    if not rows:
        raise DomainError("not-found")
    return rows[0]


async def key_named(key_id: str) -> dict[str, Any]:
    """One key without its secret. Raises DomainError `not-found`."""
    return await _one(key_id)


async def keys(before: tuple[datetime, str] | None, count: int) -> list[dict[str, Any]]:
    """Up to `count` keys, revoked ones too, the newest first, behind `before` (created_at, id). Who is bound to
    branches sees the keys of no other.
    """
    query = ApiKey.select(*_SHOWN).where(ApiKey.tenant_id == current().tenant_id)
    own = current().principal.branch_ids
    if own is not None:
        query = query.where(WhereRaw("branch_ids <@ {}::uuid[]", list(own)))
    if before is not None:
        created_at, key_id = before
        same_instant = (ApiKey.created_at == created_at) & (ApiKey.id < key_id)
        query = query.where((ApiKey.created_at < created_at) | same_instant)
    newest_first = query.order_by(ApiKey.created_at, ascending=False).order_by(ApiKey.id, ascending=False)
    rows: list[dict[str, Any]] = await newest_first.limit(count)
    return rows


async def revoke_key(key_id: str) -> None:
    """Ends a key, the asker's own as well; one that has ended stays so. Other processes may take it until
    their memory of it ends (`PRINCIPAL_CACHE_SECONDS`). Raises DomainError `not-found`, `not-permitted` for a key that
    works where the asker has no say.
    """
    key = await _one(key_id)
    if current().principal.actor != f"key:{key_id}":
        await require_within_own(key["branch_ids"])
    if key["revoked_at"] is not None:
        return
    await connection().execute(
        "UPDATE platform.api_key AS k SET revoked_at = clock_timestamp()"
        " WHERE k.tenant_id = $1 AND k.id = $2 AND k.revoked_at IS NULL",
        current().tenant_id,
        key_id,
    )
    await record("api_key.revoke", f"key:{key_id}", {"name": key["name"]})

    async def forget() -> None:
        remembered.forget_actor(f"key:{key_id}")

    current().after_commit.append(forget)
