"""Paying into the wallet and out of it, over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from tenants.top_ups.bodies import TopUpBody, WalletRefundBody
from tenants.top_ups.history import ToppedUp, WalletRefunded, top_up
from tenants.top_ups.record import record_top_up
from tenants.top_ups.refund import record_wallet_refund

WRITE = {"requires": "wallet:write"}
READ = {"requires": "members:read"}


def top_up_out(made: ToppedUp) -> dict[str, Any]:
    """The till's answer; `wallet` holds so much behind it. `tier` is the main ladder's; `tiers` lists every ladder
    whose tier changed. `undone_at`: it was taken back then.
    """
    main = made.changes[0] if made.changes else None  # ladders come in the programme's order
    return {
        "id": made.id,
        "member_id": made.member_id,
        "branch_id": made.branch_id,
        "external_id": made.external_id,
        "occurred_at": made.occurred_at,
        "recorded_at": made.recorded_at,
        "amount": made.amount,
        "bonus": made.bonus,
        "gift": made.gift,
        "tenders": made.tenders,
        "sold_by": made.sold_by,
        "wallet": {"principal": made.principal, "bonus": made.bonus_after},
        "points_earned": made.points_earned,
        "tier": None if main is None else {"ladder": main.ladder, "before": main.before, "after": main.after},
        "tiers": [
            {"ladder": c.ladder, "before": c.before, "after": c.after, "reason": c.reason, "decision_id": c.decision_id}
            for c in made.changes
            if c.decision_id is not None
        ],
        "decision_id": None if main is None else main.decision_id,
        "undone_at": made.undone_at,
    }


def wallet_refund_out(made: WalletRefunded) -> dict[str, Any]:
    """The till's answer: `paid_out` is the money to hand over, `amount` less `deducted`. `wallet` holds so much behind
    it; `lots` names the top-ups that gave.
    """
    return {
        "id": made.id,
        "member_id": made.member_id,
        "branch_id": made.branch_id,
        "external_id": made.external_id,
        "recorded_at": made.recorded_at,
        "amount": made.amount,
        "bonus_voided": made.bonus_voided,
        "deducted": made.deducted,
        "paid_out": made.paid_out,
        "cooling_off": made.cooling_off,
        "tender": made.tender,
        "lots": [
            {"id": p.lot_id, "amount": p.amount, "bonus_voided": p.bonus_voided, "deducted": p.deducted}
            for p in made.parts
        ],
        "reason": made.reason,
        "sold_by": made.sold_by,
        "points_reversed": made.points_reversed,
        "wallet": {"principal": made.principal, "bonus": made.bonus_after},
    }


@post("/v1/wallet/top-ups", opt=WRITE, tags=["wallet"])
async def post_top_up(data: JSONBody[TopUpBody]) -> Response[dict[str, Any]]:
    """Pays into a wallet: 201, or 200 with the first answer where the same content had been recorded."""
    made = await record_top_up(data)
    return Response(top_up_out(made), status_code=201 if made.first else 200)


@get("/v1/wallet/top-ups/{top_up_id:uuid}", opt=READ, tags=["wallet"])
async def get_top_up(top_up_id: FromPath[UUID]) -> dict[str, Any]:
    """One top-up as it was answered first, with the tiers that it decided."""
    return top_up_out(await top_up(top_up_id))


@post("/v1/wallet/refunds", opt=WRITE, tags=["wallet"])
async def post_wallet_refund(data: JSONBody[WalletRefundBody]) -> Response[dict[str, Any]]:
    """Pays principal back, of one top-up or the newest first: 201, or 200 with the first answer. A whole top-up of
    which nothing was spent is `cooling_off` for as many days as the programme gives; who has left is paid back too.
    """
    made = await record_wallet_refund(data)
    return Response(wallet_refund_out(made), status_code=201 if made.first else 200)


HANDLERS = [post_top_up, get_top_up, post_wallet_refund]
