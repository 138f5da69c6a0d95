"""Rules and tasks over HTTP: what is kept, what is refused, who sees what, in which order."""

from typing import Any

import httpx
import pytest
from rounds import NAMES, WEEKLY, did, listed, nights, only, opened, rule
from support.chains import Chain
from support.till import bought, member

RULES = "/v1/tasks/rules"


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await opened(chain)
    return chain


@pytest.fixture
async def one(shop: Chain, drain: Any) -> str:
    """Somebody at the first branch who is to be called."""
    made = await member(shop, branch_id=shop.branch_id, phone="13812345678")
    await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    return made


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def key(chain: Chain, *scopes: str, **more: Any) -> dict[str, str]:
    """Headers of a new key."""
    made = await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": list(scopes), **more})
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['key']}"}


async def test_a_chain_starts_with_its_templates_rules(new_chain: Any) -> None:
    chain = await new_chain(template="gym")
    found = (await chain.http.get(RULES)).json()["data"]
    assert [(r["code"], r["ladder"], r["tiers"], r["segment"], r["source"]) for r in found] == [
        ("call-absent", None, [], "absent", "template"),
        ("body-test", "level", ["senior"], None, "template"),
    ]
    assert found[1]["every"] == {"type": "months", "months": 3}
    assert (found[1]["due_days"], found[1]["visit_settles"], found[1]["ended_at"]) == (7, False, None)


async def test_a_rule_is_made_changed_and_ended(shop: Chain) -> None:
    made = await rule(shop, ladder="card", tiers=["gold", "silver"], visit_settles=True)
    url = f"{RULES}/{made}"
    shown = (await shop.http.get(url)).json()
    assert (shown["ladder"], shown["tiers"], shown["segment"]) == ("card", ["gold", "silver"], None)
    changed = await shop.http.patch(url, json={"every": {"type": "months", "months": 2}, "due_days": 10})
    assert changed.json() == {**shown, "every": {"type": "months", "months": 2}, "due_days": 10}
    assert problem(await shop.http.post(RULES, json=body(code="call"))) == (409, "code-taken")
    assert (await shop.http.delete(url)).status_code == 204
    assert (await shop.http.delete(url)).status_code == 204
    assert problem(await shop.http.patch(url, json={"due_days": 1})) == (409, "task-rule-ended")
    assert (await shop.http.get(RULES)).json()["data"] == []
    assert made in [r["id"] for r in (await shop.http.get(f"{RULES}?ended=true")).json()["data"]]
    again = await rule(shop)
    assert again != made
    acts = [a["action"] for a in (await shop.http.get("/v1/audit-log")).json()["data"]]
    assert (acts.count("task_rule.create"), acts.count("task_rule.change")) == (2, 1)


def body(**fields: Any) -> dict[str, Any]:
    return {"code": "x", "names": NAMES, "ladder": "card", "tiers": ["gold"], "every": WEEKLY, **fields}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ladder": "nothing"}, ("/ladder", "unknown-ladder")),
        ({"tiers": ["gold", "tin"]}, ("/tiers/1", "unknown-tier")),
        ({"ladder": None, "tiers": [], "segment": "nobody"}, ("/segment", "unknown-segment")),
        ({"every": {"type": "hours"}}, ("/every/type", "unknown-rhythm")),
        ({"every": {"type": "days", "days": 0}}, ("/every/days", "too-small")),
        ({"due_days": 0}, ("/due_days", "too-small")),
        ({"segment": "sleeping"}, ("", "task-for-whom")),
        ({"tiers": []}, ("", "task-for-whom")),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(shop: Chain, fields: dict[str, Any], error: Any) -> None:
    assert errors(await shop.http.post(RULES, json=body(**fields))) == [error]


async def test_done_says_what_came_of_it(shop: Chain, one: str) -> None:
    task = await only(shop)
    shown = await did(shop, task, outcome="will_come", note="周六来")
    assert (shown["state"], shown["outcome"], shown["last_note"]["text"]) == ("done", "will_come", "周六来")
    assert [(act["kind"], act["note"]) for act in shown["acts"]] == [("done", "周六来")]
    assert await listed(shop) == []
    assert (await only(shop, "state=done"))["id"] == task["id"]
    assert await did(shop, task, outcome="will_come", note="周六来") == shown
    other = await shop.http.post(f"/v1/tasks/{task['id']}/done", json={"outcome": "reached"})
    assert problem(other) == (409, "task-not-open")
    assert problem(await shop.http.post(f"/v1/tasks/{task['id']}/skip", json={})) == (409, "task-not-open")
    (act,) = [a for a in (await shop.http.get("/v1/audit-log")).json()["data"] if a["action"] == "task.done"]
    assert act["detail"] == {"rule": "call", "outcome": "will_come"}


