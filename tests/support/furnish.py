"""A chain with at least one row in every tenant table, made as its owner would make it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from saas.outbox import enqueue
from saas.scope import connection, tenant_scope
from support.chains import Chain
from support.programme import change_programme


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
    pass_id: str
    pass_use_id: str
    campaign_id: str
    text: str
    rule_id: str
    task_id: str
    simulation_id: str


async def furnish(chain: Chain, drain: Any, mark: str) -> Furnished:
    """`mark` (four digits) keeps the identifiers of two chains apart."""
    member = {
        "name": f"林{mark}",
        "phone": f"1380000{mark}",
        "card_no": f"C{mark}",
        "external_id": f"E{mark}",
        "joined_on": "2020-01-01",
    }
    made = await _post(chain, "/v1/members", member)
    bought = {
        "member_id": made["id"],
        "branch_id": chain.branch_id,
        "external_id": f"T{mark}",
        "amount": 60_000,
        "external_amounts": True,
    }
    purchase = await _post(chain, "/v1/purchases", bought, key=f"key-{mark}")
    assert purchase["decision_id"] is not None
    await _post(chain, f"/v1/purchases/{purchase['id']}/refunds", {"external_id": f"R{mark}", "amount": 1_000})
    activity = await _post(chain, "/v1/activities", await _visit(chain, made["id"], f"A{mark}"))
    brought = await _post(
        chain, "/v1/members", {"name": f"友{mark}", "referrer_id": made["id"], "branch_id": chain.branch_id}
    )
    await _post(chain, "/v1/purchases", {**bought, "member_id": brought["id"], "external_id": f"F{mark}"})
    top_up_id = await _stored_value(chain, made["id"], mark)
    await _taken_back(chain, {**bought, "external_id": f"X{mark}"})
    await _people(chain, made["id"], mark)
    await _warning(chain, brought["id"])
    await _points(chain, made["id"])
    allowance_use_id = await _benefits(chain, made["id"], mark)
    offered = await _coupons_and_rewards(chain, made["id"], mark)
    visits = await _cards_and_passes(chain, made["id"], mark)
    campaign_id = await _campaign(chain, mark)
    rule_id = await _rule(chain, mark)
    branch = await _post(chain, "/v1/branches", {"code": f"b{mark}", "name": f"分店{mark}"})
    key = await _post(chain, "/v1/api-keys", {"name": f"till {mark}", "scopes": ["members:read"]})
    simulation_id = await _simulation(chain)
    files = {"file": ("m.csv", f"external_id,name\nX{mark},甲\n,nobody\n".encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "members", "evaluate": False})}
    started = await chain.http.post("/v1/imports", files=files, data=options)
    assert started.status_code == 202, started.text
    await _history(chain, made["id"], mark)
    run = await _post(chain, "/v1/programme/recalculate", {})
    await drain()
    task_id = await _task(chain, rule_id, made["id"])
    await _proof(chain, drain)
    async with tenant_scope(chain.tenant_id):
        # What waits: a job that nobody runs, and the row errors of an import, should it have had none.
        await enqueue("test.nobody", {"mark": mark})
        await connection().execute(
            'INSERT INTO import_error (tenant_id, import_id, line, "column", code)'
            " VALUES ($1, $2, 99, '', 'invalid')",
            chain.tenant_id,
            started.json()["import_id"],
        )
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
    )


async def _simulation(chain: Chain) -> str:
    """Everybody would rise; its id. The draft that is left is the programme in force."""
    draft = (await chain.http.get("/v1/programme")).json()
    kept = json.dumps(draft)
    draft["ladders"][0]["tiers"][1]["qualify"] = {"metric": "tenure_days", "gte": 0}
    assert (await chain.http.put("/v1/programme/draft", json=draft)).status_code == 200
    made: str = (await _post(chain, "/v1/programme/draft/simulate", {}))["job_id"]
    assert (await chain.http.put("/v1/programme/draft", json=json.loads(kept))).status_code == 200
    later = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    waits = await chain.http.post("/v1/programme/draft/publish", json={"at": later, "transition": "next_schedule"})
    assert waits.status_code == 202, waits.text
    return made


async def _cards_and_passes(chain: Chain, member_id: str, mark: str) -> tuple[str, str]:
    """A replaced card, a PIN, codes to pay with, one of them by SMS; a pass with a use: the ids of both."""
    await _post(chain, f"/v1/members/{member_id}/cards", {"card_no": f"D{mark}"})
    await _post(chain, f"/v1/cards/D{mark}/replace", {"card_no": f"N{mark}", "proof": "x"})
    assert (await chain.http.put(f"/v1/members/{member_id}/pin", json={"pin": "204816"})).status_code == 204
    await _post(chain, f"/v1/members/{member_id}/wallet-codes", {})
    await _post(chain, f"/v1/members/{member_id}/wallet-codes/sms", {"amount": 100})
    sold = {"branch_id": chain.branch_id, "external_id": f"V{mark}", "product": "x", "uses": 10, "price": 1_000}
    last = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
    made = await _post(chain, "/v1/passes", {**sold, "member_id": member_id, "valid_until": last})
    used = await _post(chain, f"/v1/passes/{made['id']}/use", {"branch_id": chain.branch_id})
    return made["id"], used["id"]


async def _stored_value(chain: Chain, member_id: str, mark: str) -> str:
    """A top-up, some of it paid back; its id."""
    where = {"member_id": member_id, "branch_id": chain.branch_id}
    made = await _post(chain, "/v1/wallet/top-ups", {**where, "external_id": f"U{mark}", "amount": 20_000})
    await _post(chain, "/v1/wallet/refunds", {**where, "external_id": f"P{mark}", "amount": 5_000, "reason": "x"})
    top_up_id: str = made["id"]
    return top_up_id


async def _taken_back(chain: Chain, bought: dict[str, Any]) -> None:
    """A purchase and a top-up that their clerk undid."""
    sale = await _post(chain, "/v1/purchases", bought)
    await _post(chain, f"/v1/purchases/{sale['id']}/undo", {"reason": "x"})
    paid_in = {name: bought[name] for name in ("member_id", "branch_id", "external_id")}
    top_up = await _post(chain, "/v1/wallet/top-ups", {**paid_in, "amount": 1_000})
    await _post(chain, f"/v1/wallet/top-ups/{top_up['id']}/undo", {"reason": "x"})


async def _people(chain: Chain, member_id: str, mark: str) -> None:
    """What is kept of members as people: attributes, tags, consents, a household, a merge, somebody erased."""
    attribute = {"code": "size", "names": {"zh-CN": "尺码", "en": "Size"}, "type": "text"}
    await change_programme(chain, attributes=[attribute])
    person = {"attributes": {"size": "M"}, "tags": ["VIP"], "consents": {"sms": True}, "joined_on": "2020-01-02"}
    for url, change in (("/v1/tenant", {"shared_phones": True}), (f"/v1/members/{member_id}", person)):
        assert (await chain.http.patch(url, json=change)).status_code == 200
    family = [await _post(chain, "/v1/members", {"phone": f"1390000{mark}"}) for _ in range(3)]
    await _post(chain, f"/v1/members/{family[0]['id']}/merge", {"other_id": family[1]["id"]})
    gone = await _post(chain, "/v1/members", {"phone": f"1370000{mark}"})
    await _post(chain, f"/v1/members/{gone['id']}/erase", {})


async def _warning(chain: Chain, member_id: str) -> None:
    """A tier by hand that ends soon, and the night's job that says so."""
    rules = (await chain.http.get("/v1/programme")).json()
    until = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    body = {"tier": rules["ladders"][0]["tiers"][-1]["code"], "reason": "x", "locked_until": until}
    assert (await chain.http.put(f"/v1/members/{member_id}/tier", json=body)).status_code == 200
    async with tenant_scope(chain.tenant_id):
        await enqueue("tiers.notices", {})


