"""Whether somebody was a member before: a welcome gift is given once.

Who has left is known by the phone of the closed record, and of those merged into it. Of who was erased nothing is left
but a hash of the phone under the installation's secret keys: it tells the number again, and can't be turned back into
it without the keys.
"""

from typing import Final

from saas.scope import connection, current
from saas.secrets import keyed_hashes
from tenants.merged import leads_to

_PURPOSE: Final = "erased-phone"
_KEEP: Final = (
    "INSERT INTO erased_identity AS e (tenant_id, kind, hash, erased_at)"
    " SELECT $1, 'phone', n.hash, clock_timestamp() FROM unnest($2::bytea[]) AS n (hash) ON CONFLICT DO NOTHING"
)

WAS_MEMBER: Final = f"""(
    EXISTS (SELECT FROM erased_identity AS e WHERE e.tenant_id = $1 AND e.kind = 'phone' AND e.hash = ANY({{hashes}}))
    OR EXISTS (SELECT FROM member AS w JOIN member AS r ON r.tenant_id = $1 AND r.id = {leads_to("w")}
                WHERE w.tenant_id = $1 AND w.phone_last4 = right({{phone}}, 4) AND w.phone = {{phone}}
                  AND r.status = 'closed'))"""
"""A condition on `{phone}` (text, E.164) and `{hashes}` (bytea[] of `hashes_of`); `$1` is the tenant."""


def hashes_of(phone: str | None) -> list[bytes]:
    """The phone's hash (HMAC-SHA-256, of this tenant) under each secret key in use, the newest first."""
    if phone is None:
        return []
    return keyed_hashes(_PURPOSE, phone.encode(), bound_to=current().tenant_id.bytes)


async def remember_erased(phones: list[str]) -> None:
    """Keeps the hashes of an erased person's phones, under the newest key."""
    await connection().execute(_KEEP, current().tenant_id, [hashes_of(phone)[0] for phone in phones])


async def were_members(phones: list[str]) -> set[str]:
    """Those of these phones (E.164) whose members left or were erased."""
    if not phones:
        return set()
    rows = await connection().fetch(_CLOSED, current().tenant_id, phones, [phone[-4:] for phone in phones])
    found = {row["phone"] for row in rows}
    if await connection().fetchval(_ANY_ERASED, current().tenant_id):
        by_hash = {digest: phone for phone in phones for digest in hashes_of(phone)}
        rows = await connection().fetch(_ERASED, current().tenant_id, list(by_hash))
        found |= {by_hash[row["hash"]] for row in rows}
    return found


_CLOSED: Final = (
    "SELECT DISTINCT m.phone FROM unnest($2::text[], $3::text[]) AS n (phone, last4)"
    " JOIN member AS m ON m.tenant_id = $1 AND m.phone_last4 = n.last4 AND m.phone = n.phone"
    f" JOIN member AS r ON r.tenant_id = $1 AND r.id = {leads_to('m')} AND r.status = 'closed'"
)
_ANY_ERASED: Final = "SELECT EXISTS (SELECT FROM erased_identity WHERE tenant_id = $1)"
_ERASED: Final = "SELECT hash FROM erased_identity WHERE tenant_id = $1 AND kind = 'phone' AND hash = ANY($2::bytea[])"
