"""Purchases as refunds see them: what is left of each, and what a refund takes from the measures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.measures import codes
from tenants.measures.add import Measured
from tenants.purchases.parts import Lines, by_category

FIND: Final = """
SELECT p.id, p.member_id, coalesce(m.merged_into, p.member_id) AS holder_id, p.branch_id, p.external_id, p.local_day,
       p.amount, p.lines, p.category, coalesce(r.refunded, 0) AS refunded, r.lines AS refunded_lines
  FROM purchase p
  LEFT JOIN member m ON m.tenant_id = p.tenant_id AND m.id = p.member_id
  LEFT JOIN purchase_refunded r ON r.tenant_id = p.tenant_id AND r.purchase_id = p.id
 WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase and what was given back of it, in minor units. `member_id` as it was recorded; `holder_id` is whose
    it is now, the survivor where that member was merged. `refunded_lines` has one amount for each line.
    """

    id: UUID
    member_id: UUID | None
    holder_id: UUID | None
    branch_id: UUID
    local_day: date
    amount: int
    lines: Lines | None
    category: str | None
    refunded: int
    refunded_lines: tuple[int, ...]

    @property
    def left(self) -> int:
        return self.amount - self.refunded

    @property
    def left_of_lines(self) -> list[int]:
        return [line["amount"] - back for line, back in zip(self.lines or (), self.refunded_lines, strict=True)]

    @property
    def stands(self) -> bool:
        """Whether it still counts as a purchase; one of amount 0 always does."""
        return self.amount == 0 or self.left > 0

    def less(self, amount: int, shares: Sequence[int]) -> "Bought":
        """The same after one more refund; `shares` has one amount for each line."""
        lines = tuple(back + share for back, share in zip(self.refunded_lines, shares, strict=True))
        return replace(self, refunded=self.refunded + amount, refunded_lines=lines)


async def find(purchase_ids: Iterable[UUID]) -> dict[UUID, Bought]:
    """The tenant's purchases of these ids, as they stand now. What was read before a lock has to be read again."""
    rows = await connection().fetch(FIND, current().tenant_id, list(purchase_ids))
    return {row["id"]: _bought(row) for row in rows}


def _bought(row: asyncpg.Record) -> Bought:
    lines = row["lines"]
    return Bought(
        row["id"],
        row["member_id"],
        row["holder_id"],
        row["branch_id"],
        row["local_day"],
        row["amount"],
        lines,
        row["category"],
        row["refunded"],
        tuple(row["refunded_lines"] or (0 for _ in lines or ())),
    )


def measured(before: Bought, after: Bought) -> list[Measured]:
    """What the refunds between two states of a member's purchase take from its measures; nothing without a member.

    A category loses the purchase once all that was bought of it is given back; a part of amount 0 counts as long as
    the purchase stands.
    """
    holder = before.holder_id
    if holder is None:
        return []
    taken, gone = before.refunded - after.refunded, int(after.stands) - int(before.stands)
    rows = [Measured(holder, codes.branch(before.branch_id), before.local_day, taken, gone)]
    bought = _of_categories(before, [before.amount], [line["amount"] for line in before.lines or ()])
    first = _of_categories(before, [before.refunded], before.refunded_lines)
    last = _of_categories(after, [after.refunded], after.refunded_lines)
    for label, amount in bought.items():
        stood = first[label] < amount if amount else before.stands
        stands = last[label] < amount if amount else after.stands
        taken, gone = first[label] - last[label], int(stands) - int(stood)
        if taken or gone:
            rows.append(Measured(holder, codes.category(label), before.local_day, taken, gone))
    return rows


def _of_categories(purchase: Bought, whole: Sequence[int], of_lines: Sequence[int]) -> dict[str, int]:
    return by_category(purchase.lines, purchase.category, whole if purchase.lines is None else of_lines)
