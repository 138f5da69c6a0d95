"""Endpoints: where events are sent, which, and whether."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.webhooks.bodies import NewWebhook, WebhookChange
from tenants.webhooks.signing import new_secret, seal

MOST: Final = 20
"""Endpoints of a chain: each gets a delivery of each event."""
SIGN: Final = 5
"""Secrets that may sign at the same time: each is a signature in a header, of which servers take so much."""
COUNTED: Final = 10_001
"""Deliveries that wait or failed are counted so far: this is that or more."""

_LOCK: Final = "SELECT FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE"
_HAS: Final = "SELECT count(*) FROM webhook_endpoint WHERE tenant_id = $1 AND state <> 'deleted'"
_ADD: Final = """
INSERT INTO webhook_endpoint AS e (tenant_id, id, url, types, description, state, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_SIGN_WITH: Final = "INSERT INTO webhook_secret AS s (tenant_id, id, endpoint_id, sealed) VALUES ($1, $2, $3, $4)"
_END_SECRETS: Final = """
UPDATE webhook_secret SET ends_at = clock_timestamp() + $3::interval
 WHERE tenant_id = $1 AND endpoint_id = $2 AND (ends_at IS NULL OR ends_at > clock_timestamp() + $3::interval)"""
# Those before the newest ones end at once, however long they had.
_DROP_OLDEST: Final = f"""
DELETE FROM webhook_secret WHERE tenant_id = $1 AND endpoint_id = $2 AND id NOT IN (
    SELECT s.id FROM webhook_secret s WHERE s.tenant_id = $1 AND s.endpoint_id = $2 ORDER BY s.id DESC LIMIT {SIGN})"""
_DROP_SECRETS: Final = """
DELETE FROM webhook_secret WHERE tenant_id = $1 AND endpoint_id = $2 AND ($3 OR ends_at <= clock_timestamp())"""
_COUNT: Final = """
(SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.tenant_id = $1 AND d.endpoint_id = e.id
   AND d.state <> 'delivered' AND d.state = '{state}' LIMIT {most}) AS few)"""
_READ: Final = f"""
SELECT e.id, e.url, e.types, e.description, e.state, e.state_since, e.failing_since, e.created_at, e.created_by,
       {_COUNT.format(state="waiting", most=COUNTED)} AS waiting,
       {_COUNT.format(state="failed", most=COUNTED)} AS failed,
       (SELECT max(s.ends_at) FROM webhook_secret s WHERE s.tenant_id = $1 AND s.endpoint_id = e.id
           AND s.ends_at > clock_timestamp()) AS old_secret_until
  FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.state <> 'deleted'
"""
_CHANGE: Final = """
UPDATE webhook_endpoint SET url = $3, types = $4, description = $5, state = $6,
       state_since = CASE WHEN state = $6 THEN state_since ELSE clock_timestamp() END,
       failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END
 WHERE tenant_id = $1 AND id = $2"""
_DELETE: Final = """
UPDATE webhook_endpoint SET state = 'deleted', state_since = clock_timestamp()
 WHERE tenant_id = $1 AND id = $2 AND state <> 'deleted'"""


async def make_endpoint(body: NewWebhook) -> dict[str, Any]:
    """A new endpoint, with its `secret`, which nobody can read again. Raises DomainError `too-many-webhooks`."""
    tenant_id, endpoint_id = current().tenant_id, uuid7()
    await connection().execute(_LOCK, tenant_id)  # else two at once would both be the last that fits
    if await connection().fetchval(_HAS, tenant_id) >= MOST:
        raise DomainError("too-many-webhooks", params={"most": MOST})
    state = "on" if body.enabled else "off"
    await connection().execute(
        _ADD, tenant_id, endpoint_id, body.url, body.types, body.description, state, current().principal.actor
    )
    secret = await _add_secret(endpoint_id)
    await record("webhook.create", f"webhook:{endpoint_id}", {"url": body.url, "types": body.types})
    return {**await endpoint(endpoint_id), "secret": secret}


async def _add_secret(endpoint_id: UUID) -> str:
    tenant_id, secret = current().tenant_id, new_secret()
    sealed = seal(tenant_id, endpoint_id, secret)
    await connection().execute(_SIGN_WITH, tenant_id, uuid7(), endpoint_id, sealed)
    return secret


async def endpoints() -> list[dict[str, Any]]:
    """All of the chain's, the oldest first: there are no more than `MOST`."""
    rows = await connection().fetch(f"{_READ} ORDER BY e.id", current().tenant_id)
    return [_shown(dict(row)) for row in rows]


async def endpoint(endpoint_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One, as JSON data: `state` is on, off (by hand), gone (it answered 410) or failing (nothing but failures for
    three days); `waiting` and `failed` count deliveries up to 10,001. Raises DomainError `not-found`.
    """
    sql = f"{_READ} AND e.id = $2" + (" FOR NO KEY UPDATE OF e" if lock else "")
    row = await connection().fetchrow(sql, current().tenant_id, endpoint_id)
    if row is None:
        raise DomainError("not-found")
    return _shown(dict(row))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "enabled": row["state"] == "on"}


async def require_on(endpoint_id: UUID) -> dict[str, Any]:
    """The endpoint, which must be sending. Raises DomainError `not-found`, `webhook-off`."""
    found = await endpoint(endpoint_id)
    if not found["enabled"]:
        raise DomainError("webhook-off")
    return found


async def change_endpoint(endpoint_id: UUID, body: WebhookChange) -> dict[str, Any]:
    """What is left out stays. Turned on again it is as new, and what waited goes on. Raises DomainError `not-found`."""
    before = await endpoint(endpoint_id, lock=True)
    asked = body.model_dump(exclude_unset=True)
    after = {name: asked.get(name, before[name]) for name in ("url", "types", "description", "enabled")}
    state = "on" if after["enabled"] else "off" if before["enabled"] else before["state"]
    changed = sorted(name for name in after if after[name] != before[name])
    if changed:
        again = state == "on" and not before["enabled"]
        await connection().execute(
            _CHANGE,
            current().tenant_id,
            endpoint_id,
            after["url"],
            after["types"],
            after["description"],
            state,
            again or "url" in changed,
        )
        await record("webhook.change", f"webhook:{endpoint_id}", {name: after[name] for name in changed})
    return await endpoint(endpoint_id)


async def delete_endpoint(endpoint_id: UUID) -> None:
    """Nothing is sent there any more, and its secrets are gone. Raises DomainError `not-found`."""
    found = await endpoint(endpoint_id, lock=True)
    await connection().execute(_DELETE, current().tenant_id, endpoint_id)
    await connection().execute(_DROP_SECRETS, current().tenant_id, endpoint_id, True)
    await record("webhook.delete", f"webhook:{endpoint_id}", {"url": found["url"]})


async def rotate(endpoint_id: UUID, overlap: timedelta) -> dict[str, Any]:
    """A new secret, shown as `secret`; those before sign along for `overlap`, the last four at most. Raises DomainError
    `not-found`.
    """
    await endpoint(endpoint_id, lock=True)
    await connection().execute(_END_SECRETS, current().tenant_id, endpoint_id, overlap)
    await connection().execute(_DROP_SECRETS, current().tenant_id, endpoint_id, False)
    secret = await _add_secret(endpoint_id)
    await connection().execute(_DROP_OLDEST, current().tenant_id, endpoint_id)
    hours = int(overlap.total_seconds() // 3600)
    await record("webhook.rotate", f"webhook:{endpoint_id}", {"overlap_hours": hours})
    return {**await endpoint(endpoint_id), "secret": secret}
