"""Recalculation over HTTP and its jobs: everyone as of an instant, in batches, once, one run after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import bought, member, rows

from saas.ids import first_id_since
from saas.jobs import run_due
from saas.scope import tenant_scope
from tenants.tiers import batches, recalculate
from tenants.tiers.recalculate import Request, start_recalculation

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
URL = "/v1/programme/recalculate"


@pytest.fixture
async def monthly(new_chain: NewChain) -> Chain:
    """The pharmacy's kind of ladder: what a month's spend was decides at its end. Now: 20 March 2031, noon, UTC."""
    chain = await new_chain(timezone="UTC")
    await set_clock(chain.tenant_id, datetime(2031, 3, 20, 12, tzinfo=UTC))
    document: Json = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:3]
    for tier, gte in zip(ladder["tiers"][1:], (100, 1000), strict=True):
        tier["qualify"] = {"metric": "spend", "window": {"type": "calendar_month"}, "gte": gte}
    ladder["policy"] |= {
        "upgrade": "scheduled",
        "schedule": {"type": "monthly"},
        "validity": {"type": "until_next_schedule"},
        "max_drop": None,
    }
    await release(chain, document)
    # Schedules are another test's: here only what is asked for runs.
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    return chain


async def release(chain: Chain, document: Json) -> None:
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def ask(chain: Chain, as_of: str | None = None) -> str:
    answer = await chain.http.post(URL, json={} if as_of is None else {"as_of": as_of})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def job(chain: Chain, job_id: str) -> Json:
    found: Json = (await chain.http.get(f"/v1/jobs/{job_id}")).json()
    return found


async def ran(chain: Chain, drain: Drain, as_of: str | None = None) -> Json:
    """The result of a run, without its seconds."""
    job_id = await ask(chain, as_of)
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    found = await job(chain, job_id)
    assert (found["state"], found["progress"]) == ("done", 1)
    assert found["result"].pop("seconds") >= 0
    result: Json = found["result"]
    return result


def counts(evaluated: int, upgraded: int = 0, renewed: int = 0, downgraded: int = 0) -> Json:
    return {"evaluated": evaluated, "upgraded": upgraded, "renewed": renewed, "downgraded": downgraded}


async def decisions(chain: Chain) -> list[tuple[str, str, str]]:
    found = sorted(await rows(chain, "decision"), key=lambda row: row["id"])
    return [(f"{row['effective_at']:%Y-%m-%d}", row["from_tier"], row["to_tier"]) for row in found]


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
    assert "2031-03-01 00:00:00" in answer.json()["detail"]
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


@pytest.mark.parametrize("body", [{"asof": "2031-03-01T00:00:00Z"}, {"as_of": None, "rebuild": True}])
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
    progress, failures = batches.progress_job, [1]

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


# --- the second run of a day looks at what is new -----------------------------------------------------------


async def only(chain: Chain) -> list[tuple[bool, int]]:
    """Of each run in order: whether it looked at everyone, and at how many members."""
    found = sorted(await rows(chain, "recalculation"), key=lambda run: run["id"])
    return [(run["incremental_from"] is None, run["evaluated"]) for run in found]


async def long_standing(chain: Chain, number: int) -> list[str]:
    """Members whose ids are as old as their enrolment, two hours ago."""
    old = first_id_since(datetime.now(UTC) - timedelta(hours=2)).int
    ids = [UUID(int=old + n) for n in range(number)]
    await (await owner()).executemany(
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at) VALUES ($1, $2, '2031-01-01', 'api', now())",
        [(chain.tenant_id, one) for one in ids],
    )
    return [str(one) for one in ids]


async def test_the_second_run_of_a_day_looks_at_changed_members_only(monthly: Chain, drain: Drain) -> None:
    members = await long_standing(monthly, 6)
    await ran(monthly, drain)
    await bought(monthly, "1", 150, member_id=members[0])
    await bought(monthly, "2", 10, member_id=members[1])
    assert await ran(monthly, drain) == counts(2, upgraded=1)
    assert await only(monthly) == [(True, 6), (False, 2)]
    await set_clock(monthly.tenant_id, datetime(2031, 3, 21, 12, tzinfo=UTC))
    await ran(monthly, drain)
    assert (await only(monthly))[-1] == (True, 6)


async def test_an_incremental_run_goes_in_batches_too(
    monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = await long_standing(monthly, 9)
    await ran(monthly, drain)
    for number, one in enumerate(members[1::2]):
        await bought(monthly, str(number), 150, member_id=one)
    monkeypatch.setattr(batches, "BATCH", 2)
    assert await ran(monthly, drain) == counts(4, upgraded=4)


async def test_a_member_enrolled_since_is_looked_at_too(monthly: Chain, drain: Drain) -> None:
    """Enrolling decides nothing, yet tenure may already qualify: a full run would lift such a member."""
    document: Json = (await monthly.http.get("/v1/programme")).json()
    document["ladders"][0]["tiers"][1]["qualify"] = {"metric": "tenure_days", "gte": 365}
    await release(monthly, document)
    await member(monthly)
    assert await ran(monthly, drain) == counts(1)
    await member(monthly, joined_on="2020-01-01")
    result = await ran(monthly, drain)
    assert result["upgraded"] == 1
    assert await decisions(monthly) == [("2031-03-20", "regular", "silver")]


async def test_new_rules_look_at_everyone(monthly: Chain, drain: Drain) -> None:
    one = await member(monthly)
    await bought(monthly, "1", 60, member_id=one)
    assert await ran(monthly, drain) == counts(1)
    document: Json = (await monthly.http.get("/v1/programme")).json()
    document["ladders"][0]["tiers"][1]["qualify"]["gte"] = 50
    await release(monthly, document)
    assert await ran(monthly, drain) == counts(1, upgraded=1)
    assert [whole for whole, _ in await only(monthly)] == [True, True]


async def test_many_changes_make_it_a_full_run(monthly: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    async def many(*_: Any) -> bool:
        return True

    one = await member(monthly)
    await ran(monthly, drain)
    await bought(monthly, "1", 150, member_id=one)
    monkeypatch.setattr(recalculate, "_too_many_facts", many)
    assert await ran(monthly, drain) == counts(1, upgraded=1)
    assert [whole for whole, _ in await only(monthly)] == [True, True]


async def test_an_incremental_run_gives_what_a_full_one_gives(
    new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twin chains with the same day: one runs twice over everyone, the other over the changed alone."""

    async def day(full: bool) -> list[tuple[Any, ...]]:
        chain = await new_chain(timezone="UTC")
        await set_clock(chain.tenant_id, datetime(2031, 3, 20, 12, tzinfo=UTC))
        members = {await member(chain, name=f"m{n}", joined_on="2030-01-01"): n for n in range(8)}
        ids = list(members)
        for n, one in enumerate(ids):
            at = f"2030-0{n + 1}-15T10:00:00Z"
            await bought(chain, f"old {n}", 30_000 * (n + 1), member_id=one, occurred_at=at)
        await ran(chain, drain)
        for n, one in enumerate(ids[::2]):
            await bought(chain, f"new {n}", 90_000, member_id=one, occurred_at="2031-03-19T10:00:00Z")
        with monkeypatch.context() as patched:
            if full:

                async def no_since(*_: Any) -> None:
                    return None

                patched.setattr(recalculate, "_same_day_since", no_since)
            await ran(chain, drain)
        assert (await only(chain))[-1][0] is full
        return sorted(
            (members[str(row["member_id"])], row["ladder"], row["tier"], row["since"], row["valid_until"])
            for row in await rows(chain, "member_tier")
        )

    assert await day(full=True) == await day(full=False)


