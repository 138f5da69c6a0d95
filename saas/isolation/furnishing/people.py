"""Members as people, their cards, their tills and visits."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from saas.isolation.furnishing.posting import Chain, change_programme, done, post, write
from saas.outbox import enqueue
from saas.sandboxed import Unsent, keep_unsent
from saas.scope import connection, tenant_scope
from tenants.first_steps.steps import mark as mark_step


async def people(chain: Chain, member_id: str, mark: str) -> None:
    """What is kept of members as people: attributes, tags, consents, a household, a merge, somebody erased."""
    attribute = {"code": "size", "names": {"zh-CN": "尺码", "en": "Size"}, "type": "text"}
    await change_programme(chain, attributes=[attribute])
    person = {"attributes": {"size": "M"}, "tags": ["VIP"], "consents": {"sms": True}, "joined_on": "2020-01-02"}
    for url, change in (("/v1/tenant", {"shared_phones": True}), (f"/v1/members/{member_id}", person)):
        await done(chain.http.patch(url, json=change))
    family = [await post(chain, "/v1/members", {"phone": f"1390000{mark}"}) for _ in range(3)]
    await post(chain, f"/v1/members/{family[0]['id']}/merge", {"other_id": family[1]["id"]})
    gone = await post(chain, "/v1/members", {"phone": f"1370000{mark}"})
    await post(chain, f"/v1/members/{gone['id']}/erase", {})


async def warning(chain: Chain, member_id: str) -> None:
    """A tier by hand that ends soon, and the night's job that says so."""
    rules = (await chain.http.get("/v1/programme")).json()
    until = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    body = {"tier": rules["ladders"][0]["tiers"][-1]["code"], "reason": "x", "locked_until": until}
    await done(chain.http.put(f"/v1/members/{member_id}/tier", json=body))
    async with tenant_scope(chain.tenant_id):
        await enqueue("tiers.notices", {})


async def first_steps(chain: Chain, staff_id: str) -> None:
    """One looked at; a sample chain and a sandbox that could not be made; and what only sandboxes have."""
    async with tenant_scope(chain.tenant_id):
        await mark_step("tiers")
        await connection().execute(
            "INSERT INTO sample AS s (tenant_id, sample_id, job_id, asked_by, state)"
            " VALUES ($1, uuidv7(), uuidv7(), $2, 'failed')",
            chain.tenant_id,
            staff_id,
        )
        await connection().execute(
            "INSERT INTO sandbox AS s (tenant_id, sandbox_id, job_id, asked_by, samples, language, state)"
            " VALUES ($1, uuidv7(), uuidv7(), 'system', false, 'en', 'failed')",
            chain.tenant_id,
        )
        await connection().execute(
            "INSERT INTO clock_move AS m (tenant_id, id, actor, from_at, to_at)"
            " SELECT $1, $2, 'system', n.at, n.at + interval '1 day' FROM (SELECT clock_timestamp() AS at) n",
            chain.tenant_id,
            staff_id,
        )
        letter = Unsent(uuid7(), "email", "nobody@example.com", "x", "x")
        await keep_unsent([letter])


async def till(chain: Chain, staff_id: str) -> str:
    """The id of a shared till with somebody on it, whose PIN approved something."""
    till_id, token, now = uuid7(), secrets.token_bytes(32), datetime.now(UTC)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("staff_pin", {"staff_id": staff_id, "pin_hash": "none"}),
        (
            "till",
            {
                "id": till_id,
                "branch_id": chain.branch_id,
                "name": "收银台",
                "token_hash": token,
                "idle_minutes": 5,
                "made_by": staff_id,
            },
        ),
        ("till_person", {"till_id": till_id, "staff_id": staff_id, "logged_in_at": now, "used_at": now}),
        (
            "approval",
            {
                "token_hash": token,
                "session_hash": token,
                "asked_by": staff_id,
                "approved_by": staff_id,
                "act": "points.adjust",
                "target": "member:none",
                "amount": 2000,
                "expires_at": now,
            },
        ),
        (
            "shift_handover",
            {
                "id": staff_id,
                "branch_id": chain.branch_id,
                "clerk_id": staff_id,
                "next_id": staff_id,
                "from_at": now - timedelta(hours=8),
                "to_at": now,
                "sums": {},
                "takings": [],
                "change_kept": 0,
                "expected": 0,
                "counted": 0,
                "signed_at": now,
            },
        ),
    ]
    await write(chain, rows)
    return str(till_id)


async def visit(chain: Chain, member_id: str, external_id: str) -> dict[str, Any]:
    """An activity of a kind that the rules know and that is no health measurement."""
    rules = (await chain.http.get("/v1/programme")).json()
    kinds = [kind for kind in rules["activity_kinds"] if kind not in rules["health_kinds"]]
    visit = {"member_id": member_id, "branch_id": chain.branch_id, "external_id": external_id, "value": 5}
    return visit | {"kind": (kinds or ["check_in"])[0]}


async def cards_and_passes(chain: Chain, member_id: str, mark: str) -> tuple[str, str]:
    """A replaced card, a PIN, codes to pay with, one of them by SMS; a pass with a use: the ids of both."""
    await post(chain, f"/v1/members/{member_id}/cards", {"card_no": f"D{mark}"})
    await post(chain, f"/v1/cards/D{mark}/replace", {"card_no": f"N{mark}", "proof": "x"})
    await done(chain.http.put(f"/v1/members/{member_id}/pin", json={"pin": "204816"}))
    await done(chain.http.delete(f"/v1/members/{member_id}/card-link"))
    await post(chain, f"/v1/members/{member_id}/wallet-codes", {})
    await post(chain, f"/v1/members/{member_id}/wallet-codes/sms", {"amount": 100})
    sold = {"branch_id": chain.branch_id, "external_id": f"V{mark}", "product": "x", "uses": 10, "price": 1_000}
    last = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    made = await post(chain, "/v1/passes", {**sold, "member_id": member_id, "valid_until": last})
    used = await post(chain, f"/v1/passes/{made['id']}/use", {"branch_id": chain.branch_id})
    return made["id"], used["id"]


async def history(chain: Chain, member_id: str, mark: str) -> None:
    """A purchase of former times, with its points."""
    found = (await chain.http.get(f"/v1/members/{member_id}")).json()["external_id"]
    branches = (await chain.http.get("/v1/branches")).json()["data"]
    code = next(branch["code"] for branch in branches if branch["id"] == chain.branch_id)
    head = "external_id,member,branch,occurred_at,amount"
    files = {"file": ("p.csv", f"{head}\nH{mark},{found},{code},2026-01-02 10:00,20.00\n".encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "accrue": True, "evaluate": False})}
    await done(chain.http.post("/v1/imports", files=files, data=options))
