"""Invitations: a link that is good once and for a week. It goes out by mail, and who invites
sees it once. Only its SHA-256 is kept.

The link's token begins with the tenant's id, so that who comes by it is looked up inside that tenant's scope alone.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.clock import system_now
from saas.errors import DomainError, FieldError
from saas.sandboxed import require_live
from saas.savepoint import savepoint
from saas.scope import connection, current
from saas.settings import get_settings
from tenants.audit.record import record
from tenants.staff.employ import Role, join
from tenants.staff.letters import post_invitation
from tenants.staff.person import allowed_limits, person

GOOD_FOR: Final = timedelta(days=7)
_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_INVITE: Final = (
    "INSERT INTO staff AS s (tenant_id, id, name, email, role, branch_ids, invitation_hash, invitation_until)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_AGAIN: Final = (
    "UPDATE staff AS s SET invitation_hash = $3, invitation_until = $4 WHERE s.tenant_id = $1 AND s.id = $2"
    " AND s.account_id IS NULL AND s.left_at IS NULL"
)
_FIND: Final = (
    "SELECT s.id, s.name, s.email, s.role, s.account_id, s.left_at, s.invitation_until, t.name AS chain"
    " FROM staff s JOIN tenant t ON t.tenant_id = s.tenant_id"
    " WHERE s.tenant_id = $1 AND s.invitation_hash = $2 FOR UPDATE OF s"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that is good now, and for whom."""

    staff_id: UUID
    chain: str
    name: str
    email: str
    role: Role


async def invite(email: str, name: str, role: Role, branch_ids: Collection[UUID] | None) -> dict[str, Any]:
    """Somebody new as JSON data, with `invitation` {url, expires_at}: nobody can read the link again. Raises
    DomainError `already-staff`, `live-only`, and what `allowed_limits` raises.
    """
    await require_live()  # one comes over to a sandbox; its letters can be read, and would open an account
    wanted, staff_id, token = await allowed_limits(role, branch_ids), uuid7(), _new_token()
    until, tenant_id = system_now() + GOOD_FOR, current().tenant_id
    try:
        async with savepoint():
            await connection().execute(_INVITE, tenant_id, staff_id, name, email, role, wanted, _hash(token), until)
    except asyncpg.UniqueViolationError:
        raise DomainError("already-staff", errors=[FieldError("/email", "duplicate")]) from None
    shown = [str(branch) for branch in wanted] if wanted is not None else None
    await record("staff.invite", f"staff:{staff_id}", {"role": role, "branch_ids": shown})
    return await _with_link(staff_id, token, until)


async def invite_again(staff_id: UUID) -> dict[str, Any]:
    """The same with a new link; the one before is dead. Raises DomainError `not-found`, `already-staff` for somebody
    who is here.
    """
    found = await person(staff_id)
    if found["state"] == "left":
        raise DomainError("not-found")
    await allowed_limits(found["role"], found["branch_ids"])
    token, until = _new_token(), system_now() + GOOD_FOR
    tag = await connection().execute(_AGAIN, current().tenant_id, staff_id, _hash(token), until)
    if tag == "UPDATE 0":
        raise DomainError("already-staff")
    await record("staff.invite", f"staff:{staff_id}", {"again": True})
    return await _with_link(staff_id, token, until)


def tenant_of(token: str) -> UUID | None:
    """Whose invitation a link's token would be; None for a text that is no token."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw[:_ID_BYTES]) if len(raw) == _ID_BYTES + _SECRET_BYTES else None


async def invitation(token: str) -> Invitation:
    """The invitation behind a link, its row locked. Raises DomainError `invitation-unknown`, `invitation-used`,
    `invitation-expired`.
    """
    row = await connection().fetchrow(_FIND, current().tenant_id, _hash(token))
    if row is None or row["left_at"] is not None:
        raise DomainError("invitation-unknown")
    if row["account_id"] is not None:
        raise DomainError("invitation-used")
    if row["invitation_until"] < system_now():
        raise DomainError("invitation-expired")
    return Invitation(row["id"], row["chain"], row["name"], row["email"], row["role"])


async def accept(found: Invitation, account_id: UUID, name: str | None) -> None:
    """The account works here from now on; `name`: how it calls itself, None: as it was invited."""
    await join(found.staff_id, account_id, name)
    await record("staff.join", f"staff:{found.staff_id}", {"role": found.role}, actor=f"staff:{found.staff_id}")


async def _with_link(staff_id: UUID, token: str, until: datetime) -> dict[str, Any]:
    url, found = f"{get_settings().public_url.rstrip('/')}/invitation/{token}", await person(staff_id)
    await post_invitation(found["email"], found["name"], found["role"], url)
    return {**found, "invitation": {"url": url, "expires_at": until}}


def _new_token() -> str:
    return base64.urlsafe_b64encode(current().tenant_id.bytes + secrets.token_bytes(_SECRET_BYTES)).decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
