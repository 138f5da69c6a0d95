"""The night's count of active members: a month of ten facts a member, counted day by day, against `count(DISTINCT …)`.

The facts of a day are written with the ids of that day, and the last count is put where it would have been then.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from saas.scope import connection, tenant_scope
from tests.benchmarks.history import FIRST_MEMBER, MEMBER_ID, make_chain
from tests.benchmarks.options import Options, say
from tests.benchmarks.place import Place, as_owner, pools
from tests.benchmarks.table import Row, median, spread

FACTS: Final = 10
"""A member's, in the month; one in ten is an activity, the others are purchases."""
DAYS: Final = 30
NIGHTS: Final = 5
MOST: Final = 0.25
T = TypeVar("T")

_MEMBER: Final = MEMBER_ID.format(f"({FIRST_MEMBER} + (hashint8extended(i, $5::bigint + 1) & ($3::bigint - 1)))")
# Day `$5` of the month that ends at `$4`, `$6` facts of it. Members are chosen by chance: some never come.
_FACTS: Final = """
INSERT INTO {table} ({columns}, tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,
                     local_day, source, programme_version, actor)
SELECT {values}, $1, uuidv7(x.at - clock_timestamp()), x.member_id, $2, 1, x.i::text, x.at, x.at, x.at::date,
       'api', 1, 'x'
  FROM (SELECT i, {member} AS member_id, $4::timestamptz - make_interval(days => {days} - $5::integer)
                                         + interval '1 day' * (i::float / $6::bigint) AS at
          FROM generate_series(0, $6::bigint - 1) i) x"""
_PURCHASES: Final = _FACTS.format(table="purchase", columns="amount", values="1000", member=_MEMBER, days=DAYS)
_ACTIVITIES: Final = _FACTS.format(table="activity", columns="kind", values="'visit'", member=_MEMBER, days=DAYS)
_THEN: Final = "UPDATE usage_period SET seen_to = $2, seen_at = $2 WHERE tenant_id = $1"
_BASELINE: Final = """
SELECT count(DISTINCT f.member_id) FROM (
    SELECT member_id FROM purchase WHERE tenant_id = $1 AND recorded_at >= $2 AND recorded_at < $3 AND source = 'api'
     UNION ALL
    SELECT member_id FROM activity WHERE tenant_id = $1 AND recorded_at >= $2 AND recorded_at < $3 AND source = 'api'
) f"""


async def bench(_: Place, options: Options) -> list[Row]:
    members = 1 << (options.members - 1).bit_length()  # the next power of two: chosen by its bits
    daily = members * FACTS // DAYS
    end = datetime.now(UTC)
    async with as_owner() as owner, pools():
        tenant_id, branch_id = await _chain(owner, members)
        begun = time.perf_counter()
        for day in range(DAYS - NIGHTS):
            await _trade(owner, tenant_id, branch_id, members, end, day, daily)
        await owner.execute("VACUUM (ANALYZE) member, purchase, activity")
        say(f"usage: {daily * (DAYS - NIGHTS):,} facts in {time.perf_counter() - begun:.0f} s")
        first, _members = await _night(owner, tenant_id, end, DAYS - NIGHTS)
        say(f"usage: the first count {first:.2f} s")
        nights, plains, baselines = [], [], []
        for day in range(DAYS - NIGHTS, DAYS):
            await _trade(owner, tenant_id, branch_id, members, end, day, daily)
            await owner.execute("ANALYZE purchase, activity")
            seconds, counted = await _night(owner, tenant_id, end, day + 1)
            plain, same = await _timed(lambda: _plain(tenant_id, end))
            baseline, least = await _timed(lambda: _count_distinct(tenant_id, end))
            if not counted == same == least:
                raise RuntimeError(f"{counted} counted, {same} by the plain statement, {least} distinct")
            nights.append(seconds)
            plains.append(plain)
            baselines.append(baseline)
            say(f"usage: a night {seconds:.2f} s, plain {plain:.2f} s, count(DISTINCT) {baseline:.2f} s")
        idle, _members = await _night(owner, tenant_id, end, DAYS)
        page, _usage = await _timed(lambda: _page(tenant_id))
    ratios = [a / b for a, b in zip(nights, baselines, strict=True)]
    what = f"the night's count of active members: {members:,} members, {daily * DAYS:,} facts in the month"
    base = f"`count(DISTINCT member_id)` of the month {median(baselines):.2f} s"
    shown = f"{median(ratios):.2f} ({spread(ratios)})"
    rows = [Row(what, f"{median(nights):.2f} s", base, shown, f"≤ {MOST}", median(ratios) <= MOST)]
    for name, seconds in (
        (f"… {daily:,} facts of the day already counted", idle),
        (f"… the first one, of {daily * (DAYS - NIGHTS):,} facts", first),
        ("… proved by one plain statement, before it is billed", median(plains)),
        ("… the owner's page, by day", page),
    ):
        rows.append(Row(name, f"{seconds:.2f} s", base, f"{seconds / median(baselines):.2f}", "", None))
    return rows


