"""Refunds of a purchase file: rows with a negative amount and `refund_of`, written when all its purchases are in.

Of several refunds of one purchase the one that happened first is written first, whatever the order of the rows.
"""

from collections import Counter
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from saas.scope import connection
from tenants.imports.context import Context, Counts, RetryBatchError
from tenants.imports.identities import find_keys
from tenants.imports.purchases_apply import Key, apply_purchases, find_branches, key_of
from tenants.imports.purchases_rows import PurchaseRow
from tenants.imports.purchases_sql import CLOCK, LOCK
from tenants.numbers import take
from tenants.pricing.spread import spread
from tenants.refunds.bought import Bought, find
from tenants.refunds.locking import hold_alone
from tenants.refunds.write import NewRefund, Recording, StaleError, take_numbers, write_refunds

_PURCHASES: Final = """
SELECT x.branch_id, x.external_id, x.purchase_id
  FROM unnest($2::uuid[], $3::text[]) AS n (branch_id, external_id)
  JOIN purchase_external x ON x.tenant_id = $1 AND x.branch_id = n.branch_id AND x.external_id = n.external_id"""
_KNOWN: Final = """
SELECT x.branch_id, x.external_id, x.fingerprint
  FROM unnest($2::uuid[], $3::text[]) AS n (branch_id, external_id)
  JOIN refund_external x ON x.tenant_id = $1 AND x.branch_id = n.branch_id AND x.external_id = n.external_id"""
_NUMBERS: Final = take("(SELECT unnest($2::uuid[]) AS id, unnest($3::bigint[]) AS refunds)", count="c.refunds")
_IDS: Final = "SELECT uuidv7() AS id FROM generate_series(1, $1)"


async def apply_both(sales: list[PurchaseRow], refunds: list[PurchaseRow], whole: bool, context: Context) -> Counts:
    """A dry run's batch: its refunds see its purchases, but none of an earlier batch. Unless it is the `whole` file,
    one of a purchase that isn't found is let pass. Raises RetryBatchError.
    """
    sold = await apply_purchases(sales, context)
    back = await apply_refunds(refunds, context, unknown_is_wrong=whole)
    return Counts(sold.imported + back.imported, sold.updated, sold.unchanged + back.unchanged)


async def apply_refunds(rows: list[PurchaseRow], context: Context, *, unknown_is_wrong: bool = True) -> Counts:
    """Writes the good rows. A number that its branch has already: unchanged if the content is the same, else an
    error; of one that comes twice here the first counts. Raises RetryBatchError.
    """
    await find_branches(rows, context)
    purchases = await _find_purchases(rows, context, unknown_is_wrong=unknown_is_wrong)
    good = sorted(
        (row for row in rows if context.is_good(row.line) and _sale_of(row) in purchases),
        key=lambda row: (row.occurred_at, row.external_id, row.line),
    )
    if not good:
        return Counts()
    for row in good:
        row.fingerprint = _fingerprint(row, purchases[_sale_of(row)])
    known = await _known(good, context)
    firsts: dict[Key, PurchaseRow] = {}
    for row in good:
        firsts.setdefault(key_of(row), row)
    new = [row for key, row in firsts.items() if key not in known]
    imported = await _write(new, purchases, context) if new else 0
    counts = Counts(imported=imported)
    for row in good:
        first = firsts[key_of(row)]
        if (first is row and key_of(row) not in known) or not context.is_good(first.line):
            continue
        if known.get(key_of(row), first.fingerprint) == row.fingerprint:
            counts.unchanged += 1
        else:
            context.wrong(row.line, "external_id", "external-id-conflict", row.external_id)
    return counts


def _sale_of(row: PurchaseRow) -> Key:
    return key_of(row)[0], row.refund_of


def _fingerprint(row: PurchaseRow, purchase_id: UUID) -> bytes:
    return sha256(f"{purchase_id}|{row.occurred_at.isoformat()}|{row.amount}".encode()).digest()


