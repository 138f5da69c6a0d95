"""A purchase at list prices: what each step takes, pays and earns, and how it is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from purchases import purse
from support.chains import Chain
from support.clock import set_clock
from support.till import drift, rows

EARN = purse.EARN


async def test_every_step_at_once(chain: Chain) -> None:
    tiers = purse.ladder([], [purse.discount("10"), purse.times("1.5")])
    await purse.rules(chain, tiers, points=EARN, wallet={"top_up_bonus": [{"amount": 10_000, "bonus": 2500}]})
    who = await purse.holder(chain, "t1", phone="13800000001")
    await purse.money(chain, who, 10_000)
    await purse.points(chain, who, 2000)
    used = await purse.given(chain, who, "amount", 1000)
    body = purse.basket(
        chain,
        member_id=who,
        lines=[{"category": "tea", "amount": 10_000}, {"category": "ware", "sku": "W", "quantity": 2, "amount": 5000}],
        coupons=[used],
        points_to_redeem=2000,
        wallet_amount=5000,
        tenders=[{"type": "wechat", "amount": 5500}],
        sold_by="小李",
    )
    answer = await chain.http.post("/v1/purchases", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    # 15,000; 10 %: 1,500 off; coupon 1,000: 9,000/13,500 of it floor 666, the rest 334; paid 12,500
    assert (made["amount"], made["paid"]) == (15_000, 12_500)
    assert made["discounts"][0] == {"type": "tier", "code": "t1", "ladder": "card", "amount": 1500}
    assert [(d["type"], d["amount"]) for d in made["discounts"]] == [("tier", 1500), ("coupon", 1000)]
    assert made["discounts"][1]["id"] == used
    # wallet 5,000 of a lot of 10,000 and 2,500: bonus 1,000, principal 4,000
    assert made["tenders"] == [
        {"type": "points", "amount": 2000, "points": 2000},
        {"type": "wallet", "amount": 5000, "principal": 4000, "bonus": 1000},
        {"type": "wechat", "amount": 5500},
    ]
    # lines pay 8,334 and 4,166; points 2,000 spread 1,333 and 667; bonus 1,000 spread 666 and 334
    # earning 8,334 - 1,333 - 666 = 6,335 and 4,166 - 667 - 334 = 3,165: 9,500; 95.00 × 1.5 = 142.5: 142 points
    assert made["lines"] == [
        {
            "category": "tea",
            "quantity": 1,
            "amount": 8334,
            "list": 10_000,
            "tier_discount": 1000,
            "coupon_discount": 666,
            "points": 1333,
            "bonus": 666,
            "earning": 6335,
        },
        {
            "category": "ware",
            "sku": "W",
            "quantity": 2,
            "amount": 4166,
            "list": 5000,
            "tier_discount": 500,
            "coupon_discount": 334,
            "points": 667,
            "bonus": 334,
            "earning": 3165,
        },
    ]
    assert (made["points_earned"], made["points_redeemed"], made["points"]) == (142, 2000, {"balance": 142})
    assert made["wallet"] == {"principal": 4000, "bonus": 1000}

    (row,) = await rows(chain, "purchase")
    assert (row["amount"], row["list_amount"], row["uncounted"]) == (12_500, 15_000, 1000)
    shown = (await chain.http.get(f"/v1/members/{who}")).json()
    assert shown["wallet"] == {"principal": 6000, "bonus": 1500}
    assert shown["points"]["balance"] == 142
    spend = await rows(chain, "member_total")
    assert (spend[0]["spend"], spend[0]["max_purchase"]) == (11_500, 11_500)
    assert await drift(chain) == []
    await purse.balanced(chain)

    again = await chain.http.post("/v1/purchases", json=body)
    assert (again.status_code, again.json()) == (200, made)
    assert (await chain.http.get(f"/v1/purchases/{made['id']}")).json() == made
    (listed,) = (await chain.http.get(f"/v1/members/{who}/purchases")).json()["data"]
    told = ("amount", "paid", "discounts", "lines", "tenders", "points_earned", "points_redeemed", "wallet", "points")
    assert {name: listed[name] for name in told} == {name: made[name] for name in told}


@pytest.mark.parametrize(
    "other",
    [
        {"points_to_redeem": 101},
        {"points_to_redeem": None},
        {"wallet_amount": 1},
        {"external_amounts": True},
        {"amount": 10_001},
        {"sold_by": "小王"},
    ],
)
async def test_other_content_under_the_same_number_is_refused(other: dict[str, Any], chain: Chain) -> None:
    await purse.rules(chain, points=EARN)
    who = await purse.holder(chain)
    await purse.money(chain, who, 10_000)
    await purse.points(chain, who, 1000)
    body = purse.basket(chain, member_id=who, amount=10_000, points_to_redeem=100)
    assert (await chain.http.post("/v1/purchases", json=body)).status_code == 201
    changed = {name: value for name, value in (body | other).items() if value is not None}
    answer = await chain.http.post("/v1/purchases", json=changed)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/external-id-conflict")


async def test_a_repeat_is_answered_when_nothing_of_it_would_go_again(chain: Chain) -> None:
    """Its points are spent, its coupon is used, its wallet is empty, its code is over: still the first answer."""
    body = await purse.all_spent(chain)
    who = body.pop("member_id")
    body["member_code"] = body["wallet_consent"]["code"]
    first = await chain.http.post("/v1/purchases", json=body)
    assert first.status_code == 201, first.text
    assert first.json()["member_id"] == who
    for _ in range(7):  # no wrong try is counted
        again = await chain.http.post("/v1/purchases", json=body)
        assert (again.status_code, again.json()) == (200, first.json())
    by_id = {name: value for name, value in body.items() if name not in {"member_code", "wallet_consent"}}
    again = await chain.http.post("/v1/purchases", json=by_id | {"member_id": who})
    assert (again.status_code, again.json()) == (200, first.json())
    await purse.balanced(chain)


async def test_the_wallet_pays_above_a_limit_with_consent_alone(chain: Chain) -> None:
    await purse.rules(chain, wallet={"confirm_above": 1000})
    who = await purse.holder(chain)
    await purse.money(chain, who, 5000)
    sale: dict[str, Any] = {"member_id": who, "amount": 2000, "wallet_amount": 1001}
    assert await purse.refused(chain, **sale) == "consent-required"
    assert (await chain.http.put(f"/v1/members/{who}/pin", json={"pin": "246810"})).status_code == 204
    assert await purse.refused(chain, **sale, wallet_consent={"type": "pin", "pin": "135790"}) == "consent-refused"
    made = await purse.bought(chain, **sale, wallet_consent={"type": "pin", "pin": "246810"})
    assert made["wallet"] == {"principal": 1001, "bonus": 0}
    assert (await purse.bought(chain, **sale | {"wallet_amount": 1000}))["wallet"] == {"principal": 1000, "bonus": 0}
    await purse.balanced(chain)


async def test_what_a_ticket_may_not_ask(chain: Chain) -> None:
    await purse.rules(chain, points=EARN)
    who, other = await purse.holder(chain), await purse.holder(chain)
    await purse.points(chain, who, 100)
    await purse.money(chain, who, 1000)
    mine, theirs = await purse.given(chain, who, "amount", 100), await purse.given(chain, other, "amount", 100)
    sale: dict[str, Any] = {"member_id": who, "amount": 1000}
    assert await purse.refused(chain, **sale, points_to_redeem=101) == "not-enough-points"
    assert await purse.refused(chain, **sale, points_to_redeem=501) == "points-beyond-limit"
    assert await purse.refused(chain, **sale, wallet_amount=1001) == "wallet-beyond-amount"
    assert await purse.refused(chain, member_id=who, amount=2000, wallet_amount=1001) == "wallet-balance-too-low"
    assert await purse.refused(chain, **sale, wallet_amount=901, points_to_redeem=100) == "wallet-beyond-amount"
    assert await purse.refused(chain, amount=1000, wallet_amount=1) == "member-needed"
    assert await purse.refused(chain, amount=1000, points_to_redeem=1) == "member-needed"
    assert await purse.refused(chain, **sale, coupons=[theirs]) == "coupon-not-usable"
    assert await purse.refused(chain, **sale, coupons=[who]) == "coupon-not-usable"
    assert await purse.refused(chain, **sale, coupons=[mine, mine]) == "validation-failed"
    assert await purse.refused(chain, **sale, coupons=["ABC"]) == "validation-failed"
    assert await purse.refused(chain, **sale, coupons=[mine], external_amounts=True) == "coupons-need-list-prices"
    assert await purse.refused(chain, **sale, tenders=[{"type": "cash", "amount": 999}]) == "tenders-do-not-match"
    pay = {"points_to_redeem": 100, "wallet_amount": 500, "tenders": [{"type": "cash", "amount": 400}]}
    made = await purse.bought(chain, **sale, **pay)
    assert made["points_redeemed"] == 100
    assert await purse.refused(chain, **sale, coupons=[mine], tenders=[{"type": "cash", "amount": 1000}]) == (
        "tenders-do-not-match"
    )
    await purse.bought(chain, **sale, coupons=[mine])
    assert await purse.refused(chain, **sale, coupons=[mine]) == "coupon-not-usable"
    assert len(await rows(chain, "purchase")) == 2
    await purse.balanced(chain)


async def test_final_amounts_earn_and_are_paid_as_others(chain: Chain) -> None:
    tiers = purse.ladder([], [purse.discount("50"), purse.times("2")])
    await purse.rules(chain, tiers, points=EARN | {"excluded_categories": ["rx"], "excluded_tenders": ["card"]})
    who = await purse.holder(chain, "t1")
    await purse.points(chain, who, 100)
    made = await purse.bought(
        chain,
        member_id=who,
        lines=[{"category": "rx", "amount": 1000}, {"category": "otc", "amount": 1000}],
        points_to_redeem=100,
        tenders=[{"type": "card", "amount": 300}, {"type": "cash", "amount": 1600}],
        external_amounts=True,
    )
    assert (made["amount"], made["paid"], made["discounts"]) == (2000, 2000, [])
    # of the otc line points paid 50 and the card 150: 8.00 × 2 = 16
    assert made["lines"][1]["earning"] == 800
    assert made["lines"][0]["earning"] == 0
    assert made["points_earned"] == 16
    (row,) = await rows(chain, "purchase")
    assert row["list_amount"] is None


async def test_price_lists_of_the_tiers_held_and_no_other(chain: Chain) -> None:
    member_prices, staff = {"type": "price_list", "code": "member"}, {"type": "price_list", "code": "staff"}
    await purse.prices(chain, "member", {"A": 69_900, "B": 100})
    await purse.prices(chain, "staff", {"A": 1})
    await purse.rules(chain, purse.ladder([], [member_prices], [staff]))
    lines = [{"sku": "A", "amount": 99_900}, {"sku": "B", "quantity": "2.5", "amount": 400}, {"sku": "C", "amount": 5}]
    made = await purse.bought(chain, member_id=await purse.holder(chain, "t1"), lines=lines)
    assert [line["amount"] for line in made["lines"]] == [69_900, 250, 5]
    assert made["discounts"] == [{"type": "price_list", "code": "member", "amount": 30_150}]
    assert (await purse.bought(chain, member_id=await purse.holder(chain), lines=lines))["paid"] == 100_305
    assert (await purse.bought(chain, lines=lines))["paid"] == 100_305


async def test_a_purchase_is_priced_at_the_tier_in_force_when_it_happened(chain: Chain) -> None:
    await purse.rules(chain, purse.ladder([purse.discount("5")], [purse.discount("20"), purse.times("2")]), points=EARN)
    now = datetime.now(UTC)
    who = await purse.holder(chain, joined_on="2020-01-01")
    await set_clock(chain.tenant_id, now - timedelta(hours=3))
    body = {"tier": "t1", "reason": "x"}
    assert (await chain.http.put(f"/v1/members/{who}/tier", json=body)).status_code == 200
    await set_clock(chain.tenant_id, now)
    paid = []
    for back in (timedelta(hours=4), timedelta(hours=2), timedelta(minutes=14), timedelta()):
        made = await purse.bought(
            chain, member_id=who, amount=1000, occurred_at=(now - back).isoformat().replace("+00:00", "Z")
        )
        paid.append((made["paid"], made["points_earned"]))
    assert paid == [(950, 9), (800, 16), (800, 16), (800, 16)]


async def test_the_purchase_that_lifts_a_member_is_itself_of_the_tier_before(chain: Chain) -> None:
    qualify = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 900}
    tiers = purse.ladder([purse.discount("10")], [purse.discount("20"), purse.times("3")], qualify=qualify)
    await purse.rules(chain, tiers, points=EARN)
    who = await purse.holder(chain)
    first = await purse.bought(chain, member_id=who, amount=1000)
    assert (first["paid"], first["points_earned"]) == (900, 9)
    assert first["tier"] == {"ladder": "card", "before": "t0", "after": "t1"}
    second = await purse.bought(chain, member_id=who, amount=1000)
    assert (second["paid"], second["points_earned"]) == (800, 24)
    assert (await chain.http.get(f"/v1/purchases/{first['id']}")).json() == first


async def test_bonus_counts_where_the_programme_says_so(chain: Chain) -> None:
    wallet = {"top_up_bonus": [{"amount": 1000, "bonus": 1000}], "bonus_earns": True}
    await purse.rules(chain, points={"per_unit": "1"}, wallet=wallet)
    who = await purse.holder(chain)
    await purse.money(chain, who, 1000)
    made = await purse.bought(chain, member_id=who, amount=1000, wallet_amount=1000)
    assert (made["wallet"], made["points_earned"]) == ({"principal": 500, "bonus": 500}, 10)
    assert [row["uncounted"] for row in await rows(chain, "purchase")] == [0]
    assert await drift(chain) == []


async def test_a_running_campaign_and_its_audience(chain: Chain) -> None:
    await purse.rules(chain, points={"per_unit": "1"})
    who = await purse.holder(chain, tags=["vip"])
    other = await purse.holder(chain)
    segment = {"code": "vips", "names": purse.NAMES, "condition": {"property": "tag", "in": ["vip"]}}
    made = await chain.http.post("/v1/segments", json=segment)
    assert made.status_code == 201, made.text
    box = {"names": purse.NAMES, "when": {"type": "always"}}
    offer = {"type": "amount", "amount": 300, "minimum": 1000}
    for document in (
        {"code": "deal", "type": "discount", "offer": offer, **box},
        {"code": "vip", "type": "multiplier", "multiplier": "3", "audience": "vips", **box},
        {"code": "more", "type": "multiplier", "multiplier": "2", **box},
        {"code": "on-top", "type": "multiplier", "multiplier": "1.5", "stack": True, **box},
    ):
        made = await chain.http.post("/v1/campaigns", json=document)
        assert made.status_code == 201, made.text
        started = await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})
        assert started.is_success, started.text
    sale = await purse.bought(chain, member_id=who, amount=1300)
    assert (sale["paid"], sale["discounts"]) == (1000, [{"type": "campaign", "code": "deal", "amount": 300}])
    assert sale["points_earned"] == 45
    assert (await purse.bought(chain, member_id=other, amount=1300))["points_earned"] == 30
    assert (await purse.bought(chain, amount=1300))["paid"] == 1300
    assert (await purse.bought(chain, member_id=other, amount=999))["paid"] == 999
    (first, *_rest) = await rows(chain, "purchase")
    assert '"campaigns": ["deal", "vip", "on-top"]' in first["pricing"]


async def test_printed_coupons_are_for_whoever_brings_them(chain: Chain) -> None:
    await purse.rules(chain)
    one, two, three = await purse.printed(chain, "amount", 300, 3, combines={"coupons": True})
    made = await purse.bought(chain, amount=1000, coupons=[one.lower()])
    assert (made["paid"], made["discounts"][0]["amount"]) == (700, 300)
    assert await purse.refused(chain, amount=1000, coupons=[one]) == "coupon-not-usable"
    who = await purse.holder(chain)
    assert (await purse.bought(chain, member_id=who, amount=1000, coupons=[two, three]))["paid"] == 400
    await purse.balanced(chain)


async def test_a_guest_is_handed_a_coupon_for_the_next_visit(chain: Chain) -> None:
    await purse.rules(chain)
    gift = await purse.coupon(chain, "amount", 1000)
    document = {
        "code": "guest",
        "type": "grant",
        "names": purse.NAMES,
        "when": {"type": "purchase", "min_amount": 3000, "by": "guest"},
        "coupon": gift["code"],
    }
    campaign = (await chain.http.post("/v1/campaigns", json=document)).json()
    assert (await chain.http.post(f"/v1/campaigns/{campaign['id']}/start", json={})).is_success
    assert (await purse.bought(chain, amount=2999))["printed_coupons"] == []
    assert (await purse.bought(chain, amount=5000, member_id=await purse.holder(chain)))["printed_coupons"] == []
    body = purse.basket(chain, amount=3000)
    quote = (await chain.http.post("/v1/quotes", json=body)).json()
    assert quote["printed_coupons"] == []
    made = (await chain.http.post("/v1/purchases", json=body)).json()
    (coupon,) = made["printed_coupons"]
    assert coupon["code"] == gift["code"]
    again = await chain.http.post("/v1/purchases", json=body)
    assert (again.status_code, again.json()) == (200, made)
    assert (await purse.bought(chain, amount=1500, coupons=[coupon["number"]]))["paid"] == 500
    await purse.balanced(chain)


async def test_a_batch_prices_each_as_the_one_before_left_it(chain: Chain) -> None:
    await purse.rules(chain, points=EARN)
    who = await purse.holder(chain)
    await purse.points(chain, who, 100)
    await purse.money(chain, who, 1000)
    numbers = await purse.printed(chain, "amount", 300, 2)
    items = [
        purse.basket(chain, member_id=who, amount=1000, points_to_redeem=100, wallet_amount=700),
        purse.basket(chain, member_id=who, amount=1000, points_to_redeem=100),
        purse.basket(chain, member_id=who, amount=1000, wallet_amount=301),
        purse.basket(chain, member_id=who, amount=1000, wallet_amount=300, coupons=[numbers[1]]),
        purse.basket(chain, amount=1000, coupons=[numbers[1]]),
        purse.basket(chain, amount=1000, coupons=[numbers[0]]),
    ]
    answer = await chain.http.post("/v1/purchases:batch", json={"items": items})
    outcomes = answer.json()["data"]
    assert [o["status"] for o in outcomes] == [201, 422, 422, 201, 409, 201]
    assert outcomes[0]["points_earned"] == 9
    repeated = (await chain.http.post("/v1/purchases:batch", json={"items": items})).json()["data"]
    assert [o["status"] for o in repeated] == [200, 422, 422, 200, 409, 200]
    assert repeated[3] == outcomes[3] | {"status": 200}
    assert len(await rows(chain, "purchase")) == 3
    assert await drift(chain) == []
    await purse.balanced(chain)
