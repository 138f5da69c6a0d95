"""A pharmacy's classes with members on them."""

from typing import Any

CLASS_C = "/programme/ladders/class/tiers/c"


async def members_of_all_classes(chain: Any, drain: Any) -> None:
    """D with 200.00 this month, C with 500.00 and 800.00, B with 1,100.00 and 1,400.00."""
    for n, name in enumerate(("林悦", "王秀", "何涵霞", "赵雨华", "孙兰")):
        member = await chain.http.post("/v1/members", json={"name": name, "phone": f"1811234865{n}"})
        ticket = {"member_id": member.json()["id"], "branch_id": chain.branch_id, "external_id": f"t{n}"}
        bought = {**ticket, "amount": 20_000 + 30_000 * n, "external_amounts": True}
        assert (await chain.http.post("/v1/purchases", json=bought)).status_code == 201
    assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await drain(chain.tenant_id)
