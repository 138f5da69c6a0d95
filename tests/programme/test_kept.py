"""Validities that schedules renewed without a word, where a publish ends such rules: nobody loses them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from card_chains import (
    Drain,
    Json,
    NewChain,
    holders,
    ladder,
    pass_time,
    published,
    reasons,
    rolled_back,
    through,
    tiers,
)
from support.chains import Chain
from support.clock import set_clock
from support.feed import told_of
from support.midnights import begin, work
from support.proof import unproved
from support.till import bought, rows

SILENT: Json = {"validity": {"type": "until_next_schedule"}}
YEAR: Json = {"validity": {"type": "months", "months": 12}}
OLD = ladder(("base", None), ("silver", 1_000), ("gold", 5_000), **SILENT)


def dearer(**policy: Any) -> Json:
    """Who spent 1,500 qualifies for nothing any more."""
    return ladder(("base", None), ("silver", 2_000), ("gold", 5_000), **policy)


def the(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


async def shop_in_march(new_chain: NewChain, card: Json = OLD) -> Chain:
    chain = await new_chain(timezone="UTC")
    await begin(chain, the("2031-03-20T12:00"), "UTC")
    await published(chain, card, transition="grandfather")
    return chain


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    """Tiers hold until the next month; now is 20 March 2031, noon."""
    return await shop_in_march(new_chain)


async def shown(chain: Chain, one: str, ladder: str = "card") -> tuple[str, str | None]:
    """The tier and its last day, as the explanation and the member's page say alike."""
    told = (await chain.http.get(f"/v1/members/{one}/tier", params={"ladder": ladder})).json()["current"]
    page = (await chain.http.get(f"/v1/members/{one}")).json()["tiers"][ladder]
    assert (page["code"], page["valid_until"]) == (told["code"], told["valid_until"])
    return told["code"], told["valid_until"]


async def stored(chain: Chain, one: str) -> tuple[date | None, date | None]:
    (row,) = [row for row in await rows(chain, "member_tier") if str(row["member_id"]) == one]
    return row["valid_from"], row["valid_until"]


