"""The operators: who may log in to the console, and what they need for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.clock import system_now
from saas.db import role_pool
from saas.passwords import check_password, hash_password
from saas.second_factor.totp import new_secret, step_of
from saas.secrets import InvalidSecretError, decrypt, encrypt

_PURPOSE: Final = "operator-factor"
_ADD: Final = """
INSERT INTO platform.operator AS o (email, name, password_hash) VALUES ($1, $2, $3)
    ON CONFLICT (email) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash, gone_at = NULL,
       secret = NULL, confirmed_at = NULL, last_step = 0
 WHERE o.gone_at IS NOT NULL RETURNING id"""
_READ: Final = """
SELECT o.id, o.email, o.name, o.password_hash, o.created_at, o.secret, o.confirmed_at FROM platform.operator o
 WHERE o.gone_at IS NULL"""
_RESET: Final = """
UPDATE platform.operator AS o SET password_hash = $2, secret = NULL, confirmed_at = NULL, last_step = 0
 WHERE o.email = $1 AND o.gone_at IS NULL RETURNING o.id"""
_BEGIN: Final = """
UPDATE platform.operator AS o SET secret = $2, last_step = 0 WHERE o.id = $1 AND o.confirmed_at IS NULL"""
# A step is taken once: of two who send the same code one comes in.
_TAKE: Final = """
UPDATE platform.operator AS o SET last_step = $2, confirmed_at = coalesce(o.confirmed_at, $3)
 WHERE o.id = $1 AND o.last_step < $2 AND o.secret = $4"""


@dataclass(frozen=True, slots=True)
class Operator:
    """One of us. `confirmed_at`: since when a second factor is asked for; None: there is none yet."""

    id: UUID
    email: str
    name: str
    created_at: datetime
    confirmed_at: datetime | None


async def add(email: str, name: str, password: str) -> UUID | None:
    """The new operator's id; None where the address is one's already. Who had gone comes back with all anew."""
    hashed = await hash_password(password)
    found: UUID | None = await (await role_pool("operator")).fetchval(_ADD, email.strip().lower(), name, hashed)
    return found


async def everybody() -> list[Operator]:
    """Those who may log in, by address."""
    rows = await (await role_pool("operator")).fetch(f"{_READ} ORDER BY o.email")
    return [_operator(row) for row in rows]


async def remove(email: str) -> bool:
    """No longer an operator, and out of every session. False for who is none."""
    pool = await role_pool("operator")
    gone = "UPDATE platform.operator AS o SET gone_at = $2 WHERE o.email = $1 AND o.gone_at IS NULL RETURNING o.id"
    found = await pool.fetchval(gone, email.strip().lower(), system_now())
    await _log_out(found)
    return found is not None


async def reset(email: str, password: str) -> bool:
    """A new password, and a second factor to be set up anew; every session ends. False for who is none."""
    hashed = await hash_password(password)
    found = await (await role_pool("operator")).fetchval(_RESET, email.strip().lower(), hashed)
    await _log_out(found)
    return found is not None


async def with_password(email: str, password: str) -> Operator | None:
    """Who has this address and password; None after the same time for anybody else."""
    row: Any = await (await role_pool("operator")).fetchrow(f"{_READ} AND o.email = $1", email.strip().lower())
    good = await check_password(row["password_hash"] if row else None, password)
    return _operator(row) if row is not None and good else None


async def by_id(operator_id: UUID) -> Operator | None:
    """None for who has gone."""
    row: Any = await (await role_pool("operator")).fetchrow(f"{_READ} AND o.id = $1", operator_id)
    return None if row is None else _operator(row)


async def factor_to_set_up(operator_id: UUID) -> bytes | None:
    """The secret that an app is to learn: the one begun before, else a new one. None where one is in force."""
    pool = await role_pool("operator")
    row: Any = await pool.fetchrow(f"{_READ} AND o.id = $1", operator_id)
    if row is None or row["confirmed_at"] is not None:
        return None
    secret = _opened(operator_id, row["secret"])
    if secret is None:
        secret = new_secret()
        await pool.execute(_BEGIN, operator_id, encrypt(_PURPOSE, secret, bound_to=operator_id.bytes))
    return secret


async def code_is_right(operator_id: UUID, code: str) -> bool:
    """Whether the app's code is right, this minute and for the first time; the first right one puts it in force."""
    pool, now = await role_pool("operator"), system_now()
    row: Any = await pool.fetchrow(f"{_READ} AND o.id = $1", operator_id)
    secret = None if row is None else _opened(operator_id, row["secret"])
    step = None if secret is None else step_of(secret, "".join(code.split()), now.timestamp())
    if step is None:
        return False
    return bool(await pool.execute(_TAKE, operator_id, step, now, row["secret"]) == "UPDATE 1")


def _opened(operator_id: UUID, sealed: str | None) -> bytes | None:
    try:
        return None if sealed is None else decrypt(_PURPOSE, sealed, bound_to=operator_id.bytes)
    except InvalidSecretError:  # sealed under a key that is gone: `regulars operator reset` begins anew
        return None


async def _log_out(operator_id: UUID | None) -> None:
    if operator_id is not None:
        gone = "DELETE FROM platform.operator_session s WHERE s.operator_id = $1"
        await (await role_pool("operator")).execute(gone, operator_id)


def _operator(row: Any) -> Operator:
    return Operator(row["id"], row["email"], row["name"], row["created_at"], row["confirmed_at"])
