"""Everything that is kept beside the facts, summed from the facts again, in plain Python.

Facts are of the member that they were recorded for; sums are the survivor's, where it was merged.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from support.chains import Chain
from support.clock import owner

Row = dict[str, Any]
Key = tuple[Any, ...]


class Wrong(NamedTuple):
    """A kept row that isn't what the facts say; None: it isn't there."""

    what: str
    key: Key
    kept: Key | None
    told: Key | None


class _Facts:
    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = tables
        self.holder = {m["id"]: m["merged_into"] or m["id"] for m in tables["member"]}
        self.given: dict[Any, int] = defaultdict(int)
        self.given_of: dict[Any, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.uncounted_of: dict[Any, int] = defaultdict(int)
        undone = {u["purchase_id"] for u in tables["purchase_undone"]}
        self.purchases = [p for p in tables["purchase"] if p["id"] not in undone]
        for refund in tables["refund"]:
            assert refund["purchase_id"] not in undone
            self.given[refund["purchase_id"]] += refund["amount"]
            self.uncounted_of[refund["purchase_id"]] += refund["uncounted"]
            for line, amount in refund["lines"] or ():
                self.given_of[refund["purchase_id"]][line] += amount

    def stands(self, purchase: Row) -> bool:
        return purchase["amount"] == 0 or self.given[purchase["id"]] < purchase["amount"]

    def net(self, purchase: Row) -> int:
        """What counts: what is left, less what bonus paid of it."""
        left: int = purchase["amount"] - self.given[purchase["id"]]
        uncounted: int = purchase["uncounted"] - self.uncounted_of[purchase["id"]]
        assert 0 <= uncounted <= left
        return left - uncounted

    def parts(self, purchase: Row) -> dict[str, tuple[int, int, int]]:
        """By category: what was bought, what is left of it, and what counts of that."""
        found: dict[str, tuple[int, int, int]] = {}
        lines = purchase["lines"]
        if lines is None:
            lines = [{"amount": purchase["amount"], "category": purchase["category"]}]
            back = {0: self.given[purchase["id"]]}
        else:
            back = self.given_of[purchase["id"]]
        for number, line in enumerate(lines):
            assert 0 <= back.get(number, 0) <= line["amount"]
            if line.get("category") is not None:
                whole, left, counted = found.get(line["category"], (0, 0, 0))
                amount, rest = line["amount"], line["amount"] - back.get(number, 0)
                own = amount - (line.get("bonus", 0) if purchase["uncounted"] else 0)
                counts = rest * own // amount if amount else 0
                found[line["category"]] = (whole + amount, left + rest, counted + counts)
        return found

    def refunded(self) -> dict[Key, Key]:
        found = {}
        for purchase in self.purchases:
            back = self.given[purchase["id"]]
            assert 0 <= back <= purchase["amount"]
            if back:
                of = self.given_of[purchase["id"]]
                lines = None if purchase["lines"] is None else tuple(of[n] for n in range(len(purchase["lines"])))
                assert lines is None or sum(lines) == back
                found[purchase["id"],] = (
                    purchase["member_id"],
                    purchase["local_day"],
                    purchase["amount"],
                    back,
                    self.uncounted_of[purchase["id"]],
                    lines,
                )
        return found

    def days(self) -> dict[Key, Key]:
        found: dict[Key, Key] = {}
        for purchase in self.purchases:
            if purchase["member_id"] is not None:
                key = (self.holder[purchase["member_id"]], purchase["local_day"])
                spend, count, most = found.get(key, (0, 0, 0))
                net = self.net(purchase)
                found[key] = (spend + net, count + self.stands(purchase), max(most, net))
        return found

    def last_at(self) -> dict[Any, datetime]:
        """By member: when the last purchase happened that stands."""
        found: dict[Any, datetime] = {}
        for purchase in self.purchases:
            if purchase["member_id"] is not None and self.stands(purchase):
                holder = self.holder[purchase["member_id"]]
                found[holder] = max(found.get(holder, purchase["occurred_at"]), purchase["occurred_at"])
        return found

    def measures(self) -> dict[Key, Key]:
        found: dict[Key, list[Any]] = defaultdict(lambda: [Decimal(0), 0, 0])
        for member, measure, day, total, facts, valued in (*self._bought(), *self._done(), *self._paid_in()):
            sums = found[self.holder[member], measure, day]
            sums[0] += total
            sums[1] += facts
            sums[2] += valued
        return {key: tuple(sums) for key, sums in found.items() if any(sums)}

    def _bought(self) -> Iterator[Key]:
        """What each fact adds: member, measure, day, total, facts, valued."""
        for p in self.purchases:
            if p["member_id"] is not None:
                yield p["member_id"], f"branch:{p['branch_id']}", p["local_day"], self.net(p), self.stands(p), 0
                for label, (whole, left, counts) in self.parts(p).items():
                    facts = left > 0 if whole else self.stands(p)
                    yield p["member_id"], f"category:{label}", p["local_day"], counts, facts, 0

    def _done(self) -> Iterator[Key]:
        for a in self.tables["activity"]:
            for measure in ("activity", f"activity:{a['kind']}"):
                yield a["member_id"], measure, a["local_day"], a["value"] or 0, 1, a["value"] is not None
        for r in self.tables["referral"]:
            if r["counted_on"] is not None:
                yield r["referrer_id"], "referral", r["counted_on"], 0, 1, 0

    def _paid_in(self) -> Iterator[Key]:
        for e in self.tables["points_entry"]:
            if e["kind"] in _EARNED:
                yield e["member_id"], "points", e["day"], e["points"], 0, 0
        refunded = {lot["id"]: lot["refunded"] for lot in self.tables["wallet_lot"]}
        undone = {u["top_up_id"] for u in self.tables["top_up_undone"]}
        for t in self.tables["top_up"]:
            if t["id"] not in undone and refunded[t["id"]] < t["amount"]:
                yield t["member_id"], "top_up", t["local_day"], t["amount"] - refunded[t["id"]], 1, 0


def _months(days: dict[Key, Key], most: int | None = None) -> dict[Key, Key]:
    """Sums of days with the last part of their key as the month's first day; column `most` is a maximum."""
    found: dict[Key, Key] = {}
    for (*rest, day), values in days.items():
        key = (*rest, day.replace(day=1))
        before = found.get(key, (0,) * len(values))
        pairs = enumerate(zip(before, values, strict=True))
        found[key] = tuple(max(a, b) if n == most else a + b for n, (a, b) in pairs)
    return found


