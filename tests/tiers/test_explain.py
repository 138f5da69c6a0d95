"""Why a member is where it is, and what is missing: the same values that decide, in words that hold."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.explained import next_of
from support.till import bought, member, rows

NewChain = Callable[..., Awaitable[Chain]]
Json = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2031, 3, 20, 12, tzinfo=SHANGHAI)
JOINED = "2030-06-15"
LIFETIME: Json = {"type": "lifetime"}


def leaf(metric: str, window: Json | None = None, **bounds: int) -> Json:
    return {"metric": metric, **({} if window is None else {"window": window}), **bounds}


def spend(gte: int, window: Json = LIFETIME) -> Json:
    return leaf("spend", window, gte=gte)


@pytest.fixture(scope="module")
async def shop(new_chain: NewChain) -> Chain:
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, NOW)
    return chain


async def rule(chain: Chain, *qualifies: Json, retain: Json | None = None, **policy: Any) -> None:
    """One ladder whose tiers t1, t2, … qualify so; scheduled, so that the explanation alone speaks."""
    document: Json = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    names = {"zh-CN": "级", "en": "tier"}
    ladder["code"] = f"l{document['version']}"  # nobody holds anything on a new ladder
    ladder["tiers"] = [{"code": "t0", "rank": 0, "names": names, "qualify": None, "retain": None, "benefits": []}] + [
        {"code": f"t{n}", "rank": n, "names": names, "qualify": one, "retain": retain, "benefits": []}
        for n, one in enumerate(qualifies, start=1)
    ]
    ladder["policy"] |= {"upgrade": "scheduled", "schedule": {"type": "monthly"}, **policy}
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    await (await owner()).execute("DELETE FROM member_tier WHERE tenant_id = $1", chain.tenant_id)
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def customer(chain: Chain, mark: str, *sales: tuple[str, int]) -> str:
    one = await member(chain, joined_on=JOINED)
    for number, (day, amount) in enumerate(sales):
        await bought(chain, f"{mark} {number}", amount, member_id=one, occurred_at=f"{day}T10:00:00+08:00")
    return one


async def why(chain: Chain, member_id: str, **query: str) -> Json:
    answer = await chain.http.get(f"/v1/members/{member_id}/tier", params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


SALES = (("2030-12-31", 1000), ("2031-01-31", 200), ("2031-02-28", 30), ("2031-03-20", 4))

# a leaf, its value, whether it is met, what is missing, and until when that may come
LEAVES: list[tuple[Json, int | None, bool, int | None, str | None]] = [
    (spend(2000), 1234, False, 766, None),
    (spend(1234), 1234, True, None, None),
    (spend(100, {"type": "calendar_month"}), 4, False, 96, "2031-03-31"),
    (spend(300, {"type": "calendar_quarter"}), 234, False, 66, "2031-03-31"),
    (spend(300, {"type": "calendar_year"}), 234, False, 66, "2031-12-31"),
    (spend(100, {"type": "calendar_month", "offset": -1}), 30, False, None, None),
    (spend(1500, {"type": "calendar_quarter", "offset": -1}), 1000, False, None, None),
    (spend(1500, {"type": "calendar_year", "offset": -1}), 1000, False, None, None),
    (spend(30, {"type": "calendar_month", "offset": -1}), 30, True, None, None),
    (spend(500, {"type": "rolling_days", "days": 21}), 34, False, 466, "2031-03-20"),
    (spend(500, {"type": "rolling_months", "months": 2}), 234, False, 266, "2031-03-30"),
    (spend(5000, {"type": "membership_year"}), 1234, False, 3766, "2031-06-14"),
    (spend(5000, {"type": "membership_year", "offset": -1}), 0, False, None, None),
    (spend(500, {"type": "between", "from": "2031-01-01", "to": "2031-04-30"}), 234, False, 266, "2031-04-30"),
    (spend(500, {"type": "between", "from": "2031-01-01", "to": "2031-03-20"}), 234, False, 266, "2031-03-20"),
    (spend(500, {"type": "between", "from": "2031-01-01", "to": "2031-03-19"}), 230, False, None, None),
    (spend(2000, {"type": "since_tier_start"}), 1234, False, 766, None),
    (leaf("purchases", LIFETIME, gte=6), 4, False, 2, None),
    (leaf("max_purchase", LIFETIME, gte=1500), 1000, False, 1500, None),
    (leaf("tenure_days", gte=365), 278, False, 87, "2031-06-15"),
    (leaf("tenure_days", gte=278), 278, True, None, None),
    (leaf("days_since_purchase", lt=1), 0, True, None, None),
    (leaf("days_since_purchase", gte=30), 0, False, 30, "2031-04-19"),
    (leaf("purchases", LIFETIME, lt=4), 4, False, None, None),
    (leaf("purchases", LIFETIME, gte=5, lt=9), 4, False, 1, None),
]


@pytest.fixture(scope="module")
async def regular(shop: Chain) -> str:
    await rule(shop, spend(10**9))
    return await customer(shop, "regular", *SALES)


@pytest.mark.parametrize(("condition", "value", "met", "missing", "by"), LEAVES, ids=lambda v: str(v)[:70])
async def test_a_leaf_tells_value_threshold_and_gap(
    condition: Json, value: int | None, met: bool, missing: int | None, by: str | None, shop: Chain, regular: str
) -> None:
    await rule(shop, condition)
    found = await why(shop, regular)
    (tier,) = found["tiers"]
    window = condition.get("window")
    told = tier["conditions"]
    assert {k: told[k] for k in ("metric", "value", "met", "missing")} == {
        "metric": condition["metric"],
        "value": value,
        "met": met,
        "missing": missing,
    }
    assert (told.get("gte"), told.get("lt")) == (condition.get("gte"), condition.get("lt"))
    assert (told.get("window") or {}).get("type") == (window or {}).get("type")
    assert tier["qualifies"] is met
    if met:
        assert next_of(found) == {"code": "t1", "missing": []}
    elif missing is None:
        assert found["next"] is None
    else:
        step = {"metric": condition["metric"], "amount": missing, "by": by}
        assert next_of(found) == {"code": "t1", "missing": [step]}


async def test_who_never_bought_has_no_days_since(shop: Chain) -> None:
    await rule(shop, leaf("days_since_purchase", lt=30), spend(1))
    one = await customer(shop, "never")
    found = await why(shop, one)
    assert [t["qualifies"] for t in found["tiers"]] == [False, False]
    told = found["tiers"][0]["conditions"]
    assert (told["value"], told["met"], told["missing"]) == (None, False, None)
    assert next_of(found) == {"code": "t2", "missing": [{"metric": "spend", "amount": 1, "by": None}]}


FAR, NEAR, MET = spend(10_000), spend(1300), spend(1000)
MONTH = spend(14, {"type": "calendar_month"})
TREES: list[tuple[Json, bool, list[tuple[int, str | None]] | None]] = [
    ({"any": [FAR, NEAR]}, False, [(66, None)]),
    ({"any": [FAR, MET]}, True, []),
    ({"all": [FAR, NEAR]}, False, [(8766, None)]),  # what the larger asks has the smaller in it
    ({"all": [MET, MONTH]}, False, [(10, "2031-03-31")]),
    ({"all": [MET, {"any": [FAR, MONTH]}]}, False, [(10, "2031-03-31")]),
    ({"any": [{"all": [NEAR, MONTH]}, FAR]}, False, [(66, None), (10, "2031-03-31")]),
    ({"not": MET}, False, None),
    ({"not": FAR}, True, []),
    ({"all": [{"not": FAR}, NEAR]}, False, [(66, None)]),
    ({"all": [{"not": MET}, NEAR]}, False, None),
    ({"any": [{"not": MET}, NEAR]}, False, [(66, None)]),
    ({"not": {"not": MET}}, True, []),
    ({"any": [spend(9000, {"type": "calendar_year", "offset": -1}), FAR]}, False, [(8766, None)]),
]


@pytest.mark.parametrize(("condition", "holds", "missing"), TREES, ids=lambda v: str(v)[:60])
async def test_a_tree_is_told_as_it_is_and_the_nearest_way_is_named(
    condition: Json, holds: bool, missing: list[tuple[int, str | None]] | None, shop: Chain, regular: str
) -> None:
    await rule(shop, condition)
    found = await why(shop, regular)
    (tier,) = found["tiers"]
    assert tier["qualifies"] is holds
    assert shape(tier["conditions"]) == shape(condition)
    if missing is None:
        assert found["next"] is None
    else:
        assert [(step["amount"], step["by"]) for step in found["next"]["missing"]] == missing


def shape(tree: Json) -> Any:
    for group in ("any", "all"):
        if group in tree:
            return {group: [shape(part) for part in tree[group]]}
    return {"not": shape(tree["not"])} if "not" in tree else (tree["metric"], tree.get("gte"))


async def test_next_is_the_lowest_tier_above_that_can_still_be_reached(shop: Chain, regular: str) -> None:
    gone = spend(10**6, {"type": "calendar_year", "offset": -1})
    await rule(shop, gone, spend(2000), spend(1500))
    assert (await why(shop, regular))["next"]["code"] == "t2"
    await rule(shop, MET, spend(2000))
    assert next_of(await why(shop, regular)) == {"code": "t1", "missing": []}
    await rule(shop, gone)
    assert (await why(shop, regular))["next"] is None


async def test_the_current_tier_has_its_receipt_and_what_keeps_it(new_chain: NewChain) -> None:
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, NOW)
    await rule(chain, spend(1000), spend(5000), upgrade="immediate", validity={"type": "months", "months": 12})
    one = await customer(chain, "a", ("2031-03-01", 1500))
    found = await why(chain, one)
    (decision,) = await rows(chain, "decision")
    current = found["current"]
    assert (current["code"], current["since"], current["valid_until"]) == ("t1", "2031-03-20", "2032-03-19")
    assert (current["reason"], current["decision_id"]) == ("upgrade", str(decision["id"]))
    assert current["facts"] == {"spend/lifetime": 1500}
    assert found["keeps"]["holds"] is True
    assert found["keeps"]["conditions"]["value"] == 1500
    assert found["programme_version"] == decision["programme_version"] == 2
    assert found["as_of"].startswith("2031-03-20T12:0")
    assert found["as_of"].endswith("+08:00")
    # Weeks later and further on, the receipt is still that of the decision.
    await bought(chain, "b", 100, member_id=one)
    later = await why(chain, one)
    assert later["current"] == current
    assert later["keeps"]["conditions"]["value"] == 1600


async def test_a_current_validity_ends_with_the_tier(new_chain: NewChain) -> None:
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, NOW)
    year = {"type": "months", "months": 12}
    await rule(chain, spend(1), spend(900, {"type": "current_validity"}), upgrade="immediate", validity=year)
    one = await customer(chain, "a", ("2031-03-20", 1))
    found = await why(chain, one)
    assert next_of(found) == {"code": "t2", "missing": [{"metric": "spend", "amount": 899, "by": "2032-03-19"}]}
    assert found["current"]["valid_until"] == "2032-03-19"


async def test_the_base_tier_is_since_joining_and_needs_no_keeping(shop: Chain, regular: str) -> None:
    await rule(shop, spend(10**9))
    found = await why(shop, regular)
    assert found["keeps"] is None
    current = found["current"]
    assert (current["code"], current["since"], current["valid_until"]) == ("t0", JOINED, None)
    assert (current["reason"], current["decision_id"], current["facts"]) == (None, None, None)


async def test_each_ladder_has_its_own_explanation(shop: Chain, regular: str) -> None:
    document: Json = (await shop.http.get("/v1/programme")).json()
    second = {**document["ladders"][0], "code": "second"}
    document["ladders"].append(second)
    assert (await shop.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await shop.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    assert (await why(shop, regular, ladder="second"))["ladder"] == "second"
    assert (await why(shop, regular))["ladder"] == document["ladders"][0]["code"]
    for query in ({"ladder": "none"}, {"ladder": "x" * 65}, {"rung": "1"}):
        answer = await shop.http.get(f"/v1/members/{regular}/tier", params=query)
        assert answer.status_code in {404, 422}, answer.text
        assert answer.json()["type"].startswith("/problems/")


async def test_what_is_named_as_missing_lifts_when_it_is_done(new_chain: NewChain) -> None:
    """The promise of the explanation: do what it says, and the next purchase's tier is the one it named."""
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, NOW)
    await rule(
        chain,
        {"any": [spend(500), leaf("purchases", LIFETIME, gte=3)]},
        {"all": [spend(2000, {"type": "calendar_month"}), leaf("purchases", LIFETIME, gte=2)]},
        upgrade="immediate",
    )
    one = await customer(chain, "a", ("2031-03-02", 100))
    for step in range(6):
        found = await why(chain, one)
        if found["next"] is None:
            break
        asked = {m["metric"]: m["amount"] for m in found["next"]["missing"]}
        done = None
        for number in range(max(1, asked.get("purchases", 1))):
            amount = asked.get("spend", 0) if number == 0 else 0
            done = await bought(chain, f"step {step} {number}", amount, member_id=one)
        assert done is not None
        assert done["tier"]["after"] == found["next"]["code"]
    assert (await why(chain, one))["current"]["code"] == "t2"
    assert date.fromisoformat((await why(chain, one))["current"]["since"]) == NOW.date()
