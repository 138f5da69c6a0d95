"""Idempotency keys: one effect, one answer, whatever the network does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from scoped_app import SEEN, caller, kept_keys, marked, problem, scoped_app
from support.chains import Chain
from support.clock import owner
from test_middleware import Client

from saas.contract.operations import calls

NewChain = Callable[..., Awaitable[Chain]]


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def key(text: str = "k") -> dict[str, str]:
    return {"Idempotency-Key": text}


def comparable(answer: Any) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.content, answer.headers.get("content-type")


async def test_the_same_request_again_gets_the_first_answer(chain: Chain) -> None:
    async with caller(chain) as http:
        first = await http.post("/t/mark", content="one", headers=key())
        second = await http.post("/t/mark", content="one", headers=key())
    assert first.status_code == 201
    assert comparable(first) == comparable(second)
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["x-request-id"] != first.headers["x-request-id"]
    assert len(second.headers.get_list("x-request-id")) == 1
    assert await marked(chain) == ["one"]


@pytest.mark.parametrize("url", ["/t/mark", "/t/mark?x=1", "/t/refused"])
async def test_a_key_stands_for_one_address_query_and_body(url: str, chain: Chain) -> None:
    async with caller(chain) as http:
        assert (await http.post("/t/mark", content="one", headers=key())).status_code == 201
        body = "two" if url == "/t/mark" else "one"
        other = await http.post(url, content=body, headers=key())
    assert problem(other) == (422, "idempotency-key-reused")
    assert await marked(chain) == ["one"]


async def test_a_refusal_is_not_stored_and_its_key_stays_free(chain: Chain) -> None:
    async with caller(chain) as http:
        for _ in range(2):
            answer = await http.post("/t/refused", content="x", headers=key())
            assert (answer.status_code, "idempotent-replayed" in answer.headers) == (409, False)
        assert problem(await http.post("/t/broken", content="x", headers=key())) == (500, "internal")
        assert await kept_keys(chain) == 0
        assert (await http.post("/t/mark", content="another", headers=key())).status_code == 201
    assert await marked(chain) == ["another"]


async def test_a_shown_secret_is_never_stored(chain: Chain) -> None:
    async with caller(chain) as http:
        first = await http.post("/t/secret", content="x", headers=key())
        again = await http.post("/t/secret", content="x", headers=key())
        other = await http.post("/t/secret", content="y", headers=key())
    assert first.json() == {"key": "rk_live_the_secret_itself"}
    assert (again.status_code, again.json()["type"]) == (409, "/problems/secret-shown-once")
    assert problem(other) == (422, "idempotency-key-reused")
    row = await (await owner()).fetchrow("SELECT * FROM idempotency WHERE tenant_id = $1", chain.tenant_id)
    assert row is not None
    assert b"the_secret_itself" not in b"".join(v for v in row.values() if isinstance(v, bytes))
    assert await marked(chain) == ["x"]


async def test_no_post_takes_what_can_t_be_a_key(app: Any, chain: Chain) -> None:
    """Neither those that open no scope: what asks Stripe, a sign-up, an approval, a sandbox's key."""
    plain = {call.path for call in calls(app) if call.method == "POST" and call.handler.opt.get("scoped") is False}
    assert plain > {"/v1/signup", "/v1/approvals", "/v1/sandbox/keys", "/v1/billing/pay"}
    for path in sorted(plain):
        for text in ("", "two words", "x" * 256):
            answer = await chain.http.post(path, json={}, headers=key(text))
            assert problem(answer) == (400, "idempotency-key-invalid"), (path, text)


async def test_an_issued_api_key_is_nowhere_in_the_store(chain: Chain) -> None:
    body = {"name": "till", "scopes": ["members:read"]}
    first = await chain.http.post("/v1/api-keys", json=body, headers=key())
    again = await chain.http.post("/v1/api-keys", json=body, headers=key())
    assert (first.status_code, again.status_code) == (201, 409)
    stored = await (await owner()).fetchval(
        "SELECT string_agg(convert_from(coalesce(body, ''), 'utf8'), '') FROM idempotency WHERE tenant_id = $1",
        chain.tenant_id,
    )
    assert first.json()["key"].split("_")[3] not in stored


