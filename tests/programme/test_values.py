"""Each metric over each window, from the database: which days count is written by hand, what they come to is summed."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from books import Json, Member, leaf_of, programme, reckoned, shop, values_of, write

from tenants.programme.compiler import Ids
from tenants.programme.conditions import leaf_key

# Facts lie on both sides of every edge that the windows below have at D = 29 February 2028.
DAYS = {
    letter: date.fromisoformat(day)
    for letter, day in {
        "a": "2024-02-29",  # joined
        "b": "2026-12-31",
        "c": "2027-01-01",
        "d": "2027-02-27",
        "e": "2027-02-28",  # the third anniversary
        "f": "2027-03-01",
        "g": "2027-06-09",
        "h": "2027-06-10",  # fell
        "i": "2027-11-29",
        "j": "2027-11-30",  # rose
        "k": "2027-12-14",
        "l": "2027-12-15",  # renewed
        "m": "2027-12-31",
        "n": "2028-01-01",
        "o": "2028-01-31",
        "p": "2028-02-01",
        "q": "2028-02-28",
        "r": "2028-02-29",  # the fourth anniversary
        "s": "2028-03-01",
    }.items()
}
LEAP = date(2028, 2, 29)
NEW_YEARS_EVE = date(2027, 12, 31)
MONTHS: Json = {"type": "months", "months": 12}
SCHEDULED: Json = {"type": "until_next_schedule"}


def window(kind: str, **fields: Any) -> Json:
    return {"type": kind, **fields}


# the window, D, and the days that count
WINDOWS: list[tuple[Json, date, str]] = [
    (window("lifetime"), LEAP, "hijklmnopqr"),
    (window("lifetime"), NEW_YEARS_EVE, "hijklm"),
    (window("lifetime"), date(2027, 12, 30), "hijkl"),
    (window("lifetime"), date(2028, 3, 31), "hijklmnopqrs"),
    (window("calendar_month"), LEAP, "pqr"),
    (window("calendar_month"), date(2028, 2, 28), "pq"),
    (window("calendar_month", offset=-1), LEAP, "no"),
    (window("calendar_month", offset=-2), LEAP, "klm"),
    (window("calendar_quarter"), LEAP, "nopqr"),
    (window("calendar_quarter", offset=-1), LEAP, "ijklm"),
    (window("calendar_year"), LEAP, "nopqr"),
    (window("calendar_year"), NEW_YEARS_EVE, "cdefghijklm"),
    (window("calendar_year", offset=-1), LEAP, "cdefghijklm"),
    (window("rolling_days", days=1), LEAP, "r"),
    (window("rolling_days", days=2), LEAP, "qr"),
    (window("rolling_days", days=30), LEAP, "opqr"),
    (window("rolling_days", days=365), LEAP, "ghijklmnopqr"),
    (window("rolling_days", days=366), LEAP, "fghijklmnopqr"),
    (window("rolling_days", days=367), LEAP, "efghijklmnopqr"),
    (window("rolling_months", months=1), LEAP, "opqr"),
    (window("rolling_months", months=2), LEAP, "mnopqr"),
    (window("rolling_months", months=12), LEAP, "fghijklmnopqr"),
    (window("rolling_months", months=12), date(2028, 2, 28), "fghijklmnopq"),
    (window("rolling_months", months=12), date(2028, 2, 27), "efghijklmnop"),
    (window("membership_year"), LEAP, "r"),
    (window("membership_year"), date(2028, 2, 28), "efghijklmnopq"),
    (window("membership_year", offset=-1), LEAP, "efghijklmnopq"),
    (window("membership_year", offset=-2), LEAP, "bcd"),
    (window("membership_year", offset=-4), LEAP, "a"),
    (window("membership_year", offset=-5), LEAP, ""),
    (window("between", **{"from": "2027-06-10", "to": "2027-12-14"}), LEAP, "hijk"),
    (window("between", **{"from": "2027-12-01", "to": "2027-12-31"}), LEAP, "klm"),
    (window("between", **{"from": "2028-02-01", "to": "2029-01-31"}), LEAP, "pqr"),
    (window("between", **{"from": "2028-03-01", "to": "2029-01-31"}), LEAP, ""),
    (window("since_tier_start"), LEAP, "jklmnopqr"),
    (window("current_validity"), LEAP, "lmnopqr"),
    (window("current_validity"), NEW_YEARS_EVE, "lm"),
]
LEAVES: list[Json] = [
    {"metric": "spend"},
    {"metric": "spend", "category": "tea"},
    {"metric": "spend", "category": "'; DROP TABLE member; --"},
    {"metric": "purchases"},
    {"metric": "purchases", "category": "tea"},
    {"metric": "max_purchase"},
    {"metric": "activities"},
    {"metric": "activities", "kind": "class"},
    {"metric": "rating", "gte": "1"},
    {"metric": "rating", "kind": "review", "gte": "1"},
    {"metric": "referrals"},
    {"metric": "top_ups"},
    {"metric": "max_top_up"},
    {"metric": "points_earned"},
    {"metric": "branches"},
]
BRANCHES = [str(UUID(int=n)) for n in range(4)]


def regular() -> Member:
    """Does everything on each of the days; the n-th day's amounts are 2ⁿ, so that a sum tells its days."""
    member = Member(DAYS["a"], since=DAYS["j"], valid_from=DAYS["l"], fell_on=DAYS["h"])
    for n, day in enumerate(DAYS.values()):
        rating = None if n % 3 == 2 else Decimal(n) / 8
        kind = "class" if n % 2 else "review"
        member.facts += [
            (day, "purchase", 2**n),
            (day, "category:tea" if n % 4 else "category:'; DROP TABLE member; --", 3 * 2**n),
            (day, f"branch:{BRANCHES[n % 4]}", 2**n),
            (day, "activity", rating),
            (day, f"activity:{kind}", rating),
            (day, "top_up", 5 * 2 ** (18 - n)),  # the largest is the earliest
            (day, "points", 7 * 2**n),
        ]
        member.facts += [(day, "referral", 0)] * (n % 3)
    return member


