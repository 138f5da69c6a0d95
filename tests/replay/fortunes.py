"""A chain of members who have points and stored value in every way that there is: earned, given, brought, spent, paid
back, owed, expired, merged, left behind.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from lives import ZONE, at, post
from support.chains import Chain
from support.counter import paid_out, topped_up
from support.midnights import begin, pass_time, work
from support.programme import change_programme
from support.till import bought, given_back, member
from support.value import coupon

Json = dict[str, Any]
_NAMES: Final = {"zh-CN": "谢", "en": "Thanks"}
_BESIDE: Final = {"top_up": "0.5", "activities": [{"kind": "class", "points": 30}], "referral": 200, "birthday": 88}
_REDEEM: Final = {"points": 100, "amount": 100, "min_points": 0, "max_percent": "100"}


@dataclass(frozen=True)
class Fortunes:
    """The chain, and who is in it; `first` is the one of whom there is some of everything."""

    chain: Chain
    first: str


async def make_fortunes(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> Fortunes:
    """Half a year of it."""
    chain = await new_chain(timezone=ZONE)
    await begin(chain, at("2031-01-03T09:00"), ZONE)
    await _publish(chain, per_unit="1", multiplier="1", order="proportional")
    await begin(chain, at("2031-01-03T10:00"), ZONE)
    who = [await member(chain, phone=f"1390000000{n}", external_id=f"M{n}", birthday="1990-02-14") for n in range(4)]
    await _campaigns(chain)
    await _brought(chain, drain)
    await _winter(chain, drain, who)
    await _publish(chain, per_unit="2", multiplier="3", order="bonus_first")
    await _spring(chain, drain, who)
    return Fortunes(chain, who[0])


async def _publish(chain: Chain, *, per_unit: str, multiplier: str, order: str) -> None:
    rules = (await chain.http.get("/v1/programme")).json()
    rules["ladders"][0]["tiers"][0]["benefits"] = [{"type": "points_multiplier", "multiplier": multiplier}]
    points = {"per_unit": per_unit, "pending_days": 1, "expiry": {"type": "months", "months": 2}}
    steps = [{"amount": 50_000, "percent": "40"}, {"amount": 10_000, "bonus": 999}]
    limits = {"named": 10_000_000, "unnamed": 10_000_000, "bonus_counts": False}
    await change_programme(
        chain,
        ladders=rules["ladders"],
        points=rules["points"] | points | {"beside": _BESIDE, "redeem": _REDEEM},
        wallet=rules["wallet"]
        | {"top_up_bonus": steps, "limits": limits, "confirm_above": 10_000_000, "spend_order": order},
        activity_kinds=["class"],
    )


async def _campaigns(chain: Chain) -> None:
    """A gift for whoever buys for the first time, and points that double."""
    for parts in (
        {"code": "thanks", "type": "grant", "when": {"type": "purchase"}, "once": "ever", "points": 77},
        {"code": "more", "type": "multiplier", "when": {"type": "always"}, "multiplier": "2"},
    ):
        made = await post(chain, "/v1/campaigns", {"names": _NAMES, **parts})
        await post(chain, f"/v1/campaigns/{made['id']}/start", {})


async def _brought(chain: Chain, drain: Any) -> None:
    """From elsewhere: history that earns, classes, balances."""
    for kind, header, lines, more in (
        ("purchases", "external_id,member,occurred_at,amount", "I1,M0,2031-01-01T12:00:00,80.00", {"accrue": True}),
        ("activities", "external_id,member,kind,occurred_at", "A1,M0,class,2030-12-30T12:00:00", {"accrue": True}),
        ("opening_balances", "member,points,points_expire_on,wallet_principal,wallet_bonus", "M0,40,,90.00,9.00", {}),
    ):
        sent = {"file": ("f.csv", f"{header}\n{lines}\n".encode())}
        answer = await chain.http.post(
            "/v1/imports", files=sent, data={"options": json.dumps({"kind": kind, "evaluate": False, **more})}
        )
        assert answer.status_code == 202, answer.text
        await work(chain, drain)


async def _winter(chain: Chain, drain: Any, who: list[str]) -> None:
    first = who[0]
    await post(chain, "/v1/activities", {"member_id": first, "kind": "class", "external_id": "c1"})
    await topped_up(chain, first, "t1", 50_000)
    await topped_up(chain, first, "t2", 10_000)
    sold = await bought(chain, "a1", 30_000, member_id=first, wallet_amount=21_000)
    friend = await member(chain, name="friend", referrer_id=first)
    await bought(chain, "a2", 100, member_id=friend)
    another = await member(chain, name="another", referrer_id=first)
    back = await bought(chain, "a3", 5_000, member_id=another)
    await work(chain, drain)
    await given_back(chain, back["id"], "r0", 5_000)  # the referral, too
    await work(chain, drain)
    await pass_time(chain, drain, at("2031-01-20T12:00"))
    await given_back(chain, sold["id"], "r1", 7_000)
    await bought(chain, "a4", 20_000, member_id=first, points_to_redeem=300)
    await paid_out(chain, first, "w1", 20_000)
    await topped_up(chain, first, "t3", 60_000)
    await paid_out(chain, first, "w2", 11_111)
    mistaken = await topped_up(chain, first, "t4", 50_000)
    await post(chain, f"/v1/wallet/top-ups/{mistaken['id']}/undo", {})
    await post(chain, "/v1/points/adjust", {"member_id": first, "points": 500, "reason": "x"})
    await post(chain, "/v1/points/adjust", {"member_id": first, "points": -120, "reason": "x"})
    await post(chain, "/v1/points/redeem", {"member_id": first, "points": 60})
    reward = await post(chain, "/v1/rewards", {"code": "cup-of-it", "names": _NAMES, "points": 90, "stock": 5})
    for keeps in (True, False):
        claim = await post(chain, f"/v1/rewards/{reward['id']}/claim", {"member_id": first})
        if not keeps:
            await post(chain, f"/v1/rewards/claims/{claim['id']}/cancel", {})


async def _spring(chain: Chain, drain: Any, who: list[str]) -> None:
    """Birthdays, what expires, debts, a mistake at the till, a twin, somebody who leaves."""
    first = who[0]
    await pass_time(chain, drain, at("2031-03-20T12:00"))
    grant = await coupon(chain, first)
    sold = await bought(
        chain,
        "b1",
        None,
        member_id=first,
        external_amounts=False,
        coupons=[grant],
        lines=[{"category": "tea", "amount": 9_000}, {"category": "cake", "amount": 3_333}],
        wallet_amount=4_000,
    )
    await given_back(chain, sold["id"], "r2", None, lines=[{"line": 1, "amount": 1_000}])
    wrong = await bought(chain, "b2", 5_000, member_id=first, wallet_amount=1_000)
    await post(chain, f"/v1/purchases/{wrong['id']}/undo", {})
    for n, amount in enumerate((40_000, 9_000)):
        owing = await bought(chain, f"b3{n}", amount, member_id=who[1])
        await work(chain, drain)
        await pass_time(chain, drain, at(f"2031-03-2{n + 3}T12:00"))
        if n == 0:
            await post(chain, "/v1/points/redeem", {"member_id": who[1], "points": 2_000})
            await given_back(chain, owing["id"], "r3", 40_000)
    await bought(chain, "b5", 50_000, member_id=who[2])
    await pass_time(chain, drain, at("2031-03-26T12:00"))
    last = await bought(chain, "b6", 1_000, member_id=who[2], points_to_redeem=500)
    await post(chain, "/v1/points/redeem", {"member_id": who[2], "points": 2_400})
    twin = await member(chain, name="twin")
    await topped_up(chain, twin, "t5", 50_000)
    await bought(chain, "b7", 3_000, member_id=twin, wallet_amount=2_000)
    await post(chain, f"/v1/members/{who[2]}/merge", {"other_id": twin})
    await bought(chain, "b9", 25_000, member_id=who[2], wallet_amount=25_000)
    await paid_out(chain, who[2], "w4", 5_000)  # less the bonus that is spent
    await pass_time(chain, drain, at("2031-06-30T12:00"))
    await given_back(chain, last["id"], "r4", 1_000)  # what paid has expired meanwhile
    await topped_up(chain, who[3], "t6", 50_000)
    kept = await bought(chain, "b8", 30_000, member_id=who[3], wallet_amount=20_000)
    assert (await chain.http.delete(f"/v1/members/{who[3]}")).is_success
    await given_back(chain, kept["id"], "r5", 9_000)
    await paid_out(chain, who[3], "w3", 8_000)
    await work(chain, drain)
