"""Which discount counts where: tiers, lists, campaigns and coupons beside each other."""

import pytest
from pricing.till_rolls import (
    HERE,
    amount_off,
    campaign,
    cost,
    fixed,
    line,
    lines,
    offers,
    percent,
    percent_off,
    stacking,
)

from saas.errors import DomainError
from tenants.pricing.basket import Label
from tenants.pricing.price import final, price
from tenants.programme.rules import Stacking


def refusal(basket: object, *coupons: object, rules: Stacking | None = None) -> str:
    with pytest.raises(DomainError) as refused:
        cost(basket, None, rules, coupons)  # type: ignore[arg-type]
    return refused.value.code


def test_of_two_discounts_on_a_line_the_larger_counts() -> None:
    held = offers(percent("5"), percent("10", "parcel"), percent("20", "box", tier="vip"))
    assert cost([line(1000, "parcel"), line(1000), line(1000, "box")], held) == [900, 950, 800]


def test_a_tiers_percentage_or_its_price_list_whichever_is_less() -> None:
    held = offers(percent("10"), prices={"A": [("member", 950)], "B": [("member", 800), ("vip", 700)]})
    priced = price([line(1000, sku="A"), line(1000, sku="B"), line(1000)], held, Stacking(), branch=HERE)
    assert [each.net for each in priced.lines] == [900, 700, 900]
    assert priced.discounts == ((Label("tier", "gold", "card"), 200), (Label("price_list", "vip"), 300))


def test_excluded_categories_have_no_discount_at_all() -> None:
    rules = stacking(discount_excluded=["rx"])
    basket = [line(1000, "rx"), line(1000, "otc")]
    both = offers(percent("10"), campaigns=[campaign(off="20")])
    assert cost(basket, both, rules) == [1000, 800]
    assert cost(basket, None, rules, [amount_off(3000)]) == [1000, 0]
    assert cost(basket, None, rules, [percent_off("50")]) == [1000, 500]
    # 满减 counts what it may reduce
    assert cost(basket, offers(campaigns=[campaign(amount=100, minimum=1001)]), rules) == [1000, 1000]
    assert refusal([line(1000, "rx")], amount_off(100), rules=rules) == "coupon-without-effect"


def test_branches_that_take_part_can_be_listed() -> None:
    rules = stacking(branches=["north"])
    assert cost(lines(1000), offers(percent("10")), rules, branch="north") == [900]
    assert cost(lines(1000), offers(percent("10")), rules, branch="south") == [1000]


def test_paying_from_the_wallet_may_switch_tier_discounts_off() -> None:
    rules = stacking(wallet_with_tier_discount=False)
    assert cost(lines(1000), offers(percent("10")), rules, by_wallet=True) == [1000]
    assert cost(lines(1000), offers(percent("10")), rules) == [900]
    assert cost(lines(1000), offers(percent("10"), campaigns=[campaign(off="5")]), rules, by_wallet=True) == [950]


def test_a_campaign_and_a_tier_the_larger_per_line_of_equals_the_tier() -> None:
    basket = [line(1000, "a"), line(1000, "b"), line(1000, "c")]
    held = offers(percent("10"), percent("30", "b"), campaigns=[campaign(off="20", of="a b")])
    assert cost(basket, held) == [800, 700, 900]
    tie = price(lines(1000), offers(percent("20"), campaigns=[campaign(off="20")]), Stacking(), branch=HERE)
    assert tie.discounts == ((Label("tier", "gold", "card"), 200),)


def test_both_where_the_programme_lets_them_combine() -> None:
    held = offers(percent("10"), campaigns=[campaign(off="20")])
    assert cost(lines(1000), held, stacking(discounts_combine=True)) == [720]


def test_the_one_campaign_that_saves_most_of_equals_the_first_by_code() -> None:
    deals = [campaign("z", off="10"), campaign("b", amount=300, minimum=2000), campaign("a", amount=300, minimum=2000)]
    found = price(lines(1000, 1000), offers(campaigns=deals), Stacking(), branch=HERE)
    assert found.discounts == ((Label("campaign", "a"), 300),)
    assert cost(lines(1000), offers(campaigns=deals)) == [900]  # below the minimum


