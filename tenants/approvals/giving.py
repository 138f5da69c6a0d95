"""Approving at the counter: somebody above types a PIN on the clerk's screen, and the clerk's session gets a token."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from tenants.approvals.limits import Act, token_hash
from tenants.audit.record import record
from tenants.staff.pins import TRIES, check_pin

GOOD_FOR: Final = timedelta(minutes=2)
_KEPT: Final = timedelta(days=1)

# Who is bound to branches approves for who works in one of them.
_ABOVE: Final = """
SELECT s.id, s.name, s.role FROM staff s JOIN staff_pin p ON p.tenant_id = s.tenant_id AND p.staff_id = s.id
 WHERE s.tenant_id = $1 AND s.left_at IS NULL AND s.account_id IS NOT NULL AND s.role IN ('owner', 'manager')
   AND (s.branch_ids IS NULL OR $2::uuid[] IS NULL OR s.branch_ids && $2) AND 'staff:' || s.id <> $3"""
_PEOPLE: Final = f"{_ABOVE} AND p.wrong < $4 ORDER BY s.role = 'owner', s.name, s.id LIMIT 100"
_ONE: Final = f"{_ABOVE} AND s.id = $4"
_GIVE: Final = """
INSERT INTO approval AS a (tenant_id, token_hash, session_hash, asked_by, approved_by, act, target, amount, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + $9::interval) RETURNING a.id, a.expires_at"""
_TIDY: Final = "DELETE FROM approval AS a WHERE a.tenant_id = $1 AND a.expires_at < clock_timestamp() - $2::interval"


@dataclass(frozen=True, slots=True)
class Approved:
    """`token` goes into the header `Approval` of the act; it is shown this once. `name`: who approved."""

    id: UUID
    token: str
    name: str
    expires_at: datetime


async def who_may_approve() -> list[dict[str, Any]]:
    """{id, name, role} of those above who have a PIN that can be tried, managers first; nobody for a key, which needs
    nobody. In the current scope.
    """
    principal = current().principal
    if principal.session is None:
        return []
    rows = await connection().fetch(_PEOPLE, current().tenant_id, _branches(principal), principal.actor, TRIES)
    return [dict(row) for row in rows]


async def approve(
    asker: Principal, staff_id: UUID, pin: str, act: Act, target: str, amount: int, request_id: str | None
) -> Approved:
    """Allows `asker`'s session one act, if the PIN is that of somebody above. Outside a scope: it opens its own.

    Raises DomainError `not-permitted` for a key, `not-found` for who can't approve here, `pin-wrong`, `pin-locked`.
    """
    tenant_id, session = asker.tenant_id, asker.session
    if tenant_id is None or session is None:
        raise DomainError("not-permitted")
    async with tenant_scope(tenant_id, principal=asker, request_id=request_id):
        await _above(asker, staff_id)
    await check_pin(tenant_id, staff_id, pin, request_id)
    token, asked_by = secrets.token_urlsafe(32), asker.actor.removeprefix("staff:")
    async with tenant_scope(tenant_id, principal=asker, request_id=request_id):
        name = await _above(asker, staff_id)
        await connection().execute(_TIDY, tenant_id, _KEPT)
        kept = (token_hash(token), session, UUID(asked_by), staff_id, act, target, amount, GOOD_FOR)
        row: Any = await connection().fetchrow(_GIVE, tenant_id, *kept)
        detail = {"approval_id": str(row["id"]), "act": act, "amount": amount, "asked_by": asker.actor}
        await record("approval.give", target, detail, actor=f"staff:{staff_id}")
    return Approved(row["id"], token, name, row["expires_at"])


async def _above(asker: Principal, staff_id: UUID) -> str:
    row = await connection().fetchrow(_ONE, current().tenant_id, _branches(asker), asker.actor, staff_id)
    if row is None:
        raise DomainError("not-found")
    name: str = row["name"]
    return name


def _branches(asker: Principal) -> list[UUID] | None:
    return None if asker.branch_ids is None else sorted(asker.branch_ids)
