"""The settlement of stored value between branches over local days, from the lots' movements alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import ONE_DAY

# What was spent, less what came back, counts as spent; of a refund only the money that left the till does. A merge
# moves no lot to another branch, and voided bonus was nobody's.
_PAIRS: Final = """
SELECT l.branch_id AS holder, t.branch_id AS place,
       coalesce(sum(t.principal) FILTER (WHERE t.kind IN ('spend', 'return', 'undo_spend')), 0)::bigint AS principal,
       coalesce(sum(t.bonus) FILTER (WHERE t.kind IN ('spend', 'return', 'undo_spend')), 0)::bigint AS bonus,
       sum(t.paid_out)::bigint AS paid_out
  FROM wallet_take t JOIN wallet_lot l ON l.tenant_id = t.tenant_id AND l.id = t.lot_id
 WHERE t.tenant_id = $1 AND t.recorded_at >= $2 AND t.recorded_at < $3 AND t.kind <> 'void'
   AND l.branch_id IS DISTINCT FROM t.branch_id
   AND ($4::uuid[] IS NULL OR l.branch_id = ANY ($4) OR t.branch_id = ANY ($4))
 GROUP BY l.branch_id, t.branch_id"""
_BRANCHES: Final = "SELECT id, code, name, kind FROM branch WHERE tenant_id = $1 AND id = ANY ($2::uuid[])"


@dataclass(frozen=True, slots=True)
class Branch:
    """A party. Without an id: the chain itself, where an opening balance was taken over without a branch."""

    id: UUID | None
    code: str | None
    name: str | None
    kind: str | None


CHAIN: Final = Branch(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Pair:
    """What was spent (`principal`, `bonus`) and paid back (`paid_out`) at `place` of the money that `holder` took in.

    All in minor units; below 0 where more came back than was spent in these days.
    """

    holder: Branch
    place: Branch
    principal: int
    bonus: int
    paid_out: int

    @property
    def net(self) -> int:
        """What the holder owes: the money. Who bears bonus is agreed between them; it is listed beside."""
        return self.principal + self.paid_out


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one branch over all pairs; those of all branches sum to 0."""

    branch: Branch
    owes: int
    is_owed: int

    @property
    def balance(self) -> int:
        """What it gets; below 0: pays."""
        return self.is_owed - self.owes


async def pairs_of(first: date, last: date, zone: ZoneInfo, branch_ids: Sequence[UUID] | None) -> list[Pair]:
    """The pairs between which something moved on the local days `first` … `last`, by their codes, the chain itself
    last. `branch_ids`: only pairs with one of these in them; None: all.
    """
    rows = await connection().fetch(
        _PAIRS,
        current().tenant_id,
        schedule_instant(first, zone),
        schedule_instant(last + ONE_DAY, zone),
        branch_ids,
        timeout=60,
    )
    ids = {row[side] for row in rows for side in ("holder", "place")} - {None}
    branches = {
        row["id"]: Branch(row["id"], row["code"], row["name"], row["kind"])
        for row in await connection().fetch(_BRANCHES, current().tenant_id, list(ids))
    }
    pairs = [
        Pair(
            branches.get(row["holder"], CHAIN),
            branches.get(row["place"], CHAIN),
            row["principal"],
            row["bonus"],
            row["paid_out"],
        )
        for row in rows
    ]
    moved = [pair for pair in pairs if pair.principal or pair.bonus or pair.paid_out]
    return sorted(moved, key=lambda pair: (_place(pair.holder), _place(pair.place)))


def balances_of(pairs: Iterable[Pair]) -> list[Balance]:
    """Each branch's, in the order of their codes."""
    owes: dict[Branch, int] = {}
    is_owed: dict[Branch, int] = {}
    for pair in pairs:
        owes[pair.holder] = owes.get(pair.holder, 0) + pair.net
        is_owed[pair.place] = is_owed.get(pair.place, 0) + pair.net
    parties = sorted(owes.keys() | is_owed.keys(), key=_place)
    return [Balance(party, owes.get(party, 0), is_owed.get(party, 0)) for party in parties]


def _place(branch: Branch) -> tuple[bool, str]:
    return branch.id is None, branch.code or ""
