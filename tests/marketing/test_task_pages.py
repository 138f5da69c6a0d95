"""The list of calls as a clerk works it off, its rules as an owner sets them, and what came of it."""

import re
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import rows, said_of, send

RULES = "/tasks/rules"
NEW = {
    "names_en": "Call the regulars",
    "whom": "ladder:card",
    "tiers": ["card:regular", "card:silver"],
    "every_type": "months",
    "every_months": "１",
    "due_days": "7",
}


async def called(chain: Any, drain: Any, *names: str) -> list[dict[str, Any]]:
    """The calls of a rule for everybody in the lowest tiers, among them members of these names at the first branch."""
    for rule in (await chain.http.get("/v1/tasks/rules")).json()["data"]:
        await chain.http.delete(f"/v1/tasks/rules/{rule['id']}")
    for n, name in enumerate(names):
        fields = {"name": name, "phone": f"+861811234865{n}", "branch_id": chain.branch_id}
        assert (await chain.http.post("/v1/members", json=fields)).status_code == 201
    body = {
        "code": "call",
        "names": {"zh-CN": "回访", "en": "Call back"},
        "ladder": "card",
        "tiers": ["regular"],
        "every": {"type": "days", "days": 30},
    }
    assert (await chain.http.post("/v1/tasks/rules", json=body)).status_code == 201
    await drain(chain.tenant_id)
    found: list[dict[str, Any]] = (await chain.http.get("/v1/tasks")).json()["data"]
    assert len(found) == len(names)
    return found


async def test_a_clerk_works_off_the_list(app: Any, chain: Any, drain: Any, colleague: Any) -> None:
    wang, li, zhao = await called(chain, drain, "Wang Xiu", "Li Lei", "Zhao Yun")
    clerk = await colleague(chain, "clerk")
    async with logged_in(app, clerk) as browser:
        page = (await browser.get("/tasks")).text
        assert rows(page) == [one["member"]["name"] for one in (wang, li, zhao)]
        assert "181 **** 865" in page
        assert "+861811234865" not in page
        assert "Call back" in page
        assert "Never bought" in page

        one = f"/tasks/{wang['id']}"
        answer = await send(browser, f"{one}/number", at="/tasks")
        phone = re.search(r'href="tel:(\+86\d{11})"', answer.text)
        assert phone
        assert phone[1].startswith("+861811234865")
        log = (await chain.http.get("/v1/audit-log")).json()["data"]
        assert (log[0]["action"], log[0]["target"]) == ("member.reveal", f"member:{wang['member']['id']}")

        sent = {"outcome": "will_come", "note": " likes\r\noolong "}
        first = await send(browser, f"{one}/done", at="/tasks", **sent)
        again = await send(browser, f"{one}/done", at="/tasks", **sent)
        assert (first.status_code, again.status_code) == (303, 303)
        back = (await browser.get(first.headers["location"])).text
        assert f"Done: {wang['member']['name']}. Will come" in back
        assert rows(back) == [one["member"]["name"] for one in (li, zhao)]
        assert "1 done by you today" in back
        kept = (await chain.http.get(f"/v1/tasks/{wang['id']}")).json()
        assert [(act["outcome"], act["note"]) for act in kept["acts"]] == [("will_come", "likes oolong")]

        another = await send(browser, f"{one}/skip", at="/tasks")
        assert another.status_code == 409
        assert 'role="alert"' in another.text
        assert "What came of it" not in another.text
        assert "likes oolong" in another.text

        later = await send(
            browser, f"/tasks/{li['id']}/postpone", at="/tasks", until="picked", day="2000-01-01", note="x"
        )
        assert later.status_code == 422
        assert said_of(later.text, "until")
        assert ">x</textarea>" in later.text
        nothing = await send(browser, f"/tasks/{li['id']}/postpone", at="/tasks", until="picked")
        assert said_of(nothing.text, "until")
        day = re.search(r'name="until" value="(\d{4}-\d\d-\d\d)"', later.text)
        assert day
        later = await send(browser, f"/tasks/{li['id']}/postpone", at="/tasks", until=day[1])
        assert later.status_code == 303
        assert rows((await browser.get("/tasks?state=postponed")).text) == [li["member"]["name"]]
        assert (await send(browser, f"/tasks/{zhao['id']}/skip", at="/tasks")).status_code == 303
        assert "Nobody to call" in (await browser.get("/tasks")).text
        assert rows((await browser.get("/tasks?state=done&mine=yes")).text) == [wang["member"]["name"]]
        assert rows((await browser.get("/tasks?state=skipped&rule=call")).text) == [zhao["member"]["name"]]

        assert (await browser.get("/tasks/report")).status_code == 403
        assert (await browser.get(f"{RULES}/new")).status_code == 403
        assert "New rule" not in (await browser.get(RULES)).text


