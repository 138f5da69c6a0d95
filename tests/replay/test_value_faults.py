"""Points and stored value are moved again by a replay; each fault that is planted in them is named by itself."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fortunes import Fortunes, make_fortunes
from planting import planted
from support.chains import Chain
from support.till import rows
from support.value import sound

_ENTRY = (
    "tenant_id = $1 AND id = (SELECT id FROM points_entry WHERE tenant_id = $1 AND kind = '{}' ORDER BY id LIMIT 1)"
)
_LAST = "(SELECT id FROM member WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1)"
_USED = _ENTRY.format("use")
_MEMBER = "tenant_id = $1 AND member_id = '{first}'"

FAULTS: dict[str, tuple[str, str, str]] = {
    "what a lot has left": (
        f'UPDATE points_lot SET "left" = "left" + 1 WHERE {_MEMBER} AND "left" < points',
        "lot",
        "left",
    ),
    "a lot's last day": (f"UPDATE points_lot SET expires_on = expires_on + 1 WHERE {_MEMBER}", "lot", "expires_on"),
    "a lot that never expires": (
        f"UPDATE points_lot SET expires_on = NULL WHERE {_MEMBER} AND expires_on IS NOT NULL",
        "lot",
        "expires_on",
    ),
    "a pending day": (
        f"UPDATE points_lot SET spendable_from = day WHERE {_MEMBER} AND spendable_from > day",
        "lot",
        "spendable_from",
    ),
    "a balance": (f"UPDATE points_account SET open = open + 1 WHERE {_MEMBER}", "balance", "open"),
    "a debt": (f"UPDATE points_account SET open = 0, debt = 5 WHERE {_MEMBER}", "balance", "debt"),
    **{
        f"points of kind {kind}": (
            f"UPDATE points_entry SET points = points + 1 WHERE {_ENTRY.format(kind)}",
            "points",
            "points",
        )
        for kind in (
            *("earn", "activity", "top_up", "referral", "birthday", "campaign"),
            *("reverse", "top_up_reverse", "undo_earn", "undo_top_up", "expire", "return", "void", "reward_return"),
        )
    },
    "the day of points": (f"UPDATE points_entry SET day = day + 1 WHERE {_ENTRY.format('activity')}", "points", "day"),
    "somebody else's points": (
        f"UPDATE points_entry SET member_id = {_LAST} WHERE {_USED}",
        "points",
        "points",
    ),
    "an expiry that is gone": (f"DELETE FROM points_entry WHERE {_ENTRY.format('void')}", "points", "points"),
    "a campaign's rate": (
        'UPDATE purchase SET pricing = pricing || \'{{"rate": "9"}}\'::jsonb WHERE '
        + _MEMBER
        + " AND pricing ? 'rate'",
        "points",
        "rate",
    ),
    "principal left": (
        f"UPDATE wallet_lot SET principal_left = principal_left - 1 WHERE {_MEMBER} AND principal_left > 0",
        "wallet-lot",
        "principal_left",
    ),
    "bonus left": (
        f"UPDATE wallet_lot SET bonus_left = bonus_left - 1 WHERE {_MEMBER} AND bonus_left > 0",
        "wallet-lot",
        "bonus_left",
    ),
    "a bonus": (f"UPDATE wallet_lot SET bonus = bonus + 1 WHERE {_MEMBER}", "wallet-lot", "bonus"),
    "what was paid back": (
        f"UPDATE wallet_lot SET refunded = refunded - 1 WHERE {_MEMBER} AND refunded > 0",
        "wallet-lot",
        "refunded",
    ),
    "bonus that was voided": (
        f"UPDATE wallet_lot SET bonus_voided = bonus_voided + 1 WHERE {_MEMBER}",
        "wallet-lot",
        "bonus_voided",
    ),
    "a wallet's balance": (
        f"UPDATE wallet_account SET principal = principal + 1 WHERE {_MEMBER}",
        "wallet",
        "principal",
    ),
    "a wallet's bonus": (f"UPDATE wallet_account SET bonus = bonus + 1 WHERE {_MEMBER}", "wallet", "bonus"),
    "a payment by bonus": (
        f"UPDATE wallet_entry SET amount = amount + 1 WHERE {_MEMBER} AND kind = 'spend_bonus'",
        "wallet-entry",
        "amount",
    ),
    "a deduction": (
        "UPDATE wallet_entry SET amount = amount + 1 WHERE tenant_id = $1 AND kind = 'refund_deduction'",
        "wallet-entry",
        "amount",
    ),
}


@pytest.fixture(scope="module")
async def fortunes(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> Fortunes:
    return await make_fortunes(new_chain, drain)


async def test_points_and_stored_value_of_every_kind(fortunes: Fortunes) -> None:
    await sound(fortunes.chain)
    kinds = {row["kind"] for row in await rows(fortunes.chain, "points_entry")}
    assert {"earn", "top_up", "activity", "referral", "birthday", "campaign", "opening", "adjust", "use"} <= kinds
    assert {"reverse", "top_up_reverse", "undo_earn", "undo_top_up", "redeem", "return", "expire", "void"} <= kinds
    assert {"reward", "reward_return", "merge_out", "merge_in"} <= kinds
    moved = {row["kind"] for row in await rows(fortunes.chain, "wallet_entry")}
    assert {"top_up", "opening", "spend_bonus", "return_bonus", "undo_spend_bonus", "refund_deduction"} <= moved
    assert {"refund_bonus", "undo_top_up_bonus", "void_bonus", "merge_in_bonus"} <= moved
    debts = [row["debt"] for row in await rows(fortunes.chain, "points_account")]
    assert max(debts) > 0


async def test_what_the_instant_alone_doesnt_tell_keeps_its_rules(fortunes: Fortunes) -> None:
    for table in ("refund", "wallet_refund", "purchase_undone", "top_up_undone"):
        found = await rows(fortunes.chain, table)
        assert found
        assert all(row["programme_version"] for row in found), table
    kept = {row["kind"] for row in await rows(fortunes.chain, "points_entry") if row["programme_version"]}
    assert kept == {"birthday", "campaign", "activity", "earn"}  # the last two imported


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named_by_itself(fault: str, fortunes: Fortunes) -> None:
    sql, kind, column = FAULTS[fault]
    found = await planted(fortunes.chain, sql.format(first=fortunes.first))
    assert {one.kind for one in found} == {kind}, found
    told = {name for one in found for side in (one.expected, one.stored) for name in side or ()}
    assert column in told, found
    assert all(one.expected != one.stored and set(one.why) == {"zh-CN", "en"} for one in found)
    if "{first}" in sql:
        assert {str(one.member_id) for one in found} == {fortunes.first}
