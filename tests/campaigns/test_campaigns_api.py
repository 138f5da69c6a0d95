"""Campaigns over HTTP: drafts, what is refused, starting and stopping, message texts."""

from typing import Any

from marketing import Json, document, draft_of, jobs, make, problem, start, switch
from support.chains import Chain
from support.feed import told_of
from support.till import rows


async def test_a_new_chain_has_its_templates_campaigns_as_drafts(new_chain: Any) -> None:
    chain = await new_chain(template="catering")
    listed = (await chain.http.get("/v1/campaigns?limit=200")).json()["data"]
    assert {"welcome-gift", "birthday-gift", "guest-coupon", "two-to-go"} <= {campaign["code"] for campaign in listed}
    assert {campaign["state"] for campaign in listed} == {"draft"}
    assert {campaign["source"] for campaign in listed} == {"template"}
    texts = (await chain.http.get("/v1/message-texts?limit=200")).json()["data"]
    assert {"welcome", "birthday", "nearly"} <= {text["code"] for text in texts}


async def test_every_draft_of_every_template_can_be_started(new_chain: Any) -> None:
    for template in ("pharmacy", "gym", "tea", "courier", "shoes_apparel", "studio", "auto_service", "general"):
        chain = await new_chain(template=template)
        for campaign in (await chain.http.get("/v1/campaigns?limit=200")).json()["data"]:
            assert (await switch(chain, campaign["id"], "start"))["state"] == "running"


async def test_a_draft_is_made_changed_and_deleted(chain: Chain) -> None:
    body = document("spring", "discount", "always", offer={"type": "percent", "percent": "10"})
    campaign_id = await make(chain, body)
    url = f"/v1/campaigns/{campaign_id}"
    changed = await chain.http.put(url, json=body | {"offer": {"type": "percent", "percent": "20"}})
    assert changed.status_code == 200
    read = (await chain.http.get(url)).json()
    assert (read["offer"]["percent"], read["state"], read["started_at"]) == ("20", "draft", None)
    again = await chain.http.post("/v1/campaigns", json=body)
    assert problem(again) == (409, "code-taken")
    renamed = await chain.http.put(url, json=body | {"code": "summer"})
    assert renamed.json()["errors"][0]["pointer"] == "/code"
    assert (await chain.http.delete(url)).status_code == 204
    assert (await chain.http.get(url)).status_code == 404


async def test_what_ran_is_history(chain: Chain) -> None:
    body = document("spring", "discount", "always", offer={"type": "percent", "percent": "10"})
    campaign_id = await make(chain, body)
    stopped = await chain.http.post(f"/v1/campaigns/{campaign_id}/stop", json={})
    assert problem(stopped) == (409, "campaign-not-running")
    started = await switch(chain, campaign_id, "start")
    assert (await switch(chain, campaign_id, "start"))["started_at"] == started["started_at"]
    ended = await switch(chain, campaign_id, "stop")
    assert (ended["state"], (await switch(chain, campaign_id, "stop"))["stopped_at"]) == (
        "stopped",
        ended["stopped_at"],
    )
    for answer in (
        await chain.http.put(f"/v1/campaigns/{campaign_id}", json=body),
        await chain.http.delete(f"/v1/campaigns/{campaign_id}"),
    ):
        assert problem(answer) == (409, "campaign-not-draft")
    assert [row["type"] for row in await told_of(chain.tenant_id) if row["type"].startswith("campaign.")] == [
        "campaign.started",
        "campaign.stopped",
    ]
    audit = await rows(chain, "audit")
    assert {"campaign.create", "campaign.start", "campaign.stop"} <= {entry["action"] for entry in audit}


