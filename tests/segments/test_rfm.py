"""RFM groups: scores by percent rank, equals alike, one grid."""

from datetime import timedelta

import pytest
from people import D, Person, chosen, rules, segment, write
from plain_segments import GROUPS, group, score
from programme.books import shop

from saas.scope import tenant_scope
from tenants.programme.compiler import Ids
from tenants.segments import rfm
from tenants.segments.compiler import selection
from tenants.segments.properties import RfmGroup


def buyer(last: int, times: int, spend: int) -> Person:
    """Bought so often, the last time so many days before D, for so much altogether."""
    one = Person(D - timedelta(days=3000)).buys(D - timedelta(days=last), amount=spend)
    return one.buys(*[D - timedelta(days=last + n) for n in range(1, times)], amount=0)


def test_the_grid_is_the_domains() -> None:
    assert {r: list(row) for r, row in rfm.GRID.items()} == GROUPS
    assert {name for row in GROUPS.values() for name in row} == set(RfmGroup.__args__)


async def groups_of(people: list[Person]) -> list[str | None]:
    tenant_id = await shop()
    await write(tenant_id, *people)
    found: dict[int, str] = {}
    for name in RfmGroup.__args__:
        for one in await chosen(tenant_id, people, {"property": "rfm_group", "in": [name]}):
            assert id(one) not in found, "in two groups"
            found[id(one)] = name
    return [found.get(id(one)) for one in people]


async def test_a_chain_without_buyers_has_no_groups(database: None) -> None:
    assert await groups_of([Person(D)]) == [None]


async def test_a_single_buyer_has_the_lowest_scores(database: None) -> None:
    assert await groups_of([Person(D), buyer(0, 9, 9000)]) == [None, "lost"]


async def test_equals_are_in_the_same_group(database: None) -> None:
    assert await groups_of([buyer(10, 2, 500) for _ in range(7)]) == ["lost"] * 7


async def test_a_scale_of_eleven(database: None) -> None:
    """Ranks 0 … 10 of ten others: a fifth begins at every second."""
    people = [buyer(100 - n, n + 1, 100 * (n + 1)) for n in range(11)]
    scores = [score(list(range(11)), n) for n in range(11)]
    assert scores == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]
    assert await groups_of(people) == [GROUPS[one][one - 1] for one in scores]


async def test_recency_frequency_and_spend_are_each_their_own(database: None) -> None:
    people = [buyer((n * 37) % 101, (n * 7) % 12 + 1, (n * 53) % 97 * 100) for n in range(120)]
    people += [Person(D), buyer(0, 12, 10**6)]
    people[-1].status = "closed"
    assert await groups_of(people) == [group(one, people, D) for one in people]
    assert len({group(one, people, D) for one in people}) == 12


async def test_what_happens_after_d_counts_for_nobody(database: None) -> None:
    people = [buyer(n * 9, n % 5 + 1, n * 100) for n in range(1, 12)]
    for n in (1, 5, 9):
        people[n].buys(D + timedelta(days=1), amount=10**6)
    people.append(Person(D).buys(D + timedelta(days=1)))
    assert await groups_of(people) == [group(one, people, D) for one in people]


async def test_the_scale_of_a_large_chain_is_kept_for_a_while(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id, people = await shop(), [buyer(n, n + 1, n) for n in range(5)]
    await write(tenant_id, *people)
    async with tenant_scope(tenant_id):
        assert await rfm.scale_at(D) is not await rfm.scale_at(D)
        monkeypatch.setattr(rfm, "KEPT_FROM", 5)
        kept = await rfm.scale_at(D)
        assert await rfm.scale_at(D) is kept
        assert await rfm.scale_at(D - timedelta(days=1)) is not kept
        monkeypatch.setattr(rfm, "monotonic", lambda: rfm._kept[tenant_id, D][0] + 1)
        assert await rfm.scale_at(D) is not kept


async def test_a_group_cannot_be_compiled_without_the_scale(database: None) -> None:
    tenant_id = await shop()
    async with tenant_scope(tenant_id):
        asked = await segment(rules(), {"property": "rfm_group", "in": ["lost"]})
    with pytest.raises(ValueError, match="scale"):
        selection(asked.condition, rules(), Ids.ONE, None)
