"""What a marketing desk does, in short words."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from support.chains import Chain
from support.clock import owner, set_clock

from saas.file_store import file_store
from saas.scope import tenant_scope
from tenants.messages.sending import unseal
from tenants.programme.versions import current_programme
from tenants.tiers.schedules import install_schedules

Json = dict[str, Any]

NAMES = {"zh-CN": "活动", "en": "Campaign"}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the problem's code."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def opened(new_chain: Any, at: datetime, **fields: str) -> Chain:
    """A chain that signs up at this instant of its own clock."""
    chain: Chain = await new_chain(**fields)
    await set_clock(chain.tenant_id, at)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    async with tenant_scope(chain.tenant_id):
        await install_schedules(await current_programme(), "Asia/Shanghai")
    return chain


def document(code: str, type_: str, when: Json | str, **parts: Any) -> Json:
    """A campaign's document; `when` by its type alone where that says all."""
    said = {"type": when} if isinstance(when, str) else when
    return {"code": code, "type": type_, "names": NAMES, "when": said, **parts}


async def make(chain: Chain, body: Json) -> str:
    """A draft's id."""
    answer = await chain.http.post("/v1/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def start(chain: Chain, code: str, type_: str, when: Json | str, **parts: Any) -> str:
    """The id of a campaign that runs."""
    campaign_id = await make(chain, document(code, type_, when, **parts))
    await switch(chain, campaign_id, "start")
    return campaign_id


async def switch(chain: Chain, campaign_id: str, act: str) -> Json:
    answer = await chain.http.post(f"/v1/campaigns/{campaign_id}/{act}", json={})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def draft_of(chain: Chain, code: str) -> Json:
    """One of the campaigns that came with the template."""
    listed = (await chain.http.get("/v1/campaigns?limit=200")).json()["data"]
    (found,) = [campaign for campaign in listed if campaign["code"] == code]
    return dict(found)


async def switch_on(chain: Chain, code: str) -> str:
    """Starts the template's campaign; its id."""
    campaign_id: str = (await draft_of(chain, code))["id"]
    await switch(chain, campaign_id, "start")
    return campaign_id


async def segment(chain: Chain, code: str, condition: Json) -> str:
    answer = await chain.http.post("/v1/segments", json={"code": code, "names": NAMES, "condition": condition})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def report(chain: Chain, campaign_id: str) -> Json:
    answer = await chain.http.get(f"/v1/campaigns/{campaign_id}/report")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def points(chain: Chain, member_id: str) -> int:
    found: int = (await chain.http.get(f"/v1/members/{member_id}")).json()["points"]["balance"]
    return found


async def coupons(chain: Chain, member_id: str) -> list[str]:
    """The codes of those the member has had from campaigns, in order."""
    found = await (await owner()).fetch(
        "SELECT code FROM coupon_grant WHERE tenant_id = $1 AND member_id = $2 AND occasion = 'campaign' ORDER BY id",
        chain.tenant_id,
        UUID(member_id),
    )
    return [row["code"] for row in found]


async def texts(chain: Chain, member_id: str) -> list[str]:
    """What campaigns have said to the member, still sealed or handed over, in order."""
    rows = await (await owner()).fetch(
        "SELECT id, channel, sealed FROM message WHERE tenant_id = $1 AND member_id = $2 AND purpose LIKE 'campaign:%'"
        " AND state <> 'skipped' ORDER BY id",
        chain.tenant_id,
        UUID(member_id),
    )
    said = []
    for row in rows:
        if row["sealed"] is not None:
            async with tenant_scope(chain.tenant_id):
                said.append(unseal(row["id"], row["channel"], row["sealed"]).text)
            continue
        with file_store().open(chain.tenant_id, f"{chain.tenant_id}/outbox/{row['id']}.json") as file:
            said.append(json.load(file)["text"])
    return said


async def jobs(chain: Chain) -> list[str]:
    """The names of the campaigns' jobs that wait."""
    rows = await (await owner()).fetch(
        "SELECT name FROM outbox WHERE tenant_id = $1 AND name LIKE 'campaigns.%' ORDER BY id", chain.tenant_id
    )
    return [row["name"] for row in rows]