async def _history(chain: Chain, member_id: str, mark: str) -> None:
    """A purchase of former times, with its points."""
    found = (await chain.http.get(f"/v1/members/{member_id}")).json()["external_id"]
    branches = (await chain.http.get("/v1/branches")).json()["data"]
    code = next(branch["code"] for branch in branches if branch["id"] == chain.branch_id)
    head = "external_id,member,branch,occurred_at,amount"
    files = {"file": ("p.csv", f"{head}\nH{mark},{found},{code},2026-01-02 10:00,20.00\n".encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "accrue": True, "evaluate": False})}
    started = await chain.http.post("/v1/imports", files=files, data=options)
    assert started.status_code == 202, started.text


async def _points(chain: Chain, member_id: str) -> None:
    """Points given by hand that end soon, some of them spent, and the night's job that says so."""
    until = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    given = {"member_id": member_id, "points": 500, "reason": "x", "expires_on": until}
    await _post(chain, "/v1/points/adjust", given)
    await _post(chain, "/v1/points/redeem", {"member_id": member_id, "points": 10, "branch_id": chain.branch_id})
    async with tenant_scope(chain.tenant_id):
        await enqueue("points.notices", {})


async def _coupons_and_rewards(chain: Chain, member_id: str, mark: str) -> tuple[str, str, str, str, str]:
    """A coupon that the member holds, a printed one; a piece of a reward claimed: all their ids."""
    named: dict[str, Any] = {"code": f"x{mark}", "names": {"zh-CN": "甲", "en": "A"}}
    off = {"value": {"type": "amount", "amount": 500}, "valid_days": 30}
    coupon = f"/v1/coupons/{(await _post(chain, '/v1/coupons', {**named, **off}))['id']}"
    given = await _post(chain, f"{coupon}/grant", {"member_id": member_id, "reason": "x"})
    printed = await _post(chain, f"{coupon}/print", {"count": 1})
    reward = f"/v1/rewards/{(await _post(chain, '/v1/rewards', {**named, 'points': 10, 'stock': 5}))['id']}"
    claim = await _post(
        chain, f"{reward}/claim", {"member_id": member_id, "branch_id": chain.branch_id, "external_id": f"C{mark}"}
    )
    return (
        coupon.rpartition("/")[2],
        given["coupons"][0]["id"],
        printed["coupons"][0]["number"],
        reward.rpartition("/")[2],
        claim["id"],
    )


