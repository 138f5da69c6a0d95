"""What an owner is told of the attacks on isolation, and that a proof's page opens whatever it has to say."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.browsing import logged_in
from support.chains import Chain
from support.clock import owner

from saas.doctor.attacks import examine
from saas.isolation_proofs import Outcome, begin, end

LINES = (
    {"attack": "foreign-ids", "place": "GET /v1/x", "tries": 2_000, "answers": {"404": 2_000}, "leaks": 0},
    {"attack": "jobs", "place": "tasks.walk", "tries": 1, "answers": {"done": 1}, "leaks": 1},
)
FOUND = {"attack": "jobs", "place": "tasks.walk", "tried": "…", "said": "changed: task"}


@pytest.fixture(autouse=True)
async def no_proofs(database: None) -> AsyncIterator[None]:
    await (await owner()).execute("DELETE FROM platform.isolation_proof")
    yield
    await (await owner()).execute("DELETE FROM platform.isolation_proof")


async def ended(outcome: Outcome) -> None:
    run_id = await begin("operator")
    assert run_id is not None
    assert await begin("schedule") is None, "one at a time"
    await end(run_id, outcome)


async def test_the_owner_sees_what_was_tried(app: Any, chain: Chain) -> None:
    async with logged_in(app, chain) as browser:
        assert "Not attacked yet" in (await browser.get("/proof/isolation")).text
        assert (await browser.get("/proof/isolation/report.csv")).status_code == 404
        await ended(Outcome(485, 15, 2_000, LINES[:1]))
        assert (
            "485 addresses, 15 kinds of attack, 2,000 tries. Nothing got through" in (await browser.get("/proof")).text
        )
        page = (await browser.get("/proof/isolation")).text
        assert "Nothing got through" in page
        assert "The other chain’s ids in the address" in page
        sheet = (await browser.get("/proof/isolation/report.csv")).text.removeprefix("\ufeff")
        head, line = csv.reader(io.StringIO(sheet))
        assert head == ["Attack", "In words", "Where", "Tries", "Answers", "Leaks"]
        assert [line[0], *line[2:]] == ["foreign-ids", "GET /v1/x", "2000", "404×2000", "0"]
        told = (await browser.get("/proof/isolation/report.json")).json()
        assert (told["proof"]["tries"], told["tried"]) == (2_000, [LINES[0]])


async def test_a_leak_is_said_to_the_owner_and_shouted_at_the_operator(app: Any, chain: Chain) -> None:
    await ended(Outcome(485, 15, 2_001, LINES, (FOUND,)))
    (finding,) = await examine(await owner())
    assert finding.state == "wrong"
    assert "1 LEAKS" in finding.said
    assert "tasks.walk" in finding.said
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/proof/isolation")).text
        assert "1 try got through" in page
        assert "changed: task" not in page
        assert "changed: task" not in (await browser.get("/proof/isolation/report.json")).text


async def test_the_doctor_says_how_it_stands() -> None:
    states = [(await examine(await owner()))[0].state]
    await ended(Outcome(485, 15, 2_000, LINES[:1]))
    states.append((await examine(await owner()))[0].state)
    await (await owner()).execute("UPDATE platform.isolation_proof SET started_at = started_at - interval '15 days'")
    states.append((await examine(await owner()))[0].state)
    await ended(Outcome(error="RuntimeError: no"))
    states.append((await examine(await owner()))[0].state)
    assert states == ["ok", "ok", "doubtful", "doubtful"]


async def test_a_clerk_sees_none_of_it(client: Any, chain: Chain) -> None:
    for path in ("", "/report.csv", "/report.json"):
        answer = await client.get(f"/proof/isolation{path}", headers={"Authorization": f"Bearer {chain.key}"})
        assert answer.status_code == 303


async def test_the_proofs_page_opens_where_somebody_was_erased(app: Any, chain: Chain, drain: Any) -> None:
    made = (await chain.http.post("/v1/members", json={"phone": "13800000001"})).json()
    assert (await chain.http.post(f"/v1/members/{made['id']}/erase")).is_success
    assert (await chain.http.post("/v1/proof")).status_code == 202
    await drain(chain.tenant_id)
    async with logged_in(app, chain) as browser:
        page = await browser.get("/proof")
    assert page.status_code == 200
    assert "1 member · Erased members" in page.text
