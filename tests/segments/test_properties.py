"""Each property at its edges, against members made by hand."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from people import D, Person, chosen, rules, write
from programme.books import Json, shop

LONG_AGO = date(2020, 1, 1)


def born(text: str) -> Person:
    return Person(LONG_AGO, birthday=date.fromisoformat(text))


PEOPLE: dict[str, Person] = {
    "nobody": Person(LONG_AGO),
    "gold": Person(LONG_AGO, tiers={"card": ("card2", 2), "class": ("class1", 1)}),
    "top": Person(LONG_AGO, tiers={"card": ("card3", 3)}),
    "fallen": Person(LONG_AGO, tiers={"card": ("card0", 0)}),
    "north": Person(LONG_AGO, branch="north", source="till", kind="company"),
    "south": Person(LONG_AGO, branch="south", source="import"),
    "vip": Person(LONG_AGO, tags=("VIP", "孕期"), consents=("sms", "health")),
    "vipp": Person(LONG_AGO, tags=("VIPP",), consents=("email",)),
    "skin": Person(LONG_AGO, attributes={"text": "café", "choice": "dry", "boolean": True}),
    "car": Person(LONG_AGO, attributes={"number": Decimal("10000.0001"), "date": date(2027, 3, 1), "boolean": False}),
    "leap": born("2004-02-29"),
    "today": born("2009-02-28"),
    "tomorrow": born("2009-03-01"),
    "yesterday": born("2009-02-27"),
    "december": born("2000-12-31"),
    "left": Person(LONG_AGO, status="closed", tags=("VIP",), birthday=date(2004, 2, 29)),
}


@pytest.fixture(scope="module")
async def place(database: None) -> UUID:
    tenant_id = await shop()
    await write(tenant_id, *PEOPLE.values())
    return tenant_id


def prop(name: str, *among: object, **fields: object) -> Json:
    return {"property": name, **({"in": list(among)} if among else {}), **fields}


CASES: list[tuple[Json, str]] = [
    (prop("tier", "card2"), "gold"),
    (prop("tier", "card0"), "nobody fallen north south vip vipp skin car leap today tomorrow yesterday december"),
    (prop("tier", "class1", ladder="class"), "gold"),
    (prop("tier", gte=2), "gold top"),
    (prop("tier", gte=2, lt=3), "gold"),
    (prop("tier", ladder="class", gte=1), "gold"),
    (prop("ranks_to_next", lt=1), "top"),
    (prop("ranks_to_next", gte=1, lt=2), "gold"),
    (prop("ranks_to_next", ladder="class", lt=1), "gold"),
    (prop("branch", "north"), "north"),
    (prop("branch", "north", "south", "main"), "north south"),
    (prop("branch", "nowhere"), ""),
    (prop("tag", "VIP"), "vip"),
    (prop("tag", "ＶＩＰ"), "vip"),
    (prop("tag", "vip"), ""),
    (prop("tag", "孕期", "VIPP"), "vip vipp"),
    (prop("tag", "' OR true --"), ""),
    (prop("consent", "sms"), "vip"),
    (prop("consent", "sms", "email"), "vip vipp"),
    (prop("consent", "push"), ""),
    (prop("attribute", "café", code="text"), "skin"),
    (prop("attribute", "cafe\u0301", code="text"), "skin"),
    (prop("attribute", "caf", code="text"), ""),
    (prop("attribute", "dry", "oily", code="choice"), "skin"),
    (prop("attribute", True, code="boolean"), "skin"),
    (prop("attribute", True, False, code="boolean"), "skin car"),
    (prop("attribute", code="number", gte="10000.0001"), "car"),
    (prop("attribute", code="number", gte="10000.0002"), ""),
    (prop("attribute", code="number", lt="10000.0001"), ""),
    (prop("attribute", code="date", gte="2027-03-01"), "car"),
    (prop("attribute", code="date", lt="2027-03-01"), ""),
    (prop("birthday_month", 2), "leap today yesterday"),
    (prop("birthday_month", "this"), "leap today yesterday"),
    (prop("birthday_month", "next", 12), "tomorrow december"),
    (prop("birthday_in_days", lt=1), "leap today"),
    (prop("birthday_in_days", gte=1, lt=2), "tomorrow"),
    (prop("birthday_in_days", gte=364), "yesterday"),
    (prop("birthday_in_days", gte=365), ""),
    (prop("age", gte=18), "today yesterday leap december"),
    (prop("age", lt=18), "tomorrow"),
    (prop("age", gte=23, lt=24), "leap"),
    (prop("age", gte=26, lt=27), "december"),
    (prop("kind", "company"), "north"),
    (prop("source", "till", "import"), "north south"),
    ({"not": prop("birthday_in_days", lt=400)}, "nobody gold top fallen north south vip vipp skin car"),
    ({"not": {"not": prop("attribute", False, code="boolean")}}, "car"),
    ({"all": [{"not": prop("branch", "north")}, prop("source", "till")]}, ""),
    (
        {"any": [prop("tag", "VIP"), {"all": [prop("age", gte=18), {"not": prop("age", gte=19)}]}]},
        "vip today yesterday",
    ),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=str)
async def test_a_property_selects(condition: Json, expected: str, place: UUID) -> None:
    found = await chosen(place, list(PEOPLE.values()), condition)
    assert {name for name, one in PEOPLE.items() if one in found} == set(expected.split())


LEAPS: list[tuple[str, int]] = [
    ("2027-02-27", 1),
    ("2027-02-28", 0),
    ("2027-03-01", 365),
    ("2028-02-28", 1),
    ("2028-02-29", 0),
    ("2028-03-01", 364),
]


@pytest.mark.parametrize(("day", "away"), LEAPS)
async def test_the_29th_of_february_is_kept_on_the_28th_in_other_years(day: str, away: int, place: UUID) -> None:
    condition = prop("birthday_in_days", gte=away, lt=away + 1)
    assert PEOPLE["leap"] in await chosen(place, list(PEOPLE.values()), condition, date.fromisoformat(day))


@pytest.mark.parametrize(
    ("day", "years"), [("2027-02-27", 22), ("2027-02-28", 23), ("2028-02-28", 23), ("2028-02-29", 24)]
)
async def test_age_rises_with_the_birthday(day: str, years: int, place: UUID) -> None:
    condition = prop("age", gte=years, lt=years + 1)
    assert PEOPLE["leap"] in await chosen(place, list(PEOPLE.values()), condition, date.fromisoformat(day))


async def test_january_follows_december(place: UUID) -> None:
    found = await chosen(place, list(PEOPLE.values()), prop("birthday_month", "next"), date(2027, 1, 15))
    assert PEOPLE["leap"] in found
    assert await chosen(place, list(PEOPLE.values()), prop("birthday_month", "next"), date(2027, 12, 15)) == []


async def test_lifetime_is_the_whole_life_falls_or_not(database: None) -> None:
    tenant_id = await shop()
    fallen = Person(LONG_AGO, fell_on=D).buys(D - timedelta(days=400))
    await write(tenant_id, fallen)
    condition: Json = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 1}
    assert await chosen(tenant_id, [fallen], condition, programme=rules()) == [fallen]


async def test_facts_after_d_do_not_count_yet(database: None) -> None:
    tenant_id = await shop()
    early = Person(LONG_AGO).buys(D - timedelta(days=10), D + timedelta(days=1))
    await write(tenant_id, early)
    for condition in (
        {"metric": "days_since_purchase", "gte": 10, "lt": 11},
        {"metric": "spend", "window": {"type": "lifetime"}, "lt": 1001},
    ):
        assert await chosen(tenant_id, [early], condition) == [early]
