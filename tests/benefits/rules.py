"""Rules with benefits, for the tests of this folder."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from support.chains import Chain
from support.programme import change_programme

Json = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def allowance(product: str, per: str, count: int) -> Json:
    return {"type": "allowance", "product": product, "per": per, "count": count}


def gift(coupon: str, occasion: str = "upgrade") -> Json:
    return {"type": "gift", "occasion": occasion, "coupon": coupon}


async def with_benefits(chain: Chain, **by_tier: list[Json]) -> Json:
    """Publishes the rules with these benefits, and no others, of the main ladder's tiers (by their codes)."""
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    assert by_tier.keys() <= {tier["code"] for tier in ladders[0]["tiers"]}
    for tier in ladders[0]["tiers"]:
        tier["benefits"] = by_tier.get(tier["code"], [])
    return await change_programme(chain, ladders=ladders)


async def set_tier(chain: Chain, who: str, tier: str, **fields: Any) -> Json:
    """A tier by hand."""
    answer = await chain.http.put(f"/v1/members/{who}/tier", json={"tier": tier, "reason": "x", **fields})
    assert answer.status_code == 200, answer.text
    held: Json = answer.json()
    return held
