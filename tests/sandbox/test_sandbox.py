"""A sandbox: made, used with keys of its own, made anew and removed; and that it is no part of anything real."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.chains import Chain
from support.clock import owner

from saas import sandboxed
from saas.billing.operations import lock_subscription
from saas.console.looking import chains, installation
from saas.erasing import erase_tenant
from saas.errors import DomainError
from saas.operators.accounts import hold
from saas.samples import people
from saas.sandboxed import Unsent, keep_unsent
from saas.scope import tenant_scope
from sandbox.boxes import Box, count, made
from tenants.imports import batch
from tenants.messages import handing
from tenants.messages.sending import Outgoing, send_all
from tenants.webhooks.carrying import read as read_deliveries

NAMES = {"zh-CN": "常客", "en": "Regular"}


@pytest.fixture(scope="module")
async def box(new_chain: Any, drain: Any, app: Any) -> AsyncIterator[Box]:
    """One whose chain has something of its own."""
    chain: Chain = await new_chain()
    condition = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 2}
    for url, body in (
        ("/v1/branches", {"code": "north", "name": "北店", "kind": "own"}),
        ("/v1/segments", {"code": "regulars", "names": NAMES, "condition": condition}),
        ("/v1/members", {"name": "李", "phone": "13900000001"}),
    ):
        assert (await chain.http.post(url, json=body)).status_code == 201
    async for one in made(chain, drain, app):
        yield one


async def test_it_is_set_up_as_its_chain_is_and_has_none_of_its_members(box: Box) -> None:
    live, test = box.chain.http, box.http
    for url in ("/v1/programme", "/v1/segments", "/v1/coupons", "/v1/message-texts"):
        ours, theirs = (await live.get(url)).json(), (await test.get(url)).json()
        assert _plain(ours) == _plain(theirs), url
    codes = [[one["code"] for one in (await http.get("/v1/branches")).json()["data"]] for http in (live, test)]
    assert codes == [["main", "north"], ["main", "north"]]
    assert (await test.get("/v1/members")).json()["data"] == []
    told = (await test.get("/v1/tenant")).json()
    assert (told["mode"], told["trial_ends_at"]) == ("test", None)
    assert (await live.get("/v1/tenant")).json()["mode"] == "live"


def _plain(value: Any) -> str:
    """Without ids, instants and sources, which are each chain's own."""
    return re.sub(r"'(id|created_at|changed_at|source|published_at)': ('[^']*'|None|datetime[^)]*\))", "", str(value))


async def test_no_key_of_one_works_in_the_other(box: Box, client: httpx.AsyncClient) -> None:
    assert box.key.startswith("rk_test_")
    ours = (await box.chain.http.get("/v1/members")).json()["data"][0]["id"]
    theirs = (await box.http.post("/v1/members", json={"name": "试"})).json()["id"]
    assert (await box.http.get(f"/v1/members/{ours}")).status_code == 404
    assert (await box.chain.http.get(f"/v1/members/{theirs}")).status_code == 404
    for key in (box.key, box.chain.key):
        other = key.replace("rk_test_", "rk_live_") if "test" in key else key.replace("rk_live_", "rk_test_")
        answer = await client.get("/v1/members", headers={"Authorization": f"Bearer {other}"})
        assert answer.status_code == 401
    own = await box.http.post("/v1/api-keys", json={"name": "narrow", "scopes": ["members:read"]})
    assert own.json()["mode"] == "test"
    assert own.json()["key"].startswith("rk_test_")


async def test_what_is_for_one_of_both_is_refused_in_the_other(box: Box) -> None:
    staff = {"email": "new@example.com", "name": "New", "role": "clerk"}
    for method, url, body in (
        ("GET", "/v1/sandbox", None),
        ("POST", "/v1/sandbox", {}),
        ("POST", "/v1/sandbox/reset", None),
        ("DELETE", "/v1/sandbox", None),
        ("POST", "/v1/sandbox/keys", {"name": "x", "scopes": ["admin"]}),
        ("POST", "/v1/staff", staff),  # a link that lets somebody in would lie among the letters
    ):
        answer = await box.http.request(method, url, json=body)
        assert (answer.status_code, _code(answer)) == (409, "live-only"), url
    for method, url in (("GET", "/v1/sandbox/clock"), ("POST", "/v1/sandbox/clock"), ("GET", "/v1/sandbox/letters")):
        moved = {"advance": {"days": 1}} if method == "POST" else None
        answer = await box.chain.http.request(method, url, json=moved)
        assert (answer.status_code, _code(answer)) == (409, "sandbox-only"), url


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_a_chain_has_one_and_only_who_has_all_of_it(box: Box) -> None:
    again = await box.chain.http.post("/v1/sandbox", json={})
    assert (again.status_code, _code(again)) == (409, "sandbox-exists")
    wrong = await box.chain.http.post("/v1/sandbox", json={"template": "none", "variant": "none"})
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/template"]
    wrong = await box.chain.http.post("/v1/sandbox", json={"variant": "none"})
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/variant"]
    bound = {"name": "north", "scopes": ["admin"], "branch_ids": [box.chain.branch_id]}
    key = (await box.chain.http.post("/v1/api-keys", json=bound)).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}
    for method, url in (("GET", ""), ("POST", "/reset"), ("POST", "/keys"), ("DELETE", "")):
        body = {"name": "x", "scopes": ["admin"]} if url == "/keys" else None
        answer = await box.chain.http.request(method, f"/v1/sandbox{url}", json=body, headers=headers)
        assert answer.status_code == 403, url


