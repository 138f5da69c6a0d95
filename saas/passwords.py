"""Passwords: what is refused, and argon2id (RFC 9106) with the settings' costs, off the event loop."""

import asyncio
from functools import lru_cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from saas.errors import InvalidValueError
from saas.settings import get_settings

SHORTEST: Final = 10
LONGEST: Final = 200
_LANES: Final = 4  # RFC 9106, section 4: both recommended choices
_AT_ONCE: Final = 2  # each takes the settings' memory: a crowd must not take the machine's


def require_strong(password: str, email: str) -> str:
    """The password. Raises InvalidValueError `too-long`, or `weak-password`: under 10 characters, the e-mail
    or a part of it, a common one, one with hardly any different characters.
    """
    if len(password) > LONGEST:
        raise InvalidValueError("too-long", max=LONGEST)
    lowered = password.casefold()
    weak = (
        len(password) < SHORTEST or lowered in _common() or lowered in email.casefold() or len(set(lowered)) < 4  # noqa: PLR2004  # aaaaaaaaaa, 1212121212
    )
    if weak:
        raise InvalidValueError("weak-password", min=SHORTEST)
    return password


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """What people take where ten characters are asked for; a small help beside limits on log-ins."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


@lru_cache(maxsize=4)
def _hasher(time_cost: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=_LANES)


def _current() -> PasswordHasher:
    settings = get_settings()
    return _hasher(settings.argon2_time_cost, settings.argon2_memory_kib)


@lru_cache(maxsize=4)
def _nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("nobody's password")


_turns: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    for other in [known for known in _turns if known.is_closed()]:
        del _turns[other]
    return _turns.setdefault(loop, asyncio.Semaphore(_AT_ONCE))


async def hash_password(password: str) -> str:
    """argon2id in PHC format. Never inside a scope: it takes tens of milliseconds on purpose."""
    async with _turn():
        return await asyncio.to_thread(_current().hash, password)


async def check_password(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Without a stored one it's False after the same time, so that
    nobody learns from the clock who has an account.
    """
    async with _turn():
        return await asyncio.to_thread(_check, stored, password)


def _check(stored: str | None, password: str) -> bool:
    hasher = _current()
    try:
        hasher.verify(_nobody(hasher) if stored is None else stored, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether a stored hash has other costs than today's: hash anew at the next log-in."""
    return _current().check_needs_rehash(stored)
