"""The life-cycle stages, first match, each number at its edge."""

from datetime import date, timedelta

import pytest
from people import LIFECYCLE, D, Person, chosen, rules, write
from plain_segments import stage
from programme.books import shop

STAGES = ("new", "growing", "mature", "declining", "lost")
OLD = 1000


def member(joined: int, *bought: int, amounts: tuple[int, ...] = ()) -> Person:
    """Joined so many days before D, and bought on these days before D."""
    one = Person(D - timedelta(days=joined))
    for n, ago in enumerate(bought):
        one.buys(D - timedelta(days=ago), amount=amounts[n] if amounts else 1000)
    return one


CASES: list[tuple[str, Person, str]] = [
    ("never bought, joined today", member(0), "new"),
    ("never bought in 180 days", member(180), "new"),
    ("never bought in 181 days", member(181), "lost"),
    ("joins tomorrow", member(-1), "new"),
    ("180 days without", member(OLD, 180), "declining"),
    ("181 days without", member(OLD, 181), "lost"),
    ("181 days without, joined lately", member(5, 181), "lost"),
    ("one purchase, 90 days", member(OLD, 90), "growing"),
    ("one purchase, 91 days", member(OLD, 91), "declining"),
    ("two purchases, 90 days", member(OLD, 90, 95), "growing"),
    ("two purchases have no rhythm", member(OLD, 20, 21), "new"),
    ("rhythm of 10, 15 days", member(OLD, 15, 25, 35), "growing"),
    ("rhythm of 10, 16 days", member(OLD, 16, 26, 36), "declining"),
    ("declining before new", member(5, 16, 26, 36), "declining"),
    ("median of 1 and 30 is 15.5: 23 days", member(OLD, 23, 24, 54), "growing"),
    ("median of 1 and 30 is 15.5: 24 days", member(OLD, 24, 25, 55), "declining"),
    ("a rhythm outlives 90 days", member(OLD, 120, 220, 320), "growing"),
    ("three tickets of one day have no gap", member(OLD, 90, 90, 90), "growing"),
    ("three tickets of one day, 91 days", member(OLD, 91, 91, 91), "declining"),
    ("three tickets of two days have one", member(OLD, 31, 31, 51), "declining"),
    ("tickets of a day are one visit", member(OLD, 15, 25, 25, 25, 25, 35), "growing"),
    ("joined 30 days ago", member(30, 1, 3, 5, 7, amounts=(1, 1, 1, 1)), "new"),
    ("joined 31 days ago, first bought 30 days ago", member(31, 1, 30, amounts=(1, 1)), "new"),
    ("joined and first bought 31 days ago", member(31, 1, 31, amounts=(1, 1)), "growing"),
    ("one purchase 30 days ago", member(OLD, 30), "new"),
    ("one purchase 31 days ago", member(OLD, 31), "growing"),
    ("three purchases, less than before", member(OLD, 10, 60, 110, amounts=(1, 1, 900)), "growing"),
    ("a fifth above the 90 days before", member(OLD, 0, 89, 90, 179, amounts=(60, 60, 50, 50)), "mature"),
    ("more than a fifth above", member(OLD, 0, 89, 90, 179, amounts=(60, 61, 50, 50)), "growing"),
    ("older spend counts in neither", member(OLD, 40, 89, 90, 180, amounts=(60, 60, 50, 50)), "growing"),
    ("nothing in the last 90 days", member(OLD, 100, 200, 300, 400), "mature"),
    ("nothing spent at all", member(OLD, 10, 60, 110, 160, amounts=(0, 0, 0, 0)), "mature"),
    ("something after nothing", member(OLD, 10, 300, 320, 340), "growing"),
]


@pytest.mark.parametrize(
    ("one", "expected"), [(one, name) for _, one, name in CASES], ids=[what for what, _, _ in CASES]
)
async def test_a_member_is_in_its_stage(database: None, one: Person, expected: str) -> None:
    assert stage(one, D) == expected
    tenant_id = await shop()
    await write(tenant_id, one)
    found = [name for name in STAGES if await chosen(tenant_id, [one], {"property": "stage", "in": [name]})]
    assert found == [expected]


async def test_stages_share_everybody_out(database: None) -> None:
    tenant_id, people = await shop(), [member(joined, 3, 40, 100) for joined in (1, 500)]
    people += [one for _, one, _ in CASES]
    await write(tenant_id, *people)
    for name in STAGES:
        found = await chosen(tenant_id, people, {"property": "stage", "in": [name]})
        assert found == [one for one in people if stage(one, D) == name]
    assert await chosen(tenant_id, people, {"not": {"property": "stage", "in": list(STAGES)}}) == []


async def test_the_numbers_are_the_tenants(database: None) -> None:
    tenant_id, one = await shop(), member(OLD, 40, 50, 60)
    await write(tenant_id, one)
    condition = {"property": "stage", "in": ["declining"]}
    assert await chosen(tenant_id, [one], condition, programme=rules()) == [one]
    for changes in ({"slipping_factor": "4"}, {"lost_days": 39}):
        changed = rules(lifecycle={**LIFECYCLE, **changes})
        assert await chosen(tenant_id, [one], condition, programme=changed) == []


async def test_what_was_given_back_is_no_visit(database: None) -> None:
    """Its day's row stays, without a purchase."""
    from support.clock import owner

    tenant_id, one = await shop(), member(OLD, 16, 26, 36)
    await write(tenant_id, one)
    await (await owner()).execute(
        "INSERT INTO member_day (tenant_id, member_id, day, spend, purchases, max_purchase)"
        " SELECT $1, $2, $3::date - n, 0, 0, 0 FROM generate_series(17, 25) n",
        *(tenant_id, one.id, D),
    )
    assert await chosen(tenant_id, [one], {"property": "stage", "in": ["declining"]}) == [one]
    assert await chosen(tenant_id, [one], {"property": "stage", "in": ["declining"]}, date(2027, 2, 27)) == []
