"""Phones that the members of a household share, where the tenant allows it.

A phone of one member is its identity; a phone of two or more is in `household_member` and nobody's identity, so that
a purchase by it finds no one and has to ask. Whoever changes a phone's household first puts the phone's identity row
in: the table's key lets one at a time do so, and the others wait.
"""

from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current

_HOLD: Final = (
    "INSERT INTO member_identity AS i (tenant_id, kind, value, member_id) VALUES ($1, 'phone', $2, $3)"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_HOLDER: Final = "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = 'phone' AND value = $2"
_TAKE: Final = (
    "DELETE FROM member_identity AS i WHERE i.tenant_id = $1 AND i.kind = 'phone' AND i.value = $2"
    " AND ($3::uuid IS NULL OR i.member_id = $3) RETURNING i.member_id"
)
_SETTLE: Final = (
    "UPDATE member_identity AS i SET member_id = $3 WHERE i.tenant_id = $1 AND i.kind = 'phone' AND i.value = $2"
)
_ADD: Final = (
    "INSERT INTO household_member AS h (tenant_id, phone, member_id) SELECT $1, $2, n.id FROM unnest($3::uuid[])"
    " AS n (id) ON CONFLICT DO NOTHING"
)
_REMOVE: Final = (
    "DELETE FROM household_member AS h WHERE h.tenant_id = $1 AND h.phone = $2 AND h.member_id = ANY($3)"
    " RETURNING h.member_id"
)
_SHARERS: Final = "SELECT member_id FROM household_member WHERE tenant_id = $1 AND phone = $2 ORDER BY member_id"
# Held until the end: whoever switches the setting off waits, and then counts this household too.
_ALLOWED: Final = "SELECT shared_phones FROM tenant WHERE tenant_id = $1 FOR SHARE"
_PHONES: Final = "SELECT phone FROM household_member WHERE tenant_id = $1 AND member_id = $2 ORDER BY phone"
_COUNT: Final = "SELECT count(DISTINCT phone) FROM household_member WHERE tenant_id = $1"


async def join_phone(member_id: UUID, phone: str) -> None:
    """Gives the member the phone (E.164): alone, or with those who have it.

    Raises DomainError `phone-taken` where somebody has it and the tenant lets nobody share; then the caller's work
    must not last.
    """
    while True:
        if await connection().fetchval(_HOLD, current().tenant_id, phone, member_id):
            if await sharers(phone):
                await connection().execute(_ADD, current().tenant_id, phone, [member_id])
                await connection().execute(_TAKE, current().tenant_id, phone, member_id)
            return
        if await connection().fetchval(_HOLDER, current().tenant_id, phone) == member_id:
            return
        if not await connection().fetchval(_ALLOWED, current().tenant_id):
            raise DomainError("phone-taken", errors=[FieldError("/phone", "phone-taken")])
        other = await connection().fetchval(_TAKE, current().tenant_id, phone, None)
        if other is not None:
            await connection().execute(_ADD, current().tenant_id, phone, [other, member_id])
            return
        # Its only owner gave it up meanwhile.


async def leave_phone(member_id: UUID, phone: str) -> None:
    """Takes the phone from the member. One who is left alone with it has it as its own."""
    await _replace(phone, member_id, None)


async def hand_phone_over(phone: str, of: UUID, to: UUID) -> None:
    """Where `of` had the phone, alone or with others, `to` has it."""
    await _replace(phone, of, to)


async def _replace(phone: str, of: UUID, to: UUID | None) -> None:
    while True:
        if await connection().fetchval(_TAKE, current().tenant_id, phone, of) is not None:
            if to is not None:
                await connection().fetchval(_HOLD, current().tenant_id, phone, to)
            return
        if of not in await sharers(phone):
            return
        if await connection().fetchval(_HOLD, current().tenant_id, phone, of):
            break
        # The household came down to this member meanwhile: the phone is its own now.
    await connection().execute(_REMOVE, current().tenant_id, phone, [of])
    if to is not None:
        await connection().execute(_ADD, current().tenant_id, phone, [to])
    left = await sharers(phone)
    if len(left) == 1:
        await connection().execute(_REMOVE, current().tenant_id, phone, left)
        await connection().execute(_SETTLE, current().tenant_id, phone, left[0])
    else:
        await connection().execute(_TAKE, current().tenant_id, phone, None)


async def sharers(phone: str) -> list[UUID]:
    """The members who share this phone; none where it is one member's own or nobody's."""
    rows = await connection().fetch(_SHARERS, current().tenant_id, phone)
    return [row["member_id"] for row in rows]


async def shared_phones_of(member_id: UUID) -> list[str]:
    """The phones that the member has together with others."""
    rows = await connection().fetch(_PHONES, current().tenant_id, member_id)
    return [row["phone"] for row in rows]


async def count_shared_phones() -> int:
    """How many phones several members share."""
    count: int = await connection().fetchval(_COUNT, current().tenant_id)
    return count
