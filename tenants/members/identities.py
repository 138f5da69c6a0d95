"""The identifiers that lead to a member: a row each, unique in the tenant by the table's key."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError
from saas.scope import connection, current

PHONE: Final = "phone"
CARD: Final = "card"
EXTERNAL_ID: Final = "external_id"
UNIONID: Final = "wechat_unionid"
_OPENID: Final = "wechat_openid:"

KIND_OF_FIELD: Final = {"phone": PHONE, "card_no": CARD, "external_id": EXTERNAL_ID}
_TAKEN: Final = {
    PHONE: ("phone-taken", FieldError("/phone", "phone-taken")),
    CARD: ("card-taken", FieldError("/card_no", "card-taken")),
    EXTERNAL_ID: ("external-id-taken", FieldError("/external_id", "external-id-taken")),
}
_WECHAT_TAKEN: Final = ("conflict", FieldError("/wechat", "duplicate"))


def openid_kind(app_id: str) -> str:
    """The kind of an openid, which is unique in its app only."""
    return _OPENID + app_id


async def claim(member_id: UUID, identities: Mapping[str, str]) -> None:
    """Gives the member these identities, kind → value. Raises DomainError `phone-taken`, `card-taken`,
    `external-id-taken`, or `conflict` for a WeChat identity; then the caller's work must not last.
    """
    if not identities:
        return
    rows = await connection().fetch(
        "INSERT INTO member_identity AS i (tenant_id, kind, value, member_id)"
        " SELECT $1, kind, value, $2 FROM unnest($3::text[], $4::text[]) AS n (kind, value)"
        " ORDER BY kind, value ON CONFLICT DO NOTHING RETURNING i.kind",
        current().tenant_id,
        member_id,
        list(identities),
        list(identities.values()),
    )
    taken = identities.keys() - {row["kind"] for row in rows}
    if taken:
        found = [_TAKEN.get(kind, _WECHAT_TAKEN) for kind in identities if kind in taken]
        raise DomainError(found[0][0], errors=[error for _, error in found])


async def release(member_id: UUID, kinds: list[str]) -> None:
    """Takes the member's identities of these kinds away."""
    await connection().execute(
        "DELETE FROM member_identity AS i WHERE i.tenant_id = $1 AND i.member_id = $2 AND i.kind = ANY($3)",
        current().tenant_id,
        member_id,
        kinds,
    )
