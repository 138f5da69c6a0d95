"""The points of referrals: given when a brought member is counted, taken back when it no longer is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.points.book import Book, Fact, Posting
from tenants.points.ledger import post, read
from tenants.points.lots import lot_of
from tenants.programme.rules import Points
from tenants.programme.windows import local_day

# What a referrer, under any of its ids, still has of each brought member; the lot of the last accrual.
_GRANTED: Final = """
SELECT coalesce(b.merged_into, b.id) AS referrer_id, v.member_id, sum(e.points)::bigint AS points,
       (array_agg(e.id ORDER BY e.id DESC) FILTER (WHERE e.kind = 'referral'))[1] AS lot_id,
       (array_agg(e.day ORDER BY e.id DESC) FILTER (WHERE e.kind = 'referral'))[1] AS day
  FROM referral_move v
  JOIN points_entry e ON e.tenant_id = $1 AND e.source_id = v.id AND e.kind IN ('referral', 'reverse')
  JOIN member b ON b.tenant_id = $1 AND b.id = v.referrer_id
 WHERE v.tenant_id = $1 AND v.member_id = ANY ($2) GROUP BY 1, 2 HAVING sum(e.points) > 0"""


@dataclass(frozen=True, slots=True)
class Counted:
    """One move of a referrer's count as it was written; `seq` is the referrer's number."""

    id: UUID
    member_id: UUID
    referrer_id: UUID
    seq: int
    from_day: date | None
    to_day: date | None


@dataclass(frozen=True, slots=True)
class _Granted:
    points: int
    lot_id: UUID
    day: date


async def earn(moves: Sequence[Counted], rules: Points | None, now: datetime, zone: ZoneInfo) -> None:
    """The points of these moves, whose referrers the caller has locked. A count that only moves to another day keeps
    its points. `rules` None: nothing is given any more, only taken back.
    """
    gives = rules is not None and rules.beside is not None and rules.beside.referral > 0
    lost = [move.member_id for move in moves if move.to_day is None]
    granted = await _granted(lost) if lost else {}
    due = [
        move
        for move in sorted(moves, key=lambda move: (move.to_day is not None, move.id))  # taken back before given
        if (move.from_day is None and gives) or (move.referrer_id, move.member_id) in granted
    ]
    books: dict[UUID, Book] = {}
    for move in due:
        if move.referrer_id not in books:
            books[move.referrer_id] = await read(move.referrer_id)
        _apply(books[move.referrer_id], move, granted, rules, now, local_day(now, zone))
    postings: list[Posting] = [posting for book in books.values() for posting in book.postings]
    await post(postings)


def _apply(
    book: Book,
    move: Counted,
    granted: Mapping[tuple[UUID, UUID], _Granted],
    rules: Points | None,
    now: datetime,
    today: date,
) -> None:
    fact = Fact(move.referrer_id, move.seq, move.id, now, today, current().principal.actor)
    if move.to_day is None:
        had = granted[move.referrer_id, move.member_id]
        book.take_back(fact, "reverse", had.points, had.lot_id, had.day)
    elif rules is not None and rules.beside is not None:
        book.accrue(fact, "referral", lot_of(rules.beside.referral, rules, move.to_day))


async def _granted(member_ids: Sequence[UUID]) -> dict[tuple[UUID, UUID], _Granted]:
    """By referrer and brought member."""
    rows = await connection().fetch(_GRANTED, current().tenant_id, list(member_ids))
    return {(row["referrer_id"], row["member_id"]): _Granted(row["points"], row["lot_id"], row["day"]) for row in rows}
