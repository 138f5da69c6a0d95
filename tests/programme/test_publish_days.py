"""A publish where calendars go wrong: on a leap day, in a night that the clocks cut short, with a run over midnight."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from card_chains import (
    Drain,
    Json,
    NewChain,
    holders,
    ladder,
    pass_time,
    publish,
    published,
    reasons,
    rolled_back,
    through,
    tiers,
)
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, work
from support.proof import unproved
from support.till import rows

from saas.running import run_due
from tenants.tiers import batches


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def rules(silver: int, **policy: Any) -> Json:
    return ladder(("base", None), ("silver", silver), **policy)


async def shop_at(new_chain: NewChain, text: str, zone: str, **policy: Any) -> Chain:
    """Silver costs 1,000 there; it is that local time."""
    chain = await new_chain(timezone=zone)
    await begin(chain, local(text, zone), zone)
    await published(chain, rules(1_000, **policy), transition="grandfather")
    return chain


async def tiers_alone(chain: Chain) -> None:
    """What else the nights bring is others' tests."""
    named = "name NOT IN ('tiers', 'programme-publish')"
    await (await owner()).execute(f"DELETE FROM schedule WHERE tenant_id = $1 AND {named}", chain.tenant_id)


async def days(chain: Chain) -> dict[str, tuple[date, date | None]]:
    held = await rows(chain, "member_tier")
    return {str(row["member_id"]): (row["since"], row["valid_until"]) for row in held if row["rank"]}


@pytest.mark.parametrize(
    ("validity", "until"),
    [
        ({"type": "months", "months": 12}, date(2033, 2, 27)),
        ({"type": "months", "months": 1}, date(2032, 3, 28)),
        ({"type": "calendar_year_end"}, date(2033, 12, 31)),
        ({"type": "until_next_schedule"}, date(2033, 2, 27)),
    ],
)
async def test_a_leap_day(new_chain: NewChain, drain: Drain, validity: Json, until: date) -> None:
    """The yearly schedule of 29 February fires on the 28th of other years."""
    yearly = {"type": "yearly", "month": 2, "day": 29}
    shop = await shop_at(new_chain, "2032-02-29T10:00", "Asia/Shanghai", schedule=yearly)
    (one,) = await holders(shop, 900)
    await published(shop, rules(500, schedule=yearly, validity=validity), transition="now")
    await through(shop, drain)
    assert await days(shop) == {one: (date(2032, 2, 29), until)}
    await tiers_alone(shop)
    await pass_time(shop, drain, local("2033-02-28T09:00", "Asia/Shanghai"))
    assert await tiers(shop, one) == ["silver"]
    assert await unproved(shop.tenant_id) == []
    await rolled_back(shop, 2, drain)
    assert await unproved(shop.tenant_id) == []


async def test_ahead_to_a_leap_day_and_its_schedule(new_chain: NewChain, drain: Drain) -> None:
    """Both at the midnight with which 29 February begins: the rules come first."""
    zone, yearly = "Asia/Shanghai", {"type": "yearly", "month": 2, "day": 29}
    shop = await shop_at(new_chain, "2032-02-20T10:00", zone, schedule=yearly)
    fell, rose = await holders(shop, 1_500, 900)
    due = local("2032-02-29T00:00", zone).isoformat()
    moved = ladder(("base", None), ("bronze", 800), ("silver", 2_000), schedule=yearly)
    assert (await publish(shop, moved, transition="next_schedule", at=due)).status_code == 202
    await tiers_alone(shop)
    await pass_time(shop, drain, local("2032-02-29T09:00", zone))
    assert (await reasons(shop, fell))[-1] == ("programme_change", "recalculation", "silver", "bronze", 3)
    assert await days(shop) == {one: (date(2032, 2, 29), date(2033, 2, 27)) for one in (fell, rose)}
    assert await unproved(shop.tenant_id) == []


