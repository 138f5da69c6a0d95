"""The list of versions under foreign cursors, and the cache of parsed versions."""

import pytest
from support.chains import Chain

from saas.paging import encode_cursor
from saas.scope import tenant_scope
from tenants.programme import versions


@pytest.mark.parametrize("version", [2**40, 2**63 - 1, -(2**63)])
async def test_a_cursor_beyond_every_version_is_no_error(chain: Chain, version: int) -> None:
    answer = await chain.http.get("/v1/programme/versions", params={"cursor": encode_cursor(version)})
    assert answer.status_code == 200, answer.text
    assert [row["version"] for row in answer.json()["data"]] == ([1] if version > 0 else [])


async def test_the_version_not_used_for_longest_is_forgotten_first(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        document = (await chain.http.get("/v1/programme")).json()
        assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
        assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    monkeypatch.setattr(versions, "_CACHE_SIZE", 2)
    versions._cache.clear()
    async with tenant_scope(chain.tenant_id):
        for number in (1, 2, 1, 3):
            await versions.programme(number)
    assert [number for _, number in versions._cache] == [1, 3]
