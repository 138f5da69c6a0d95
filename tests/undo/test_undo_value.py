"""What an undo gives back of points, stored value and coupons, and where it is refused because something was used."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from support.chains import Chain
from support.clock import set_clock
from support.counter import paid_out, topped_up, wallet
from support.programme import change_programme
from support.till import bought, buy, member, rows
from support.value import LINES, coupon, furnished, holds, set_up, sound

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


async def undo(chain: Chain, purchase_id: str, **fields: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/purchases/{purchase_id}/undo", json=fields)


async def undo_top_up(chain: Chain, top_up_id: str, **fields: Any) -> httpx.Response:
    return await chain.http.post(f"/v1/wallet/top-ups/{top_up_id}/undo", json=fields)


def code(answer: httpx.Response) -> str:
    kind: str = answer.json()["type"]
    return kind.rpartition("/")[2]


async def test_everything_that_paid_is_there_again(chain: Chain) -> None:
    await set_up(chain)
    who = await furnished(chain)
    grant = await coupon(chain, who)
    before = await holds(chain, who)
    sale = await bought(
        chain, "1", None, member_id=who, lines=LINES, coupons=[grant], external_amounts=False,
        points_to_redeem=3_000, wallet_amount=14_000,
    )  # fmt: skip
    answer = (await undo(chain, sale["id"])).json()
    assert answer["points_reversed"] == sale["points_earned"] > 0
    assert answer["points_returned"] == 3_000
    assert (answer["wallet"], answer["coupons"]) == ({"principal": 10_000, "bonus": 4_000}, [grant])
    assert await holds(chain, who) == before
    await sound(chain)
    assert (await undo(chain, sale["id"])).json() == answer
    again = await bought(
        chain, "1", None, member_id=who, lines=LINES, coupons=[grant], external_amounts=False,
        points_to_redeem=3_000, wallet_amount=14_000,
    )  # fmt: skip
    assert again["paid"] == sale["paid"]
    await sound(chain)


async def test_points_that_had_expired_when_they_came_are_nobodys_debt(chain: Chain) -> None:
    """A till that was offline over the new year tells of a sale whose points ended with the old one."""
    await set_clock(chain.tenant_id, datetime(2026, 1, 1, 4, tzinfo=UTC))
    await set_up(chain)
    points = (await chain.http.get("/v1/programme")).json()["points"]
    await change_programme(chain, points={**points, "expiry": {"type": "end_of_year", "years": 0}})
    for who in (await furnished(chain), await member(chain)):
        before = await holds(chain, who)
        sale = await bought(chain, f"1-{who}", 9_000, member_id=who, occurred_at="2025-12-31T23:50:00+08:00")
        assert (sale["points_earned"], await holds(chain, who)) == (90, before)
        assert (await undo(chain, sale["id"])).json()["points_reversed"] == 90
        assert await holds(chain, who) == before
    await sound(chain)


async def test_a_coupon_of_yesterday_is_as_it_was(chain: Chain) -> None:
    """Its last day ended between sale and undo: it is given back, and shows that it is over."""
    await set_clock(chain.tenant_id, datetime(2026, 3, 2, 15, 55, tzinfo=UTC))  # five minutes to midnight
    await set_up(chain)
    who = await member(chain)
    grant = await coupon(chain, who, valid_days=1)
    sale = await bought(chain, "1", 5_000, member_id=who, coupons=[grant], external_amounts=False)
    await set_clock(chain.tenant_id, datetime(2026, 3, 2, 16, 5, tzinfo=UTC))
    assert (await undo(chain, sale["id"])).status_code == 200
    assert (await rows(chain, "coupon_grant"))[0]["state"] == "open"
    (shown,) = (await chain.http.get(f"/v1/members/{who}/coupons")).json()["data"]
    assert shown["state"] == "expired"
    await sound(chain)


async def test_not_once_its_points_were_spent(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    sale = await bought(chain, "1", 10_000, member_id=who)
    spent = await chain.http.post("/v1/points/redeem", json={"member_id": who, "points": 1})
    assert spent.status_code == 201, spent.text
    assert code(await undo(chain, sale["id"])) == "undo-used"
    await sound(chain)


async def test_points_that_were_spent_and_came_back_are_there(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    first = await bought(chain, "1", 10_000, member_id=who, sold_by="甲")
    second = await bought(chain, "2", 10_000, member_id=who, points_to_redeem=50, sold_by="乙")
    assert code(await undo(chain, first["id"])) == "undo-used"
    assert (await undo(chain, second["id"])).status_code == 200
    assert (await undo(chain, first["id"])).status_code == 200
    assert (await holds(chain, who))["points"] == 0
    await sound(chain)


async def test_points_that_paid_debt_are_debt_again(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    first = await bought(chain, "1", 10_000, member_id=who)
    spent = await chain.http.post("/v1/points/redeem", json={"member_id": who, "points": 80})
    assert spent.status_code == 201, spent.text
    back = await chain.http.post(f"/v1/purchases/{first['id']}/refunds", json={"external_id": "r", "amount": 10_000})
    assert back.status_code == 201, back.text
    assert (await holds(chain, who))["points"] == -80
    second = await bought(chain, "2", 10_000, member_id=who)
    assert (await holds(chain, who))["points"] == 20
    assert (await undo(chain, second["id"])).status_code == 200
    assert (await holds(chain, who))["points"] == -80
    await sound(chain)


async def test_a_top_up_goes_back_whole(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    made = await topped_up(chain, who, "u1", 50_000, tenders=[{"type": "cash", "amount": 50_000}], sold_by="甲")
    answer = await undo_top_up(chain, made["id"], reason="金额错了")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "id": made["id"],
        "member_id": who,
        "branch_id": chain.branch_id,
        "external_id": "u1",
        "amount": 50_000,
        "bonus": 20_000,
        "undone_at": answer.json()["undone_at"],
        "reason": "金额错了",
        "points_reversed": made["points_earned"],
        "tiers": [],
    }
    assert (await undo_top_up(chain, made["id"])).json() == answer.json()
    found = (await chain.http.get(f"/v1/wallet/top-ups/{made['id']}")).json()
    assert (made["undone_at"], found["undone_at"]) == (None, answer.json()["undone_at"])
    shown = await wallet(chain, who)
    assert (shown["principal"], shown["bonus"]) == (0, 0)
    await sound(chain)
    again = await topped_up(chain, who, "u1", 5_000)  # its number is free
    assert again["id"] != made["id"]
    await sound(chain)


async def test_a_top_up_that_paid_or_was_paid_back_stays(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    made = await topped_up(chain, who, "u1", 50_000, sold_by="甲")
    sale = await bought(chain, "1", 1_000, member_id=who, wallet_amount=1_000, sold_by="乙")
    assert code(await undo_top_up(chain, made["id"])) == "undo-used"
    assert (await undo(chain, sale["id"])).status_code == 200
    await paid_out(chain, who, "p1", 100, sold_by="乙")
    assert code(await undo_top_up(chain, made["id"])) == "undo-used"
    await sound(chain)


async def test_the_last_entry_is_of_either_kind(chain: Chain) -> None:
    await set_up(chain)
    who = await member(chain)
    made = await topped_up(chain, who, "u1", 1_000)
    sale = await bought(chain, "1", 1_000)
    assert code(await undo_top_up(chain, made["id"])) == "undo-not-last"
    assert (await undo(chain, sale["id"])).status_code == 200
    assert (await undo_top_up(chain, made["id"])).status_code == 200
    await set_clock(chain.tenant_id, NOON)
    late = await topped_up(chain, who, "u2", 1_000)
    await set_clock(chain.tenant_id, NOON + timedelta(minutes=16))
    assert code(await undo_top_up(chain, late["id"])) == "undo-too-late"


async def test_an_undo_against_what_pays_with_it(chain: Chain) -> None:
    """One of the two comes first; the other finds what is left."""
    await set_up(chain)
    for number in range(4):
        who = await member(chain)
        made = await topped_up(chain, who, f"u{number}", 1_000, sold_by=f"甲{number}")
        undone, sold = await asyncio.gather(
            undo_top_up(chain, made["id"]), buy(chain, str(number), 600, member_id=who, wallet_amount=600, sold_by="乙")
        )
        assert (undone.status_code, sold.status_code) in {(200, 422), (409, 201)}
        assert code(undone if undone.status_code == 409 else sold) in {"undo-used", "wallet-balance-too-low"}
    await sound(chain)


async def guests_get(chain: Chain) -> None:
    """A campaign prints a coupon with every guest's purchase of 10.00 or more."""
    names = {"zh-CN": "再来", "en": "Again"}
    defined = {"code": "again", "names": names, "value": {"type": "amount", "amount": 100}, "valid_days": 9}
    assert (await chain.http.post("/v1/coupons", json=defined)).status_code == 201
    when = {"type": "purchase", "min_amount": 1_000, "by": "guest"}
    campaign = {"code": "guests", "names": names, "type": "grant", "when": when, "coupon": "again"}
    made = await chain.http.post("/v1/campaigns", json=campaign)
    assert made.status_code == 201, made.text
    assert (await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})).is_success


async def test_a_coupon_printed_for_a_guest_ends_with_the_purchase(chain: Chain) -> None:
    await guests_get(chain)
    sale = await bought(chain, "1", 1_000)
    (printed,) = sale["printed_coupons"]
    assert (await undo(chain, sale["id"])).status_code == 200
    answer = await buy(chain, "2", 1_000, coupons=[printed["number"]], external_amounts=False)
    assert (answer.status_code, code(answer)) == (409, "coupon-not-usable")
    await sound(chain)


async def test_not_once_the_printed_coupon_was_used(chain: Chain) -> None:
    await guests_get(chain)
    sale = await bought(chain, "1", 1_000, sold_by="甲")
    (printed,) = sale["printed_coupons"]
    await bought(chain, "2", 500, coupons=[printed["number"]], external_amounts=False, sold_by="乙")
    assert code(await undo(chain, sale["id"])) == "undo-used"
    await sound(chain)
