"""Names of cookies, and those that a browser keeps for a year.

Over https a name says how the cookie was set, and browsers see to it: `__Host-` is bound to this very host and the path
`/`, `__Secure-` only came by https (RFC 6265bis, 4.1.3). No other host of the domain can plant one.
"""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from saas.sessions import secure

LANGUAGE: Final = "regulars_language"
THEME: Final = "regulars_theme"
YEAR: Final = 365 * 86400

_Connection = ASGIConnection[Any, Any, Any, Any]


def cookie_name(name: str, path: str = "/") -> str:
    """What the browser calls it."""
    if not secure():
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def lasting_cookie(name: str, value: str, path: str = "/", *, seconds: int = YEAR) -> Cookie:
    """One that no script reads."""
    return Cookie(
        key=cookie_name(name, path),
        value=value,
        path=path,
        httponly=True,
        secure=secure(),
        samesite="lax",
        max_age=seconds,
    )


def cookie_of(asked: _Connection, name: str, path: str = "/") -> str:
    """What `lasting_cookie` left in the browser; empty without it."""
    return asked.cookies.get(cookie_name(name, path), "")
