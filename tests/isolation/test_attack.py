"""The product's own attack, run once: it finds nothing, leaves nothing out, and would find something."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from support.clock import owner

from saas.isolation import prove
from saas.isolation.attacks import cache, database, doors, foreign, jobs, links, lists
from saas.isolation.cases.doors import CONSOLE, PUBLIC
from saas.isolation.cases.every import CASES
from saas.isolation.cases.no_ids import OWN_CODES, TAKES_NO_ID
from saas.isolation.cases.pages import PAGES
from saas.isolation.digest import columns
from saas.isolation.record import Record
from saas.isolation.run import Ran, outcome
from saas.isolation.stage import Side, Stage, named, routes
from saas.isolation_proofs import ATTACKS, begin, end
from saas.jobs import names
from saas.limits import middleware
from saas.secrets import sign
from saas.settings import get_settings


@pytest.fixture(scope="module")
async def run_id(app: Any) -> UUID:
    made = await begin("operator")
    assert made is not None
    return made


@pytest.fixture(scope="module")
async def on(app: Any, run_id: UUID, drain: Any) -> AsyncIterator[Stage]:
    """Attacked already, with the rate limits of production; its chains are still there."""
    limited = get_settings().model_copy(update={"rate_limits": True})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(middleware, "get_settings", lambda: limited)
        async with prove.stage(app, run_id) as stage:
            await prove.attack(stage)
            yield stage
    assert await (await owner()).fetchval("SELECT count(*) FROM tenant WHERE sample_of = $1", run_id) == 0


def test_nothing_leaks(on: Stage) -> None:
    assert "\n".join(map(str, on.record.leaks)) == ""


def test_every_route_has_a_case(app: Any) -> None:
    known = CASES.keys() | PAGES.keys() | TAKES_NO_ID.keys() | PUBLIC.keys() | CONSOLE
    assert set(routes(app)) == known, "a new route needs a case in saas/isolation/cases, a removed one none"


def test_no_route_with_an_id_in_its_path_goes_without_a_case(app: Any) -> None:
    with_id = {route for route in routes(app) if re.search(r"\{[a-z_]+:(uuid|str)\}", route[1])}
    assert with_id - CASES.keys() - PAGES.keys() - PUBLIC.keys() - CONSOLE - OWN_CODES == set()


def test_every_route_was_tried(on: Stage) -> None:
    tried = {place for _, place in on.record.tallies}
    untried = {route for route in on.routes if named(route) not in tried}
    assert untried <= PUBLIC.keys()
    assert {route for route in untried if "{" in route[1]} <= links.SHOWN_TO_ALL
    assert {route for route in untried if route[0] == "GET" and "{" not in route[1]} == set()


def test_every_kind_of_attack_was_tried(on: Stage) -> None:
    assert {attack for attack, _ in on.record.tallies} == ATTACKS.keys()
    assert on.record.tries == sum(map(on.record.of, ATTACKS))


def test_every_job_was_told_to_work_on_the_other(on: Stage) -> None:
    assert set(names()) == jobs.JOBS.keys() | jobs.NO_ID.keys(), "a new job needs a payload, or a reason for none"
    assert {place for attack, place in on.record.tallies if attack == "jobs"} == jobs.JOBS.keys() | {
        "import",
        "webhooks",
    }


async def test_every_table_was_tried(on: Stage) -> None:
    """What the application's role can't even read is nothing that an attack by way of it could get at."""
    rows = await (await owner()).fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    )
    tried = {place for attack, place in on.record.tallies if attack == "database"}
    assert {row["name"] for row in rows} <= tried
    assert tried == (await columns(on.ours.chain.tenant_id)).keys()


async def test_the_record_is_kept(on: Stage, run_id: UUID) -> None:
    told = outcome(Ran(len(on.routes), on.record))
    await end(run_id, told)
    row = await (await owner()).fetchrow("SELECT * FROM platform.isolation_proof WHERE id = $1", run_id)
    assert (row["state"], row["leaks"], row["routes"]) == ("done", 0, len(on.routes))
    assert (row["attacks"], row["tries"]) == (len(ATTACKS), on.record.tries)


# Would it notice? The attacker is given what no attacker has: the other chain's own key and session.


@pytest.fixture
def traitor(on: Stage) -> Stage:
    """Who attacks as the other chain itself, and so gets at everything of it."""
    return replace(on, ours=Side(on.theirs.chain, on.ours.furnished), record=Record())


async def test_ids_that_lead_somewhere_are_noticed(traitor: Stage) -> None:
    await traitor.look()
    tried = ("/v1/branches/{branch_id:uuid}", "/v1/coupons/{coupon_id:uuid}", "/v1/events/{event_id:uuid}")
    for path in tried:
        await foreign._ids(traitor, ("GET", path), CASES["GET", path])
    assert {leak.place for leak in traitor.record.leaks} >= {f"GET {path}" for path in tried}


async def test_something_changed_is_noticed(traitor: Stage) -> None:
    await traitor.look()
    route = ("POST", "/v1/rewards/{reward_id:uuid}/stock")
    await foreign._ids(traitor, route, CASES[route])
    assert any(leak.said.startswith("changed: audit, ") for leak in traitor.record.leaks)


async def test_a_list_of_the_others_rows_is_noticed(traitor: Stage) -> None:
    await traitor.look()
    only = {route: traitor.routes[route] for route in (("GET", "/v1/branches"), ("GET", "/keys"))}
    traitor.routes = only
    await lists.without_naming_anything(traitor)
    await lists.at_the_others_place(traitor)
    assert {leak.place for leak in traitor.record.leaks} == {"GET /v1/branches", "GET /keys"}


async def test_rows_within_reach_are_noticed(traitor: Stage) -> None:
    await traitor.look()
    await database.by_statement(traitor)
    acts = {leak.tried for leak in traitor.record.leaks}
    assert acts >= {"read", "change", "delete"}
    await database.what_is_left(traitor)
    assert "branch" in {leak.place for leak in traitor.record.leaks if leak.attack == "leftovers"}


async def test_an_open_door_is_noticed(on: Stage) -> None:
    stage = replace(on, record=Record())
    stage.routes = {route: stage.routes[route] for route in (("GET", "/v1/branches"), ("GET", "/overview"))}
    await stage.look()
    key = {"Authorization": f"Bearer {on.theirs.chain.key}"}
    await doors._everywhere(stage, "no-credentials", [key])
    assert {leak.place for leak in stage.record.leaks} == {"GET /v1/branches"}


async def test_a_key_of_no_known_kind_is_noticed(on: Stage) -> None:
    stage = replace(on, record=Record())
    redis = Redis.from_url(get_settings().redis_url.get_secret_value())
    both = f"limit:{{{on.ours.chain.tenant_id}}}:{on.theirs.chain.tenant_id}"
    for key in ("members/all", both):
        await redis.set(key, "1", ex=60)
    await cache._kinds(stage, redis)
    await redis.delete("members/all", both)
    await redis.aclose()
    assert len(stage.record.leaks) == 2


async def test_a_link_that_opens_is_noticed(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, poster = replace(on, record=Record()), ("GET", "/join/{code:str}")

    async def card(side: Side) -> str:  # their members are gone by now
        return sign("digital-card", side.chain.tenant_id.bytes)

    monkeypatch.setattr(links, "_card", card)
    monkeypatch.setattr(links, "PUBLIC", {poster: ""})
    await links.of_the_other(stage)
    assert stage.record.leaks == []
    monkeypatch.setattr(links, "_bent", lambda *_: [f"/join/{on.theirs.furnished.join_code}"])
    await links.of_the_other(stage)
    assert [leak.place for leak in stage.record.leaks] == [named(poster)]