async def _benefits(chain: Chain, member_id: str, mark: str) -> str:
    """Free classes for everybody, one of them used (its id); a gift for whoever reaches the second tier, given once; a
    night of birthdays; a price list.
    """
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    for tier in ladders[0]["tiers"]:
        tier["benefits"] += [{"type": "allowance", "product": "class", "per": "year", "count": 100}]
    ladders[0]["tiers"][1]["benefits"] += [{"type": "gift", "occasion": "upgrade", "coupon": "hello"}]
    await change_programme(chain, ladders=ladders)
    coupon = {"code": "hello", "names": {"zh-CN": "礼", "en": "A gift"}, "value": {"type": "amount", "amount": 1}}
    await _post(chain, "/v1/coupons", {**coupon, "valid_days": 30})
    raised = await _post(chain, "/v1/members", {"name": f"升{mark}"})
    body = {"tier": ladders[0]["tiers"][1]["code"], "reason": "x"}
    assert (await chain.http.put(f"/v1/members/{raised['id']}/tier", json=body)).status_code == 200
    async with tenant_scope(chain.tenant_id):
        await enqueue("birthdays.keep", {"due_at": datetime.now(UTC).isoformat()})
    prices = [{"sku": "tea", "price": 700}]
    kept = await chain.http.put(
        f"/v1/price-lists/p{mark}", json={"names": {"zh-CN": "甲", "en": "A"}, "prices": prices}
    )
    assert kept.status_code == 201, kept.text
    use = f"/v1/members/{member_id}/allowances/class/use"
    used: str = (await _post(chain, use, {"branch_id": chain.branch_id}))["id"]
    return used


