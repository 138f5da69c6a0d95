"""Signing up by the pages, without a script: three steps, what each refuses, and that nothing is lost on the way."""

import asyncio
import re
import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.browsing import log_in, new_browser
from support.clock import owner

from saas.settings import get_settings

STATE = {"company": "青禾茶业", "timezone": "Asia/Shanghai", "currency": "CNY"}
PASSWORD = "correct horse battery"


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def new_email() -> str:
    return f"{secrets.token_hex(8)}@example.com"


async def send(browser: httpx.AsyncClient, state: dict[str, str], **changes: str) -> httpx.Response:
    """The last step, filled in."""
    page = (await browser.get("/signup/account", params=state)).text
    form = {"_form": field(page, "_form"), "key": field(page, "key"), "name": "林悦", "password": PASSWORD, **changes}
    return await browser.post("/signup/account", params=state, data=form)


async def test_three_steps_end_on_the_overview_of_a_working_chain(app: Any) -> None:
    email = new_email()
    async with new_browser(app, language="zh-CN") as browser:
        first = await browser.get("/signup")
        assert 'action="/signup/template"' in first.text
        second = await browser.get("/signup/template", params=STATE)
        assert field(second.text, "company") == "青禾茶业"
        assert second.text.count('name="template"') == 9
        done = await send(browser, {**STATE, "template": "tea"}, email=email)
        assert (done.status_code, done.headers["location"]) == (303, "/overview")
        home = await browser.get("/overview")
        assert home.status_code == 200
        assert "青禾茶业" in home.text
        assert "林悦" in home.text
    row = await (await owner()).fetchrow(
        "SELECT t.template, t.locale, t.status,"
        " (SELECT count(*) FROM platform.api_key k WHERE k.tenant_id = t.tenant_id) AS keys"
        " FROM tenant t JOIN staff s USING (tenant_id) WHERE s.email = $1",
        email,
    )
    assert tuple(row) == ("tea", "zh-CN", "trialing", 0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"company": ""}, "field-company"),
        ({"company": "x" * 300}, "field-company"),
        ({"company": "a\u202eb"}, "field-company"),
        ({"timezone": "Mars/Olympus"}, "field-timezone"),
        ({"timezone": "../../etc/passwd"}, "field-timezone"),
        ({"currency": "XXX"}, "field-currency"),
    ],
)
@pytest.mark.parametrize("path", ["/signup/template", "/signup/account"])
async def test_what_is_wrong_with_the_first_step_is_said_there(
    app: Any, path: str, wrong: dict[str, str], told: str
) -> None:
    async with new_browser(app) as browser:
        page = await browser.get(path, params={**STATE, "template": "tea", **wrong})
        assert page.status_code == 422
        assert re.search(rf'id="{told}"[^>]*aria-invalid="true"', page.text), page.text
        assert page.text.count('aria-invalid="true"') == 1
        assert 'name="template" value="tea"' in page.text  # what was chosen stays chosen


async def test_a_template_has_to_be_chosen(app: Any) -> None:
    async with new_browser(app) as browser:
        for state in ({"chosen": "yes"}, {"chosen": "yes", "template": "every"}):
            page = await browser.get("/signup/account", params={**STATE, **state})
            assert page.status_code == 422
            assert "Please choose one of them." in page.text
        unknown = {**STATE, "template": "general", "variant-general": "nope", "chosen": "yes"}
        assert (await browser.get("/signup/account", params=unknown)).status_code == 422
        known = {**STATE, "template": "general", "variant-general": "growth", "variant-tea": "nope"}
        page = await browser.get("/signup/account", params=known)
        assert "Growth value" in page.text


async def test_what_is_wrong_with_the_account_is_said_beside_it_and_the_rest_stays(app: Any) -> None:
    state, taken = {**STATE, "template": "tea"}, new_email()
    async with new_browser(app) as browser:
        assert (await send(browser, state, email=taken)).status_code == 303
    async with new_browser(app) as browser:
        again = await send(browser, state, email=taken.upper(), name="Wang Fang")
        assert again.status_code == 409
        assert re.search(r'id="about-email">This address has an account already. <a href="/login"', again.text)
        assert 'value="Wang Fang"' in again.text
        assert PASSWORD not in again.text
        weak = await send(browser, state, email=new_email(), password="1234567890")
        assert weak.status_code == 422
        assert re.search(r'id="field-password"[^>]*aria-invalid="true"', weak.text)
        assert re.search(r'class="bad" id="about-password"', weak.text)
        nowhere = await send(browser, state, email="me@nowhere")
        assert nowhere.status_code == 422
        assert re.search(r'id="field-email"[^>]*aria-invalid="true"', nowhere.text)
        nobody = await send(browser, state, email="", password="")
        assert nobody.status_code == 422
        assert re.search(r'id="field-email"[^>]*aria-invalid="true"', nobody.text)


