"""A chain with at least one row in every tenant table, made as its owner would make it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from saas.isolation.furnishing.account import billing, bulk, export, uploaded, view, webhook
from saas.isolation.furnishing.marketing import campaign, proof, rule, simulation, task, told
from saas.isolation.furnishing.people import cards_and_passes, first_steps, history, people, till, visit, warning
from saas.isolation.furnishing.posting import Chain, Drain, FurnishingError, done, post
from saas.isolation.furnishing.value import benefits, coupons_and_rewards, points, stored_value, taken_back
from saas.outbox import enqueue
from saas.scope import connection, tenant_scope
from tenants.events.emit import emit
from tenants.events.numbering import number_all
from tenants.joining.agreeing import agree
from tenants.joining.codes import code_of
from tenants.joining.settings import change_join_page


@dataclass(frozen=True)
class Furnished:
    """The chain and the ids of what it has."""

    chain: Chain
    member_id: str
    phone: str
    card_no: str
    external_id: str
    purchase_id: str
    job_id: str
    import_id: str
    key_id: str
    second_branch_id: str
    activity_id: str
    segment_id: str
    top_up_id: str
    allowance_use_id: str
    price_list: str
    coupon_id: str
    grant_id: str
    coupon_number: str
    reward_id: str
    claim_id: str
    grant_job: str
    sheet: str
    pass_id: str
    pass_use_id: str
    campaign_id: str
    text: str
    rule_id: str
    task_id: str
    simulation_id: str
    staff_id: str
    till_id: str
    upload_id: str
    view_id: str
    bulk_id: str
    join_code: str
    export_id: str
    event_id: str
    webhook_id: str
    delivery_id: str


async def furnish(chain: Chain, drain: Drain, mark: str) -> Furnished:
    """`mark` (four digits) keeps the identifiers of two chains apart."""
    member = {
        "name": f"林{mark}",
        "phone": f"1380000{mark}",
        "card_no": f"C{mark}",
        "external_id": f"E{mark}",
        "joined_on": "2020-01-01",
    }
    made = await post(chain, "/v1/members", member)
    bought = {
        "member_id": made["id"],
        "branch_id": chain.branch_id,
        "external_id": f"T{mark}",
        "amount": 60_000,
        "external_amounts": True,
    }
    purchase = await post(chain, "/v1/purchases", bought, key=f"key-{mark}")
    if purchase["decision_id"] is None:
        raise FurnishingError("a purchase that should have raised its member decided nothing")
    await post(chain, f"/v1/purchases/{purchase['id']}/refunds", {"external_id": f"R{mark}", "amount": 1_000})
    activity = await post(chain, "/v1/activities", await visit(chain, made["id"], f"A{mark}"))
    brought = await post(
        chain, "/v1/members", {"name": f"友{mark}", "referrer_id": made["id"], "branch_id": chain.branch_id}
    )
    await post(chain, "/v1/purchases", {**bought, "member_id": brought["id"], "external_id": f"F{mark}"})
    top_up_id = await stored_value(chain, made["id"], mark)
    await taken_back(chain, {**bought, "external_id": f"X{mark}"})
    await people(chain, made["id"], mark)
    await warning(chain, brought["id"])
    await points(chain, made["id"])
    allowance_use_id = await benefits(chain, made["id"], mark)
    offered = await coupons_and_rewards(chain, made["id"], mark)
    visits = await cards_and_passes(chain, made["id"], mark)
    campaign_id = await campaign(chain, mark)
    await told(chain, made["id"], mark)
    rule_id = await rule(chain, mark)
    branch = await post(chain, "/v1/branches", {"code": f"b{mark}", "name": f"分店{mark}"})
    person = {"name": f"员工{mark}", "email": f"staff{mark}@example.com", "role": "clerk"}
    staff_id = (await post(chain, "/v1/staff", person))["id"]
    till_id = await till(chain, staff_id)
    await first_steps(chain, staff_id)
    key = await post(chain, "/v1/api-keys", {"name": f"till {mark}", "scopes": ["members:read"]})
    simulation_id = await simulation(chain)
    files = {"file": ("m.csv", f"external_id,name\nX{mark},甲\n,nobody\n".encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "members", "evaluate": False})}
    started = await done(chain.http.post("/v1/imports", files=files, data=options))
    await history(chain, made["id"], mark)
    run = await post(chain, "/v1/programme/recalculate", {})
    await drain()
    task_id = await task(chain, rule_id, made["id"])
    await proof(chain, drain)
    async with tenant_scope(chain.tenant_id):
        # What waits: a job of next month, and the row errors of an import, should it have had none.
        await enqueue("tasks.make", {}, delay=timedelta(days=30))
        await connection().execute(
            'INSERT INTO import_error (tenant_id, import_id, line, "column", code)'
            " VALUES ($1, $2, 99, '', 'invalid')",
            chain.tenant_id,
            started.json()["import_id"],
        )
        join_code = await code_of(None)
        await change_join_page(is_open=True, words={"en": f"Welcome {mark}"}, privacy_url="")
        await agree(UUID(made["id"]), {"membership": f"I join {mark}."}, "en")
    await billing(chain, made["id"], mark)
    await done(chain.http.get("/v1/reports/overview"))
    await number_all(chain.tenant_id)
    async with tenant_scope(chain.tenant_id):  # and one that has no position yet
        await emit("campaign.stopped", {"campaign_id": campaign_id, "code": f"c{mark}"})
    upload_id, view_id = await uploaded(chain, started.json()["import_id"]), await view(chain, staff_id, mark)
    return Furnished(
        chain,
        made["id"],
        member["phone"],
        member["card_no"],
        member["external_id"],
        purchase["id"],
        run["job_id"],
        started.json()["import_id"],
        key["id"],
        branch["id"],
        activity["id"],
        (await chain.http.get("/v1/segments?limit=1")).json()["data"][0]["id"],
        top_up_id,
        allowance_use_id,
        f"p{mark}",
        *offered,
        *visits,
        campaign_id,
        f"t{mark}",
        rule_id,
        task_id,
        simulation_id,
        staff_id,
        till_id,
        upload_id,
        view_id,
        await bulk(chain),
        join_code,
        await export(chain),
        (await chain.http.get("/v1/events?limit=1")).json()["data"][0]["id"],
        *await webhook(chain, mark),
    )
