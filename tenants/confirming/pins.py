"""PINs: argon2id over a keyed hash, so that a stolen table alone, with its mere million PINs to try, tells nothing."""

from typing import Final
from uuid import UUID

from saas.passwords import check_password, hash_password, outdated
from saas.scope import connection, current
from saas.secrets import keyed_hashes

_PURPOSE: Final = "member-pin"
_READ: Final = "SELECT p.hash FROM member_pin AS p WHERE p.tenant_id = $1 AND p.member_id = $2"
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


async def check_pin(member_id: UUID, pin: str) -> bool:
    """Whether it is the member's PIN; False too, after the same time, for who has none.

    In the caller's transaction: the member's lock is held for argon2's tens of milliseconds. A right one under an
    older key, or of other costs, is kept anew.
    """
    stored: str | None = await connection().fetchval(_READ, current().tenant_id, member_id)
    keyed = _keyed(current().tenant_id, member_id, pin)
    for age, one in enumerate(keyed):
        if await check_password(stored, one):
            if age > 0 or (stored is not None and outdated(stored)):
                renewed = await hash_password(keyed[0])
                await connection().execute(_RENEW, current().tenant_id, member_id, renewed)
            return True
    return False


async def forget_pins(members: list[UUID]) -> bool:
    """Takes the PINs of these away. Whether there was one."""
    return bool(await connection().fetch(_FORGET, current().tenant_id, members))
