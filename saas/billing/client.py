"""Stripe's client, and what its errors mean to us. Called between scopes only: a transaction never waits on Stripe."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeVar
from weakref import WeakKeyDictionary

import httpx
import stripe
import structlog

from saas.errors import DomainError
from saas.scope import ScopeClosedError, current
from saas.settings import Settings, get_settings

T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SECONDS: Final = 8.0
"""The longest that one call may take; a page waits no longer than this for all of its calls."""
CONNECT_SECONDS: Final = 3.0
API_VERSION: Final = "2026-10-28.endive"
"""What this code was written against; the SDK pins it, and a test says when a new one of it pins another."""
_KEY_AT_WORK: Final = "idempotency_key_in_use"
_CONFLICT: Final = 409
_SERVER: Final = 500

Verdict = Literal["again", "unknown", "declined", "refused"]
"""`again`: nothing is known to have happened, the same key tells; `unknown`: Stripe itself failed at this key, and
would only repeat that; `declined`: the payment was; `refused`: it can't be done, whatever the key.
"""

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Settings, stripe.StripeClient, stripe.HTTPXClient]] = (
    WeakKeyDictionary()
)


class _Http(stripe.HTTPXClient):
    """The SDK gives httpx a body in a way that httpx has given up: that warns at every call."""

    def _get_request_args_kwargs(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any
    ) -> tuple[Any, dict[str, Any]]:
        args, kwargs = super()._get_request_args_kwargs(method, url, headers, post_data)
        kwargs["content"] = kwargs.pop("data") or None
        return args, kwargs


def enabled() -> bool:
    """Whether this installation sells anything."""
    return get_settings().stripe_api_key is not None


def test_mode() -> bool:
    """Whether the key is one that moves no money."""
    key = get_settings().stripe_api_key
    return key is not None and key.get_secret_value().startswith(("sk_test_", "rk_test_"))


def stripe_client() -> stripe.StripeClient:
    """The process's client (one an event loop), which tries everything once.

    Raises DomainError `billing-disabled` without a key, RuntimeError inside a scope.
    """
    _require_no_scope()
    settings = get_settings()
    if settings.stripe_api_key is None:
        raise DomainError("billing-disabled")
    kept = _clients.get(asyncio.get_running_loop())
    if kept is not None and kept[0] is settings:
        return kept[1]
    http = _Http(timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS))
    made = stripe.StripeClient(
        settings.stripe_api_key.get_secret_value(),
        base_addresses={"api": settings.stripe_api_base},
        max_network_retries=0,
        http_client=http,
    )
    _clients[asyncio.get_running_loop()] = settings, made, http
    return made


async def close_stripe() -> None:
    """Closes this loop's connections to Stripe."""
    kept = _clients.pop(asyncio.get_running_loop(), None)
    if kept is not None:
        await kept[2].close_async()  # type: ignore[no-untyped-call]  # the SDK's


def _require_no_scope() -> None:
    try:
        current()
    except ScopeClosedError:
        return
    raise RuntimeError("a transaction must not wait on Stripe: close the scope first")


@asynccontextmanager
async def patience() -> AsyncIterator[None]:
    """For who waits: all that is asked of Stripe within takes 8 seconds together. Raises DomainError
    `billing-unavailable`.
    """
    try:
        async with asyncio.timeout(SECONDS):
            yield
    except TimeoutError:
        raise DomainError("billing-unavailable") from None


async def read(asked: Awaitable[T]) -> T:
    """What a call that changes nothing answers. Raises DomainError `billing-unavailable`, `billing-refused`, or
    `not-found` for what Stripe doesn't have.
    """
    try:
        return await asked
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            raise DomainError("not-found") from error
        raise problem(error) from error
    except stripe.StripeError as error:
        raise problem(error) from error


def verdict(error: stripe.StripeError) -> Verdict:
    """What to do about an error of a call that changes something."""
    if isinstance(error, stripe.CardError):
        return "declined"
    if isinstance(error, stripe.IdempotencyError | stripe.InvalidRequestError):
        return "refused"
    if isinstance(error, stripe.APIError) and (error.http_status or 0) >= _SERVER and _replayed(error):
        return "unknown"
    return "again"  # rate limits, time-outs, a key still at work, and our own key being wrong: the operator mends that


def at_work(error: stripe.StripeError) -> bool:
    """Whether somebody else is just doing the same call with the same key."""
    return error.http_status == _CONFLICT and code_of(error) == _KEY_AT_WORK


def code_of(error: stripe.StripeError) -> str | None:
    """Stripe's code, which the SDK passes on for some errors only."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    told = body.get("error")
    return error.code or (told.get("code") if isinstance(told, dict) else None)


def problem(error: stripe.StripeError) -> DomainError:
    """The same for who asked. Stripe's own words stay in the log: they are for us, in English, and may quote keys."""
    found = verdict(error)
    log.warning(
        "stripe refused",
        verdict=found,
        type=type(error).__name__,
        status=error.http_status,
        code=code_of(error),
        param=getattr(error, "param", None),
        stripe_request_id=error.request_id,
    )
    if found == "declined":
        return DomainError("payment-declined")
    if found == "refused":
        return DomainError("billing-refused")
    return DomainError("billing-unavailable")


def plain(told: stripe.StripeObject) -> dict[str, Any]:
    """Stripe's object as JSON data: what it left out is absent."""
    found: dict[str, Any] = told.to_dict(for_json=True)
    return found


def _replayed(error: stripe.StripeError) -> bool:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    return headers.get("idempotent-replayed") == "true"
