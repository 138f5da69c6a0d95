"""Who an identifier belongs to."""

from uuid import UUID

from saas.scope import connection, current
from tenants.members.identities import CARD, EXTERNAL_ID, PHONE, UNIONID, openid_kind


async def find(
    *,
    member_id: UUID | None = None,
    phone: str | None = None,
    card_no: str | None = None,
    external_id: str | None = None,
    unionid: str | None = None,
    openid: tuple[str, str] | None = None,
) -> UUID | None:
    """The id of the member of the current tenant that all given identifiers lead to; None for nobody, for two
    different members, and for no identifier at all. `phone` is E.164; `openid` is (app id, openid).
    """
    given = {PHONE: phone, CARD: card_no, EXTERNAL_ID: external_id, UNIONID: unionid}
    if openid is not None:
        given[openid_kind(openid[0])] = openid[1]
    identities = {kind: value for kind, value in given.items() if value is not None}
    found: set[UUID | None] = set()
    if identities:
        rows = await connection().fetch(
            "SELECT i.member_id FROM unnest($2::text[], $3::text[]) AS n (kind, value)"
            " LEFT JOIN member_identity AS i"
            " ON i.tenant_id = $1 AND i.kind = n.kind AND i.value = n.value",
            current().tenant_id,
            list(identities),
            list(identities.values()),
        )
        found |= {row["member_id"] for row in rows}
    if member_id is not None:
        known = await connection().fetchval(
            "SELECT id FROM member WHERE tenant_id = $1 AND id = $2", current().tenant_id, member_id
        )
        found.add(known)
    return found.pop() if len(found) == 1 else None