async def test_a_clerk_of_another_branch_sees_none_of_it(app: Any, chain: Any, drain: Any, colleague: Any) -> None:
    (task,) = await called(chain, drain, "Wang Xiu")
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "West"})).json()["id"]
    clerk = await colleague(chain, "clerk", branch_ids=[other])
    async with logged_in(app, clerk) as browser:
        for query in ("", "?branch_id=all", f"?branch_id={chain.branch_id}", "?branch_id=none"):
            assert rows((await browser.get(f"/tasks{query}")).text) == []
        assert (await browser.get(f"/tasks/{task['id']}")).status_code == 403
        for act in ("done", "postpone", "skip", "number"):
            answer = await send(browser, f"/tasks/{task['id']}/{act}", at="/tasks", outcome="reached")
            assert answer.status_code == 403


async def test_rules_are_made_changed_and_ended(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        for wrong, field in (
            ({"names_en": ""}, "names_en"),
            ({"tiers": []}, "tiers"),
            ({"whom": "segment"}, "segment"),
            ({"whom": "segment", "segment": "nobody"}, "segment"),
            ({"every_months": "ten"}, "every_months"),
            ({"every_months": "0"}, "every_months"),
            ({"every_type": "days"}, "every_days"),
            ({"due_days": "-1"}, "due_days"),
        ):
            answer = await send(browser, f"{RULES}/new", at=RULES, **{**NEW, **wrong})
            assert answer.status_code == 422, wrong
            assert said_of(answer.text, field), wrong
        assert (await send(browser, f"{RULES}/new", at=RULES, **NEW)).status_code == 303
        page = (await browser.get(RULES)).text
        assert "Call the regulars" in page
        assert "once in 1 month" in page
        found = re.search(r'href="/tasks/rules/([0-9a-f-]{36})">Call the regulars<', page)
        assert found
        kept = (await chain.http.get(f"/v1/tasks/rules/{found[1]}")).json()
        assert (kept["ladder"], kept["tiers"]) == ("card", ["regular", "silver"])
        assert (kept["every"], kept["due_days"]) == ({"type": "months", "months": 1}, 7)
        one = f"{RULES}/{found[1]}"
        changed = {"names_en": "Ring", "every_type": "campaign", "due_days": "3", "visit_settles": "yes"}
        assert (await send(browser, one, at=RULES, **changed)).status_code == 303
        page = (await browser.get(RULES)).text
        assert "whenever a campaign gives a reason" in page
        assert "who comes in needs no call" in page
        assert "leave the lists" in (await browser.get(f"{one}/end")).text
        for _twice in range(2):
            assert (await send(browser, f"{one}/end", at=RULES)).status_code == 303
        assert "Ring" not in (await browser.get(RULES)).text
        assert "Ring" in (await browser.get(f"{RULES}?state=ended")).text
        refused = await send(browser, one, at=RULES, **changed)
        assert refused.status_code == 409
        assert 'role="alert"' in refused.text


async def test_the_report_tells_what_was_done_and_refuses_days_that_are_none(app: Any, chain: Any, drain: Any) -> None:
    tasks = await called(chain, drain, "Wang Xiu", "Li Lei")
    await chain.http.post(f"/v1/tasks/{tasks[0]['id']}/done", json={"outcome": "reached"})
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/tasks/report")).text
        words = re.sub(r"<[^>]+>|\s+", " ", page)
        assert re.search(r"Calls made necessary\s+2\s", words)
        assert re.search(r"Done\s+1\s", words)
        assert "Reached" in page
        assert "By who called" in page
        for query, field in (("from=2031-13-01", "from"), ("from=2031-02-01&to=2031-01-01", "to")):
            answer = await browser.get(f"/tasks/report?{query}")
            assert answer.status_code == 422
            assert said_of(answer.text, field)
        assert (await browser.get(f"/tasks/report?branch_id={tasks[0]['id']}")).status_code == 422


@pytest.mark.parametrize("query", ["cursor=x", "state=x&rule=x&branch_id=x", "done=done&task=x"])
async def test_addresses_that_somebody_made_up(app: Any, shop: Any, query: str) -> None:
    async with logged_in(app, shop) as browser:
        answer = await browser.get(f"/tasks?{query}")
        assert answer.status_code == (422 if "cursor" in query else 200)
        assert csrf_of((await browser.get("/tasks")).text)
