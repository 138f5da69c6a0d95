"""`points_expiring` selects members by what they have that ends soon; who has nothing has 0."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.till import member

Json = dict[str, Any]

CASES: list[tuple[Json, set[str]]] = [
    ({"days": 30, "gte": 1}, {"few", "many"}),
    ({"days": 30, "gte": 100}, {"many"}),
    ({"days": 1, "gte": 1}, {"many"}),
    ({"days": 29, "gte": 60}, {"many"}),
    ({"days": 29, "gte": 61}, set()),
    ({"days": 30, "lt": 1}, {"none", "later", "spent"}),
    ({"days": 30, "gte": 0, "lt": 51}, {"none", "later", "spent", "few"}),
    ({"days": 366, "gte": 1}, {"few", "many", "later"}),
]


async def give(chain: Chain, who: str, points: int, expires_on: str) -> None:
    body = {"member_id": who, "points": points, "reason": "x", "expires_on": expires_on}
    assert (await chain.http.post("/v1/points/adjust", json=body)).status_code == 201


@pytest.mark.parametrize(("asked", "wanted"), CASES, ids=[str(case[0]) for case in CASES])
async def test_members_by_points_that_expire(chain: Chain, asked: Json, wanted: set[str]) -> None:
    await set_clock(chain.tenant_id, datetime(2031, 3, 10, 4, tzinfo=UTC))
    who = {name: await member(chain, name=name) for name in ("none", "few", "many", "later", "spent")}
    await give(chain, who["few"], 50, "2031-03-20")
    await give(chain, who["many"], 60, "2031-03-10")
    await give(chain, who["many"], 40, "2031-04-08")
    await give(chain, who["later"], 500, "2031-04-09")
    await give(chain, who["spent"], 90, "2031-03-20")
    spent = {"member_id": who["spent"], "points": 90}
    assert (await chain.http.post("/v1/points/redeem", json=spent)).status_code == 201
    body = {"code": "soon", "names": {"zh-CN": "快到期", "en": "Soon"}}
    made = await chain.http.post("/v1/segments", json=body | {"condition": {"property": "points_expiring", **asked}})
    assert made.status_code == 201, made.text
    answer = await chain.http.get(f"/v1/segments/{made.json()['id']}/members")
    assert answer.status_code == 200, answer.text
    assert {shown["name"] for shown in answer.json()["data"]} == wanted
    counted = await chain.http.get("/v1/members?segment=soon")
    assert {shown["name"] for shown in counted.json()["data"]} == wanted
