"""Tasks of members who merge, leave or are erased, and of a chain that is suspended."""

from typing import Any

import pytest
from rounds import did, listed, nights, only, opened, rule
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await opened(chain)
    await rule(chain)
    return chain


async def merge(chain: Chain, survivor: str, other: str) -> None:
    answer = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.status_code == 200, answer.text


async def test_of_two_open_tasks_the_survivors_stays(shop: Chain, drain: Any) -> None:
    one, two = await member(shop), await member(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    kept = {task["member"]["id"]: task["id"] for task in await listed(shop)}[one]
    await merge(shop, one, two)
    assert (await only(shop))["id"] == kept
    assert (await only(shop, "state=dropped"))["member"]["id"] == one
    await nights(shop, drain, "2031-03-12 09:00")
    assert (await only(shop))["id"] == kept


async def test_what_the_other_was_told_counts_for_the_survivor(shop: Chain, drain: Any) -> None:
    two = await member(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    await did(shop, await only(shop), outcome="declined", note="别再打")
    one = await member(shop)
    await merge(shop, one, two)
    await nights(shop, drain, "2031-06-08 23:00")
    assert await listed(shop) == []
    await nights(shop, drain, "2031-06-09 09:00")
    task = await only(shop)
    assert (task["member"]["id"], task["last_note"]["text"]) == (one, "别再打")
    assert [t["id"] for t in await listed(shop, f"member_id={two}")] == [task["id"]]


async def test_home_and_worth_come_from_both_records(shop: Chain, drain: Any) -> None:
    second = (await shop.http.post("/v1/branches", json={"code": "b2", "name": "B"})).json()["id"]
    one, two = await member(shop), await member(shop)
    await bought(shop, "1", 100, member_id=one)
    await bought(shop, "2", 200, member_id=two, branch_id=second)
    await merge(shop, one, two)
    await nights(shop, drain, "2031-03-11 09:00")
    task = await only(shop)
    assert (task["branch_id"], task["value"]) == (second, 300)


async def test_nobody_calls_who_has_left(shop: Chain, drain: Any) -> None:
    one = await member(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    assert (await shop.http.delete(f"/v1/members/{one}")).status_code == 204
    assert await listed(shop) == []
    dropped = await only(shop, "state=dropped")
    assert dropped["ended_at"].startswith("2031-03-11T")
    await nights(shop, drain, "2031-03-12 09:00")
    assert await listed(shop) == []


async def test_erasing_forgets_what_was_said(shop: Chain, drain: Any) -> None:
    one = await member(shop, phone="13812345678")
    await nights(shop, drain, "2031-03-11 09:00")
    task = await only(shop)
    url = f"/v1/tasks/{task['id']}/done"
    sent = {"outcome": "reached", "note": "护照 E0177"}
    said = await shop.http.post(url, json=sent, headers={"Idempotency-Key": "k"})
    assert said.status_code == 200
    assert (await shop.http.post(f"/v1/members/{one}/erase", json={})).status_code == 200
    assert [row["note"] for row in await rows(shop, "task_act")] == [None]
    again = await shop.http.post(url, json=sent, headers={"Idempotency-Key": "k"})
    assert "E0177" not in again.text
    shown = (await shop.http.get(f"/v1/tasks/{task['id']}")).json()
    assert (shown["member"]["name"], shown["member"]["phone"], shown["last_note"]) == (None, None, None)


async def test_a_suspended_chain_reads_and_does_nothing(shop: Chain, drain: Any) -> None:
    await member(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    task = await only(shop)
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", shop.tenant_id)
    assert (await only(shop))["id"] == task["id"]
    answer = await shop.http.post(f"/v1/tasks/{task['id']}/skip", json={})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/tenant-closed")