async def _proof(chain: Chain, drain: Any) -> None:
    """A proof that says it found something about the chain."""
    proof_id = (await _post(chain, "/v1/proof", {}))["job_id"]
    await drain()
    async with tenant_scope(chain.tenant_id):
        await connection().execute(
            "INSERT INTO proof_difference (tenant_id, proof_id, n, kind, member_id, what, why)"
            " SELECT $1, $2, 1, 'wallet-zero', m.id, 'member', $3 FROM member m WHERE m.tenant_id = $1 LIMIT 1",
            chain.tenant_id,
            proof_id,
            {"zh-CN": "甲", "en": "A"},
        )


async def _campaign(chain: Chain, mark: str) -> str:
    """A campaign that gives points to whoever has come among the buyers, with a text of its own; its id."""
    names = {"zh-CN": "甲", "en": "A"}
    bought = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 1}
    await _post(chain, "/v1/segments", {"code": f"s{mark}", "names": names, "condition": bought})
    text = {"names": names, "purpose": "service", "channels": ["sms"], "texts": {"zh-CN": "您好", "en": "Hello"}}
    assert (await chain.http.put(f"/v1/message-texts/t{mark}", json=text)).status_code == 201
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
    made: str = (await _post(chain, "/v1/campaigns", document))["id"]
    await _post(chain, f"/v1/campaigns/{made}/start", {})
    return made


async def _rule(chain: Chain, mark: str) -> str:
    """A rule of tasks for whoever has bought, its id; another one for when a campaign runs; and the night's job."""
    names = {"zh-CN": "甲", "en": "A"}
    rule = {"names": names, "segment": f"s{mark}"}
    made: str = (
        await _post(chain, "/v1/tasks/rules", {**rule, "code": f"r{mark}", "every": {"type": "days", "days": 7}})
    )["id"]
    await _post(chain, "/v1/tasks/rules", {**rule, "code": f"q{mark}", "every": {"type": "campaign"}})
    document = {"code": f"m{mark}", "type": "multiplier", "names": names, "multiplier": "2"}
    campaign = await _post(chain, "/v1/campaigns", {**document, "when": {"type": "always"}})
    await _post(chain, f"/v1/campaigns/{campaign['id']}/start", {})
    async with tenant_scope(chain.tenant_id):
        await enqueue("tasks.make", {})
    return made


async def _task(chain: Chain, rule_id: str, member_id: str) -> str:
    """The member's task, postponed; its id."""
    found = (await chain.http.get(f"/v1/tasks?rule={rule_id}&member_id={member_id}")).json()["data"]
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    await _post(chain, f"/v1/tasks/{found[0]['id']}/postpone", {"until": until, "note": "x"})
    by_campaign = (await chain.http.get(f"/v1/tasks?member_id={member_id}&limit=200")).json()["data"]
    (campaign_id,) = {task["campaign_id"] for task in by_campaign} - {None}
    await _post(chain, f"/v1/campaigns/{campaign_id}/stop", {})
    task_id: str = found[0]["id"]
    return task_id


async def _visit(chain: Chain, member_id: str, external_id: str) -> dict[str, Any]:
    """An activity of a kind that the rules know and that is no health measurement."""
    rules = (await chain.http.get("/v1/programme")).json()
    kinds = [kind for kind in rules["activity_kinds"] if kind not in rules["health_kinds"]]
    visit = {"member_id": member_id, "branch_id": chain.branch_id, "external_id": external_id, "value": 5}
    return visit | {"kind": (kinds or ["check_in"])[0]}


async def _post(chain: Chain, url: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await chain.http.post(url, json=body, headers=headers)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made
