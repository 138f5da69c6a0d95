"""A publish that waits for its time: shown, cancelled, in force at its instant and before the schedules of then."""

import copy
from datetime import UTC, datetime, timedelta

import pytest
from card_chains import NOON, OLD, Drain, Json, NewChain, holders, ladder, pass_time, publish, published, reasons, tiers
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, work
from support.till import bought, rows

from saas.jobs import MAX_ATTEMPTS
from saas.running import run_due
from saas.scheduler import fire_due

NEW = ladder(("base", None), ("silver", 2_000), ("gold", 3_000))
AT = "2031-04-01T00:00:00Z"


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    chain = await new_chain(timezone="UTC")
    await begin(chain, NOON, "UTC")
    await published(chain, OLD, transition="grandfather")
    return chain


async def waiting(chain: Chain, *ladders: Json, at: str = AT, **asked: object) -> Json:
    answer = await publish(chain, *ladders, at=at, **asked)
    assert answer.status_code == 202, answer.text
    found: Json = answer.json()["pending"]
    return found


async def test_it_comes_into_force_at_its_instant_before_the_schedule(shop: Chain, drain: Drain) -> None:
    members = await holders(shop, 1_500, 4_000)
    told = await waiting(shop, NEW, transition="next_schedule", note="spring")
    assert (await shop.http.get("/v1/programme")).json()["pending"] == told
    assert (told["transition"], told["version"], told["note"]) == ("next_schedule", None, "spring")
    await pass_time(shop, drain, datetime(2031, 3, 31, 23, tzinfo=UTC))
    assert (await shop.http.get("/v1/programme")).json()["version"] == 2
    await pass_time(shop, drain, datetime(2031, 4, 1, 1, tzinfo=UTC))
    now = (await shop.http.get("/v1/programme")).json()
    assert (now["version"], "pending" in now) == (3, False)
    assert await tiers(shop, *members) == ["base", "gold"]
    versions = (await shop.http.get("/v1/programme/versions")).json()["data"]
    assert versions[0]["effective_at"] == "2031-04-01T00:00:00Z"
    (line,) = [e for e in (await shop.http.get("/v1/audit-log")).json()["data"] if e["target"] == "programme:3"]
    assert line["actor"] == versions[0]["published_by"] != "system"
    assert (await shop.http.get("/v1/programme/draft")).status_code == 200  # it stays the editor's


async def test_after_a_long_pause_everything_comes_in_its_order(shop: Chain, drain: Drain) -> None:
    """March is decided by the old rules, April by the new ones, however late both are."""
    (one,) = await holders(shop, 1_500)
    await waiting(shop, NEW, transition="next_schedule", at="2031-04-15T09:30:00+08:00")
    await set_clock(shop.tenant_id, datetime(2031, 6, 2, tzinfo=UTC))
    await work(shop, drain)
    runs = [(f"{r['as_of']:%m-%d}", r["programme_version"], r["retarget"]) for r in await rows(shop, "recalculation")]
    assert runs == [("04-01", 2, []), ("05-01", 3, ["card"]), ("06-01", 3, [])]
    assert [f"{row['effective_at']:%m-%d}" for row in await rows(shop, "decision")] == ["03-20", "05-01"]
    assert await tiers(shop, one) == ["base"]


async def test_it_can_be_cancelled(shop: Chain, drain: Drain) -> None:
    await waiting(shop, NEW)
    again = await publish(shop, NEW, at=AT)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/publish-pending")
    assert (await shop.http.delete("/v1/programme/pending")).status_code == 204
    assert (await shop.http.delete("/v1/programme/pending")).status_code == 404
    assert await rows(shop, "programme_pending") == []
    await pass_time(shop, drain, datetime(2031, 4, 2, tzinfo=UTC))
    assert (await shop.http.get("/v1/programme")).json()["version"] == 2


