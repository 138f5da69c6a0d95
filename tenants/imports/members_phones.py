"""Who has which phone while a batch of members is applied: one member, or a household where the chain allows that."""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection
from tenants.imports import identities
from tenants.imports.context import RetryBatchError
from tenants.imports.identities import Identity
from tenants.members.households import join_phone, leave_phone

PHONE: Final = "phone"
Pair = tuple[Identity, UUID]
"""An identity and a member that it leads to."""

_SHARED: Final = "SELECT shared_phones FROM tenant WHERE tenant_id = $1"
_HOUSEHOLDS: Final = (
    "SELECT phone, member_id FROM household_member WHERE tenant_id = $1 AND phone = ANY($2::text[])"
    " ORDER BY phone, member_id"
)


async def may_share(tenant_id: UUID) -> bool:
    return bool(await connection().fetchval(_SHARED, tenant_id))


async def find_pairs(tenant_id: UUID, named: Collection[Identity], *, shared: bool) -> set[Pair]:
    """Whom these identities lead to; a shared phone leads to several."""
    found = set((await identities.find(tenant_id, named)).items())
    if shared:
        phones = [value for kind, value in named if kind == PHONE]
        rows = await connection().fetch(_HOUSEHOLDS, tenant_id, phones)
        found |= {((PHONE, row["phone"]), row["member_id"]) for row in rows}
    return found


async def write_pairs(tenant_id: UUID, before: set[Pair], after: set[Pair], *, shared: bool) -> None:
    """What was given up goes first: another row of the batch may have taken it over. Raises RetryBatchError."""
    gone, new = before - after, after - before
    one_by_one = {pair for pair in gone | new if shared and pair[0][0] == PHONE}
    await identities.delete(tenant_id, dict(gone - one_by_one))
    for (_, phone), member in sorted(gone & one_by_one):
        await leave_phone(member, phone)
    alone = new - one_by_one | _alone(new & one_by_one, before | after)
    if not await identities.insert(tenant_id, dict(alone)):
        raise RetryBatchError
    try:
        for (_, phone), member in sorted(new - alone):
            await join_phone(member, phone)
    except DomainError:  # the setting was switched off meanwhile
        raise RetryBatchError from None


def _alone(new: set[Pair], known: Iterable[Pair]) -> set[Pair]:
    """Phones that nobody else has: most of them, to be written at once."""
    holders: dict[Identity, set[UUID]] = {}
    for identity, member in known:
        holders.setdefault(identity, set()).add(member)
    return {pair for pair in new if len(holders[pair[0]]) == 1}
