"""What a campaign brought and cost, the arithmetic written out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketing import report, segment, start, switch, texts
from support.chains import Chain
from support.clock import set_clock
from support.midnights import begin, work
from support.till import bought, give_back, member, rows

from tenants.campaigns.control import in_control

NOON = datetime.fromisoformat("2031-03-12T12:00+08:00")


async def test_a_draft_has_brought_nothing(chain: Chain) -> None:
    listed = (await chain.http.get("/v1/campaigns?limit=1")).json()["data"]
    told = await report(chain, listed[0]["id"])
    assert (told["state"], told["from"], told["to"], told["difference"]) == ("draft", None, None, None)
    assert told["reached"] == {"members": 0, "buyers": 0, "purchases": 0, "spend": 0, "spend_per_member": 0}


async def test_who_had_a_share_is_compared_with_the_control_group(chain: Chain, drain: Any) -> None:
    """Half of the joiners are welcomed with 40 points and a coupon. The welcomed ones buy for 100.00, for 50.00 (30.00
    of them given back) and for 7.00 (given back whole); of the others two for 20.00, one of which is undone.
    """
    campaign_id = await start(
        chain, "half", "grant", "joined", points=40, coupon="welcome", control_percent="50", once="ever"
    )
    welcomed: list[str] = []
    control: list[str] = []
    before = await member(chain, name="早")
    await work(chain, drain)
    while len(welcomed) < 3 or len(control) < 2:
        someone = await member(chain)
        group = control if in_control(UUID(campaign_id), UUID(someone), Decimal(50)) else welcomed
        group.append(someone)
    await work(chain, drain)
    await bought(chain, "W1", 10_000, member_id=welcomed[0])
    sale = await bought(chain, "W2", 5_000, member_id=welcomed[1])
    assert (await give_back(chain, sale["id"], "R1", 3_000)).status_code == 201
    whole = await bought(chain, "W3", 700, member_id=welcomed[2])  # given back whole: no purchase any more
    assert (await give_back(chain, whole["id"], "R2", 700)).status_code == 201
    await bought(chain, "C1", 2_000, member_id=control[0])
    undone = await bought(chain, "C2", 2_000, member_id=control[1])
    assert (await chain.http.post(f"/v1/purchases/{undone['id']}/undo", json={})).is_success
    told = await report(chain, campaign_id)
    shares = {str(row["member_id"]): row["is_control"] for row in await rows(chain, "campaign_share")}
    reached = sum(not is_control for is_control in shares.values())
    others = len(shares) - reached
    assert (before in shares, told["complete"]) == (True, True)
    spend = 10_000 + (5_000 - 3_000)
    mean = _half_up(spend, reached)
    assert told["reached"] == {
        "members": reached,
        "buyers": 2,
        "purchases": 2,
        "spend": spend,
        "spend_per_member": mean,
    }
    assert told["control"] == {
        "members": others,
        "buyers": 1,
        "purchases": 1,
        "spend": 2_000,
        "spend_per_member": _half_up(2_000, others),
    }
    more = Decimal(spend) / reached - Decimal(2_000) / others
    assert told["difference"]["spend_per_member"] == round(more)
    assert told["difference"]["spend"] == round(more * reached)
    assert told["cost"] == {
        "discounts": 0,
        "points": 40 * reached,
        "coupons": {"granted": reached, "used": 0, "taken_off": 0},
    }


def _half_up(amount: int, by: int) -> int:
    return (2 * amount + by) // (2 * by)


async def test_what_was_bought_before_ones_share_or_after_the_end_is_not_counted(chain: Chain, drain: Any) -> None:
    campaign_id = await start(
        chain, "spring", "grant", {"type": "purchase", "min_amount": 1_000}, points=10, once="ever"
    )
    someone = await member(chain)
    await bought(chain, "T1", 500, member_id=someone)
    now = datetime.now(UTC)
    await set_clock(chain.tenant_id, now + timedelta(minutes=1))
    await bought(chain, "T2", 1_000, member_id=someone)  # triggers: bought just before its share
    await work(chain, drain)
    await set_clock(chain.tenant_id, now + timedelta(minutes=2))
    await bought(chain, "T3", 300, member_id=someone)
    await switch(chain, campaign_id, "stop")
    await set_clock(chain.tenant_id, now + timedelta(minutes=3))
    await bought(chain, "T4", 9_000, member_id=someone)
    told = await report(chain, campaign_id)
    assert (told["state"], told["reached"]["purchases"], told["reached"]["spend"]) == ("stopped", 1, 300)


async def test_a_discount_costs_what_it_took_off(chain: Chain) -> None:
    """20 % of 10.00 and of 25.05 (5.01): 7.01. An order of an undone purchase costs nothing."""
    await segment(chain, "buyers", {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 1})
    someone, other = await member(chain), await member(chain)
    await bought(chain, "T0", 100, member_id=someone)
    offer = {"type": "percent", "percent": "20"}
    campaign_id = await start(chain, "spring", "discount", "always", offer=offer, audience="buyers")
    for number, amount in (("T1", 1_000), ("T2", 2_505)):
        sale = await bought(chain, number, amount, member_id=someone, external_amounts=False)
        assert sale["paid"] == amount - (amount + 2) // 5
    last = await bought(chain, "T3", 5_000, member_id=someone, external_amounts=False)
    assert (await chain.http.post(f"/v1/purchases/{last['id']}/undo", json={})).is_success
    full = await bought(chain, "T4", 1_000, member_id=other, external_amounts=False)
    assert full["paid"] == 1_000
    told = await report(chain, campaign_id)
    assert told["cost"]["discounts"] == 200 + 501
    assert told["applied"] == {"purchases": 2, "members": 1}
    assert (told["control"]["members"], told["complete"]) == (0, True)


async def test_a_multiplier_costs_the_points_that_there_would_not_have_been(chain: Chain) -> None:
    """General's rate is 1 a yuan. 10.50 at 1.5 are floor(15.75) = 15 points, at 1 floor(10.50) = 10: 5 more.
    3.33 are 4 instead of 3: 1 more.
    """
    rules = (await chain.http.get("/v1/programme")).json()
    assert rules["points"]["per_unit"] in {"1", 1}
    campaign_id = await start(chain, "more", "multiplier", "always", multiplier="1.5")
    someone = await member(chain)
    for number, amount, earned in (("T1", 1_050, 15), ("T2", 333, 4)):
        assert (await bought(chain, number, amount, member_id=someone))["points_earned"] == earned
    told = await report(chain, campaign_id)
    assert (told["cost"]["points"], told["applied"]) == (5 + 1, {"purchases": 2, "members": 1})


async def test_messages_are_counted_by_what_became_of_them(chain: Chain, drain: Any) -> None:
    await begin(chain, NOON, "Asia/Shanghai")
    parts = {"channel": "sms", "message": "congratulation"}
    campaign_id = await start(chain, "hello", "message", "joined", **parts)
    reachable = await member(chain, phone="13800001111")
    await member(chain)
    await work(chain, drain)
    told = await report(chain, campaign_id)
    assert told["reached"]["members"] == 2
    assert told["messages"] == {"queued": 0, "sent": 1, "failed": 0, "skipped": 1}
    assert len(await texts(chain, reachable)) == 1
