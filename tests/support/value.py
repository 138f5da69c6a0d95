"""A chain where points, stored value and coupons pay; what a member has, and that every ledger adds up."""

from typing import Any

from saas.scope import tenant_scope
from support.chains import Chain
from support.counter import topped_up
from support.drift import drift
from support.programme import change_programme
from support.proof import unproved
from support.till import member
from tenants.verifying.ledgers import verify_ledgers

Json = dict[str, Any]
LINES = [{"category": "tea", "amount": 20_000}, {"category": "cake", "amount": 9_999}, {"amount": 1}]


async def set_up(chain: Chain, **wallet: Any) -> None:
    """A point a yuan, 100 of them pay one; from 500 yuan on a top-up brings 40 percent. Nobody is asked for consent."""
    rules = (await chain.http.get("/v1/programme")).json()
    await change_programme(
        chain,
        points=rules["points"]
        | {
            "per_unit": "1",
            "pending_days": 0,
            "excluded_categories": ["cake"],
            "redeem": {"points": 100, "amount": 100, "min_points": 0, "max_percent": "100"},
        },
        wallet=rules["wallet"]
        | {"top_up_bonus": [{"amount": 50_000, "percent": "40"}], "confirm_above": 10_000_000}
        | {"limits": {"named": 10_000_000, "unnamed": 10_000_000, "bonus_counts": False}}
        | wallet,
    )


async def furnished(chain: Chain, points: int = 5_000, top_up: int = 50_000) -> str:
    """A member with that many points, and stored value."""
    who = await member(chain, phone="13800001234")
    if points:
        given = {"member_id": who, "points": points, "reason": "x"}
        answer = await chain.http.post("/v1/points/adjust", json=given)
        assert answer.status_code == 201, answer.text
    if top_up:
        await topped_up(chain, who, f"u-{who}", top_up, sold_by="充值台")
    return who


async def coupon(chain: Chain, who: str, off: int = 1_000, **fields: Any) -> str:
    """Grants `off` minor units; the grant's id."""
    body = {
        "code": f"off{off}",
        "names": {"zh-CN": "立减", "en": "Off"},
        "value": {"type": "amount", "amount": off},
        "valid_days": 30,
    }
    made = await chain.http.post("/v1/coupons", json={**body, **fields})
    assert made.status_code == 201, made.text
    granted = await chain.http.post(f"/v1/coupons/{made.json()['id']}/grant", json={"member_id": who})
    assert granted.is_success, granted.text
    held = (await chain.http.get(f"/v1/members/{who}/coupons?state=open")).json()["data"]
    grant_id: str = held[0]["id"]
    return grant_id


async def holds(chain: Chain, who: str) -> Json:
    """Balances and usable coupons."""
    shown = (await chain.http.get(f"/v1/members/{who}")).json()
    coupons = (await chain.http.get(f"/v1/members/{who}/coupons?state=open")).json()["data"]
    return {
        "points": shown["points"]["balance"],
        "spendable": shown["points"]["spendable"],
        "wallet": {name: shown["wallet"][name] for name in ("principal", "bonus")},
        "coupons": sorted(each["id"] for each in coupons),
    }


async def sound(chain: Chain) -> None:
    """Every sum and every ledger is what the facts give, walked again one by one."""
    assert await drift(chain) == []
    assert await unproved(chain.tenant_id) == []
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []
