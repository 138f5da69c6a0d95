"""Rounding: every edge case with its arithmetic written out. Money in minor units, 分 unless said otherwise."""

from decimal import Decimal

import pytest
from pricing.till_rolls import amount_off, campaign, cost, fixed, line, lines, offers, percent, percent_off

from tenants.pricing.basket import CampaignMultiplier, Line
from tenants.pricing.earning import earning_of, points_of, rate_of, rate_text, shares_of
from tenants.pricing.payment import PointsPaid, pay_with_points
from tenants.pricing.spread import spread
from tenants.programme.rules import Redeem

# amount, percent, what is to be paid, the arithmetic
PERCENT = [
    (1, "50", 0, "0.5 off, half up: 1 off"),
    (1, "49", 1, "0.49 off: 0 off"),
    (1, "100", 0, "1 off"),
    (3, "50", 1, "1.5 off, half up: 2 off"),
    (99_900, "5", 94_905, "4,995 off"),
    (333, "15", 283, "49.95 off: 50 off"),
    (335, "10", 301, "33.5 off, half up: 34 off"),
    (334, "10", 301, "33.4 off: 33 off"),
    (1000, "33.3333", 667, "333.333 off: 333 off"),
    (100, "66.6667", 33, "66.6667 off: 67 off"),
    (0, "20", 0, "nothing off nothing"),
    (12_345, "0", 12_345, "0 % is no discount"),
    (10**13, "0.0001", 10**13 - 10**7, "10,000,000 off the largest amount there is"),
]


@pytest.mark.parametrize(("amount", "off", "paid", "why"), PERCENT)
def test_a_percentage_is_rounded_half_up_once_a_line(amount: int, off: str, paid: int, why: str) -> None:
    assert cost(lines(amount), offers(percent(off))) == [paid], why


def test_three_lines_are_rounded_each_by_itself() -> None:
    # 3 × 15 % of 333 = 3 × 50 = 150 off; of the sum 999 it would be 149.85: 150; of 3 × 330: 3 × 49.5 = 3 × 50 = 150
    assert cost(lines(333, 333, 333), offers(percent("15"))) == [283, 283, 283]
    # 3 × 10 % of 5 = 3 × 0.5: 3 off, where 10 % of 15 would be 1.5: 2 off
    assert cost(lines(5, 5, 5), offers(percent("10"))) == [4, 4, 4]


# amount, weights, shares, the arithmetic
SPREAD = [
    (100, (1, 1, 1), None, "more than there is room for"),
    (2, (1, 1, 1), [0, 1, 1], "0.67 each: 0; the rest 2 from the last line backwards, one each"),
    (100, (100, 100, 100), [33, 33, 34], "33.33 each; the last takes the 1 that is left"),
    (100, (200, 100, 1), [66, 33, 1], "66.4, 33.2, 0.33: 66, 33, 0; the rest 1 to the last"),
    (299, (100, 100, 100), [99, 100, 100], "99.67 each: 99; rest 2: the last has room for 1, the one before for 1"),
    (1, (0, 1, 0), [0, 1, 0], "a line of 0 gets nothing"),
    (0, (5, 5), [0, 0], "nothing over two"),
    (0, (0, 0), [0, 0], "nothing over nothing"),
    (0, (), [], "nothing over no lines"),
]


@pytest.mark.parametrize(("amount", "weights", "shares", "why"), SPREAD)
def test_an_amount_over_lines(amount: int, weights: tuple[int, ...], shares: list[int] | None, why: str) -> None:
    if shares is None:
        with pytest.raises(ValueError, match="100 of 3"):
            spread(amount, weights)
    else:
        assert spread(amount, weights) == shares, why


def test_payments_never_pay_more_of_a_line_than_it_costs() -> None:
    # lines of 1 and 1. Points pay 1: 0.5 each, floor 0, the last takes it. Bonus pays 1: 0.5 each, floor 0; the last is
    # paid already, so the one before takes it.
    assert shares_of([1, 1], 1, 1) == [[0, 1], [1, 0]]
    # 10 and 20; 7 by points: 2.33 and 4.67: 2 and 5. 13 by bonus: 4.33 and 8.67: 4 and 9. 10 by card: the rest.
    assert shares_of([10, 20], 7, 13, 10) == [[2, 5], [4, 9], [4, 6]]


