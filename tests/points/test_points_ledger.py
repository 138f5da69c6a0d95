"""The ledger's one statement: what it writes, and what it refuses."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.chains import Chain
from support.till import member, rows

from saas.scope import connection, tenant_scope
from tenants.points.book import Book, Fact
from tenants.points.ledger import StaleError, accrue_beside, post, read, taken
from tenants.points.lots import Account, NewLot
from tenants.programme.rules import Points

TODAY = date(2026, 11, 22)


def fact(member_id: str, **changes: Any) -> Fact:
    whole = Fact(UUID(member_id), 1, uuid4(), datetime(2026, 11, 22, 4, tzinfo=UTC), TODAY, "system")
    return replace(whole, **changes)


def lot(points: int, expires_on: date | None = None, spendable_from: date = TODAY) -> NewLot:
    return NewLot(points, points, TODAY, spendable_from, expires_on)


async def test_postings_of_one_fact_are_written_in_order_with_what_they_do(chain: Chain) -> None:
    who = await member(chain)
    async with tenant_scope(chain.tenant_id):
        book = Book(Account())
        book.accrue(fact(who), "earn", lot(100, date(2026, 12, 31)))
        book.accrue(fact(who), "activity", lot(50))
        await post(book.postings)
    async with tenant_scope(chain.tenant_id):
        spending = fact(who)
        book = await read(UUID(who))
        book.spend(spending, "redeem", 120)
        book.accrue(fact(who), "earn", lot(7))
        ids = await post(book.postings)
    entries = await rows(chain, "points_entry")
    assert [(e["kind"], e["points"], e["balance"]) for e in entries] == [
        ("earn", 100, 100),
        ("activity", 50, 150),
        ("redeem", -120, 30),
        ("earn", 7, 37),
    ]
    assert [e["id"] for e in entries[2:]] == ids
    assert [(x["open"], x["debt"]) for x in await rows(chain, "points_account")] == [(37, 0)]
    assert sorted(x["left"] for x in await rows(chain, "points_lot")) == [0, 7, 30]
    assert sorted(x["points"] for x in await rows(chain, "points_take")) == [20, 100]
    assert [(m["measure"], m["total"], m["facts"]) for m in await rows(chain, "measure_day")] == [("points", 157, 0)]
    async with tenant_scope(chain.tenant_id):
        took, lots = await taken([("redeem", spending.source_id)])
        assert [points for _, points in took] == [100, 20]
        book = await read(UUID(who))
        book.give_back(fact(who), "return", took, 60, lots)
        await post(book.postings)
        took, _ = await taken([("redeem", spending.source_id), ("return", book.postings[-1].source_id or uuid4())])
        assert [points for _, points in took] == [60]


async def _accrue(chain: Chain, book: Book, who: str) -> None:
    async with tenant_scope(chain.tenant_id):
        book.accrue(fact(who), "earn", lot(10))
        await post(book.postings)


async def _spend_what_is_gone(chain: Chain, who: str) -> None:
    async with tenant_scope(chain.tenant_id):
        book = await read(UUID(who))
        book.spend(fact(who), "redeem", 100)
        await connection().execute('UPDATE points_lot SET "left" = 99 WHERE tenant_id = $1', chain.tenant_id)
        await post(book.postings)


async def test_what_was_read_before_the_lock_is_refused(chain: Chain) -> None:
    who = await member(chain)
    async with tenant_scope(chain.tenant_id):
        book = Book(Account())
        book.accrue(fact(who), "earn", lot(100))
        await post(book.postings)
    for stale in (Account(), Account(90)):
        with pytest.raises(StaleError):
            await _accrue(chain, Book(stale), who)
    with pytest.raises(StaleError):
        await _spend_what_is_gone(chain, who)
    assert len(await rows(chain, "points_entry")) == 1


async def test_an_accrual_that_has_expired_on_arrival_expires_at_once(chain: Chain) -> None:
    who = await member(chain)
    async with tenant_scope(chain.tenant_id):
        book = Book(Account())
        book.accrue(fact(who), "earn", lot(100, date(2026, 11, 21)))
        book.accrue(fact(who), "activity", lot(5))
        await post(book.postings)
    entries = await rows(chain, "points_entry")
    assert [(e["kind"], e["points"], e["balance"]) for e in entries] == [
        ("earn", 100, 100),
        ("expire", -100, 0),
        ("activity", 5, 5),
    ]
    assert entries[1]["source_id"] == entries[0]["id"]
    assert [(x["points"], x["left"]) for x in await rows(chain, "points_lot")] == [(100, 0), (5, 5)]
    assert await rows(chain, "points_take") == []


async def test_one_source_gives_once(chain: Chain) -> None:
    who = await member(chain)
    again = fact(who)
    rules = Points()
    for expected in (20, 0):
        async with tenant_scope(chain.tenant_id):
            assert await accrue_beside(again, "birthday", 20, TODAY, rules) == expected
    async with tenant_scope(chain.tenant_id):
        assert await accrue_beside(again, "birthday", 0, TODAY, rules) == 0
    assert len(await rows(chain, "points_entry")) == 1
