"""A chain that lives through everything: sales live, late and from an import, refunds, undos, activities, referrals,
top-ups, acts of staff, merges, leaving, nights, recalculations, a rebuild and a publish.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from oracle.documents import document, ladder_json, tier_json
from support.chains import Chain
from support.clock import owner
from support.counter import paid_out, topped_up
from support.midnights import begin, pass_time, work
from support.programme import change_programme
from support.till import bought, given_back, member

Json = dict[str, Any]
ZONE: Final = "Asia/Shanghai"
_LIFE: Final = {"type": "lifetime"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


def leaf(metric: str, gte: int, window: Json = _LIFE, **more: Any) -> Json:
    return {"metric": metric, "window": window, "gte": gte, **more}


_YEAR: Final = {"type": "rolling_months", "months": 3}
_CARD: Final = [
    tier_json("base", 0),
    tier_json("silver", 1, {"any": [leaf("spend", 30_000), leaf("referrals", 1), leaf("top_ups", 80_000)]}),
    tier_json("gold", 2, {"any": [leaf("spend", 90_000, _YEAR), leaf("points_earned", 900)]}, leaf("spend", 60_000)),
]
_CARD_POLICY: Final = {
    "upgrade": "immediate",
    "schedule": {"type": "monthly"},
    "validity": {"type": "months", "months": 2},
    "grace_days": 3,
    "max_drop": 1,
    "late_days": 3,
    "refund_recheck": "end_of_day",
}
_CLASS: Final = [
    tier_json("none", 0),
    tier_json("regular", 1, {"any": [leaf("activities", 2, {"type": "calendar_month"}, kind="class")]}),
    tier_json(
        "loyal",
        2,
        {
            "metric": "score",
            "gte": 20,
            "weights": [
                {"metric": "purchases", "window": {"type": "rolling_days", "days": 60}, "per": 1, "points": 4},
                {"metric": "branches", "window": _LIFE, "per": 1, "points": 1},
                {"metric": "activities", "kind": "class", "window": _LIFE, "per": 1, "points": 2},
            ],
        },
    ),
]
_CLASS_POLICY: Final = {
    "upgrade": "scheduled",
    "schedule": {"type": "monthly"},
    "validity": {"type": "until_next_schedule"},
    "grace_days": 0,
    "max_drop": None,
    "late_days": 3,
    "refund_recheck": "next_schedule",
}


def rules() -> Json:
    """Points double with gold, a top-up brings more to who holds silver."""
    written: Json = json.loads(
        json.dumps(document([ladder_json("card", _CARD, _CARD_POLICY), ladder_json("class", _CLASS, _CLASS_POLICY)]))
    )
    written["ladders"][0]["tiers"][2]["benefits"] = [{"type": "points_multiplier", "multiplier": "2"}]
    written["points"] |= {"per_unit": "1", "pending_days": 1, "expiry": {"type": "months", "months": 6}}
    written["wallet"]["top_up_bonus"] = [
        {"amount": 10_000, "bonus": 500},
        {"amount": 10_000, "bonus": 900, "tiers": ["silver", "gold"]},
    ]
    written["activity_kinds"] = ["class"]
    return written


@dataclass(frozen=True)
class Lived:
    """The chain, and who is in it; `first` is the one of whom there is some of everything."""

    chain: Chain
    first: str


async def post(chain: Chain, url: str, body: Json) -> Json:
    answer = await chain.http.post(url, json=body)
    assert answer.is_success, answer.text
    made: Json = answer.json()
    return made


async def _sent(chain: Chain, drain: Any, kind: str, text: str) -> None:
    answer = await chain.http.post(
        "/v1/imports", files={"file": ("f.csv", text.encode())}, data={"options": json.dumps({"kind": kind})}
    )
    assert answer.status_code == 202, answer.text
    await work(chain, drain)


async def live(new_chain: Callable[..., Awaitable[Chain]], drain: Any, *, rebuilt: bool = False) -> Lived:
    """Some months of it."""
    chain = await new_chain(timezone=ZONE)
    await begin(chain, at("2031-01-03T09:00"), ZONE)
    await change_programme(chain, **{name: part for name, part in rules().items() if name != "version"})
    await begin(chain, at("2031-01-03T10:00"), ZONE)
    await _tiers_alone(chain)
    who = [await member(chain, name=f"m{n}", phone=f"1390000000{n}", external_id=f"M{n}") for n in range(5)]
    await _january(chain, drain, who)
    await _february(chain, drain, who)
    if rebuilt:
        await post(chain, "/v1/programme/recalculate", {"rebuild": True})
        await work(chain, drain)
    await _spring(chain, drain, who)
    return Lived(chain, who[0])


async def _tiers_alone(chain: Chain) -> None:
    """What else the nights bring is others' tests."""
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'", chain.tenant_id)