def test_an_amount_off_instead_of_tier_discounts_or_not() -> None:
    # tier: 10 % of 1000 + 1000 = 200. 300 off instead: better. 200 off: as good, so the tier's stays.
    assert cost(lines(1000, 1000), offers(percent("10"), campaigns=[campaign(amount=300, minimum=2000)])) == [850, 850]
    assert cost(lines(1000, 1000), offers(percent("10"), campaigns=[campaign(amount=200, minimum=2000)])) == [900, 900]
    # of category a alone: its line has 150 off instead of 100, the other keeps its tier discount
    basket = [line(1000, "a"), line(1000, "b")]
    deal = campaign(amount=150, minimum=1000, of="a")
    assert cost(basket, offers(percent("10"), campaigns=[deal])) == [850, 900]


def test_where_both_combine_the_amount_comes_off_what_tiers_left() -> None:
    rules = stacking(discounts_combine=True)
    deal = campaign(amount=100, minimum=1800)
    assert cost(lines(1000, 1000), offers(percent("10"), campaigns=[deal]), rules) == [850, 850]
    deal = campaign(amount=100, minimum=1801)
    assert cost(lines(1000, 1000), offers(percent("10"), campaigns=[deal]), rules) == [900, 900]


def test_coupons_go_fixed_price_percent_amount() -> None:
    # 500: the dearest piece for 100: 400 off; 10 % of 100: 10 off; 20 off: 70
    used = [
        amount_off(20, code="amount", with_coupons=True),
        percent_off("10", code="percent", with_coupons=True),
        fixed(100, code="fixed", with_coupons=True),
    ]
    priced = price(lines(500), offers(), Stacking(), used, branch=HERE)
    assert [each.net for each in priced.lines] == [70]
    assert [(label.code, off) for label, off in priced.discounts] == [("fixed", 400), ("percent", 10), ("amount", 20)]


def test_two_coupons_where_each_allows_it() -> None:
    assert refusal(lines(500), amount_off(1), amount_off(1, with_coupons=True)) == "coupons-do-not-combine"
    assert cost(lines(500), coupons=[amount_off(1, with_coupons=True), amount_off(1, with_coupons=True)]) == [498]


def test_the_minimum_is_asked_of_eligible_lines_after_tiers_and_campaigns_before_any_coupon() -> None:
    basket = [line(1000, "tea"), line(9000, "ware")]
    held = offers(percent("10"))
    assert cost(basket, held, coupons=[amount_off(100, minimum=900, categories=("tea",))]) == [800, 8100]
    with pytest.raises(DomainError) as refused:
        cost(basket, held, coupons=[amount_off(100, minimum=901, categories=("tea",))])
    assert refused.value.code == "coupon-below-minimum"
    assert refused.value.params == {"code": "c", "minimum": 901, "amount": 900}
    first = fixed(0, with_coupons=True, categories=("tea",))
    then = amount_off(100, with_coupons=True, minimum=9000)
    assert sum(cost(basket, held, coupons=[first, then])) == 8000


def test_a_coupon_that_does_not_go_with_tier_discounts_or_campaigns() -> None:
    basket = [line(1000, "a"), line(1000, "b")]
    held = offers(percent("10"), campaigns=[campaign(off="20")])
    alone = amount_off(300, categories=("a",), with_tier=False)
    assert cost(basket, held, coupons=[alone]) == [700, 800]  # no campaign either: that is its default
    with_campaign = amount_off(300, categories=("a",), with_tier=False, with_campaign=True)
    assert cost(basket, held, coupons=[with_campaign]) == [500, 800]
    with_tier = amount_off(300, categories=("a",))
    assert cost(basket, held, coupons=[with_tier]) == [600, 800]


def test_a_coupon_of_other_branches_or_without_effect() -> None:
    assert refusal(lines(500), amount_off(1, branches=("north",))) == "coupon-not-here"
    assert cost(lines(500), coupons=[amount_off(1, branches=("north",))], branch="north") == [499]
    assert refusal(lines(0), amount_off(1)) == "coupon-without-effect"
    assert refusal(lines(500), fixed(500)) == "coupon-without-effect"
    assert refusal(lines(1), percent_off("49")) == "coupon-without-effect"
    assert refusal([line(500, "tea")], amount_off(1, categories=("ware",))) == "coupon-without-effect"
    first, second = amount_off(500, with_coupons=True), amount_off(1, with_coupons=True)
    assert refusal(lines(500), first, second) == "coupon-without-effect"


def test_final_amounts_stay_as_they_are() -> None:
    priced = final(lines(100, 0))
    assert (priced.net, priced.list, priced.discounts) == (100, 100, ())
