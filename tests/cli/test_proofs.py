"""What an operator sees of proofs: when each chain was proved last, and a warning where that is long ago."""

import asyncio
from typing import Any

from support.chains import Chain
from support.clock import owner

from saas.doctor import Finding, examine
from saas.doctor.proofs import examine as examine_proofs

_LATE = "UPDATE proof SET finished_at = finished_at - interval '73 hours' WHERE tenant_id = $1"
_DIFFERS = "UPDATE proof SET differences = 2 WHERE tenant_id = $1"
_OLD = "UPDATE tenant SET created_at = created_at - interval '73 hours' WHERE tenant_id = $1"
_FAILED = "INSERT INTO proof (tenant_id, state, started_at, finished_at, total) VALUES ($1, 'failed', now(), now(), 0)"
_GONE = "DELETE FROM proof WHERE tenant_id = $1"
_CLOSED = "UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1"


async def slug_of(chain: Chain) -> str:
    slug: str = await (await owner()).fetchval("SELECT slug FROM tenant WHERE tenant_id = $1", chain.tenant_id)
    return slug


async def warned(chain: Chain, *changes: str) -> list[str]:
    """What is said of the chain's proofs after these changes, which don't last."""
    conn, slug = await owner(), await slug_of(chain)
    transaction = conn.transaction()
    await transaction.start()
    try:
        for change in changes:
            await conn.execute(change, chain.tenant_id)
        # Others of the session may have more to say than would fit.
        await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id <> $1", chain.tenant_id)
        found = await examine_proofs(conn)
    finally:
        await transaction.rollback()
    assert all(finding.state == "doubtful" for finding in found if slug in finding.said)
    return [finding.said.partition(":")[0] for finding in found if slug in finding.said]


async def test_the_last_proof_is_shown(regulars: Any, chain: Chain, drain: Any) -> None:
    slug = await slug_of(chain)
    never = await asyncio.to_thread(regulars, "tenant", "show", slug)
    assert "never" in never.stdout.partition("proved_on")[2].splitlines()[0]
    await chain.http.post("/v1/proof")
    await drain(chain.tenant_id)
    day = (await chain.http.get("/v1/proof")).json()["proved_on"]
    shown = await asyncio.to_thread(regulars, "tenant", "show", slug)
    assert shown.stdout.partition("proved_on")[2].splitlines()[0].strip() == day
    listed = await asyncio.to_thread(regulars, "tenant", "list")
    assert "proved on" in listed.stdout.splitlines()[0]
    assert next(line for line in listed.stdout.splitlines() if slug in line).endswith(day)
    await (await owner()).execute(_DIFFERS, chain.tenant_id)
    shown = await asyncio.to_thread(regulars, "tenant", "show", slug)
    assert f"{day}, 2 differences" in shown.stdout


async def test_the_doctor_warns(chain: Chain, drain: Any) -> None:
    assert await warned(chain) == []  # it has just signed up
    assert await warned(chain, _OLD) == ["not proved for 3 days"]
    await chain.http.post("/v1/proof")
    await drain(chain.tenant_id)
    assert await warned(chain, _OLD) == []
    assert await warned(chain, _LATE) == ["not proved for 3 days"]
    assert await warned(chain, _DIFFERS) == ["what is stored differs from the facts"]
    assert await warned(chain, _DIFFERS, _LATE, _CLOSED) == []
    assert await warned(chain, _FAILED) == ["the last proof failed"]
    assert await warned(chain, _GONE, _FAILED) == ["the last proof failed"]


async def test_the_whole_examination_has_it(database: None) -> None:
    found: list[Finding] = await examine()
    assert "proofs" in {finding.about for finding in found}
