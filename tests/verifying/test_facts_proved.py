"""What purchases, refunds, top-ups and others say of value is held against what the ledgers moved for them."""

import pytest
from lived import Lived, planted, say_what

_SALE, _HIS = "purchase:{sale_id}", "member:{member_id}"
# What is planted, and the checks that name it, each with what it is about.
FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "points that a purchase says it earned": (
        "UPDATE purchase SET pricing = jsonb_set(pricing, '{{points}}', '1') WHERE tenant_id = $1 AND id = '{sale_id}'",
        {"purchase-points-earned": _SALE},
    ),
    "what paid for a purchase": (
        "UPDATE purchase SET tenders = '[]' WHERE tenant_id = $1 AND id = '{sale_id}'",
        {"purchase-points-paid": _SALE, "purchase-principal": _SALE, "purchase-bonus": _SALE},
    ),
    "coupons of a purchase": (
        "UPDATE purchase SET pricing = pricing - 'coupons' WHERE tenant_id = $1 AND id = '{sale_id}'",
        {"purchase-coupons": _SALE},
    ),
    "what a refund gave back": (
        "UPDATE refund SET tenders = NULL WHERE tenant_id = $1 AND purchase_id = '{sale_id}'",
        {"refund-points": "refund:", "refund-principal": "refund:", "refund-bonus": "refund:"},
    ),
    "points that outlive what earned them": (
        (
            "UPDATE points_entry SET kind = 'void' WHERE tenant_id = $1 AND kind = 'reverse' AND source_id ="
            " (SELECT id FROM refund WHERE tenant_id = $1 AND purchase_id = '{returned_id}')"
        ),
        {"purchase-points-reversed": "purchase:{returned_id}", "measured-points": _HIS},
    ),
    "points of an undone purchase": (
        "UPDATE points_entry SET kind = 'void' WHERE tenant_id = $1 AND kind = 'undo_earn'",
        {"undone": "entry:{undone_id}", "measured-points": _HIS},
    ),
    "money of an undone purchase": (
        "UPDATE wallet_entry SET kind = 'return' WHERE tenant_id = $1 AND kind = 'undo_spend'",
        {"undone": "entry:{undone_id}", "wallet-taken": "movement:{undone_id}", "refund-principal": "refund:"},
    ),
    "acts of staff": (
        "UPDATE points_act SET points = points + 1 WHERE tenant_id = $1",
        {"points-adjusted": "points_act:", "points-used": "points_act:"},
    ),
    "a top-up": (
        "UPDATE top_up SET amount = amount + 1, bonus = bonus + 1 WHERE tenant_id = $1",
        {"top-up-principal": "top_up:", "top-up-bonus": "top_up:", "measured-top-ups": _HIS},
    ),
    "what came into a lot": (
        "UPDATE wallet_lot SET principal = principal + 1, bonus = bonus + 1 WHERE tenant_id = $1",
        {
            "wallet-principal-opened": "lot:",
            "wallet-bonus-opened": "lot:",
            "wallet-principal-left": "lot:",
            "wallet-bonus-left": "lot:",
        },
    ),
    "what was paid out": (
        (
            "UPDATE wallet_refund SET paid_out = paid_out - 1, deducted = deducted + 1, bonus_voided = bonus_voided + 1"
            " WHERE tenant_id = $1"
        ),
        {
            "wallet-refund-paid-out": "wallet_refund:",
            "wallet-refund-deducted": "wallet_refund:",
            "wallet-refund-bonus": "wallet_refund:",
        },
    ),
    "where money was taken": (
        "UPDATE wallet_take SET branch_id = NULL WHERE tenant_id = $1 AND kind = 'spend'",
        {"wallet-taken-at": "movement:"},
    ),
    "money that left no till": (
        "UPDATE wallet_take SET paid_out = paid_out - 1 WHERE tenant_id = $1 AND kind = 'refund'",
        {"wallet-paid-out": "movement:", "wallet-bonus-voided": "lot:"},
    ),
    "the price of a pass": (
        "UPDATE pass SET price = price + 1 WHERE tenant_id = $1",
        {"pass-sold": "pass:{pass_id}"},
    ),
    "a visit taken back that was none": (
        "UPDATE pass_entry SET source_id = id WHERE tenant_id = $1 AND kind = 'undo_use'",
        {"pass-undone": "entry:"},
    ),
    "an allowance taken back of something else": (
        "UPDATE allowance_use SET product = 'sauna' WHERE tenant_id = $1 AND undoes IS NOT NULL",
        {"allowance-undone": "allowance_use:"},
    ),
    "sums that tiers are decided by": (
        "UPDATE measure_day SET total = total + 1 WHERE tenant_id = $1 AND measure IN ('points', 'top_up')",
        {"measured-points": _HIS, "measured-top-ups": _HIS},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named(fault: str, lived: Lived) -> None:
    sql, told = FAULTS[fault]
    named = await planted(lived, sql)
    assert {one.check for one in named} == set(told)
    await say_what(lived, named, told)