def base_member() -> Member:
    """The same history in the base tier, without a fall."""
    return Member(DAYS["a"], facts=list(regular().facts))


@pytest.fixture(scope="module")
async def book(database: None) -> tuple[UUID, list[Member]]:
    tenant_id = await shop()
    members = [regular(), base_member(), Member(date(2028, 3, 5))]
    await write(tenant_id, *members)
    return tenant_id, members


def exact(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def same(found: Any, expected: int | Fraction | None) -> bool:
    """Equal; a mean up to the twenty places that it is divided to."""
    if found is None or expected is None:
        return found is expected
    return abs(Fraction(found) - expected) < Fraction(1, 10**19)


@pytest.mark.parametrize(("span", "day", "counted"), WINDOWS, ids=str)
@pytest.mark.parametrize("ids", list(Ids))
async def test_every_metric_counts_the_windows_days(
    ids: Ids, span: Json, day: date, counted: str, book: tuple[UUID, list[Member]]
) -> None:
    tenant_id, (member, base, newcomer) = book
    leaves = [{"gte": 1, **leaf, "window": span} for leaf in LEAVES]
    rules = programme(*leaves, validity=MONTHS)
    found = await values_of(tenant_id, rules, leaves, day, ids, [member, base, newcomer], retain=False)
    chosen = {DAYS[letter] for letter in counted}
    within = Member(member.joined_on, [fact for fact in member.facts if fact[0] in chosen])
    for leaf, value, nothing in zip(leaves, found[member.id], found[newcomer.id], strict=True):
        expected = reckoned(leaf, within, date.min, date.max)
        assert same(value, expected), (leaf_key(leaf_of(leaf)), value, expected)
        assert nothing == (None if leaf["metric"] == "rating" else 0)


IN_BASE: list[tuple[Json, date, str]] = [
    (window("lifetime"), LEAP, "abcdefghijklmnopqr"),
    (window("lifetime"), date(2027, 2, 27), "abcd"),
    (window("lifetime"), date(2024, 2, 28), ""),
    (window("since_tier_start"), LEAP, "abcdefghijklmnopqr"),
    (window("current_validity"), LEAP, "abcdefghijklmnopqr"),
]


@pytest.mark.parametrize(("span", "day", "counted"), IN_BASE, ids=str)
@pytest.mark.parametrize("ids", list(Ids))
async def test_who_never_fell_counts_from_the_beginning(
    ids: Ids, span: Json, day: date, counted: str, book: tuple[UUID, list[Member]]
) -> None:
    tenant_id, (member, base, _) = book
    leaves = [{"gte": 1, **leaf, "window": span} for leaf in LEAVES]
    found = await values_of(tenant_id, programme(*leaves), leaves, day, ids, [member, base], retain=False)
    chosen = {DAYS[letter] for letter in counted}
    within = Member(base.joined_on, [fact for fact in base.facts if fact[0] in chosen])
    for leaf, value in zip(leaves, found[base.id], strict=True):
        assert same(value, reckoned(leaf, within, date.min, date.max)), leaf


@pytest.mark.parametrize("day", [LEAP, NEW_YEARS_EVE, date(2027, 2, 27)])
async def test_a_retain_knows_no_falls(day: date, book: tuple[UUID, list[Member]]) -> None:
    tenant_id, (member, _, _) = book
    leaves = [{"gte": 1, **leaf, "window": window("lifetime")} for leaf in LEAVES]
    rules = programme(*leaves, retain=True)
    found = await values_of(tenant_id, rules, leaves, day, Ids.ONE, [member], retain=True)
    for leaf, value in zip(leaves, found[member.id], strict=True):
        assert same(value, reckoned(leaf, member, date.min, day)), leaf


@pytest.mark.parametrize(("day", "counted"), [(LEAP, "pqr"), (NEW_YEARS_EVE, "klm"), (date(2028, 2, 1), "p")])
async def test_a_validity_until_the_next_schedule_began_with_the_last(
    day: date, counted: str, book: tuple[UUID, list[Member]]
) -> None:
    tenant_id, (member, _, _) = book
    leaves = [{"gte": 1, **leaf, "window": window("current_validity")} for leaf in LEAVES]
    rules = programme(*leaves, validity=SCHEDULED)
    found = await values_of(tenant_id, rules, leaves, day, Ids.ONE, [member], retain=False)
    chosen = {DAYS[letter] for letter in counted}
    within = Member(member.joined_on, [fact for fact in member.facts if fact[0] in chosen])
    for leaf, value in zip(leaves, found[member.id], strict=True):
        assert same(value, reckoned(leaf, within, date.min, date.max)), leaf
