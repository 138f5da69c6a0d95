"""A chain that is suspended: what it has to give is read and neither changed nor given. Its till's refusals are tested
with each kind of entry.
"""

from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.till import member, rows

NAMES = {"zh-CN": "五元", "en": "Five"}
VALUE = {"type": "amount", "amount": 500}
TABLES = ("coupon", "coupon_grant", "coupon_entry", "reward", "reward_claim", "reward_entry", "campaign", "audit")


async def made(chain: Chain, path: str, **body: Any) -> str:
    answer = await chain.http.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    found = answer.json()
    return str(found["coupons"][0]["id"] if "coupons" in found else found["id"])


@pytest.mark.parametrize("status", ["suspended", "cancelled"])
async def test_nothing_is_given_and_nothing_changed(chain: Chain, status: str) -> None:
    http, one = chain.http, await member(chain)
    coupon = await made(chain, "/v1/coupons", code="five", names=NAMES, value=VALUE, valid_days=30)
    reward = await made(chain, "/v1/rewards", code="mug", names=NAMES, points=5)
    campaign = {"code": "c", "type": "grant", "names": NAMES, "when": {"type": "joined"}, "points": 1}
    draft = await made(chain, "/v1/campaigns", **campaign)
    grant = await made(chain, f"/v1/coupons/{coupon}/grant", member_id=one)
    await made(chain, "/v1/points/adjust", member_id=one, points=5, reason="x")
    claim = await made(chain, f"/v1/rewards/{reward}/claim", member_id=one)
    text = (await http.get("/v1/message-texts?limit=1")).json()["data"][0]
    says = {name: text[name] for name in ("names", "purpose", "channels", "texts")}
    await (await owner()).execute("UPDATE tenant SET status = $2 WHERE tenant_id = $1", chain.tenant_id, status)
    before = {table: await rows(chain, table) for table in TABLES}
    refused = [
        await http.post("/v1/coupons", json={"code": "x", "names": NAMES, "value": VALUE, "valid_days": 30}),
        await http.patch(f"/v1/coupons/{coupon}", json={"ended": True}),
        await http.post(f"/v1/coupons/{coupon}/grant", json={"member_id": one}),
        await http.post(f"/v1/coupons/{coupon}/grant", json={"segment": "nobody"}),
        await http.post(f"/v1/coupons/{coupon}/print", json={"count": 1}),
        await http.post(f"/v1/coupons/grants/{grant}/void", json={"reason": "x"}),
        await http.post("/v1/rewards", json={"code": "x", "names": NAMES, "points": 5}),
        await http.patch(f"/v1/rewards/{reward}", json={"points": 6}),
        await http.post(f"/v1/rewards/{reward}/stock", json={"pieces": 1}),
        await http.post(f"/v1/rewards/claims/{claim}/collect"),
        await http.post("/v1/campaigns", json=campaign | {"code": "d"}),
        await http.put(f"/v1/campaigns/{draft}", json=campaign),
        await http.post(f"/v1/campaigns/{draft}/start"),
        await http.delete(f"/v1/campaigns/{draft}"),
        await http.put(f"/v1/message-texts/{text['code']}", json=says),
        await http.delete(f"/v1/message-texts/{text['code']}"),
    ]
    for answer in refused:
        assert answer.status_code == 403, (answer.request.url.path, answer.text)
        assert answer.json()["type"] == "/problems/tenant-closed"
    assert {table: await rows(chain, table) for table in TABLES} == before
    assert (await http.get(f"/v1/coupons/grants/{grant}")).json()["state"] == "open"
