"""The scope around a request: committed before the first byte, or not at all, and then said so."""

import asyncio
from typing import Any

import pytest
from scoped_app import SEEN, caller, kept_keys, marked, problem, scoped_app
from support.chains import Chain
from support.clock import owner

from saas import scope
from saas.db import app_pool


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def whole_pool() -> bool:
    """Every connection of the pool is back."""
    return app_pool().get_idle_size() == app_pool().get_size()


async def test_what_a_handler_writes_lasts_with_its_success_only(chain: Chain) -> None:
    async with caller(chain) as http:
        assert (await http.post("/t/mark", content="kept")).json() == {"marked": "kept"}
        assert (await http.post("/t/refused", content="refused")).status_code == 409
        assert problem(await http.post("/t/broken", content="broken")) == (500, "internal")
    assert await marked(chain) == ["kept"]
    assert whole_pool()


async def test_a_constraint_that_fails_at_commit_is_a_problem_and_nothing_is_written(chain: Chain) -> None:
    conn = await owner()
    await conn.execute(
        "CREATE TABLE test_parent (id int PRIMARY KEY);"
        " CREATE TABLE test_deferred (tenant_id uuid, parent int REFERENCES test_parent DEFERRABLE INITIALLY DEFERRED);"
        " GRANT INSERT ON test_deferred TO app"
    )
    try:
        async with caller(chain) as http:
            assert problem(await http.post("/t/deferred", content="x")) == (503, "commit-failed")
            keyed = await http.post("/t/deferred", content="x", headers={"Idempotency-Key": "1"})
            assert problem(keyed) == (503, "commit-failed")
            assert keyed.headers["retry-after"] == "1"
        assert await conn.fetchval("SELECT count(*) FROM test_deferred") == 0
    finally:
        await conn.execute("DROP TABLE test_deferred, test_parent")
    assert await marked(chain) == []
    assert await kept_keys(chain) == 0
    assert whole_pool()


async def test_a_commit_that_answers_rollback_is_a_failure(chain: Chain) -> None:
    async with caller(chain) as http:
        assert problem(await http.post("/t/swallowed", content="x")) == (503, "commit-failed")
        again = await http.post("/t/swallowed", content="x", headers={"Idempotency-Key": "1"})
        assert problem(again) == (503, "commit-failed")
    assert SEEN == ["swallowed", "swallowed"]
    assert (await marked(chain), await kept_keys(chain)) == ([], 0)
    assert whole_pool()


@pytest.mark.parametrize(
    ("url", "expected"),
    [("/t/killed", (503, "commit-failed")), ("/t/killed?go=on", (503, "unavailable"))],
)
async def test_a_killed_backend_is_a_problem_and_the_next_request_works(
    url: str, expected: tuple[int, str], chain: Chain
) -> None:
    async with caller(chain) as http:
        assert problem(await http.post(url, content="lost")) == expected
        assert (await http.post("/t/mark", content="next")).status_code == 201
    assert await marked(chain) == ["next"]
    assert whole_pool()


async def test_trouble_after_commit_is_not_a_failed_commit(chain: Chain) -> None:
    async with caller(chain) as http:
        answer = await http.post("/t/after", content="done")
    assert (answer.status_code, answer.json()) == (201, {"marked": "done"})
    assert SEEN == ["after commit"]
    assert await marked(chain) == ["done"]


async def test_after_the_answer_the_scope_is_closed(chain: Chain) -> None:
    async with caller(chain) as http:
        assert (await http.post("/t/background", content="x")).status_code == 201
    assert SEEN == ["closed"]


async def test_streams_hold_no_connection(chain: Chain) -> None:
    many = app_pool().get_max_size() * 4
    async with caller(chain) as http:
        streams = asyncio.gather(*(http.get("/t/events") for _ in range(many)))
        await asyncio.sleep(0.2)
        assert (await asyncio.wait_for(http.post("/t/mark", content="meanwhile"), 5)).status_code == 201
        answers = await streams
    assert {answer.text for answer in answers} == {f"{chain.tenant_id} closed"}
    assert whole_pool()


