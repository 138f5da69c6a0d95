"""PINs of staff: four to eight digits, for coming back to a shared till and for approving at the counter.

A try counts before the PIN is looked at, so that many at once can't slip through. Five wrong ones in a row, and the PIN
is no good until its owner logs in with the password.
"""

from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, InvalidValueError
from saas.passwords import check_password, hash_password
from saas.principal import SYSTEM
from saas.scope import connection, current, tenant_scope
from saas.security_log import noted
from tenants.audit.record import record

SHORTEST: Final = 4
LONGEST: Final = 8
TRIES: Final = 5

_SET: Final = (
    "INSERT INTO staff_pin AS p (tenant_id, staff_id, pin_hash) VALUES ($1, $2, $3)"
    " ON CONFLICT (tenant_id, staff_id) DO UPDATE SET pin_hash = excluded.pin_hash, wrong = 0,"
    " set_at = clock_timestamp()"
)
_TRY: Final = (
    "UPDATE staff_pin AS p SET wrong = p.wrong + 1 FROM staff s WHERE p.tenant_id = $1 AND p.staff_id = $2"
    " AND p.wrong < $3 AND s.tenant_id = p.tenant_id AND s.id = p.staff_id AND s.left_at IS NULL"
    " AND s.account_id IS NOT NULL RETURNING p.pin_hash, p.wrong"
)
_HAS: Final = (
    "SELECT p.wrong FROM staff_pin p JOIN staff s ON s.tenant_id = p.tenant_id AND s.id = p.staff_id"
    " WHERE p.tenant_id = $1 AND p.staff_id = $2 AND s.left_at IS NULL AND s.account_id IS NOT NULL"
)
_FORGIVE: Final = "UPDATE staff_pin AS p SET wrong = 0 WHERE p.tenant_id = $1 AND p.staff_id = $2 AND p.wrong > 0"
_DROP: Final = "DELETE FROM staff_pin AS p WHERE p.tenant_id = $1 AND p.staff_id = $2"


def require_pin(pin: str) -> str:
    """The PIN. Raises InvalidValueError `pin-shape`, `weak-pin` for one digit repeated and for runs (1234, 8765)."""
    if not (SHORTEST <= len(pin) <= LONGEST and pin.isascii() and pin.isdigit()):
        raise InvalidValueError("pin-shape", min=SHORTEST, max=LONGEST)
    steps = {(ord(after) - ord(before)) % 10 for before, after in pairwise(pin)}
    if steps in ({0}, {1}, {9}):
        raise InvalidValueError("weak-pin")
    return pin


async def hash_pin(pin: str) -> str:
    """As passwords are; never inside a scope."""
    return await hash_password(pin)


async def keep_pin(staff_id: UUID, pin_hash: str) -> None:
    """The PIN of one of staff, from now on; in the current scope."""
    await connection().execute(_SET, current().tenant_id, staff_id, pin_hash)
    await record("staff.set_pin", f"staff:{staff_id}")


async def drop_pin(staff_id: UUID) -> None:
    """No PIN any more; in the current scope. Again is fine."""
    tag = await connection().execute(_DROP, current().tenant_id, staff_id)
    if tag != "DELETE 0":
        await record("staff.drop_pin", f"staff:{staff_id}")


async def pin_state(staff_id: UUID) -> int | None:
    """Wrong tries so far, None without a PIN; in the current scope."""
    wrong: int | None = await connection().fetchval(_HAS, current().tenant_id, staff_id)
    return wrong


async def forgive_pin(staff_id: UUID) -> None:
    """Its owner has logged in with the password: it may be tried again. In the current scope."""
    await connection().execute(_FORGIVE, current().tenant_id, staff_id)


async def check_pin(tenant_id: UUID, staff_id: UUID, pin: str, request_id: str | None) -> None:
    """Passes where the PIN is this person's. To be called outside a scope: it opens its own, and hashes between them.

    Raises DomainError `not-found` for nobody here with a PIN, `pin-wrong` (with the tries `left`), `pin-locked`.
    """
    async with tenant_scope(tenant_id, principal=SYSTEM, request_id=request_id):
        row: Any = await connection().fetchrow(_TRY, tenant_id, staff_id, TRIES)
        known = row is not None or await pin_state(staff_id) is not None
    if row is None:
        raise DomainError("pin-locked" if known else "not-found")
    if await check_password(row["pin_hash"], pin[: LONGEST + 1]):
        async with tenant_scope(tenant_id, principal=SYSTEM, request_id=request_id):
            await forgive_pin(staff_id)
        return
    noted("pin-refused", staff=str(staff_id))
    left = TRIES - row["wrong"]
    if left == 0:
        async with tenant_scope(tenant_id, principal=SYSTEM, request_id=request_id):
            await record("staff.pin_locked", f"staff:{staff_id}")
        raise DomainError("pin-locked")
    raise DomainError("pin-wrong", params={"left": left})
