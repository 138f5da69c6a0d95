"""A batch writes what its sales would have written one by one, in a few statements."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from benchmarks.round_trips import counted
from purchases import purse
from support.chains import Chain
from support.clock import owner
from support.drift import drift
from support.proof import unproved

from saas.scope import connection
from tenants.purchases import batch, together
from tenants.purchases.bodies import PurchaseBody

Json = dict[str, Any]
SPEND = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 5_000}
TABLES = {
    "purchase": "seq, amount, uncounted, list_amount, lines, tenders, pricing, sold_by, source, local_day, actor",
    "member_total": "spend, purchases, max_purchase, last_day",
    "member_month": "month, spend, purchases, max_purchase",
    "member_day": "day, spend, purchases, max_purchase",
    "member_number": "seq",
    "measure_day": "measure, day, total, facts, valued, most",
    "measure_month": "measure, month, total, facts, valued, most",
    "points_account": "open, debt",
    "points_entry": "seq, kind, points, balance, day, branch_id, reason, actor",
    "points_lot": 'points, "left", day, spendable_from, expires_on',
    "member_tier": "ladder, tier, rank, reason, since, valid_from, valid_until, fell_on, locked_until, may_rise",
    "decision": "ladder, seq, reason, from_tier, to_tier, from_rank, to_rank, day, since, valid_from, valid_until,"
    " facts, cause, before IS NULL AS unkept",
    "event_new": "type, data",
}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*([+-]\d\d:?\d\d|Z)?")
_NUMBER = re.compile(r"(one by one|at once) ")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers of the sales that a batch didn't write together."""
    found: list[str] = []
    record = batch._one

    async def noted(item: PurchaseBody) -> Any:
        found.append(item.external_id)
        return await record(item)

    monkeypatch.setattr(batch, "_one", noted)
    return found


def _plain(value: Any) -> str:
    """Without what differs between two sales that are alike."""
    return _NUMBER.sub("", _TIME.sub("<time>", _UUID.sub("<id>", repr(value))))


async def _written(chain: Chain, who: str) -> dict[str, list[str]]:
    conn = await owner()
    return {
        table: sorted(
            _plain(dict(row))
            for row in await conn.fetch(
                f"SELECT {columns} FROM {table} WHERE tenant_id = $1 AND member_id = $2", chain.tenant_id, UUID(who)
            )
        )
        for table, columns in TABLES.items()
    }


def _sales(chain: Chain, who: list[str], phones: list[str], run: str) -> list[Json]:
    """Several for some, with tiers that rise between them; refused ones, a guest's, one of some time ago."""
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    lines = [{"category": "tea", "amount": 900}, {"amount": 2_100, "quantity": "1.5"}]
    given: list[Json] = [
        {"member_id": who[0], "amount": 4_000},
        {"member_id": who[1], "lines": lines, "tenders": [{"type": "cash", "amount": 2_850}], "sold_by": "Li"},
        {"phone": phones[2], "amount": 6_000},
        {"member_id": who[3], "amount": 7_000, "occurred_at": before},
        {"amount": 100},
        {"member_id": who[0], "amount": 4_000},
        {"member_id": who[1], "lines": lines, "tenders": [{"type": "cash", "amount": 1}]},
        {"member_id": who[0], "amount": 4_000},
        {"member_id": who[2], "amount": 0},
        {"member_id": who[3], "amount": 7_000, "external_amounts": True},
        {"member_id": who[4], "amount": 1_000, "points_to_redeem": 10},
        {"member_id": who[4], "amount": 1_000},
        {"member_id": who[1], "lines": lines, "occurred_at": before},
        {"phone": "13800009999", "amount": 100},
        {"member_id": who[2], "amount": 800},
        {"member_id": who[3], "amount": 900},
    ]
    return [{"branch_id": chain.branch_id, "external_id": f"{run} {n}", **sale} for n, sale in enumerate(given)]


async def _people(chain: Chain, first: int) -> tuple[list[str], list[str]]:
    phones = [f"1380000{first + n:04d}" for n in range(5)]
    who = [await purse.holder(chain, phone=phone, joined_on="2024-03-01") for phone in phones]
    await purse.points(chain, who[4], 50)
    return who, phones


