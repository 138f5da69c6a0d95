"""Birthdays: every local midnight the members whose birthday the new day is get the gifts of the tiers that they hold,
and the points that the programme gives.

Once a member and year, of the calendar that its birthday is kept by. A job of every night goes on from the day that was
kept last, so that a night that was missed is made up for; in short batches, each done whole or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import asyncpg

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.coupons.granting import Locked, lock_active
from tenants.gifts.giving import Gift, coupons_of, give, given_before
from tenants.members.birthdays import LONGEST_AGO, Kept, kept
from tenants.nightly import Night, skip_missed, this_night
from tenants.numbers import TAKE
from tenants.points.book import Book, Fact
from tenants.points.ledger import ACCOUNT, account_of, post
from tenants.points.lots import lot_of
from tenants.programme.asked import asks_for_points
from tenants.programme.document import Programme
from tenants.programme.versions import current_version, programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.evaluate import evaluate_fact
from tenants.tiers.runs import still_deciding

JOB: Final = "birthdays.keep"
SCHEDULE: Final = "birthdays"
BATCH: Final = 200
_WAIT: Final = timedelta(minutes=1)

_RUN: Final = """
SELECT t.programme_version, r.day FROM tenant t LEFT JOIN birthday_run r ON r.tenant_id = t.tenant_id
 WHERE t.tenant_id = $1"""
_KEPT: Final = """
INSERT INTO birthday_run AS r (tenant_id, day) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET day = excluded.day WHERE r.day < excluded.day"""
_NEXT: Final = """
SELECT m.id, x.year FROM member m
  JOIN unnest($2::text[], $3::smallint[], $4::integer[]) x (calendar, mark, year)
    ON x.calendar = m.birthday_calendar AND x.mark = m.kept_on
 WHERE m.tenant_id = $1 AND m.status = 'active' AND m.birthday < $5 AND m.joined_on <= $5
   AND ($6::uuid IS NULL OR m.id > $6)
 ORDER BY m.id LIMIT $7"""
_TIERS: Final = """
SELECT member_id, ladder, tier FROM member_tier WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[]) AND rank > 0"""
_RECORDS: Final = """
SELECT m.merged_into AS member_id, m.id FROM member m WHERE m.tenant_id = $1 AND m.merged_into = ANY ($2::uuid[])"""
_POSTED: Final = """
SELECT e.source_id FROM points_entry e
 WHERE e.tenant_id = $1 AND e.kind = 'birthday' AND e.source_id = ANY ($2::uuid[])"""
_ACCOUNTS: Final = f"""
SELECT m.id, {ACCOUNT.format(member="m.id")} AS account FROM member m
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class _Birthdays:
    """A batch: members and the years of their birthdays, in the order of their ids."""

    rules: Programme
    night: Night
    years: Mapping[UUID, int]

    @property
    def points(self) -> int:
        return _points(self.rules)


async def keep(payload: dict[str, Any]) -> None:
    """The job of one batch, `{due_at, schedule}`; queues the batch after it, of the same day or the next one. Tiers
    that are decided at this midnight are decided first.
    """
    night = await this_night()
    if await still_deciding(night.now):
        await enqueue(JOB, payload, delay=_WAIT)
        return
    await skip_missed(SCHEDULE, night)
    run = await connection().fetchrow(_RUN, current().tenant_id)
    if run is None:
        raise RuntimeError("a tenant without its row")
    rules = await programme(run["programme_version"])
    due: date = local_day(datetime.fromisoformat(payload["due_at"]), night.zone)
    day = max(due if run["day"] is None else run["day"] + ONE_DAY, night.today - LONGEST_AGO)
    while day <= night.today and _gives(rules):
        rows = await _born(day, _after(payload, day))
        await _celebrate(_Birthdays(rules, night, {row["id"]: row["year"] for row in rows}))
        if len(rows) == BATCH:
            await enqueue(JOB, {**payload, "after": [day.isoformat(), str(rows[-1]["id"])]}, direct=True)
            return
        await connection().execute(_KEPT, current().tenant_id, day)
        if rows and day < night.today:
            await enqueue(JOB, payload, direct=True)
            return
        day += ONE_DAY
    await connection().execute(_KEPT, current().tenant_id, night.today)


