"""Answers that are kept: a page reads them, a job finds newer ones.

An answer is good for a hundred times as long as it took to find, so that reports take a hundredth of a processor at
most while somebody looks, whatever the size of the chain: of a small one they are of this minute. The night finds
those anew that somebody asked for lately.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.reports.adding import add_up
from tenants.reports.branches import branches
from tenants.reports.cohorts import cohorts
from tenants.reports.liability import liability
from tenants.reports.overview import overview
from tenants.reports.pareto import pareto
from tenants.reports.rfm import rfm
from tenants.reports.span import Span, Today, span_named, today
from tenants.reports.tiers import movements, tier_mix

Report = Callable[[Span, Today], Awaitable[dict[str, Any]]]
REPORTS: Final[dict[str, Report]] = {
    "overview": overview,
    "tier-mix": tier_mix,
    "movements": movements,
    "rfm": rfm,
    "cohorts": cohorts,
    "pareto": pareto,
    "branches": branches,
    "liability": liability,
}
FIND_JOB: Final = "reports.find"
GOOD_FOR: Final = 100
LEAST: Final = timedelta(seconds=30)
"""A page doesn't ask for a newer answer before it is so old."""
QUICK: Final = timedelta(milliseconds=200)
"""What was found so quickly is found anew for whoever asks over the API."""
LOST: Final = timedelta(minutes=5)
"""After so long a job that was sent for an answer is taken for dead."""
KEPT: Final = timedelta(days=14)
_OLD: Final = timedelta(days=2)
"""Of another day than today's, and found anew for that."""
SMALL: Final = 2_000
"""Members; ten times as many purchases. Of such a chain the first answers are found while the page waits."""

_READ: Final = """
SELECT a.report, a.first, a.last, a.scope, a.answer, a.made_at, a.took, a.wanted_at, a.asked_at,
       clock_timestamp() AS now
  FROM unnest($2::text[], $3::date[], $4::date[], $5::text[]) AS k (report, first, last, scope)
  JOIN report_answer a ON a.tenant_id = $1 AND a.report = k.report AND a.first = k.first AND a.last = k.last
   AND a.scope = k.scope"""
_KEEP: Final = """
INSERT INTO report_answer AS a (tenant_id, report, first, last, scope, branch_ids, period, answer, made_at, took,
                                asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), $9, clock_timestamp())
ON CONFLICT (tenant_id, report, first, last, scope) DO UPDATE
   SET answer = excluded.answer, made_at = excluded.made_at, took = excluded.took, wanted_at = NULL"""
_WANT: Final = """
INSERT INTO report_answer AS a (tenant_id, report, first, last, scope, branch_ids, period, wanted_at, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp())
ON CONFLICT (tenant_id, report, first, last, scope) DO UPDATE
   SET wanted_at = excluded.wanted_at, asked_at = excluded.asked_at, period = excluded.period"""
_AGAIN: Final = """
SELECT DISTINCT a.report, a.period, a.branch_ids FROM report_answer a
 WHERE a.tenant_id = $1 AND a.period IS NOT NULL AND a.asked_at > clock_timestamp() - $2::interval"""
_FORGET: Final = """
DELETE FROM report_answer AS a
 WHERE a.tenant_id = $1 AND (a.asked_at < clock_timestamp() - $2::interval OR
        (a.period IS NOT NULL AND a.made_at < clock_timestamp() - $3::interval))"""
