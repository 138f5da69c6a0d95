"""What a night does: whom it lists, for whom it doesn't yet, and who is listed no more."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rounds import NAMES, did, listed, nights, only, opened, rule
from support.chains import Chain
from support.till import bought, given_back, member, rows

from saas.outbox import enqueue
from saas.scope import tenant_scope


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await opened(chain)
    return chain


async def test_a_task_is_made_at_midnight_and_again_when_the_rhythm_has_passed(shop: Chain, drain: Any) -> None:
    one = await member(shop, phone="13812345678", branch_id=shop.branch_id)
    await rule(shop)
    assert await listed(shop) == []
    await nights(shop, drain, "2031-03-11 09:00")
    task = await only(shop)
    assert (task["made_on"], task["due_on"], task["late"], task["state"]) == ("2031-03-11", "2031-03-17", False, "open")
    assert task["member"] == {"id": one, "name": "王秀", "phone": "138 **** 5678"}
    assert (task["branch_id"], task["tier"]["ladder"]) == (shop.branch_id, "card")
    assert (task["last_purchase_on"], task["days_since_purchase"], task["visited"]) == (None, None, False)
    await nights(shop, drain, "2031-03-13 09:00")
    assert (await only(shop))["id"] == task["id"]
    await did(shop, task)
    await nights(shop, drain, "2031-03-19 23:00")
    assert await listed(shop) == []
    await nights(shop, drain, "2031-03-20 09:00")
    assert (await only(shop))["made_on"] == "2031-03-20"


async def test_what_nobody_did_stays_on_the_list_and_is_late(shop: Chain, drain: Any) -> None:
    await member(shop)
    await rule(shop, due_days=2)
    await nights(shop, drain, "2031-03-12 09:00")
    assert not (await only(shop))["late"]
    await nights(shop, drain, "2031-03-25 09:00")
    assert (await only(shop))["late"]


async def test_months_end_where_they_end(chain: Chain, drain: Any) -> None:
    await opened(chain, "2031-01-30 12:00")
    await member(chain)
    await rule(chain, every={"type": "months", "months": 1})
    await nights(chain, drain, "2031-01-31 09:00")
    await did(chain, await only(chain))
    await nights(chain, drain, "2031-02-27 23:00")
    assert await listed(chain) == []
    await nights(chain, drain, "2031-02-28 09:00")
    assert (await only(chain))["made_on"] == "2031-02-28"


async def test_days_are_those_of_the_chains_zone(new_chain: Any, drain: Any) -> None:
    chain = await new_chain(timezone="America/New_York")
    zone = ZoneInfo("America/New_York")
    await opened(chain, "2031-03-08 12:00", "America/New_York")
    await member(chain)
    await rule(chain, every={"type": "days", "days": 1})
    await nights(chain, drain, "2031-03-09 00:30", zone)
    await did(chain, await only(chain))
    await nights(chain, drain, "2031-03-09 23:59", zone)  # a day of 23 hours
    assert await listed(chain) == []
    await nights(chain, drain, "2031-03-10 00:30", zone)
    assert (await only(chain))["made_on"] == "2031-03-10"


async def test_who_declined_is_left_alone_for_ninety_days_by_that_rule(shop: Chain, drain: Any) -> None:
    await member(shop)
    first, other = await rule(shop), await rule(shop, "other")
    await nights(shop, drain, "2031-03-11 09:00")
    by_rule = {task["rule"]["id"]: task for task in await listed(shop)}
    await did(shop, by_rule[first], outcome="declined")
    await did(shop, by_rule[other], outcome="not_reached")
    await nights(shop, drain, "2031-06-08 23:00")
    assert [task["rule"]["id"] for task in await listed(shop)] == [other]
    await nights(shop, drain, "2031-06-09 09:00")
    assert {task["rule"]["id"] for task in await listed(shop)} == {first, other}


async def test_a_tier_left_drops_the_task_and_a_tier_reached_makes_one(shop: Chain, drain: Any) -> None:
    one = await member(shop)
    await rule(shop, ladder="card", tiers=["silver"])
    await nights(shop, drain, "2031-03-11 09:00")
    assert await listed(shop) == []
    await bought(shop, "1", 50_000, member_id=one)
    await nights(shop, drain, "2031-03-12 09:00")
    assert (await only(shop))["tier"]["code"] == "silver"
    await bought(shop, "2", 200_000, member_id=one)
    await nights(shop, drain, "2031-03-13 09:00")
    assert await listed(shop) == []
    dropped = await only(shop, "state=dropped")
    assert (dropped["ended_by"], dropped["outcome"]) == ("system", None)


async def test_home_is_the_members_branch_else_that_of_its_last_purchase(shop: Chain, drain: Any) -> None:
    second = (await shop.http.post("/v1/branches", json={"code": "b2", "name": "B"})).json()["id"]
    third = (await shop.http.post("/v1/branches", json={"code": "b3", "name": "C"})).json()["id"]
    own = await member(shop, name="own", branch_id=second)
    await bought(shop, "1", 100, member_id=own)
    last = await member(shop, name="last")
    await bought(shop, "2", 100, member_id=last)
    await bought(shop, "3", 100, member_id=last, branch_id=second)
    back = await bought(shop, "4", 100, member_id=last, branch_id=third)
    await given_back(shop, back["id"], "r", 100)
    await member(shop, name="none")
    moved = await member(shop, name="moved", branch_id=third)
    await bought(shop, "5", 100, member_id=moved)
    await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    homes = {task["member"]["name"]: task["branch_id"] for task in await listed(shop)}
    assert homes == {"own": second, "last": second, "none": None, "moved": third}
    await shop.http.patch(f"/v1/branches/{third}", json={"closed": True})
    await nights(shop, drain, "2031-03-12 09:00")
    homes = {task["member"]["name"]: task["branch_id"] for task in await listed(shop)}
    assert homes["moved"] == shop.branch_id
    assert [task["member"]["name"] for task in await listed(shop, "branch_id=none")] == ["none"]
    assert len(await listed(shop, f"branch_id={second}")) == 2


async def test_a_visit_is_shown_and_settles_where_the_rule_says_so(shop: Chain, drain: Any) -> None:
    one = await member(shop)
    await rule(shop, "shows")
    await rule(shop, "settles", visit_settles=True)
    await nights(shop, drain, "2031-03-11 09:00")
    await bought(shop, "1", 100, member_id=one)
    assert [task["visited"] for task in await listed(shop)] == [True, True]
    await nights(shop, drain, "2031-03-12 09:00")
    shown = await only(shop)
    assert (shown["rule"]["code"], shown["visited"], shown["last_purchase_on"]) == ("shows", True, "2031-03-11")
    assert (await only(shop, "state=settled"))["rule"]["code"] == "settles"
    await nights(shop, drain, "2031-03-17 23:00")
    assert len(await listed(shop)) == 1
    await nights(shop, drain, "2031-03-18 09:00")  # a week after the visit
    assert len(await listed(shop)) == 2


CAMPAIGN: dict[str, Any] = {
    "code": "spring",
    "type": "multiplier",
    "names": NAMES,
    "multiplier": "2",
    "when": {"type": "between", "from": "2031-03-12", "to": "2031-03-20"},
}


async def start(chain: Chain, document: dict[str, Any]) -> str:
    made = await chain.http.post("/v1/campaigns", json=document)
    assert made.status_code == 201, made.text
    answer = await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})
    assert answer.is_success, answer.text
    return str(made.json()["id"])


async def test_a_campaign_gives_one_reason_to_those_in_it(shop: Chain, drain: Any) -> None:
    one = await member(shop, name="in", tags=["VIP"])
    await member(shop, name="out")
    condition = {"property": "tag", "in": ["VIP"]}
    await shop.http.post("/v1/segments", json={"code": "vip", "names": NAMES, "condition": condition})
    await rule(shop, every={"type": "campaign"})
    campaign = await start(shop, {**CAMPAIGN, "audience": "vip"})
    await nights(shop, drain, "2031-03-11 09:00")
    assert await listed(shop) == []  # it hasn't begun
    await nights(shop, drain, "2031-03-12 09:00")
    task = await only(shop)
    assert (task["member"]["id"], task["campaign_id"]) == (one, campaign)
    await did(shop, task)
    await nights(shop, drain, "2031-03-19 09:00")
    assert await listed(shop) == []  # once


async def test_a_campaign_that_is_over_is_no_reason_any_more(shop: Chain, drain: Any) -> None:
    await member(shop)
    await rule(shop, every={"type": "campaign"})
    await start(shop, CAMPAIGN)
    await nights(shop, drain, "2031-03-20 09:00")
    assert len(await listed(shop)) == 1
    await nights(shop, drain, "2031-03-21 09:00")
    assert await listed(shop) == []
    assert len(await listed(shop, "state=dropped")) == 1


async def test_the_control_group_is_not_called(shop: Chain, drain: Any) -> None:
    for n in range(30):
        await member(shop, name=f"m{n}")
    await rule(shop, every={"type": "campaign"})
    await start(shop, {**CAMPAIGN, "control_percent": "50"})
    await nights(shop, drain, "2031-03-12 09:00")
    assert 3 < len(await listed(shop)) < 27


async def test_a_rule_that_ends_takes_its_open_tasks_along(shop: Chain, drain: Any) -> None:
    await member(shop)
    made = await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    assert (await shop.http.delete(f"/v1/tasks/rules/{made}")).status_code == 204
    await drain(shop.tenant_id)
    assert await listed(shop) == []
    assert len(await listed(shop, "state=dropped&rule=call")) == 1
    await nights(shop, drain, "2031-04-11 09:00")
    assert await listed(shop) == []


async def test_a_segment_that_is_gone_is_for_nobody(shop: Chain, drain: Any) -> None:
    await member(shop)
    await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    (segment,) = [s for s in (await shop.http.get("/v1/segments?limit=200")).json()["data"] if s["code"] == "all"]
    await shop.http.delete(f"/v1/segments/{segment['id']}")
    await nights(shop, drain, "2031-03-12 09:00")
    assert await listed(shop) == []


async def test_the_job_may_run_twice_and_walks_in_pages(shop: Chain, drain: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("tenants.tasks.jobs.BATCH", 2)
    for n in range(5):
        await member(shop, name=f"m{n}")
    await rule(shop)
    await nights(shop, drain, "2031-03-11 09:00")
    before = await rows(shop, "task")
    assert len(before) == 5
    async with tenant_scope(shop.tenant_id):
        await enqueue("tasks.make", {"due_at": "2031-03-11T00:00:00+08:00", "schedule": "tasks"})
        await enqueue("tasks.make", {"due_at": "2031-03-11T00:00:00+08:00", "schedule": "tasks"})
    assert (await drain(shop.tenant_id)).failed == 0
    assert await rows(shop, "task") == before


async def test_a_pharmacys_class_is_followed_up_in_its_rhythm(new_chain: Any, drain: Any) -> None:
    """The classes are decided at the first of the month, and only then the lists are made."""
    from rounds import at
    from support.midnights import begin

    chain = await new_chain(template="pharmacy")
    await begin(chain, at("2031-03-10 12:00"), "Asia/Shanghai")
    codes = {rule["code"] for rule in (await chain.http.get("/v1/tasks/rules")).json()["data"]}
    assert codes == {"follow-a", "follow-b", "follow-c", "follow-d", "invite-check"}
    one = await member(chain, branch_id=chain.branch_id)
    await bought(chain, "1", 160_000, member_id=one)
    await nights(chain, drain, "2031-03-31 23:00")
    assert await listed(chain, "rule=follow-a") == []
    await nights(chain, drain, "2031-04-01 09:00")
    task = await only(chain, "rule=follow-a")
    assert (task["made_on"], task["tier"]["ladder"], task["tier"]["code"]) == ("2031-04-01", "class", "a")
    assert task["value"] == 160_000