# asked points, redeem rule (points, amount), to pay, what is taken and pays, the arithmetic
POINTS = [
    (100, (100, 100), 10_000, (100, 100), "1 point is 1 分"),
    (7, (3, 1), 100, (6, 2), "3 points are 1 分: 7 pay 2.33: 2, and 2 分 are worth 6 points"),
    (10, (3, 10), 100, (10, 33), "1 point is 3⅓ 分: 10 pay 33.3: 33; for 33 分 9.9: 10 points are needed"),
    (1, (3, 10), 100, (1, 3), "1 pays 3.33: 3; 3 分 are 0.9: 1 point"),
    (2, (3, 1), 100, None, "2 points pay 0.67: nothing, so they aren't taken"),
    (101, (1, 1), 100, None, "no more than there is to pay"),
    (100, (1, 1), 100, (100, 100), "all of it"),
    (1, (1, 1), 0, None, "nothing to pay"),
]


@pytest.mark.parametrize(("asked", "rule", "net", "paid", "why"), POINTS)
def test_points_that_are_worth_parts_of_a_fen(
    asked: int, rule: tuple[int, int], net: int, paid: tuple[int, int] | None, why: str
) -> None:
    from saas.errors import DomainError

    redeem = Redeem(points=rule[0], amount=rule[1])
    if paid is None:
        with pytest.raises(DomainError) as refused:
            pay_with_points(redeem, asked, net)
        assert refused.value.code == "points-beyond-limit", why
    else:
        assert pay_with_points(redeem, asked, net) == PointsPaid(*paid), why


def test_the_share_of_a_purchase_that_points_may_pay_is_rounded_down() -> None:
    from saas.errors import DomainError

    redeem = Redeem(points=3, amount=10, min_points=3, max_percent=Decimal(50))
    # half of 99 is 49.5: 49. 15 points pay 50: too much. 14 pay 46.67: 46, and 46 分 are 13.8: 14 points.
    assert pay_with_points(redeem, 14, 99) == PointsPaid(14, 46)
    with pytest.raises(DomainError) as refused:
        pay_with_points(redeem, 15, 99)
    assert refused.value.params == {"least": 3, "most": 14}
    with pytest.raises(DomainError) as refused:
        pay_with_points(redeem, 2, 99)
    assert refused.value.params["least"] == 3
    with pytest.raises(DomainError) as refused:
        pay_with_points(None, 100, 99)
    assert refused.value.code == "points-not-redeemable"


# earning in minor units, exponent of the currency, rate, points, the arithmetic
EARNED = [
    (1, 2, "1", 0, "0.01 yuan"),
    (99, 2, "1", 0, "0.99 yuan"),
    (100, 2, "1", 1, "1 yuan"),
    (66, 2, "1.5", 0, "0.66 × 1.5 = 0.99"),
    (67, 2, "1.5", 1, "0.67 × 1.5 = 1.005"),
    (19_999, 2, "2.5", 499, "199.99 × 2.5 = 499.975"),
    (40, 2, "2.5", 1, "0.4 × 2.5 = 1 exactly"),
    (12_345, 2, "0.0001", 0, "123.45 × 0.0001 = 0.012"),
    (10**13, 2, "0.0001", 10**7, "10^11 yuan × 0.0001"),
    (1, 0, "1", 1, "1 yen: no decimals"),
    (999, 0, "0.01", 9, "999 yen × 0.01 = 9.99"),
    (1, 3, "1", 0, "1 fils is 0.001 dinar"),
    (999, 3, "1", 0, "0.999 dinar"),
    (1001, 3, "2.5", 2, "1.001 dinar × 2.5 = 2.5025"),
    (10**13, 0, "1000", 10**13, "the most that one purchase gives"),
]


@pytest.mark.parametrize(("earning", "exponent", "rate", "points", "why"), EARNED)
def test_points_are_rounded_down_once(earning: int, exponent: int, rate: str, points: int, why: str) -> None:
    assert points_of(earning, Decimal(rate), exponent) == points, why


def test_three_lines_of_a_third_earn_together() -> None:
    # 0.34 + 0.33 + 0.33 yuan: each alone earns nothing, together 1 yuan earns 1 point
    nets = [34, 33, 33]
    none = [0, 0, 0]
    assert points_of(sum(earning_of(lines(*nets), nets, none, none, none, ())), Decimal(1), 2) == 1


def test_rates_multiply_exactly() -> None:
    # 1.3333 × 2.5 = 3.33325; best of 2 and 1.5 is 2: 6.6665; × 1.0001 stacked: 6.66716665
    campaigns = [
        CampaignMultiplier("double", Decimal(2)),
        CampaignMultiplier("half", Decimal("1.5")),
        CampaignMultiplier("more", Decimal("1.0001"), stack=True),
    ]
    assert rate_text(rate_of(Decimal("1.3333"), Decimal("2.5"), campaigns)) == "6.66716665"
    assert rate_text(rate_of(Decimal(1), Decimal(2), ())) == "2"
    assert rate_text(rate_of(Decimal("0.5"), Decimal(2), ())) == "1"
    assert rate_text(rate_of(Decimal(0), Decimal(2), ())) == "0"
    assert rate_text(rate_of(Decimal(10), Decimal(10), ())) == "100"