async def test_a_tier_holds_as_long_as_the_last_schedule_said(shop: Chain, drain: Drain) -> None:
    less, enough = await holders(shop, 1_500, 2_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    assert await shown(shop, less) == ("silver", "2031-05-31")
    assert (await stored(shop, less))[1] == date(2031, 3, 31)  # nothing was written
    await published(shop, dearer(**YEAR), transition="grandfather")
    assert await shown(shop, less) == ("silver", "2031-05-31")
    assert (await bought(shop, "more", 1, member_id=less))["tier"]["after"] == "silver"
    await published(shop, dearer(**YEAR), transition="grandfather")  # and a version later
    assert (await bought(shop, "again", 1, member_id=less))["tier"]["after"] == "silver"
    await pass_time(shop, drain, the("2031-06-02T12:00"))
    assert (await reasons(shop, less))[-1] == ("downgrade", "recalculation", "silver", "base", 4)
    assert (await reasons(shop, enough))[-1] == ("renew", "recalculation", "silver", "silver", 4)
    assert await stored(shop, enough) == (date(2031, 6, 1), date(2032, 5, 31))
    assert await unproved(shop.tenant_id) == []


async def test_grace_begins_with_that_day(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await published(shop, dearer(**SILENT, grace_days=40), transition="grandfather")
    assert await shown(shop, one) == ("silver", "2031-05-31")
    await pass_time(shop, drain, the("2031-07-02T12:00"))  # 40 days behind 31 May end on 10 July
    assert await tiers(shop, one) == ["silver"]
    await pass_time(shop, drain, the("2031-08-02T12:00"))
    assert (await reasons(shop, one))[-1] == ("downgrade", "recalculation", "silver", "base", 3)
    assert await unproved(shop.tenant_id) == []


async def test_a_rarer_schedule_prolongs_nothing(shop: Chain, drain: Drain) -> None:
    """What the last run said stays: the tier holds until the end of May, and the next look decides."""
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    rarer = dearer(**SILENT, schedule={"type": "yearly", "month": 3, "day": 1})
    await published(shop, rarer, transition="grandfather")
    assert await shown(shop, one) == ("silver", "2031-05-31")
    await set_clock(shop.tenant_id, the("2031-05-31T12:00"))
    for day, tier in (("2031-05-31T13:00", "silver"), ("2031-06-01T13:00", "base")):
        await set_clock(shop.tenant_id, the(day))
        assert (await shop.http.post("/v1/programme/recalculate", json={})).status_code == 202
        await through(shop, drain)
        assert await tiers(shop, one) == [tier]
    assert await unproved(shop.tenant_id) == []


async def test_a_denser_schedule_finds_it_not_over(new_chain: NewChain, drain: Drain) -> None:
    shop = await shop_in_march(new_chain, OLD | {"policy": OLD["policy"] | {"schedule": {"type": "quarterly"}}})
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-04-10T12:00"))
    await published(shop, dearer(**SILENT), transition="grandfather")
    assert await shown(shop, one) == ("silver", "2031-06-30")
    await pass_time(shop, drain, the("2031-06-30T12:00"))
    assert await tiers(shop, one) == ["silver"]
    await pass_time(shop, drain, the("2031-07-01T12:00"))
    assert (await reasons(shop, one))[-1] == ("downgrade", "recalculation", "silver", "base", 3)
    assert await unproved(shop.tenant_id) == []


async def test_a_roll_back_and_an_undo_give_it_back(shop: Chain, drain: Drain) -> None:
    moved, undone = await holders(shop, 1_500, 1_500)
    mistake = await bought(shop, "mistake", 8_000, member_id=undone)
    assert (await shop.http.post(f"/v1/purchases/{mistake['id']}/undo", json={})).is_success
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    mistake = await bought(shop, "mistake-2", 8_000, member_id=undone)
    await published(shop, dearer(**YEAR), transition="now")
    await through(shop, drain)
    assert await tiers(shop, moved, undone) == ["base", "gold"]
    assert (await shop.http.post(f"/v1/purchases/{mistake['id']}/undo", json={})).is_success
    assert await shown(shop, undone) == ("silver", "2031-05-31")
    await published(shop, dearer(**YEAR, grace_days=3), transition="grandfather")
    await rolled_back(shop, 2, drain)
    assert await shown(shop, moved) == ("silver", "2031-05-31")
    assert await shown(shop, undone) == ("silver", "2031-05-31")
    await rolled_back(shop, 4, drain)
    assert await tiers(shop, moved, undone) == ["base", "silver"]
    assert await shown(shop, undone) == ("silver", "2031-05-31")
    assert await unproved(shop.tenant_id) == []


async def test_a_refund_leaves_the_validity_that_the_tier_would_have(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 3_000)
    big = await bought(shop, "big", 4_000, member_id=one)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    rules = ladder(("base", None), ("silver", 2_000), ("gold", 5_000), **YEAR, refund_recheck="end_of_day")
    await published(shop, rules, transition="grandfather")
    answer = await shop.http.post(f"/v1/purchases/{big['id']}/refunds", json={"external_id": "R", "amount": 4_000})
    assert answer.status_code == 201, answer.text
    await pass_time(shop, drain, the("2031-05-11T12:00"))
    assert (await reasons(shop, one))[-1][:4] == ("refund", "refund", "gold", "silver")
    assert await shown(shop, one) == ("silver", "2031-05-31")
    assert await unproved(shop.tenant_id) == []


async def test_a_merge_takes_it_along(shop: Chain, drain: Drain) -> None:
    survivor, other = await holders(shop, 100, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await published(shop, dearer(**YEAR), transition="grandfather")
    answer = await shop.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.is_success, answer.text
    assert await shown(shop, survivor) == ("silver", "2031-05-31")
    (last,) = [row for row in await rows(shop, "decision") if row["reason"] == "merge"]
    assert (last["valid_from"], last["valid_until"]) == (date(2031, 5, 1), date(2031, 5, 31))
    assert await unproved(shop.tenant_id) == []


async def test_a_lock_of_before_ends_at_once(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 100)
    set_to = {"tier": "silver", "reason": "x", "locked_until": "2031-12-31"}
    assert (await shop.http.put(f"/v1/members/{one}/tier", json=set_to)).status_code == 200
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await published(shop, dearer(**YEAR, grace_days=40), transition="grandfather")
    assert (await shop.http.delete(f"/v1/members/{one}/tier")).status_code == 200
    assert await tiers(shop, one) == ["base"]
    assert await unproved(shop.tenant_id) == []


async def test_who_would_lose_it_hears_of_it(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await published(shop, dearer(**YEAR), transition="grandfather")
    await pass_time(shop, drain, the("2031-05-12T12:00"))
    told = await told_of(shop.tenant_id, "tier.expiring")
    assert [str(row["member_id"]) for row in told] == [one]
    assert '"valid_until": "2031-05-31"' in told[0]["data"]


async def test_a_ladder_that_went_and_came_back(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    other = ladder(("none", None), ("friend", 9_000), code="club")
    await published(shop, other, transition="grandfather", holders={"card": None})
    await published(shop, dearer(**YEAR), transition="grandfather", holders={"club": None})
    assert await shown(shop, one) == ("silver", "2031-05-31")
    assert await unproved(shop.tenant_id) == []


async def test_what_came_before_a_kind_of_validity_says_nothing_about_it(new_chain: NewChain, drain: Drain) -> None:
    """A schedule that found a validity in its grace renewed nobody: rules that renew without a word begin afresh."""
    shop = await shop_in_march(new_chain, ladder(("base", None), ("silver", 1_000), **YEAR, grace_days=60))
    (one,) = await holders(shop, 1_500)
    set_to = {"tier": "silver", "reason": "x", "locked_until": "2031-04-15"}
    assert (await shop.http.put(f"/v1/members/{one}/tier", json=set_to)).status_code == 200
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    assert await shown(shop, one) == ("silver", "2031-04-15")
    await published(shop, dearer(**SILENT), transition="grandfather")
    assert await shown(shop, one) == ("silver", "2031-04-15")
    await pass_time(shop, drain, the("2031-06-01T12:00"))
    assert await tiers(shop, one) == ["base"]
    assert await unproved(shop.tenant_id) == []


async def test_what_has_no_end_gets_none(new_chain: NewChain, drain: Drain) -> None:
    shop = await shop_in_march(new_chain, ladder(("base", None), ("silver", 1_000), validity={"type": "forever"}))
    (one,) = await holders(shop, 1_500)
    await published(shop, dearer(**SILENT), transition="grandfather")
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    assert await shown(shop, one) == ("silver", None)
    assert await unproved(shop.tenant_id) == []


BUYS_NOW: Json = {"metric": "spend", "window": {"type": "current_validity"}, "gte": 500}


@pytest.mark.parametrize("transition", ["now", "up_only"])
async def test_a_simulation_moves_whom_the_publish_does(shop: Chain, drain: Drain, transition: str) -> None:
    """The current validity is the one that the last schedule began."""
    before, since, _ = await holders(shop, 1_500, 1_500, 100)
    await pass_time(shop, drain, the("2031-04-20T12:00"))
    await bought(shop, "april", 600, member_id=before)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await bought(shop, "may", 600, member_id=since)
    rules = dearer(**YEAR)
    rules["tiers"][1]["qualify"] = BUYS_NOW
    document = (await shop.http.get("/v1/programme")).json() | {"ladders": [rules]}
    assert (await shop.http.put("/v1/programme/draft", json=document)).status_code == 200
    answer = await shop.http.post("/v1/programme/draft/simulate", json={"transition": transition})
    assert answer.status_code == 202, answer.text
    await work(shop, drain)
    job = (await shop.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    moves = {(row["from"], row["to"]): row["members"] for row in job["result"]["moves"]}
    kept = "base" if transition == "now" else "silver"
    expected = {("silver", kept): 1, ("silver", "silver"): 1, ("base", "base"): 1}
    assert moves == (expected if transition == "now" else {("silver", "silver"): 2, ("base", "base"): 1})
    assert (await shop.http.post("/v1/programme/draft/publish", json={"transition": transition})).status_code == 200
    await through(shop, drain)
    assert await tiers(shop, before, since) == [kept, "silver"]
    assert await unproved(shop.tenant_id) == []


async def test_a_sale_too_late_for_a_schedule_starts_from_it(shop: Chain, drain: Drain) -> None:
    """The first schedule under the new rules lowers for want of a sale that was yet to be told."""
    (one,) = await holders(shop, 1_500)
    await pass_time(shop, drain, the("2031-05-10T12:00"))
    await published(shop, dearer(**YEAR), transition="grandfather")
    await pass_time(shop, drain, the("2031-06-02T12:00"))
    assert await tiers(shop, one) == ["base"]
    made = await bought(shop, "late", 600, member_id=one, occurred_at="2031-05-30T12:00:00Z")
    assert made["tier"] == {"ladder": "card", "before": "base", "after": "silver"}
    assert await shown(shop, one) == ("silver", "2032-05-31")
    assert await unproved(shop.tenant_id) == []