_SMALL: Final = """
SELECT (SELECT count(*) FROM (SELECT FROM member m WHERE m.tenant_id = $1 AND m.status = 'active' LIMIT $2 + 1) m) <= $2
   AND (SELECT count(*) FROM (SELECT FROM purchase p WHERE p.tenant_id = $1 LIMIT $2 * 10 + 1) p) <= $2 * 10"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One report over one span. `period`: how its days were chosen (`span_named`), None where by hand."""

    report: str
    span: Span
    period: str | None = None

    @property
    def key(self) -> tuple[str, date, date, str]:
        return self.report, self.span.first, self.span.last, scope_of(self.span)

    def payload(self) -> dict[str, Any]:
        """As a job carries it."""
        ids = self.span.branch_ids
        return {
            "report": self.report,
            "first": self.span.first.isoformat(),
            "last": self.span.last.isoformat(),
            "branch_ids": None if ids is None else [str(each) for each in ids],
            "period": self.period,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and when (our clock); both None: nothing yet. `stale`: a newer one is worth looking for;
    `wanted`: it is looked for.
    """

    data: dict[str, Any] | None
    made_at: datetime | None
    stale: bool
    wanted: bool
    quick: bool = False
    """Found so quickly that it may as well be found again."""


_NOTHING: Final = Answer(None, None, stale=True, wanted=False)


def asked_in(payload: dict[str, Any]) -> Asked:
    """What `payload` says."""
    ids = payload["branch_ids"]
    span = Span(
        date.fromisoformat(payload["first"]),
        date.fromisoformat(payload["last"]),
        None if ids is None else tuple(UUID(each) for each in ids),
    )
    return Asked(payload["report"], span, payload["period"])


def scope_of(span: Span) -> str:
    """Short for the span's branches; empty for the whole chain."""
    if span.branch_ids is None:
        return ""
    return hashlib.sha256(",".join(str(each) for each in span.branch_ids).encode()).hexdigest()[:32]


async def for_page(asked: Sequence[Asked], now: Today) -> dict[Asked, Answer]:
    """What is kept of each. Newer answers are asked for where they are worth it; of a small chain the first ones are
    found at once.
    """
    known = await read(asked)
    missing = [one for one in asked if known[one].data is None]
    if missing and await _small():
        for one in missing:
            await find(one, now)
        return await read(asked)
    wanting = [one for one in asked if known[one].stale and not known[one].wanted]
    if wanting and not now.closed:
        await want(wanting)
        return await read(asked)
    return known


async def for_caller(asked: Asked, now: Today) -> Answer:
    """The answer for who waits for it: the kept one where finding it anew would be slow, and it is still good."""
    kept = (await read([asked]))[asked]
    if kept.data is not None and not kept.stale and not kept.quick:
        return kept
    await add_up(timedelta())
    await find(asked, now)
    return (await read([asked]))[asked]


async def read(asked: Sequence[Asked]) -> dict[Asked, Answer]:
    """What is kept of each."""
    keys = [list(part) for part in zip(*(one.key for one in asked), strict=True)]
    rows = await connection().fetch(_READ, current().tenant_id, *keys)
    found = {(row["report"], row["first"], row["last"], row["scope"]): _answer(row) for row in rows}
    return {one: found.get(one.key, _NOTHING) for one in asked}


def _answer(row: Any) -> Answer:
    wanted = row["wanted_at"] is not None and row["now"] - row["wanted_at"] < LOST
    if row["answer"] is None:
        return Answer(None, None, stale=True, wanted=wanted)
    old = row["now"] - row["made_at"] > max(LEAST, GOOD_FOR * row["took"])
    return Answer(row["answer"], row["made_at"], old, wanted, row["took"] < QUICK)


async def find(asked: Asked, now: Today) -> None:
    """Finds the answer from the days as they are added up now, and keeps it."""
    await add_up()
    started = monotonic()
    answer = await REPORTS[asked.report](asked.span, now)
    took = timedelta(seconds=monotonic() - started)
    await connection().execute(_KEEP, *_row(asked), answer, took)


async def want(asked: Sequence[Asked]) -> None:
    """Has a job find them, one after the other."""
    for one in asked:
        await connection().execute(_WANT, *_row(one))
    await enqueue(FIND_JOB, {"todo": [one.payload() for one in asked]}, direct=True)


async def find_next(todo: Sequence[Asked]) -> None:
    """The first of them; the rest is a job of its own, so that none works long."""
    if not todo:
        return
    await find(todo[0], await today())
    if len(todo) > 1:
        await enqueue(FIND_JOB, {"todo": [one.payload() for one in todo[1:]]}, direct=True)


async def at_night(now: Today) -> None:
    """Forgets what nobody asks for any more, and finds for the new day what somebody asked for lately."""
    await add_up()
    rows = await connection().fetch(_AGAIN, current().tenant_id, KEPT)
    again = [
        Asked(row["report"], span_named(row["period"], now.day, row["branch_ids"]), row["period"])
        for row in rows
        if row["report"] in REPORTS
    ]
    await connection().execute(_FORGET, current().tenant_id, KEPT, _OLD)
    if again:
        await enqueue(FIND_JOB, {"todo": [one.payload() for one in again]})


def _row(asked: Asked) -> tuple[object, ...]:
    ids = asked.span.branch_ids
    return (current().tenant_id, *asked.key, None if ids is None else list(ids), asked.period)


async def _small() -> bool:
    small: bool = await connection().fetchval(_SMALL, current().tenant_id, SMALL)
    return small