async def test_a_batch_writes_what_single_sales_write(chain: Chain, alone: list[str]) -> None:
    lazy = purse.ladder([], [], code="lazy", qualify=SPEND)
    lazy["policy"] = {**lazy["policy"], "upgrade": "scheduled", "validity": {"type": "until_next_schedule"}}
    steps = [purse.discount("5")], [purse.discount("10"), purse.times("2")]
    await purse.rules(chain, purse.ladder(*steps, qualify=SPEND), lazy, points=purse.EARN)
    (singles, phones), (many, others) = await _people(chain, 100), await _people(chain, 200)
    answers = []
    for sale in _sales(chain, singles, phones, "one by one"):
        answer = await chain.http.post("/v1/purchases", json=sale)
        told = answer.json()
        answers.append({"status": answer.status_code, **(told if answer.is_success else {"error": told})})
    batched = await chain.http.post("/v1/purchases:batch", json={"items": _sales(chain, many, others, "at once")})
    assert [_plain(one) for one in batched.json()["data"]] == [_plain(one) for one in answers]
    assert sorted(int(number.split()[-1]) for number in alone) == [4, 6, 10, 13]
    for one, other in zip(singles, many, strict=True):
        first, second = await _written(chain, one), await _written(chain, other)
        assert second == first
    assert await drift(chain) == []
    assert await unproved(chain.tenant_id) == []


async def test_a_batch_takes_as_many_round_trips_however_many_it_brings(chain: Chain, alone: list[str]) -> None:
    await purse.rules(chain, purse.ladder([], [], qualify=SPEND), points=purse.EARN)
    people = [{"phone": f"138000{n:05d}"} for n in range(40)]
    made = (await chain.http.post("/v1/members:batch", json={"items": people})).json()["data"]
    who = [one["id"] for one in made]
    trips = []
    async with counted() as counter:
        await purse.bought(chain, amount=100)  # settles what a chain's first sale settles
        for some in (who[:5], who[:5], who[5:]):
            items = [purse.basket(chain, member_id=one, amount=1_000) for one in some]
            counter.reset()
            answer = await chain.http.post("/v1/purchases:batch", json={"items": items})
            assert {one["status"] for one in answer.json()["data"]} == {201}
            trips.append(counter.count)
            assert alone == []
    assert trips[2] == trips[1]  # the first prepared them


async def test_a_number_that_somebody_takes_meanwhile_undoes_nothing_else(
    chain: Chain, alone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had been taken behind the look at the numbers."""
    await purse.rules(chain, points=purse.EARN)
    who = [await purse.holder(chain) for _ in range(4)]
    items = [purse.basket(chain, member_id=one, amount=1_000) for one in who]
    first = (await chain.http.post("/v1/purchases", json=items[1])).json()

    async def none(_: Any) -> set[int]:
        return set()

    monkeypatch.setattr(batch, "_known", none)
    answer = (await chain.http.post("/v1/purchases:batch", json={"items": items})).json()["data"]
    assert [one["status"] for one in answer] == [201, 200, 201, 201]
    assert answer[1]["id"] == first["id"]
    assert len(alone) == 4
    assert await drift(chain) == []
    assert await unproved(chain.tenant_id) == []


@pytest.mark.parametrize("template", ["courier", "general", "gym", "pharmacy", "tea"])
async def test_every_template_takes_batches(new_chain: Callable[..., Awaitable[Chain]], template: str) -> None:
    """Also where no ladder rises at once, and nothing is decided at a sale."""
    chain = await new_chain(template=template)
    who = [await purse.holder(chain, birthday="1990-05-06") for _ in range(3)]
    items = [purse.basket(chain, member_id=one, amount=99_000) for one in who]
    answer = await chain.http.post("/v1/purchases:batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    assert [one["status"] for one in answer.json()["data"]] == [201] * 3
    assert await unproved(chain.tenant_id) == []


async def test_many_are_planned_for_and_what_comes_after_them_is_not(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[str] = []
    record, write = batch._one, together._write

    async def mode(then: Any, *given: Any) -> Any:
        modes.append(await connection().fetchval("SHOW plan_cache_mode"))
        return await then(*given)

    monkeypatch.setattr(batch, "_one", partial(mode, record))
    monkeypatch.setattr(together, "_write", partial(mode, write))
    monkeypatch.setattr(together, "_MANY", 3)
    who = [await purse.holder(chain) for _ in range(3)]
    many = [purse.basket(chain, member_id=one, amount=1_000) for one in who]
    await chain.http.post("/v1/purchases:batch", json={"items": many[:2]})
    stranger = purse.basket(chain, phone="13800009999", amount=100)  # whoever that is: comes after those before
    many = [purse.basket(chain, member_id=one, amount=1_000) for one in who]
    answer = await chain.http.post("/v1/purchases:batch", json={"items": [*many, stranger]})
    assert [one["status"] for one in answer.json()["data"]][:3] == [201] * 3
    assert modes[-2:] == ["force_custom_plan", "auto"]
