"""What Stripe's meter is told of a chain's use: each night, at a period's end, after faults, once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import stripe
from metering import EVENTS, Metered
from support.chains import Chain
from support.clock import owner, set_clock
from support.stripe_box import StripeBox
from using import ask, buy, member, run, subscribe, visit

from saas.billing.usage.errors import failed_reports, note_meter_error
from saas.billing.usage.reconcile import UsageDifference, reconcile_usage
from saas.billing.usage.reporting import report_days, report_final
from saas.billing.usage.schedule import JOB, KIND, next_usage_hour
from saas.outbox import enqueue
from saas.scope import tenant_scope

NewChain = Callable[..., Awaitable[Chain]]
ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 10, 4, 30, tzinfo=UTC)  # 12:30 in Shanghai
END = datetime(2026, 12, 10, 4, 30, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def one_o_clock(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 1, tzinfo=SHANGHAI)


@pytest.fixture
async def shop(new_chain: NewChain, billing_on: StripeBox, drain: Any) -> Metered:
    chain = await new_chain(billing="yes")
    made = await Metered.opened(chain, billing_on, drain, START, END)
    await (await owner()).execute(
        "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'billing-usage'", chain.tenant_id
    )
    await (await owner()).execute(
        "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1", chain.tenant_id, one_o_clock(11, 11)
    )
    return made


async def sells(shop: Metered, *members: str) -> None:
    for who in members:
        await buy(shop.chain, who)


async def test_each_night_the_day_before(shop: Metered) -> None:
    first, second, third = [await member(shop.chain) for _ in range(3)]
    await sells(shop, first, first)
    await shop.night(one_o_clock(11, 11))
    assert shop.value() == 1
    await sells(shop, second)  # behind midnight: it belongs to the day that began
    await shop.night(one_o_clock(11, 12))
    await sells(shop, first, third)
    await shop.night(one_o_clock(11, 13))
    assert shop.value() == 3
    told = [(r["day"], r["value"], r["failed"], r["sent_at"] is not None) for r in await shop.reports()]
    assert told == [(date(2026, 11, n), value, None, True) for n, value in ((10, 1), (11, 2), (12, 3))]
    for row in await shop.reports():
        assert row["identifier"] == f"{shop.chain.tenant_id}:{row['day']}"
        assert row["at"] == datetime.combine(row["day"], datetime.max.time(), SHANGHAI).replace(microsecond=0)
    await shop.work()
    assert len(shop.told()) == 3


async def test_nights_that_were_missed(shop: Metered) -> None:
    people = [await member(shop.chain) for _ in range(4)]
    for n, who in enumerate(people):
        await shop.move(datetime(2026, 11, 12 + 2 * n, 2, tzinfo=UTC))
        await sells(shop, who)
    await shop.night(datetime(2026, 11, 18, 12, tzinfo=UTC))
    assert [(r["day"].day, r["value"]) for r in await shop.reports()] == [
        (10, 0), (11, 0), (12, 1), (13, 1), (14, 2), (15, 2), (16, 3), (17, 3)
    ]  # fmt: skip
    assert shop.value() == 3
    sent = [dict(one["params"])["timestamp"] for one in shop.told()]
    assert sent == sorted(sent)
    following = await (await owner()).fetchval(
        "SELECT next_at FROM schedule WHERE tenant_id = $1", shop.chain.tenant_id
    )
    assert following == one_o_clock(11, 19)


async def test_no_further_back_than_stripe_takes(new_chain: NewChain, billing_on: StripeBox, drain: Any) -> None:
    chain = await new_chain()
    shop = await Metered.opened(chain, billing_on, drain, START, START + timedelta(days=60))
    await sells(shop, await member(chain))
    await shop.move(START + timedelta(days=50))
    await shop.work()
    days = [row["day"] for row in await shop.reports()]
    assert days == [date(2026, 11, 25) + timedelta(days=n) for n in range(35)]
    assert {row["failed"] for row in await shop.reports()} == {None}
    assert shop.value() == 1


async def test_what_was_never_sent_in_time_is_said_to_be_so(shop: Metered) -> None:
    await sells(shop, await member(shop.chain))
    shop.box.faults({"kind": "500", "path": EVENTS, "times": -1})
    await shop.move(one_o_clock(11, 11))
    with pytest.raises(stripe.APIError):
        await report_days(shop.chain.tenant_id, {})
    shop.box.faults()
    await subscribe(shop.chain, START, START + timedelta(days=60), shop.customer)
    await shop.move(one_o_clock(11, 11) + timedelta(days=40))
    await shop.work()
    first = (await shop.reports())[0]
    assert (first["day"], first["failed"], first["sent_at"]) == (date(2026, 11, 10), "too-late", None)


async def test_a_periods_last_report(shop: Metered) -> None:
    """It counts until the end, nothing behind it; a day of before is not told any more."""
    first, second, third = [await member(shop.chain) for _ in range(3)]
    await sells(shop, first)
    await shop.night(one_o_clock(12, 9))
    await shop.move(END - timedelta(seconds=2))
    await sells(shop, second)
    await shop.move(END)
    await sells(shop, third)
    for _ in range(2):
        await report_final(shop.chain.tenant_id, START, END)
    assert shop.value() == 2
    final = next(row for row in await shop.reports() if row["identifier"].endswith(":final"))
    assert (final["value"], final["at"], final["period_start"]) == (2, END - timedelta(seconds=1), START)
    assert final["identifier"] == f"{shop.chain.tenant_id}:{int(START.timestamp())}:final"
    await shop.renew()
    await shop.move(one_o_clock(12, 11))
    await shop.work()
    days = {row["day"]: row for row in await shop.reports() if row["period_start"] == END}
    assert [(day, row["value"]) for day, row in days.items()] == [(date(2026, 12, 10), 1)]
    assert date(2026, 12, 9) not in {row["day"] for row in await shop.reports() if row is not final}
    assert (shop.value(START, END), shop.value()) == (2, 1)


async def test_a_period_is_not_closed_before_its_end(shop: Metered) -> None:
    with pytest.raises(ValueError, match="the period ends at"):
        await report_final(shop.chain.tenant_id, START, END)
    assert await shop.reports() == []


async def test_the_renewal_is_told_late(shop: Metered) -> None:
    """Our copy still has the old period: the new one's use is told for the new one all the same."""
    who = await member(shop.chain)
    await sells(shop, who)
    await shop.move(END + timedelta(hours=1))
    await visit(shop.chain, who)
    await sells(shop, await member(shop.chain))
    await shop.move(one_o_clock(12, 11))
    await shop.work()
    assert shop.value(END, END + timedelta(days=30)) == 2
    assert shop.value(START, END) == 1
    await report_final(shop.chain.tenant_id, START, END)
    assert shop.value(START, END) == 1


