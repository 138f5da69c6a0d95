"""What two records of one person had in value is the survivor's, to the last point and coupon."""

from typing import Any

from support.till import member

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers


async def _adjust(chain: Any, member_id: str, points: int) -> None:
    body = {"member_id": member_id, "points": points, "reason": "test"}
    answer = await chain.http.post("/v1/points/adjust", json=body)
    assert answer.status_code == 201, answer.text


async def _coupon(chain: Any, member_id: str) -> None:
    terms = {"type": "amount", "amount": 500}
    made = await chain.http.post(
        "/v1/coupons",
        json={"code": "five", "names": {"zh-CN": "五元", "en": "Five"}, "value": terms, "valid_days": 30},
    )
    assert made.status_code == 201, made.text
    given = await chain.http.post(f"/v1/coupons/{made.json()['id']}/grant", json={"member_id": member_id})
    assert given.is_success, given.text


async def _top_up(chain: Any, member_id: str, number: str, amount: int) -> None:
    body = {"member_id": member_id, "branch_id": chain.branch_id, "external_id": number, "amount": amount}
    answer = await chain.http.post("/v1/wallet/top-ups", json=body)
    assert answer.status_code == 201, answer.text


async def _merge(chain: Any, survivor: str, other: str) -> dict[str, Any]:
    answer = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.status_code in (200, 201), answer.text
    shown: dict[str, Any] = (await chain.http.get(f"/v1/members/{survivor}")).json()
    return shown


async def _proved(chain: Any) -> None:
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []


async def test_points_wallet_and_coupons_are_the_survivors(chain: Any) -> None:
    one, two = await member(chain, phone="13800138001"), await member(chain, phone="13800138002")
    await _adjust(chain, one, 100)
    await _adjust(chain, two, 40)
    await _top_up(chain, one, "a", 10_000)
    await _top_up(chain, two, "b", 5_000)
    await _coupon(chain, two)
    shown = await _merge(chain, one, two)
    assert (shown["points"]["balance"], shown["points"]["spendable"]) == (140, 140)
    assert shown["wallet"] == {"principal": 15_000, "bonus": 0}
    held = (await chain.http.get(f"/v1/members/{one}/coupons")).json()["data"]
    assert [(c["coupon"]["code"], c["state"]) for c in held] == [("five", "open")]
    spent = await chain.http.post("/v1/points/redeem", json={"member_id": one, "points": 140})
    assert spent.status_code == 201, spent.text
    await _proved(chain)


async def test_what_one_record_owed_is_paid_from_the_others_points(chain: Any) -> None:
    """100 points earned and spent, their sale given back: 100 owed. The other has 130: 30 are left."""
    one, two = await member(chain, phone="13800138001"), await member(chain, phone="13800138002")
    sale = {"member_id": one, "branch_id": chain.branch_id, "external_id": "s", "amount": 10_000}
    sold = (await chain.http.post("/v1/purchases", json=sale | {"external_amounts": True})).json()
    assert sold["points_earned"] == 100
    await chain.http.post("/v1/points/redeem", json={"member_id": one, "points": 100})
    back = await chain.http.post(f"/v1/purchases/{sold['id']}/refunds", json={"external_id": "r", "amount": 10_000})
    assert back.status_code == 201, back.text
    assert (await chain.http.get(f"/v1/members/{one}")).json()["points"]["balance"] == -100
    await _adjust(chain, two, 130)
    shown = await _merge(chain, one, two)
    assert shown["points"]["balance"] == 30
    await _proved(chain)


async def test_who_leaves_loses_points_and_coupons_and_is_owed_the_principal(chain: Any) -> None:
    one = await member(chain, phone="13800138001")
    await _adjust(chain, one, 100)
    await _top_up(chain, one, "a", 10_000)
    await _coupon(chain, one)
    assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
    shown = (await chain.http.get(f"/v1/members/{one}")).json()
    assert shown["points"]["balance"] == 0
    assert shown["wallet"] == {"principal": 10_000, "bonus": 0}
    held = (await chain.http.get(f"/v1/members/{one}/coupons?state=void")).json()["data"]
    assert [c["coupon"]["code"] for c in held] == ["five"]
    refused = await chain.http.post(f"/v1/members/{one}/erase", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/money-owed"), refused.text
    paid = await chain.http.post(
        "/v1/wallet/refunds",
        json={"member_id": one, "branch_id": chain.branch_id, "external_id": "p", "amount": 10_000},
    )
    assert paid.status_code == 201, paid.text
    assert (await chain.http.post(f"/v1/members/{one}/erase", json={})).is_success
    await _proved(chain)
