"""Many activities in one request."""

import asyncio
from typing import Any

from club import CLASSES, key, rules
from support.chains import Chain
from support.till import member, rows


async def test_each_item_by_itself_in_the_order_given(chain: Chain) -> None:
    await rules(chain, CLASSES)
    one = await member(chain)
    items: list[Any] = [
        {"external_id": "1", "member_id": one, "kind": "class"},
        {"external_id": "2", "member_id": one, "kind": "nonsense"},
        {"external_id": "1", "member_id": one, "kind": "class"},
        {"external_id": "1", "member_id": one, "kind": "review"},
        {"external_id": "3", "kind": "class"},
        7,
        {"external_id": "4", "member_id": one, "kind": "class"},
        {"external_id": "5", "member_id": one, "kind": "class", "value": "5.25"},
    ]
    answer = await chain.http.post("/v1/activities:batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["data"]
    assert [outcome["status"] for outcome in outcomes] == [201, 422, 200, 409, 422, 422, 201, 201]
    assert [outcome["tier"]["after"] for outcome in outcomes if "tier" in outcome] == ["base", "base", "base", "top"]
    assert outcomes[1]["error"]["errors"][0]["pointer"] == "/kind"
    assert outcomes[0]["id"] == outcomes[2]["id"]
    again = (await chain.http.post("/v1/activities:batch", json={"items": items})).json()["data"]
    assert [outcome["status"] for outcome in again] == [200, 422, 200, 409, 422, 422, 200, 200]


async def test_a_thousand_at_most(chain: Chain) -> None:
    one = await member(chain)
    items = [{"external_id": str(n), "member_id": one, "kind": "class"} for n in range(1001)]
    assert (await chain.http.post("/v1/activities:batch", json={"items": items})).status_code == 422
    answer = await chain.http.post("/v1/activities:batch", json={"items": items[:1000]})
    assert {outcome["status"] for outcome in answer.json()["data"]} == {201}
    assert (await rows(chain, "member"))[0]["seq"] >= 1000


async def test_batches_with_the_same_members_in_opposite_order(chain: Chain) -> None:
    await rules(chain, {**CLASSES, "gte": 12})
    members = [await member(chain) for _ in range(6)]

    def batch(number: int) -> dict[str, Any]:
        order = members if number % 2 else list(reversed(members))
        return {
            "items": [
                {"external_id": f"{number}-{n}", "member_id": one, "kind": "class"} for n, one in enumerate(order)
            ]
        }

    answers = await asyncio.gather(
        *(chain.http.post("/v1/activities:batch", json=batch(number)) for number in range(12))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {outcome["status"] for answer in answers for outcome in answer.json()["data"]} == {201}
    assert {(row["measure"], row["facts"]) for row in await rows(chain, "measure_month")} == {
        ("activity", 12),
        ("activity:class", 12),
    }
    assert [row["tier"] for row in await rows(chain, "member_tier")] == ["top"] * 6


async def test_twelve_writers_of_all_kinds_lose_nothing(chain: Chain) -> None:
    """Purchases and activities of a few members at once: each fact has a number of its own, no lock is fatal."""
    await rules(chain, {**CLASSES, "gte": 24})
    members = [await member(chain) for _ in range(2)]

    async def writer(number: int) -> set[int]:
        statuses = set()
        for n in range(4):
            for one in members if number % 2 else reversed(members):
                name = f"{number}-{n}-{one}"
                sent = {"external_id": name, "member_id": one, "kind": "class", "value": number}
                statuses.add((await chain.http.post("/v1/activities", json=sent)).status_code)
                sale = {"external_id": name, "member_id": one, "amount": 1, "external_amounts": True}
                sold = await chain.http.post("/v1/purchases", json={**sale, "branch_id": chain.branch_id})
                statuses.add(sold.status_code)
        return statuses

    assert set().union(*await asyncio.gather(*(writer(number) for number in range(12)))) == {201}
    activities, purchases = await rows(chain, "activity"), await rows(chain, "purchase")
    decided = await rows(chain, "decision")
    assert len(activities) == len(purchases) == 96
    for one in await rows(chain, "member"):
        facts = [row["seq"] for row in [*activities, *purchases, *decided] if row["member_id"] == one["id"]]
        assert sorted(facts) == list(range(1, one["seq"] + 1))
    totals = {(row["facts"], row["valued"], int(row["total"])) for row in await rows(chain, "measure_month")
              if row["measure"].startswith("activity")}  # fmt: skip
    assert totals == {(48, 48, 4 * sum(range(12)))}
    assert [row["tier"] for row in await rows(chain, "member_tier")] == ["top"] * 2


async def test_a_key_needs_the_scope(chain: Chain) -> None:
    headers = await key(chain, "members:read")
    for url, body in (("/v1/activities", {}), ("/v1/activities:batch", {"items": []})):
        assert (await chain.http.post(url, json=body, headers=headers)).status_code == 403
