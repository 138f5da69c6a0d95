"""A chain with tasks, in short words: its nights, its lists."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from support.chains import Chain
from support.clock import owner
from support.midnights import begin, pass_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES = {"zh-CN": "回访", "en": "Call"}
EVERYBODY = {"metric": "tenure_days", "gte": 0}
_NOT_YET = "DELETE FROM outbox WHERE tenant_id = $1 AND name = 'tasks.remake'"
WEEKLY = {"type": "days", "days": 7}


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


async def opened(chain: Chain, instant: str = "2031-03-10 12:00", zone: str = "Asia/Shanghai") -> None:
    """The chain's clock stands there, none of its nights was missed, and of its template no rule is left."""
    await begin(chain, at(instant, ZoneInfo(zone)), zone)
    for rule in (await chain.http.get("/v1/tasks/rules")).json()["data"]:
        answer = await chain.http.delete(f"/v1/tasks/rules/{rule['id']}")
        assert answer.status_code == 204, answer.text


async def rule(chain: Chain, code: str = "call", *, at_once: bool = False, **fields: Any) -> str:
    """A new rule's id: weekly, for everybody in the segment `all`, unless `fields` say otherwise. Its first list is
    made by the next night, unless it is to be made `at_once`, as a chain's is.
    """
    if "ladder" not in fields and "segment" not in fields:
        await chain.http.post("/v1/segments", json={"code": "all", "names": NAMES, "condition": EVERYBODY})
        fields["segment"] = "all"
    body = {"code": code, "names": NAMES, "every": WEEKLY, **fields}
    answer = await chain.http.post("/v1/tasks/rules", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    if not at_once:
        await (await owner()).execute(_NOT_YET, chain.tenant_id)
    return made


async def nights(chain: Chain, drain: Any, until: str, zone: ZoneInfo = SHANGHAI) -> None:
    """Every midnight up to then: of what else it brings, tests of its own tell."""
    await pass_time(chain, drain, at(until, zone), nights=("tiers", "tasks"))


async def listed(chain: Chain, query: str = "") -> list[dict[str, Any]]:
    """The first page of tasks."""
    answer = await chain.http.get(f"/v1/tasks?limit=200&{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def only(chain: Chain, query: str = "") -> dict[str, Any]:
    """The one task that there is."""
    (found,) = await listed(chain, query)
    return found


async def did(chain: Chain, task: dict[str, Any], act: str = "done", **body: Any) -> dict[str, Any]:
    """The answer to an act that is taken; done is `reached`, unless `body` says otherwise."""
    sent = {"outcome": "reached", **body} if act == "done" else body
    answer = await chain.http.post(f"/v1/tasks/{task['id']}/{act}", json=sent)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def days_later(text: str, days: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(days=days)).isoformat(sep=" ")
