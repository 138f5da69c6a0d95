"""Two chains may have a customer, a card, a branch code, an order number in common, and never notice."""

from typing import Any

import httpx

from saas.isolation.digest import changed, digest


async def test_what_is_unique_is_unique_in_one_chain(new_chain: Any) -> None:
    theirs, ours = await new_chain(), await new_chain()
    first = await _lived(theirs)
    before = await digest(theirs.tenant_id)
    second = await _lived(ours)
    assert {answer.status_code for answer in second} == {201}
    assert not any("idempotent-replayed" in answer.headers for answer in second)
    assert first[-1].json()["member_id"] != second[-1].json()["member_id"] == second[0].json()["id"]
    assert changed(before, await digest(theirs.tenant_id)) == []


async def _lived(chain: Any) -> list[httpx.Response]:
    member = {"name": "林", "phone": "13800000004", "card_no": "C0004", "external_id": "E0004"}
    ticket = {"branch_id": chain.branch_id, "external_id": "T0004", "amount": 1, "external_amounts": True}
    return [
        await chain.http.post("/v1/members", json=member),
        await chain.http.post("/v1/branches", json={"code": "b0004", "name": "分店"}),
        await chain.http.post(
            "/v1/purchases", json={**ticket, "phone": member["phone"]}, headers={"Idempotency-Key": "key-0004"}
        ),
    ]