async def test_more_slow_requests_than_connections_wait_and_all_are_served(chain: Chain) -> None:
    many = app_pool().get_max_size() * 3
    async with caller(chain) as http:
        answers = await asyncio.gather(*(http.post("/t/slow?seconds=0.1", content=str(n)) for n in range(many)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(await marked(chain), key=int) == [str(n) for n in range(many)]
    assert whole_pool()


async def test_who_waits_too_long_for_a_connection_is_told_to_come_back(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "ACQUIRE_SECONDS", 0.2)
    async with caller(chain) as http:
        held = [
            asyncio.create_task(http.post("/t/slow?seconds=1", content="held"))
            for _ in range(app_pool().get_max_size())
        ]
        while len(SEEN) < len(held):
            await asyncio.sleep(0.01)
        late = await http.post("/t/mark", content="late")
        assert problem(late) == (503, "unavailable")
        assert "retry-after" in late.headers
        assert {answer.status_code for answer in await asyncio.gather(*held)} == {201}
    assert "late" not in await marked(chain)
    assert whole_pool()


class Client:
    """A client by hand, below HTTP: says what it wants when it wants, hears `sent`."""

    def __init__(self, chain: Chain, path: str, headers: dict[str, str] | None = None) -> None:
        self.sent: list[Any] = []
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        given = {"authorization": f"Bearer {chain.key}", "content-type": "text/plain", **(headers or {})}
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path.partition("?")[0],
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": path.partition("?")[2].encode(),
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
            "state": {},
        }

    async def says(self, body: bytes, *, more: bool = False) -> None:
        await self.events.put({"type": "http.request", "body": body, "more_body": more})

    async def vanishes(self) -> None:
        await self.events.put({"type": "http.disconnect"})

    async def hears(self, message: Any) -> None:
        self.sent.append(message)

    async def run(self, app: Any) -> None:
        await app(self.scope, self.events.get, self.hears)


async def test_a_slow_client_holds_no_connection_while_it_sends(chain: Chain) -> None:
    slow = Client(chain, "/t/mark")
    running = asyncio.create_task(slow.run(scoped_app()))
    await slow.says(b"ha", more=True)
    await asyncio.sleep(0.1)
    assert whole_pool()
    await slow.says(b"lf")
    await running
    assert slow.sent[0]["status"] == 201
    assert await marked(chain) == ["half"]


async def test_a_client_that_vanishes_while_it_sends_leaves_nothing(chain: Chain) -> None:
    gone = Client(chain, "/t/mark", {"idempotency-key": "1"})
    await gone.says(b"ha", more=True)
    await gone.vanishes()
    await gone.run(scoped_app())
    assert not any(message.get("status", 500) < 400 for message in gone.sent)
    assert (await marked(chain), await kept_keys(chain)) == ([], 0)
    assert whole_pool()


async def test_a_request_cut_off_in_its_work_leaves_nothing_and_gives_its_connection_back(chain: Chain) -> None:
    gone = Client(chain, "/t/slow?seconds=5", {"idempotency-key": "1"})
    await gone.says(b"cut")
    running = asyncio.create_task(gone.run(scoped_app()))
    while "slow cut" not in SEEN:
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await marked(chain), await kept_keys(chain)) == ([], 0)
    assert whole_pool()
    async with caller(chain) as http:
        again = await http.post("/t/slow?seconds=0", content="cut", headers={"Idempotency-Key": "1"})
    assert (again.status_code, "idempotent-replayed" in again.headers) == (201, False)


async def test_a_body_beyond_the_limit_is_refused_before_a_connection_is_taken(chain: Chain) -> None:
    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 100

    async with caller(chain) as http:
        declared = await http.post("/t/mark", content="x" * 2000, headers={"Idempotency-Key": "1"})
        streamed = await http.post("/t/mark", content=pieces())
    assert problem(declared) == (413, "payload-too-large")
    assert problem(streamed) == (413, "payload-too-large")
    assert (await marked(chain), await kept_keys(chain)) == ([], 0)


async def test_every_answer_carries_its_request_id_and_the_version(chain: Chain) -> None:
    async with caller(chain) as http:
        answers = [
            await http.post("/t/mark"),
            await http.get("/t/nowhere"),
            await http.delete("/t/mark"),
            await http.post("/t/mark", headers={"Authorization": ""}),
            await http.post("/t/mark", headers={"Idempotency-Key": ""}),
            await http.post("/t/broken"),
            await http.post("/t/mark", content="x" * 2000),
        ]
    assert [answer.status_code for answer in answers] == [201, 404, 405, 401, 400, 500, 413]
    told = [answer.headers.get_list("x-request-id") for answer in answers]
    assert {len(ids) for ids in told} == {1}
    assert len({ids[0] for ids in told}) == len(answers)
    assert all(answer.json()["instance"] == ids[0] for answer, ids in zip(answers[1:], told[1:], strict=True))
    assert {answer.headers["regulars-version"] for answer in answers} == {"2026-11-01"}
