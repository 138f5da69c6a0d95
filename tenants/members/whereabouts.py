"""Where an id or an identifier leads: merged records lead to their survivor, closed ones to a refusal.

Writers of facts lock by `status = 'active'` and come here only where that found nobody, so that the common case
pays nothing for the rare ones.
"""

from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.merged import leads_to

_BY_ID: Final = f"""
SELECT r.id, r.status FROM member AS m
  JOIN member AS r ON r.tenant_id = m.tenant_id AND r.id = {leads_to("m")}
 WHERE m.tenant_id = $1 AND m.id = $2
"""
_BY_IDENTITY: Final = "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = $2 AND value = $3"
_DEAD_CARD: Final = (
    "SELECT 1 FROM card AS c WHERE c.tenant_id = $1 AND c.number = $2 AND c.state IN ('lost', 'replaced')"
)
_HOUSEHOLD: Final = """
SELECT m.id, m.name FROM household_member AS h JOIN member AS m ON m.tenant_id = h.tenant_id AND m.id = h.member_id
 WHERE h.tenant_id = $1 AND h.phone = $2 ORDER BY m.id
"""
_UNITED: Final = f"""
SELECT u.id FROM member AS m
  JOIN member AS r ON r.tenant_id = m.tenant_id AND r.id = {leads_to("m")}
  JOIN member AS u ON u.tenant_id = r.tenant_id AND (u.id = r.id OR u.merged_into = r.id)
 WHERE m.tenant_id = $1 AND m.id = $2 ORDER BY u.id <> r.id, u.id
"""


async def survivor_of(member_id: UUID) -> UUID:
    """The member that this id leads to, whatever its status. Raises DomainError `not-found`."""
    return (await united(member_id))[0]


async def united(member_id: UUID) -> list[UUID]:
    """The survivor's id, then those merged into it: under these ids are the facts of this person.

    Raises DomainError `not-found`.
    """
    rows = await connection().fetch(_UNITED, current().tenant_id, member_id)
    if not rows:
        raise DomainError("not-found")
    return [row["id"] for row in rows]


async def locate(member_id: UUID) -> UUID:
    """The active member that this id leads to. Raises DomainError `unknown-member`, `member-closed`."""
    row = await connection().fetchrow(_BY_ID, current().tenant_id, member_id)
    if row is None:
        raise DomainError("unknown-member")
    if row["status"] != "active":
        raise DomainError("member-closed")
    found: UUID = row["id"]
    return found


async def locate_identity(kind: str, value: str) -> UUID:
    """The member that an identifier leads to (kinds as in `member_identity`).

    Raises DomainError `unknown-member`, `phone-shared` with the candidates where a household has the phone, and
    `card-lost` for a card that was reported lost or replaced.
    """
    found: UUID | None = await connection().fetchval(_BY_IDENTITY, current().tenant_id, kind, value)
    if found is not None:
        return await locate(found)
    shared = await household_of(value) if kind == "phone" else []
    if shared:
        raise phone_shared(shared)
    if kind == "card" and await connection().fetchval(_DEAD_CARD, current().tenant_id, value):
        raise DomainError("card-lost")
    raise DomainError("unknown-member")


async def household_of(phone: str) -> list[asyncpg.Record]:
    """The members (`id`, `name`) who share this phone (E.164); nobody where it is one member's own."""
    return await connection().fetch(_HOUSEHOLD, current().tenant_id, phone)


def phone_shared(shared: list[asyncpg.Record]) -> DomainError:
    """The refusal that names whom a shared phone may mean, so that the till can choose."""
    candidates: list[dict[str, Any]] = [{"id": str(row["id"]), "name": row["name"]} for row in shared]
    return DomainError("phone-shared", params={"members": len(candidates), "candidates": candidates})
