"""Hands messages over, between scopes: a gateway that takes its time must hold no transaction.

The job takes its messages (an attempt more) and writes the next attempt, due after a lease, in one transaction. Once
that is committed they are handed over, and a second transaction says how it went; what failed is tried again after
the jobs' backoff. Killed anywhere in between, the next attempt finds them still queued: at least once, with the
message's id as the key by which a gateway knows it again. A next attempt that isn't needed finds nothing to do.
What a sandbox sends is kept there, and handed to nobody.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client import Counter

from saas.jobs import MAX_ATTEMPTS, backoff, job
from saas.outbox import LEASE, enqueue
from saas.sandboxed import Unsent, in_sandbox, keep_unsent
from saas.scope import connection, current, tenant_scope
from saas.secrets import InvalidSecretError
from tenants.merged import leads_to
from tenants.messages.daytime import until_morning
from tenants.messages.gateway import HandOverError, hand_over
from tenants.messages.sending import JOB, Letter, unseal
from tenants.nightly import this_night

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

AT_ONCE: Final = 8
SECONDS: Final = 20.0
"""For all of a job's messages; shorter than the lease, so that they aren't tried again while they are tried."""

MESSAGES = Counter("regulars_messages", "Messages by channel and what became of them", ["channel", "outcome"])

_NOW: Final = "(SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1)"
# Whatever its member became meanwhile: merged (then the survivor's consent counts), gone, or without consent.
_TAKE: Final = f"""
UPDATE message AS g SET attempts = g.attempts + 1
  FROM member AS m JOIN member AS r ON r.tenant_id = m.tenant_id AND r.id = {leads_to("m")}
 WHERE g.tenant_id = $1 AND g.id = ANY($2::uuid[]) AND g.state = 'queued' AND g.attempts = $3
   AND m.tenant_id = $1 AND m.id = g.member_id
RETURNING g.id, g.channel, g.sealed, CASE
    WHEN r.status <> 'active' THEN 'member-left'
    WHEN g.expires_at <= {_NOW} THEN 'too-late'
    WHEN g.marketing AND NOT EXISTS (SELECT FROM member_consent AS c WHERE c.tenant_id = $1 AND c.member_id = r.id
                                        AND c.channel = g.channel) THEN 'consent-withdrawn'
    END AS obstacle
"""
_SENT: Final = f"""
UPDATE message AS g SET state = 'sent', sealed = NULL, error = NULL, changed_at = {_NOW}
 WHERE g.tenant_id = $1 AND g.id = ANY($2::uuid[]) AND g.state = 'queued'
"""
_FAILED: Final = f"""
UPDATE message AS g SET state = 'failed', sealed = NULL, error = coalesce(n.error, g.error, 'no-answer'),
       changed_at = {_NOW}
  FROM unnest($2::uuid[], $3::text[]) AS n (id, error)
 WHERE g.tenant_id = $1 AND g.id = n.id AND g.state = 'queued' RETURNING g.channel
"""
_NOTED: Final = """
UPDATE message AS g SET error = n.error FROM unnest($2::uuid[], $3::text[]) AS n (id, error)
 WHERE g.tenant_id = $1 AND g.id = n.id AND g.state = 'queued'
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The attempt number `number` (from 1) at these."""

    letters: list[Letter]
    number: int
    by_day: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one was handed over. `error` None: it was taken. `final`: no other attempt."""

    letter: Letter
    error: str | None = None
    final: bool = False


@job(JOB)
async def take_and_send(payload: dict[str, Any]) -> None:
    """`ids`: the messages; `attempt`: how many attempts were made before, which tells this job from its repeats;
    `by_day`: never at night, however late it has become.
    """
    ids, attempt, by_day = [UUID(one) for one in payload["ids"]], int(payload["attempt"]), bool(payload["by_day"])
    if by_day:
        clock = await this_night()
        wait = until_morning(clock.now, clock.zone)
        if wait is not None:
            await enqueue(JOB, payload, delay=wait)
            return
    rows = await connection().fetch(_TAKE, current().tenant_id, ids, attempt)
    stopped: dict[UUID, str | None] = {row["id"]: row["obstacle"] for row in rows if row["obstacle"] is not None}
    if attempt >= MAX_ATTEMPTS:  # the process died at the last attempt, or its end couldn't be written
        stopped |= {row["id"]: None for row in rows if row["id"] not in stopped}
    letters: list[Letter] = []
    for row in rows:
        if row["id"] not in stopped:
            try:
                letters.append(unseal(row["id"], row["channel"], row["sealed"]))
            except InvalidSecretError:
                stopped[row["id"]] = "unreadable"
    await _fail(stopped)
    if letters and await in_sandbox():
        await keep_unsent([Unsent(one.id, one.channel, one.to, None, one.text) for one in letters])
        await connection().execute(_SENT, current().tenant_id, [one.id for one in letters])
    elif letters:
        made = Attempt(letters, attempt + 1, by_day)
        await _enqueue(made, LEASE)
        scope = current()
        scope.after_commit.append(partial(_hand_over, scope.tenant_id, scope.request_id, made))


async def _enqueue(last: Attempt, delay: timedelta) -> None:
    """What goes on behind this attempt."""
    payload = {"ids": [str(letter.id) for letter in last.letters], "attempt": last.number, "by_day": last.by_day}
    await enqueue(JOB, payload, delay=delay)


async def _fail(errors: Mapping[UUID, str | None]) -> None:
    """None: the error that was noted last."""
    if errors:
        rows = await connection().fetch(_FAILED, current().tenant_id, list(errors), list(errors.values()))
        for row in rows:
            MESSAGES.labels(row["channel"], "failed").inc()


async def _hand_over(tenant_id: UUID, request_id: str | None, made: Attempt) -> None:
    """After the commit: no scope is open."""
    turn = asyncio.Semaphore(AT_ONCE)
    outcomes = await asyncio.gather(*(_one(tenant_id, letter, turn) for letter in made.letters))
    taken = [outcome.letter for outcome in outcomes if outcome.error is None]
    over = made.number >= MAX_ATTEMPTS
    failed = {o.letter.id: o.error for o in outcomes if o.error is not None and (o.final or over)}
    again = [o for o in outcomes if o.error is not None and o.letter.id not in failed]
    async with tenant_scope(tenant_id, request_id=request_id):
        await connection().execute(_SENT, tenant_id, [letter.id for letter in taken])
        await _fail(failed)
        if again:
            errors = [outcome.error for outcome in again]
            await connection().execute(_NOTED, tenant_id, [outcome.letter.id for outcome in again], errors)
            await _enqueue(replace(made, letters=[outcome.letter for outcome in again]), backoff(made.number))
    for letter in taken:
        MESSAGES.labels(letter.channel, "sent").inc()
    for outcome in outcomes:
        if outcome.error is not None:
            log.warning(
                "message not taken", message_id=str(outcome.letter.id), error=outcome.error, attempts=made.number
            )


async def _one(tenant_id: UUID, letter: Letter, turn: asyncio.Semaphore) -> Outcome:
    try:
        async with asyncio.timeout(SECONDS), turn:
            await hand_over(tenant_id, letter)
    except HandOverError as error:
        return Outcome(letter, str(error), error.final)
    except TimeoutError:
        return Outcome(letter, "TimeoutError")
    return Outcome(letter)