async def _chain(owner: Any, members: int) -> tuple[UUID, UUID]:
    from uuid_utils.compat import uuid7

    tenant_id, branch_id = uuid7(), uuid7()
    await make_chain(owner, tenant_id, branch_id)
    await owner.execute("UPDATE tenant SET clock_offset = '0' WHERE tenant_id = $1", tenant_id)
    await owner.execute(
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
        f" SELECT $1, {MEMBER_ID.format(f'({FIRST_MEMBER} + i)')}, '2024-01-01', 'import', now()"
        " FROM generate_series(0, $2::bigint - 1) i",
        tenant_id,
        members,
    )
    return tenant_id, branch_id


async def _trade(
    owner: Any, tenant_id: UUID, branch_id: UUID, members: int, end: datetime, day: int, facts: int
) -> None:
    for statement, share in ((_PURCHASES, facts - facts // 10), (_ACTIVITIES, facts // 10)):
        await owner.execute(statement, tenant_id, branch_id, members, end, day, share)


async def _night(owner: Any, tenant_id: UUID, end: datetime, days: int) -> tuple[float, int]:
    """The count when so many days of the month are over; afterwards it has been then."""
    from saas.billing.usage.counting import count

    seconds, counted = await _timed(lambda: _in_scope(tenant_id, lambda: count(_period(end))))
    await owner.execute(_THEN, tenant_id, end - timedelta(days=DAYS - days))
    return seconds, counted


async def _plain(tenant_id: UUID, end: datetime) -> int:
    from saas.billing.usage.counting import PLAIN

    return await _asked(tenant_id, PLAIN, end)


async def _count_distinct(tenant_id: UUID, end: datetime) -> int:
    return await _asked(tenant_id, _BASELINE, end)


async def _asked(tenant_id: UUID, statement: str, end: datetime) -> int:
    period = _period(end)
    async with tenant_scope(tenant_id):
        found: int = await connection().fetchval(statement, tenant_id, period.start, period.end)
    return found


async def _page(tenant_id: UUID) -> object:
    from saas.billing.usage.showing import usage_of

    async def shown() -> object:
        start = await connection().fetchval("SELECT period_start FROM usage_period WHERE tenant_id = $1", tenant_id)
        return await usage_of(start)

    return await _in_scope(tenant_id, shown)


async def _in_scope(tenant_id: UUID, work: Callable[[], Awaitable[T]]) -> T:
    async with tenant_scope(tenant_id):
        return await work()


def _period(end: datetime) -> Any:
    from saas.billing.usage.periods import Period

    return Period(end - timedelta(days=DAYS), end + timedelta(days=1), billed=True)


async def _timed(work: Callable[[], Awaitable[T]]) -> tuple[float, T]:
    started = time.perf_counter()
    made = await work()
    return time.perf_counter() - started, made