async def test_sent_twice_it_is_one_chain(app: Any) -> None:
    state, email = {**STATE, "template": "tea"}, new_email()
    async with new_browser(app) as browser:
        page = (await browser.get("/signup/account", params=state)).text
        form = {"_form": field(page, "_form"), "key": field(page, "key"), "email": email, "password": PASSWORD}
        answers = await asyncio.gather(
            *(browser.post("/signup/account", params=state, data=form) for _ in range(2)),
        )
        late = await browser.post("/signup/account", params=state, data=form)
        assert late.status_code == 303
        assert {answer.status_code for answer in answers} <= {303, 409}
        assert 303 in {answer.status_code for answer in answers}
    count = await (await owner()).fetchval("SELECT count(*) FROM staff WHERE email = $1", email)
    assert count == 1
    async with new_browser(app) as other:  # who has the form's fields, but not its browser, gets nothing
        assert (await other.post("/signup/account", params=state, data=form)).status_code == 403


async def test_a_form_of_another_site_or_too_old_makes_nothing(app: Any) -> None:
    state, email = {**STATE, "template": "tea"}, new_email()
    async with new_browser(app) as browser:
        page = (await browser.get("/signup/account", params=state)).text
        form = {"_form": field(page, "_form"), "key": "k", "email": email, "password": PASSWORD}
        foreign = {"Origin": "https://elsewhere.example"}
        answers = [
            await browser.post("/signup/account", params=state, data=form, headers=foreign),
            await browser.post("/signup/account", params=state, data={**form, "_form": "x"}),
        ]
        for answer in answers:
            assert answer.status_code == 403
            assert f'value="{email}"' in answer.text
    assert await (await owner()).fetchval("SELECT count(*) FROM staff WHERE email = $1", email) == 0


async def test_who_was_logged_in_elsewhere_is_out_there(app: Any, chain: Any) -> None:
    async with new_browser(app) as browser:
        await log_in(browser, chain.email, chain.password)
        before = browser.cookies["regulars_session"]
        await send(browser, {**STATE, "template": "tea"}, email=new_email())
        assert browser.cookies["regulars_session"] != before
        browser.cookies["regulars_session"] = before
        assert (await browser.get("/overview")).status_code == 303


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = get_settings().model_copy(update={"sign_ups_an_hour": 2})
    monkeypatch.setattr("saas.signup.throttle.get_settings", lambda: fewer)


async def test_one_address_makes_only_so_many_chains_an_hour(app: Any, few: None) -> None:
    state = {**STATE, "template": "tea"}
    body = {**STATE, "template": "tea", "locale": "en", "password": PASSWORD}
    where = f"10.9.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    async with new_browser(app, address=where) as browser:
        assert (await send(browser, state, email=new_email(), password="short")).status_code == 422  # counts as nothing
        assert (await send(browser, state, email=new_email())).status_code == 303
        assert (await browser.post("/v1/signup", json={**body, "email": new_email()})).status_code == 201
        much = await send(browser, state, email=new_email())
        assert much.status_code == 429
        assert 3500 < int(much.headers["retry-after"]) <= 3600
        assert "Please wait 60 minutes" in much.text
        answer = await browser.post("/v1/signup", json={**body, "email": new_email()})
        assert (answer.status_code, answer.json()["type"]) == (429, "/problems/rate-limited")
    async with new_browser(app) as neighbour:
        assert (await send(neighbour, state, email=new_email())).status_code == 303


async def test_the_api_takes_the_owners_name(app: Any) -> None:
    email = new_email()
    body = {**STATE, "template": "tea", "locale": "en", "password": PASSWORD, "email": email, "name": " Wang Fang "}
    async with new_browser(app) as browser:
        made = (await browser.post("/v1/signup", json=body)).json()
    name = await (await owner()).fetchval("SELECT name FROM staff WHERE tenant_id = $1", UUID(made["tenant"]["id"]))
    assert name == "Wang Fang"
