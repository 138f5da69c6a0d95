"""What makes a running campaign work: something happened to a member, and a job is to look.

Whoever records such a thing asks in passing: a statement of its own has `WANTED`, or `fire` is one statement that
queues the job only where a running campaign waits for it. Without campaigns nothing is queued. What the jobs do is in
`tenants.campaigns.jobs`; that a campaign stopped meanwhile is theirs to see.
"""

from typing import Any, Final, Literal

from uuid_utils.compat import uuid7

from saas.outbox import enqueue
from saas.scope import connection, current

Trigger = Literal["joined", "purchase", "tier_reached", "referral"]
JOBS: Final[dict[Trigger, str]] = {
    "joined": "campaigns.joined",  # {member_id}
    "purchase": "campaigns.purchase",  # {purchase_id}
    "tier_reached": "campaigns.tier",  # {decision_ids} or {recalculation_id}
    "referral": "campaigns.referral",  # {member_ids}: who was brought
}
"""The job of each trigger, with its payload."""

WANTED: Final = (
    "EXISTS (SELECT FROM campaign c WHERE c.tenant_id = $1 AND c.state = 'running'"
    " AND c.document -> 'when' ->> 'type' = '{trigger}')"
)
"""A condition for a statement whose first parameter is the tenant: whether a running campaign waits for it."""

_FIRE: Final = (
    "INSERT INTO outbox AS o (tenant_id, id, name, payload, request_id, next_at)"
    " SELECT $1, $2, $3, $4, $5, clock_timestamp()"
    f" WHERE {WANTED}"
)


async def fire(trigger: Trigger, payload: dict[str, Any]) -> None:
    """Queues the trigger's job in the caller's transaction, if a running campaign waits for it. `payload` is JSON."""
    scope = current()
    sql = _FIRE.format(trigger=trigger)
    await connection().execute(sql, scope.tenant_id, uuid7(), JOBS[trigger], payload, scope.request_id)


async def queue(trigger: Trigger, payload: dict[str, Any]) -> None:
    """The same for a caller whose own statement has found that it is wanted."""
    await enqueue(JOBS[trigger], payload)
