"""Whatever is bought by whatever rules: nothing is below 0, nothing gets lost, one more campaign never costs more."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from pricing.till_rolls import HERE, campaign, coupon, line, offers, percent

from saas.errors import DomainError
from tenants.pricing.basket import CampaignDiscount, Line, Offers
from tenants.pricing.coupons import CouponUse
from tenants.pricing.earning import earning_of, points_of, shares_of
from tenants.pricing.payment import pay_with_points
from tenants.pricing.price import price
from tenants.pricing.spread import spread
from tenants.programme.rules import Redeem, Stacking

AMOUNTS = st.one_of(st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 10**13))
PERCENTS = st.one_of(st.sampled_from(["0", "0.0001", "33.3333", "99.9999", "100"]), st.integers(0, 100).map(str))
CATEGORIES = st.sampled_from([None, "a", "b"])
LINES = st.lists(
    st.builds(line, AMOUNTS, CATEGORIES, st.sampled_from(["1", "3", "0.25", "2.5", "0"]), st.sampled_from([None, "A"])),
    min_size=1,
    max_size=5,
)
DEALS = st.lists(
    st.one_of(
        st.builds(
            lambda off, of: campaign(off=off, of=of), PERCENTS.filter(lambda p: p != "0"), st.sampled_from(["", "a"])
        ),
        st.builds(lambda off, least: campaign(amount=off, minimum=least), st.integers(1, 10**6), st.integers(1, 10**6)),
    ),
    max_size=2,
)
OFFERS = st.builds(
    lambda tiers, of_piece, deals: offers(*tiers, prices={"A": [("member", of_piece)]}, campaigns=deals),
    st.lists(st.builds(percent, PERCENTS, CATEGORIES), max_size=2),
    st.integers(0, 10**6),
    DEALS,
)
COUPONS = st.builds(
    lambda kind, n, tier, deal, of: coupon(
        kind,
        str(n % 100 + 1) if kind == "percent" else n,
        with_tier=tier,
        with_campaign=deal,
        categories=of,
        with_coupons=True,
    ),
    st.sampled_from(["amount", "percent", "fixed_price"]),
    st.integers(1, 10**6),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("a",)]),
)
RULES = st.builds(
    lambda combine, excluded: Stacking(discounts_combine=combine, discount_excluded=excluded),
    st.booleans(),
    st.sampled_from([(), ("b",)]),
)


@settings(max_examples=120, deadline=None)
@given(basket=LINES, offered=OFFERS, rules=RULES, used=st.lists(COUPONS, max_size=3))
def test_every_amount_is_accounted_for(
    basket: list[Line], offered: Offers, rules: Stacking, used: list[CouponUse]
) -> None:
    try:
        priced = price(basket, offered, rules, used, branch=HERE)
    except DomainError as refused:
        if refused.code != "coupon-without-effect":
            raise
        return
    assert [each.list for each in priced.lines] == [each.amount for each in basket]
    for each, bought in zip(priced.lines, basket, strict=True):
        assert min(each.tier, each.campaign, each.coupon, each.net) >= 0
        if bought.category in rules.discount_excluded:
            assert each.net == each.list
    assert sum(off for _, off in priced.discounts) == priced.list - priced.net
    assert all(off > 0 for _, off in priced.discounts)
    assert {label.id for label, _ in priced.discounts if label.type == "coupon"} == {each.id for each in used}
    if not rules.discounts_combine:
        assert all(not (each.tier and each.campaign) for each in priced.lines)


@settings(max_examples=80, deadline=None)
@given(basket=LINES, offered=OFFERS, rules=RULES, deals=DEALS)
def test_one_more_campaign_never_costs_more(
    basket: list[Line], offered: Offers, rules: Stacking, deals: list[CampaignDiscount]
) -> None:
    more = Offers(offered.benefits, offered.prices, [*offered.discounts, *deals])
    bare = Offers(offered.benefits, offered.prices)
    costs = [price(basket, each, rules, branch=HERE).net for each in (more, offered, bare)]
    assert costs == sorted(costs)


@settings(max_examples=120, deadline=None)
@given(weights=st.lists(AMOUNTS, min_size=1, max_size=8), tenths=st.lists(st.integers(0, 10), min_size=1, max_size=4))
def test_shares_add_up_and_fit(weights: list[int], tenths: list[int]) -> None:
    left, amounts = sum(weights), []
    for tenth in tenths:
        amounts.append(left * tenth // 10)
        left -= amounts[-1]
    shares = shares_of(weights, *amounts)
    assert [sum(each) for each in shares] == amounts
    paid = [sum(parts) for parts in zip(*shares, strict=True)]
    assert all(0 <= part <= weight for part, weight in zip(paid, weights, strict=True))
    whole = sum(weights)
    first = spread(amounts[0], weights)
    assert all(
        abs(share - amounts[0] * weight / whole) < len(weights)
        for share, weight in zip(first, weights, strict=True)
        if whole
    )
    bought = [line(weight) for weight in weights]
    nothing = [0] * len(weights)
    assert sum(earning_of(bought, weights, shares[0], nothing, nothing, ())) == whole - amounts[0]


@settings(max_examples=120, deadline=None)
@given(
    points=st.integers(1, 10**4),
    amount=st.integers(1, 10**4),
    asked=st.integers(1, 10**6),
    net=AMOUNTS,
    share=PERCENTS,
)
def test_points_are_never_taken_for_nothing(points: int, amount: int, asked: int, net: int, share: str) -> None:
    redeem = Redeem(points=points, amount=amount, max_percent=Decimal(share))
    try:
        paid = pay_with_points(redeem, asked, net)
    except DomainError as refused:
        least, most = refused.params["least"], refused.params["most"]
        assert isinstance(least, int)
        assert isinstance(most, int)
        assert not least <= asked <= most
        return
    assert 0 < paid.points <= asked
    assert paid.value == asked * amount // points  # what was asked for is worth no more
    assert 0 < paid.value <= net * Decimal(share) / 100
    assert (paid.points - 1) * amount // points < paid.value  # one fewer would not pay it


@given(parts=st.lists(st.integers(0, 10**6), max_size=5), rate=st.decimals(0, 100, places=4))
def test_earning_in_parts_never_gives_more_than_at_once(parts: list[int], rate: Decimal) -> None:
    assert sum(points_of(part, rate, 2) for part in parts) <= points_of(sum(parts), rate, 2)
