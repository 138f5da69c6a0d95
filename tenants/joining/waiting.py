"""Who has filled in the form and waits for six digits: kept for a quarter of an hour, encrypted, in Valkey alone."""

import json
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from saas import valkey
from saas.errors import DomainError
from saas.secrets import InvalidSecretError, decrypt, encrypt

_SECONDS: Final = 15 * 60
_PURPOSE: Final = "join-waiting"
_LENGTH: Final = 24


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was typed, and what was agreed to in which words. `member_id`: whom it became, by the digits `used`; a
    second tap on the same button then leads to the same card.
    """

    phone: str
    name: str | None
    birthday: str | None
    referred: str | None
    agreed: dict[str, str]
    language: str
    member_id: str | None = None
    used: str | None = None


async def keep_waiting(tenant_id: UUID, waiting: Waiting) -> str:
    """The ticket under which it is found: 144 random bits. Raises DomainError `unavailable`."""
    ticket = secrets.token_urlsafe(18)
    await _put(tenant_id, ticket, waiting)
    return ticket


async def find_waiting(tenant_id: UUID, ticket: str) -> Waiting | None:
    """None for a ticket that nobody has, or whose time is over. Raises DomainError `unavailable`."""
    if len(ticket) != _LENGTH:
        return None
    try:
        sealed: bytes | None = await valkey.line().ask("GET", _key(ticket))
    except (RedisError, OSError, TimeoutError):
        raise DomainError("unavailable") from None
    if sealed is None:
        return None
    try:
        return Waiting(**json.loads(decrypt(_PURPOSE, sealed.decode(), bound_to=_bound(tenant_id, ticket))))
    except InvalidSecretError:
        return None


async def became(tenant_id: UUID, ticket: str, waiting: Waiting, member_id: UUID, used: str) -> None:
    """It is a member now. Raises DomainError `unavailable`."""
    done = replace(waiting, name=None, birthday=None, agreed={}, member_id=str(member_id), used=used)
    await _put(tenant_id, ticket, done)


async def _put(tenant_id: UUID, ticket: str, waiting: Waiting) -> None:
    sealed = encrypt(_PURPOSE, json.dumps(asdict(waiting)).encode(), bound_to=_bound(tenant_id, ticket))
    try:
        await valkey.line().ask("SET", _key(ticket), sealed, "EX", _SECONDS)
    except (RedisError, OSError, TimeoutError):
        raise DomainError("unavailable") from None


def _bound(tenant_id: UUID, ticket: str) -> bytes:
    return tenant_id.bytes + ticket.encode()


def _key(ticket: str) -> str:
    return f"join-waiting:{ticket}"
