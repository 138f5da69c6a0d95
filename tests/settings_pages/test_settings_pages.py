"""Branches, keys, the audit log and the chain's settings by their pages, without JavaScript."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from support.browsing import csrf_of, log_in, logged_in, new_browser
from support.clock import owner

from saas.billing import steps
from saas.scope import tenant_scope
from saas.worker import load_jobs
from tenants.audit.record import record
from tenants.audit_pages.words import ACTS, NOUNS
from tenants.programme.followers import Sort

SOURCE = Path(__file__).parents[2]


async def post(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    token = csrf_of((await browser.get("/settings")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


async def test_a_branch_is_opened_renamed_closed_and_opened_again(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        opened = await post(browser, "/branches", name="五角场店", code="wjc", kind="franchise")
        assert opened.headers["location"] == "/branches?done=opened"
        again = await post(browser, "/branches", name="五角场店", code="wjc", kind="own")
        assert again.status_code == 409
        assert 'value="五角场店"' in again.text
        assert "about-code" in again.text
        wrong = await post(browser, "/branches", name="", code="a b", kind="none")
        assert wrong.status_code == 422
        assert "about-name" in wrong.text
        assert "about-code" in wrong.text
        page = (await browser.get("/branches")).text
        one = re.search(r'href="(/branches/[0-9a-f-]+)">五角场店', page)
        assert one
        assert "Franchise" in page
        assert (await post(browser, one[1], name="  ", kind="own")).status_code == 422
        changed = await post(browser, one[1], name="江湾店", kind="own")
        assert changed.headers["location"] == "/branches?done=changed"
        assert (await post(browser, one[1], closed="yes")).headers["location"] == "/branches?done=closed"
        assert "Open again" in (await browser.get(one[1])).text
        assert (await post(browser, one[1], closed="no")).headers["location"] == "/branches?done=reopened"
    found = (await chain.http.get("/v1/branches")).json()["data"][-1]
    assert (found["code"], found["name"], found["kind"], found["closed_at"]) == ("wjc", "江湾店", "own", None)


async def test_the_plan_has_room_for_so_many_branches(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/branches")).text
        found = re.search(r"room for (\d+) more", page)
        assert found
        for n in range(int(found[1])):
            assert (await post(browser, "/branches", name=f"B{n}", code=f"b{n}", kind="own")).status_code == 303
        full = (await browser.get("/branches")).text
        assert "no room for more" in full
        assert 'name="code"' not in full
        refused = await post(browser, "/branches", name="X", code="x", kind="own")
        assert refused.status_code == 402


async def test_a_key_is_shown_once_works_and_ends(app: Any, chain: Any, client: httpx.AsyncClient) -> None:
    async with logged_in(app, chain) as browser:
        nothing = await post(browser, "/keys", name="", where="all")
        assert nothing.status_code == 422
        assert "about-scopes" in nothing.text
        assert "about-name" in nothing.text
        some = {"name": "收银", "scopes": ["members:read", "purchases:write"], "where": "some"}
        made = await post(browser, "/keys", **some, branch_ids=[chain.branch_id])
        assert made.status_code == 200, made.text
        key = re.search(r'id="key" class="secret" value="(rk_live_[^"]+)"', made.text)
        assert key
        page = (await browser.get("/keys")).text
        assert key[1] not in page
        assert "Record sales" in page
        assert "never" in page
        auth = {"Authorization": f"Bearer {key[1]}"}
        assert (await client.get("/v1/members", headers=auth)).status_code == 200
        link = re.search(r'href="(/keys/[^/"]+/revoke)">Revoke<span class="sr-only"> 收银', page)
        assert link
        asked = (await browser.get(link[1])).text
        assert "Used last" in asked
        assert (await post(browser, link[1])).headers["location"] == "/keys?done=revoked"
        assert (await post(browser, link[1])).status_code == 303  # a second click ends nothing twice
        assert (await client.get("/v1/members", headers=auth)).status_code == 401
        assert (await browser.get("/keys/nobody/revoke")).status_code == 404
    acts = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert (acts.count("api_key.issue"), acts.count("api_key.revoke")) == (2, 1)  # sign-up makes one


async def test_the_use_of_a_key_is_kept_to_the_hour(chain: Any) -> None:
    from saas.auth import principal_of_key, remembered

    used = "SELECT used_at FROM platform.api_key WHERE tenant_id = $1"
    await chain.http.get("/v1/tenant")
    first = await (await owner()).fetchval(used, chain.tenant_id)
    assert first is not None
    remembered.forget_actor((await principal_of_key(chain.key)).actor)
    await chain.http.get("/v1/tenant")
    assert await (await owner()).fetchval(used, chain.tenant_id) == first


# What is told by a name that is put together: its parts, by the place where they are.
PUT_TOGETHER: dict[str, set[str]] = {
    "billing.{kind}": set(),  # what is registered: below
    "campaign.{act}": {"start", "stop"},
    "programme.{('rebuild' if data.rebuild else 'recalculate')}": {"rebuild", "recalculate"},
    "task.{what.kind}": {"done", "postpone", "skip"},
    "{touched.sort}.follow": set(get_args(Sort)),
}


def test_every_act_has_its_words() -> None:
    load_jobs()  # and with them every operation of billing
    parts = {**PUT_TOGETHER, "billing.{kind}": set(steps._kinds)}
    found = set()
    for folder in ("saas", "tenants"):
        for file in (SOURCE / folder).rglob("*.py"):
            for name in _named(ast.parse(file.read_text(encoding="utf-8"))):
                hole = re.search(r"\{.*\}", name)
                found |= {name} if hole is None else {name.replace(hole[0], part) for part in parts[name]}
    assert len(found) > 100
    assert found - ACTS.keys() == set(), "tenants/audit_pages/words.py says what each act is"
    grouped = [noun for _, nouns in NOUNS.values() for noun in nouns]
    assert {action.partition(".")[0] for action in ACTS} == set(grouped)
    assert len(grouped) == len(set(grouped))


def _named(tree: ast.Module) -> Iterator[str]:
    """What the calls of `record` and `tell_chains` name; of one of several names each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"record", "tell_chains"}:
            for argument in node.args[:2]:
                branches = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                texts = [one.value for one in branches if isinstance(one, ast.Constant)]
                if isinstance(argument, ast.JoinedStr):
                    texts = [ast.unparse(argument).removeprefix("f")[1:-1]]
                yield from (text for text in texts if isinstance(text, str) and "." in text and ":" not in text)


