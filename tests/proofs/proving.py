"""Proves a chain as its owner would, and breaks what is stored of it."""

from typing import Any

from support.chains import Chain
from support.clock import owner


async def prove(chain: Chain, drain: Any) -> str:
    """Asks for a proof and lets it come to its end: its job's id."""
    answer = await chain.http.post("/v1/proof")
    assert answer.status_code == 202, answer.text
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    job_id: str = answer.json()["job_id"]
    return job_id


async def proof_of(chain: Chain, language: str = "en") -> dict[str, Any]:
    answer = await chain.http.get("/v1/proof", headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def plant(chain: Chain, sql: str, *values: Any) -> None:
    """A change that no code of ours makes."""
    done = await (await owner()).execute(sql, chain.tenant_id, *values)
    assert int(done.rpartition(" ")[2]) > 0, "nothing was planted"