def _totals(days: dict[Key, Key], last_at: dict[Any, datetime]) -> dict[Key, Key]:
    found: dict[Key, Key] = {}
    for (member, day), (spend, count, most) in sorted(days.items(), key=lambda item: item[0][1]):
        before = found.get((member,), (0, 0, 0, None))
        last = day if count else before[3]
        found[member,] = (before[0] + spend, before[1] + count, max(before[2], most), last)
    return {key: (*values, last_at[key[0]]) for key, values in found.items() if values[1]}


_KEPT = {
    "purchase_refunded": "purchase_id | member_id, local_day, amount, refunded, uncounted, lines",
    "member_day": "member_id, day | spend, purchases, max_purchase",
    "member_month": "member_id, month | spend, purchases, max_purchase",
    "member_total": "member_id | spend, purchases, max_purchase, last_day, last_at",
    "measure_day": "member_id, measure, day | total, facts, valued",
    "measure_month": "member_id, measure, month | total, facts, valued",
}
_FACTS = (
    "member",
    "purchase",
    "purchase_undone",
    "refund",
    "activity",
    "referral",
    "points_entry",
    "top_up",
    "top_up_undone",
    "wallet_lot",
)
_ACCRUED = {"earn", "top_up", "activity", "referral", "birthday", "campaign"}
_EARNED = {*_ACCRUED, "reverse", "top_up_reverse", "undo_earn", "undo_top_up"}


async def drift(chain: Chain) -> list[Wrong]:
    """Where an aggregate, a measure or what is left of a purchase isn't what the facts give; empty is right.

    A measure that is 0 may be there or not. Jobs that wait (a referral to be counted) are no drift.
    """
    return await drift_of(await owner(), chain.tenant_id)


async def drift_of(conn: asyncpg.Connection, tenant_id: UUID) -> list[Wrong]:
    """The same by a connection that sees the tenant's rows."""
    tables = {}
    for table in _FACTS:
        found = await conn.fetch(f"SELECT to_jsonb(f) AS row, f.* FROM {table} f WHERE tenant_id = $1", tenant_id)
        tables[table] = [_plain(dict(row)) for row in found]
    facts = _Facts(tables)
    days, measures = facts.days(), facts.measures()
    told = {
        "purchase_refunded": facts.refunded(),
        "member_day": days,
        "member_month": _months(days, most=2),
        "member_total": _totals(days, facts.last_at()),
        "measure_day": measures,
        "measure_month": {key: sums for key, sums in _months(measures).items() if any(sums)},
    }
    wrong: list[Wrong] = []
    for table, columns in _KEPT.items():
        names, values = ([name.strip() for name in part.split(",")] for part in columns.split("|"))
        kept = {}
        for row in await conn.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", tenant_id):
            sums = tuple(tuple(row[v]) if isinstance(row[v], list) else row[v] for v in values)
            if any(sums) or not table.startswith("measure"):
                kept[tuple(row[name] for name in names)] = sums
        keys = {key for key in kept.keys() | told[table].keys() if kept.get(key) != told[table].get(key)}
        wrong += [Wrong(table, key, kept.get(key), told[table].get(key)) for key in sorted(keys, key=str)]
    return wrong


def _plain(row: Row) -> Row:
    """JSON columns as data: the owner's connection reads them as text."""
    whole = json.loads(row.pop("row"))
    return {name: whole[name] if name in {"lines", "data", "tenders"} else value for name, value in row.items()}