async def test_a_postponed_task_comes_back_on_its_day(shop: Chain, one: str, drain: Any) -> None:
    task = await only(shop)
    shown = await did(shop, task, "postpone", until="2031-03-20", note="出差")
    assert (shown["state"], shown["due_on"], shown["postponements"]) == ("postponed", "2031-03-20", 1)
    assert (await did(shop, task, "postpone", until="2031-03-20", note="出差"))["postponements"] == 1
    assert await listed(shop) == []
    assert (await only(shop, "state=postponed"))["id"] == task["id"]
    await nights(shop, drain, "2031-03-20 09:00")
    back = await only(shop)
    assert (back["state"], back["late"], back["last_note"]["text"]) == ("open", False, "出差")


@pytest.mark.parametrize(
    ("until", "code"), [("2031-03-11", "not-greater"), ("2032-03-13", "too-late"), ("x", "invalid-date")]
)
async def test_a_task_waits_for_a_day_within_a_year(shop: Chain, one: str, until: str, code: str) -> None:
    task = await only(shop)
    answer = await shop.http.post(f"/v1/tasks/{task['id']}/postpone", json={"until": until})
    assert errors(answer) == [("/until", code)]


async def test_a_skipped_task_comes_again_in_its_rhythm(shop: Chain, one: str, drain: Any) -> None:
    assert (await did(shop, await only(shop), "skip"))["state"] == "skipped"
    await nights(shop, drain, "2031-03-17 23:00")
    assert await listed(shop) == []
    await nights(shop, drain, "2031-03-18 09:00")
    assert len(await listed(shop)) == 1


async def test_what_is_due_first_stands_first_then_who_is_worth_most(shop: Chain, drain: Any) -> None:
    for n, amount in enumerate((100, 300, 200)):
        await bought(shop, f"{n}", amount, member_id=await member(shop, name=str(amount)))
    await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    await bought(shop, "late", 900, member_id=await member(shop, name="900"))
    await nights(shop, drain, "2031-03-12 09:00")
    order = ["300", "200", "100", "900"]
    assert [task["member"]["name"] for task in await listed(shop)] == order
    found, cursor = [], ""
    for _ in order:
        page = (await shop.http.get(f"/v1/tasks?limit=1{cursor}")).json()
        found += [task["member"]["name"] for task in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (found, page["next_cursor"]) == (order, None)
    assert [t["member"]["name"] for t in await listed(shop, "due_to=2031-03-17")] == order[:3]
    refused = await shop.http.get(f"/v1/tasks?state=done{(await cursor_of(shop))}")
    assert problem(refused) == (422, "invalid-cursor")


async def cursor_of(shop: Chain) -> str:
    return f"&cursor={(await shop.http.get('/v1/tasks?limit=1')).json()['next_cursor']}"


async def test_a_key_of_branches_sees_and_does_its_own_only(shop: Chain, one: str, drain: Any) -> None:
    second = (await shop.http.post("/v1/branches", json={"code": "b2", "name": "B"})).json()["id"]
    elsewhere, nowhere = await member(shop, branch_id=second), await member(shop)
    await nights(shop, drain, "2031-03-12 09:00")
    tasks = {task["member"]["id"]: task["id"] for task in await listed(shop)}
    headers = await key(shop, "members:read", "members:write", branch_ids=[second])
    found = (await shop.http.get("/v1/tasks", headers=headers)).json()["data"]
    assert [task["member"]["id"] for task in found] == [elsewhere]
    for query in (f"branch_id={shop.branch_id}", "branch_id=none"):
        assert problem(await shop.http.get(f"/v1/tasks?{query}", headers=headers)) == (403, "not-permitted")
    for who in (one, nowhere):
        url = f"/v1/tasks/{tasks[who]}"
        assert problem(await shop.http.get(url, headers=headers)) == (403, "not-permitted")
        assert problem(await shop.http.post(f"{url}/skip", json={}, headers=headers)) == (403, "not-permitted")
    answer = await shop.http.post(f"/v1/tasks/{tasks[elsewhere]}/skip", json={}, headers=headers)
    assert answer.status_code == 200
    mine = (await shop.http.get("/v1/tasks?mine=true&state=skipped", headers=headers)).json()["data"]
    assert [task["member"]["id"] for task in mine] == [elsewhere]
    assert await listed(shop, "mine=true&state=skipped") == []


async def test_scopes(shop: Chain, one: str) -> None:
    url = f"/v1/tasks/{(await only(shop))['id']}"
    reads = await key(shop, "members:read")
    assert (await shop.http.get(url, headers=reads)).status_code == 200
    assert problem(await shop.http.post(f"{url}/skip", json={}, headers=reads)) == (403, "forbidden")
    assert problem(await shop.http.post(RULES, json=body(), headers=reads)) == (403, "forbidden")
    report = await shop.http.get("/v1/reports/tasks?from=2031-03-01&to=2031-03-31", headers=reads)
    assert problem(report) == (403, "forbidden")