async def test_a_key_that_was_shown_is_not_made_twice(box: Box) -> None:
    wanted, headers = {"name": "once", "scopes": ["admin"]}, {"Idempotency-Key": "the-same"}
    answers = [await box.chain.http.post("/v1/sandbox/keys", json=wanted, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert _code(answers[1]) == "secret-shown-once"
    other = await box.chain.http.post("/v1/sandbox/keys", json={**wanted, "name": "other"}, headers=headers)
    assert _code(other) == "idempotency-key-reused"
    mine = await box.http.get("/v1/api-keys")
    assert [one["name"] for one in mine.json()["data"]].count("once") == 1
    narrow = {"name": "reader", "scopes": ["members:read"]}
    key = (await box.chain.http.post("/v1/api-keys", json=narrow)).json()["key"]
    answer = await box.chain.http.post("/v1/sandbox/keys", json=wanted, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403


async def test_what_it_would_send_is_kept_and_sent_to_nobody(
    box: Box, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        raise AssertionError("handed over")

    monkeypatch.setattr(handing, "hand_over", never)
    member = {"name": "信", "phone": "13900000002", "consents": {"sms": True}}
    member_id = UUID((await box.http.post("/v1/members", json=member)).json()["id"])
    async with tenant_scope(box.id):
        await send_all([Outgoing(member_id, "sms", "test", "验证码 1234", marketing=False)])
    await drain()
    (letter,) = [one for one in (await box.http.get("/v1/sandbox/letters")).json()["data"] if "1234" in one["body"]]
    assert (letter["channel"], letter["recipient"]) == ("sms", "+8613900000002")
    sent = (await box.http.get(f"/v1/members/{member_id}/messages")).json()["data"]
    assert [one["state"] for one in sent] == ["sent"]
    assert (await box.http.post(f"/v1/members/{member_id}/erase")).status_code < 300
    assert "1234" not in (await box.http.get("/v1/sandbox/letters")).text


async def test_of_letters_the_newest_are_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    from uuid_utils.compat import uuid7

    monkeypatch.setattr(sandboxed, "MOST_LETTERS", 3)
    async with tenant_scope(box.id):
        for n in range(5):
            await keep_unsent([Unsent(uuid7(), "email", "a@example.com", "s", f"letter {n}")])
    pages = [(await box.http.get("/v1/sandbox/letters?limit=2")).json()]
    pages.append((await box.http.get("/v1/sandbox/letters", params={"cursor": pages[0]["next_cursor"]})).json())
    assert [one["body"] for page in pages for one in page["data"]] == ["letter 4", "letter 3", "letter 2"]


async def test_its_webhooks_say_that_they_are_a_test(box: Box) -> None:
    for http, tenant, mode in ((box.http, box.id, "test"), (box.chain.http, box.chain.tenant_id, "live")):
        hook = (await http.post("/v1/webhooks", json={"url": "https://hooks.example.com/x"})).json()["id"]
        sent = (await http.post(f"/v1/webhooks/{hook}/test", json={"type": "tier.changed"})).json()["id"]
        (parcel,) = await read_deliveries(tenant, [UUID(sent)])
        assert parcel.mode == mode
        assert (await http.delete(f"/v1/webhooks/{hook}")).status_code == 204


async def test_it_holds_only_so_many_members(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxed, "MOST_MEMBERS", 1)
    answer = await box.http.post("/v1/members", json={"name": "满"})
    assert (answer.status_code, _code(answer)) == (409, "sandbox-full")
    assert (await box.chain.http.post("/v1/members", json={"name": "不满"})).status_code == 201


async def test_an_import_ends_where_it_is_full(box: Box, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in stays, and the rest isn't brought in by way of one long file."""
    before = await count(box.id, "member")
    monkeypatch.setattr(batch, "BATCH_ROWS", 2)
    monkeypatch.setattr(sandboxed, "MOST_MEMBERS", before + 2)
    rows = b"external_id,name\n" + b"".join(b"f%d,Lin\n" % n for n in range(6))
    sent = {"files": {"file": ("m.csv", rows, "text/csv")}, "data": {"options": '{"kind": "members"}'}}
    begun = await box.http.post("/v1/imports", **sent)
    assert begun.status_code == 202, begun.text
    await drain(box.id)
    told = (await box.http.get(f"/v1/imports/{begun.json()['import_id']}")).json()
    assert (told["state"], told["imported"], told["error"]["code"]) == ("failed", 2, "sandbox-full")
    assert await count(box.id, "member") == before + 2
    again = await box.http.post("/v1/imports", **sent)
    assert (again.status_code, _code(again)) == (409, "sandbox-full")


async def test_it_is_not_billed_nor_counted(box: Box) -> None:
    async with tenant_scope(box.id):
        with pytest.raises(DomainError, match="live-only"):
            await lock_subscription()  # which all that asks Stripe begins with
    rows = await (await owner()).fetch("SELECT name FROM schedule WHERE tenant_id = $1", box.id)
    assert rows
    assert not [row["name"] for row in rows if row["name"].startswith("billing")]
    assert await count(box.id, "platform.stripe_customer") == await count(box.id, "subscription") == 0
    listed = await chains(None, None, None, limit=1000)
    assert box.id not in {line.tenant_id for line in listed}
    assert box.chain.tenant_id in {line.tenant_id for line in listed}
    real = "SELECT count(*) FROM tenant WHERE sample_of IS NULL AND sandbox_of IS NULL"
    assert (await installation()).chains == await (await owner()).fetchval(real)


async def test_it_closes_and_opens_with_its_chain(box: Box, drain: Any) -> None:
    await hold(box.chain.tenant_id, held=True, reason="x")
    await drain()
    refused = await box.http.post("/v1/members", json={"name": "关"})
    assert _code(refused) == "tenant-closed"
    for path in ("", "/reset"):  # it would wait until the chain opens again
        refused = await box.chain.http.post(f"/v1/sandbox{path}", json={})
        assert _code(refused) == "tenant-closed", path
    await hold(box.chain.tenant_id, held=False, reason="x")
    await drain()
    assert (await box.http.post("/v1/members", json={"name": "开"})).status_code == 201


async def test_made_anew_it_is_empty_and_its_keys_go_on(new_chain: Any, drain: Any, app: Any) -> None:
    async for box in made(await new_chain(), drain, app):
        assert (await box.http.post("/v1/members", json={"name": "旧"})).status_code == 201
        branch = (await box.http.get("/v1/branches")).json()["data"][0]["id"]
        bound = {"name": "bound", "scopes": ["admin"], "branch_ids": [branch]}
        gone = (await box.http.post("/v1/api-keys", json=bound)).json()["key"]
        assert (await box.http.post("/v1/sandbox/clock", json={"advance": {"hours": 3}})).status_code == 202
        await drain()
        told = await box.chain.http.post("/v1/sandbox/reset")
        assert (told.status_code, told.json()["state"]) == (202, "resetting")
        assert (await box.chain.http.post("/v1/sandbox/reset")).json()["state"] == "resetting"  # as it is
        await drain()
        assert (await box.chain.http.get("/v1/sandbox")).json()["state"] == "ready"
        assert (await box.http.get("/v1/members")).json()["data"] == []
        clock = (await box.http.get("/v1/sandbox/clock")).json()
        assert (clock["seconds_ahead"], clock["move"]) == (0, None)
        keys = {one["name"]: one["revoked_at"] for one in (await box.http.get("/v1/api-keys")).json()["data"]}
        assert keys["test"] is None
        assert keys["bound"] is not None
        assert gone
        # and then it goes, with its keys
        assert (await box.chain.http.delete("/v1/sandbox")).status_code == 204
        await drain()
        assert (await box.chain.http.get("/v1/sandbox")).json()["state"] == "none"
        for table in ("tenant", "branch", "audit", "clock_move", "platform.api_key", "platform.slug"):
            assert await count(box.id, table) == 0, table
        nothing = await box.chain.http.post("/v1/sandbox/reset")
        assert _code(nothing) == "no-sandbox"


async def test_it_goes_with_its_chain(new_chain: Any, drain: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MEMBERS", 4)
    chain = await new_chain()
    async for box in made(chain, drain, app, {"template": "pharmacy", "samples": True}):
        rules = (await box.http.get("/v1/programme")).json()
        assert rules != (await chain.http.get("/v1/programme")).json()
        assert await count(box.id, "member") == 4
        assert await count(box.id, "purchase") > 4
        await erase_tenant(chain.tenant_id, "left")
        assert await count(box.id, "tenant") == await count(box.id, "member") == 0
        why = "SELECT why FROM platform.erased_tenant WHERE tenant_id = $1"
        assert await (await owner()).fetchval(why, box.id) == "sandbox"
