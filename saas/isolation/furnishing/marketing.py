"""Campaigns, tasks, simulations, proofs."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from saas.isolation.furnishing.posting import Chain, Drain, done, post
from saas.outbox import enqueue
from saas.scope import connection, tenant_scope
from tenants.messages.sending import Outgoing, send_all


async def campaign(chain: Chain, mark: str) -> str:
    """A campaign that gives points to whoever has come among the buyers, with a text of its own; its id."""
    names = {"zh-CN": "甲", "en": "A"}
    bought = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 1}
    await post(chain, "/v1/segments", {"code": f"s{mark}", "names": names, "condition": bought})
    text = {"names": names, "purpose": "service", "channels": ["sms"], "texts": {"zh-CN": "您好", "en": "Hello"}}
    for code in (f"t{mark}", f"t{mark}-b"):
        await done(chain.http.put(f"/v1/message-texts/{code}", json=text))
    document = {
        "code": f"c{mark}",
        "type": "grant",
        "names": names,
        "when": {"type": "segment_entered"},
        "audience": f"s{mark}",
        "points": 5,
        "channel": "sms",
        "message": f"t{mark}",
    }
    made: str = (await post(chain, "/v1/campaigns", document))["id"]
    await post(chain, f"/v1/campaigns/{made}/start", {})
    return made


async def rule(chain: Chain, mark: str) -> str:
    """A rule of tasks for whoever has bought, its id; another one for when a campaign runs; and the night's job."""
    names = {"zh-CN": "甲", "en": "A"}
    rule = {"names": names, "segment": f"s{mark}"}
    made: str = (
        await post(chain, "/v1/tasks/rules", {**rule, "code": f"r{mark}", "every": {"type": "days", "days": 7}})
    )["id"]
    await post(chain, "/v1/tasks/rules", {**rule, "code": f"q{mark}", "every": {"type": "campaign"}})
    document = {"code": f"m{mark}", "type": "multiplier", "names": names, "multiplier": "2"}
    campaign = await post(chain, "/v1/campaigns", {**document, "when": {"type": "always"}})
    await post(chain, f"/v1/campaigns/{campaign['id']}/start", {})
    async with tenant_scope(chain.tenant_id):
        await enqueue("tasks.make", {})
    return made


async def task(chain: Chain, rule_id: str, member_id: str) -> str:
    """The member's task, postponed; its id."""
    found = (await chain.http.get(f"/v1/tasks?rule={rule_id}&member_id={member_id}")).json()["data"]
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    await post(chain, f"/v1/tasks/{found[0]['id']}/postpone", {"until": until, "note": "x"})
    by_campaign = (await chain.http.get(f"/v1/tasks?member_id={member_id}&limit=200")).json()["data"]
    (campaign_id,) = {task["campaign_id"] for task in by_campaign} - {None}
    await post(chain, f"/v1/campaigns/{campaign_id}/stop", {})
    task_id: str = found[0]["id"]
    return task_id


async def simulation(chain: Chain) -> str:
    """Everybody would rise; its id. The draft that is left is the programme in force."""
    draft = (await chain.http.get("/v1/programme")).json()
    kept = json.dumps(draft)
    draft["ladders"][0]["tiers"][1]["qualify"] = {"metric": "tenure_days", "gte": 0}
    await done(chain.http.put("/v1/programme/draft", json=draft))
    made: str = (await post(chain, "/v1/programme/draft/simulate", {}))["job_id"]
    await done(chain.http.put("/v1/programme/draft", json=json.loads(kept)))
    later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    await done(chain.http.post("/v1/programme/draft/publish", json={"at": later, "transition": "next_schedule"}))
    return made


async def proof(chain: Chain, drain: Drain) -> None:
    """A proof that says it found something about the chain."""
    proof_id = (await post(chain, "/v1/proof", {}))["job_id"]
    await drain()
    async with tenant_scope(chain.tenant_id):
        await connection().execute(
            "INSERT INTO proof_difference (tenant_id, proof_id, n, kind, member_id, what, why)"
            " SELECT $1, $2, 1, 'wallet-zero', m.id, 'member', $3 FROM member m WHERE m.tenant_id = $1 LIMIT 1",
            chain.tenant_id,
            proof_id,
            {"zh-CN": "甲", "en": "A"},
        )


async def told(chain: Chain, member_id: str, mark: str) -> None:
    """A message of the campaign's to the member. (Its own, to whoever got the points, wait for the morning.)"""
    until = datetime.now(UTC) + timedelta(days=2)
    async with tenant_scope(chain.tenant_id):
        await send_all(
            [Outgoing(UUID(member_id), "sms", f"campaign:c{mark}", "您好", marketing=False, expires_at=until)],
            by_day=False,
            noted=True,
        )
