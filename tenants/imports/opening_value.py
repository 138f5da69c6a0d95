"""Points and stored value that a chain brings from elsewhere: taken over once a member, as lots of their own.

A balance can't be taken over twice, and isn't corrected by another file: what has been spent of it meanwhile would be
wrong. The same again is unchanged; anything else is an error, and is mended by hand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from saas.scope import connection
from tenants.imports.context import Context
from tenants.imports.missing import member_of
from tenants.imports.opening_rows import OpeningRow
from tenants.points import ledger as points
from tenants.points.book import Book, Fact
from tenants.points.lots import NewLot
from tenants.programme.windows import local_day
from tenants.wallet import ledger as wallet
from tenants.wallet import postings
from tenants.wallet.reading import Wallet

# The source of an opening is its member: the ledgers' own keys let it happen once.
_KNOWN: Final = """
SELECT x.member_id, p.points, l.principal, l.bonus
  FROM unnest($2::uuid[]) AS x (member_id)
  LEFT JOIN points_entry p ON p.tenant_id = $1 AND p.kind = 'opening' AND p.source_id = x.member_id
  LEFT JOIN wallet_lot l ON l.tenant_id = $1 AND l.id = x.member_id"""
_ACCOUNTS: Final = """
SELECT m.id, q.seq, p.open, p.debt, coalesce(w.principal, 0) AS principal, coalesce(w.bonus, 0) AS bonus
  FROM member m JOIN member_number q ON q.tenant_id = m.tenant_id AND q.member_id = m.id
  LEFT JOIN points_account p ON p.tenant_id = $1 AND p.member_id = m.id
  LEFT JOIN wallet_account w ON w.tenant_id = $1 AND w.member_id = m.id
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a row brings that isn't there yet; 0 for what it doesn't."""

    row: OpeningRow
    points: int
    principal: int
    bonus: int


async def choose_value(rows: Sequence[OpeningRow], context: Context) -> list[Brought]:
    """What is to be taken over, of rows whose members are known or to be made; contradictions become row errors. A
    member's points and its wallet may come in rows of their own.
    """
    bringing = [row for row in rows if row.points or row.has_wallet]
    known = await _known({member_of(row) for row in bringing}, context)
    points_taken = {member: row["points"] for member, row in known.items() if row["points"] is not None}
    wallets_taken = {
        member: (row["principal"], row["bonus"]) for member, row in known.items() if row["principal"] is not None
    }
    new = []
    for row in bringing:
        member_id = member_of(row)
        brought = Brought(
            row,
            _points(row, points_taken.get(member_id), context),
            *_wallet(row, wallets_taken.get(member_id), context),
        )
        if row.points:
            points_taken.setdefault(member_id, row.points)
        if row.has_wallet:
            wallets_taken.setdefault(member_id, (row.principal, row.bonus))
        if context.is_good(row.line) and (brought.points or brought.principal or brought.bonus):
            new.append(brought)
    return new


async def _known(members: set[UUID], context: Context) -> dict[UUID, Any]:
    rows = await connection().fetch(_KNOWN, context.tenant_id, sorted(members))
    return {row["member_id"]: row for row in rows}


def _points(row: OpeningRow, taken: int | None, context: Context) -> int:
    """`taken`: what was taken over, by an earlier import or an earlier row."""
    if row.points and taken is not None:
        if taken != row.points:
            context.wrong(row.line, "points", "opening-taken", str(row.points), before=str(taken))
        return 0
    return row.points


def _wallet(row: OpeningRow, taken: tuple[int, int] | None, context: Context) -> tuple[int, int]:
    """The same for principal and bonus, in minor units."""
    new = (row.principal, row.bonus)
    if taken is None or not row.has_wallet:
        return new
    for field, amount, had in zip(("wallet_principal", "wallet_bonus"), new, taken, strict=True):
        if amount != had:
            before = context.as_written(had)
            context.wrong(row.line, field, "opening-taken", context.as_written(amount), before=before)
    return 0, 0


async def take_over(brought: Iterable[Brought], context: Context, now: Any) -> None:
    """Writes it all, set-wise. The members are locked and have their numbers; `now` was read behind the locks."""
    by_member: dict[UUID, list[Brought]] = {}
    for one in brought:
        by_member.setdefault(member_of(one.row), []).append(one)
    if not by_member:
        return
    today = local_day(now, context.zone)
    accounts = await connection().fetch(_ACCOUNTS, context.tenant_id, sorted(by_member))
    points_in: list[Any] = []
    wallet_in: list[Any] = []
    for row in accounts:
        fact = Fact(row["id"], row["seq"], row["id"], now, today, context.run.actor)
        cause = postings.Cause(row["id"], row["seq"], row["id"], None, now, context.run.actor)
        for one in by_member[row["id"]]:
            if one.points:
                book = Book(points.account_of(None if row["open"] is None else (row["open"], row["debt"])))
                book.accrue(fact, "opening", NewLot(one.points, one.points, today, today, one.row.points_expire_on))
                points_in += book.postings
            if one.principal or one.bonus:
                held = Wallet(row["principal"], row["bonus"], ())
                wallet_in.append(postings.opening(cause, held, one.principal, one.bonus))
    await points.post(points_in)
    await wallet.post(wallet_in)
