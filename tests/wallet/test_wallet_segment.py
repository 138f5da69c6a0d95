"""`wallet_balance` selects members by what they hold; who never had a wallet holds 0."""

from typing import Any

import pytest
from support.chains import Chain
from support.counter import change_wallet, paid_out, topped_up
from support.till import member

Json = dict[str, Any]

CASES: list[tuple[Json, set[str]]] = [
    ({"gte": 1}, {"some", "much"}),
    ({"gte": 70_000}, {"much"}),
    ({"gte": 70_001}, set()),
    ({"lt": 70_000}, {"none", "some", "emptied"}),
    ({"lt": 1}, {"none", "emptied"}),
    ({"gte": 0, "lt": 30_001}, {"none", "some", "emptied"}),
    ({"gte": 30_000, "lt": 30_001}, {"some"}),
]


@pytest.mark.parametrize(("bounds", "wanted"), CASES, ids=[str(case[0]) for case in CASES])
async def test_members_by_their_stored_value(chain: Chain, bounds: Json, wanted: set[str]) -> None:
    await change_wallet(chain, top_up_bonus=[{"amount": 50_000, "bonus": 20_000}])
    who = {name: await member(chain, name=name) for name in ("none", "some", "much", "emptied")}
    await topped_up(chain, who["some"], "U1", 30_000)
    await topped_up(chain, who["much"], "U2", 50_000)
    await topped_up(chain, who["emptied"], "U3", 50_000)
    await paid_out(chain, who["emptied"], "P1", 50_000)
    leaf = {"property": "wallet_balance", **bounds}
    made = await chain.http.post(
        "/v1/segments", json={"code": "held", "names": {"zh-CN": "储值", "en": "Held"}, "condition": leaf}
    )
    assert made.status_code == 201, made.text
    answer = await chain.http.get(f"/v1/segments/{made.json()['id']}/members")
    assert {shown["name"] for shown in answer.json()["data"]} == wanted