BAD: list[tuple[Json, str, str]] = [
    (document("a", "grant", "joined", coupon="nothing"), "/coupon", "unknown-coupon"),
    (document("a", "grant", "joined"), "", "nothing-granted"),
    (document("a", "grant", "joined", points=1, audience="nobody"), "/audience", "unknown-segment"),
    (document("a", "grant", "segment_entered", points=1), "/when/type", "audience-missing"),
    (document("a", "grant", "full_moon", points=1), "/when/type", "unknown-trigger"),
    (document("a", "grant", "joined", points=1, both_sides=True), "/both_sides", "one-side-only"),
    (document("a", "grant", "joined", points=1, channel="sms"), "", "channel-and-message"),
    (document("a", "message", "joined", channel="sms", message="silence"), "/message", "unknown-message"),
    (document("a", "message", "joined", channel="push", message="welcome"), "/channel", "wrong-channel"),
    (document("a", "grant", {"type": "purchase", "by": "guest"}, points=1), "/when/by", "guest-needs-coupon"),
    (
        document("a", "grant", {"type": "purchase", "by": "guest"}, coupon="welcome", once="day"),
        "/once",
        "not-for-guests",
    ),
    (document("a", "multiplier", "joined", multiplier="2"), "/when/type", "days-expected"),
    (document("a", "multiplier", "always", multiplier="2", once="day"), "/once", "not-once"),
    (document("a", "multiplier", "always", multiplier="1"), "/multiplier", "not-greater"),
    (document("a", "multiplier", "always", multiplier="2", control_percent="51"), "/control_percent", "too-large"),
    (document("a", "discount", "always", offer={"type": "gift"}), "/offer/type", "unknown-offer"),
    (document("a", "discount", "always", offer={"type": "percent", "percent": "0"}), "/offer/percent", "not-greater"),
    (
        document("a", "discount", {"type": "between", "from": "2031-02-01", "to": "2031-01-01"}, offer={}),
        "/when/to",
        "days-crossed",
    ),
]


async def test_a_document_with_a_fault_is_refused_at_its_place(chain: Chain) -> None:
    for body, pointer, code in BAD:
        answer = await chain.http.post("/v1/campaigns", json=body)
        assert answer.status_code == 422, answer.text
        found = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
        assert (pointer, code) in found, (body, found)


async def test_what_is_gone_meanwhile_is_named_at_the_start(chain: Chain) -> None:
    welcome = await draft_of(chain, "welcome-gift")
    coupon = (await chain.http.get("/v1/coupons?limit=200")).json()["data"]
    (found,) = [one for one in coupon if one["code"] == "welcome"]
    assert (await chain.http.patch(f"/v1/coupons/{found['id']}", json={"ended": True})).status_code == 200
    answer = await chain.http.post(f"/v1/campaigns/{welcome['id']}/start", json={})
    assert problem(answer) == (409, "campaign-outdated")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/coupon"]


async def test_a_text_is_kept_until_nothing_sends_it(chain: Chain) -> None:
    text = {
        "names": {"zh-CN": "短信", "en": "Text"},
        "purpose": "service",
        "channels": ["sms"],
        "texts": {"zh-CN": "{name}您好", "en": "Hello {name}"},
    }
    assert (await chain.http.put("/v1/message-texts/hello", json=text)).status_code == 201
    again = await chain.http.put("/v1/message-texts/hello", json=text | {"code": "hello"})
    assert (again.status_code, again.json()["source"]) == (200, "tenant")
    other = await chain.http.put("/v1/message-texts/hello", json=text | {"code": "bye"})
    assert other.json()["errors"][0]["pointer"] == "/code"
    wrong = await chain.http.put("/v1/message-texts/hello", json=text | {"texts": {"zh-CN": "{mood}", "en": "{mood}"}})
    assert wrong.json()["errors"][0]["code"] == "unknown-placeholder"
    campaign_id = await make(chain, document("a", "message", "joined", channel="sms", message="hello"))
    used = await chain.http.delete("/v1/message-texts/hello")
    assert problem(used) == (409, "text-in-use")
    assert (await chain.http.delete(f"/v1/campaigns/{campaign_id}")).status_code == 204
    assert (await chain.http.delete("/v1/message-texts/hello")).status_code == 204
    assert (await chain.http.get("/v1/message-texts/hello")).status_code == 404


async def test_keys_need_their_scopes(chain: Chain) -> None:
    made = await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": ["members:read"]})
    key = {"Authorization": f"Bearer {made.json()['key']}"}
    campaign_id = (await draft_of(chain, "welcome-gift"))["id"]
    assert (await chain.http.get("/v1/campaigns", headers=key)).status_code == 200
    for answer in (
        await chain.http.post(f"/v1/campaigns/{campaign_id}/start", json={}, headers=key),
        await chain.http.get(f"/v1/campaigns/{campaign_id}/report", headers=key),
    ):
        assert answer.status_code == 403


async def test_without_campaigns_nothing_is_queued(chain: Chain, drain: Any) -> None:
    made = await chain.http.post("/v1/members", json={"name": "王秀"})
    await chain.http.put(f"/v1/members/{made.json()['id']}/tier", json={"tier": "gold", "reason": "x"})
    assert await jobs(chain) == []
    await start(chain, "multiply", "multiplier", "always", multiplier="2")
    await drain(chain.tenant_id)
    await chain.http.post("/v1/members", json={"name": "王秀"})
    assert await jobs(chain) == []
