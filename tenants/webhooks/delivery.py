"""Deliveries: what was sent where, what came of it, and once more."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from saas.clock import system_now
from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.events.choosing import types_of
from tenants.events.reading import event
from tenants.events.reading import shown as shown_event
from tenants.events.types import MEMBER, TYPES
from tenants.webhooks.bodies import DeliveryQuery, DeliveryState
from tenants.webhooks.endpoint import endpoint, require_on

KEPT: Final = timedelta(days=30)

_READ: Final = """
SELECT d.id, d.endpoint_id AS webhook_id, d.event_id, d.type, d.state, d.tries,
       CASE WHEN d.state = 'waiting' THEN d.next_at END AS next_at, (d.attempts -> -1 ->> 'status')::int AS status,
       d.attempts -> -1 ->> 'error' AS error, d.created_at, d.ended_at, d.body IS NOT NULL AS test{more}
  FROM webhook_delivery d JOIN webhook_endpoint e ON e.tenant_id = d.tenant_id AND e.id = d.endpoint_id
 WHERE d.tenant_id = $1 AND e.state <> 'deleted'"""
_NEWEST: Final = """
   AND ($2::uuid IS NULL OR d.id < $2){narrowed}
 ORDER BY d.id DESC LIMIT $3"""
_ONE: Final = f"{_READ.format(more=', d.attempts, d.body')} AND d.id = $2"
_AGAIN: Final = """
UPDATE webhook_delivery SET state = 'waiting', tries = 0, next_at = clock_timestamp(), ended_at = NULL
 WHERE tenant_id = $1 AND id = $2"""
_TEST: Final = """
INSERT INTO webhook_delivery AS d (tenant_id, id, endpoint_id, event_id, type, body) VALUES ($1, $2, $3, $4, $5, $6)"""


async def deliveries(
    endpoint_id: UUID | None, query: DeliveryQuery, before: UUID | None, count: int
) -> list[dict[str, Any]]:
    """Up to `count` of an endpoint's, or of the chain's, the newest first, behind `before`. Raises DomainError
    `not-found` for an endpoint that isn't there.
    """
    if endpoint_id is not None:
        await endpoint(endpoint_id)
    sql, values = log_statement(current().tenant_id, endpoint_id, before, count, state=query.state, kind=query.type)
    return [dict(row) for row in await connection().fetch(sql, *values)]


def log_statement(
    tenant_id: UUID,
    endpoint_id: UUID | None,
    before: UUID | None,
    count: int,
    *,
    state: DeliveryState | None = None,
    kind: str | None = None,
) -> tuple[str, list[Any]]:
    """The log's SQL and its values: each filter as an index has it."""
    values: list[Any] = [tenant_id, before, count]
    narrowed = ""
    for column, value in (("endpoint_id", endpoint_id), ("state", state), ("type", kind)):
        if value is not None:
            values.append(value)
            narrowed += f" AND d.{column} = ${len(values)}"
    if state in {"waiting", "failed"}:
        narrowed += " AND d.state <> 'delivered'"  # said as the index of those few says it
    return _READ.format(more="") + _NEWEST.format(narrowed=narrowed), values


async def delivery(delivery_id: UUID) -> dict[str, Any]:
    """One, with its `attempts` (the last thirty) and its `body`, None where the event has ended. Raises DomainError
    `not-found`.
    """
    row = await connection().fetchrow(_ONE, current().tenant_id, delivery_id)
    if row is None:
        raise DomainError("not-found")
    found = dict(row)
    if found["body"] is None:
        found["body"] = await _body(found["event_id"])
    return found


async def _body(event_id: UUID) -> dict[str, Any] | None:
    try:
        return shown_event(await event(event_id))
    except DomainError:  # it has ended, a moment before its delivery
        return None


async def retry(delivery_id: UUID) -> dict[str, Any]:
    """Goes again at once, whatever became of it, with all its tries before it. Raises DomainError `not-found`,
    `webhook-off`.
    """
    found = await delivery(delivery_id)
    await require_on(found["webhook_id"])
    await connection().execute(_AGAIN, current().tenant_id, delivery_id)
    await record("webhook.retry", f"webhook:{found['webhook_id']}", {"delivery": str(delivery_id)})
    return await delivery(delivery_id)


async def send_test(endpoint_id: UUID, kind: str | None) -> dict[str, Any]:
    """The delivery of an example, on its way. `kind` None: the first type that the endpoint takes. Its body says
    `test`. Raises DomainError `not-found`, `webhook-off`.
    """
    found = await require_on(endpoint_id)
    chosen = TYPES[kind or types_of(found["types"] or TYPES)[0]]
    event_id, delivery_id = uuid7(), uuid7()
    body = {
        "id": str(event_id),
        "position": 0,
        "type": chosen.code,
        "occurred_at": msgspec.to_builtins(system_now()),
        "member_id": MEMBER if chosen.member else None,
        "data": dict(chosen.data),
        "test": True,
    }
    await connection().execute(_TEST, current().tenant_id, delivery_id, endpoint_id, event_id, chosen.code, body)
    await record("webhook.test", f"webhook:{endpoint_id}", {"type": chosen.code})
    return await delivery(delivery_id)