# Where the clocks go on: New York skips 02:00 to 03:00 on 9 March 2031, Santiago the midnight of 7 September.
@pytest.mark.parametrize(
    ("zone", "day", "asked", "first"),
    [
        ("America/New_York", "2031-03-09", "2031-03-09T01:59:59-05:00", "2031-03-09T05:00:00+00:00"),
        ("America/New_York", "2031-11-02", "2031-11-02T01:30:00-05:00", "2031-11-02T04:00:00+00:00"),
        ("America/Santiago", "2031-09-07", "2031-09-07T04:00:00Z", "2031-09-07T04:00:00+00:00"),
    ],
)
async def test_a_clock_change(new_chain: NewChain, drain: Drain, zone: str, day: str, asked: str, first: str) -> None:
    """Ahead to an instant beside the change; that day's schedule fires once, by the rules of its own instant."""
    begins, on = datetime.fromisoformat(first), date.fromisoformat(day)
    daily = {"schedule": {"type": "daily"}, "validity": {"type": "months", "months": 1}}
    shop = await shop_at(new_chain, f"{on - timedelta(days=2)}T12:00", zone, **daily)
    (one,) = await holders(shop, 1_500)
    answer = await publish(shop, rules(2_000, **daily), transition="next_schedule", at=asked)
    assert answer.status_code == 202, answer.text
    await tiers_alone(shop)
    await pass_time(shop, drain, begins + timedelta(days=2))
    fired = [row for row in await rows(shop, "recalculation") if row["cause"] == "schedule"]
    assert [row["as_of"] for row in fired if row["day"] == on] == [begins]
    due = datetime.fromisoformat(asked)
    expected = on if begins >= due else on + timedelta(days=1)
    (last,) = [row for row in await rows(shop, "decision") if row["reason"] == "programme_change"]
    assert (last["since"], last["effective_at"]) == (expected, next(x["as_of"] for x in fired if x["as_of"] >= due))
    assert [row["programme_version"] for row in fired] == [2 if row["as_of"] < due else 3 for row in fired]
    assert await tiers(shop, one) == ["base"]
    assert await unproved(shop.tenant_id) == []


@pytest.mark.parametrize(
    ("zone", "before", "behind"),
    [
        ("Asia/Shanghai", "2032-02-28T23:59", "2032-02-29T00:10"),
        ("Asia/Shanghai", "2032-02-29T23:59", "2032-03-01T00:10"),
        ("America/New_York", "2031-03-09T01:55", "2031-03-09T03:05"),
        ("America/Santiago", "2031-09-06T23:59", "2031-09-07T01:10"),
    ],
)
async def test_a_run_that_goes_on_behind_it(
    new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch, zone: str, before: str, behind: str
) -> None:
    """Everybody is moved as of the publish, whenever its run comes to them; the night waits for it."""
    monkeypatch.setattr(batches, "BATCH", 1)
    shop = await shop_at(new_chain, before, zone)
    members = await holders(shop, 700, 800, 900)
    await through(shop, drain)
    await published(shop, rules(600), transition="now")
    assert set(await run_due(shop.tenant_id)) == {"done"}
    (run,) = [row for row in await rows(shop, "recalculation") if row["cause"] == "programme"]
    assert run["evaluated"]
    assert run["finished_at"] is None
    await set_clock(shop.tenant_id, local(behind, zone))
    await work(shop, drain)
    today = date.fromisoformat(before[:10])
    assert {since for since, _ in (await days(shop)).values()} == {today}
    assert len({until for _, until in (await days(shop)).values()}) == 1
    assert await tiers(shop, *members) == ["silver"] * 3
    began = {row["effective_at"] for row in await rows(shop, "decision")}
    assert began == {row["effective_at"] for row in await rows(shop, "programme_version") if row["version"] == 3}
    assert began.pop() < local(behind, zone).astimezone(UTC)
    assert await unproved(shop.tenant_id) == []
