"""What the report counts: where tasks were made, where acts were done, and who came back within fourteen days."""

from typing import Any

import pytest
from rounds import NAMES, did, listed, nights, opened, rule
from support.chains import Chain
from support.till import bought, given_back, member
from test_tasks_api import errors, key, problem

MARCH = "from=2031-03-01&to=2031-03-31"


async def report(chain: Chain, query: str = MARCH) -> dict[str, Any]:
    answer = await chain.http.get(f"/v1/reports/tasks?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def month(chain: Chain, drain: Any) -> Chain:
    """Eight members are to be called from 11 March on; the chain's clock ends on 10 April.

    a, b, c: called on the 12th; a buys on the 20th, b on the 28th (too late), c the same day but gives it back.
    d: skipped, buys on the 13th. e: nobody calls, buys on the 24th. f: nobody calls, never buys. g: leaves.
    h: postponed to 5 April, called then: its fourteen days aren't over.
    """
    await opened(chain)
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "B"})).json()["id"]
    who = {
        name: await member(chain, name=name, branch_id=second if name in "ad" else chain.branch_id)
        for name in "abcdefgh"
    }
    await rule(chain, every={"type": "months", "months": 12})
    await nights(chain, drain, "2031-03-12 10:00")
    tasks = {task["member"]["name"]: task for task in await listed(chain)}
    till = await key(chain, "members:write", "members:read")
    for name, outcome in (("a", "reached"), ("b", "reached"), ("c", "not_reached")):
        await did(chain, tasks[name], outcome=outcome)
    answer = await chain.http.post(f"/v1/tasks/{tasks['d']['id']}/skip", json={}, headers=till)
    assert answer.status_code == 200
    await did(chain, tasks["h"], "postpone", until="2031-04-05")
    back = await bought(chain, "c", 100, member_id=who["c"])
    await given_back(chain, back["id"], "r", 100)
    for day, name in (("13", "d"), ("20", "a"), ("24", "e"), ("28", "b")):
        await nights(chain, drain, f"2031-03-{day} 12:00")
        await bought(chain, name, 100, member_id=who[name])
    await chain.http.delete(f"/v1/members/{who['g']}")
    await nights(chain, drain, "2031-04-05 12:00")
    await did(chain, tasks["h"])
    await nights(chain, drain, "2031-04-10 12:00")
    return chain


async def test_made_and_done_and_who_came_back(month: Chain) -> None:
    found = await report(month)
    total = found["totals"]
    assert {name: total[name] for name in ("made", "done", "skipped", "postponed", "settled", "dropped")} == {
        "made": 8,
        "done": 3,
        "skipped": 1,
        "postponed": 1,
        "settled": 0,
        "dropped": 1,
    }
    assert (total["open_late"], total["outcomes"]) == (2, {"not_reached": 1, "reached": 2})
    assert total["returns"]["done"] == {"tasks": 3, "looked_at": 3, "returned": 1, "percent": "33.33"}
    # d and e came, f and g didn't
    assert total["returns"]["not_done"] == {"tasks": 4, "looked_at": 4, "returned": 2, "percent": "50.00"}
    assert (found["comparison"], found["within_days"]) == ("observed", 14)


async def test_what_is_too_young_is_not_judged(month: Chain) -> None:
    found = await report(month, "from=2031-04-01&to=2031-04-30")
    assert found["totals"]["made"] == 0
    assert found["totals"]["returns"]["done"] == {"tasks": 1, "looked_at": 0, "returned": 0, "percent": None}


async def test_by_rule_branch_and_clerk(month: Chain) -> None:
    found = await report(month)
    (one,) = found["rules"]
    assert (one["rule"]["code"], one["rule"]["names"], one["made"]) == ("call", NAMES, 8)
    assert [(each["branch"]["code"], each["made"], each["done"]) for each in found["branches"]] == [
        ("b2", 2, 1),
        ("main", 6, 2),
    ]
    assert sorted((each["done"], each["skipped"], each["postponed"]) for each in found["clerks"]) == [
        (0, 1, 0),
        (3, 0, 1),
    ]
    second = found["branches"][0]["branch"]["id"]
    assert (await report(month, f"{MARCH}&branch_id={second}"))["totals"]["made"] == 2
    assert (await report(month, f"{MARCH}&branch_id=none"))["totals"]["made"] == 0
    assert (await report(month, f"{MARCH}&rule=call"))["totals"]["made"] == 8
    bound = await key(month, "reports:read", branch_ids=[second])
    answer = await month.http.get(f"/v1/reports/tasks?{MARCH}", headers=bound)
    assert (answer.json()["totals"]["made"], len(answer.json()["branches"])) == (2, 1)
    other = await month.http.get(f"/v1/reports/tasks?{MARCH}&branch_id={month.branch_id}", headers=bound)
    assert problem(other) == (403, "not-permitted")


async def test_a_span_is_asked_for(chain: Chain) -> None:
    assert errors(await chain.http.get("/v1/reports/tasks")) == [("/from", "required"), ("/to", "required")]
    wrong = await chain.http.get("/v1/reports/tasks?from=2031-01-01&to=2031-12-31")
    assert errors(wrong) == [("/to", "span-too-long")]
    assert problem(await chain.http.get(f"/v1/reports/tasks?{MARCH}&rule=nothing")) == (404, "not-found")


async def test_what_a_merged_record_bought_is_the_survivors_return(chain: Chain, drain: Any) -> None:
    await opened(chain)
    one, two = await member(chain), await member(chain, tags=["VIP"])
    condition = {"property": "tag", "in": ["VIP"]}
    await chain.http.post("/v1/segments", json={"code": "vip", "names": NAMES, "condition": condition})
    await rule(chain, segment="vip")
    await nights(chain, drain, "2031-03-11 09:00")
    await did(chain, (await listed(chain))[0])
    await bought(chain, "1", 100, member_id=two)
    await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})
    await nights(chain, drain, "2031-03-26 12:00")
    assert (await report(chain))["totals"]["returns"]["done"]["returned"] == 1
