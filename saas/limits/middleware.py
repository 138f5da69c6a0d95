"""Counts a key's requests before anything is done for them, and tells on each answer what is left.

A chain may send what its plan says; one key of it four fifths of that, so that a sync that runs wild leaves something
to the tills. People's sessions have a bucket of their own each, and pages aren't counted. Where Valkey is away, every
request goes on: the log says so, and `regulars_rate_limiter_away_total` counts them.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter
from redis.exceptions import RedisError

from saas.limits.ahead import Account
from saas.limits.buckets import Bucket, Taken, take
from saas.limits.rates import Rates
from saas.principal import Principal
from saas.problem_details import send_problem
from saas.settings import get_settings
from saas.valkey import Line

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LIMITED: Final = Counter("regulars_rate_limited", "Requests refused with 429, by the bucket", ["policy"])
AWAY: Final = Counter("regulars_rate_limiter_away", "Requests not counted, since Valkey didn't answer")

ITEMS_A_REQUEST: Final = 100
"""So many items of a batch count as one request."""
_ITEMS: Final = "batch_items"
_SILENCE_SECONDS: Final = 2.0
_KEY_PREFIX: Final = "key:"
_ACCOUNTS: Final = 20_000


def weigh(scope: Scope, items: int) -> None:
    """Tells how many items the request brought: each hundred begun counts as a request."""
    scope["state"][_ITEMS] = items


class RateLimitMiddleware(ASGIMiddleware):
    """Stands between the log-in and the scope: what is refused costs no transaction."""

    scopes = (ScopeType.HTTP,)

    def __init__(self) -> None:
        self._line: Line | None = None
        self._rates = Rates()
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._silent_until = -math.inf

    async def close(self) -> None:
        """Ends its connection."""
        if self._line is not None:
            await self._line.close()
            self._line = None

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        principal: Principal | None = scope["state"].get("principal")
        if principal is None or scope["route_handler"].opt.get("auth") == "page" or not get_settings().rate_limits:
            await next_app(scope, receive, send)
            return
        account = await self._account(principal)
        if account is None:
            await next_app(scope, receive, send)
            return
        if not account.spend():
            taken = await self._count(account)
            if taken is None:
                await next_app(scope, receive, send)
                return
            if taken.short is not None:
                LIMITED.labels(taken.short.name).inc()
                told = {
                    "RateLimit-Policy": account.policy,
                    "RateLimit": account.level(),
                    "Retry-After": str(taken.wait),
                }
                await send_problem(scope, send, "rate-limited", params={"policy": taken.short.name}, headers=told)
                return
        raw = [(b"ratelimit-policy", account.policy.encode()), (b"ratelimit", account.level().encode())]

        async def told_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *raw]
            await send(message)

        try:
            await next_app(scope, receive, told_send)
        finally:
            extra = math.ceil(scope["state"].get(_ITEMS, 0) / ITEMS_A_REQUEST) - 1
            if extra > 0:
                await asyncio.shield(self._take(account.buckets, extra, always=True))

    async def _account(self, principal: Principal) -> Account | None:
        """None for whom nothing is counted."""
        rate = None if principal.tenant_id is None else await self._rates.of(principal.tenant_id)
        if rate is None:
            return None
        who = f"{principal.tenant_id}:{principal.actor}"
        account = self._accounts.get(who)
        if account is None or account.rate != rate:
            account = self._accounts[who] = Account(rate, _buckets(principal, rate))
        self._accounts.move_to_end(who)
        while len(self._accounts) > _ACCOUNTS:
            self._accounts.popitem(last=False)
        return account

    async def _count(self, account: Account) -> Taken | None:
        """None where Valkey is away."""
        taken: Taken | None = None
        wanted = account.wanted()
        try:
            taken = await self._take(account.buckets, wanted)
            if taken is not None and taken.short is not None and wanted > 1:  # there may be enough for one
                wanted, taken = 1, await self._take(account.buckets)
        finally:
            account.told(taken, wanted)
        return taken

    async def _take(self, buckets: Sequence[Bucket], cost: int = 1, *, always: bool = False) -> Taken | None:
        """None where nothing is counted."""
        if time.monotonic() < self._silent_until:  # else each request would wait for a Valkey that is away
            AWAY.inc()
            return None
        if self._line is None:
            self._line = Line(get_settings().redis_url.get_secret_value())
        try:
            return await take(self._line, buckets, cost, always=always)
        except (RedisError, OSError, TimeoutError) as error:
            if time.monotonic() >= self._silent_until:
                log.warning("rate limits unavailable", error=type(error).__name__)
            self._silent_until = time.monotonic() + _SILENCE_SECONDS
            AWAY.inc()
            return None


def _buckets(principal: Principal, rate: int) -> tuple[Bucket, ...]:
    tenant = f"limit:{{{principal.tenant_id}}}"
    if not principal.actor.startswith(_KEY_PREFIX):
        return (Bucket("person", f"{tenant}:{principal.actor}", rate),)
    return (Bucket("tenant", tenant, rate), Bucket("key", f"{tenant}:{principal.actor}", max(rate * 4 // 5, 1)))
