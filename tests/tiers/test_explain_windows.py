"""Until when more counts, what more can't help any more, and members whom a programme has forgotten."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.explained import next_of
from support.till import bought, member

Json = dict[str, Any]
NewChain = Callable[..., Awaitable[Chain]]
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    return await new_chain(timezone="Asia/Shanghai")


async def clock(chain: Chain, text: str) -> None:
    await set_clock(chain.tenant_id, datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def leaf(window: Json, gte: int = 1000) -> Json:
    return {"metric": "spend", "window": window, "gte": gte}


async def rule(chain: Chain, *qualifies: Json, **policy: Any) -> None:
    """Publishes one ladder whose tiers above the base ask for these, in order."""
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = [
        {**tier, "qualify": qualify, "retain": None}
        for tier, qualify in zip(ladder["tiers"], (None, *qualifies), strict=False)
    ]
    ladder["policy"] |= policy
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def explained(chain: Chain, one: str) -> Json:
    answer = await chain.http.get(f"/v1/members/{one}/tier")
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def by(chain: Chain, one: str) -> Any:
    (step,) = (await explained(chain, one))["next"]["missing"]
    return step["by"]


@pytest.mark.parametrize(
    ("joined", "now", "last"),
    [
        ("2027-07-10", "2030-07-09 12:00", "2030-07-09"),
        ("2027-07-10", "2030-07-10 12:00", "2031-07-09"),
        ("2024-02-29", "2026-03-01 12:00", "2027-02-27"),
        ("2024-02-29", "2027-02-28 12:00", "2028-02-28"),
        ("2024-02-29", "2028-02-29 12:00", "2029-02-27"),
    ],
)
async def test_a_membership_year_ends_before_the_next_anniversary(
    chain: Chain, joined: str, now: str, last: str
) -> None:
    await clock(chain, now)
    await rule(chain, leaf({"type": "membership_year"}))
    one = await member(chain, joined_on=joined)
    assert await by(chain, one) == last


ENDED = [
    {"type": "calendar_month", "offset": -1},
    {"type": "calendar_quarter", "offset": -1},
    {"type": "calendar_year", "offset": -2},
    {"type": "membership_year", "offset": -1},
    {"type": "between", "from": "2030-01-01", "to": "2030-05-14"},
]


@pytest.mark.parametrize("window", ENDED, ids=lambda window: window["type"])
async def test_what_is_over_cant_be_made_up_for(chain: Chain, window: Json) -> None:
    await clock(chain, "2030-05-15 12:00")
    lifetime = leaf({"type": "lifetime"}, 5000)
    await rule(chain, {"any": [leaf(window), lifetime]}, {"all": [leaf(window), lifetime]})
    one = await member(chain, joined_on="2028-01-01")
    told = await explained(chain, one)
    over, open_end = told["tiers"][0]["conditions"]["any"]
    assert (over["value"], over["met"], over["missing"]) == (0, False, None)
    assert open_end["missing"] == 5000
    assert next_of(told) == {"code": "silver", "missing": [{"metric": "spend", "amount": 5000, "by": None}]}
    await bought(chain, "1", 5000, member_id=one)
    assert (await explained(chain, one))["next"] is None  # gold asks for what is over


async def test_the_last_day_of_a_window_still_counts(chain: Chain) -> None:
    await clock(chain, "2030-05-15 23:59")
    await rule(chain, leaf({"type": "between", "from": "2030-01-01", "to": "2030-05-15"}))
    assert await by(chain, await member(chain)) == "2030-05-15"


SILVER = leaf({"type": "lifetime"}, 100)
GOLD = leaf({"type": "current_validity"}, 10**9)
SILVER_LAPSES = leaf({"type": "calendar_month"}, 100)
YEAR = {"validity": {"type": "months", "months": 12}, "schedule": {"type": "monthly"}}


@pytest.mark.parametrize(
    ("policy", "now", "last"),
    [
        (YEAR, "2030-05-15 13:00", "2031-05-14"),
        (YEAR | {"grace_days": 10}, "2031-05-14 13:00", "2031-05-24"),
        (YEAR | {"grace_days": 10}, "2031-05-20 13:00", "2031-05-24"),
        (YEAR, "2031-05-20 13:00", "2031-05-31"),  # over, and the next schedule decides
        (YEAR | {"validity": {"type": "calendar_year_end"}}, "2030-05-15 13:00", "2031-12-31"),
        (YEAR | {"validity": {"type": "forever"}}, "2030-05-15 13:00", None),
        (YEAR | {"validity": {"type": "until_next_schedule"}}, "2030-06-03 13:00", "2030-06-30"),
    ],
)
async def test_a_validity_ends_with_its_grace_or_when_it_is_decided(
    chain: Chain, policy: Json, now: str, last: str | None
) -> None:
    await clock(chain, "2030-05-15 12:00")
    await rule(chain, SILVER_LAPSES, GOLD, **policy)
    one = await member(chain)
    assert await by(chain, one) == "2030-05-31"
    await bought(chain, "1", 100, member_id=one)
    await clock(chain, now)
    assert await by(chain, one) == last


async def test_the_base_tier_has_no_validity_to_end(chain: Chain) -> None:
    await clock(chain, "2030-05-15 12:00")
    await rule(chain, GOLD, **YEAR)
    assert await by(chain, await member(chain)) is None


@pytest.mark.parametrize(("tier", "rank"), [("platinum", 9), ("platinum", 1)])
async def test_a_tier_that_the_programme_lacks_is_told_without_a_name(chain: Chain, tier: str, rank: int) -> None:
    await rule(chain, SILVER, leaf({"type": "lifetime"}, 10**6))
    one = await member(chain)
    await bought(chain, "1", 100, member_id=one)
    await (await owner()).execute(
        "UPDATE member_tier SET tier = $2, rank = $3 WHERE tenant_id = $1", chain.tenant_id, tier, rank
    )
    told = await explained(chain, one)
    assert (told["current"]["code"], told["current"]["names"], told["keeps"]) == (tier, None, None)
    assert len(told["tiers"]) == 2
    assert (told["next"] or {}).get("code") == ("gold" if rank == 1 else None)


async def test_a_tier_that_was_dropped_is_told_as_the_one_that_its_holders_have_now(chain: Chain) -> None:
    await rule(chain, SILVER, leaf({"type": "lifetime"}, 10**6))  # the template's diamond goes
    one = await member(chain)
    await bought(chain, "1", 100, member_id=one)
    await (await owner()).execute(
        "UPDATE member_tier SET tier = 'diamond', rank = 3 WHERE tenant_id = $1", chain.tenant_id
    )
    told = await explained(chain, one)
    assert (told["current"]["code"], told["keeps"]["holds"], told["next"]) == ("gold", False, None)
