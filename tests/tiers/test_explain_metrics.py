"""Explanations beyond plain purchases: what a mean, a score, a largest and a count of branches still miss."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.explained import next_of
from support.till import member

NewChain = Callable[..., Awaitable[Chain]]
Json = dict[str, Any]
NOW = datetime(2031, 3, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
JOINED = "2030-03-20"
LIFETIME: Json = {"type": "lifetime"}
MONTH: Json = {"type": "calendar_month", "offset": 0}
LAST_MONTH: Json = {"type": "calendar_month", "offset": -1}
LAST_YEAR: Json = {"type": "calendar_year", "offset": -1}


@pytest.fixture(scope="module")
async def shop(new_chain: NewChain) -> Chain:
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, NOW)
    return chain


@pytest.fixture(scope="module")
async def regular(shop: Chain) -> str:
    one = await member(shop, joined_on=JOINED)
    day = date(2031, 3, 15)
    for measure, total, facts, valued, most in (
        ("activity", Decimal(13), 4, 3, 0),
        ("activity:class", Decimal(0), 3, 0, 0),
        ("activity:review", Decimal(13), 3, 3, 0),
        ("category:tea", 700, 2, 0, 0),
        ("branch:1", 700, 2, 0, 0),
        ("branch:2", 0, 0, 0, 0),
        ("referral", 0, 2, 0, 0),
        ("top_up", 900, 2, 0, 600),
        ("points", 70, 1, 0, 0),
    ):
        for column, when in (("day", day), ("month", day.replace(day=1))):
            await (await owner()).execute(
                f"INSERT INTO measure_{column} (tenant_id, member_id, measure, {column}, total, facts, valued, most)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                *(shop.tenant_id, UUID(one), measure, when, Decimal(total), facts, valued, most),
            )
    return one


async def rule(chain: Chain, qualify: Json) -> None:
    """A new ladder whose tier t1 asks for this; scheduled, so that the explanation alone speaks."""
    document: Json = (await chain.http.get("/v1/programme")).json()
    ladder, names = document["ladders"][0], {"zh-CN": "级", "en": "tier"}
    ladder["code"] = f"l{document['version']}"
    ladder["tiers"] = [
        {"code": f"t{n}", "rank": n, "names": names, "qualify": condition, "retain": None, "benefits": []}
        for n, condition in enumerate((None, qualify))
    ]
    ladder["policy"] |= {"upgrade": "scheduled", "schedule": {"type": "monthly"}}
    document["activity_kinds"] = []
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def why(chain: Chain, member_id: str) -> Json:
    answer = await chain.http.get(f"/v1/members/{member_id}/tier")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def leaf(metric: str, window: Json = LIFETIME, **fields: Any) -> Json:
    return {"metric": metric, "window": window, **fields}


# a leaf, its value, what is missing, and until when that may come
LEAVES: list[tuple[Json, Any, Any, str | None]] = [
    (leaf("spend", category="tea", gte=1000), 700, 300, None),
    (leaf("purchases", MONTH, category="tea", gte=3), 2, 1, "2031-03-31"),
    (leaf("activities", MONTH, kind="class", gte=4), 3, 1, "2031-03-31"),
    (leaf("activities", LAST_MONTH, kind="class", gte=4), 0, None, None),
    (leaf("rating", gte="4.5"), "4.3333", "0.1667", None),
    (leaf("rating", kind="review", gte="4.3334"), "4.3333", "0.0001", None),
    (leaf("rating", kind="review", gte="4.3333"), "4.3333", None, None),
    (leaf("rating", kind="class", gte="4.5"), None, "4.5", None),
    (leaf("rating", LAST_MONTH, gte="4.5"), None, None, None),
    (leaf("rating", lt="4"), "4.3333", None, None),
    (leaf("referrals", gte=10), 2, 8, None),
    (leaf("top_ups", gte=1000), 900, 100, None),
    (leaf("max_top_up", MONTH, gte=1000), 600, 1000, "2031-03-31"),
    (leaf("max_purchase", gte=1000), 0, 1000, None),
    (leaf("points_earned", gte=100), 70, 30, None),
    (leaf("branches", gte=3), 1, 2, None),
]


@pytest.mark.parametrize(("condition", "value", "missing", "by"), LEAVES, ids=lambda v: str(v)[:80])
async def test_each_metric_tells_value_and_gap(
    condition: Json, value: Any, missing: Any, by: str | None, shop: Chain, regular: str
) -> None:
    await rule(shop, condition)
    found = await why(shop, regular)
    (tier,) = found["tiers"]
    told = tier["conditions"]
    assert told.items() >= condition.items()
    assert (told["value"], told["missing"]) == (value, missing)
    met = condition == leaf("rating", kind="review", gte="4.3333")
    assert (told["met"], tier["qualifies"]) == (met, met)
    if met:
        assert next_of(found) == {"code": "t1", "missing": []}
    elif missing is None:
        assert found["next"] is None
    else:
        narrowed = {name: condition[name] for name in ("kind", "category") if name in condition}
        step = {"metric": condition["metric"], **narrowed, "amount": missing, "by": by}
        assert next_of(found) == {"code": "t1", "missing": [step]}


def weight(metric: str, per: int, points: int, window: Json | None = LIFETIME, **fields: Any) -> Json:
    return {"metric": metric, "per": per, "points": points, **({} if window is None else {"window": window}), **fields}


async def test_a_score_tells_what_each_part_adds(shop: Chain, regular: str) -> None:
    weights = [
        weight("spend", 300, 10, category="tea"),
        weight("activities", 1, 5, MONTH, kind="class"),
        weight("tenure_days", 100, 1, None),
    ]
    await rule(shop, {"metric": "score", "weights": weights, "gte": 50})
    found = await why(shop, regular)
    told = found["tiers"][0]["conditions"]
    assert (told["value"], told["met"], told["missing"]) == (20 + 15 + 3, False, 12)
    assert [(w["value"], w["adds"]) for w in told["weights"]] == [(700, 20), (3, 15), (365, 3)]
    assert all(shown.items() >= given.items() for shown, given in zip(told["weights"], weights, strict=True))
    assert (next_of(found) or {})["missing"] == [{"metric": "score", "amount": 12, "by": None}]


@pytest.mark.parametrize(
    ("windows", "missing", "by"),
    [
        ([MONTH, {"type": "calendar_year"}], 97, "2031-12-31"),
        ([MONTH, LAST_MONTH], 99, "2031-03-31"),
        ([LAST_MONTH, LAST_YEAR], None, None),
        ([LAST_MONTH, LIFETIME], 99, None),
    ],
)
async def test_a_score_may_rise_while_any_part_may(
    windows: list[Json], missing: int | None, by: str | None, shop: Chain, regular: str
) -> None:
    parts = [weight("referrals", 1, 1, window) for window in windows]
    await rule(shop, {"metric": "score", "weights": parts, "gte": 101})
    found = await why(shop, regular)
    told = found["tiers"][0]["conditions"]
    assert told["missing"] == missing
    steps = None if missing is None else [{"metric": "score", "amount": missing, "by": by}]
    assert (next_of(found) or {}).get("missing") == steps


async def test_a_lock_is_told(shop: Chain, regular: str) -> None:
    await rule(shop, leaf("referrals", gte=10))
    assert (await why(shop, regular))["current"]["locked_until"] is None
    code = (await shop.http.get("/v1/programme")).json()["ladders"][0]["code"]
    await (await owner()).execute(
        "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, valid_until,"
        " locked_until, decision_id, effective_at)"
        " VALUES ($1, $2, $3, 't1', 1, $4, 'manual', $4, $5, $5, uuidv7(), now())",
        *(shop.tenant_id, UUID(regular), code, NOW.date(), date(2031, 9, 30)),
    )
    current = (await why(shop, regular))["current"]
    assert (current["code"], current["locked_until"], current["reason"]) == ("t1", "2031-09-30", "manual")