async def _january(chain: Chain, drain: Any, who: list[str]) -> None:
    """Sales, late ones, refunds, undos, classes, a friend, top-ups."""
    await bought(chain, "a1", 20_000, member_id=who[0], lines=None)
    await bought(chain, "a2", None, member_id=who[0], lines=[{"category": "tea", "amount": 9_000}, {"amount": 2_000}])
    mistaken = await bought(chain, "a3", 70_000, member_id=who[0])
    await post(chain, f"/v1/purchases/{mistaken['id']}/undo", {})
    friend = await member(chain, name="friend", referrer_id=who[1])
    await bought(chain, "a4", 100, member_id=friend)
    await topped_up(chain, who[2], "t1", 90_000)
    await topped_up(chain, who[0], "t2", 20_000)
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-01-20T12:00"))
    for n in range(2):
        await post(chain, "/v1/activities", {"member_id": who[0], "kind": "class", "external_id": f"c{n}"})
    big = await bought(chain, "a5", 90_000, member_id=who[3])
    await given_back(chain, big["id"], "r1", 50_000)
    await paid_out(chain, who[2], "w1", 30_000)
    await pass_time(chain, drain, at("2031-02-02T15:00"))
    late = at("2031-01-31T20:00").isoformat()
    await post(
        chain, "/v1/activities", {"member_id": who[1], "kind": "class", "external_id": "c8", "occurred_at": late}
    )
    await post(
        chain, "/v1/activities", {"member_id": who[1], "kind": "class", "external_id": "c9", "occurred_at": late}
    )
    await bought(chain, "a6", 40_000, member_id=who[3], occurred_at=late)


async def _february(chain: Chain, drain: Any, who: list[str]) -> None:
    """Staff, an import, a merge, recalculations."""
    url = f"/v1/members/{who[4]}/tier"
    for body in (
        {"tier": "gold", "reason": "a friend of the house", "locked_until": "2031-03-05"},
        {"tier": "base", "reason": "a mistake", "locked_until": "2031-04-01"},
        {"ladder": "class", "tier": "regular", "reason": "lives next door"},
    ):
        assert (await chain.http.put(url, json=body)).is_success
    await bought(chain, "b1", 95_000, member_id=who[4])
    lines = "".join(f"I{n},M{n % 3},2031-01-{n + 10}T12:00:00,{n * 40}.00,tea\n" for n in range(1, 9))
    await _sent(chain, drain, "purchases", f"external_id,member,occurred_at,amount,category\n{lines}")
    await post(chain, "/v1/programme/recalculate", {})
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-02-20T09:00"))
    twin = await member(chain, name="twin")
    await bought(chain, "b2", 35_000, member_id=twin)
    sold = await bought(chain, "b3", 65_000, member_id=twin)
    await post(chain, f"/v1/members/{who[0]}/merge", {"other_id": twin})
    await given_back(chain, sold["id"], "r2", 65_000)
    assert (await chain.http.delete(url)).is_success
    await pass_time(chain, drain, at("2031-03-03T09:00"))


async def _spring(chain: Chain, drain: Any, who: list[str]) -> None:
    """New rules, and on: a member leaves, another joins earlier than it said."""
    changed = rules()
    changed["ladders"][0]["tiers"][1]["qualify"]["any"][0]["gte"] = 20_000
    await change_programme(chain, ladders=changed["ladders"])
    await _tiers_alone(chain)
    await work(chain, drain)
    for n, one in enumerate(who):
        await bought(chain, f"d{n}", 10_000 * (n + 1), member_id=one)
    assert (await chain.http.delete(f"/v1/members/{who[3]}")).is_success
    assert (await chain.http.patch(f"/v1/members/{who[1]}", json={"joined_on": "2030-05-05"})).is_success
    await pass_time(chain, drain, at("2031-04-10T09:00"))
    await post(chain, "/v1/programme/recalculate", {"as_of": at("2031-04-10T08:00").isoformat()})
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-05-02T09:00"))
