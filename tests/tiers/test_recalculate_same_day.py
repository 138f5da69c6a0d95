"""The second run of a day looks at what is new, and gives what a run over everyone would."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from runs_over_http import (
    Drain,
    Json,
    NewChain,
    ask,
    counts,
    decisions,
    long_standing,
    monthly_chain,
    ran,
    release,
)
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import bought, member, rows

from saas.scope import tenant_scope
from tenants.numbers import TAKE
from tenants.tiers import batches, recalculate
from tenants.tiers.recalculate import Request, start_recalculation


@pytest.fixture
async def monthly(new_chain: NewChain) -> Chain:
    return await monthly_chain(new_chain)


async def only(chain: Chain) -> list[tuple[bool, int]]:
    """Of each run in order: whether it looked at everyone, and at how many members."""
    found = sorted(await rows(chain, "recalculation"), key=lambda run: run["id"])
    return [(run["incremental_from"] is None, run["evaluated"]) for run in found]


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


async def test_every_kind_of_fact_changes_its_member(monthly: Chain, drain: Drain) -> None:
    """And nobody else: what the run before has seen is of no interest, however recent."""
    members = await long_standing(monthly, 8)
    bought_before = await bought(monthly, "before", 10, member_id=members[0])
    await ran(monthly, drain)
    refund = {"amount": 1, "external_id": "r"}
    review = {"member_id": members[1], "kind": "check_in", "external_id": "a"}
    requests = [
        ("POST", f"/v1/purchases/{bought_before['id']}/refunds", refund),
        ("POST", "/v1/activities", review),
        ("PUT", f"/v1/members/{members[2]}/tier", {"tier": "silver", "reason": "x"}),
        ("PATCH", f"/v1/members/{members[3]}", {"name": "x", "joined_on": "2020-01-01"}),
        ("POST", f"/v1/members/{members[4]}/merge", {"other_id": members[5]}),
        ("PATCH", f"/v1/members/{members[6]}", {"name": "y", "referrer_id": members[7]}),
    ]
    for method, url, body in requests:
        answer = await monthly.http.request(method, url, json=body)
        assert answer.is_success, answer.text
    await bought(monthly, "friend", 10, member_id=members[6])
    await drain(monthly.tenant_id)
    counted = {row["referrer_id"] for row in await rows(monthly, "referral")}
    assert counted == {UUID(members[7])}
    assert (await ran(monthly, drain))["evaluated"] == 7  # all but the one that was merged into another
    assert (await only(monthly))[-1] == (False, 7)


async def test_what_the_run_before_has_seen_is_not_looked_at_again(monthly: Chain, drain: Drain) -> None:
    members = await long_standing(monthly, 3)
    await bought(monthly, "1", 150, member_id=members[0])
    await ran(monthly, drain)
    assert await ran(monthly, drain) == counts(0)
    # An import makes its rows' ids before it has their locks: while one is under way, older ids are looked at too.
    await (await owner()).execute(
        "INSERT INTO import_run (tenant_id, id, kind, options, fingerprint, file, file_size, actor, state, started_at)"
        " VALUES ($1, uuidv7(), 'purchases', '{}', sha256('x'), 'f', 1, 'x', 'running', now())",
        monthly.tenant_id,
    )
    assert (await ran(monthly, drain))["evaluated"] == 1


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
    one = await member(monthly)
    await ran(monthly, drain)
    await bought(monthly, "1", 150, member_id=one)
    monkeypatch.setattr(recalculate, "_INCREMENTAL_LEAST", 0)
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


async def test_a_purchase_under_way_at_the_first_run_is_seen_by_the_second(monthly: Chain, drain: Drain) -> None:
    """It took its number before the first run began and commits behind it: nothing may fall between the two."""
    one = await member(monthly)
    await ran(monthly, drain)
    conn = await owner()
    transaction = conn.transaction()
    await transaction.start()
    await conn.execute(
        "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", monthly.tenant_id, UUID(one)
    )
    await conn.execute(TAKE, monthly.tenant_id, [UUID(one)])
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
        "INSERT INTO member_total VALUES ($1, $2::text::uuid, 150, 1, 150, '2031-03-20', '2031-03-20')",
        monthly.tenant_id,
        one,
    )
    await ask(monthly)
    running = asyncio.ensure_future(drain(monthly.tenant_id))
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
