"""The oracle against tables worked out by hand: new versions, their transitions, tiers that come and go, roll-backs."""

from datetime import date
from typing import Any

import pytest
from oracle.conditions import Standing
from oracle.documents import document, ladder_json, tier_json
from oracle.facts import Json
from oracle.plain import Chain
from oracle.shop import MEMBER, MONTH, ONE_MONTH, POLICY, at, buy, spend, told

YEAR: Json = {"type": "months", "months": 12}
JANUARY, MARCH = date(2024, 1, 15), date(2024, 3, 10)


def rules(*tiers: tuple[str, Json], **policy: Any) -> Json:
    """A ladder `card`: the base, then these codes with their `qualify`."""
    made = [tier_json("base", 0), *(tier_json(code, n, qualify) for n, (code, qualify) in enumerate(tiers, start=1))]
    return document([ladder_json("card", made, POLICY | {"validity": YEAR} | policy)])


def silver(gte: int) -> tuple[str, Json]:
    return "silver", spend(gte)


def gold(gte: int) -> tuple[str, Json]:
    return "gold", spend(gte)


def opened(amount: int, programme: Json | None = None) -> Chain:
    """A member who spent that on 15 January, under silver from 1000, gold from 3000, to 14 January 2025."""
    shop = Chain(programme or rules(silver(1000), gold(3000)), "UTC")
    shop.add_member(MEMBER, date(2024, 1, 1))
    buy(shop, "2024-01-15", amount)
    return shop


def held(shop: Chain) -> tuple[str, date | None, date | None]:
    standing = shop.standing(MEMBER, "card")
    return shop.tier(MEMBER, "card"), standing.since, standing.valid_until


SILVER_SINCE_JANUARY = ("silver", JANUARY, date(2025, 1, 14))
GOLD_SINCE_JANUARY = ("gold", JANUARY, date(2025, 1, 14))

# Transitions: thresholds doubled or halved on 10 March


@pytest.mark.parametrize(
    ("transition", "spent", "factor", "decided", "after"),
    [
        ("now", 3000, 2, [("gold", "silver", "programme_change")], ("silver", MARCH, date(2025, 3, 9))),
        ("now", 1000, 2, [("silver", "base", "programme_change")], ("base", None, None)),
        ("now", 1500, 0.5, [("silver", "gold", "programme_change")], ("gold", MARCH, date(2025, 3, 9))),
        ("now", 999, 0.5, [("base", "silver", "programme_change")], ("silver", MARCH, date(2025, 3, 9))),
        ("now", 2000, 2, [], SILVER_SINCE_JANUARY),  # the same tier: its validity goes on
        ("up_only", 3000, 2, [], GOLD_SINCE_JANUARY),
        ("up_only", 1500, 0.5, [("silver", "gold", "programme_change")], ("gold", MARCH, date(2025, 3, 9))),
        ("next_schedule", 3000, 2, [], GOLD_SINCE_JANUARY),
        ("next_purchase", 1500, 0.5, [], SILVER_SINCE_JANUARY),
        ("grandfather", 3000, 2, [], GOLD_SINCE_JANUARY),
    ],
)
def test_what_a_transition_does_at_once(transition: str, spent: int, factor: float, decided: Any, after: Any) -> None:
    shop = opened(spent)
    new = rules(silver(int(1000 * factor)), gold(int(3000 * factor)))
    assert told(shop.publish(new, at("2024-03-10 09:00"), transition)) == decided
    assert held(shop) == after


def test_at_the_next_schedule_everybody_is_moved_once() -> None:
    shop = opened(3000)
    harder = rules(silver(2000), gold(6000))
    shop.publish(harder, at("2024-03-10 09:00"), "next_schedule")
    assert buy(shop, "2024-03-11", 1) == []
    assert shop.recalculate(at("2024-03-20")) == []  # somebody's wish, no schedule
    assert shop.recalculate(at("2024-04-01"), ["card"], scheduled=True) != []
    assert held(shop) == ("silver", date(2024, 4, 1), date(2025, 3, 31))
    assert shop.set_tier(MEMBER, "card", "gold", at("2024-04-02"), date(2024, 4, 20))
    assert shop.recalculate(at("2024-05-01"), ["card"], scheduled=True) != []  # the lock is over, not the transition
    assert [one.reason for one in shop.decisions][-1] == "downgrade"


