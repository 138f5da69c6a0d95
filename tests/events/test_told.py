"""What is told, once, and what isn't: the event stands or falls with its fact, and history is no news."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.feed import told_of
from support.till import bought, buy, give_back, member, ticket


async def types(chain: Chain, since: int = 0) -> list[str]:
    return [row["type"] for row in await told_of(chain.tenant_id)][since:]


async def data(chain: Chain, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["data"]) for row in await told_of(chain.tenant_id, kind)]


async def imported(chain: Chain, drain: Any, kind: str, *lines: str, **options: Any) -> dict[str, Any]:
    answer = await chain.http.post(
        "/v1/imports",
        files={"file": ("f.csv", "\n".join(lines).encode(), "text/csv")},
        data={"options": json.dumps({"kind": kind, **options})},
    )
    assert answer.status_code == 202, answer.text
    await drain(chain.tenant_id)
    shown: dict[str, Any] = (await chain.http.get(f"/v1/imports/{answer.json()['import_id']}")).json()
    return shown


async def test_a_purchase_is_one_event_with_what_its_answer_says(chain: Chain) -> None:
    who = await member(chain)
    before = len(await types(chain))
    made = await bought(chain, "A", 1_000, member_id=who)
    assert await types(chain, before) == ["purchase.recorded"]
    (told,) = await data(chain, "purchase.recorded")
    for name in ("id", "branch_id", "external_id", "amount", "paid", "points_earned", "points_redeemed"):
        assert told[name] == made[name], name
    assert told["points_balance"] == made["points"]["balance"]
    assert datetime.fromisoformat(told["occurred_at"]) == datetime.fromisoformat(made["occurred_at"])
    (row,) = await told_of(chain.tenant_id, "purchase.recorded")
    assert str(row["member_id"]) == who


async def test_what_is_said_again_or_refused_is_told_no_second_time(chain: Chain) -> None:
    who = await member(chain)
    await bought(chain, "A", 1_000, member_id=who)
    before = len(await types(chain))
    assert (await buy(chain, "A", 1_000, member_id=who)).status_code == 200
    assert (await buy(chain, "A", 2_000, member_id=who)).status_code == 409
    assert (await buy(chain, "B", 1_000, member_id=who, points_to_redeem=999_999)).status_code == 422
    items = [ticket(chain, "C", 1_000, member_id=who), ticket(chain, "D", 1_000, member_id="x")]
    done = await chain.http.post("/v1/purchases:batch", json={"items": items})
    assert [one["status"] for one in done.json()["data"]] == [201, 422]
    assert await types(chain, before) == ["purchase.recorded"]


async def test_a_guest_is_told_without_a_member(chain: Chain) -> None:
    await bought(chain, "G", 1_000)
    (row,) = await told_of(chain.tenant_id, "purchase.recorded")
    assert row["member_id"] is None


async def test_tiers_are_told_as_they_change_and_not_again_by_a_rebuild(chain: Chain, drain: Any) -> None:
    who = await member(chain)
    sold = await bought(chain, "A", 500_000, member_id=who)
    (up,) = await data(chain, "tier.changed")
    assert (up["from_tier"], up["to_tier"], up["direction"]) == ("regular", "diamond", "up")
    assert (up["decision_id"], up["cause"], up["cause_id"]) == (sold["decision_id"], "purchase", sold["id"])
    put = await chain.http.put(f"/v1/members/{who}/tier", json={"tier": "gold", "reason": "x"})
    assert put.status_code == 200, put.text
    assert [(one["to_tier"], one["direction"], one["reason"]) for one in await data(chain, "tier.changed")][1:] == [
        ("gold", "down", "manual")
    ]
    before = len(await types(chain))
    again = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert again.status_code == 202, again.text
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/jobs/{again.json()['job_id']}")).json()["state"] == "done"
    assert await types(chain, before) == []


async def test_a_recalculation_tells_of_each_whom_it_moves(chain: Chain, drain: Any) -> None:
    people = [await member(chain) for _ in range(3)]
    for n, who in enumerate(people[:2]):
        await bought(chain, f"A{n}", 1_000, member_id=who)
    rules = (await chain.http.get("/v1/programme")).json()
    lowest = rules["ladders"][0]["tiers"][1]
    lowest["qualify"] = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 500}
    draft = {name: rules[name] for name in rules if name not in {"version", "published_at", "published_by"}}
    assert (await chain.http.put("/v1/programme/draft", json=draft)).status_code == 200
    published = await chain.http.post("/v1/programme/draft/publish", json={"transition": "now"})
    assert published.status_code < 300, published.text
    await drain(chain.tenant_id)
    moved = await told_of(chain.tenant_id, "tier.changed")
    assert {str(row["member_id"]) for row in moved} == set(people[:2])
    (new,) = await data(chain, "programme.published")
    assert (new["version"], new["transition"]) == (rules["version"] + 1, "now")


async def test_of_a_file_the_last_days_are_news_and_the_rest_is_history(chain: Chain, drain: Any) -> None:
    people = ("external_id,name,tags", "E1,甲,x", "E2,乙,")
    await imported(chain, drain, "members", *people)
    assert (await types(chain))[-3:-1] == ["member.created", "member.created"]
    before = len(await types(chain))
    await imported(chain, drain, "members", *people)
    assert await types(chain, before) == ["import.finished"]
    await imported(chain, drain, "members", "external_id,name", "E1,丙")
    (changed,) = await data(chain, "member.updated")
    assert changed == {"fields": ["name"]}
    now = datetime.now(UTC)
    code = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]
    days = {"S1": 400, "S2": 31, "S3": 29, "S4": 1}
    sales = [f"{n},E1,{code},{(now - timedelta(days=d)).isoformat()},10.00" for n, d in days.items()]
    head = "external_id,member,branch,occurred_at,amount"
    for _ in range(2):
        shown = await imported(chain, drain, "purchases", head, *sales)
        assert shown["state"] == "done", shown
    assert [one["external_id"] for one in await data(chain, "purchase.recorded")] == ["S3", "S4"]
    ended = await data(chain, "import.finished")
    assert [(one["kind"], one["imported"], one["unchanged"]) for one in ended][-2:] == [
        ("purchases", 4, 0),
        ("purchases", 0, 4),
    ]


async def test_what_goes_back_is_told_of_whom_it_is_now(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    sold = await bought(chain, "A", 1_000, member_id=other)
    merged = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})
    assert merged.is_success, merged.text
    for n, amount in enumerate((300, 700)):
        assert (await give_back(chain, sold["id"], f"R{n}", amount)).status_code == 201
    rows = await told_of(chain.tenant_id, "purchase.refunded")
    assert [str(row["member_id"]) for row in rows] == [one, one]
    assert [(told["amount"], told["refunded"]) for told in await data(chain, "purchase.refunded")] == [
        (300, 300),
        (700, 1_000),
    ]


@pytest.mark.parametrize("act", ["adjust", "redeem"])
async def test_points_that_no_purchase_moves_are_told_with_the_balance(chain: Chain, act: str) -> None:
    who = await member(chain)
    given = {"member_id": who, "points": 500, "reason": "x"}
    assert (await chain.http.post("/v1/points/adjust", json=given)).is_success
    if act == "redeem":
        assert (await chain.http.post("/v1/points/redeem", json={"member_id": who, "points": 200})).is_success
    expected = [(500, 500, "adjust"), (-200, 300, "use")][: 2 if act == "redeem" else 1]
    told = await data(chain, "points.changed")
    assert [(one["points"], one["balance"], one["entries"][0]["kind"]) for one in told] == expected
