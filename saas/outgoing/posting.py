"""One POST to a customer's address, kept on a short lead.

A name is resolved once; each address it has must be permitted, and the connection goes to an address that was looked
at, under the name's own certificate. No redirect is followed, no proxy of the environment used, no connection used
again, and of the answer a first part is read.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, Literal

import httpcore

from saas.outgoing.addresses import permitted
from saas.settings import get_settings

CONNECT_SECONDS: Final = 5.0
MOST_READ: Final = 8 * 1024
_RESOLVERS: Final = 128
_ADDRESSES: Final = 4

Reason = Literal["address-refused", "no-address", "no-connection", "no-encryption", "time-out", "no-answer"]

_Address = IPv4Address | IPv6Address
_looking: Final[dict[tuple[str, int], Future[list[Any]]]] = {}


class OutgoingError(Exception):
    """No answer came. `reason` is a code; nothing of what the other side, or our own network, said is in it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: `body` is its first 8 KiB at most."""

    status: int
    body: bytes


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Sends `body` to `url` (one that `checked_url` let through), within the time that the settings give it in all.
    Raises OutgoingError.
    """
    settings = get_settings()
    seconds = settings.webhook_timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            return await _post(url, body, headers, private=settings.webhook_private_targets, seconds=seconds)
    except OutgoingError:
        raise
    except (TimeoutError, httpcore.TimeoutException):
        raise OutgoingError("time-out") from None
    except httpcore.ConnectError as error:
        encrypted = isinstance(error.__cause__ or error.__context__, ssl.SSLError)
        raise OutgoingError("no-encryption" if encrypted else "no-connection") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, ssl.SSLError, OSError):
        raise OutgoingError("no-answer") from None


async def _post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool, seconds: float) -> Answer:
    waits = {"connect": min(CONNECT_SECONDS, seconds), "read": seconds, "write": seconds, "pool": seconds}
    sent = [*headers.items(), ("Accept-Encoding", "identity"), ("Connection", "close")]
    pool = httpcore.AsyncConnectionPool(
        ssl_context=_trust(),
        max_connections=1,
        max_keepalive_connections=0,
        network_backend=_Pinned(private=private),
    )
    async with pool, pool.stream("POST", url, headers=sent, content=body, extensions={"timeout": waits}) as answer:
        return Answer(answer.status, await _beginning(answer))


async def _beginning(answer: httpcore.Response) -> bytes:
    read = bytearray()
    parts: Any = answer.aiter_stream()
    async with aclosing(parts):
        async for part in parts:
            read += part
            if len(read) >= MOST_READ:
                break
    return bytes(read[:MOST_READ])


@cache
def _trust() -> ssl.SSLContext:
    """The machine's own list of authorities (`SSL_CERT_FILE` names another)."""
    return ssl.create_default_context()


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to an address that was looked at, whatever the name may lead to by then."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises OutgoingError; httpcore's errors of the last address tried."""
        begun = time.monotonic()
        wait = CONNECT_SECONDS if timeout is None else timeout
        addresses = await resolve(host, port, wait)
        if not all(permitted(address, private=self._private) for address in addresses):
            raise OutgoingError("address-refused")
        tried = addresses[:_ADDRESSES]
        for left, address in zip(range(len(tried) - 1, -1, -1), tried, strict=True):
            rest = wait - (time.monotonic() - begun)
            if rest <= 0:
                break
            try:
                # Each gets its share of the time: a dead address must not use up that of a living one.
                return await self._inner.connect_tcp(
                    str(address), port, rest / (left + 1), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if not left:
                    raise
        raise httpcore.ConnectTimeout

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise OutgoingError("address-refused")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def _threads() -> ThreadPoolExecutor:
    """Resolvers block, some for long: they get threads of their own, so that nothing else waits behind them."""
    return ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")


async def resolve(host: str, port: int, seconds: float) -> list[_Address]:
    """Every address of a host, in the order in which to try them. Raises OutgoingError `no-address`, `time-out`."""
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.shield(asyncio.wrap_future(_looked_up(host, port)))
    except TimeoutError:
        raise OutgoingError("time-out") from None
    except (OSError, UnicodeError):
        raise OutgoingError("no-address") from None
    addresses = list(dict.fromkeys(ip_address(place[4][0]) for place in found))
    if not addresses:
        raise OutgoingError("no-address")
    return addresses


def _looked_up(host: str, port: int) -> Future[list[Any]]:
    """The look-up that is under way, or a new one. It can't be broken off: each begun anew would take a thread more,
    until names whose servers are silent have them all.
    """
    place = (host, port)
    found = _looking.get(place)
    if found is None:
        found = _looking[place] = _threads().submit(_look_up, host, port)
        found.add_done_callback(lambda _: _looking.pop(place, None))
    return found


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
