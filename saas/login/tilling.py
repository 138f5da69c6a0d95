"""The cookie by which a shared till is known."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from saas.sessions import Device, secure
from tenants.tills.till import Till, till_of_token

_SECONDS: Final = 400 * 86400  # the longest that browsers keep one; each log-in renews it


def _name() -> str:
    return "__Host-regulars-till" if secure() else "regulars_till"


def till_cookie(token: str) -> Cookie:
    """An empty one ends it in the browser."""
    return Cookie(
        key=_name(),
        value=token,
        path="/",
        httponly=True,
        secure=secure(),
        samesite="lax",
        max_age=_SECONDS if token else 0,
    )


async def till_here(connection: ASGIConnection[Any, Any, Any, Any]) -> Till | None:
    """The shared till that asks, as its cookie says."""
    token = connection.cookies.get(_name())
    return await till_of_token(token) if token else None


def renewed(connection: ASGIConnection[Any, Any, Any, Any]) -> list[Cookie]:
    """The till's cookie for another while."""
    token = connection.cookies.get(_name())
    return [till_cookie(token)] if token else []


def device_of(connection: ASGIConnection[Any, Any, Any, Any], till: Till | None) -> Device:
    """What a session is begun on."""
    name = connection.headers.get("user-agent", "")
    return Device(name) if till is None else Device(name, till.id, till.idle_minutes)
