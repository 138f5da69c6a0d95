"""A gym whose levels go by classes, and a pharmacy's measurements, in short words."""

from typing import Any

import httpx
from support.chains import Chain

CLASSES = {"metric": "activities", "kind": "class", "window": {"type": "lifetime"}, "gte": 3}
RATED = {"metric": "rating", "kind": "review", "window": {"type": "lifetime"}, "gte": "4.5"}
BROUGHT = {"metric": "referrals", "window": {"type": "lifetime"}, "gte": 2}
KINDS = ["class", "review", "check_in", "glucose_check"]


async def rules(chain: Chain, condition: dict[str, Any], **changes: Any) -> None:
    """Publishes a ladder of two tiers, the upper one by `condition`, with the kinds above."""
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = [
        {"code": "base", "rank": 0, "names": {"zh-CN": "普通", "en": "Base"}},
        {"code": "top", "rank": 1, "names": {"zh-CN": "高级", "en": "Top"}, "qualify": condition},
    ]
    document["ladders"] = [ladder]
    document |= {"activity_kinds": KINDS, "health_kinds": ["glucose_check"], **changes}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    answer = await chain.http.post("/v1/programme/draft/publish", json={})
    assert answer.status_code == 200, answer.text


async def did(
    chain: Chain, external_id: str, member_id: str | None, kind: str = "class", **more: Any
) -> httpx.Response:
    who = {} if member_id is None else {"member_id": member_id}
    return await chain.http.post("/v1/activities", json={"external_id": external_id, "kind": kind, **who, **more})


async def done(
    chain: Chain, external_id: str, member_id: str | None, kind: str = "class", **more: Any
) -> dict[str, Any]:
    """The answer to an activity that is taken."""
    answer = await did(chain, external_id, member_id, kind, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def key(chain: Chain, *scopes: str, **more: Any) -> dict[str, str]:
    """Headers of a new key with these scopes."""
    made = await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": list(scopes), **more})
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['key']}"}
