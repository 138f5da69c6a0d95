"""Browsers in which an account has been before: they have tries of their own.

Whoever knows an e-mail address can use up the tries of its account, again and again, from any number of addresses. That
must not keep its owner out for ever. So a good log-in leaves a signed cookie behind, and a try from a browser that has
one for this account is counted for this browser, not with everybody else's ("device cookies", OWASP). It opens nothing:
password and code are asked for as ever. A reset by mail leaves it, too: that is the way in meanwhile for
a new browser.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from saas.cookies import cookie_of, lasting_cookie
from saas.login.throttle import Tries
from saas.secrets import InvalidSecretError, keyed_hashes, sign, verify

COOKIE: Final = "regulars_known"
MOST: Final = 12
"""Accounts of one browser, the latest: several people share a till."""
_PURPOSE: Final = "known-browser"
_SHAPE: Final = re.compile(r"([A-Za-z0-9_-]{22})((?:\.[0-9a-f]{16}){0,12})")


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """`id`: 128 random bits. `marks`: whose log-in it has seen, as keyed hashes, so that it tells nobody."""

    id: str
    marks: Sequence[str] = ()

    def knows(self, account_id: UUID) -> bool:
        return any(hmac.compare_digest(mark, own) for mark in self.marks for own in self._marks_of(account_id))

    def tries(self, account_id: UUID) -> Tries:
        """The counters of the account in this browser alone. Only where it `knows` it."""
        return Tries.of(f"{account_id}|{self.id}", self.id, door="known")

    def cookie(self, account_id: UUID) -> Cookie:
        """What makes it known to the account, too."""
        own = self._marks_of(account_id)
        marks = [own[0], *(mark for mark in self.marks if mark not in own)][:MOST]
        return lasting_cookie(COOKIE, sign(_PURPOSE, ".".join([self.id, *marks]).encode()))

    def _marks_of(self, account_id: UUID) -> list[str]:
        """By each of the installation's keys, the newest first."""
        return [found[:8].hex() for found in keyed_hashes(_PURPOSE, account_id.bytes, bound_to=self.id.encode())]


def browser_of(connection: ASGIConnection[Any, Any, Any, Any]) -> KnownBrowser:
    """The browser that asks; one that has no cookie of ours is new, and knows nobody."""
    try:
        found = _SHAPE.fullmatch(verify(_PURPOSE, cookie_of(connection, COOKIE)).decode())
    except (InvalidSecretError, UnicodeDecodeError):
        found = None
    if found is None:
        return KnownBrowser(secrets.token_urlsafe(16))
    return KnownBrowser(found[1], tuple(found[2].split(".")[1:]))


def tries_here(connection: ASGIConnection[Any, Any, Any, Any], email: str, account_id: UUID | None) -> Tries:
    """What counts a try to log in: the browser's own counters where it knows the account, else the account's and the
    address's.
    """
    browser = browser_of(connection)
    if account_id is not None and browser.knows(account_id):
        return browser.tries(account_id)
    return Tries.of(email, connection.client.host if connection.client else "")
