"""What a member brings to the till, and the rules that it is served by: through the API, as a chain does."""

from itertools import count
from typing import Any

import httpx
from support.chains import Chain
from support.counter import topped_up
from support.programme import change_programme
from support.till import member

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers

Json = dict[str, Any]
_numbers = count(1)
NAMES = {"zh-CN": "某", "en": "Some"}
EARN = {"per_unit": "1", "redeem": {"points": 100, "amount": 100, "min_points": 1, "max_percent": "50"}}
"""A point a yuan; 100 of them pay one, up to half."""
NEVER = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 10**13}


def ladder(*benefits: list[Json], code: str = "card", qualify: Json | None = None) -> Json:
    """Tiers t0, t1, … with these benefits; those above the base are reached by hand only, or by `qualify`."""
    tiers = [
        {
            "code": f"t{rank}",
            "rank": rank,
            "names": NAMES,
            "qualify": (qualify or NEVER) if rank else None,
            "benefits": given,
        }
        for rank, given in enumerate(benefits)
    ]
    policy = {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "forever"}}
    return {"code": code, "names": NAMES, "tiers": tiers, "policy": policy}


def discount(percent: str, category: str | None = None) -> Json:
    return {"type": "discount", "percent": percent} | ({} if category is None else {"category": category})


def times(multiplier: str) -> Json:
    return {"type": "points_multiplier", "multiplier": multiplier}


async def rules(chain: Chain, *ladders: Json, points: Json | None = None, **parts: Any) -> None:
    """Publishes ladders and parts of the rules; without `points` none are earned."""
    await change_programme(chain, ladders=list(ladders) or [ladder([])], points=points or {}, **parts)


async def holder(chain: Chain, tier: str | None = None, *, of: str = "card", **fields: Any) -> str:
    """A member, at a tier that staff gave."""
    who = await member(chain, **fields)
    if tier is not None:
        body = {"ladder": of, "tier": tier, "reason": "x"}
        answer = await chain.http.put(f"/v1/members/{who}/tier", json=body)
        assert answer.status_code == 200, answer.text
    return who


async def coupon(chain: Chain, kind: str, value: int | str, **terms: Any) -> Json:
    """A coupon to give, of a code of its own."""
    name = {"amount": "amount", "percent": "percent", "fixed_price": "price"}[kind]
    body = {
        "code": f"c{next(_numbers)}",
        "names": NAMES,
        "value": {"type": kind, name: value},
        "valid_days": 30,
        **terms,
    }
    answer = await chain.http.post("/v1/coupons", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def given(chain: Chain, who: str, kind: str, value: int | str, **terms: Any) -> str:
    """The id of a new coupon in the member's hand."""
    made = await coupon(chain, kind, value, **terms)
    answer = await chain.http.post(f"/v1/coupons/{made['id']}/grant", json={"member_id": who})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["coupons"][0]["id"]
    return found


async def printed(chain: Chain, kind: str, value: int | str, many: int = 1, **terms: Any) -> list[str]:
    """Numbers of new printed coupons."""
    made = await coupon(chain, kind, value, **terms)
    answer = await chain.http.post(f"/v1/coupons/{made['id']}/print", json={"count": many})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return [each if isinstance(each, str) else each["number"] for each in body.get("numbers") or body["coupons"]]


async def points(chain: Chain, who: str, some: int) -> None:
    answer = await chain.http.post("/v1/points/adjust", json={"member_id": who, "points": some, "reason": "x"})
    assert answer.status_code == 201, answer.text


async def money(chain: Chain, who: str, amount: int) -> None:
    await topped_up(chain, who, f"U{next(_numbers)}", amount)


async def prices(chain: Chain, code: str, of: dict[str, int]) -> None:
    listed = [{"sku": sku, "price": price} for sku, price in of.items()]
    answer = await chain.http.put(f"/v1/price-lists/{code}", json={"names": NAMES, "prices": listed})
    assert answer.status_code in {200, 201}, answer.text


def basket(chain: Chain, **fields: Any) -> Json:
    """A ticket at list prices; a field given as None is left out."""
    body = {"branch_id": chain.branch_id, "external_id": f"P{next(_numbers)}", **fields}
    return {name: value for name, value in body.items() if value is not None}


async def all_spent(chain: Chain) -> Json:
    """A new member's ticket that takes all it has, and a code's consent: nothing of it could go again."""
    await rules(chain, points=EARN, wallet={"confirm_above": 100})
    who = await holder(chain)
    await money(chain, who, 5000)
    await points(chain, who, 1000)
    used = await given(chain, who, "amount", 500)
    code = (await chain.http.post(f"/v1/members/{who}/wallet-codes", json={})).json()["code"]
    return basket(
        chain,
        member_id=who,
        amount=6500,
        coupons=[used],
        points_to_redeem=1000,
        wallet_amount=5000,
        wallet_consent={"type": "qr", "code": code},
    )


async def buy(chain: Chain, **fields: Any) -> httpx.Response:
    return await chain.http.post("/v1/purchases", json=basket(chain, **fields))


async def bought(chain: Chain, **fields: Any) -> Json:
    """The answer to a purchase at list prices that is taken."""
    answer = await buy(chain, **fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def refused(chain: Chain, **fields: Any) -> str:
    """The code of the refusal."""
    answer = await buy(chain, **fields)
    assert answer.status_code in {409, 422}, answer.text
    kind: str = answer.json()["type"]
    return kind.removeprefix("/problems/")


async def balanced(chain: Chain) -> None:
    """Every ledger proves itself."""
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []
