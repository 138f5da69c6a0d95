"""How a chain is set up, taken from one and put into another."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, logged_in
from support.chains import Chain
from support.clock import owner

from tenants.configuration.document import Configuration

Json = dict[str, Any]


async def put(chain: Chain, document: Json, *, dry_run: bool = False, **headers: str) -> Json:
    answer = await chain.http.put("/v1/configuration", json={"document": document, "dry_run": dry_run}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def read(chain: Chain) -> Json:
    answer = await chain.http.get("/v1/configuration")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def digest(chain: Chain) -> list[Any]:
    """What a trial must not touch."""
    conn = await owner()
    tables = (
        *("coupon", "reward", "segment", "price_list", "price", "message_text", "campaign", "task_rule", "join_page"),
        *("programme_draft", "audit", "outbox", "event_new", "tenant"),
    )
    sql = "SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text), '[]') FROM {} t WHERE tenant_id = $1"
    return [await conn.fetchval(sql.format(table), chain.tenant_id) for table in tables]


def by_outcome(found: Json, outcome: str) -> set[tuple[str, str | None]]:
    return {(one["part"], one["code"]) for one in found["data"] if one["outcome"] == outcome}


@pytest.fixture(scope="module")
async def pharmacy(new_chain: Any) -> Chain:
    """A template with something of everything, changed by its owner."""
    chain: Chain = await new_chain(template="pharmacy")
    names = {"zh-CN": "自定", "en": "Own"}
    value = {"type": "amount", "amount": 700}
    coupon = {"code": "own", "names": names, "value": value, "valid_until": "2099-12-31"}
    reward = {"code": "own", "names": names, "points": 300, "stock": 40}
    prices = {"names": names, "prices": [{"sku": "b", "price": 2}, {"sku": "a", "price": 1, "names": names}]}
    condition = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 10}
    for path, body in (
        ("/v1/coupons", coupon),
        ("/v1/rewards", reward),
        ("/v1/segments", {"code": "own", "names": names, "condition": condition}),
    ):
        made = await chain.http.post(path, json=body)
        assert made.status_code == 201, made.text
    assert (await chain.http.put("/v1/price-lists/own", json=prices)).status_code in {200, 201}
    return chain


async def test_a_copy_is_set_up_alike_once_its_rules_are_published(pharmacy: Chain, new_chain: Any) -> None:
    document = await read(pharmacy)
    Configuration.model_validate_json(json.dumps(document))
    assert all(document[part] for part in ("coupons", "price_lists", "segments", "rewards", "task_rules"))
    copy: Chain = await new_chain(template="general")

    first = await put(copy, document)
    assert by_outcome(first, "changed") >= {("programme", None)}
    # Whatever names the rules' ladders has to wait for them.
    assert all(one["error"]["status"] == 422 for one in first["data"] if one["outcome"] == "refused")
    waiting = by_outcome(first, "refused")
    assert waiting
    published = await copy.http.post("/v1/programme/draft/publish", json={"holders": {"card": None}})
    if published.status_code != 200:
        published = await copy.http.post("/v1/programme/draft/publish", json={})
    assert published.status_code == 200, published.text

    second = await put(copy, document)
    assert by_outcome(second, "refused") == set()
    assert by_outcome(second, "added") | by_outcome(second, "changed") == waiting
    third = await put(copy, document)
    assert {one["outcome"] for one in third["data"]} == {"same"}

    theirs, ours = document, await read(copy)
    for part in theirs:
        if isinstance(theirs[part], list):
            there = {one["code"]: one for one in ours[part]}
            assert {one["code"]: there[one["code"]] for one in theirs[part]} == {
                one["code"]: one for one in theirs[part]
            }
        else:
            assert theirs[part] == ours[part], part


async def test_a_trial_tells_the_same_and_writes_nothing(pharmacy: Chain, new_chain: Any) -> None:
    document, copy = await read(pharmacy), await new_chain(template="gym")
    before = await digest(copy)
    tried = await put(copy, document, dry_run=True)
    assert await digest(copy) == before
    done = await put(copy, document)
    assert {**tried, "dry_run": False} == {
        **done,
        "data": [
            {**one, "error": one["error"] and {**one["error"], "instance": same}}
            for one, same in _instances(done, tried)
        ],
    }
    assert tried["added"] > 0


def _instances(done: Json, tried: Json) -> list[tuple[Json, str]]:
    """Each problem names its own request."""
    return [
        (one, (other["error"] or {}).get("instance", ""))
        for one, other in zip(done["data"], tried["data"], strict=True)
    ]


async def test_what_differs_is_told_in_words_and_changed(new_chain: Any) -> None:
    chain: Chain = await new_chain(template="pharmacy")
    document = await read(chain)
    coupon, reward = document["coupons"][0], document["rewards"][0]
    coupon["value"] = {"type": "amount", "amount": 12_300}
    coupon |= {"valid_days": None, "valid_until": "2099-01-01"}
    reward["points"] += 1
    document["settings"]["clerk_points"] = 7
    document["join_page"] = {"open": False, "words": {"en": "Closed today"}, "privacy_url": None}
    document["programme"]["points"]["per_unit"] = "3"
    told = await put(chain, document, **{"Accept-Language": "zh-CN"})
    lines = {one["part"]: one for one in told["data"] if one["outcome"] == "changed"}
    assert told["changed"] == len(lines) == 5
    assert lines["coupons"]["changes"] == ["优惠内容", "有效期"]
    assert lines["coupons"]["text"].endswith("更改（优惠内容、有效期）")
    assert lines["settings"]["changes"] == ["店员权限额度"]
    assert any("3" in text for text in lines["programme"]["changes"])
    after = await read(chain)
    assert after["coupons"][0] == coupon
    assert (after["rewards"][0], after["settings"], after["join_page"]) == (
        reward,
        document["settings"],
        document["join_page"],
    )
    assert (await chain.http.get("/v1/programme/draft")).json()["points"]["per_unit"] == "3"
    document["programme"]["points"]["per_unit"] = "4"
    (refused,) = [one for one in (await put(chain, document))["data"] if one["outcome"] == "refused"]
    assert refused["error"]["type"] == "/problems/draft-in-the-way"


async def test_what_has_ended_is_given_again_and_pieces_stay(new_chain: Any) -> None:
    chain: Chain = await new_chain(template="pharmacy")
    document = await read(chain)
    coupons = (await chain.http.get("/v1/coupons")).json()["data"]
    await chain.http.patch(f"/v1/coupons/{coupons[0]['id']}", json={"ended": True})
    rewards = (await chain.http.get("/v1/rewards")).json()["data"]
    counted = {"pieces": 5}
    assert (await chain.http.post(f"/v1/rewards/{rewards[0]['id']}/stock", json=counted)).status_code in {200, 201}
    stock = (await chain.http.get(f"/v1/rewards/{rewards[0]['id']}")).json()["stock"]
    document["rewards"][0]["stock"] = 0
    found = await put(chain, document)
    assert by_outcome(found, "changed") == {("coupons", coupons[0]["code"])}
    assert (await chain.http.get(f"/v1/coupons/{coupons[0]['id']}")).json()["ended_at"] is None
    assert (await chain.http.get(f"/v1/rewards/{rewards[0]['id']}")).json()["stock"] == stock


async def test_another_currency_and_a_document_with_faults_change_nothing(chain: Chain) -> None:
    document = await read(chain)
    answer = await chain.http.put("/v1/configuration", json={"document": {**document, "currency": "USD"}})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/configuration-currency")
    document["coupons"][0]["code"] = "Not a code"
    document["robots"] = []
    answer = await chain.http.put("/v1/configuration", json={"document": document})
    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == {"/document/coupons/0/code", "/document/robots"}


@pytest.mark.parametrize("bound", [False, True])
async def test_it_is_for_who_may_everything_everywhere(chain: Chain, bound: bool) -> None:
    asked: Json = {"name": "x", "scopes": ["admin"], "branch_ids": [chain.branch_id]}
    if not bound:
        asked = {"name": "x", "scopes": ["programme:write"]}
    document = await read(chain)
    key = (await chain.http.post("/v1/api-keys", json=asked)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for method in ("GET", "PUT"):
        sent = {"document": {**document, "join_page": None}, "dry_run": True}
        denied = await chain.http.request(method, "/v1/configuration", headers=headers, json=sent)
        assert (denied.status_code, denied.json()["type"]) == (
            403,
            "/problems/not-permitted" if bound else "/problems/forbidden",
        )


async def test_a_running_campaign_is_left_alone(pharmacy: Chain, new_chain: Any) -> None:
    chain: Chain = await new_chain(template="general")
    document = await read(chain)
    campaigns = (await chain.http.get("/v1/campaigns")).json()["data"]
    (one,) = [x for x in campaigns if x["code"] == document["campaigns"][0]["code"]]
    started = await chain.http.post(f"/v1/campaigns/{one['id']}/start")
    assert started.status_code == 200, started.text
    document["campaigns"][0]["names"]["en"] = "Another name"
    found = await put(chain, document)
    (refused,) = [item for item in found["data"] if item["outcome"] == "refused"]
    assert (refused["part"], refused["error"]["type"]) == ("campaigns", "/problems/campaign-not-draft")


async def send(browser: httpx.AsyncClient, content: bytes) -> httpx.Response:
    token = csrf_of((await browser.get("/settings/copy")).text)
    files = {"file": ("c.json", content, "application/json")}
    return await browser.post("/settings/copy", data={"_csrf": token}, files=files)


async def test_the_owner_copies_by_the_page(app: Any, pharmacy: Chain, new_chain: Any) -> None:
    copy: Chain = await new_chain(template="general")
    async with logged_in(app, pharmacy) as browser:
        file = await browser.get("/settings/copy/configuration.json")
        assert "attachment" in file.headers["content-disposition"]
    async with logged_in(app, copy) as browser:
        for content, status in ((b"", 422), (b"{", 400), (b'{"format": 1}', 422)):
            assert (await send(browser, content)).status_code == status
        looked = await send(browser, b"\xef\xbb\xbf" + file.content)
        assert looked.status_code == 200
        assert "What would change" in looked.text
        assert (await copy.http.get("/v1/programme/draft")).status_code == 404
        (document,) = re.findall(r'name="document" value="([^"]*)"', looked.text)
        sent = {"_csrf": csrf_of(looked.text), "document": unescape(document)}
        taken = await browser.post("/settings/copy/take", data=sent)
        assert "What was taken over" in taken.text
        assert (await copy.http.get("/v1/programme/draft")).status_code == 200
        assert "took a set-up over" in (await browser.get("/audit")).text