def test_at_the_next_schedule_who_is_not_moved_is_evaluated_as_ever() -> None:
    shop = opened(1000, rules(silver(1000), validity=ONE_MONTH))
    shop.publish(rules(silver(500), validity=ONE_MONTH), at("2024-02-20"), "next_schedule")
    made = shop.recalculate(at("2024-03-01"), ["card"], scheduled=True)
    assert told(made) == [("silver", "silver", "renew")]


def test_a_late_purchase_repeats_the_schedule_that_moved_its_member() -> None:
    # At the schedule gold asks 6000 and 5500 are known: silver. 500 of the last day of March come in on 2 April.
    shop = opened(3000)
    buy(shop, "2024-02-02", 2500)
    shop.publish(rules(silver(2000), gold(6000), upgrade="scheduled"), at("2024-03-10"), "next_schedule")
    assert told(shop.recalculate(at("2024-04-01"), ["card"], scheduled=True)) == [
        ("gold", "silver", "programme_change")
    ]
    made = buy(shop, "2024-03-31", 500, recorded="2024-04-02 10:00")
    assert (told(made), made[0].effective_at) == ([("silver", "gold", "late")], at("2024-04-01"))


def test_at_the_next_purchase_each_member_is_moved_once_whatever_the_upgrades() -> None:
    for upgrade in ("immediate", "scheduled"):
        shop = opened(3000)
        if upgrade == "scheduled":
            shop = opened(3000, rules(silver(1000), gold(3000), upgrade="scheduled"))
            shop.recalculate(at("2024-01-15 13:00"))
        shop.add_member("other", date(2024, 1, 1))
        shop.publish(rules(silver(2000), gold(6000), upgrade=upgrade), at("2024-03-10 09:00"))
        assert shop.recalculate(at("2024-03-20")) == []
        assert shop.record_activity(MEMBER, at("2024-03-20 12:00"), "class", at("2024-03-20 12:00")) == []
        assert told(buy(shop, "2024-03-21", 10)) == [("gold", "silver", "programme_change")]
        assert held(shop) == ("silver", date(2024, 3, 21), date(2025, 3, 20))
        # A second one lifts again by the rules as ever, or waits for its schedule.
        assert told(buy(shop, "2024-03-22", 2990)) == (
            [("silver", "gold", "upgrade")] if upgrade == "immediate" else []
        )


def test_a_grandfathers_tier_ends_with_its_validity() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(2000), gold(6000)), at("2024-03-10 09:00"), "grandfather")
    assert buy(shop, "2024-03-11", 100) == []
    assert shop.recalculate(at("2025-01-14 23:00")) == []
    assert told(shop.recalculate(at("2025-02-01"), ["card"], scheduled=True)) == [("gold", "silver", "downgrade")]


def test_another_version_leaves_nothing_of_a_transition_that_has_not_come_about() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(2000), gold(6000)), at("2024-03-10"))
    shop.publish(rules(silver(2000), gold(7000)), at("2024-03-11"), "grandfather")
    assert buy(shop, "2024-03-12", 1) == []


# Locks


@pytest.mark.parametrize(
    ("tier", "factor", "transition", "decided"),
    [
        ("gold", 2, "now", []),  # raised by hand, wouldn't be there by the rules: stays
        ("silver", 0.25, "now", [("silver", "gold", "programme_change")]),  # raised: may rise
        ("silver", 0.25, "up_only", [("silver", "gold", "programme_change")]),
        ("base", 0.25, "now", []),  # lowered: stays
    ],
)
def test_under_a_lock_only_who_may_rise_rises(tier: str, factor: float, transition: str, decided: Any) -> None:
    shop = opened(1000 if tier == "base" else 900)
    shop.set_tier(MEMBER, "card", tier, at("2024-02-01 12:00"), date(2024, 12, 31))
    new = rules(silver(int(1000 * factor)), gold(int(3000 * factor)))
    assert told(shop.publish(new, at("2024-03-10"), transition)) == decided
    lock = shop.standing(MEMBER, "card").locked_until
    assert lock == (None if decided else date(2024, 12, 31))


