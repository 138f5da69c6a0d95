"""The page behind an invitation's link."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from support.browsing import log_in, new_browser
from support.chains import Chain
from support.clock import owner
from support.colleagues import PASSWORD, accept, form_of, hire, invite, path_of

from saas.file_store import file_store


async def state_of(chain: Chain, person: dict[str, Any]) -> str:
    state: str = (await chain.http.get(f"/v1/staff/{person['id']}")).json()["state"]
    return state


async def test_somebody_new_sets_name_and_password_and_is_in(app: Any, chain: Chain) -> None:
    made = await invite(chain, role="clerk")
    async with new_browser(app) as browser:
        page = await browser.get(path_of(made))
        assert page.status_code == 200
        assert made["email"] in page.text
        assert "New password" in page.text
        assert "Clerk" in page.text
        answer = await accept(browser, path_of(made), name="王小芳")
        assert (answer.status_code, answer.headers["location"]) == (303, "/overview")
        assert "王小芳" in (await browser.get("/overview")).text
        again = await browser.get(path_of(made))
        assert again.status_code == 409
        assert "accepted already" in again.text
    assert await state_of(chain, made) == "active"
    rows = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [(row["action"], row["actor"]) for row in rows[:2]] == [
        ("session.login", f"staff:{made['id']}"),
        ("staff.join", f"staff:{made['id']}"),
    ]
    async with new_browser(app) as browser:
        assert (await log_in(browser, made["email"], PASSWORD)).status_code == 303


async def test_who_has_an_account_confirms_with_its_password(app: Any, new_chain: Any) -> None:
    first, second = await new_chain(), await new_chain()
    made = await invite(second, email=first.email, role="analyst")
    async with new_browser(app) as browser:
        assert "Password of your account" in (await browser.get(path_of(made))).text
        wrong = await accept(browser, path_of(made))
        assert wrong.status_code == 422
        assert "The password is not right." in wrong.text
        assert await state_of(second, made) == "invited"
        assert (await accept(browser, path_of(made), password=first.password)).status_code == 303
    async with new_browser(app) as browser:
        assert "Choose a chain" in (await log_in(browser, first.email, first.password)).text


async def test_a_new_link_kills_the_old_one_and_an_old_one_says_so(app: Any, chain: Chain) -> None:
    made = await invite(chain, role="clerk")
    again = await chain.http.post(f"/v1/staff/{made['id']}/invite")
    assert again.status_code == 201
    async with new_browser(app) as browser:
        dead = await browser.get(path_of(made))
        assert dead.status_code == 404
        assert "a newer one has taken its place" in dead.text
        assert (await browser.get(path_of(again.json()))).status_code == 200
        late = "UPDATE staff SET invitation_until = now() - interval '1 s' WHERE tenant_id = $1 AND id = $2"
        await (await owner()).execute(late, chain.tenant_id, UUID(made["id"]))
        gone = await browser.get(path_of(again.json()))
        assert gone.status_code == 410
        assert "seven days" in gone.text
        assert (await browser.post(path_of(again.json()), data={"password": PASSWORD})).status_code == 410


async def test_somebody_who_is_here_is_not_invited_again(app: Any, chain: Chain) -> None:
    hired = await hire(app, chain, role="clerk")
    answer = await chain.http.post(f"/v1/staff/{hired['id']}/invite")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-staff")


async def test_links_that_are_none(app: Any) -> None:
    async with new_browser(app) as browser:
        for text in ("x", "%00", "é", "A" * 64, "A" * 63, "a" * 3000):
            assert (await browser.get(f"/invitation/{text}")).status_code == 404, text
            assert (await browser.post(f"/invitation/{text}", data={})).status_code == 404, text


async def test_what_is_typed_is_checked(app: Any, chain: Chain) -> None:
    made = await invite(chain, role="clerk")
    async with new_browser(app) as browser:
        weak = await accept(browser, path_of(made), password="1234567890", name="王小芳")
        assert weak.status_code == 422
        assert 'aria-invalid="true"' in weak.text
        assert "王小芳" in weak.text
        nameless = await accept(browser, path_of(made), name=" ")
        assert nameless.status_code == 422
        assert 'id="about-name"' in nameless.text
        foreign = await browser.post(path_of(made), data={"name": "x", "password": PASSWORD})
        assert foreign.status_code == 403
    assert await state_of(chain, made) == "invited"


async def test_a_link_is_good_once_however_many_come(app: Any, chain: Chain) -> None:
    made = await invite(chain, role="clerk")
    async with new_browser(app) as browser:
        token = form_of((await browser.get(path_of(made))).text)
        fields = {"_form": token, "name": "王芳", "password": PASSWORD}
        answers = await asyncio.gather(*(browser.post(path_of(made), data=fields) for _ in range(4)))
    assert [answer.status_code for answer in answers].count(303) == 1
    places = "SELECT count(*) FROM platform.account_tenant WHERE staff_id = $1"
    assert await (await owner()).fetchval(places, UUID(made["id"])) == 1


async def test_guessing_the_password_is_throttled(app: Any, new_chain: Any) -> None:
    first, second = await new_chain(), await new_chain()
    made = await invite(second, email=first.email, role="analyst")
    async with new_browser(app) as browser:
        statuses = [(await accept(browser, path_of(made), password=f"wrong {n}")).status_code for n in range(11)]
    assert statuses == [422] * 10 + [429]


async def test_only_the_hash_of_a_link_is_kept(chain: Chain) -> None:
    made = await invite(chain, role="clerk")
    row = await (await owner()).fetchval("SELECT to_jsonb(s)::text FROM staff s WHERE id = $1", UUID(made["id"]))
    assert path_of(made).rpartition("/")[2] not in row


@pytest.mark.parametrize(("locale", "words"), [("zh-CN", "邀请您使用其会员系统，角色：店员"), ("en", "as: Clerk")])
async def test_the_link_goes_by_mail_in_the_chains_language(
    app: Any, new_chain: Any, drain: Any, locale: str, words: str
) -> None:
    chain = await new_chain(locale=locale)
    made = await invite(chain, role="clerk")
    await drain(chain.tenant_id)
    (file,) = (file_store().root / str(chain.tenant_id) / "mail").iterdir()
    letter = json.loads(file.read_text())
    assert letter["to"] == made["email"]
    assert words in letter["text"]
    assert made["invitation"]["url"] in letter["text"].splitlines()
    fresh = (await chain.http.post(f"/v1/staff/{made['id']}/invite")).json()
    await drain(chain.tenant_id)
    letters = [json.loads(f.read_text()) for f in sorted(file.parent.iterdir())]
    for sent, letter in zip((made, fresh), letters, strict=True):
        assert sent["invitation"]["url"] in letter["text"]
