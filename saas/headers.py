"""The headers that keep a browser from doing more with an answer than we meant, on every answer, whoever made it.

Pages carry theirs from the start (`security_headers`). `guarded` puts on any other answer what it lacks: it is data, so
nothing in it may run, load or be framed, whatever a browser takes it for; and nobody keeps it who wasn't told to.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from saas.sessions import secure

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " worker-src 'self'; font-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_OF_DATA: Final = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HSTS: Final = "max-age=31536000; includeSubDomains"
_PERMISSIONS: Final = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"

_PAGE: Final = b"text/html"
# A worker takes the policy of its own script, and has to fetch.
_SCRIPTS: Final = (b"text/javascript", b"application/javascript")

Header = tuple[bytes, bytes]


def security_headers() -> dict[str, str]:
    """What every page carries."""
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
        "Cache-Control": "no-store",
        "Vary": "Accept-Language, Cookie, HX-Request",
    }
    if secure():
        headers["Strict-Transport-Security"] = _HSTS
    return headers


def guarded(headers: Iterable[Header]) -> list[Header]:
    """An answer's headers with those that it lacks."""
    out = list(headers)
    there = {name.lower(): value for name, value in out}
    kind = there.get(b"content-type", b"").lower()
    lacks = _lacks(https=secure(), page=kind.startswith(_PAGE), script=kind.startswith(_SCRIPTS))
    out += [header for header in lacks if header[0] not in there]
    return out


@lru_cache(maxsize=8)
def _lacks(*, https: bool, page: bool, script: bool) -> tuple[Header, ...]:
    always = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode() if page or script else _OF_DATA),
        (b"cache-control", b"no-store"),
    ]
    if page:
        always += [
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", _PERMISSIONS.encode()),
        ]
    if https:
        always.append((b"strict-transport-security", _HSTS.encode()))
    return tuple(always)