# Tiers that come, go and change places


def test_a_tier_between_leaves_who_is_above_where_they_are() -> None:
    shop = opened(3000)
    between = rules(silver(1000), ("pearl", spend(2000)), gold(5000))
    assert shop.publish(between, at("2024-03-10"), "grandfather") == []
    assert held(shop) == GOLD_SINCE_JANUARY
    assert shop.standing(MEMBER, "card").position == 3
    assert told(shop.recalculate(at("2025-02-01"))) == [("gold", "pearl", "downgrade")]


def test_a_renamed_tier_is_held_on_under_its_new_name() -> None:
    shop = opened(3000)
    [made] = shop.publish(
        rules(silver(1000), ("or", spend(3000))), at("2024-03-10"), "grandfather", {"card": {"gold": "or"}}
    )
    assert (made.from_tier, made.to_tier, made.reason) == ("gold", "or", "programme_change")
    assert held(shop) == ("or", JANUARY, date(2025, 1, 14))
    assert shop.decisions[-1].before == Standing(2, JANUARY, JANUARY, date(2025, 1, 14))


def test_a_dropped_tier_and_a_transition_are_one_decision() -> None:
    only = rules(silver(1000))
    shop = opened(3000)
    assert told(shop.publish(only, at("2024-03-10"), "now", {"card": {"gold": "silver"}})) == [
        ("gold", "silver", "programme_change")
    ]
    assert held(shop) == SILVER_SINCE_JANUARY  # that is what the rules give, so that it is only carried over
    shop = opened(3000)
    assert told(shop.publish(rules(silver(9000)), at("2024-03-10"), "now", {"card": {"gold": "silver"}})) == [
        ("gold", "base", "programme_change")
    ]
    shop = opened(3000)
    assert told(shop.publish(only, at("2024-03-10"), "grandfather", {"card": {"gold": "base"}})) == [
        ("gold", "base", "programme_change")
    ]
    assert shop.standing(MEMBER, "card") == Standing()


def test_tiers_that_change_places_take_their_holders_along() -> None:
    shop = opened(1000)
    assert shop.publish(rules(("gold", spend(500)), ("silver", spend(3000))), at("2024-03-10"), "grandfather") == []
    assert held(shop) == SILVER_SINCE_JANUARY
    assert shop.standing(MEMBER, "card").position == 2
    assert told(shop.recalculate(at("2025-02-01"))) == [("silver", "gold", "downgrade")]


def test_what_an_old_decision_says_is_read_through_the_names_since() -> None:
    # Back to how it stood before the schedule of 1 April: silver, by then called argent.
    shop = opened(1000, rules(silver(1000), gold(3000), upgrade="scheduled"))
    shop.recalculate(at("2024-02-01"), ["card"], scheduled=True)
    shop.publish(
        rules(("argent", spend(1000)), gold(3000), upgrade="scheduled"),
        at("2024-04-01 09:00"),
        "grandfather",
        {"card": {"silver": "argent"}},
    )
    assert told(buy(shop, "2024-03-31", 2000, recorded="2024-04-02")) == [("argent", "gold", "late")]


def test_a_refund_is_looked_at_by_the_rules_of_the_decision_that_it_puts_in_question() -> None:
    shop = opened(3000)
    shop.people[MEMBER].purchases[0].external_id = "P"
    shop.publish(
        rules(("argent", spend(8000)), gold(9000)), at("2024-03-10"), "grandfather", {"card": {"silver": "argent"}}
    )
    shop.refund("P", at("2024-03-11"), 500)
    assert told(shop.recalculate(at("2024-04-01"))) == [("gold", "argent", "refund")]  # silver by 1000, in its new name


