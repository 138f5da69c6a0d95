"""The identifiers that lead to a member: a row each, unique in the tenant by the table's key.

A member may have several of a kind: those of the records merged into it, and cards. Shared phones are in `households`;
what became of cards is in `tenants.cards`.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.cards.keeping import end_cards, give_card, move_cards
from tenants.members.households import hand_phone_over, join_phone, leave_phone, shared_phones_of

PHONE: Final = "phone"
CARD: Final = "card"
EXTERNAL_ID: Final = "external_id"
UNIONID: Final = "wechat_unionid"
OPENID: Final = "wechat_openid:"

Identity = tuple[str, str]
"""Kind and value."""

KIND_OF_FIELD: Final = {"phone": PHONE, "card_no": CARD, "external_id": EXTERNAL_ID}
_TAKEN: Final = {
    CARD: ("card-taken", FieldError("/card_no", "card-taken")),
    EXTERNAL_ID: ("external-id-taken", FieldError("/external_id", "external-id-taken")),
}
_CARD_LOST: Final = ("card-lost", FieldError("/card_no", "card-lost"))
_WECHAT_TAKEN: Final = ("wechat-taken", FieldError("/wechat", "wechat-taken"))
_PHONE_TAKEN: Final = ("phone-taken", FieldError("/phone", "phone-taken"))

_CLAIM: Final = (
    "INSERT INTO member_identity AS i (tenant_id, kind, value, member_id)"
    " SELECT $1, kind, value, $2 FROM unnest($3::text[], $4::text[]) AS n (kind, value)"
    " ORDER BY kind, value ON CONFLICT DO NOTHING RETURNING i.kind"
)
_RELEASE: Final = (
    "DELETE FROM member_identity AS i USING unnest($3::text[], $4::text[]) AS n (kind, value)"
    " WHERE i.tenant_id = $1 AND i.member_id = $2 AND i.kind = n.kind AND i.value = n.value"
)
# In one statement: while a household comes down to one member, its phone is in one of the two tables or in the other.
_OF: Final = (
    "SELECT i.kind, i.value FROM member_identity AS i WHERE i.tenant_id = $1 AND i.member_id = $2"
    " UNION ALL SELECT 'phone', h.phone FROM household_member AS h WHERE h.tenant_id = $1 AND h.member_id = $2"
)
_MOVE: Final = "UPDATE member_identity AS i SET member_id = $3 WHERE i.tenant_id = $1 AND i.member_id = $2"


def openid_kind(app_id: str) -> str:
    """The kind of an openid, which is unique in its app only."""
    return OPENID + app_id


async def claim(member_id: UUID, identities: Mapping[str, str], *, shared_phones: bool) -> None:
    """Gives the member these identities, kind → value. Raises DomainError `phone-taken` (unless members may share
    phones), `card-taken`, `card-lost`, `external-id-taken`, `wechat-taken`; then the caller's work must not last. What
    is its own already stays so.
    """
    phone = identities.get(PHONE) if shared_phones else None
    plain = {kind: value for kind, value in identities.items() if phone is None or kind != PHONE}
    if plain:
        rows = await connection().fetch(
            _CLAIM, current().tenant_id, member_id, list(plain), [plain[kind] for kind in plain]
        )
        taken = plain.keys() - {row["kind"] for row in rows}
        if taken:
            taken -= {kind for kind, value in await identities_of(member_id) if plain.get(kind) == value}
        found = {kind: _taken(kind) for kind in taken}
        if CARD in plain and CARD not in taken:  # free today, but perhaps somebody's once
            refused = await give_card(member_id, plain[CARD])
            if refused is not None:
                found[CARD] = _taken(CARD) if refused == "card-taken" else _CARD_LOST
        if found:
            refusals = [found[kind] for kind in plain if kind in found]
            raise DomainError(refusals[0][0], errors=[error for _, error in refusals])
    if phone is not None:
        await join_phone(member_id, phone)


def _taken(kind: str) -> tuple[str, FieldError]:
    return _PHONE_TAKEN if kind == PHONE else _TAKEN.get(kind, _WECHAT_TAKEN)


async def release(member_id: UUID, identities: Iterable[Identity]) -> None:
    """Takes these identities from the member, its part in a shared phone too."""
    given = sorted(set(identities))
    kinds = [kind for kind, _ in given if kind != PHONE]
    values = [value for kind, value in given if kind != PHONE]
    if kinds:
        await connection().execute(_RELEASE, current().tenant_id, member_id, kinds, values)
    await end_cards({value: member_id for kind, value in given if kind == CARD})
    for kind, phone in given:
        if kind == PHONE:
            await leave_phone(member_id, phone)


async def identities_of(member_id: UUID) -> list[Identity]:
    """Everything that leads to the member alone, and the phones that it shares."""
    rows = await connection().fetch(_OF, current().tenant_id, member_id)
    return [(row["kind"], row["value"]) for row in rows]


async def move_identities(of: UUID, to: UUID) -> None:
    """What led to `of` leads to `to`. The caller holds both locks."""
    await _hand_shared_over(of, to)
    await connection().execute(_MOVE, current().tenant_id, of, to)
    await move_cards(of, to)
    await _hand_shared_over(of, to)  # what was its own phone alone, until somebody joined it a moment ago


async def _hand_shared_over(of: UUID, to: UUID) -> None:
    for phone in await shared_phones_of(of):
        await hand_phone_over(phone, of, to)
