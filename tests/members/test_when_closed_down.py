"""A chain that is suspended: its members are read, and nobody is enrolled or changed. Erasing is a person's right."""

from typing import Any

import pytest
from support.clock import owner
from support.till import member


@pytest.mark.parametrize("status", ["suspended", "cancelled"])
async def test_members_of_a_chain_that_is_suspended(chain: Any, status: str) -> None:
    one, two = await member(chain, phone="13800138000"), await member(chain)
    await (await owner()).execute("UPDATE tenant SET status = $2 WHERE tenant_id = $1", chain.tenant_id, status)
    http, path = chain.http, f"/v1/members/{one}"
    refused = [
        await http.post("/v1/members", json={"name": "x"}),
        await http.post("/v1/members:batch", json={"items": [{"name": "x"}]}),
        await http.patch(path, json={"name": "x"}),
        await http.delete(path),
        await http.post(f"{path}/merge", json={"other_id": two}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/tenant-closed"), answer.text
    assert (await http.get(path)).json()["name"] == "王秀"
    assert len((await http.get("/v1/members?phone=13800138000")).json()["data"]) == 1
    assert (await http.post(f"{path}/erase", json={})).json()["status"] == "erased"


async def test_a_chain_that_is_past_due_works(chain: Any) -> None:
    await (await owner()).execute("UPDATE tenant SET status = 'past_due' WHERE tenant_id = $1", chain.tenant_id)
    one = await member(chain)
    assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
