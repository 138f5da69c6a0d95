"""Forgotten passwords: a link by mail that is good once and for an hour. Only its SHA-256 is kept, by the gate."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from saas.clock import system_now
from saas.db import role_pool
from saas.errors import DEFAULT_LANGUAGE, DomainError
from saas.i18n import as_language, tongue
from saas.login.telling import tell_chains
from saas.mail.letter import post_letter
from saas.passwords import hash_password
from saas.principal import SYSTEM
from saas.scope import tenant_scope
from saas.settings import get_settings
from tenants.staff.pins import drop_pin

GOOD_FOR: Final = timedelta(hours=1)
_ACCOUNT: Final = (
    "SELECT a.id, a.email, a.locale, t.tenant_id FROM platform.account a"
    " JOIN platform.account_tenant t ON t.account_id = a.id WHERE a.email = $1 AND NOT t.sample"
    " ORDER BY t.tenant_id LIMIT 1"
)
_KEEP: Final = "INSERT INTO platform.password_reset (token_hash, account_id, expires_at) VALUES ($1, $2, $3)"
_FIND: Final = (
    "SELECT r.account_id, r.expires_at, r.used_at, a.email FROM platform.password_reset r"
    " JOIN platform.account a ON a.id = r.account_id WHERE r.token_hash = $1"
)
# All at once: the link is used up, the password is new, every other link is worthless, every session has ended.
_RESET: Final = """
WITH used AS (
    UPDATE platform.password_reset SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING account_id),
changed AS (UPDATE platform.account a SET password_hash = $3 FROM used WHERE a.id = used.account_id),
others AS (
    DELETE FROM platform.password_reset r USING used WHERE r.account_id = used.account_id AND r.token_hash <> $1),
ended AS (DELETE FROM platform.session s USING used WHERE s.account_id = used.account_id)
SELECT account_id FROM used
"""


@dataclass(frozen=True, slots=True)
class Reset:
    """A link that is good now, and whose."""

    account_id: UUID
    email: str


async def send_link(email: str, request_id: str | None) -> None:
    """A letter with a link to whoever has an account with this address and works somewhere; to nobody else. To be
    called behind the answer, so that nobody learns from the clock who has one.
    """
    if "\x00" in email:  # PostgreSQL's text has no NUL, so nobody is called that
        return
    pool = await role_pool("gate")
    account: Any = await pool.fetchrow(_ACCOUNT, email)
    if account is None:
        return
    token = secrets.token_urlsafe(32)
    await pool.execute(_KEEP, _hash(token), account["id"], system_now() + GOOD_FOR)
    speaks = tongue(as_language(account["locale"]) or DEFAULT_LANGUAGE)
    paragraphs = [
        speaks.say("Somebody, hopefully you, asked for a new password for this address."),
        speaks.say("Open this link to set it. It is good once and for one hour:"),
        f"{get_settings().public_url.rstrip('/')}/reset/{token}",
        speaks.say("If it wasn't you, there is nothing to do: the password stays as it is."),
    ]
    # The letter belongs to no chain; every job's row does. It goes from the first where the account works.
    async with tenant_scope(account["tenant_id"], principal=SYSTEM, request_id=request_id):
        await post_letter(account["email"], speaks.say("A new password for Regulars"), "\n\n".join(paragraphs) + "\n")


async def reset_of(token: str) -> Reset:
    """The reset behind a link. Raises DomainError `reset-unknown`, `reset-used`, `reset-expired`."""
    pool = await role_pool("gate")
    row = await pool.fetchrow(_FIND, _hash(token))
    if row is None:
        raise DomainError("reset-unknown")
    if row["used_at"] is not None:
        raise DomainError("reset-used")
    if row["expires_at"] <= system_now():
        raise DomainError("reset-expired")
    return Reset(row["account_id"], row["email"])


async def set_password(token: str, password: str, request_id: str | None) -> None:
    """The account has this password; whoever was logged in is out. Every chain where it works has it in its audit log,
    or nothing happens. PINs end, too: who forgets a password may have lost more than that, and a PIN comes back to a
    shared till and approves without it. Raises DomainError `reset-…`.
    """
    found, password_hash = await reset_of(token), await hash_password(password)
    await tell_chains(found.account_id, "account.password_reset", request_id, drop_pin)
    pool = await role_pool("gate")
    if await pool.fetchval(_RESET, _hash(token), system_now(), password_hash) is None:
        await reset_of(token)  # says what became of it
        raise DomainError("reset-unknown")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