async def test_nothing_is_published_at_once_beside_it(shop: Chain, drain: Drain) -> None:
    """Else it would come later and put the newer rules away."""
    await waiting(shop, NEW)
    for _ in range(2):  # the draft stays
        refused = await publish(shop, ladder(("base", None), ("silver", 7_000), ("gold", 8_000)))
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/publish-pending")
    assert (await shop.http.get("/v1/programme")).json()["version"] == 2
    assert (await shop.http.delete("/v1/programme/pending")).status_code == 204
    assert (await shop.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    await pass_time(shop, drain, datetime(2031, 4, 2, tzinfo=UTC))
    assert (await shop.http.get("/v1/programme")).json()["version"] == 3


async def test_the_currency_stays_while_it_waits(new_chain: NewChain) -> None:
    chain = await new_chain()
    at = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    await waiting(chain, NEW, at=at)
    refused = await chain.http.patch("/v1/tenant", json={"currency": "EUR"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/publish-pending")
    assert (await chain.http.patch("/v1/tenant", json={"name": "新名字"})).status_code == 200
    assert (await chain.http.delete("/v1/programme/pending")).status_code == 204
    assert (await chain.http.patch("/v1/tenant", json={"currency": "EUR"})).status_code == 200


async def test_what_is_over_is_not_ahead(shop: Chain) -> None:
    answer = await publish(shop, NEW, at=(NOON - timedelta(days=1)).isoformat())
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/publish-not-ahead")


async def test_it_waits_for_a_run_that_is_under_way(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    await waiting(shop, NEW, transition="now", at=(NOON + timedelta(hours=1)).isoformat())
    assert (await shop.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await set_clock(shop.tenant_id, NOON + timedelta(hours=2))
    await work(shop, drain)
    assert (await reasons(shop, one))[-1] == ("programme_change", "programme", "silver", "base", 3)


async def test_holders_that_came_since_are_said(shop: Chain, drain: Drain) -> None:
    """Nobody held gold when it was asked for: it stays away, and says why."""
    await waiting(shop, ladder(("base", None), ("silver", 1_000)))
    (one,) = await holders(shop, 100)
    await bought(shop, "big", 9_000, member_id=one)
    await pass_time(shop, drain, datetime(2031, 4, 2, tzinfo=UTC))
    found = (await shop.http.get("/v1/programme")).json()
    assert (found["version"], found["pending"]["failed"]) == (2, "tiers-in-use")
    acts = [e["action"] for e in (await shop.http.get("/v1/audit-log")).json()["data"]]
    assert "programme.publish_failed" in acts
    await waiting(shop, NEW, at="2031-05-01T00:00:00Z")  # another takes its place


async def test_rules_that_hang_on_what_is_health_by_now_are_not_published(shop: Chain, drain: Drain) -> None:
    """It was no health measurement when they were kept to wait: the check goes by what holds at their time."""
    rated = copy.deepcopy(NEW)
    rating = {"metric": "rating", "kind": "pressure", "window": {"type": "lifetime"}, "gte": "120"}
    rated["tiers"][2]["qualify"] = rating
    document = (await shop.http.get("/v1/programme")).json()
    kinds = {"activity_kinds": ["pressure"], "health_kinds": []}
    kept = await shop.http.put("/v1/programme/draft", json=document | kinds | {"ladders": [rated]})
    assert kept.status_code == 200, kept.text
    assert (await shop.http.post("/v1/programme/draft/publish", json={"at": AT})).status_code == 202
    told = """
UPDATE programme_version SET document = jsonb_set(document, '{health_kinds}', '["pressure"]') WHERE tenant_id = $1"""
    await (await owner()).execute(told, shop.tenant_id)
    await pass_time(shop, drain, datetime(2031, 4, 2, tzinfo=UTC))
    found = (await shop.http.get("/v1/programme")).json()
    assert (found["version"], found["pending"]["failed"]) == (2, "programme-invalid")


async def test_ladders_decide_though_what_should_come_first_never_can(shop: Chain, drain: Drain) -> None:
    """The job that should have published it is a dead letter: nothing waits for it."""
    (one,) = await holders(shop, 1_500)
    await waiting(shop, NEW, transition="next_schedule")
    await (await owner()).execute("UPDATE programme_pending SET document = '{}' WHERE tenant_id = $1", shop.tenant_id)
    await set_clock(shop.tenant_id, datetime(2031, 4, 1, 1, tzinfo=UTC))
    for _ in range(MAX_ATTEMPTS + 3):
        await fire_due(shop.tenant_id)
        await run_due(shop.tenant_id)
        await (await owner()).execute(
            "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1 AND dead_at IS NULL", shop.tenant_id
        )
    assert [row["name"] for row in await rows(shop, "outbox")] == ["programme.publish"]
    assert [f"{run['as_of']:%m-%d}" for run in await rows(shop, "recalculation")] == ["04-01"]
    assert (await shop.http.get("/v1/programme")).json()["pending"]["failed"] == "internal"
    assert await tiers(shop, one) == ["silver"]
    await waiting(shop, NEW, at="2031-05-01T00:00:00Z")  # another takes its place
