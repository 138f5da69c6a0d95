"""Readiness, when the database is away."""

import asyncpg
import httpx
import pytest


@pytest.mark.parametrize("gone", [asyncpg.InternalClientError("unknown state"), OSError(), TimeoutError()])
async def test_a_database_that_is_away_is_said(
    client: httpx.AsyncClient, gone: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def pool(_role: str) -> None:
        raise gone

    monkeypatch.setattr("saas.health.role_pool", pool)
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unreachable")
