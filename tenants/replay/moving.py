"""What each fact does to a person's points and stored value, in the order of its number."""

from datetime import date
from itertools import islice

from tenants.points.book import MEASURED
from tenants.points.lots import lot_of
from tenants.pricing.earning import rate_text
from tenants.programme.windows import local_day
from tenants.replay.beside import Beside
from tenants.replay.books import Books, Now
from tenants.replay.facts import Chain, Facts, Row
from tenants.replay.order import Group
from tenants.replay.person import Person
from tenants.replay.purse import Entry, Points
from tenants.replay.returning import Returns
from tenants.replay.value import (
    Earned,
    Promised,
    bonus_of,
    earned_by_credit,
    earned_by_sale,
    earned_by_top_up,
    paid_by,
)


class Value:
    """A person's, from the beginning on."""

    def __init__(self, chain: Chain, facts: Facts) -> None:
        ids = {(row["kind"], row["source_id"]): row["id"] for row in facts.stored["points_entry"]}
        self.books = Books(chain, facts, Points(ids))
        self.returns, self.beside = Returns(self.books), Beside(self.books)

    def take(self, group: Group) -> list[tuple[date, int]]:
        """What happened under one number; answers which points `points_earned` counts on which days.

        To be called before the record's tiers and sums change: what they were decides.
        """
        points, before = self.books.points, len(self.books.points.entries)
        now = Now(group.record, group.at, local_day(group.at, self.books.chain.zone))
        self._take(now, group)
        new = islice(points.entries.items(), before, None)
        return [(entry.day, entry.points) for (kind, _), entry in new if kind in MEASURED]

    def _take(self, now: Now, group: Group) -> None:
        rows, returns = group.rows, self.returns
        for row in rows["merge"]:
            self._merge(now, row)
        self._bring(now, group)
        for row in rows["refund"]:
            returns.refund(now, row)
        for row in rows["purchase_undone"]:
            returns.undo_purchase(now, row["fact_id"])
        for row in rows["wallet_refund"]:
            returns.pay_back(now, row)
        for row in rows["top_up_undone"]:
            returns.undo_top_up(now, row["fact_id"])
        self.beside.take(now, group)
        for row in rows["wallet_beside"]:
            self._wallet_beside(now, row)

    def _bring(self, now: Now, group: Group) -> None:
        for row in group.rows["purchase"]:
            if row["source"] == "api":
                self._sale(now, row)
        for row in group.rows["points"]:
            bought = self.returns.bought.get(row["source_id"]) if row["kind"] == "earn" else None
            if bought is not None and bought["source"] == "import":
                self._credit(now, bought)
        for row in group.rows["top_up"]:
            self._top_up(now, row)

    def _merge(self, now: Now, row: Row) -> None:
        self.books.points.merge(row["other_id"], now.member_id, row["id"], now.today)
        self.books.wallets.merge(row["other_id"], now.member_id, row["id"])
        self.beside.unite(row["other_id"], now.member_id)

    # --- what brings --------------------------------------------------------------------------

    def _sale(self, now: Now, row: Row) -> None:
        """What paid is spent before what it earns is there."""
        books = self.books
        charged, paid = paid_by(row, "points", "points"), paid_by(row, "wallet", "amount")
        if charged:
            books.points.spend(now.member_id, "redeem", row["id"], charged, now.today)
        rules = books.chain.version(row["programme_version"])
        if paid:
            books.wallets.spend(now.member_id, row["id"], paid, rules.wallet.spend_order)
        told = row["pricing"] or {}
        earned = earned_by_sale(books.chain, now.record, row)
        stored = {name: told.get(name) for name in ("points", "rate")} if told.get("points") else None
        books.promised.append(Promised("points", row["id"], _said(earned), stored))
        self._earn(now, row, earned, lot_rules=rules.version)

    def _credit(self, now: Now, row: Row) -> None:
        """Without a row of its own it has no points."""
        if row["credit_version"] is not None:
            earned = earned_by_credit(self.books.chain, now.record, row)
            stored = {"points": row["credit_points"], "rate": rate_text(row["credit_rate"])}
            self.books.promised.append(Promised("points", row["id"], _said(earned), stored))
            self._earn(now, row, earned, lot_rules=row["credit_version"])

    def _earn(self, now: Now, row: Row, earned: Earned, *, lot_rules: int) -> None:
        self.books.earned[row["id"]] = earned
        lot = lot_of(earned.points, self.books.chain.version(lot_rules).points, row["local_day"])
        self.books.points.accrue(now.member_id, "earn", row["id"], lot, now.today)

    def _top_up(self, now: Now, row: Row) -> None:
        books, rules = self.books, self.books.chain.version(row["programme_version"])
        bonus = bonus_of(books.chain, now.record, row)
        books.promised.append(Promised("bonus", row["id"], bonus, row["bonus"]))
        books.wallets.open(now.member_id, "top_up", row["id"], (row["amount"], bonus), row["recorded_at"])
        lot = lot_of(earned_by_top_up(rules, row["amount"]), rules.points, row["local_day"])
        books.points.accrue(now.member_id, "top_up", row["id"], lot, now.today)

    def _wallet_beside(self, now: Now, row: Row) -> None:
        """Balances brought from elsewhere are facts to begin with; bonus ends when its member leaves."""
        wallets, source_id = self.books.wallets, row["source_id"]
        if row["kind"] == "void_bonus":
            wallets.void_bonus(now.member_id, source_id)
        else:
            held = wallets.lots.pop(source_id, None)
            had = (0, 0) if held is None else (held.principal, held.bonus)
            more = (row["amount"], 0) if row["kind"] == "opening" else (0, row["amount"])
            parts = had[0] + more[0], had[1] + more[1]
            wallets.open(now.member_id, "opening", source_id, parts, row["recorded_at"])

    # --- the end ------------------------------------------------------------------------------

    def finish(self, person: Person) -> None:
        """What should have an entry and has none, which nothing else tells when it was."""
        books, entries = self.books, self.books.points.entries
        for record in person.records.values():
            if record.closed_at is not None and record.id not in person.into:
                today = local_day(record.closed_at, books.chain.zone)
                books.points.void(record.id, record.id, today)
                books.wallets.void_bonus(record.id, record.id)
        for row in books.facts.stored["campaign_share"]:
            if row["points"] and ("campaign", row["id"]) not in entries:
                day = local_day(row["at"], books.chain.zone)
                entries["campaign", row["id"]] = Entry(row["member_id"], row["points"], day)
        for row in books.facts.happened["purchase"]:
            if row["credit_points"] and ("earn", row["id"]) not in entries:
                entries["earn", row["id"]] = Entry(row["member_id"], row["credit_points"], row["local_day"])


def _said(earned: Earned) -> dict[str, object] | None:
    """As it is kept with the purchase: nothing where it earns nothing."""
    return {"points": earned.points, "rate": rate_text(earned.rate)} if earned.points else None
