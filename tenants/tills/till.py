"""Shared tills: made on the device itself, listed and revoked by the owner.

The cookie's token begins with the tenant's id, so that the till is looked up inside that tenant's scope alone; only its
SHA-256 is kept.
"""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.db import role_pool
from saas.errors import DomainError, FieldError
from saas.principal import SYSTEM
from saas.scope import connection, current, tenant_scope
from tenants.audit.record import record
from tenants.branches.branch import require_named

IDLE_DEFAULT: Final = 5
IDLE_LONGEST: Final = 60
_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32

_OPEN: Final = "SELECT b.closed_at IS NULL FROM branch b WHERE b.tenant_id = $1 AND b.id = $2"
_MAKE: Final = (
    "INSERT INTO till AS t (tenant_id, id, branch_id, name, token_hash, idle_minutes, made_by)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_FIND: Final = """
SELECT t.id, t.branch_id, t.name, t.idle_minutes, b.name AS branch, c.name AS chain
  FROM till t JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = t.branch_id
  JOIN tenant c ON c.tenant_id = t.tenant_id
 WHERE t.tenant_id = $1 AND t.token_hash = $2 AND t.revoked_at IS NULL"""
_LIST: Final = """
SELECT t.id, t.name, t.branch_id, b.name AS branch, t.idle_minutes, t.made_at, s.name AS made_by,
       (SELECT max(p.used_at) FROM till_person p WHERE p.tenant_id = t.tenant_id AND p.till_id = t.id) AS used_at
  FROM till t JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = t.branch_id
  JOIN staff s ON s.tenant_id = t.tenant_id AND s.id = t.made_by
 WHERE t.tenant_id = $1 AND t.revoked_at IS NULL ORDER BY b.name, t.name, t.id LIMIT 1000"""
_CHANGE: Final = "UPDATE till AS t SET idle_minutes = $3 WHERE t.tenant_id = $1 AND t.id = $2 AND t.revoked_at IS NULL"
_REVOKE: Final = (
    "UPDATE till AS t SET revoked_at = clock_timestamp() WHERE t.tenant_id = $1 AND t.id = $2 AND t.revoked_at IS NULL"
)
_HERE: Final = "UPDATE platform.session SET till_id = $2, idle_minutes = $3, locked_at = NULL WHERE token_hash = $1"
_IDLE: Final = "UPDATE platform.session SET idle_minutes = $3 WHERE tenant_id = $1 AND till_id = $2"
_END: Final = "DELETE FROM platform.session WHERE tenant_id = $1 AND till_id = $2"


@dataclass(frozen=True, slots=True)
class Till:
    """The device in front of us."""

    tenant_id: UUID
    id: UUID
    branch_id: UUID
    name: str
    idle_minutes: int
    branch: str
    chain: str


def minutes_of(text: str) -> int:
    """What was typed, if a till may lock after so many. Raises DomainError `validation-failed`."""
    typed = text.strip()
    digits = typed.isascii() and typed.isdigit() and len(typed) <= len(str(IDLE_LONGEST))
    if not digits or not 1 <= int(typed) <= IDLE_LONGEST:
        raise DomainError("validation-failed", errors=[_minutes()])
    return int(typed)


async def make_till(branch_id: UUID, name: str, idle_minutes: int) -> tuple[UUID, str]:
    """A new shared till and its token, which only the device has; in the current scope. Raises DomainError
    `unknown-branch`, `branch-closed`, `not-permitted` (somebody of other branches), `validation-failed`.
    """
    if not 1 <= idle_minutes <= IDLE_LONGEST:
        raise DomainError("validation-failed", errors=[_minutes()])
    require_named(branch_id)
    tenant_id, till_id, secret = current().tenant_id, uuid7(), secrets.token_bytes(_SECRET_BYTES)
    is_open = await connection().fetchval(_OPEN, tenant_id, branch_id)
    if not is_open:
        code = "unknown-branch" if is_open is None else "branch-closed"
        raise DomainError(code, params={"branch": str(branch_id)}, errors=[FieldError("/branch_id", "invalid")])
    token = base64.urlsafe_b64encode(tenant_id.bytes + secret).decode()
    made_by = UUID(current().principal.actor.removeprefix("staff:"))
    await connection().execute(_MAKE, tenant_id, till_id, branch_id, name, _hash(token), idle_minutes, made_by)
    await record("till.make", f"till:{till_id}", {"branch_id": str(branch_id), "idle_minutes": idle_minutes})
    return till_id, token


async def till_of_token(token: str) -> Till | None:
    """The till that a cookie's token names, unless it was revoked. Opens a scope of its own."""
    tenant_id = _tenant_of(token)
    if tenant_id is None:
        return None
    async with tenant_scope(tenant_id, principal=SYSTEM):
        row: Any = await connection().fetchrow(_FIND, tenant_id, _hash(token))
    return None if row is None else Till(tenant_id, **dict(row))


async def tills() -> list[dict[str, Any]]:
    """The chain's shared tills, by branch and name."""
    return [dict(row) for row in await connection().fetch(_LIST, current().tenant_id)]


async def change_till(till_id: UUID, idle_minutes: int) -> None:
    """Counts for the sessions that are open there, too. Raises DomainError `not-found`, `validation-failed`."""
    if not 1 <= idle_minutes <= IDLE_LONGEST:
        raise DomainError("validation-failed", errors=[_minutes()])
    tenant_id = current().tenant_id
    if await connection().execute(_CHANGE, tenant_id, till_id, idle_minutes) == "UPDATE 0":
        raise DomainError("not-found")
    await record("till.change", f"till:{till_id}", {"idle_minutes": idle_minutes})
    current().after_commit.append(lambda: _gate(_IDLE, tenant_id, till_id, idle_minutes))


async def revoke_till(till_id: UUID) -> None:
    """The device is a stranger's again, and whoever works there is out. Raises DomainError `not-found`."""
    tenant_id = current().tenant_id
    await _gate(_END, tenant_id, till_id)  # before: a session that is begun meanwhile finds no till
    if await connection().execute(_REVOKE, tenant_id, till_id) == "UPDATE 0":
        raise DomainError("not-found")
    await record("till.revoke", f"till:{till_id}")
    current().after_commit.append(lambda: _gate(_END, tenant_id, till_id))


async def work_here(session: bytes, till_id: UUID, idle_minutes: int) -> None:
    """A session that is open on this device goes on as one of the till's."""
    await _gate(_HERE, session, till_id, idle_minutes)


async def _gate(sql: str, *arguments: object) -> None:
    pool = await role_pool("gate")
    await pool.execute(sql, *arguments)


def _minutes() -> FieldError:
    return FieldError("/idle_minutes", "out-of-range")


def _tenant_of(token: str) -> UUID | None:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw[:_ID_BYTES]) if len(raw) == _ID_BYTES + _SECRET_BYTES else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
