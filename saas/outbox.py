"""The outbox: what has to happen because of a fact, written in the fact's own transaction.

A row lives until its job has committed (the job deletes it in its own transaction). `next_at` is when the
relay sends it, again if need be. So neither the broker's loss nor any process's death loses a job.
"""

from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.broker import Delivery, send_directly
from saas.scope import connection, current

LEASE: Final = timedelta(seconds=30)
"""How long a sent row is left to the workers before it is sent again."""

DUE_SINCE: Final = "o.next_at - o.sends * $1::interval"
"""When a row was to be sent first, of a row `o`; `$1` is the lease."""

_INSERT: Final = (
    "INSERT INTO outbox AS o (tenant_id, id, name, payload, request_id, next_at)"
    " VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6::interval)"
)


async def enqueue(name: str, payload: dict[str, Any], *, direct: bool = False, delay: timedelta | None = None) -> UUID:
    """Writes a job into the current scope's transaction and returns its id. `payload` is JSON: ids as text.

    The relay sends it once it is committed, `delay` later. With `direct` this process sends it itself right
    after COMMIT, which spares chains of batches the relay's poll; the row is written as if already sent, so
    should that fail, or the process die before, the relay sends it after the lease.

    Raises ScopeClosedError outside a scope, TypeError for a payload that isn't JSON, ValueError for a delayed
    direct job.
    """
    if direct and delay is not None:
        raise ValueError("a direct job has no delay")
    scope = current()
    job_id: UUID = uuid7()
    wait = LEASE if direct else delay or timedelta()
    await connection().execute(_INSERT, scope.tenant_id, job_id, name, payload, scope.request_id, wait)
    if direct:
        scope.after_commit.append(partial(send_directly, Delivery(scope.tenant_id, job_id, 0)))
    return job_id