async def test_a_purchase_under_way_at_the_first_run_is_seen_by_the_second(
    monthly: Chain, drain: Drain, client: Any
) -> None:
    """It took its number before the first run began and commits behind it: nothing may fall between the two."""
    del client
    one = await member(monthly)
    await ran(monthly, drain)
    conn = await owner()
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(
        "UPDATE member SET seq = seq + 1 WHERE tenant_id = $1 AND id = $2::text::uuid", monthly.tenant_id, one
    )
    await conn.execute(
        "INSERT INTO purchase (tenant_id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,"
        " amount, source, actor) SELECT $1, $2::text::uuid, $3::text::uuid, 1, 'slow', t, t, t::date, 150, 'api', 'x'"
        " FROM (SELECT timestamptz '2031-03-20 11:00Z' AS t) x",
        monthly.tenant_id,
        one,
        monthly.branch_id,
    )
    for table, day in (("member_day", "day"), ("member_month", "month")):
        await conn.execute(
            f"INSERT INTO {table} (tenant_id, member_id, {day}, spend, purchases, max_purchase)"
            " SELECT $1, $2::text::uuid, $3::text::date, 150, 1, 150",
            monthly.tenant_id,
            one,
            "2031-03-20" if day == "day" else "2031-03-01",
        )
    await conn.execute(
        "INSERT INTO member_total VALUES ($1, $2::text::uuid, 150, 1, 150, '2031-03-20')", monthly.tenant_id, one
    )
    await ask(monthly)
    running = asyncio.create_task(drain(monthly.tenant_id))
    await asyncio.sleep(0.3)
    assert not running.done()  # it waits for the member's lock
    await transaction.commit()
    await running
    assert await decisions(monthly) == [("2031-03-20", "regular", "silver")]


async def test_an_import_asks_for_what_it_brought(monthly: Chain, drain: Drain) -> None:
    members = [await member(monthly) for _ in range(3)]
    since = datetime.now(UTC)
    await bought(monthly, "1", 150, member_id=members[2])
    async with tenant_scope(monthly.tenant_id):
        await start_recalculation(Request("import", facts_since=since))
    await drain(monthly.tenant_id)
    assert await decisions(monthly) == [("2031-03-20", "regular", "silver")]
