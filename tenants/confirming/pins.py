"""PINs: argon2id over a keyed hash, so that a stolen table alone, with its mere million PINs to try, tells nothing."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from saas.passwords import check_password, hash_password, outdated
from saas.scope import connection, current
from saas.secrets import keyed_hashes

_PURPOSE: Final = "member-pin"
STORED: Final = "(SELECT p.hash FROM member_pin AS p WHERE p.tenant_id = $1 AND p.member_id = {member})"
"""SQL of what is kept of a member's PIN, NULL without one; `$1` is the tenant."""
_READ: Final = f"SELECT {STORED.format(member='$2')}"
_SET: Final = """
INSERT INTO member_pin AS p (tenant_id, member_id, hash, set_at)
VALUES ($1, $2, $3, (SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1))
ON CONFLICT (tenant_id, member_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at
"""
_RENEW: Final = "UPDATE member_pin AS p SET hash = $3 WHERE p.tenant_id = $1 AND p.member_id = $2"
_FORGET: Final = "DELETE FROM member_pin AS p WHERE p.tenant_id = $1 AND p.member_id = ANY($2::uuid[]) RETURNING 1"


def _keyed(tenant_id: UUID, member_id: UUID, pin: str) -> list[str]:
    bound_to = tenant_id.bytes + member_id.bytes
    return [one.hex() for one in keyed_hashes(_PURPOSE, pin.encode(), bound_to=bound_to)]


async def pin_hash(tenant_id: UUID, member_id: UUID, pin: str) -> str:
    """What to keep of a PIN. Outside of a scope: it takes tens of milliseconds on purpose."""
    return await hash_password(_keyed(tenant_id, member_id, pin)[0])


async def keep_pin(member_id: UUID, hashed: str) -> None:
    """Sets it, in the place of a former one."""
    await connection().execute(_SET, current().tenant_id, member_id, hashed)


@dataclass(frozen=True, slots=True)
class Looked:
    """A PIN held against what was `stored`. `renewed`: what to keep in its place, of a right one under an older key or
    of other costs.
    """

    stored: str | None
    right: bool
    renewed: str | None = None


async def look_at_pin(member_id: UUID, pin: str, stored: str | None) -> Looked:
    """Whether it is the member's PIN, of which `stored` (`STORED`) is kept; False too, after the same time, for who has
    none.

    argon2 takes a good part of a second, on purpose: not to be waited for behind the member's lock.
    """
    keyed = _keyed(current().tenant_id, member_id, pin)
    for age, one in enumerate(keyed):
        if await check_password(stored, one):
            anew = age > 0 or (stored is not None and outdated(stored))
            return Looked(stored, True, await hash_password(keyed[0]) if anew else None)
    return Looked(stored, False)


async def check_pin(member_id: UUID, pin: str, looked: Looked | None = None) -> bool:
    """Behind the member's lock: what `look_at_pin` found before it, unless the PIN was changed in between; then, and
    without one, it is looked at now.
    """
    stored: str | None = await connection().fetchval(_READ, current().tenant_id, member_id)
    if looked is None or looked.stored != stored:
        looked = await look_at_pin(member_id, pin, stored)
    if looked.renewed is not None:
        await connection().execute(_RENEW, current().tenant_id, member_id, looked.renewed)
    return looked.right


async def forget_pins(members: list[UUID]) -> bool:
    """Takes the PINs of these away. Whether there was one."""
    return bool(await connection().fetch(_FORGET, current().tenant_id, members))
