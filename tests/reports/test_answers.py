"""Answers are kept, found anew when they are old, and by night for the new day."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.clock import owner, set_clock

from saas.outbox import enqueue
from saas.scheduler import fire_due
from saas.scope import tenant_scope
from tenants.reports import answers
from tenants.reports.answers import Asked, find, for_caller, for_page, read
from tenants.reports.span import span_of, today

NOON = datetime(2026, 3, 20, 4, tzinfo=UTC)
_OLD = "UPDATE report_answer SET made_at = made_at - interval '1 hour', took = $2::interval WHERE tenant_id = $1"


async def asked_by_page(chain: Any, *reports: str) -> tuple[list[Asked], dict[Asked, answers.Answer]]:
    async with tenant_scope(chain.tenant_id):
        now = await today()
        asked = [Asked(name, span_of("last_30", now.day), "last_30") for name in reports]
        return asked, await for_page(asked, now)


async def jobs_waiting(chain: Any) -> list[list[str]]:
    rows = await (await owner()).fetch(
        "SELECT payload FROM outbox WHERE tenant_id = $1 AND name = 'reports.find' ORDER BY id", chain.tenant_id
    )
    return [[each["report"] for each in json.loads(row["payload"])["todo"]] for row in rows]


async def sell(chain: Any, number: str, amount: int) -> None:
    ticket = {"branch_id": chain.branch_id, "external_id": number, "amount": amount, "external_amounts": True}
    assert (await chain.http.post("/v1/purchases", json=ticket)).status_code == 201


async def test_a_page_of_a_small_chain_has_its_numbers_at_once_and_newer_ones_by_a_job(chain: Any, drain: Any) -> None:
    await sell(chain, "t1", 500)
    (one,), found = await asked_by_page(chain, "overview")
    assert found[one].data is not None
    assert found[one].data["sales"]["amount"] == 500
    assert not found[one].stale
    await sell(chain, "t2", 70)
    _, found = await asked_by_page(chain, "overview")
    assert found[one].data is not None
    assert found[one].data["sales"]["amount"] == 500, "kept"
    assert await jobs_waiting(chain) == []

    await (await owner()).execute(_OLD, chain.tenant_id, timedelta(seconds=1))
    _, found = await asked_by_page(chain, "overview", "rfm")
    assert found[one].data is not None  # the page shows what there is, and that something newer comes
    assert (found[one].data["sales"]["amount"], found[one].wanted) == (500, False)
    # the small chain's missing report was found at once; the old one is asked for by the next page
    _, found = await asked_by_page(chain, "overview", "rfm")
    assert found[one].wanted
    assert await jobs_waiting(chain) == [["overview"]]
    await asked_by_page(chain, "overview", "rfm")
    assert await jobs_waiting(chain) == [["overview"]], "asked for once"
    await (await owner()).execute("UPDATE report_state SET added_at = 'epoch' WHERE tenant_id = $1", chain.tenant_id)
    assert (await drain(chain.tenant_id)).failed == 0
    _, found = await asked_by_page(chain, "overview", "rfm")
    assert found[one].data is not None
    assert (found[one].data["sales"]["amount"], found[one].wanted, found[one].stale) == (570, False, False)


async def test_what_was_slow_stays_good_for_longer(chain: Any) -> None:
    await asked_by_page(chain, "overview")
    await (await owner()).execute(_OLD, chain.tenant_id, timedelta(seconds=37))
    (one,), found = await asked_by_page(chain, "overview")
    assert not found[one].stale
    await (await owner()).execute(
        "UPDATE report_answer SET took = interval '35 seconds' WHERE tenant_id = $1", chain.tenant_id
    )
    _, found = await asked_by_page(chain, "overview")
    assert found[one].stale


async def test_a_large_chain_waits_for_the_job(chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SMALL", 0)
    assert (await chain.http.post("/v1/members", json={"name": "林悦"})).status_code == 201
    asked, found = await asked_by_page(chain, "overview", "tier-mix", "liability")
    assert [(found[one].data, found[one].wanted) for one in asked] == [(None, True)] * 3
    assert await jobs_waiting(chain) == [["overview", "tier-mix", "liability"]]
    await drain(chain.tenant_id)
    _, found = await asked_by_page(chain, "overview", "tier-mix", "liability")
    assert [found[one].data is not None for one in asked] == [True] * 3
    assert await jobs_waiting(chain) == []


async def test_a_job_that_was_lost_is_sent_again(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SMALL", 0)
    assert (await chain.http.post("/v1/members", json={"name": "林悦"})).status_code == 201
    await asked_by_page(chain, "overview")
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1", chain.tenant_id)
    await asked_by_page(chain, "overview")
    assert await jobs_waiting(chain) == []
    await (await owner()).execute(
        "UPDATE report_answer SET wanted_at = wanted_at - interval '6 minutes' WHERE tenant_id = $1", chain.tenant_id
    )
    await asked_by_page(chain, "overview")
    assert await jobs_waiting(chain) == [["overview"]]


async def test_a_closed_chain_sends_no_job(chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SMALL", -1)
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    (one,), found = await asked_by_page(chain, "overview")
    assert (found[one].data, found[one].wanted) == (None, False)
    assert await jobs_waiting(chain) == []


async def test_the_job_may_run_twice(chain: Any, drain: Any) -> None:
    async with tenant_scope(chain.tenant_id):
        asked = [
            Asked("overview", span_of("last_7", (await today()).day)),
            Asked("rfm", span_of("last_7", NOON.date())),
        ]
        for _ in range(2):
            await enqueue("reports.find", {"todo": [one.payload() for one in asked]})
    done = await drain(chain.tenant_id)
    assert (done.done, done.failed, done.dead) == (4, 0, 0)  # each is a job of its own
    async with tenant_scope(chain.tenant_id):
        assert all(answer.data for answer in (await read(asked)).values())


async def test_a_caller_gets_what_is_good_where_finding_it_is_slow(chain: Any) -> None:
    await sell(chain, "t1", 500)
    async with tenant_scope(chain.tenant_id):
        now = await today()
        asked = Asked("overview", span_of("last_7", now.day))
        await find(asked, now)
    await sell(chain, "t2", 70)
    slow = "UPDATE report_answer SET took = interval '1 second' WHERE tenant_id = $1"
    await (await owner()).execute(slow, chain.tenant_id)
    amounts = []
    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            found = await for_caller(asked, now)
        assert found.data is not None
        amounts.append(found.data["sales"]["amount"])
        await (await owner()).execute(_OLD, chain.tenant_id, timedelta(milliseconds=10))
    assert amounts == [500, 570]


async def test_the_night_finds_for_the_new_day_what_somebody_asks_for(chain: Any, drain: Any) -> None:
    await set_clock(chain.tenant_id, NOON)
    async with tenant_scope(chain.tenant_id):
        now = await today()
        await find(Asked("overview", span_of("this_month", now.day), "this_month"), now)
        await find(Asked("overview", span_of("last_7", now.day)), now)  # by hand: nobody wants it tomorrow
        await find(Asked("rfm", span_of("last_7", now.day), "last_7"), now)
    conn = await owner()
    await conn.execute(
        "UPDATE report_answer SET asked_at = asked_at - interval '15 days' WHERE tenant_id = $1 AND report = 'rfm'",
        chain.tenant_id,
    )
    await set_clock(chain.tenant_id, NOON + timedelta(days=3))
    only = "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1 AND name = 'reports'"
    await conn.execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'reports'", chain.tenant_id)
    await conn.execute(only, chain.tenant_id, NOON + timedelta(days=1))
    assert await fire_due(chain.tenant_id) == 1
    assert (await drain(chain.tenant_id)).failed == 0
    assert await fire_due(chain.tenant_id) == 0, "missed nights are made up for together"
    rows = await conn.fetch(
        "SELECT report, last::text, answer IS NOT NULL AS found FROM report_answer WHERE tenant_id = $1"
        " ORDER BY report, last",
        chain.tenant_id,
    )
    assert [tuple(row) for row in rows] == [("overview", "2026-03-20", True)] * 2 + [("overview", "2026-03-23", True)]