async def _find_purchases(rows: list[PurchaseRow], context: Context, *, unknown_is_wrong: bool) -> dict[Key, UUID]:
    placed = [row for row in rows if row.branch_id is not None and row.refund_of]
    wanted = {_sale_of(row) for row in placed}
    if not wanted:
        return {}
    branches, numbers = zip(*wanted, strict=True)
    found = await connection().fetch(_PURCHASES, context.tenant_id, branches, numbers)
    purchases = {(row["branch_id"], row["external_id"]): row["purchase_id"] for row in found}
    for row in placed:
        if unknown_is_wrong and _sale_of(row) not in purchases:
            context.wrong(row.line, "refund_of", "unknown-purchase", row.refund_of)
    return purchases


async def _known(rows: list[PurchaseRow], context: Context) -> dict[Key, bytes]:
    branches, numbers = zip(*{key_of(row) for row in rows}, strict=True)
    found = await connection().fetch(_KNOWN, context.tenant_id, branches, numbers)
    return {(row["branch_id"], row["external_id"]): row["fingerprint"] for row in found}


async def _write(rows: list[PurchaseRow], purchases: dict[Key, UUID], context: Context) -> int:
    """Writes as many of these as may be given back; the others are errors. Returns how many."""
    bought = await _lock({purchases[_sale_of(row)] for row in rows}, context)
    if await _known(rows, context):  # the same file beside us: what it gave back is in `bought` already
        raise RetryBatchError
    await _check_members(rows, purchases, bought, context)
    clock: Any = await connection().fetchrow(CLOCK, context.tenant_id)
    taken: list[tuple[PurchaseRow, Bought, list[int]]] = []
    for row in rows:
        purchase = bought[purchases[_sale_of(row)]]
        amount = -row.amount
        if context.is_good(row.line) and amount > purchase.left:
            left = context.as_written(purchase.left)
            context.wrong(row.line, "amount", "refund-exceeds-purchase", context.as_written(row.amount), left=left)
        if context.is_good(row.line):
            shares = spread(amount, purchase.left_of_lines) if purchase.lines else []
            taken.append((row, purchase, shares))
            bought[purchase.id] = purchase.less(amount, shares)
    if taken:
        new = await _numbered(taken, context)
        recording = Recording(clock["now"], "import", context.run.actor, clock["programme_version"], clock["timezone"])
        try:
            if not await take_numbers(new):
                raise RetryBatchError
            await write_refunds(new, recording)
        except StaleError:
            raise RetryBatchError from None
    return len(taken)


async def _lock(purchase_ids: set[UUID], context: Context) -> dict[UUID, Bought]:
    """The purchases as they are once their members are locked. Raises RetryBatchError where a member was merged away
    meanwhile, or a purchase undone: then its number leads to it no longer.
    """
    bought = await find(purchase_ids)
    holders = {p.holder_id for p in bought.values() if p.holder_id is not None}
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(holders))
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    await hold_alone(p.id for p in bought.values() if p.holder_id is None)
    bought = await find(purchase_ids)
    if any(p.undone for p in bought.values()):
        raise RetryBatchError
    return bought


async def _check_members(
    rows: list[PurchaseRow], purchases: dict[Key, UUID], bought: dict[UUID, Bought], context: Context
) -> None:
    """The purchase says whose a refund is; a row that names somebody else is an error."""
    members = await find_keys(context.tenant_id, {row.member for row in rows if row.member})
    for row in rows:
        if row.member and row.member not in members:
            context.wrong(row.line, "member", "unknown-member", row.member)
        elif row.member and members[row.member] != bought[purchases[_sale_of(row)]].holder_id:
            context.wrong(row.line, "member", "refund-of-other-member", row.member)


async def _numbered(taken: list[tuple[PurchaseRow, Bought, list[int]]], context: Context) -> list[NewRefund]:
    """The refunds with their ids and each member's next numbers, in their order."""
    each = Counter(before.holder_id for _, before, _ in taken if before.holder_id is not None)
    rows = await connection().fetch(_NUMBERS, context.tenant_id, list(each), list(each.values()))
    last = {row["id"]: row["before"] for row in rows}
    ids = [row["id"] for row in await connection().fetch(_IDS, len(taken))]
    new: list[NewRefund] = []
    for refund_id, (row, before, shares) in zip(ids, taken, strict=True):
        seq = None
        if before.holder_id is not None:
            last[before.holder_id] += 1
            seq = last[before.holder_id]
        after = before.less(-row.amount, shares)
        new.append(NewRefund(refund_id, before, after, shares, seq, row.external_id, row.fingerprint, None))
    return new