@pytest.mark.parametrize("bad", ["", "x" * 256, "täglich", "a\tb"])
async def test_a_key_that_cannot_be_one_is_refused(bad: str, chain: Chain) -> None:
    async with caller(chain) as http:
        sent = {b"Idempotency-Key": bad.encode("latin-1")}
        assert problem(await http.post("/t/mark", content="x", headers=sent)) == (400, "idempotency-key-invalid")
    assert await marked(chain) == []


async def test_255_characters_are_a_key(chain: Chain) -> None:
    async with caller(chain) as http:
        assert (await http.post("/t/mark", content="x", headers=key("k" * 255))).status_code == 201


async def test_keys_of_two_chains_are_two_keys(new_chain: NewChain) -> None:
    one, other = await new_chain(), await new_chain()
    async with caller(one) as first, caller(other) as second:
        a = await first.post("/t/mark", content="x", headers=key())
        b = await second.post("/t/mark", content="y", headers=key())
    assert (a.json(), b.json()) == ({"marked": "x"}, {"marked": "y"})
    assert "idempotent-replayed" not in b.headers
    assert (await marked(one), await marked(other)) == (["x"], ["y"])


async def test_while_the_first_is_at_work_the_second_waits_and_is_told(chain: Chain) -> None:
    async with caller(chain) as http:
        first = asyncio.create_task(http.post("/t/slow?seconds=3", content="x", headers=key()))
        while not SEEN:
            await asyncio.sleep(0.01)
        second = await http.post("/t/slow?seconds=3", content="x", headers=key())
        assert problem(second) == (409, "idempotency-in-progress")
        assert second.headers["retry-after"] == "1"
        assert (await first).status_code == 201
        third = await http.post("/t/slow?seconds=3", content="x", headers=key())
    assert third.headers["idempotent-replayed"] == "true"
    assert await marked(chain) == ["x"]


async def test_thirty_at_once_have_one_effect_and_thirty_equal_answers(chain: Chain) -> None:
    body = {
        "branch_id": chain.branch_id,
        "external_id": "once",
        "amount": 100,
        "external_amounts": True,
    }
    answers = await asyncio.gather(
        *(chain.http.post("/v1/purchases", json=body, headers=key("thirty")) for _ in range(30))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers) == 29
    count = "SELECT count(*) FROM purchase WHERE tenant_id = $1"
    assert await (await owner()).fetchval(count, chain.tenant_id) == 1


async def test_a_crash_between_commit_and_answer_is_made_good_by_the_retry(chain: Chain) -> None:
    class Deaf(Client):
        async def hears(self, message: Any) -> None:
            raise ConnectionResetError("the server died, or the network")

    lost = Deaf(chain, "/t/mark", {"idempotency-key": "k"})
    await lost.says(b"kept")
    with contextlib.suppress(Exception):
        await lost.run(scoped_app())
    async with caller(chain) as http:
        retry = await http.post("/t/mark", content="kept", headers={**key(), "content-type": "text/plain"})
    assert (retry.status_code, retry.json()) == (201, {"marked": "kept"})
    assert retry.headers["idempotent-replayed"] == "true"
    assert await marked(chain) == ["kept"]


async def test_a_keyed_answer_in_pieces_is_our_bug_and_writes_nothing(chain: Chain) -> None:
    async with caller(chain) as http:
        assert problem(await http.post("/t/stream", content="x", headers=key())) == (500, "internal")
        assert (await http.post("/t/stream", content="y")).text == "onetwo"
    assert (await marked(chain), await kept_keys(chain)) == (["y"], 0)
