"""The owner's pages of staff, without JavaScript."""

import re
from html import unescape
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, logged_in, new_browser
from support.chains import Chain
from support.colleagues import PASSWORD, accept, address_of, hire, invite


async def send(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    token = csrf_of((await browser.get("/overview")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


@pytest.mark.parametrize(("language", "title"), [("en", "Who works here"), ("zh-CN", "在职员工")])
async def test_the_list_is_in_both_languages(app: Any, chain: Chain, language: str, title: str) -> None:
    async with logged_in(app, chain, language=language) as browser:
        page = (await browser.get("/staff")).text
        assert title in page
        assert chain.email in page


async def test_invite_change_and_remove(app: Any, chain: Chain) -> None:
    email = address_of()
    async with logged_in(app, chain) as browser:
        place = {"name": "王芳", "email": email, "role": "clerk", "where": "some", "branch_ids": [chain.branch_id]}
        invited = await send(browser, "/staff", **place)
        assert invited.status_code == 200, invited.text
        link = re.search(r'id="link" value="([^"]+)"', invited.text)
        assert link
        assert link[1] not in (await browser.get("/staff")).text
        twice = await send(browser, "/staff", **place)
        assert twice.status_code == 409
        assert "Already staff or invited" in twice.text
        assert f'value="{email}"' in twice.text

        one = re.search(r'href="(/staff/[0-9a-f-]{36})">Change<span class="sr-only"> 王芳', invited.text)
        assert one
        page = (await browser.get(one[1])).text
        assert "Withdraw the invitation" in page
        fresh = await send(browser, f"{one[1]}/invite")
        new = re.search(r'id="link" value="([^"]+)"', fresh.text)
        assert new
        assert new[1] != link[1]
        async with new_browser(app) as guest:
            assert (await accept(guest, "/invitation/" + unescape(new[1]).rpartition("/")[2])).status_code == 303

        changed = await send(browser, one[1], name="王芳", role="manager", where="all")
        assert (changed.status_code, changed.headers["location"]) == (303, "/staff?done=changed")
        assert "Saved." in (await browser.get("/staff?done=changed")).text
        found = [p for p in (await chain.http.get("/v1/staff")).json()["data"] if p["email"] == email]
        assert [(p["role"], p["branch_ids"], p["state"]) for p in found] == [("manager", None, "active")]

        gone = await send(browser, f"{one[1]}/remove")
        assert gone.headers["location"] == "/staff?done=removed"
        assert (await browser.get(one[1])).status_code == 404
        assert email not in (await browser.get("/staff")).text


async def test_mistakes_are_told_beside_the_field_and_the_input_kept(app: Any, chain: Chain) -> None:
    async with logged_in(app, chain) as browser:
        wrong = await send(browser, "/staff", name="王芳", email="nobody", role="clerk", where="some")
        assert wrong.status_code == 422
        assert 'aria-describedby="about-email"' in wrong.text
        assert 'value="王芳"' in wrong.text
        owner = (await chain.http.get("/v1/staff")).json()["data"][0]
        last = await send(browser, f"/staff/{owner['id']}", name="x", role="clerk", where="all")
        assert last.status_code == 409
        assert "A chain needs an owner." in last.text
        assert (await send(browser, f"/staff/{owner['id']}/remove")).status_code == 409
        both = {"name": "x", "role": "owner", "where": "some", "branch_ids": [chain.branch_id]}
        assert "an owner works at every branch" in (await send(browser, f"/staff/{owner['id']}", **both)).text


async def test_only_owners_see_them(app: Any, chain: Chain) -> None:
    invited = await invite(chain, role="clerk")
    for role in ("manager", "clerk", "analyst"):
        hired = await hire(app, chain, role=role)
        async with new_browser(app) as browser:
            await log_in(browser, hired["email"], PASSWORD)
            assert 'href="/staff"' not in (await browser.get("/overview")).text
            assert (await browser.get("/staff")).status_code == 403
            for path in ("", f"/{invited['id']}", f"/{invited['id']}/remove", f"/{invited['id']}/invite"):
                assert (await send(browser, f"/staff{path}", name="x")).status_code == 403
