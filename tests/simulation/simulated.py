"""What the tests of simulations share: a chain with two thresholds, and a simulation over HTTP."""

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from support.chains import Chain, without_tasks
from support.clock import owner, set_clock

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
URL = "/v1/programme/draft/simulate"
NOON = datetime(2031, 3, 20, 12, tzinfo=UTC)


def spend(gte: int, **window: Any) -> Json:
    return {"metric": "spend", "window": window or {"type": "lifetime"}, "gte": gte}


def tier(rank: int, code: str, qualify: Json | None = None, *benefits: Json) -> Json:
    names = {"zh-CN": code, "en": code}
    return {"code": code, "rank": rank, "names": names, "qualify": qualify, "benefits": list(benefits)}


def off(percent: str, **more: Any) -> Json:
    return {"type": "discount", "percent": percent, **more}


def times(multiplier: str) -> Json:
    return {"type": "points_multiplier", "multiplier": multiplier}


def ladder(code: str, *tiers: Json, **policy: Any) -> Json:
    validity = {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "forever"}}
    return {"code": code, "names": {"zh-CN": code, "en": code}, "tiers": list(tiers), "policy": validity | policy}


CARD = ladder("card", tier(0, "regular"), tier(1, "silver", spend(10_000)), tier(2, "gold", spend(50_000)))


async def card_chain(new_chain: NewChain, *ladders: Json, timezone: str = "UTC", **parts: Any) -> Chain:
    """Silver from 100.00 on, gold from 500.00; no benefits, no points. Now: 20 March 2031, noon UTC. No schedules."""
    chain = await without_tasks(await new_chain(timezone=timezone))
    await set_clock(chain.tenant_id, NOON)
    await release(chain, {"ladders": list(ladders) or [CARD], "points": {}, "wallet": {}, "stacking": {}} | parts)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    return chain


async def draft(chain: Chain, parts: Json) -> None:
    """The programme in force with these parts of it replaced, as the draft."""
    document = (await chain.http.get("/v1/programme")).json() | parts
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text


async def release(chain: Chain, parts: Json) -> None:
    await draft(chain, parts)
    answer = await chain.http.post("/v1/programme/draft/publish", json={})
    assert answer.status_code == 200, answer.text


async def ask(chain: Chain, **body: Any) -> str:
    answer = await chain.http.post(URL, json=body)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def job(chain: Chain, job_id: str) -> Json:
    found: Json = (await chain.http.get(f"/v1/jobs/{job_id}")).json()
    return found


async def simulated(chain: Chain, drain: Drain, parts: Json | None = None, **body: Any) -> Json:
    """The result of simulating the programme with these parts replaced (None: the draft as it is)."""
    if parts is not None:
        await draft(chain, parts)
    job_id = await ask(chain, **body)
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    found = await job(chain, job_id)
    assert (found["state"], found["progress"]) == ("done", 1), found
    return found["result"] | {"job_id": job_id}


def moves(result: Json, ladder: str = "card") -> dict[tuple[str | None, str | None], int]:
    return {(row["from"], row["to"]): row["members"] for row in result["moves"] if row["ladder"] == ladder}


async def movers(chain: Chain, job_id: str, **query: str) -> list[dict[str, str]]:
    answer = await chain.http.get(f"/v1/programme/simulations/{job_id}/members.csv", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith("\ufeff".encode())
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
