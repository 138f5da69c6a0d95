"""Smaller answers: pages, and JSON that no browser's session asked for, as gzip where the client takes it.

What a session's page shows must not be guessed from the length of compressed answers (BREACH, https://breachattack.com):
the session's CSRF token is masked anew for each answer (`saas.sessions`), and each length is blurred by a random file
name in gzip's header (RFC 1952, 2.3.1; "Heal the Breach", IEEE Access 2022). JSON for a cookie stays as it is. Streams
and what is encoded already pass untouched.
"""

import gzip
import io
import secrets
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

SMALLEST: Final = 1000
"""Bytes below which nothing is gained."""
_LEVEL: Final = 5
_BLUR: Final = 100
_JSON: Final = (b"application/json", b"application/vnd.oai.openapi+json")


class CompressMiddleware(ASGIMiddleware):
    """Compresses an answer that comes in one piece."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        asked = {name.lower(): value for name, value in scope["headers"]}
        if not _takes_gzip(asked.get(b"accept-encoding", b"")):
            await next_app(scope, receive, send)
            return
        begun: list[HTTPResponseStartEvent] = []

        async def smaller(message: Message) -> None:
            if message["type"] == "http.response.start" and _fits(message, by_cookie=b"cookie" in asked):
                begun.append(message)
                return
            if message["type"] == "http.response.body" and begun:
                start = begun.pop()
                if not message.get("more_body") and len(message["body"]) >= SMALLEST:
                    body = zipped(message["body"])
                    start["headers"] = _headers(start, len(body))
                    message = {"type": "http.response.body", "body": body, "more_body": False}
                await send(start)
            await send(message)

        await next_app(scope, receive, smaller)


def zipped(body: bytes) -> bytes:
    """gzip, of a length that says nothing exact."""
    out, name = io.BytesIO(), secrets.token_hex(secrets.randbelow(_BLUR // 2 + 1))
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as file:
        file.write(body)
    return out.getvalue()


def _takes_gzip(accepts: bytes) -> bool:
    """Whether `Accept-Encoding` names gzip and doesn't refuse it (RFC 9110, 12.5.3)."""
    for entry in accepts.lower().split(b","):
        coding, _, weight = entry.partition(b";")
        if coding.strip() == b"gzip":
            return weight.replace(b" ", b"").rstrip(b"0").rstrip(b".") not in {b"q=", b"q=0"}
    return False


def _fits(start: HTTPResponseStartEvent, *, by_cookie: bool) -> bool:
    headers = {name.lower(): value for name, value in start["headers"]}
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip()
    if b"content-encoding" in headers or b"etag" in headers:
        return False
    return kind == b"text/html" or (kind in _JSON and not by_cookie)


def _headers(start: HTTPResponseStartEvent, length: int) -> list[tuple[bytes, bytes]]:
    varies = [value for name, value in start["headers"] if name.lower() == b"vary"]
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in {b"vary", b"content-length"}]
    return [
        *kept,
        (b"vary", b", ".join([*varies, b"Accept-Encoding"])),
        (b"content-encoding", b"gzip"),
        (b"content-length", str(length).encode()),
    ]
