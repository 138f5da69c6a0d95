"""From what a file calls a member to the member: set by set, never row by row."""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final
from uuid import UUID

from saas.errors import InvalidValueError
from saas.scope import connection
from tenants.members.phones import normalise_phone

Identity = tuple[str, str]
"""Kind (`external_id`, `phone`, `card`) and value; unique in a tenant."""

_FIND: Final = (
    "SELECT i.kind, i.value, i.member_id FROM member_identity i"
    " JOIN unnest($2::text[], $3::text[]) AS k (kind, value) ON k.kind = i.kind AND k.value = i.value"
    " WHERE i.tenant_id = $1"
)
_INSERT: Final = (
    "INSERT INTO member_identity AS i (tenant_id, kind, value, member_id)"
    " SELECT $1, k.kind, k.value, k.member_id FROM unnest($2::text[], $3::text[], $4::uuid[])"
    " AS k (kind, value, member_id) ORDER BY k.kind, k.value ON CONFLICT DO NOTHING"
)
_DELETE: Final = (
    "DELETE FROM member_identity i USING unnest($2::text[], $3::text[], $4::uuid[]) AS k (kind, value, member_id)"
    " WHERE i.tenant_id = $1 AND i.kind = k.kind AND i.value = k.value AND i.member_id = k.member_id"
)
# What was sold with a card before it was lost is its member's too.
_DEAD_CARDS: Final = (
    "SELECT c.number, c.member_id FROM card AS c JOIN member AS m ON m.tenant_id = c.tenant_id AND m.id = c.member_id"
    " WHERE c.tenant_id = $1 AND c.number = ANY($2::text[]) AND c.state IN ('lost', 'replaced') AND m.status = 'active'"
)


async def find(tenant_id: UUID, identities: Collection[Identity]) -> dict[Identity, UUID]:
    """The members of those identities that lead to one."""
    if not identities:
        return {}
    kinds, values = zip(*identities, strict=True)
    rows = await connection().fetch(_FIND, tenant_id, kinds, values)
    return {(row["kind"], row["value"]): row["member_id"] for row in rows}


async def find_keys(tenant_id: UUID, keys: Iterable[str]) -> dict[str, UUID]:
    """Members by a key that may be an external id, a phone or a card number, a lost one too, tried in this order."""
    left = set(keys)
    found: dict[str, UUID] = {}
    for kind in ("external_id", "phone", "card"):
        named = {key: (kind, value) for key in left if (value := phone_of(key) if kind == "phone" else key)}
        members = await find(tenant_id, set(named.values()))
        found.update({key: members[identity] for key, identity in named.items() if identity in members})
        left -= found.keys()
    if left:
        rows = await connection().fetch(_DEAD_CARDS, tenant_id, list(left))
        found.update({row["number"]: row["member_id"] for row in rows})
    return found


async def insert(tenant_id: UUID, members: dict[Identity, UUID]) -> bool:
    """False where one of them leads to a member already: somebody else was faster, and the caller must begin anew."""
    if not members:
        return True
    kinds, values = zip(*members, strict=True)
    tag = await connection().execute(_INSERT, tenant_id, kinds, values, list(members.values()))
    return tag == f"INSERT 0 {len(members)}"


async def delete(tenant_id: UUID, members: dict[Identity, UUID]) -> None:
    if members:
        kinds, values = zip(*members, strict=True)
        await connection().execute(_DELETE, tenant_id, kinds, values, list(members.values()))


@lru_cache(maxsize=20_000)
def phone_of(key: str) -> str | None:
    """The phone in E.164, if the key is one."""
    try:
        return normalise_phone(key)
    except InvalidValueError:
        return None
