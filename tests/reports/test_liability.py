"""What is owed: points and stored value, from the ledgers' entries to the day."""

from typing import Any

import pytest
from support.programme import change_programme


@pytest.fixture(scope="module")
async def chain(new_chain: Any) -> Any:
    """200 points pay 1.00; 500.00 paid in gives 50.00 more."""
    chain = await new_chain()

    rules = (await chain.http.get("/v1/programme")).json()
    points = {**rules["points"], "redeem": {**rules["points"]["redeem"], "points": 200, "amount": 100}}
    await change_programme(
        chain, points=points, wallet={**rules["wallet"], "top_up_bonus": [{"amount": 50_000, "bonus": 5_000}]}
    )
    return chain


async def test_points_and_wallet_add_up(chain: Any) -> None:
    made = await chain.http.post("/v1/members", json={"name": "林悦", "phone": "13812348654"})
    member = made.json()["id"]
    ticket = {"branch_id": chain.branch_id, "member_id": member, "amount": 80_000, "external_amounts": True}
    assert (await chain.http.post("/v1/purchases", json={**ticket, "external_id": "a"})).status_code == 201
    before = (await chain.http.get(f"/v1/members/{member}/points")).json()["balance"]
    top_up = {
        "member_id": member,
        "branch_id": chain.branch_id,
        "external_id": "w",
        "amount": 50_000,
        "tenders": [{"type": "cash", "amount": 50_000}],
    }
    paid_in = await chain.http.post("/v1/wallet/top-ups", json=top_up)
    assert paid_in.status_code == 201, paid_in.text
    spent = await chain.http.post(
        "/v1/points/redeem",
        json={"member_id": member, "points": 300, "external_id": "r", "branch_id": chain.branch_id, "reason": "兑换"},
    )
    assert spent.status_code in {200, 201}, spent.text

    found = (await chain.http.get("/v1/reports/liability")).json()
    points, wallet = found["points"], found["wallet"]
    assert points["balance"] == before - 300
    assert points["value"] == (before - 300) // 2
    assert (points["granted"], points["used"], points["expired"], points["holders"]) == (before, -300, 0, 1)
    assert (wallet["principal"], wallet["bonus"], wallet["holders"]) == (50_000, 5_000, 1)
    assert (wallet["topped_up_principal"], wallet["topped_up_bonus"], wallet["used_principal"]) == (50_000, 5_000, 0)
    assert found["steps"][-1] | {"from": 0, "to": 0} == {
        "from": 0,
        "to": 0,
        "points": before - 300,
        "principal": 50_000,
        "bonus": 5_000,
    }
    earlier = (await chain.http.get("/v1/reports/liability?from=2020-01-01&to=2020-01-31")).json()
    assert (earlier["points"]["balance"], earlier["wallet"]["principal"]) == (0, 0)


async def test_every_kind_of_entry_has_a_meaning(database: None) -> None:
    from support.clock import owner

    from tenants.reports.liability import _meaning

    checks = await (await owner()).fetch(
        "SELECT t.typname, pg_get_constraintdef(c.oid) AS text FROM pg_constraint c"
        " JOIN pg_type t ON t.oid = c.contypid"
        " WHERE t.typname IN ('points_kind', 'wallet_kind')"
    )
    assert len(checks) == 2
    for check in checks:
        kinds = [part for part in check["text"].split("'") if part.replace("_", "").isalpha() and part.islower()]
        kinds = [kind for kind in kinds if kind != "text"]
        assert len(kinds) >= 20
        book = "points" if check["typname"] == "points_kind" else "principal"
        for kind in kinds:
            assert _meaning(book, kind) in {"granted", "used", "expired", "adjusted", "topped_up", "paid_out"}, kind