async def test_undone_between_two_reports(shop: Metered) -> None:
    """What was told stays told under its name; the next day's is less."""
    made = await buy(shop.chain, await member(shop.chain))
    await shop.move(datetime(2026, 11, 10, 15, 50, tzinfo=UTC))  # ten minutes to midnight
    late = await buy(shop.chain, await member(shop.chain))
    await shop.move(datetime(2026, 11, 10, 16, 1, tzinfo=UTC))
    await shop.work()
    assert shop.value() == 2
    assert (await shop.chain.http.post(f"/v1/purchases/{made['id']}/undo", json={})).status_code == 409
    await ask(shop.chain, f"/v1/purchases/{late['id']}/undo", {})
    await shop.work()
    assert shop.value() == 2
    await shop.night(one_o_clock(11, 12))
    assert shop.value() == 1


FAULTS = ["429", "500", "500_kept", "timeout", "drop", "drop_after"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_faults_on_the_way(shop: Metered, fault: str) -> None:
    await sells(shop, await member(shop.chain))
    await shop.move(one_o_clock(11, 11))
    shop.box.faults({"kind": fault, "path": EVENTS, "times": 2, "seconds": 0.1})
    failed = 0
    async with tenant_scope(shop.chain.tenant_id):
        await enqueue(JOB, {})
    for _ in range(4):
        failed += (await shop.drain(shop.chain.tenant_id)).failed
        await shop.hurry()
    assert failed == (1 if fault == "500_kept" else 2)  # that one is done at once, and the second time it is known
    assert shop.value() == 1
    assert [(r["value"], r["failed"], r["sent_at"] is None) for r in await shop.reports()] == [(1, None, False)]
    counted = [one for one in shop.told() if one["status"] == 200]
    assert len(counted) == (0 if fault in {"500_kept", "drop_after"} else 1)


async def test_stripe_refuses_at_once(shop: Metered) -> None:
    """The meter isn't there. The operator sees it; once it is, the reconciliation tells it again."""
    await sells(shop, await member(shop.chain))
    await shop.move(one_o_clock(11, 11))
    shop.box.client.v1.billing.meters.deactivate(shop.meter)
    try:
        await shop.work()
    finally:
        shop.box.client.v1.billing.meters.reactivate(shop.meter)
    (report,) = await shop.reports()
    assert (report["failed"], report["sent_at"]) == ("refused:event_name", None)
    found = [one for one in await failed_reports(365 * 5, 1000) if one.tenant_id == shop.chain.tenant_id]
    assert [(one.identifier, one.value, one.why) for one in found] == [(report["identifier"], 1, "refused:event_name")]
    assert await reconcile_usage(shop.chain.tenant_id) == [UsageDifference(START, 1, None, mended=False)]
    await shop.move(one_o_clock(11, 11) + timedelta(minutes=20))
    assert await reconcile_usage(shop.chain.tenant_id) == [UsageDifference(START, 1, None, mended=True)]
    assert shop.value() == 1
    assert await reconcile_usage(shop.chain.tenant_id) == []


async def test_stripe_refuses_later(shop: Metered) -> None:
    """It takes what it can't count and says so in an event."""
    await sells(shop, await member(shop.chain))
    await shop.move(one_o_clock(11, 11))
    await (await owner()).execute(
        "UPDATE billing_profile SET customer_id = 'cus_nobody' WHERE tenant_id = $1", shop.chain.tenant_id
    )
    await shop.work()
    shop.box.settle()
    (report,) = await shop.reports()
    assert (report["failed"], report["sent_at"] is not None) == (None, True)
    code = "meter_event_customer_not_found"
    for _ in range(2):
        assert await note_meter_error(report["identifier"], code, "There is no customer")
    assert [row["failed"] for row in await shop.reports()] == [code]
    for foreign in ("somebody's", f"{shop.chain.tenant_id}:2020-01-01", "01970000-0000-7000-8000-000000000001:x"):
        assert not await note_meter_error(foreign, code, "x")


async def test_what_passes_is_told_again_under_another_name(shop: Metered) -> None:
    await sells(shop, await member(shop.chain))
    await shop.night(one_o_clock(11, 11))
    (report,) = await shop.reports()
    for _ in range(2):
        assert await note_meter_error(report["identifier"], "timestamp_in_future", "x")
    await shop.hurry()
    await shop.drain(shop.chain.tenant_id)
    names = [(r["identifier"], r["failed"], r["sent_at"] is not None) for r in await shop.reports()]
    name = report["identifier"]
    assert names == [(name, "timestamp_in_future", True), (f"{name}~2", None, True)]
    for n in range(2, 9):
        await note_meter_error(f"{name}~{n}", "timestamp_in_future", "x")
        await shop.hurry()
        await shop.drain(shop.chain.tenant_id)
    assert [row["identifier"] for row in await shop.reports()][-1] == f"{name}~5"


async def test_what_the_meter_lost(shop: Metered) -> None:
    await sells(shop, await member(shop.chain))
    await shop.night(one_o_clock(11, 11))
    assert await reconcile_usage(shop.chain.tenant_id) == []
    await sells(shop, await member(shop.chain))
    await shop.move(one_o_clock(11, 12))
    await (await owner()).execute(
        "INSERT INTO usage_report (tenant_id, identifier, period_start, day, value, counted_at, at, sent_at)"
        " VALUES ($1::uuid, $1::uuid || ':2026-11-11', $2, '2026-11-11', 2, $3, $3, $3)",
        shop.chain.tenant_id,
        START,
        datetime(2026, 11, 11, 15, 59, 59, tzinfo=UTC),
    )
    assert shop.value() == 1
    assert await reconcile_usage(shop.chain.tenant_id) == [UsageDifference(START, 2, 1, mended=True)]
    assert shop.value() == 2
    assert await reconcile_usage(shop.chain.tenant_id) == []


async def test_a_billed_difference_is_said_and_not_mended(shop: Metered) -> None:
    await sells(shop, await member(shop.chain))
    await shop.move(END + timedelta(minutes=1))
    await report_final(shop.chain.tenant_id, START, END)
    await (await owner()).execute("UPDATE usage_report SET value = 7 WHERE tenant_id = $1", shop.chain.tenant_id)
    await shop.move(END + timedelta(hours=2))
    assert await reconcile_usage(shop.chain.tenant_id) == [UsageDifference(START, 7, 1, mended=False)]


async def test_without_billing_use_is_counted_all_the_same(new_chain: NewChain, drain: Any) -> None:
    chain = await new_chain()
    await set_clock(chain.tenant_id, START)
    await subscribe(chain, START, END, "cus_x")
    await buy(chain, await member(chain))
    await set_clock(chain.tenant_id, START + timedelta(days=1))
    await run(chain, drain)
    assert (await ask(chain, "/v1/tenant", method="GET"))["use"]["active_members"] == 1
    assert await reconcile_usage(chain.tenant_id) == []


async def test_a_closed_chain_is_still_counted_and_told(shop: Metered) -> None:
    await sells(shop, await member(shop.chain))
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", shop.chain.tenant_id)
    await shop.night(one_o_clock(11, 11))
    assert shop.value() == 1


def test_one_o_clock_every_night_of_every_zone() -> None:
    """Also where clocks are put forward or back at night."""
    nights = {
        "Europe/Berlin": (datetime(2026, 3, 27, tzinfo=UTC), ["00:00", "00:00", "23:00", "23:00", "23:00"]),
        "America/New_York": (datetime(2026, 10, 30, 12, tzinfo=UTC), ["05:00", "05:00", "06:00", "06:00", "06:00"]),
        "Africa/Cairo": (datetime(2026, 4, 22, 12, tzinfo=UTC), ["23:00", "22:00", "22:00", "22:00", "22:00"]),
        "America/Santiago": (datetime(2026, 9, 4, 12, tzinfo=UTC), ["05:00", "04:00", "04:00", "04:00", "04:00"]),
    }
    for zone, (after, expected) in nights.items():
        found, at = [], after
        for _ in range(5):
            at = next_usage_hour({"kind": KIND, "job": JOB, "timezone": zone}, at)
            found.append(f"{at:%H:%M}")
        assert found == expected, zone


@pytest.mark.parametrize(
    ("zone", "days"),
    [("America/New_York", [31, 1, 2]), ("Africa/Cairo", [31, 1, 2]), ("Pacific/Auckland", [31, 1, 2])],
)
async def test_a_day_is_a_local_day(
    new_chain: NewChain, billing_on: StripeBox, drain: Any, zone: str, days: list[int]
) -> None:
    """Clocks go back on 1 November in New York: that day has 25 hours."""
    chain = await new_chain(timezone=zone)
    local = ZoneInfo(zone)
    shop = await Metered.opened(chain, billing_on, drain, datetime(2026, 10, 31, 9, tzinfo=local), END)
    for day in (31, 1, 2):
        late = datetime(2026, 10 if day == 31 else 11, day, 23, 59, tzinfo=local)
        await shop.move(late)
        await sells(shop, await member(chain))
    await shop.move(datetime(2026, 11, 3, 1, tzinfo=local))
    await shop.work()
    assert [(row["day"].day, row["value"]) for row in await shop.reports()] == [
        (day, n + 1) for n, day in enumerate(days)
    ]
    assert shop.value() == 3


async def test_reported_by_several_at_once(shop: Metered) -> None:
    await sells(shop, *[await member(shop.chain) for _ in range(3)])
    await shop.move(one_o_clock(11, 11))
    await asyncio.gather(*(report_days(shop.chain.tenant_id, {}) for _ in range(3)))
    await shop.move(END)
    await asyncio.gather(*(report_final(shop.chain.tenant_id, START, END) for _ in range(3)))
    reports = await shop.reports()
    assert {(row["value"], row["failed"], row["sent_at"] is None) for row in reports} == {(3, None, False)}
    assert len([one for one in shop.told() if one["status"] == 200]) == len(reports)
    assert shop.value() == 3


async def test_the_schedule_follows_the_chains_zone(new_chain: NewChain, drain: Any) -> None:
    chain = await new_chain(billing="yes", timezone="Asia/Shanghai")
    assert (await _next(chain)).astimezone(SHANGHAI).hour == 1
    await ask(chain, "/v1/tenant", {"timezone": "Europe/Berlin"}, "PATCH")
    await run(chain, drain)
    following = await _next(chain)
    assert following.astimezone(ZoneInfo("Europe/Berlin")).hour == 1
    assert datetime.now(UTC) < following <= datetime.now(UTC) + timedelta(hours=25)


async def test_chains_of_before_are_counted_too(new_chain: NewChain) -> None:
    """The migration's own statement sets what sign-up sets."""
    chain = await new_chain(billing="yes", timezone="America/New_York")
    signed_up = await _next(chain)
    name = "migrations/tenants/piccolo_migrations/tenants_0009_billing.sql"
    _, _, statement = (ROOT / name).read_text().rpartition("INSERT INTO schedule")
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    await (await owner()).execute("INSERT INTO schedule" + statement)
    assert await _next(chain) == signed_up
    spec = await (await owner()).fetchval("SELECT spec FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    assert (json.loads(spec) if isinstance(spec, str) else spec) == {
        "job": JOB,
        "kind": KIND,
        "timezone": "America/New_York",
    }
    forget = "DELETE FROM schedule WHERE tenant_id <> $1 AND name = 'billing-usage'"
    await (await owner()).execute(forget, chain.tenant_id)


async def _next(chain: Chain) -> datetime:
    found = await (await owner()).fetchval(
        "SELECT next_at FROM schedule WHERE tenant_id = $1 AND name = 'billing-usage'", chain.tenant_id
    )
    assert isinstance(found, datetime)
    return found
