"""Metrics of the plain evaluator worked out by hand: categories, refunds, activities, referrals, scores."""

from datetime import date
from fractions import Fraction

import pytest
from oracle.conditions import value_of
from oracle.facts import Json, Line, Purchase
from oracle.plain import Chain
from oracle.shop import LIFETIME, MEMBER, MONTH, NEVER, at, chain


def shop() -> Chain:
    """Three tickets in January and February, two of them partly given back, three activities, two friends."""
    made = chain((NEVER, None))
    tea_and_ware = [("tea", 400), ("ware", 600), (None, 50)]
    made.record_purchase(
        MEMBER, at("2024-01-10 12:00"), 1050, at("2024-01-10 12:00"), parts=tea_and_ware, external_id="a"
    )
    made.record_purchase(MEMBER, at("2024-01-10 15:00"), 0, at("2024-01-10 15:00"), parts=[("tea", 0)], external_id="b")
    made.record_purchase(
        MEMBER, at("2024-02-05 12:00"), 900, at("2024-02-05 12:00"), branch="north", external_id="c"
    )  # fmt: skip
    made.refund("a", at("2024-02-06 12:00"), lines=[(0, 400)])  # all the tea
    made.refund("c", at("2024-02-06 13:00"), amount=900)  # the whole
    for day, kind, number in (
        ("2024-01-20", "class", None),
        ("2024-01-21", "review", "4"),
        ("2024-02-01", "review", "5"),
    ):
        noon = at(f"{day} 12:00")
        made.record_activity(MEMBER, noon, kind, noon, None if number is None else Fraction(number))
    for name, day in (("first", "2024-01-31"), ("second", "2024-02-01")):
        made.add_member(name, date(2024, 1, 30), MEMBER)
        made.record_purchase(name, at(f"{day} 12:00"), 100, at("2024-02-02 12:00"), external_id=name)
    made.count_referrals(["first", "second"], at("2024-02-02 12:01"))
    made.add_top_up(MEMBER, date(2024, 1, 5), 5000)
    made.add_top_up(MEMBER, date(2024, 2, 5), 3000)
    made.add_points(MEMBER, date(2024, 1, 5), 50)
    made.add_points(MEMBER, date(2024, 2, 5), -5)
    return made


BEFORE = MONTH | {"offset": -1}


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        ({"metric": "spend", "window": LIFETIME}, 650),
        ({"metric": "spend", "window": MONTH}, 0),
        ({"metric": "spend", "window": LIFETIME, "category": "tea"}, 0),
        ({"metric": "spend", "window": LIFETIME, "category": "ware"}, 600),
        ({"metric": "spend", "window": LIFETIME, "category": "gone"}, 0),
        ({"metric": "purchases", "window": LIFETIME}, 2),
        # Its tea is gone from the first ticket; the second had nothing to give back.
        ({"metric": "purchases", "window": LIFETIME, "category": "tea"}, 1),
        ({"metric": "purchases", "window": LIFETIME, "category": "ware"}, 1),
        ({"metric": "max_purchase", "window": LIFETIME}, 650),
        ({"metric": "max_purchase", "window": MONTH}, 0),
        ({"metric": "branches", "window": LIFETIME}, 1),
        ({"metric": "days_since_purchase"}, 50),  # the ticket of 5 February doesn't stand
        ({"metric": "activities", "window": LIFETIME}, 3),
        ({"metric": "activities", "window": BEFORE}, 2),
        ({"metric": "activities", "window": LIFETIME, "kind": "review"}, 2),
        ({"metric": "rating", "window": LIFETIME}, Fraction(9, 2)),
        ({"metric": "rating", "window": BEFORE, "kind": "review"}, 4),
        ({"metric": "rating", "window": LIFETIME, "kind": "class"}, None),
        ({"metric": "referrals", "window": LIFETIME}, 2),
        ({"metric": "referrals", "window": BEFORE}, 1),
        ({"metric": "top_ups", "window": LIFETIME}, 8000),
        ({"metric": "max_top_up", "window": MONTH}, 3000),
        ({"metric": "points_earned", "window": LIFETIME}, 45),
        ({"metric": "tenure_days"}, 59),
        (
            {
                "metric": "score",
                "weights": [
                    {"metric": "spend", "window": LIFETIME, "per": 100, "points": 2},  # 6 whole hundreds
                    {"metric": "activities", "window": MONTH, "per": 1, "points": 5},
                    {"metric": "tenure_days", "per": 30, "points": 1},
                ],
            },
            12 + 5 + 1,
        ),
    ],
)
def test_value(leaf: Json, value: int | Fraction | None) -> None:
    view = shop().view(MEMBER, "card", at("2024-02-29 12:00"))
    assert value_of(leaf, view, view.standpoint(since_fall=True)) == value


@pytest.mark.parametrize(
    ("lines", "amount", "left"),
    [
        ([100], 30, [70]),
        ([100, 300], 40, [90, 270]),
        ([100, 100, 100], 100, [67, 67, 66]),  # 33 each, the last takes the rest
        ([1, 1, 1], 2, [1, 0, 0]),  # the last has only 1: the one before takes the other
        ([0, 50, 0], 50, [0, 0, 0]),
        ([100, 0], 33, [67, 0]),  # a line with nothing left takes nothing
    ],
)
def test_an_amount_is_spread_over_the_lines(lines: list[int], amount: int, left: list[int]) -> None:
    bought = Purchase(at("2024-01-10"), at("2024-01-10"), [Line(None, one) for one in lines])
    bought.give_back(amount)
    assert [line.left for line in bought.lines] == left


def test_a_refund_that_takes_the_only_purchase_takes_the_referral() -> None:
    made = shop()
    made.refund("first", at("2024-02-03 12:00"), amount=100)
    made.count_referrals(["first"], at("2024-02-03 12:01"))
    assert made.people[MEMBER].brought == {"second": date(2024, 2, 1)}


def test_a_merge_unites_facts_and_takes_the_higher_tier_and_the_later_lock() -> None:
    made = chain(({"metric": "spend", "window": LIFETIME, "gte": 1000}, None), (NEVER, None), joined="2024-01-10")
    made.add_member("other", date(2023, 5, 1), MEMBER)
    made.set_tier("other", "card", "t2", at("2024-01-20 12:00"), date(2024, 6, 30))
    made.record_purchase("other", at("2024-01-21 12:00"), 600, at("2024-01-21 12:00"), external_id="x")
    made.count_referrals(["other"], at("2024-01-21 12:01"))
    assert made.people[MEMBER].brought == {"other": date(2024, 1, 21)}
    [merged] = made.merge(MEMBER, "other", at("2024-02-01 12:00"))
    assert (merged.reason, merged.from_tier, merged.to_tier) == ("merge", "t0", "t2")
    assert merged.standing.locked_until == date(2024, 6, 30)
    assert merged.facts == {"t1/qualify": 600, "t2/qualify": 1}
    assert made.people[MEMBER].joined_on == date(2023, 5, 1)
    assert made.people[MEMBER].brought == {}  # nobody brought himself
    assert made.who("other") == MEMBER


def test_an_opening_balance_has_the_validity_that_it_would_have_here() -> None:
    made = chain((NEVER, None), validity={"type": "months", "months": 12})
    [opened] = made.opening(MEMBER, "card", "t1", at("2024-03-01 12:00"), date(2022, 5, 10))
    assert (opened.reason, opened.standing.since) == ("import", date(2022, 5, 10))
    # Until 9 May 2023, then a year more, which covers today.
    assert (opened.standing.validity_start, opened.valid_until) == (date(2023, 5, 10), date(2024, 5, 9))
