"""New rules for a pharmacy and a courier with FoodMart's members: each transition member by member against tiers
that are counted here from the tickets alone, and every roll-back gives everybody back what was held before.

Every tenth member; FOODMART_WHOLE=1: all of them.
"""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from foodmart.supermarket import TODAY, Held, Json, Supermarket, spent, tier, tier_of
from foodmart.test_foodmart import DATA, NewChain
from support.drift import drift

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"FoodMart's data is not at {DATA.name}: ../shared is missing"
)
# A tenth of the courier's thresholds, and a twentieth of the pharmacy's.
COURIER = [("regular", 0), ("silver", 5000), ("gold", 10_000), ("platinum", 30_000)]
NEW_COURIER = [("regular", 0), ("silver", 4000), ("pearl", 8000), ("or", 12_000)]
HOLDERS = {"card": {"gold": "or", "platinum": "or"}}
YEAR_END = date(1998, 12, 31)


def spend(gte: int) -> Json:
    return {"metric": "spend", "window": {"type": "lifetime"}, "gte": gte}


def with_thresholds(rules: Json, **gte: int) -> Json:
    for code, amount in gte.items():
        tier(rules, "card", code)["qualify"] = spend(amount)
    return rules


def restructured(rules: Json) -> Json:
    """The courier's card as NEW_COURIER has it: one tier between, one with another name, one dropped."""
    with_thresholds(rules, silver=4000, gold=12_000)
    tier(rules, "card", "gold")["code"] = "or"
    card = rules["ladders"][0]
    regular, silver, renamed, _ = card["tiers"]
    pearl = silver | {"code": "pearl", "names": {"en": "Pearl", "zh-CN": "珍珠卡"}, "qualify": spend(8000)}
    card["tiers"] = [one | {"rank": rank} for rank, one in enumerate([regular, silver, pearl, renamed])]
    return rules


def since(code: str, day: date = TODAY) -> Held:
    return (code, None, None) if code == "regular" else (code, day, None)


def after_move(before: dict[str, Held], to: dict[str, str], names: Json | None = None) -> dict[str, Held]:
    """Who has another tier than the one held, whatever that is called now, has it since today."""
    found = {}
    for number, (code, began, until) in before.items():
        now = (names or {}).get(code, code)
        found[number] = (now, began, until) if to[number] == now else since(to[number])
    return found


def different(found: dict[str, Held], expected: dict[str, Held]) -> dict[str, Any]:
    assert found.keys() == expected.keys()
    return {number: (found[number], expected[number]) for number in found if found[number] != expected[number]}


async def test_a_couriers_tiers_come_go_and_change_names_and_a_simulation_said_so(
    new_chain: NewChain, drain: Any
) -> None:
    shop = await Supermarket.opened(new_chain, drain, "courier", "0.1")
    amounts = spent()
    before = await shop.held("card")
    assert different(before, {n: since(tier_of(amount, COURIER)) for n, amount in amounts.items()}) == {}
    new = restructured(await shop.rules())
    result, moves = await shop.simulated(new, "now", HOLDERS)

    await shop.publish(new, "now", HOLDERS)
    to = {number: tier_of(amount, NEW_COURIER) for number, amount in amounts.items()}
    held = await shop.held("card")
    # What was platinum is dropped: who goes on as `or` keeps its day.
    assert different(held, after_move(before, to, HOLDERS["card"])) == {}
    changed = {("card", n): (before[n][0], held[n][0]) for n in held if before[n][0] != held[n][0]}
    assert moves == changed
    matrix = {(one["from"], one["to"]): one["members"] for one in result["moves"] if one["ladder"] == "card"}
    assert matrix == Counter((before[n][0], held[n][0]) for n in held)
    assert {"gold", "platinum"} <= {code for code, _ in changed.values()}

    await shop.roll_back()
    assert different(await shop.held("card"), before) == {}
    lowered = next(n for n in held if (before[n][0], held[n][0]) == ("gold", "pearl"))
    assert (await shop.history(lowered))[:2] == [
        ("programme", "programme_change", "pearl", "gold"),
        ("programme", "programme_change", "gold", "pearl"),
    ]
    assert await drift(shop.chain) == []