def _after(payload: dict[str, Any], day: date) -> UUID | None:
    """The member with whom the batch before this one ended, if it was of this day."""
    on, member_id = payload.get("after", ("", ""))
    return UUID(member_id) if on == day.isoformat() else None


def _points(rules: Programme) -> int:
    return 0 if rules.points.beside is None else rules.points.beside.birthday


def _gives(rules: Programme) -> bool:
    """Whether birthdays bring anything at all."""
    tiers = (tier for ladder in rules.ladders for tier in ladder.tiers)
    return _points(rules) > 0 or any(coupons_of(tier, "birthday") for tier in tiers)


async def _born(day: date, after: UUID | None) -> list[asyncpg.Record]:
    """The next members who keep their birthday on this day and were members by then; with its year."""
    marks: list[tuple[Kept, int]] = [(one, mark) for one in kept(day) for mark in one.marks]
    return await connection().fetch(
        _NEXT,
        current().tenant_id,
        [one.calendar for one, _ in marks],
        [mark for _, mark in marks],
        [one.year for one, _ in marks],
        day,
        after,
        BATCH,
    )


async def _celebrate(birthdays: _Birthdays) -> None:
    """Gifts and points, for those who have had neither this year, under any record of theirs."""
    locked = await lock_active(birthdays.years)
    years = {one: birthdays.years[one] for one in sorted(locked.members)}
    years = await _not_yet(years)
    gifts = await _gifts(birthdays.rules, years)
    points = birthdays.points
    getting = sorted(years if points else {gift.member_id for gift in gifts})
    if not getting:
        return
    rows = await connection().fetch(TAKE, current().tenant_id, getting)
    numbers: dict[UUID, int] = {row["id"]: row["seq"] for row in rows}
    if points:
        await _accrue(birthdays, {one: years[one] for one in getting}, numbers, locked)
    await give("birthday", gifts, locked, numbers)
    if points and asks_for_points(birthdays.rules):
        version, zone = await current_version(), birthdays.night.zone.key  # behind the locks
        for one in getting:
            source_id = _source(one, years[one])
            await evaluate_fact(one, version, locked.recorded_at, zone, "birthday", source_id, None)


def _source(member_id: UUID, year: int, ladder: str = "") -> UUID:
    """What stands for a birthday: the same each time that it is asked for."""
    return uuid5(member_id, f"birthday {year} {ladder}".strip())


async def _not_yet(years: Mapping[UUID, int]) -> dict[UUID, int]:
    had = {(member_id, year) for member_id, _, _, year in await given_before("birthday", years)}
    records = await connection().fetch(_RECORDS, current().tenant_id, list(years))
    of_source = {_source(one, year): (one, year) for one, year in years.items()}
    of_source |= {
        _source(row["id"], years[row["member_id"]]): (row["member_id"], years[row["member_id"]]) for row in records
    }
    rows = await connection().fetch(_POSTED, current().tenant_id, list(of_source))
    had |= {of_source[row["source_id"]] for row in rows}
    return {one: year for one, year in years.items() if (one, year) not in had}


async def _gifts(rules: Programme, years: Mapping[UUID, int]) -> list[Gift]:
    rows = await connection().fetch(_TIERS, current().tenant_id, list(years))
    stored = {(row["member_id"], row["ladder"]): row["tier"] for row in rows}
    found = []
    for one, year in years.items():
        for ladder in rules.ladders:
            held = stored.get((one, ladder.code))
            tier = ladder.tiers[0] if held is None else rules.raised(ladder, held)
            coupons = () if tier is None else coupons_of(tier, "birthday")
            if tier is not None and coupons:
                found.append(Gift(one, ladder.code, tier.code, year, coupons, _source(one, year, ladder.code)))
    return found


async def _accrue(
    birthdays: _Birthdays, years: Mapping[UUID, int], numbers: Mapping[UUID, int], locked: Locked
) -> None:
    rows = await connection().fetch(_ACCOUNTS, current().tenant_id, list(years))
    books = {row["id"]: Book(account_of(row["account"])) for row in rows}
    lot = lot_of(birthdays.points, birthdays.rules.points, locked.today)
    actor = current().principal.actor
    for one, year in years.items():
        source_id, version = _source(one, year), birthdays.rules.version
        fact = Fact(one, numbers[one], source_id, locked.recorded_at, locked.today, actor, version=version)
        books[one].accrue(fact, "birthday", lot)
    await post([posting for book in books.values() for posting in book.postings])
