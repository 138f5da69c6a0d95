"""Writes the points of a batch of imported facts, behind the locks of those who have them now."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from saas.scope import connection
from tenants.imports.accrue_sql import AS_EVER, CLOCK, HASHING, LOCK
from tenants.imports.context import Context, RetryBatchError
from tenants.numbers import TAKE
from tenants.points import ledger
from tenants.points.book import Book, Fact
from tenants.points.lots import lot_of
from tenants.programme.document import Programme
from tenants.programme.windows import local_day


@dataclass(frozen=True, slots=True)
class Credit:
    """Points for one fact: its row, with `id`, `holder_id`, `seq` (the member's next number), `branch_id`, `local_day`,
    `open` and `debt` (of the account; None without one).
    """

    fact: asyncpg.Record
    points: int


async def lock_holders(holders: Collection[UUID], context: Context) -> asyncpg.Record:
    """The chain's `now` and `programme_version` behind the members' locks, taken in id order. Raises RetryBatchError
    where one was merged away meanwhile.
    """
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(holders))
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    clock = await connection().fetchrow(CLOCK, context.tenant_id)
    if clock is None:
        raise RuntimeError("a tenant without its row")
    return clock


async def credit(
    kind: Literal["earn", "activity"], earned: Sequence[Credit], rules: Programme, now: datetime, context: Context
) -> None:
    """Each member's in the order given; lots live from the fact's day on."""
    today = local_day(now, context.zone)
    by_member: dict[UUID, list[Credit]] = defaultdict(list)
    for one in earned:
        by_member[one.fact["holder_id"]].append(one)
    postings = []
    for member_id, theirs in by_member.items():
        first = theirs[0].fact
        book = Book(ledger.account_of(None if first["open"] is None else (first["open"], first["debt"])))
        for one in theirs:
            row = one.fact
            seq, actor = row["seq"], context.run.actor
            fact = Fact(member_id, seq, row["id"], now, today, actor, row["branch_id"], version=rules.version)
            book.accrue(fact, kind, lot_of(one.points, rules.points, row["local_day"]))
        postings += book.postings
    await connection().execute(TAKE, context.tenant_id, sorted(by_member))
    await connection().execute(HASHING)
    await ledger.post(postings)
    await connection().execute(AS_EVER)
