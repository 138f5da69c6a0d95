"""Ways up, the cheapest first, and until when each part makes the whole: by the facts that leave rolling windows."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_chains import Json, NewChain
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import bought, member

from tenants.programme.windows import RollingDays, RollingMonths, bounds
from tenants.tiers.explaining.leaving import first_day, last_day_of

NOW = datetime(2031, 3, 20, 12, tzinfo=ZoneInfo("UTC"))
LIFE: Json = {"type": "lifetime"}
DAYS: Json = {"type": "rolling_days", "days": 30}
MONTHS: Json = {"type": "rolling_months", "months": 1}
MONTH: Json = {"type": "calendar_month"}

ROLLING = st.one_of(
    st.builds(RollingDays, type=st.just("rolling_days"), days=st.integers(1, 800)),
    st.builds(RollingMonths, type=st.just("rolling_months"), months=st.integers(1, 30)),
)


@given(ROLLING, st.dates(date(2024, 1, 1), date(2032, 1, 1)))
def test_the_last_day_that_a_rolling_window_takes_a_fact_in(window: RollingDays | RollingMonths, fact: date) -> None:
    last = last_day_of(window, fact)
    for day, taken_in in ((last, True), (last + timedelta(days=1), False)):
        first, _ = bounds(window, day, joined_on=fact, tier_start=fact, validity_start=fact)
        assert first == first_day(window, day)
        assert (first <= fact) is taken_in


@pytest.fixture(scope="module")
async def shop(new_chain: NewChain) -> Chain:
    chain = await new_chain(timezone="UTC")
    await set_clock(chain.tenant_id, NOW)
    return chain


@pytest.fixture(scope="module")
async def regular(shop: Chain) -> str:
    """¥4.00 on 1 March, ¥6.00 on 10 March and ¥8.00 on 20 March: a mean of ¥6.00."""
    one = await member(shop, joined_on="2030-03-20")
    for day, amount in (("2031-03-01", 400), ("2031-03-10", 600), ("2031-03-20", 800)):
        await bought(shop, day, amount, member_id=one, occurred_at=f"{day}T10:00:00Z")
    return one


async def ways(chain: Chain, one: str, condition: Json, language: str = "en") -> list[tuple[int, str]]:
    document: Json = (await chain.http.get("/v1/programme")).json()
    ladder, names = document["ladders"][0], {"zh-CN": "级", "en": "tier"}
    ladder["code"] = f"l{document['version']}"  # nobody holds anything on a new ladder
    ladder["tiers"] = [
        {"code": f"t{rank}", "rank": rank, "names": names, "qualify": asked}
        for rank, asked in enumerate((None, condition))
    ]
    ladder["policy"] |= {"upgrade": "immediate", "schedule": {"type": "monthly"}}
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    await (await owner()).execute("DELETE FROM member_tier WHERE tenant_id = $1", chain.tenant_id)
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    found: Json = (await chain.http.get(f"/v1/members/{one}/tier", headers={"Accept-Language": language})).json()
    assert found["tiers"][0]["ways"] == found["next"]["ways"]
    assert found["next"]["missing"] == found["next"]["ways"][0]["parts"]
    return [(way["effort"], way["text"]) for way in found["next"]["ways"]]


def leaf(metric: str, gte: int, window: Json | None = LIFE, **rest: Any) -> Json:
    return {"metric": metric, **({} if window is None else {"window": window}), "gte": gte, **rest}


CASES: list[tuple[Json, list[tuple[int, str]], list[str]]] = [
    (
        {"any": [leaf("spend", 3000), leaf("purchases", 4), leaf("tenure_days", 425, None)]},
        [
            (600, "1 purchase more"),
            (1200, "spend ¥12.00 more"),
            (1200, "60 days more, reached by itself on May 19, 2031"),
        ],
        ["再有 1 笔消费", "再消费 ¥12.00", "再过 60 天，2031年5月19日自动达到"],
    ),
    (leaf("spend", 2000, DAYS), [(200, "spend ¥2.00 more by Mar 30, 2031")], ["2031年3月30日前（含当日）再消费 ¥2.00"]),
    (
        leaf("spend", 2000, MONTHS),
        [(200, "spend ¥2.00 more by Mar 31, 2031")],
        ["2031年3月31日前（含当日）再消费 ¥2.00"],
    ),
    (
        leaf("purchases", 5, MONTH),
        [(1200, "2 purchases more by Mar 31, 2031")],
        ["2031年3月31日前（含当日）再有 2 笔消费"],
    ),
    (
        {"all": [leaf("spend", 2000, DAYS), leaf("referrals", 1), leaf("spend", 1900, DAYS)]},
        [(800, "spend ¥2.00 more by Mar 30, 2031 and bring 1 friend more along")],
        ["2031年3月30日前（含当日）再消费 ¥2.00，且再推荐 1 位好友"],
    ),
    (
        {"all": [{"any": [leaf("max_purchase", 5000), leaf("activities", 1, kind="class")]}, leaf("top_ups", 1000)]},
        [
            (1600, "“class” 1 time more and top up ¥10.00 more"),
            (6000, "spend ¥50.00 in a single purchase and top up ¥10.00 more"),
        ],
        ["再“课程” 1 次，且再充值 ¥10.00", "单笔消费 ¥50.00，且再充值 ¥10.00"],
    ),
    (
        {
            "metric": "score",
            "gte": 30,
            "weights": [
                {"metric": "spend", "window": DAYS, "per": 100, "points": 1},
                {"metric": "purchases", "window": LIFE, "per": 1, "points": 2},
            ],
        },
        [(600, "gain 6 growth points more by Mar 30, 2031")],
        ["2031年3月30日前（含当日）再获得 6 点成长值"],
    ),
]


@pytest.mark.parametrize(("condition", "english", "chinese"), CASES, ids=range(len(CASES)))
async def test_the_cheapest_way_comes_first(
    condition: Json, english: list[tuple[int, str]], chinese: list[str], shop: Chain, regular: str
) -> None:
    assert await ways(shop, regular, condition) == english
    assert [text for _, text in await ways(shop, regular, condition, "zh-CN")] == chinese
