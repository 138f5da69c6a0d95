"""Purchases as refunds and undos see them: what is left of each, and what is taken from the measures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.measures import codes
from tenants.measures.add import Measured
from tenants.purchases.credit import CREDIT, PRICING
from tenants.purchases.parts import Lines, by_category
from tenants.refunds.paid import BONUS, Paid, Way, ways_of

FIND: Final = f"""
SELECT p.id, p.member_id, coalesce(m.merged_into, p.member_id) AS holder_id, p.branch_id, p.external_id, p.local_day,
       p.amount, p.uncounted, p.lines, p.category, p.tenders, {PRICING} AS pricing, coalesce(r.refunded, 0) AS refunded,
       coalesce(r.uncounted, 0) AS refunded_uncounted, r.lines AS refunded_lines,
       u.purchase_id IS NOT NULL AS undone,
       CASE WHEN r.refunded > 0 AND p.tenders IS NOT NULL THEN
         (SELECT jsonb_agg(f.tenders) FROM refund f WHERE f.tenant_id = $1 AND f.purchase_id = p.id) END AS returned
  FROM purchase p
  LEFT JOIN member m ON m.tenant_id = p.tenant_id AND m.id = p.member_id
  LEFT JOIN purchase_refunded r ON r.tenant_id = p.tenant_id AND r.purchase_id = p.id
  {CREDIT}
  LEFT JOIN purchase_undone u ON u.tenant_id = p.tenant_id AND u.purchase_id = p.id
 WHERE p.tenant_id = $1 AND p.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase and what was given back of it, in minor units. `member_id` as it was recorded; `holder_id` is whose
    it is now, the survivor where that member was merged. `refunded_lines` has one amount for each line; `returned`
    what went back each way that it was `paid`. `uncounted`: of `amount`, what no metric counts. `undone`: it never was.
    """

    id: UUID
    member_id: UUID | None
    holder_id: UUID | None
    branch_id: UUID
    external_id: str
    local_day: date
    amount: int
    lines: Lines | None
    category: str | None
    refunded: int
    refunded_lines: tuple[int, ...]
    uncounted: int = 0
    refunded_uncounted: int = 0
    undone: bool = False
    paid: Paid = field(default_factory=Paid)
    returned: Mapping[Way, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.amount - self.refunded

    @property
    def left_of_lines(self) -> list[int]:
        return [line["amount"] - back for line, back in zip(self.lines or (), self.refunded_lines, strict=True)]

    @property
    def stands(self) -> bool:
        """Whether it still counts as a purchase; one of amount 0 does until it is undone."""
        return not self.undone and (self.amount == 0 or self.left > 0)

    @property
    def counted(self) -> int:
        """What metrics count of it."""
        return 0 if self.undone else self.left - (self.uncounted - self.refunded_uncounted)

    @property
    def points_back(self) -> int:
        """Of the points that paid for it, those that came back."""
        return self.paid.points_back(self.returned)

    def points_kept(self, exponent: int) -> int:
        """Of the points that it earned, those that remain so; `exponent`: the currency's decimals."""
        if self.lines is None:
            return self.paid.keeps([(self.paid.earning, self.left, self.amount)], exponent)
        lines = zip(self.lines, self.left_of_lines, strict=True)
        parts = [(line.get("earning", line["amount"]), left, line["amount"]) for line, left in lines]
        return self.paid.keeps(parts, exponent)

    def unmade(self) -> "Bought":
        """The same, undone: nothing of it counts."""
        return replace(self, undone=True)

    def less(self, amount: int, shares: Sequence[int]) -> "Bought":
        """The same after one more refund; `shares` has one amount for each line."""
        lines = tuple(back + share for back, share in zip(self.refunded_lines, shares, strict=True))
        returned = self.paid.back(self.returned, amount)
        # Bonus is either all uncounted, or (where the programme counts it) not at all.
        uncounted = returned.get(BONUS, 0) if self.uncounted else 0
        return replace(
            self,
            refunded=self.refunded + amount,
            refunded_lines=lines,
            refunded_uncounted=uncounted,
            returned=returned,
        )


async def find(purchase_ids: Iterable[UUID]) -> dict[UUID, Bought]:
    """The tenant's purchases of these ids, as they stand now. What was read before a lock has to be read again."""
    rows = await connection().fetch(FIND, current().tenant_id, list(purchase_ids))
    return {row["id"]: _bought(row) for row in rows}


def _bought(row: asyncpg.Record) -> Bought:
    lines = row["lines"]
    returned = [tender for refund in row["returned"] or () for tender in refund or ()]
    return Bought(
        row["id"],
        row["member_id"],
        row["holder_id"],
        row["branch_id"],
        row["external_id"],
        row["local_day"],
        row["amount"],
        lines,
        row["category"],
        row["refunded"],
        tuple(row["refunded_lines"] or (0 for _ in lines or ())),
        row["uncounted"],
        row["refunded_uncounted"],
        row["undone"],
        Paid.of(row["amount"], row["tenders"], row["pricing"]),
        ways_of(returned),
    )


def measured(before: Bought, after: Bought) -> list[Measured]:
    """What refunds or an undo, between two states of a member's purchase, take from its measures; nothing without a
    member.

    A category loses the purchase once all that was bought of it is given back; a part of amount 0 counts as long as
    the purchase stands.
    """
    holder = before.holder_id
    if holder is None:
        return []
    taken, gone = after.counted - before.counted, int(after.stands) - int(before.stands)
    rows = [Measured(holder, codes.branch(before.branch_id), before.local_day, taken, gone)]
    bought = _of_categories(before, [before.amount], [line["amount"] for line in before.lines or ()])
    first, last = _stands(before, bought), _stands(after, bought)
    was, left = _counted(before), _counted(after)
    for label in bought:
        taken, gone = left[label] - was[label], int(last[label]) - int(first[label])
        if taken or gone:
            rows.append(Measured(holder, codes.category(label), before.local_day, taken, gone))
    return rows


def _stands(purchase: Bought, bought: Mapping[str, int]) -> dict[str, bool]:
    """Whether each category still counts the purchase; `bought`: what was bought of each."""
    back = _of_categories(purchase, [purchase.refunded], purchase.refunded_lines)
    return {label: purchase.stands and (amount == 0 or back[label] < amount) for label, amount in bought.items()}


def _counted(purchase: Bought) -> dict[str, int]:
    """What metrics count of each category. Of a line that bonus paid in part, its counted share of what is left."""
    if purchase.undone:
        return _of_categories(purchase, [0], [0 for _ in purchase.lines or ()])
    lines = zip(purchase.lines or (), purchase.left_of_lines, strict=True)
    return _of_categories(
        purchase, [purchase.counted], [counted_of_line(line, left, purchase.uncounted) for line, left in lines]
    )


def counted_of_line(line: Mapping[str, Any], left: int, uncounted: int) -> int:
    """What a category counts of a line of which `left` stands; `uncounted`: the purchase's."""
    amount: int = line["amount"]
    bonus: int = line.get("bonus", 0) if uncounted else 0
    return left * (amount - bonus) // amount if amount else 0


def _of_categories(purchase: Bought, whole: Sequence[int], of_lines: Sequence[int]) -> dict[str, int]:
    return by_category(purchase.lines, purchase.category, whole if purchase.lines is None else of_lines)
