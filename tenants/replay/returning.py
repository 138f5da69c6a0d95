"""What refunds and undos give back and take back: each by what the fact brought as it should have."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from saas.money import exponent
from tenants.refunds.bought import Bought
from tenants.refunds.paid import BONUS, PRINCIPAL, Paid
from tenants.replay.books import Books, Now
from tenants.replay.facts import Row
from tenants.replay.value import earned_by_top_up, paid_by


class Returns:
    """Of one person."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.bought = {row["id"]: row for row in books.facts.happened["purchase"]}
        self.top_ups = {row["id"]: row for row in books.facts.happened["top_up"]}
        self._states: dict[UUID, Bought] = {}

    # --- purchases ----------------------------------------------------------------------------

    def refund(self, now: Now, row: Row) -> None:
        """Points earned and points that paid, stored value; who has left has no points any more, and bonus ends."""
        before = self._state(row["purchase_id"])
        if before is None:
            return
        back = dict(row["lines"] or ())
        after = before.less(row["amount"], [back.get(n, 0) for n in range(len(before.lines or ()))])
        self._states[before.id] = after
        points, decimals = self.books.points, exponent(self.books.chain.currency)
        if not now.has_left:
            reversed_ = before.points_kept(decimals) - after.points_kept(decimals)
            own = points.lot_of("earn", before.id)
            points.take_back(now.member_id, ("reverse", row["id"]), reversed_, own, before.local_day)
            returned = after.points_back - before.points_back
            points.give_back(now.member_id, ("return", row["id"]), before.id, returned, now.today)
        parts = (
            after.returned.get(PRINCIPAL, 0) - before.returned.get(PRINCIPAL, 0),
            after.returned.get(BONUS, 0) - before.returned.get(BONUS, 0),
        )
        self.books.wallets.give_back(now.member_id, "return", row["id"], before.id, parts, void=now.has_left)

    def undo_purchase(self, now: Now, purchase_id: UUID) -> None:
        """The whole of it."""
        points = self.books.points
        points.undo_accrual(now.member_id, ("undo_earn", purchase_id), points.lot_of("earn", purchase_id), now.today)
        row = self.bought.get(purchase_id)
        charged = 0 if row is None else paid_by(row, "points", "points")
        points.give_back(now.member_id, ("undo_redeem", purchase_id), purchase_id, charged, now.today)
        wallets = self.books.wallets
        parts = wallets.spent_on(purchase_id)
        wallets.give_back(now.member_id, "undo_spend", purchase_id, purchase_id, parts, void=False)

    def _state(self, purchase_id: UUID) -> Bought | None:
        """The purchase less what was given back of it so far; credited as it is by now."""
        row = self.bought.get(purchase_id)
        if row is None:
            return None
        paid = Paid.of(row["amount"], row["tenders"], self._credited(purchase_id))
        known = self._states.get(purchase_id)
        if known is not None:
            return replace(known, paid=paid)
        return Bought(
            purchase_id,
            row["member_id"],
            row["member_id"],
            row["branch_id"],
            "",
            row["local_day"],
            row["amount"],
            self._lines(row),
            row["category"],
            0,
            tuple(0 for _ in row["lines"] or ()),
            row["uncounted"],
            paid=paid,
        )

    def _credited(self, purchase_id: UUID) -> Mapping[str, Any]:
        earned = self.books.earned.get(purchase_id)
        if earned is None:
            return {}
        return {"points": earned.points, "rate": str(earned.rate), "earning": sum(earned.of_lines)}

    def _lines(self, row: Row) -> list[dict[str, Any]] | None:
        """With what each earned on."""
        if row["lines"] is None:
            return None
        earned = self.books.earned.get(row["id"])
        if earned is None:
            return list(row["lines"])
        lines = zip(row["lines"], earned.of_lines, strict=True)
        return [{**line, "earning": earning} for line, earning in lines]

    # --- top-ups ------------------------------------------------------------------------------

    def pay_back(self, now: Now, row: Row) -> None:
        """Out of which lots, and how much principal of each, is kept with the refund; what follows is reckoned."""
        parts = [(UUID(lot_id), amount, UUID(source)) for lot_id, amount, _, _, source in row["lots"]]
        for lot_id, amount, source in [] if now.has_left else parts:
            top_up, own = self.top_ups.get(lot_id), self.books.points.lot_of("top_up", lot_id)
            lot = self.books.wallets.lots.get(lot_id)
            if top_up is not None and own is not None and lot is not None:
                rules = self.books.chain.version(top_up["programme_version"])
                left = lot.principal - lot.refunded
                points = earned_by_top_up(rules, left) - earned_by_top_up(rules, left - amount)
                self.books.points.take_back(now.member_id, ("top_up_reverse", source), points, own, top_up["local_day"])
        self.books.wallets.pay_back(now.member_id, row["id"], [(lot_id, amount) for lot_id, amount, _ in parts])

    def undo_top_up(self, now: Now, top_up_id: UUID) -> None:
        """The whole of it."""
        points = self.books.points
        self.books.wallets.undo_top_up(now.member_id, top_up_id)
        points.undo_accrual(now.member_id, ("undo_top_up", top_up_id), points.lot_of("top_up", top_up_id), now.today)
