"""Recalculation over HTTP and its jobs: everyone as of an instant, in batches, once, one run after the other."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from runs_over_http import URL, Drain, Json, NewChain, ask, counts, decisions, job, monthly_chain, ran
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows

from saas.running import run_due
from tenants.jobs import job as job_module
from tenants.tiers import batches


@pytest.fixture
async def monthly(new_chain: NewChain) -> Chain:
    return await monthly_chain(new_chain)


async def test_as_of_counts_as_the_schedule_firing_then(monthly: Chain, drain: Drain) -> None:
    one = await member(monthly)
    for number, day in enumerate(("2031-01-10", "2031-02-10")):
        await bought(monthly, str(number), 150 + 900 * number, member_id=one, occurred_at=f"{day}T12:00:00Z")
    assert await ran(monthly, drain, "2031-02-01T00:00:00Z") == counts(1, upgraded=1)
    assert await ran(monthly, drain, "2031-03-01T00:00:00Z") == counts(1, upgraded=1)
    # Now is 20 March: the month so far gives nothing, but February's tier holds to the next schedule.
    assert await ran(monthly, drain) == counts(1)
    found = (await rows(monthly, "decision"))[0]
    assert found["effective_at"] == datetime(2031, 2, 1, tzinfo=UTC)
    assert str(found["day"]) == "2031-01-31"
    assert found["facts"] in ('{"spend/calendar_month:0": 150}', {"spend/calendar_month:0": 150})
    assert [d[0] for d in await decisions(monthly)][:2] == ["2031-02-01", "2031-03-01"]


async def test_evaluating_twice_writes_once(monthly: Chain, drain: Drain) -> None:
    one = await member(monthly)
    await bought(monthly, "1", 150, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    await member(monthly)
    as_of = "2031-03-01T00:00:00+00:00"
    assert await ran(monthly, drain, as_of) == counts(2, upgraded=1)
    before = await rows(monthly, "member_tier")
    assert await ran(monthly, drain, as_of) == counts(2)
    assert await rows(monthly, "member_tier") == before
    assert await decisions(monthly) == [("2031-03-01", "regular", "silver")]


async def test_an_instant_before_a_decision_is_refused(monthly: Chain, drain: Drain) -> None:
    one = await member(monthly)
    await bought(monthly, "1", 150, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    await ran(monthly, drain, "2031-03-01T00:00:00Z")
    answer = await monthly.http.post(URL, json={"as_of": "2031-02-28T23:59:59Z"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/later-decisions")
    assert "Mar 1, 2031 00:00:00" in answer.json()["detail"]
    assert len(await rows(monthly, "recalculation")) == 1


@pytest.mark.parametrize(
    ("as_of", "code"),
    [
        ("2031-03-20T12:10:00Z", "as-of-in-future"),
        ("2199-12-31T00:00:00Z", "as-of-in-future"),
        ("2031-03-01", "validation-failed"),
        ("2031-03-01T00:00:00", "validation-failed"),
        ("1899-12-31T00:00:00Z", "validation-failed"),
        (1, "validation-failed"),
    ],
)
async def test_what_is_no_instant_of_the_past(as_of: Any, code: str, monthly: Chain) -> None:
    answer = await monthly.http.post(URL, json={"as_of": as_of})
    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{code}"), answer.text
    assert await rows(monthly, "recalculation") == await rows(monthly, "job") == []


async def test_the_first_day_there_is_can_be_asked_for(monthly: Chain, drain: Drain) -> None:
    await member(monthly, joined_on="1900-01-01")
    assert await ran(monthly, drain, "1900-01-01T00:00:00Z") == counts(1)


async def test_a_body_may_be_left_out(monthly: Chain) -> None:
    assert (await monthly.http.post(URL)).status_code == 202
    assert (await monthly.http.post(URL, json=None, headers={"Idempotency-Key": "k"})).status_code == 202


@pytest.mark.parametrize("body", [{"asof": "2031-03-01T00:00:00Z"}, {"as_of": None, "again": True}])
async def test_an_unknown_wish_is_refused(body: Json, monthly: Chain) -> None:
    answer = await monthly.http.post(URL, json=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == (f"/{list(body)[-1]}", "unknown-field")


async def test_a_chain_without_members_is_through_at_once(monthly: Chain, drain: Drain) -> None:
    assert await ran(monthly, drain) == counts(0)


async def test_batches_show_progress_and_resume(monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 3)
    for number in range(10):
        one = await member(monthly)
        await bought(monthly, str(number), 150, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    job_id = await ask(monthly, "2031-03-01T00:00:00Z")
    assert (await job(monthly, job_id))["state"] == "queued"
    seen = []
    for _ in range(4):
        assert await run_due(monthly.tenant_id) == ["done"]
        found = await job(monthly, job_id)
        seen.append((found["state"], found["progress"], found["counts"]["upgraded"]))
    assert seen == [("running", 0.3, 3), ("running", 0.6, 6), ("running", 0.9, 9), ("done", 1, 10)]
    assert await run_due(monthly.tenant_id) == []
    assert len(await decisions(monthly)) == 10
    assert {row["tier"] for row in await rows(monthly, "member_tier")} == {"silver"}


async def test_a_failing_batch_is_tried_again_and_doubles_nothing(
    monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    for number in range(5):
        one = await member(monthly)
        await bought(monthly, str(number), 150, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    progress, failures = job_module.progress_job, [1]

    async def once_broken(*arguments: Any) -> None:
        await progress(*arguments)
        if failures:
            failures.pop()
            raise RuntimeError("at the worst moment")

    monkeypatch.setattr(batches, "progress_job", once_broken)
    job_id = await ask(monthly, "2031-03-01T00:00:00Z")
    assert await run_due(monthly.tenant_id) == ["failed"]
    assert await decisions(monthly) == []
    await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", monthly.tenant_id)
    await drain(monthly.tenant_id)
    found = await job(monthly, job_id)
    assert (found["state"], found["result"]["evaluated"], found["result"]["upgraded"]) == ("done", 5, 5)
    assert len(await decisions(monthly)) == 5


async def test_a_run_given_up_says_so_and_lets_the_next_begin(
    monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await member(monthly)
    await bought(monthly, "1", 150, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    first, second = await ask(monthly, "2031-03-01T00:00:00Z"), await ask(monthly)
    evaluate = batches._evaluate_next

    async def broken(run: Any) -> Any:
        if str(run["id"]) == first:
            raise RuntimeError("a bug in SELECT * FROM secrets")
        return await evaluate(run)

    monkeypatch.setattr(batches, "_evaluate_next", broken)
    for _ in range(20):
        await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", monthly.tenant_id)
        await run_due(monthly.tenant_id)
    assert (await job(monthly, first))["state"] == "failed"
    assert "secrets" not in (await monthly.http.get(f"/v1/jobs/{first}")).text
    assert (await job(monthly, second))["state"] == "done"


async def test_runs_queue_one_after_the_other(monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    for number in range(5):
        one = await member(monthly)
        await bought(monthly, f"jan {number}", 150, member_id=one, occurred_at="2031-01-10T12:00:00Z")
        await bought(monthly, f"feb {number}", 1500, member_id=one, occurred_at="2031-02-10T12:00:00Z")
    instants = ("2031-02-01T00:00:00Z", "2031-03-01T00:00:00Z")
    jobs = [await ask(monthly, instant) for instant in instants]
    assert len(await rows(monthly, "outbox")) == 1
    while await run_due(monthly.tenant_id):
        assert len(await rows(monthly, "outbox")) <= 1
    assert {(await job(monthly, one))["state"] for one in jobs} == {"done"}
    assert (
        await decisions(monthly) == [("2031-02-01", "regular", "silver")] * 5 + [("2031-03-01", "silver", "gold")] * 5
    )


async def test_many_asked_at_once_each_run_once(monthly: Chain, drain: Drain) -> None:
    one = await member(monthly)
    await bought(monthly, "1", 150, member_id=one)
    answers = await asyncio.gather(*(monthly.http.post(URL, json={}) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(await rows(monthly, "outbox")) == 1
    done = await drain(monthly.tenant_id)
    assert done.failed == 0
    jobs = [(await job(monthly, answer.json()["job_id"]))["state"] for answer in answers]
    assert jobs == ["done"] * 12
    assert len(await decisions(monthly)) == 1
