"""Principal paid back over HTTP: what leaves the wallet, what the till hands out, what follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.counter import change_wallet, paid_out, pay_out, pays, top_up, topped_up, wallet
from support.programme import change_programme
from support.till import member, rows
from support.wallet_check import check_wallets

STEPS = [{"amount": 50_000, "bonus": 20_000}]
NOON = datetime(2031, 3, 2, 4, tzinfo=UTC)


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await change_wallet(chain, top_up_bonus=STEPS)
    await set_clock(chain.tenant_id, NOON)
    return chain


async def test_a_whole_top_up_untouched_goes_back_within_the_cooling_off_days(shop: Chain) -> None:
    who = await member(shop)
    made = await topped_up(shop, who, "U1", 50_000)
    await set_clock(shop.tenant_id, NOON + timedelta(days=7))
    back = await paid_out(shop, who, "P1", None, top_up_id=made["id"], tender="cash", reason="反悔")
    assert back["cooling_off"] is True
    assert (back["amount"], back["bonus_voided"], back["deducted"], back["paid_out"]) == (50_000, 20_000, 0, 50_000)
    assert back["wallet"] == {"principal": 0, "bonus": 0}
    assert back["lots"] == [{"id": made["id"], "amount": 50_000, "bonus_voided": 20_000, "deducted": 0}]
    assert (back["tender"], back["reason"]) == ("cash", "反悔")
    await check_wallets(shop)


@pytest.mark.parametrize(("days", "amount", "spent"), [(8, 50_000, 0), (0, 49_999, 0), (0, None, 1)])
async def test_later_in_part_or_touched_is_no_cooling_off(
    shop: Chain, days: int, amount: int | None, spent: int
) -> None:
    who = await member(shop)
    made = await topped_up(shop, who, "U1", 50_000)
    if spent:
        await pays(shop, who, spent)
    await set_clock(shop.tenant_id, NOON + timedelta(days=days))
    back = await paid_out(shop, who, "P1", amount, top_up_id=made["id"])
    assert back["cooling_off"] is False
    await check_wallets(shop)


async def test_bonus_goes_in_proportion_and_what_was_spent_beyond_is_deducted(shop: Chain) -> None:
    """充500得700, bonus spent first: 350 of goods took 200 of bonus and 150 of principal. Paying back the other 350
    voids 200 x 350/500 = 140 of bonus, all spent: 210 go out.
    """
    await change_wallet(shop, spend_order="bonus_first")
    who = await member(shop)
    await topped_up(shop, who, "U1", 50_000)
    await pays(shop, who, 35_000)
    back = await paid_out(shop, who, "P1", 35_000)
    assert (back["bonus_voided"], back["deducted"], back["paid_out"]) == (0, 14_000, 21_000)
    assert [(e["kind"], e["amount"], e["from"], e["to"]) for e in (await wallet(shop, who))["data"][:2]] == [
        ("refund_deduction", -14_000, "principal", "bonus_cost"),
        ("refund", -21_000, "principal", "cash"),
    ]
    await check_wallets(shop)


async def test_the_newest_top_up_goes_back_first(shop: Chain) -> None:
    who = await member(shop)
    old = await topped_up(shop, who, "U1", 50_000)
    new = await topped_up(shop, who, "U2", 10_000)
    back = await paid_out(shop, who, "P1", 35_000)
    assert back["lots"] == [
        {"id": new["id"], "amount": 10_000, "bonus_voided": 0, "deducted": 0},
        {"id": old["id"], "amount": 25_000, "bonus_voided": 10_000, "deducted": 0},
    ]
    assert back["wallet"] == {"principal": 25_000, "bonus": 10_000}
    await check_wallets(shop)


async def test_the_same_again_is_the_first_answer_and_another_content_a_conflict(shop: Chain) -> None:
    who = await member(shop)
    await topped_up(shop, who, "U1", 50_000)
    first = await paid_out(shop, who, "P1", 20_000, reason="x")
    await paid_out(shop, who, "P2", 10_000)
    again = await pay_out(shop, who, "P1", 20_000, reason="x")
    assert (again.status_code, again.json()) == (200, first)
    for other in ({"amount": 20_001, "reason": "x"}, {"amount": 20_000}):
        refused = await pay_out(shop, who, "P1", **other)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/external-id-conflict")
    somebody = await member(shop, name="李")
    await topped_up(shop, somebody, "U2", 50_000)
    assert (await pay_out(shop, somebody, "P1", 20_000, reason="x")).status_code == 409
    assert len(await rows(shop, "wallet_refund")) == 2
    await check_wallets(shop)


async def test_what_is_not_there_is_not_paid_back(shop: Chain) -> None:
    who, other = await member(shop), await member(shop, name="李")
    made = await topped_up(shop, who, "U1", 50_000)
    cases: list[tuple[str, dict[str, Any], int, str]] = [
        (who, {"amount": 50_001}, 422, "wallet-principal-too-low"),
        (who, {"amount": 50_001, "top_up_id": made["id"]}, 422, "wallet-principal-too-low"),
        (other, {"amount": 1}, 422, "wallet-principal-too-low"),
        (other, {"amount": None, "top_up_id": made["id"]}, 404, "not-found"),
        (who, {"amount": 0}, 422, "validation-failed"),
        (who, {"amount": None}, 422, "validation-failed"),
    ]
    for whose, body, status, code in cases:
        refused = await pay_out(shop, whose, "P1", **body)
        assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{code}"), body
    assert (await pay_out(shop, who, "P1", 50_001)).json()["principal"] == 50_000
    assert await rows(shop, "wallet_refund") == []


async def test_who_has_left_is_paid_back_and_its_bonus_is_gone(shop: Chain) -> None:
    who = await member(shop)
    await topped_up(shop, who, "U1", 50_000)
    await pays(shop, who, 7_000)  # 5,000 of principal and 2,000 of bonus
    assert (await shop.http.delete(f"/v1/members/{who}")).is_success
    held = await wallet(shop, who)
    assert (held["principal"], held["bonus"]) == (45_000, 0)
    refused = await shop.http.post(f"/v1/members/{who}/erase", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/money-owed")
    assert (refused.json()["principal"], refused.json()["passes"]) == (45_000, 0)
    back = await paid_out(shop, who, "P1", 45_000, reason="退会")
    # 200 x 450/500 = 180 of bonus belong to it; 180 were voided with the leaving: nothing is deducted.
    assert (back["bonus_voided"], back["deducted"], back["paid_out"]) == (0, 0, 45_000)
    await check_wallets(shop)
    assert (await shop.http.post(f"/v1/members/{who}/erase", json={})).is_success
    assert {row["reason"] for table in ("wallet_entry", "wallet_refund") for row in await rows(shop, table)} == {None}


async def test_a_merged_wallet_is_the_survivors(shop: Chain) -> None:
    survivor, other = await member(shop), await member(shop, name="李")
    await topped_up(shop, survivor, "U1", 10_000)
    made = await topped_up(shop, other, "U2", 50_000)
    merged = await shop.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert merged.is_success, merged.text
    held = await wallet(shop, other)  # leads to the survivor
    assert (held["principal"], held["bonus"]) == (60_000, 20_000)
    assert {e["kind"] for e in held["data"]} >= {"merge_out", "merge_out_bonus", "merge_in", "merge_in_bonus"}
    again = await top_up(shop, other, "U2", 50_000)
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    back = await paid_out(shop, survivor, "P1", None, top_up_id=made["id"])
    assert (back["paid_out"], back["bonus_voided"], back["cooling_off"]) == (50_000, 20_000, True)
    await check_wallets(shop)


async def test_measures_points_and_tiers_follow(shop: Chain) -> None:
    """A day's largest top-up is the next one's again, its points are taken back, and the tier is put in question."""
    rules = (await shop.http.get("/v1/programme")).json()
    points = rules["points"] | {"beside": {"top_up": "1.5", "activities": [], "referral": 0, "birthday": 0}}
    ladder = rules["ladders"][0]
    for tier, step in zip(ladder["tiers"][1:], (30_000, 500_000, 500_001), strict=True):
        tier["qualify"] = {"metric": "max_top_up", "window": {"type": "lifetime"}, "gte": step}
        tier["retain"] = None
    await change_programme(shop, points=points, ladders=[ladder])
    who = await member(shop)
    small = await topped_up(shop, who, "U1", 20_001)
    assert (small["points_earned"], small["decision_id"]) == (300, None)  # 200.01 x 1.5 = 300.015
    large = await topped_up(shop, who, "U2", 33_300)
    assert large["points_earned"] == 499  # 333.00 x 1.5 = 499.5
    assert (large["tier"]["before"], large["tier"]["after"]) == ("regular", "silver")
    await check_wallets(shop)
    back = await paid_out(shop, who, "P1", 20_000)
    # 133.00 x 1.5 = 199.5 stay: 499 - 199 = 300 go.
    assert back["points_reversed"] == 300
    await check_wallets(shop)
    rest = await paid_out(shop, who, "P2", 13_400)
    # 13,300 of the large one: its other 199; 100 of the small one: 300 - floor(199.01 x 1.5 = 298.5) = 2.
    assert (rest["points_reversed"], len(rest["lots"])) == (201, 2)
    await check_wallets(shop)
    again = await pay_out(shop, who, "P2", 13_400)
    assert (again.status_code, again.json()) == (200, rest)
    shown = (await shop.http.get(f"/v1/members/{who}")).json()
    assert shown["points"]["balance"] == 298
    assert [mark["ladder"] for mark in await rows(shop, "tier_recheck")] == [ladder["code"]]
