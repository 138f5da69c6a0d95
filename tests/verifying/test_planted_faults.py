"""Every kind of fault that is planted is named: which check, what it is about, whose, what should be and what is."""

import pytest
import test_facts_proved
from lived import Lived, planted, say_what

from tenants.verifying.ledgers import CHECKS

_OLDEST_LOT = "(SELECT min(id::text)::uuid FROM {table} WHERE tenant_id = $1)"
_POINTS_LOT, _WALLET_LOT = (_OLDEST_LOT.format(table=table) for table in ("points_lot", "wallet_lot"))
_SALE = "kind = 'spend' AND source_id = '{sale_id}'"

# What is planted (after UPDATE or DELETE FROM), and the checks that name it, each with what it is about.
FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "a balance of points": (
        "UPDATE points_account SET open = open + 7 WHERE tenant_id = $1",
        {"points-balance": "member:{member_id}", "points-lots": "member:{member_id}"},
    ),
    "debt from nowhere": (
        "UPDATE points_account SET open = 0, debt = 7 WHERE tenant_id = $1",
        {"points-balance": "member:{member_id}", "points-lots": "member:{member_id}"},
    ),
    "what a lot of points has left": (
        f'UPDATE points_lot SET "left" = "left" - 1 WHERE tenant_id = $1 AND id = {_POINTS_LOT}',
        {"points-lots": "member:{member_id}", "points-lot-left": "lot:"},
    ),
    "points of an entry": (
        (
            "UPDATE points_entry SET points = points - 5"
            " WHERE tenant_id = $1 AND kind = 'redeem' AND source_id = '{sale_id}'"
        ),
        {
            "points-balance": "member:{member_id}",
            "points-running-balance": "entry:",
            "purchase-points-paid": "purchase:{sale_id}",
        },
    ),
    "a balance behind an entry": (
        "UPDATE points_entry SET balance = balance + 1 WHERE tenant_id = $1 AND kind = 'redeem'",
        {"points-running-balance": "entry:"},
    ),
    "points taken out of no lot": (
        (
            "DELETE FROM points_take WHERE tenant_id = $1 AND entry_id ="
            " (SELECT id FROM points_entry WHERE tenant_id = $1 AND kind = 'redeem' AND source_id = '{sale_id}')"
        ),
        {"points-lot-left": "lot:"},
    ),
    "no account": (
        "DELETE FROM points_account WHERE tenant_id = $1",
        {"points-balance": "member:{member_id}", "points-lots": "member:{member_id}"},
    ),
    "principal": (
        "UPDATE wallet_account SET principal = principal + 100 WHERE tenant_id = $1",
        {"wallet-principal": "member:{member_id}", "wallet-principal-lots": "member:{member_id}"},
    ),
    "bonus": (
        "UPDATE wallet_account SET bonus = bonus - 100 WHERE tenant_id = $1",
        {"wallet-bonus": "member:{member_id}", "wallet-bonus-lots": "member:{member_id}"},
    ),
    "what a top-up has left": (
        (
            "UPDATE wallet_lot SET principal_left = principal_left - 1, bonus_left = bonus_left - 1"
            f" WHERE tenant_id = $1 AND id = {_WALLET_LOT}"
        ),
        {
            "wallet-principal-lots": "member:{member_id}",
            "wallet-bonus-lots": "member:{member_id}",
            "wallet-principal-left": "lot:",
            "wallet-bonus-left": "lot:",
        },
    ),
    "what was paid back of a top-up": (
        (
            "UPDATE wallet_lot SET refunded = refunded - 1, bonus_voided = bonus_voided + 1"
            " WHERE tenant_id = $1 AND refunded > 0"
        ),
        {"wallet-refunded": "lot:", "wallet-bonus-voided": "lot:", "measured-top-ups": "member:{member_id}"},
    ),
    "a movement": (
        f"UPDATE wallet_entry SET amount = amount + 1 WHERE tenant_id = $1 AND {_SALE}",
        {
            "wallet-principal": "member:{member_id}",
            "wallet-principal-running": "entry:",
            "wallet-taken": "movement:{sale_id}",
            "purchase-principal": "purchase:{sale_id}",
        },
    ),
    "bonus behind a movement": (
        f"UPDATE wallet_entry SET bonus_after = bonus_after + 1 WHERE tenant_id = $1 AND {_SALE}",
        {"wallet-bonus-running": "entry:"},
    ),
    "money taken out of no lot": (
        f"DELETE FROM wallet_take WHERE tenant_id = $1 AND {_SALE}",
        {"wallet-principal-left": "lot:", "wallet-bonus-left": "lot:", "wallet-taken": "movement:{sale_id}"},
    ),
    "money given back that no lot got": (
        "DELETE FROM wallet_take WHERE tenant_id = $1 AND kind = 'return'",
        {"wallet-principal-left": "lot:", "wallet-bonus-left": "lot:", "wallet-taken": "movement:"},
    ),
    "half a merge": (
        (
            "UPDATE wallet_entry SET kind = 'merge_in', debit = 'merge', credit = 'principal'"
            " WHERE tenant_id = $1 AND kind = 'return'"
        ),
        {"wallet-zero": "tenant:{chain.tenant_id}", "wallet-taken": "movement:", "refund-principal": "refund:"},
    ),
    "a coupon open again": (
        "UPDATE coupon_grant SET state = 'open', used_for = NULL WHERE tenant_id = $1 AND id = '{grant_id}'",
        {"coupon-state": "coupon:{grant_id}"},
    ),
    "what a coupon was used for": (
        "UPDATE coupon_grant SET used_for = id WHERE tenant_id = $1 AND id = '{grant_id}'",
        {"coupon-used-for": "coupon:{grant_id}"},
    ),
    "a coupon that nobody gave": (
        "DELETE FROM coupon_entry WHERE tenant_id = $1 AND grant_id = '{grant_id}' AND kind = 'grant'",
        {"coupon-granted-once": "coupon:{grant_id}", "coupon-steps": "coupon:{grant_id}"},
    ),
    "a coupon used twice": (
        (
            "INSERT INTO coupon_entry (tenant_id, grant_id, kind, source_id, recorded_at, actor)"
            " VALUES ($1, '{grant_id}', 'use', '{grant_id}', now(), 'x')"
        ),
        {"coupon-steps": "coupon:{grant_id}", "coupon-used-for": "coupon:{grant_id}", "purchase-coupons": "purchase:"},
    ),
    "a piece too many": (
        "UPDATE reward SET stock = stock + 1 WHERE tenant_id = $1 AND id = '{reward_id}'",
        {"reward-stock": "reward:{reward_id}"},
    ),
    "a claim that took no piece": (
        "DELETE FROM reward_entry WHERE tenant_id = $1 AND kind = 'claim'",
        {"reward-stock": "reward:{reward_id}"},
    ),
    "a claim's points": (
        "UPDATE reward_claim SET points = points + 1 WHERE tenant_id = $1",
        {"claim-points": "claim:{claim_id}"},
    ),
    "what a pass has left": (
        'UPDATE pass SET "left" = "left" + 1 WHERE tenant_id = $1',
        {"pass-uses": "pass:{pass_id}"},
    ),
    "what a pass paid back": (
        "UPDATE pass SET paid_back = paid_back + 1 WHERE tenant_id = $1",
        {"pass-paid-back": "pass:{pass_id}"},
    ),
    "a visit that was struck out": (
        "DELETE FROM pass_entry WHERE tenant_id = $1 AND kind = 'use' AND uses = -1",
        {"pass-uses": "pass:{pass_id}", "pass-running": "entry:"},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named(fault: str, lived: Lived) -> None:
    sql, told = FAULTS[fault]
    named = await planted(lived, sql)
    assert {one.check for one in named} == set(told)
    await say_what(lived, named, told)


def test_every_check_has_a_fault_that_it_names() -> None:
    known = FAULTS | test_facts_proved.FAULTS
    assert {check for _, told in known.values() for check in told} == {check.code for check in CHECKS}


async def test_what_should_be_and_what_is_stored(lived: Lived) -> None:
    (stock,) = await planted(lived, "UPDATE reward SET stock = 9 WHERE tenant_id = $1 AND id = '{reward_id}'")
    assert (stock.check, stock.subject) == ("reward-stock", f"reward:{lived.reward_id}")
    assert (stock.expected, stock.stored) == ("4", "9")
    (state,) = await planted(lived, FAULTS["a coupon open again"][0])
    assert (state.expected, state.stored) == ("used", "open")
    gone = await planted(lived, FAULTS["no account"][0])
    assert {one.stored for one in gone} == {None}
