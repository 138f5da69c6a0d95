"""Undo over HTTP."""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.params import FromPath, JSONBody

from tenants.tiers.evaluate import Change
from tenants.undo import purchases, top_ups
from tenants.undo.bodies import UndoBody


def purchase_out(undone: purchases.Undone) -> dict[str, Any]:
    """The till's answer. `tiers` lists every ladder whose tier went back; `wallet` and `points_returned` are what had
    paid, `points_reversed` what the purchase had earned, `coupons` may be used again.
    """
    row = undone.row
    return {
        "id": row["purchase_id"],
        "member_id": row["member_id"],
        "branch_id": row["branch_id"],
        "external_id": row["external_id"],
        "amount": row["amount"],
        "undone_at": row["recorded_at"],
        "reason": row["reason"],
        "points_reversed": row["reversed"],
        "points_returned": row["returned"],
        "wallet": {"principal": row["principal"], "bonus": row["bonus"]},
        "coupons": row["coupons"],
        "tiers": _tiers(undone.changes),
    }


def top_up_out(undone: top_ups.Undone) -> dict[str, Any]:
    """The till's answer: `amount` is to be handed back, `bonus` is gone with it."""
    row = undone.row
    return {
        "id": row["top_up_id"],
        "member_id": row["member_id"],
        "branch_id": row["branch_id"],
        "external_id": row["external_id"],
        "amount": row["amount"],
        "bonus": row["bonus"],
        "undone_at": row["recorded_at"],
        "reason": row["reason"],
        "points_reversed": row["reversed"],
        "tiers": _tiers(undone.changes),
    }


def _tiers(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {"ladder": c.ladder, "before": c.before, "after": c.after, "reason": c.reason, "decision_id": c.decision_id}
        for c in changes
    ]


@post("/v1/purchases/{purchase_id:uuid}/undo", status_code=200, opt={"requires": "purchases:write"}, tags=["purchases"])
async def post_undo_purchase(purchase_id: FromPath[UUID], data: JSONBody[UndoBody]) -> dict[str, Any]:
    """Takes one's own last purchase back, for 15 minutes. What was undone before is answered the same again."""
    return purchase_out(await purchases.undo_purchase(purchase_id, data))


@post("/v1/wallet/top-ups/{top_up_id:uuid}/undo", status_code=200, opt={"requires": "wallet:write"}, tags=["wallet"])
async def post_undo_top_up(top_up_id: FromPath[UUID], data: JSONBody[UndoBody]) -> dict[str, Any]:
    """Takes one's own last top-up back, for 15 minutes, unless something of it was used."""
    return top_up_out(await top_ups.undo_top_up(top_up_id, data))


HANDLERS = [post_undo_purchase, post_undo_top_up]
