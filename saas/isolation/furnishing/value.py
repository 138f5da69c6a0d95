"""Points, stored value, coupons, rewards and other benefits."""

from datetime import UTC, datetime, timedelta
from typing import Any

from saas.isolation.furnishing.posting import Chain, change_programme, done, post
from saas.outbox import enqueue
from saas.scope import tenant_scope


async def stored_value(chain: Chain, member_id: str, mark: str) -> str:
    """A top-up, some of it paid back; its id."""
    where = {"member_id": member_id, "branch_id": chain.branch_id}
    made = await post(chain, "/v1/wallet/top-ups", {**where, "external_id": f"U{mark}", "amount": 20_000})
    await post(chain, "/v1/wallet/refunds", {**where, "external_id": f"P{mark}", "amount": 5_000, "reason": "x"})
    top_up_id: str = made["id"]
    return top_up_id


async def taken_back(chain: Chain, bought: dict[str, Any]) -> None:
    """A purchase and a top-up that their clerk undid."""
    sale = await post(chain, "/v1/purchases", bought)
    await post(chain, f"/v1/purchases/{sale['id']}/undo", {"reason": "x"})
    paid_in = {name: bought[name] for name in ("member_id", "branch_id", "external_id")}
    top_up = await post(chain, "/v1/wallet/top-ups", {**paid_in, "amount": 1_000})
    await post(chain, f"/v1/wallet/top-ups/{top_up['id']}/undo", {"reason": "x"})


async def points(chain: Chain, member_id: str) -> None:
    """Points given by hand that end soon, some of them spent, and the night's job that says so."""
    until = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    given = {"member_id": member_id, "points": 500, "reason": "x", "expires_on": until}
    await post(chain, "/v1/points/adjust", given)
    await post(chain, "/v1/points/redeem", {"member_id": member_id, "points": 10, "branch_id": chain.branch_id})
    async with tenant_scope(chain.tenant_id):
        await enqueue("points.notices", {})


async def coupons_and_rewards(chain: Chain, member_id: str, mark: str) -> tuple[str, str, str, str, str, str, str]:
    """A coupon that the member holds, a printed one, one for a segment; a piece of a reward claimed: all their ids."""
    named: dict[str, Any] = {"code": f"x{mark}", "names": {"zh-CN": "甲", "en": "A"}}
    off = {"value": {"type": "amount", "amount": 500}, "valid_days": 30}
    coupon = f"/v1/coupons/{(await post(chain, '/v1/coupons', {**named, **off}))['id']}"
    given = await post(chain, f"{coupon}/grant", {"member_id": member_id, "reason": "x"})
    printed = await post(chain, f"{coupon}/print", {"count": 1})
    segment = (await chain.http.get("/v1/segments?limit=1")).json()["data"][0]["id"]
    many = await post(chain, f"{coupon}/grant", {"segment": segment})
    reward = f"/v1/rewards/{(await post(chain, '/v1/rewards', {**named, 'points': 10, 'stock': 5}))['id']}"
    claim = await post(
        chain, f"{reward}/claim", {"member_id": member_id, "branch_id": chain.branch_id, "external_id": f"C{mark}"}
    )
    return (
        coupon.rpartition("/")[2],
        given["coupons"][0]["id"],
        printed["coupons"][0]["number"],
        reward.rpartition("/")[2],
        claim["id"],
        many["job_id"],
        printed["sheet"],
    )


async def benefits(chain: Chain, member_id: str, mark: str) -> str:
    """Free classes for everybody, one of them used (its id); a gift for whoever reaches the second tier, given once; a
    night of birthdays; a price list.
    """
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    for tier in ladders[0]["tiers"]:
        tier["benefits"] += [{"type": "allowance", "product": "class", "per": "year", "count": 100}]
    ladders[0]["tiers"][1]["benefits"] += [{"type": "gift", "occasion": "upgrade", "coupon": "hello"}]
    await change_programme(chain, ladders=ladders)
    coupon = {"code": "hello", "names": {"zh-CN": "礼", "en": "A gift"}, "value": {"type": "amount", "amount": 1}}
    await post(chain, "/v1/coupons", {**coupon, "valid_days": 30})
    raised = await post(chain, "/v1/members", {"name": f"升{mark}"})
    body = {"tier": ladders[0]["tiers"][1]["code"], "reason": "x"}
    await done(chain.http.put(f"/v1/members/{raised['id']}/tier", json=body))
    async with tenant_scope(chain.tenant_id):
        await enqueue("birthdays.keep", {"due_at": datetime.now(UTC).isoformat()})
    prices = [{"sku": "tea", "price": 700}]
    await done(chain.http.put(f"/v1/price-lists/p{mark}", json={"names": {"zh-CN": "甲", "en": "A"}, "prices": prices}))
    use = f"/v1/members/{member_id}/allowances/class/use"
    used: str = (await post(chain, use, {"branch_id": chain.branch_id}))["id"]
    return used
