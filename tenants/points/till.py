"""What a purchase does with points, in the ledger's short form: a member spends some, accrues some, or both. Plain
parameters instead of JSON, an entry of each kind at most, nothing to sum. The same rows as `ledger.writes` would make
of the postings, the same guards; what expires on arrival is left to it.

The statement has a CTE `sale` of one row (`source_id`, `member_id`, `seq`, `branch_id`, `recorded_at`, `actor`), or of
none where nothing is to be written; `$1` is the tenant.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from tenants.measures.codes import POINTS
from tenants.points.book import Posting
from tenants.points.lots import NewLot

Shape = Literal["redeem", "earn", "redeem and earn"]

_ENTRY: Final = "('{kind}'::text, {0}::bigint, {1}::bigint, {2}::date)"


def shape(postings: Sequence[Posting]) -> Shape | None:
    """The short form that these postings of one purchase have; None: the general one has to write them."""
    match [posting.kind for posting in postings]:
        case ["redeem"]:
            return "redeem"
        case ["earn"] if postings[0].lot is not None:
            return "earn"
        case ["redeem", "earn"] if postings[1].lot is not None:
            return "redeem and earn"
    return None


def arguments(postings: Sequence[Posting]) -> list[Any]:
    """Of postings that have a shape, the parameters of its `writes`."""
    first, last = postings[0], postings[-1]
    found: list[Any] = [first.balance - first.points, max(0, last.balance), max(0, -last.balance)]
    if first.kind == "redeem":
        ids, points = [lot_id for lot_id, _ in first.takes], [points for _, points in first.takes]
        found += [first.points, first.balance, first.day, ids, points]
    if last.kind == "earn":
        lot: NewLot = last.lot  # type: ignore[assignment]  # `shape` has looked
        found += [last.points, last.balance, last.day, lot.left, lot.spendable_from, lot.expires_on]
    return found


def writes(of: Shape, first: int) -> tuple[str, int]:
    """CTEs as `ledger.writes` makes them, whose parameters begin with `$first`, and the number after the last one.
    `points_checks` says whether everything was as it was read; `points_measured` is there where points are earned.
    """
    before, opened, debt = (f"${first + n}" for n in range(3))
    following = first + 3
    entries, parts = [], []
    if of != "earn":
        points, balance, day, ids, taken = (f"${following + n}" for n in range(5))
        entries.append(_ENTRY.format(points, balance, day, kind="redeem"))
        parts.append(_TAKEN.format(ids=ids, points=taken))
        all_taken = f"(SELECT count(*) FROM points_taken) = cardinality({ids})"
        following += 5
    else:
        all_taken = "true"
    if of != "redeem":
        points, balance, day, left, spendable_from, expires_on = (f"${following + n}" for n in range(6))
        entries.append(_ENTRY.format(points, balance, day, kind="earn"))
        parts.append(
            _LOT.format(
                measure=POINTS, points=points, left=left, day=day, spendable_from=spendable_from, expires_on=expires_on
            )
        )
        following += 6
    account = (_OPENED if of == "earn" else _MOVED).format(before=before, open=opened, debt=debt)
    head = _ENTRIES.format(entries=", ".join(entries))
    return ",".join([head, account, *parts, _CHECKS.format(all_taken=all_taken)]), following


_ENTRIES: Final = """
points_entries AS (
    INSERT INTO points_entry AS e (tenant_id, member_id, seq, kind, source_id, points, balance, day, recorded_at,
                                   branch_id, actor)
    SELECT $1, s.member_id, s.seq, v.kind, s.source_id, v.points, v.balance, v.day, s.recorded_at, s.branch_id, s.actor
      FROM sale s CROSS JOIN (VALUES {entries}) AS v (kind, points, balance, day)
    RETURNING e.id, e.member_id, e.kind, e.points, e.day)"""
_MOVED: Final = """
points_moved AS (
    UPDATE points_account AS a SET open = {open}::bigint, debt = {debt}::bigint FROM sale s
     WHERE a.tenant_id = $1 AND a.member_id = s.member_id AND a.open - a.debt = {before}::bigint
    RETURNING true AS held)"""
# Who has never had points has no account. The balance says what both columns were and are: one of them is 0.
_OPENED: Final = """
points_moved AS (
    INSERT INTO points_account AS a (tenant_id, member_id, open, debt)
    SELECT $1, s.member_id, {open}::bigint, {debt}::bigint FROM sale s
    ON CONFLICT (tenant_id, member_id) DO UPDATE SET open = excluded.open, debt = excluded.debt
    RETURNING coalesce(old.open - old.debt, 0) = {before}::bigint AS held)"""
_TAKEN: Final = """
points_taken AS (
    UPDATE points_lot AS l SET "left" = l."left" - t.points
      FROM sale s CROSS JOIN unnest({ids}::uuid[], {points}::bigint[]) AS t (lot_id, points)
     WHERE l.tenant_id = $1 AND l.id = t.lot_id AND l.member_id = s.member_id AND l."left" >= t.points
    RETURNING l.id, t.points),
points_take_rows AS (
    INSERT INTO points_take AS t (tenant_id, entry_id, lot_id, points)
    SELECT $1, e.id, n.id, n.points FROM points_taken n CROSS JOIN points_entries e WHERE e.kind = 'redeem')"""
_LOT: Final = """
points_lots AS (
    INSERT INTO points_lot AS l (tenant_id, id, member_id, points, "left", day, spendable_from, expires_on)
    SELECT $1, e.id, e.member_id, e.points, {left}::bigint, e.day, {spendable_from}::date, {expires_on}::date
      FROM points_entries e WHERE e.kind = 'earn'),
points_measured AS (
    SELECT s.member_id, '{measure}'::text AS measure, {day}::date AS day, {points}::numeric AS total,
           0::bigint AS facts, 0::bigint AS valued, 0::bigint AS most
      FROM sale s)"""
_CHECKS: Final = """
points_checks AS (SELECT coalesce((SELECT m.held FROM points_moved m), false) AS accounts, {all_taken} AS lots)"""