# quantity, price of one, amount of the line, what is to be paid, the arithmetic
LISTED = [
    ("1", 69_900, 99_900, 69_900, "999 at list prices, 699 for members"),
    ("2", 69_900, 199_800, 139_800, "two of them"),
    ("0.250", 1000, 300, 250, "a quarter of a kilo at 10.00 the kilo"),
    ("0.333", 1000, 400, 333, "333"),
    ("0.3335", 1000, 400, 334, "333.5, half up: 334"),
    ("1.5", 333, 600, 500, "499.5, half up: 500"),
    ("1", 69_900, 60_000, 60_000, "the list costs more: it takes nothing off"),
    ("1", 0, 60_000, 0, "free for members"),
    ("0", 100, 500, 500, "no pieces have no price"),
]


@pytest.mark.parametrize(("quantity", "of_piece", "amount", "paid", "why"), LISTED)
def test_a_price_list_prices_pieces(quantity: str, of_piece: int, amount: int, paid: int, why: str) -> None:
    basket = [line(amount, quantity=quantity, sku="A")]
    assert cost(basket, offers(prices={"A": [("member", of_piece)]})) == [paid], why


# a coupon, the lines (amount, quantity), what is to be paid, the arithmetic
COUPONS = [
    (amount_off(5000), [(3000, "1"), (1000, "1")], [0, 0], "larger than the basket: never below 0"),
    (amount_off(100), [(100, "1"), (100, "1"), (100, "1")], [67, 67, 66], "33, 33, and the last takes 34"),
    (amount_off(1), [(1, "1"), (1, "1")], [1, 0], "0.5 each: the last takes it"),
    (amount_off(1), [(1, "1"), (0, "1")], [0, 0], "a line of 0 takes nothing"),
    (percent_off("33.3333"), [(100, "1"), (1, "1")], [67, 1], "33.33: 33; 0.33: 0"),
    (percent_off("50"), [(1, "1")], [0], "0.5, half up: 1 off"),
    (percent_off("100"), [(333, "1"), (1, "1")], [0, 0], "all of it"),
    (fixed(0), [(999, "3"), (500, "1")], [999, 0], "a piece is 333 or 500: the dearest is free"),
    (fixed(100), [(1000, "3")], [767], "a piece is 333.33: 333; 233 off"),
    (fixed(0), [(5, "2")], [2], "a piece is 2.5, half up: 3 off"),
    (fixed(0), [(500, "0.250")], [0], "less than one piece is taken as one"),
    (fixed(0), [(500, "2.5")], [300], "a piece is 200"),
    (fixed(0), [(300, "1"), (300, "1")], [0, 300], "the first of equals"),
]


@pytest.mark.parametrize(("used", "basket", "paid", "why"), COUPONS)
def test_coupons_round(used: object, basket: list[tuple[int, str]], paid: list[int], why: str) -> None:
    ticket = [line(amount, quantity=quantity) for amount, quantity in basket]
    assert cost(ticket, coupons=[used]) == paid, why  # type: ignore[list-item]


def test_a_campaign_rounds_on_what_the_tier_left() -> None:
    # 15 % of 333 is 49.95: 50, left 283; 10 % of 283 is 28.3: 28, left 255. Not 10 % of 333.
    from pricing.till_rolls import stacking

    both = stacking(discounts_combine=True)
    assert cost(lines(333), offers(percent("15"), campaigns=[campaign(off="10")]), both) == [255]
    # 满减 100 off what 15 % left of 333 and 667: 283 and 567 (100.05: 100 off). 100 × 283 / 850 = 33.3: 33; rest 67.
    deal = campaign(amount=100, minimum=850)
    assert cost(lines(333, 667), offers(percent("15"), campaigns=[deal]), both) == [250, 500]


@pytest.mark.parametrize(
    ("amount", "off", "paid", "why"),
    [
        (5, "10", 4, "yen have no decimals: 0.5 yen, half up: 1 yen off"),
        (4, "10", 4, "0.4 yen: nothing off"),
        (1_234_567, "12.5", 1_080_246, "154,320.875 fils: 154,321 off, a thousandth of a dinar each"),
    ],
)
def test_minor_units_of_other_currencies(amount: int, off: str, paid: int, why: str) -> None:
    assert cost(lines(amount), offers(percent(off))) == [paid], why


def test_a_basket_without_lines_is_one_line() -> None:
    assert cost([Line(100)], offers(percent("5"))) == [95]
