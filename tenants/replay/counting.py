"""What each fact adds to a member's sums."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from tenants.measures import codes
from tenants.replay.facts import Row
from tenants.replay.sums import Line, Paid, Sale, Sums

Rows = Mapping[str, Sequence[Row]]
"""What happened under one number, by kind."""


def count_sales(sums: Sums, rows: Rows) -> None:
    """Purchases and top-ups, what went back of them, and those that never were."""
    for row in rows["purchase"]:
        sums.buy(_sale(row))
    for row in rows["refund"]:
        sums.give_back(row["purchase_id"], row["amount"], row["uncounted"], row["lines"] or ())
    for row in rows["purchase_undone"]:
        sums.undo_sale(row["fact_id"])
    for row in rows["top_up"]:
        sums.pay_in(row["id"], Paid(row["local_day"], row["amount"]))
    for row in rows["wallet_refund"]:
        for part in row["lots"]:
            sums.pay_back(UUID(part[0]), part[1])
    for row in rows["top_up_undone"]:
        sums.undo_top_up(row["fact_id"])


def count_others(sums: Sums, rows: Rows, earned: Iterable[tuple[date, int]]) -> None:
    """Activities, referrals, and points `earned` or taken back, on which days."""
    for row in rows["activity"]:
        value: Decimal | None = row["value"]
        for measure in (codes.activity(None), codes.activity(row["kind"])):
            sums.add(measure, row["local_day"], value or 0, 1, 0 if value is None else 1)
    for day, points in earned:
        sums.add(codes.POINTS, day, points)
    for row in rows["referral_move"]:
        for on, facts in ((row["from_day"], -1), (row["to_day"], 1)):
            if on is not None:
                sums.add(codes.REFERRAL, on, 0, facts)


def _sale(row: Row) -> Sale:
    lines = None
    if row["lines"] is not None:
        lines = [Line(line.get("category"), line["amount"], line.get("bonus", 0)) for line in row["lines"]]
    return Sale(
        row["id"],
        row["local_day"],
        row["occurred_at"],
        row["branch_id"],
        row["amount"],
        row["uncounted"],
        row["category"],
        lines,
    )