async def test_the_log_is_read_by_who_what_whom_and_when(app: Any, chain: Any) -> None:
    member = (await chain.http.post("/v1/members", json={"name": "林悦", "phone": "18112348654"})).json()["id"]
    await chain.http.patch(f"/v1/members/{member}", json={"name": "=林月"})
    async with logged_in(app, chain) as browser:
        await post(browser, f"/members/{member}")
        page = (await browser.get("/audit")).text
        assert "looked at a whole phone number" in page
        assert f'href="/members/{member}">=林月</a>' in page
        by_key = re.search(r'href="(/audit\?who=key%3A[^"]+)"', page)
        assert by_key
        mine = (await browser.get(unescape(by_key[1]))).text
        assert "changed a member" in mine
        assert "looked at a whole" not in mine
        for query, seen, unseen in (
            ("what=members", "changed a member", "logged in<"),
            ("what=people", "<strong>logged in", "changed a member<"),
            (f"about=member:{member}", "changed a member", "logged in<"),
            ("from=2001-01-01&to=2001-12-31", "Nothing was done", "changed a member<"),
            ("what=none", "Nothing was done", "changed a member<"),
        ):
            page = (await browser.get(f"/audit?{query}")).text
            assert seen in page, query
            assert unseen not in page, query
        wrong = await browser.get("/audit?from=tomorrow")
        assert wrong.status_code == 422
        assert 'aria-describedby="about-days"' in wrong.text
        file = await browser.get("/audit/export.csv?what=members")
        rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
        assert [row[2] for row in rows[1:]] == ["looked at a whole phone number", "changed a member"]
        assert rows[1][3] == "'=林月"


async def test_the_log_has_pages_and_the_api_its_filters(app: Any, chain: Any) -> None:
    async with tenant_scope(chain.tenant_id):
        for n in range(120):
            await record("member.reveal", f"member:{n}")
    async with logged_in(app, chain) as browser:
        address, seen = "/audit?what=members", 0
        while address:
            page = (await browser.get(address)).text
            seen += page.count("<strong>looked at a whole")
            found = re.search(r'href="([^"]+)" rel="next"', page)
            address = unescape(found[1]) if found else ""
        assert seen == 120
    get = chain.http.get
    assert len((await get("/v1/audit-log?action=member.reveal&limit=200")).json()["data"]) == 120
    assert len((await get("/v1/audit-log?target=member:7")).json()["data"]) == 1
    assert (await get("/v1/audit-log?actor=system&action=branch.open")).json()["data"] == []
    assert (await get("/v1/audit-log?since=2199-01-01T00:00:00Z")).json()["data"] == []
    assert (await get("/v1/audit-log?until=soon")).status_code == 422


async def test_settings_are_changed_and_frozen_ones_stay(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/settings")).text
        assert 'name="timezone"' in page
        fields = {"name": "青禾", "locale": "en", "timezone": "Asia/Urumqi", "currency": "HKD"}
        saved = await post(browser, "/settings", **fields, shared_phones="yes")
        assert saved.headers["location"] == "/settings?done=changed"
        tenant = (await chain.http.get("/v1/tenant")).json()
        assert {name: tenant[name] for name in fields} == fields
        assert tenant["shared_phones"] is True
        wrong = await post(browser, "/settings", **{**fields, "name": "", "timezone": "Mars/Base"})
        assert wrong.status_code == 422
        assert "about-name" in wrong.text
        assert "about-timezone" in wrong.text
        member = (await chain.http.post("/v1/members", json={"name": "林"})).json()["id"]
        ticket = {"branch_id": chain.branch_id, "member_id": member, "external_id": "t", "external_amounts": True}
        assert (await chain.http.post("/v1/purchases", json={**ticket, "amount": 100})).status_code == 201
        page = (await browser.get("/settings")).text
        assert 'name="timezone"' not in page
        assert (await post(browser, "/settings", name="青禾", locale="en")).status_code == 303
        assert (await post(browser, "/settings", **{**fields, "currency": "CNY"})).status_code == 409
    assert (await chain.http.get("/v1/tenant")).json()["shared_phones"] is False


@pytest.mark.parametrize("role", ["manager", "clerk", "analyst"])
async def test_only_owners_see_them(app: Any, chain: Any, role: str) -> None:
    from support.colleagues import PASSWORD, hire

    hired = await hire(app, chain, role=role)
    async with new_browser(app) as browser:
        await log_in(browser, hired["email"], PASSWORD)
        page = (await browser.get("/overview")).text
        token = csrf_of(page)
        for path in ("/branches", "/keys", "/audit", "/settings"):
            assert f'href="{path}"' not in page
            assert (await browser.get(path)).status_code == 403
            if path != "/audit":
                assert (await browser.post(path, data={"_csrf": token, "name": "x"})).status_code == 403
        assert (await browser.get("/audit/export.csv")).status_code == 403
