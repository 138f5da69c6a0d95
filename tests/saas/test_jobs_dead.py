from typing import Any
from uuid import UUID

import pytest
from outbox_support import new_tenant, outbox, register

from saas import dead_letters
from saas.dead_letters import list_dead
from saas.outbox import enqueue
from saas.running import drain
from saas.scope import tenant_scope


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant with three dead letters, two of them of one name, and one job that waits."""
    tenant_id = await new_tenant(environ)

    async def fail(payload: dict[str, Any]) -> None:
        raise RuntimeError(f"printer {payload['n']} is on fire")

    for name in ("test.print", "test.label"):
        register(monkeypatch, name, fail, max_attempts=1)
    async with tenant_scope(tenant_id, request_id="the-request"):
        for n, name in enumerate(("test.print", "test.label", "test.print")):
            await enqueue(name, {"n": n})
    assert (await drain(tenant_id)).dead == 3
    async with tenant_scope(tenant_id):
        await enqueue("test.print", {"n": 9})
    return tenant_id


async def test_dead_letters_are_listed_newest_first(tenant_id: UUID) -> None:
    letters = await list_dead(tenant_id=tenant_id)
    assert [letter.payload["n"] for letter in letters] == [2, 1, 0]
    assert letters[0].error == "RuntimeError: printer 2 is on fire"
    assert (letters[0].attempts, letters[0].request_id) == (1, "the-request")
    assert len(await list_dead(tenant_id=tenant_id, limit=2)) == 2
    assert [x.name for x in await list_dead(tenant_id=tenant_id, name="test.label")] == ["test.label"]
    assert await list_dead(job_id=letters[0].id) == letters[:1]


async def test_dead_letters_run_again_when_the_cause_is_gone(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    async def work(payload: dict[str, Any]) -> None:
        done.append(payload["n"])

    register(monkeypatch, "test.print", work)
    assert await dead_letters.retry(tenant_id=tenant_id, name="test.print") == 2
    assert (await drain(tenant_id)).done == 3
    assert sorted(done) == [0, 2, 9]
    assert [letter.name for letter in await list_dead(tenant_id=tenant_id)] == ["test.label"]


async def test_dropping_takes_dead_letters_only_and_by_choice_only(tenant_id: UUID) -> None:
    with pytest.raises(ValueError, match="name the dead letters"):
        await dead_letters.drop()
    waiting = next(row["id"] for row in await outbox(tenant_id) if row["dead_at"] is None)
    assert await dead_letters.drop(job_id=waiting) == 0
    assert await dead_letters.drop(tenant_id=tenant_id, name="test.label") == 1
    assert await dead_letters.drop(tenant_id=tenant_id) == 2
    assert [row["id"] for row in await outbox(tenant_id)] == [waiting]
