"""Second factors as they are kept, by the gate alone: the secret sealed, recovery codes as SHA-256."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from saas.clock import system_now
from saas.db import role_pool
from saas.second_factor.totp import new_secret, step_of
from saas.secrets import InvalidSecretError, decrypt, encrypt

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

RECOVERY_CODES: Final = 10
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 5 bits a letter, none that looks like another
_LENGTH: Final = 24
_PURPOSE: Final = "second-factor"
_BLANKS: Final = re.compile(r"[\s-]+")

_READ: Final = "SELECT secret, confirmed_at, last_step FROM platform.second_factor WHERE account_id = $1"
_LEFT: Final = "SELECT count(*) FROM platform.recovery_code WHERE account_id = $1 AND used_at IS NULL"
_BEGIN: Final = """
INSERT INTO platform.second_factor AS f (account_id, secret, begun_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, begun_at = excluded.begun_at, last_step = 0
 WHERE f.confirmed_at IS NULL"""
# All at once: who had come in by the password alone is out, but for the session that has just proved itself.
_CONFIRM: Final = """
WITH confirmed AS (
    UPDATE platform.second_factor AS f SET confirmed_at = $2, last_step = $3
     WHERE f.account_id = $1 AND f.confirmed_at IS NULL AND f.secret = $4 RETURNING f.account_id),
ended AS (
    DELETE FROM platform.session s USING confirmed WHERE s.account_id = confirmed.account_id AND s.token_hash <> $6)
INSERT INTO platform.recovery_code AS r (account_id, code_hash)
SELECT account_id, unnest($5::bytea[]) FROM confirmed"""
# A step is taken once; under a newer key of the installation the secret is sealed anew.
_TAKE: Final = """
UPDATE platform.second_factor AS f SET last_step = $2, secret = $3
 WHERE f.account_id = $1 AND f.last_step < $2 AND f.confirmed_at IS NOT NULL"""
_USE: Final = """
UPDATE platform.recovery_code AS r SET used_at = $3
 WHERE r.account_id = $1 AND r.code_hash = $2 AND r.used_at IS NULL"""
_NEW_CODES: Final = """
WITH gone AS (DELETE FROM platform.recovery_code AS r WHERE r.account_id = $1)
INSERT INTO platform.recovery_code AS r (account_id, code_hash)
SELECT f.account_id, unnest($2::bytea[]) FROM platform.second_factor f
 WHERE f.account_id = $1 AND f.confirmed_at IS NOT NULL"""
_DROP: Final = "DELETE FROM platform.second_factor AS f WHERE f.account_id = $1"
_USERS: Final = """
SELECT t.staff_id FROM platform.account_tenant t JOIN platform.second_factor f ON f.account_id = t.account_id
 WHERE t.tenant_id = $1 AND f.confirmed_at IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class Factor:
    """An account's second factor: asked for since `since`, None: only begun, with `secret` to be shown until then."""

    since: datetime | None
    secret: bytes | None
    codes_left: int


async def factor_of(account_id: UUID) -> Factor | None:
    """None where there is none, nor one begun."""
    pool = await role_pool("gate")
    row: Any = await pool.fetchrow(_READ, account_id)
    if row is None:
        return None
    if row["confirmed_at"] is None:
        return Factor(None, _opened(account_id, row["secret"]), 0)
    return Factor(row["confirmed_at"], None, await pool.fetchval(_LEFT, account_id))


async def is_on(account_id: UUID) -> bool:
    """Whether the account's log-in asks for a code."""
    found = await factor_of(account_id)
    return found is not None and found.since is not None


async def who_has_one(tenant_id: UUID) -> set[UUID]:
    """The ids of a chain's staff whose accounts have one."""
    pool = await role_pool("gate")
    return {row["staff_id"] for row in await pool.fetch(_USERS, tenant_id)}


async def begin(account_id: UUID) -> None:
    """A new secret, which asks for nothing until `confirm`. Nothing happens to one that is in force."""
    pool = await role_pool("gate")
    await pool.execute(_BEGIN, account_id, _sealed(account_id, new_secret()), system_now())


async def confirm(account_id: UUID, code: str, session: bytes) -> list[str] | None:
    """The recovery codes, shown this once, where `code` proves that an app has the secret; every other session of the
    account ends. None for a wrong code, and where nothing was begun.
    """
    pool = await role_pool("gate")
    row: Any = await pool.fetchrow(_READ, account_id)
    secret = None if row is None or row["confirmed_at"] is not None else _opened(account_id, row["secret"])
    step = None if secret is None else step_of(secret, _BLANKS.sub("", code), system_now().timestamp())
    if step is None:
        return None
    codes = _new_codes()
    tag = await pool.execute(
        _CONFIRM, account_id, system_now(), step, row["secret"], [_hash(c) for c in codes], session
    )
    return codes if tag == f"INSERT 0 {RECOVERY_CODES}" else None


async def check(account_id: UUID, code: str) -> bool:
    """Whether `code` is the app's at this minute, not taken before, or an unused recovery code, which is used up."""
    typed, pool = _BLANKS.sub("", code).upper(), await role_pool("gate")
    if len(typed) == _LENGTH:
        return bool(await pool.execute(_USE, account_id, _hash(typed), system_now()) == "UPDATE 1")
    row: Any = await pool.fetchrow(_READ, account_id)
    secret = None if row is None else _opened(account_id, row["secret"])
    step = None if secret is None else step_of(secret, typed, system_now().timestamp())
    if secret is None or step is None:
        return False
    return bool(await pool.execute(_TAKE, account_id, step, _sealed(account_id, secret)) == "UPDATE 1")


async def renew_codes(account_id: UUID) -> list[str]:
    """Ten new recovery codes, shown this once; those of before are worthless. Empty without a second factor."""
    codes, pool = _new_codes(), await role_pool("gate")
    tag = await pool.execute(_NEW_CODES, account_id, [_hash(code) for code in codes])
    return codes if tag == f"INSERT 0 {RECOVERY_CODES}" else []


async def drop(account_id: UUID) -> None:
    """The password alone is enough from now on; again is fine."""
    pool = await role_pool("gate")
    await pool.execute(_DROP, account_id)


def _new_codes() -> list[str]:
    """120 random bits each, in six groups: at 112 or more a plain hash is enough (ASVS 5.0, 6.5.2)."""
    made = ("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(RECOVERY_CODES))
    return ["-".join(code[n : n + 4] for n in range(0, _LENGTH, 4)) for code in made]


def _hash(code: str) -> bytes:
    return hashlib.sha256(_BLANKS.sub("", code).encode("utf-8", "replace")).digest()


def _sealed(account_id: UUID, secret: bytes) -> str:
    return encrypt(_PURPOSE, secret, bound_to=account_id.bytes)


def _opened(account_id: UUID, sealed: str) -> bytes | None:
    """None where its key has been dropped: recovery codes still open, then a new one is set up."""
    try:
        return decrypt(_PURPOSE, sealed, bound_to=account_id.bytes)
    except InvalidSecretError:
        log.warning("a second factor's key is gone", account=str(account_id))
        return None