def test_a_refund_is_looked_at_through_a_publish_that_only_renamed_the_tier() -> None:
    shop = opened(1000)
    shop.people[MEMBER].purchases[0].external_id = "P"
    shop.refund("P", at("2024-03-09"), 1)
    shop.publish(rules(("argent", spend(1)), gold(3000)), at("2024-03-10"), "now", {"card": {"silver": "argent"}})
    assert told(shop.recalculate(at("2024-04-01"))) == [("argent", "base", "refund")]


def test_a_new_ladder_begins_at_its_base_and_an_ended_one_is_evaluated_no_more() -> None:
    shop = opened(3000)
    two = rules(silver(1000), gold(3000))
    two["ladders"].append(ladder_json("club", [tier_json("in", 0), tier_json("out", 1, spend(1, MONTH))], POLICY))
    assert shop.publish(two, at("2024-01-20"), "grandfather") == []
    assert shop.tier(MEMBER, "club") == "in"
    assert told(buy(shop, "2024-01-21", 1)) == [("in", "out", "upgrade")]
    two["ladders"] = two["ladders"][1:]
    assert shop.publish(two, at("2024-01-22"), "now", {"card": None}) == []
    assert buy(shop, "2024-01-23", 90000) == []
    assert list(shop.ladders) == ["club"]


# Roll-backs


def test_a_roll_back_gives_back_what_the_versions_since_had_moved() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(2000), gold(6000)), at("2024-03-10"), "now")
    shop.publish(rules(silver(4000), gold(6000)), at("2024-03-11"), "now")
    assert shop.tier(MEMBER, "card") == "base"
    assert told(shop.roll_back(1, at("2024-03-12"))) == [("base", "gold", "programme_change")]
    assert held(shop) == GOLD_SINCE_JANUARY
    assert shop.roll_back(1, at("2024-03-13")) == [
        made for made in shop.decisions if made.effective_at == at("2024-03-13")
    ]


def test_a_roll_back_leaves_what_was_decided_since() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(2000), gold(6000)), at("2024-03-10"), "now")
    assert told(buy(shop, "2024-03-11", 3000)) == [("silver", "gold", "upgrade")]
    assert shop.roll_back(1, at("2024-03-12")) == []
    assert held(shop) == ("gold", date(2024, 3, 11), date(2025, 3, 10))


def test_a_roll_back_to_the_version_between_takes_back_the_last_step_only() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(2000), gold(6000)), at("2024-03-10"), "now")
    shop.publish(rules(silver(4000), gold(6000)), at("2024-03-11"), "now")
    assert told(shop.roll_back(2, at("2024-03-12"))) == [("base", "silver", "programme_change")]
    assert held(shop) == ("silver", MARCH, date(2025, 3, 9))


def test_a_roll_back_of_names_and_of_tiers_that_it_does_not_know() -> None:
    shop = opened(2500)
    renamed = rules(("argent", spend(1000)), ("pearl", spend(2000)), gold(3000))
    shop.publish(renamed, at("2024-03-10"), "grandfather", {"card": {"silver": "argent"}})
    assert told(buy(shop, "2024-03-11", 1)) == [("argent", "pearl", "upgrade")]
    # pearl is nothing that the first version has: the next lower is argent, which was silver.
    assert told(shop.roll_back(1, at("2024-03-12"))) == [("pearl", "silver", "programme_change")]
    assert held(shop) == ("silver", date(2024, 3, 11), date(2025, 3, 10))


def test_nobody_is_moved_by_the_rules_that_a_roll_back_brings() -> None:
    shop = opened(3000)
    shop.publish(rules(silver(1000), gold(9000)), at("2024-03-10"), "grandfather")
    buy(shop, "2024-03-11", 1)
    assert shop.roll_back(1, at("2024-03-12")) == []
    assert told(buy(shop, "2024-03-13", 1)) == []
