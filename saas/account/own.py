"""An account's own things, kept by the gate: password, language, sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.clock import system_now
from saas.db import role_pool
from saas.errors import DomainError, FieldError, InvalidValueError
from saas.login.telling import tell_chains
from saas.login.throttle import Tries
from saas.passwords import LONGEST, check_password, hash_password, require_strong
from saas.security_log import noted
from saas.sessions import IDLE, Session

_STORED: Final = "SELECT password_hash FROM platform.account WHERE id = $1"
# All at once: links that were sent are worthless, whoever else is logged in is out.
_CHANGE: Final = """
WITH changed AS (
    UPDATE platform.account a SET password_hash = $2 WHERE a.id = $1 AND a.password_hash = $3 RETURNING a.id),
links AS (DELETE FROM platform.password_reset r USING changed WHERE r.account_id = changed.id),
ended AS (DELETE FROM platform.session s USING changed WHERE s.account_id = changed.id AND s.token_hash <> $4)
SELECT id FROM changed"""
_LOCALE: Final = "UPDATE platform.account SET locale = $2 WHERE id = $1"
_SESSIONS: Final = """
SELECT s.token_hash, s.tenant_id, s.device, s.created_at, s.seen_at, s.till_id FROM platform.session s
 WHERE s.account_id = $1 AND s.expires_at > $2 AND s.seen_at > $3 ORDER BY s.seen_at DESC LIMIT 50"""
_END_OTHERS: Final = "DELETE FROM platform.session WHERE account_id = $1 AND token_hash <> $2"

_BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One of one's own. `device` is empty where the browser says nothing that is known; `here`: the one that asks."""

    device: str
    begun_at: datetime
    seen_at: datetime
    here: bool
    same_chain: bool
    on_till: bool


async def require_password(session: Session, password: str, address: str) -> str:
    """That the account's owner is at the keys: its stored hash. `address`: the caller's, for the number of tries.

    Raises DomainError `validation-failed` at `/current`, `too-many-tries`.
    """
    tries = Tries.of(str(session.account_id), address, door="account")
    if (wait := await tries.count()) > 0:
        raise DomainError("too-many-tries", headers={"Retry-After": str(wait)})
    pool = await role_pool("gate")
    stored: str | None = await pool.fetchval(_STORED, session.account_id)
    good = await check_password(stored, password[:LONGEST])
    if stored is None or not good or len(password) > LONGEST:
        noted("log-in-refused", account=str(session.account_id), door="account")
        raise DomainError("validation-failed", errors=[FieldError("/current", "wrong-password")])
    await tries.forgive()
    return stored


async def change_password(session: Session, current: str, new: str, address: str, request_id: str | None) -> None:
    """Every other session ends. Raises as `require_password`, and DomainError `validation-failed` at `/password`."""
    try:
        require_strong(new, session.email)
    except InvalidValueError as fault:
        raise DomainError("validation-failed", errors=[FieldError("/password", fault.code, fault.params)]) from None
    stored = await require_password(session, current, address)
    made = await hash_password(new)
    await tell_chains(session.account_id, "account.password_change", request_id)
    pool = await role_pool("gate")
    if await pool.fetchval(_CHANGE, session.account_id, made, stored, session.token_hash) is None:
        raise DomainError("conflict")  # another window was faster


async def speak(account_id: UUID, language: str) -> None:
    """The account's language: of its pages on every device, and of letters to it."""
    pool = await role_pool("gate")
    await pool.execute(_LOCALE, account_id, language)


async def sessions_of(session: Session) -> list[OpenSession]:
    """Where the account is logged in, the last used first."""
    pool, now = await role_pool("gate"), system_now()
    rows: list[Any] = await pool.fetch(_SESSIONS, session.account_id, now, now - IDLE)
    return [
        OpenSession(
            device_name(row["device"] or ""),
            row["created_at"],
            row["seen_at"],
            row["token_hash"] == session.token_hash,
            row["tenant_id"] == session.tenant_id,
            row["till_id"] is not None,
        )
        for row in rows
    ]


async def end_others(session: Session) -> None:
    """Out, on every other device."""
    pool = await role_pool("gate")
    await pool.execute(_END_OTHERS, session.account_id, session.token_hash)


def device_name(agent: str) -> str:
    """Browser and system of a `User-Agent`, as far as they are known by name."""
    found = (next((name for mark, name in known if mark in agent), "") for known in (_BROWSERS, _SYSTEMS))
    return " · ".join(name for name in found if name)
