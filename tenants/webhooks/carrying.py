"""Carries deliveries out: reads what is to be sent, posts it, writes down what came of it. No scope is open between.

The waits between tries are those that Standard Webhooks recommends, ten tries over three days.
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog
from prometheus_client import Counter, Histogram

from saas.clock import system_now
from saas.outgoing.posting import Answer, OutgoingError, post
from saas.scope import connection, tenant_scope
from saas.secrets import InvalidSecretError
from tenants.events.reading import shown
from tenants.webhooks.giving_up import GIVE_UP_AFTER, give_up
from tenants.webhooks.signing import signed_headers, unseal

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

WAITS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After the first try, after the second, …; less or more by a tenth, so that what failed together doesn't come back
together. After the last one it has failed."""

OURS: Final = "internal"
"""The error of a try that went wrong on our side: nothing that the endpoint answers for."""
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Regulars-Webhooks/1"}
KEPT_OF_ANSWER: Final = 1024
_ATTEMPTS_KEPT: Final = 30
_GONE: Final = 410
_OK: Final = range(200, 300)
_MOVED: Final = range(300, 400)

ATTEMPTS = Counter("regulars_webhook_attempts", "Webhooks sent, by what came of it", ["outcome"])
SECONDS = Histogram(
    "regulars_webhook_seconds", "Time until a customer's server answered", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
)

_READ: Final = """
SELECT d.id AS delivery_id, d.endpoint_id, d.event_id AS sent_id, d.tries, d.body, p.url,
       ARRAY(SELECT s.sealed FROM webhook_secret s WHERE s.tenant_id = $1 AND s.endpoint_id = p.id
                AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp()) ORDER BY s.id DESC) AS secrets,
       e.id, e.position, e.type, e.at, e.member_id, e.data,
       (SELECT CASE WHEN t.sandbox_of IS NULL THEN 'live' ELSE 'test' END FROM tenant t
         WHERE t.tenant_id = $1) AS mode
  FROM webhook_delivery d
  JOIN webhook_endpoint p ON p.tenant_id = $1 AND p.id = d.endpoint_id AND p.state = 'on'
  LEFT JOIN event e ON e.tenant_id = $1 AND e.id = d.event_id
 WHERE d.tenant_id = $1 AND d.id = ANY ($2::uuid[]) AND d.state = 'waiting'
"""
_WRITE: Final = f"""
UPDATE webhook_delivery SET tries = tries + 1, state = $4,
       attempts = (CASE WHEN jsonb_array_length(attempts) < {_ATTEMPTS_KEPT} THEN attempts ELSE attempts - 0 END) || $5,
       next_at = coalesce(clock_timestamp() + $6::interval, next_at),
       ended_at = CASE WHEN $4 = 'waiting' THEN NULL ELSE clock_timestamp() END
 WHERE tenant_id = $1 AND id = $2 AND tries = $3 AND state = 'waiting' RETURNING id"""
_WELL: Final = """
UPDATE webhook_endpoint SET failing_since = NULL WHERE tenant_id = $1 AND id = $2 AND failing_since IS NOT NULL"""
_ILL: Final = """
UPDATE webhook_endpoint SET failing_since = clock_timestamp()
 WHERE tenant_id = $1 AND id = $2 AND failing_since IS NULL"""
