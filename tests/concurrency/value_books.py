"""What a storm at one member's value must leave behind: what was told, and nothing else, once each."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg
from support.drift import drift_of
from value_storm import Counters, Json, Told

# kind -> the table with its facts, and the column with the id that was told
_FACTS = {
    "buy": ("purchase", "id"),
    "undo": ("purchase_undone", "purchase_id"),
    "give_back": ("refund", "id"),
    "pay_in": ("top_up", "id"),
    "undo_pay_in": ("top_up_undone", "top_up_id"),
    "pay_out": ("wallet_refund", "id"),
    "claim": ("reward_claim", "id"),
}
_NUMBERED = (
    "purchase",
    "purchase_undone",
    "refund",
    "top_up",
    "top_up_undone",
    "wallet_refund",
    "points_act",
    "points_entry",
    "wallet_entry",
    "pass_entry",
    "coupon_entry",
    "reward_claim",
    "decision",
)


# What an answer says that it added to points, principal and bonus: signs by the answer's fields.
_POINTS = {
    "buy": {"points_earned": 1, "points_redeemed": -1},
    "undo": {"points_returned": 1, "points_reversed": -1},
    "give_back": {"points_returned": 1, "points_reversed": -1},
    "pay_in": {"points_earned": 1},
    "undo_pay_in": {"points_reversed": -1},
    "pay_out": {"points_reversed": -1},
    "adjust": {"points": 1},
    "spend_points": {"points": -1},
    "claim": {"points": -1},
    "cancel": {"points": 1},
}
_PRINCIPAL = {"pay_in": {"amount": 1}, "undo_pay_in": {"amount": -1}, "pay_out": {"amount": -1}}
_BONUS = {"pay_in": {"bonus": 1}, "undo_pay_in": {"bonus": -1}, "pay_out": {"bonus_voided": -1}}
_WALLET = {"buy": -1, "undo": 1, "give_back": 1}


def points_told(one: Told) -> int:
    return sum(sign * int(one.answer[name]) for name, sign in _POINTS.get(one.kind, {}).items())


def wallet_told(one: Told, account: str) -> int:
    if one.kind in _WALLET:
        return _WALLET[one.kind] * int(one.answer["wallet"][account])
    said = _PRINCIPAL if account == "principal" else _BONUS
    return sum(sign * int(one.answer[name]) for name, sign in said.get(one.kind, {}).items())


class Books:
    """The stored side, read once, past row security."""

    def __init__(self, tables: dict[str, list[Json]], counters: Counters, begun: dict[str, int]) -> None:
        self.tables, self.counters, self.begun = tables, counters, begun

    def of(self, table: str, **wanted: Any) -> list[Json]:
        found = self.tables[table]
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    def told(self, *kinds: str) -> list[Told]:
        return self.counters.of(*kinds)

    def check(self) -> None:
        self.facts_are_those_told()
        self.balances_are_those_told()
        self.nothing_was_spent_twice()
        self.coupons_were_used_in_turn()
        self.stock_and_passes()
        self.numbers_have_no_gap()

    def facts_are_those_told(self) -> None:
        for kind, (table, column) in _FACTS.items():
            stored = sorted(str(row[column]) for row in self.tables[table] if row["seq"] > self.begun["seq"])
            assert stored == sorted(one.answer["id"] for one in self.told(kind)), kind
        for act, kind in (("adjust", "adjust"), ("redeem", "spend_points")):
            stored = sorted(str(row["id"]) for row in self.of("points_act", act=act) if row["seq"] > self.begun["seq"])
            assert stored == sorted(one.answer["id"] for one in self.told(kind)), kind
        for entry, kind in (("use", "visit"), ("undo_use", "undo_visit"), ("refund", "pass_refund")):
            stored = sorted(str(row["id"]) for row in self.of("pass_entry", kind=entry))
            # An undo that is asked for twice is answered the same.
            assert stored == sorted({one.answer["id"] for one in self.told(kind)}), kind

    def balances_are_those_told(self) -> None:
        (points,) = self.tables["points_account"]
        told = self.begun["points"] + sum(points_told(one) for one in self.counters.told)
        assert points["open"] - points["debt"] == told
        (wallet,) = self.tables["wallet_account"]
        for account in ("principal", "bonus"):
            moved = sum(wallet_told(one, account) for one in self.counters.told)
            assert wallet[account] == self.begun[account] + moved, account
        assert min(wallet["principal"], wallet["bonus"], points["open"], points["debt"]) >= 0

    def nothing_was_spent_twice(self) -> None:
        """Points: nobody spends into debt, which comes only of what is taken back. Money: never below nothing."""
        for entry in self.tables["points_entry"]:
            if entry["kind"] in {"redeem", "use", "reward"} or (entry["kind"] == "adjust" and entry["points"] < 0):
                assert entry["balance"] >= 0, entry
        for entry in self.tables["wallet_entry"]:
            assert min(entry["principal_after"], entry["bonus_after"]) >= 0, entry
        for lot in self.tables["wallet_lot"]:
            assert 0 <= lot["principal_left"] <= lot["principal"] - lot["refunded"], lot
            assert 0 <= lot["bonus_left"] <= lot["bonus"], lot
        for lot in self.tables["points_lot"]:
            assert 0 <= lot["left"] <= lot["points"], lot

    def coupons_were_used_in_turn(self) -> None:
        number_of = {row["id"]: row["number"] for row in self.tables["coupon_grant"]}
        steps: dict[UUID, list[str]] = defaultdict(list)
        for entry in sorted(self.tables["coupon_entry"], key=lambda row: row["id"]):
            steps[entry["grant_id"]].append(entry["kind"])
        for grant in self.of("coupon_grant", occasion="printed"):
            first, *later = steps[grant["id"]]
            assert first == "grant"
            assert set(later[0::2]) <= {"use"}, later
            assert set(later[1::2]) <= {"return", "undo_use"}, later
            assert grant["state"] == ("used" if len(later) % 2 else "open"), later
        used = [(number_of[e["grant_id"]], str(e["source_id"])) for e in self.of("coupon_entry", kind="use")]
        bought = [(n, one.answer["id"]) for one in self.told("buy") for n in one.body.get("coupons", ())]
        scanned = Counter(one.body["external_id"] for one in self.told("scan"))
        assert set(scanned.values()) <= {1}
        own = {e["external_id"] for e in self.of("coupon_entry", kind="use")} - {None}
        assert own == set(scanned)
        assert Counter(use for use in used if use in set(bought)) == Counter(bought)
        assert len(used) == len(bought) + len(scanned)

    def stock_and_passes(self) -> None:
        (reward,) = (row for row in self.tables["reward"] if str(row["id"]) == self.counters.reward_id)
        out = len(self.told("claim")) - len(self.told("cancel"))
        assert reward["stock"] == self.begun["stock"] - out >= 0
        running = self.begun["stock"]
        for entry in sorted(self.tables["reward_entry"], key=lambda row: row["id"]):
            if entry["kind"] != "stock":
                running += entry["pieces"]
                assert running >= 0
        states = Counter(row["state"] for row in self.tables["reward_claim"])
        told = {"collected": len(self.told("collect")), "cancelled": len(self.told("cancel"))}
        assert {name: states[name] for name in told} == told
        for one in self.tables["pass"]:
            moved = sum(entry["uses"] for entry in self.of("pass_entry", pass_id=one["id"]))
            assert 0 <= one["left"] == moved <= one["uses"]

    def numbers_have_no_gap(self) -> None:
        """Whatever is about the member has a number of it, and each number was taken for something."""
        (member,) = self.tables["member_number"]
        taken = {row["seq"]: table for table in _NUMBERED for row in self.tables[table]}
        missing = [number for number in range(self.begun["seq"] + 1, member["seq"] + 1) if number not in taken]
        assert missing == [], [(n, taken.get(n - 1), taken.get(n + 1)) for n in missing]


_READ = (
    *_NUMBERED,
    "member_number",
    "points_account",
    "points_lot",
    "wallet_account",
    "wallet_lot",
    "pass",
    "coupon_grant",
    "reward",
    "reward_entry",
)


async def read_books(conn: asyncpg.Connection, tenant_id: UUID, counters: Counters, begun: dict[str, int]) -> Books:
    tables = {}
    for table in _READ:
        rows: Iterable[Any] = await conn.fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", tenant_id)
        tables[table] = [dict(row) for row in rows]
    return Books(tables, counters, begun)


async def books_are_right(conn: asyncpg.Connection, tenant_id: UUID, counters: Counters, begun: dict[str, int]) -> None:
    """`begun`: stock, points, principal, bonus and the member's number before the storm."""
    (await read_books(conn, tenant_id, counters, begun)).check()
    assert await drift_of(conn, tenant_id) == []
