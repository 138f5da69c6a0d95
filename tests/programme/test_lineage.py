"""What becomes of tiers from version to version, as tables."""

from typing import Any

import pytest
from card_chains import ladder

from tenants.programme.document import Programme
from tenants.programme.lineage import backwards, descend
from tenants.programme.published import Published

Codes = tuple[str, ...]


def rules(codes: Codes, version: int = 1, *, code: str = "card") -> Programme:
    steps: list[tuple[str, int | None]] = [(each, None if rank == 0 else rank) for rank, each in enumerate(codes)]
    return Programme.parse({"version": version, "currency": "CNY", "ladders": [ladder(*steps, code=code)]})


def after(*steps: tuple[Codes, dict[str, str]]) -> Programme:
    """The last of versions that follow each other, each with its codes and its holders."""
    found = rules(steps[0][0])
    for version, (codes, named) in enumerate(steps[1:], 2):
        new = rules(codes, version)
        found = new.as_published(Published(lineage=descend(found, new, {"card": named}).lineage))
    return found


THREE = ("base", "silver", "gold")
CASES: list[tuple[list[tuple[Codes, dict[str, str]]], dict[str, str]]] = [
    ([(THREE, {})], {}),
    ([(("base", "silver", "gold", "black"), {})], {}),
    ([(("base", "argent", "gold"), {"silver": "argent"})], {"silver": "argent"}),
    ([(("base", "copper", "silver", "gold"), {})], {"silver": "silver", "gold": "gold"}),
    ([(("base", "gold", "silver"), {})], {"silver": "silver", "gold": "gold"}),
    ([(("base", "gold"), {"silver": "gold"})], {"silver": "gold", "gold": "gold"}),
    ([(("base", "gold"), {})], {"silver": "base", "gold": "gold"}),
    ([(("base", "silver"), {})], {"gold": "silver"}),
    (
        [(("base", "argent", "gold"), {"silver": "argent"}), (("base", "plata", "gold"), {"argent": "plata"})],
        {"silver": "plata", "argent": "plata"},
    ),
    # a code that is put in again means itself
    ([(("base", "gold"), {"silver": "gold"}), (THREE, {})], {"silver": "silver", "gold": "gold"}),
    ([(("plain", "silver", "gold"), {})], {"base": "plain"}),
]


@pytest.mark.parametrize(("steps", "lineage"), CASES)
def test_each_code_leads_to_what_it_is_now(steps: list[tuple[Codes, dict[str, str]]], lineage: dict[str, str]) -> None:
    found: Any = after((THREE, {}), *steps).lineage
    assert found.get("card", {}) == lineage


@pytest.mark.parametrize(
    ("now", "named", "expected"),
    [
        (("base", "argent", "gold"), {"silver": "argent"}, {"silver": "silver", "argent": "silver"}),
        (("base", "copper", "silver", "gold"), {}, {"copper": "base", "silver": "silver", "gold": "gold"}),
        (
            ("base", "argent", "pearl", "gold"),
            {"silver": "argent"},
            {"silver": "silver", "argent": "silver", "pearl": "silver", "gold": "gold"},
        ),
        (("base", "one"), {"silver": "one", "gold": "one"}, {"silver": "silver", "gold": "gold", "one": "gold"}),
    ],
)
def test_the_way_back(now: Codes, named: dict[str, str], expected: dict[str, str]) -> None:
    old = after((THREE, {}), (now, named))
    earlier = rules(THREE)
    assert descend(old, earlier, backwards(old, earlier)).lineage["card"] == expected


def test_a_ladder_that_went_is_remembered() -> None:
    club = rules(("none", "insider"), 2, code="club")
    gone = club.as_published(Published(lineage=descend(rules(THREE), club, {"card": None}).lineage))
    assert gone.lineage == {"card": {"base": "base", "silver": "silver", "gold": "gold"}}
    back = descend(gone, rules(("base", "gold"), 3), {})
    assert back.lineage["card"] == {"base": "base", "silver": "base", "gold": "gold"}
    assert back.ladders == {"card"}


def test_a_ladder_that_comes_back_leads_from_where_it_was() -> None:
    club = rules(("none", "insider"), 2, code="club")
    gone = club.as_published(Published(lineage=descend(rules(THREE), club, {"card": None}).lineage))
    back = descend(gone, rules(("base", "copper", "silver"), 3), {}, {"card": rules(THREE).main})
    assert back.lineage["card"] == {"base": "base", "silver": "silver", "gold": "silver"}
    assert back.ladders == {"card"}


def test_what_was_above_the_base_is_read_so() -> None:
    found = after((THREE, {}), (("base", "argent", "gold"), {"silver": "argent"}))
    card = found.main
    assert [found.present(card, *each) for each in (("silver", 1), ("gold", 2), ("silver", 0), ("lead", 1))] == [
        card.tiers[1],
        card.tiers[2],
        card.tiers[0],
        None,
    ]