_URL: Final = "SELECT e.url FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.id = $2"
_ILL_FOR: Final = """
SELECT clock_timestamp() - e.failing_since FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.id = $2"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery, ready to go. `mode`: `test` from a sandbox, else `live`. `fault`: why it can't."""

    tenant_id: UUID
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    tries: int
    url: str
    secrets: tuple[str, ...]
    body: str
    mode: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. `error` None: it was taken."""

    at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str | None = None

    def as_data(self) -> dict[str, Any]:
        return {
            "at": msgspec.to_builtins(self.at),
            "milliseconds": self.milliseconds,
            "status": self.status,
            "error": self.error,
            "answer": self.answer,
        }


async def read(tenant_id: UUID, ids: list[UUID]) -> list[Parcel]:
    """Those of `ids` that still wait and whose endpoint is on."""
    async with tenant_scope(tenant_id):
        rows = await connection().fetch(_READ, tenant_id, ids)
    return [_parcel(tenant_id, row) for row in rows]


def _parcel(tenant_id: UUID, row: asyncpg.Record) -> Parcel:
    body, fault = "", None
    opened: tuple[str, ...] = ()
    try:
        opened = tuple(unseal(tenant_id, row["endpoint_id"], sealed) for sealed in row["secrets"])
    except InvalidSecretError:
        fault = "unreadable"
    if row["body"] is None and row["id"] is None:
        fault = "event-gone"
    else:
        sent = row["body"] if row["body"] is not None else shown(row)
        body = msgspec.json.encode(sent).decode()  # as the API writes it
    return Parcel(
        tenant_id,
        row["delivery_id"],
        row["endpoint_id"],
        row["sent_id"],
        row["tries"],
        row["url"],
        opened,
        body,
        row["mode"],
        fault,
    )


async def carry(parcel: Parcel) -> Attempt:
    """Posts it: outside of any scope. Never raises: what goes wrong on our side uses up a try as well, and is told as
    `internal`, or it would go again every minute for ever.
    """
    at, begun = system_now(), time.perf_counter()
    if parcel.fault is not None:
        return Attempt(at, 0, error=parcel.fault)
    try:
        signatures = signed_headers(parcel.secrets, parcel.event_id, at, parcel.body)
        answer = await post(parcel.url, parcel.body.encode(), {**_HEADERS, "Regulars-Mode": parcel.mode, **signatures})
    except OutgoingError as error:
        return Attempt(at, _since(begun), error=error.reason)
    except Exception:
        log.exception("webhook not sent", tenant_id=str(parcel.tenant_id), delivery_id=str(parcel.id))
        return Attempt(at, _since(begun), error=OURS)
    SECONDS.observe(time.perf_counter() - begun)
    return Attempt(at, _since(begun), answer.status, _fault(answer), _text(answer))


def _since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)


def _fault(answer: Answer) -> str | None:
    if answer.status in _OK:
        return None
    return "redirected" if answer.status in _MOVED else "refused"


def _text(answer: Answer) -> str:
    """The beginning of what was answered, as text that the database takes."""
    return answer.body[:KEPT_OF_ANSWER].decode(errors="replace").replace("\0", "\ufffd")


async def write_down(parcel: Parcel, attempt: Attempt) -> None:
    """What came of it, and when it goes again. Who comes second with the same try writes nothing."""
    async with tenant_scope(parcel.tenant_id):
        moved = attempt.error is not None and await _moved(parcel)
        state, wait = _next(parcel, attempt, moved=moved)
        ours = await connection().fetchval(
            _WRITE, parcel.tenant_id, parcel.id, parcel.tries, state, [attempt.as_data()], wait
        )
        if ours is None:
            return
        if attempt.error is None:
            await connection().execute(_WELL, parcel.tenant_id, parcel.endpoint_id)
        elif parcel.fault is None and attempt.error != OURS and not moved:
            await _note_failure(parcel, attempt)
    ATTEMPTS.labels(attempt.error or "taken").inc()
    if attempt.error is not None:
        log.info("webhook not taken", delivery_id=str(parcel.id), error=attempt.error, status=attempt.status)


async def _moved(parcel: Parcel) -> bool:
    """Whether the endpoint has another address by now: what the one before answers says nothing of it."""
    url = await connection().fetchval(_URL, parcel.tenant_id, parcel.endpoint_id)
    return bool(url != parcel.url)


def _next(parcel: Parcel, attempt: Attempt, *, moved: bool) -> tuple[str, timedelta | None]:
    if attempt.error is None:
        return "delivered", None
    gone = attempt.status == _GONE and not moved
    if parcel.tries >= len(WAITS) or gone or parcel.fault == "event-gone":
        return "failed", None
    return "waiting", WAITS[parcel.tries] * random.uniform(0.9, 1.1)  # noqa: S311  # spreads load, guards nothing


async def _note_failure(parcel: Parcel, attempt: Attempt) -> None:
    """Gone is said by who answers 410. Else the first failure begins a count that any success ends."""
    if attempt.status == _GONE:
        await give_up(parcel.endpoint_id, "gone")
        return
    await connection().execute(_ILL, parcel.tenant_id, parcel.endpoint_id)
    since = await connection().fetchval(_ILL_FOR, parcel.tenant_id, parcel.endpoint_id)
    if since is not None and since >= GIVE_UP_AFTER:
        await give_up(parcel.endpoint_id, "failing")
