"""What the tests of recalculation share: a chain decided by months, and its runs over HTTP."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from support.chains import Chain, without_tasks
from support.clock import owner, set_clock
from support.till import rows

from saas.ids import first_id_since

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
URL = "/v1/programme/recalculate"


async def monthly_chain(new_chain: NewChain) -> Chain:
    """The pharmacy's kind of ladder: what a month's spend was decides at its end. Now: 20 March 2031, noon, UTC."""
    chain = await without_tasks(await new_chain(timezone="UTC"))
    await set_clock(chain.tenant_id, datetime(2031, 3, 20, 12, tzinfo=UTC))
    document: Json = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:3]
    for tier, gte in zip(ladder["tiers"][1:], (100, 1000), strict=True):
        tier["qualify"] = {"metric": "spend", "window": {"type": "calendar_month"}, "gte": gte}
    ladder["policy"] |= {
        "upgrade": "scheduled",
        "schedule": {"type": "monthly"},
        "validity": {"type": "until_next_schedule"},
        "max_drop": None,
    }
    await release(chain, document)
    # Schedules are another test's: here only what is asked for runs.
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    return chain


async def long_standing(chain: Chain, number: int) -> list[str]:
    """Members whose ids are as old as their enrolment, two hours ago."""
    old = first_id_since(datetime.now(UTC) - timedelta(hours=2)).int
    ids = [UUID(int=old + n) for n in range(number)]
    await (await owner()).executemany(
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at) VALUES ($1, $2, '2031-01-01', 'api', now())",
        [(chain.tenant_id, one) for one in ids],
    )
    return [str(one) for one in ids]


async def release(chain: Chain, document: Json) -> None:
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    made = await chain.http.post("/v1/programme/draft/publish", json={"transition": "grandfather"})
    assert made.status_code == 200


async def ask(chain: Chain, as_of: str | None = None) -> str:
    answer = await chain.http.post(URL, json={} if as_of is None else {"as_of": as_of})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def job(chain: Chain, job_id: str) -> Json:
    found: Json = (await chain.http.get(f"/v1/jobs/{job_id}")).json()
    return found


async def ran(chain: Chain, drain: Drain, as_of: str | None = None) -> Json:
    """The result of a run, without its seconds."""
    job_id = await ask(chain, as_of)
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    found = await job(chain, job_id)
    assert (found["state"], found["progress"]) == ("done", 1)
    assert found["result"].pop("seconds") >= 0
    result: Json = found["result"]
    return result


def counts(evaluated: int, upgraded: int = 0, renewed: int = 0, downgraded: int = 0) -> Json:
    return {"evaluated": evaluated, "upgraded": upgraded, "renewed": renewed, "downgraded": downgraded}


async def decisions(chain: Chain) -> list[tuple[str, str, str]]:
    found = sorted(await rows(chain, "decision"), key=lambda row: row["id"])
    return [(f"{row['effective_at']:%Y-%m-%d}", row["from_tier"], row["to_tier"]) for row in found]