async def test_a_couriers_upward_step_and_one_at_the_next_purchase(new_chain: NewChain, drain: Any) -> None:
    shop = await Supermarket.opened(new_chain, drain, "courier", "0.1")
    amounts = spent()
    before = await shop.held("card")
    steps = [("regular", 0), ("silver", 7000), ("gold", 8000), ("platinum", 30_000)]
    ranks = [code for code, _ in steps]
    new = with_thresholds(await shop.rules(), silver=7000, gold=8000)
    target = {number: tier_of(amount, steps) for number, amount in amounts.items()}
    higher = {n: max(target[n], before[n][0], key=ranks.index) for n in target}
    _, moves = await shop.simulated(new, "up_only")

    await shop.publish(new, "up_only")
    assert different(await shop.held("card"), after_move(before, higher)) == {}
    assert moves == {("card", n): (before[n][0], to) for n, to in higher.items() if to != before[n][0]}
    assert {before[n][0] for n in higher if target[n] != higher[n]} == {"silver"}  # kept, though it is dearer now
    await shop.roll_back()
    assert different(await shop.held("card"), before) == {}

    await shop.publish(new, "next_purchase")
    assert different(await shop.held("card"), before) == {}
    members, branch = await shop.members(), shop.chain.branch_id
    buyers = [n for n in amounts if target[n] != before[n][0]][:6] + [n for n in amounts if amounts[n] == 0][:2]
    for number in buyers:
        body = {"member_id": members[number], "branch_id": branch, "external_id": number, "amount": 100}
        answer = await shop.chain.http.post("/v1/purchases", json=body | {"external_amounts": True})
        assert answer.status_code == 201, answer.text
    bought = {n: tier_of(amounts[n] + 100, steps) if n in buyers else before[n][0] for n in amounts}
    assert different(await shop.held("card"), after_move(before, bought)) == {}
    assert (await shop.history(buyers[0]))[0][:2] == ("purchase", "programme_change")
    await shop.roll_back()
    assert different(await shop.held("card"), before) == {}


async def test_a_pharmacys_next_schedule_and_the_validities_of_those_who_keep_their_tier(
    new_chain: NewChain, drain: Any
) -> None:
    shop = await Supermarket.opened(new_chain, drain, "pharmacy", "0.05")
    lifetime, year = spent(), spent(since=date(1997, 1, 2))  # a year of months back from 1 January 1998
    tiers = [("regular", 0), ("advanced", 5000), ("platinum", 25_000), ("diamond", 75_000)]
    of_a_year = [("regular", 0), ("advanced", 3000), ("platinum", 15_000), ("diamond", 40_000)]
    ranks = [code for code, _ in tiers]
    before, classes = await shop.held("card"), await shop.held("class")
    best = {n: max(tier_of(lifetime[n], tiers), tier_of(year[n], of_a_year), key=ranks.index) for n in lifetime}
    assert different(before, {n: until_year_end(code) for n, code in best.items()}) == {}
    steps = [("regular", 0), ("advanced", 6000), ("platinum", 12_000), ("diamond", 75_000)]
    new = with_thresholds(await shop.rules(), advanced=6000, platinum=12_000, diamond=75_000)

    await shop.publish(new, "next_schedule")
    assert different(await shop.held("card"), before) == {}
    await shop.night(date(1998, 1, 2))
    held = await shop.held("card")
    expected = {
        n: (to, held_since, until) if to == code else until_year_end(to, date(1998, 1, 2), date(1999, 1, 1))
        for n, (code, held_since, until) in before.items()
        for to in [tier_of(lifetime[n], steps)]
    }
    assert different(held, expected) == {}
    assert {"regular", "advanced", "platinum"} <= {one[0] for one in held.values()}
    assert different(await shop.held("class"), classes) == {}  # decides when January is over
    await shop.roll_back()
    assert different(await shop.held("card"), before) == {}
    assert different(await shop.held("class"), classes) == {}

    await shop.publish(new, "grandfather")
    assert different(await shop.held("card"), before) == {}
    # Who has earned more rises in the first night; the others keep theirs to the end of the year.
    reached = {n: tier_of(amount, steps) for n, amount in lifetime.items()}
    await shop.night(YEAR_END)
    risen = {
        n: until_year_end(reached[n], YEAR_END, date(1999, 12, 30))
        for n, (code, _, _) in before.items()
        if ranks.index(reached[n]) > ranks.index(code)
    }
    assert different(await shop.held("card"), before | risen) == {}
    await shop.night(date(1999, 1, 1))
    ended = {n: at_the_end(one, reached[n], ranks) for n, one in before.items()}
    assert different(await shop.held("card"), ended | risen) == {}
    assert Counter(one[0] for one in ended.values()) != Counter(one[0] for one in before.values())


def until_year_end(code: str, day: date = TODAY, until: date = YEAR_END) -> Held:
    return (code, None, None) if code == "regular" else (code, day, until)


def at_the_end(held: Held, reached: str, ranks: list[str]) -> Held:
    """When its validity is over a tier that is still earned is renewed; else one rank is lost."""
    code, began, _ = held
    if code in ("regular", reached):
        return (code, began, None if code == "regular" else date(1999, 12, 31))
    return until_year_end(ranks[ranks.index(code) - 1], date(1999, 1, 1), date(1999, 12, 31))
