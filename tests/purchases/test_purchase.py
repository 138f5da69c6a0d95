from collections.abc import Awaitable, Callable
from typing import Any

from support.chains import Chain

NewChain = Callable[..., Awaitable[Chain]]


async def member(chain: Chain, **fields: Any) -> dict[str, Any]:
    answer = await chain.http.post("/v1/members", json={"name": "王秀", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def ticket(chain: Chain, external_id: str, amount: int, **fields: Any) -> dict[str, Any]:
    return {
        "branch_id": chain.branch_id,
        "external_id": external_id,
        "amount": amount,
        "external_amounts": True,
        **fields,
    }


async def test_the_purchase_that_reaches_a_threshold_lifts_the_member_at_once(chain: Chain) -> None:
    one = await member(chain, phone="13800000001")
    first = await chain.http.post("/v1/purchases", json=ticket(chain, "1", 10_000, member_id=one["id"]))
    assert first.status_code == 201, first.text
    assert first.json()["tier"] == {"ladder": "card", "before": "regular", "after": "regular"}
    assert first.json()["decision_id"] is None

    second = await chain.http.post("/v1/purchases", json=ticket(chain, "2", 20_000, phone="138 0000 0001"))
    assert second.json()["tier"] == {"ladder": "card", "before": "regular", "after": "silver"}

    why = (await chain.http.get(f"/v1/members/{one['id']}/tier")).json()
    assert why["current"]["code"] == "silver"
    assert why["current"]["reason"] == "upgrade"
    assert why["current"]["decision_id"] == second.json()["decision_id"]
    assert why["current"]["facts"]["max_purchase/lifetime"] == 20_000
    assert why["next"]["code"] == "gold"

    decisions = (await chain.http.get(f"/v1/members/{one['id']}/decisions")).json()["data"]
    assert [(d["from_tier"], d["to_tier"], d["reason"]) for d in decisions] == [("regular", "silver", "upgrade")]
