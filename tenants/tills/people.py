"""Who lately used a till. Whoever logged in there with the password in the last week comes back by PIN."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from saas.clock import system_now
from saas.db import role_pool
from saas.errors import DomainError
from saas.principal import SYSTEM
from saas.scope import connection, current, tenant_scope
from tenants.audit.record import record
from tenants.staff.pins import TRIES, check_pin
from tenants.tills.till import Till

BACK_WITHIN: Final = timedelta(days=7)

_LOGGED_IN: Final = """
INSERT INTO till_person AS p (tenant_id, till_id, staff_id, logged_in_at, used_at) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (tenant_id, till_id, staff_id)
    DO UPDATE SET logged_in_at = excluded.logged_in_at, used_at = excluded.used_at"""
_PEOPLE: Final = """
SELECT s.id, s.name, s.role, n.wrong FROM till_person p
  JOIN staff s ON s.tenant_id = p.tenant_id AND s.id = p.staff_id
  LEFT JOIN staff_pin n ON n.tenant_id = s.tenant_id AND n.staff_id = s.id
 WHERE p.tenant_id = $1 AND p.till_id = $2 AND p.logged_in_at > $3 AND s.left_at IS NULL AND s.account_id IS NOT NULL
 ORDER BY p.used_at DESC, s.id LIMIT 24"""
_BACK: Final = """
UPDATE till_person AS p SET used_at = $4 WHERE p.tenant_id = $1 AND p.till_id = $2 AND p.staff_id = $3
   AND p.logged_in_at > $5"""
_ACCOUNT: Final = "SELECT account_id FROM platform.account_tenant WHERE tenant_id = $1 AND staff_id = $2"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who may come back here; `ready`: with a PIN that can be tried."""

    id: UUID
    name: str
    role: str
    ready: bool


async def note_log_in(till_id: UUID, staff_id: UUID) -> None:
    """Somebody logged in here with the password; in the current scope."""
    await connection().execute(_LOGGED_IN, current().tenant_id, till_id, staff_id, system_now())


async def people_of(till: Till) -> list[Known]:
    """Who lately used it, the last one first. Opens a scope of its own."""
    async with tenant_scope(till.tenant_id, principal=SYSTEM):
        rows = await connection().fetch(_PEOPLE, till.tenant_id, till.id, system_now() - BACK_WITHIN)
    return [
        Known(row["id"], row["name"], row["role"], row["wrong"] is not None and row["wrong"] < TRIES) for row in rows
    ]


async def come_back(till: Till, staff_id: UUID, pin: str, request_id: str | None) -> UUID:
    """The account of whose PIN it is, here at this till. Opens scopes of its own.

    Raises DomainError `not-found` for who hasn't used it lately or has no PIN, `pin-wrong`, `pin-locked`.
    """
    if all(known.id != staff_id for known in await people_of(till)):
        raise DomainError("not-found")
    await check_pin(till.tenant_id, staff_id, pin, request_id)
    now, actor = system_now(), f"staff:{staff_id}"
    async with tenant_scope(till.tenant_id, principal=SYSTEM, request_id=request_id):
        tag = await connection().execute(_BACK, till.tenant_id, till.id, staff_id, now, now - BACK_WITHIN)
        if tag == "UPDATE 0":
            raise DomainError("not-found")
        await record("session.pin", actor, {"till_id": str(till.id)}, actor=actor)
    pool = await role_pool("gate")
    account: Any = await pool.fetchval(_ACCOUNT, till.tenant_id, staff_id)
    if account is None:
        raise DomainError("not-found")
    account_id: UUID = account
    return account_id
