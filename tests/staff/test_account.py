"""`/account`: everybody's own name, language, password, PIN and sessions; and the owner's rules."""

from typing import Any

import pytest
from support.at_the_counter import session
from support.browsing import log_in, new_browser
from support.chains import Chain
from support.colleagues import PASSWORD, hire

from saas.account.own import device_name
from tenants.staff.pins import require_pin

NEW = "another long secret"


@pytest.fixture
async def clerk(app: Any, chain: Chain) -> dict[str, Any]:
    return await hire(app, chain, role="clerk")


async def test_name_and_language(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        for bad in ("", "  ", "x" * 300, "a\nb\x00"):
            answer = await browser.post("/account/name", data={"name": bad})
            assert (answer.status_code, 'aria-describedby="about-name"' in answer.text) == (422, True), bad
        assert (await browser.post("/account/name", data={"name": "<b>王小芳"})).status_code == 303
        page = (await browser.get("/account?done=name")).text
        assert "&lt;b&gt;王小芳" in page
        assert (await chain.http.get(f"/v1/staff/{clerk['id']}")).json()["name"] == "<b>王小芳"
        assert (await browser.post("/account/language", data={"language": "fr"})).status_code == 303
        changed = await browser.post("/account/language", data={"language": "zh-CN"})
        assert "regulars_language=zh-CN" in changed.headers["set-cookie"]
    async with new_browser(app, language="en") as elsewhere:
        await log_in(elsewhere, clerk["email"], PASSWORD)
        assert "我的账号" in (await elsewhere.get("/account")).text


async def test_a_new_password_ends_every_other_session(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser, session(app, clerk["email"]) as other:
        for current, new in (("wrong", NEW), (PASSWORD, "short"), (PASSWORD, clerk["email"]), ("", NEW)):
            answer = await browser.post("/account/password", data={"current": current, "password": new})
            assert answer.status_code == 422
            assert current not in answer.text or not current
        assert (await other.get("/overview")).status_code == 200
        assert "Where you are logged in" in (await browser.get("/account")).text
        done = await browser.post("/account/password", data={"current": PASSWORD, "password": NEW})
        assert done.status_code == 303
        assert (await browser.get("/overview")).status_code == 200
        assert (await other.get("/overview")).status_code == 303
    async with new_browser(app) as browser:
        assert (await log_in(browser, clerk["email"], PASSWORD)).status_code == 401
        assert (await log_in(browser, clerk["email"], NEW)).status_code == 303
    log = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert "account.password_change" in log


async def test_guessing_the_password_is_stopped(app: Any, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        sent = {"current": "wrong", "password": NEW}
        tries = [await browser.post("/account/password", data=sent) for _ in range(11)]
        assert [answer.status_code for answer in tries] == [422] * 10 + [429]
        right = await browser.post("/account/pin", data={"current": PASSWORD, "pin": "2580"})
        assert (right.status_code, "Too many tries" in right.text) == (429, True)


async def test_a_pin_needs_the_password(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        for pin in ("", "123", "1234", "9876", "0000", "8901", "123456789", "25٨0", "25 80"):
            answer = await browser.post("/account/pin", data={"current": PASSWORD, "pin": pin})
            assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True), pin
        assert (await browser.post("/account/pin", data={"current": "wrong", "pin": "2580"})).status_code == 422
        assert "With a PIN" in (await browser.get("/account")).text
        assert (await browser.post("/account/pin", data={"current": PASSWORD, "pin": "2580"})).status_code == 303
        page = (await browser.get("/account?done=pin")).text
        assert "Your PIN is set." in page
        assert "2580" not in page
        assert (await browser.post("/account/pin/drop")).status_code == 303
        assert (await browser.post("/account/pin/drop")).status_code == 303
        assert "With a PIN" in (await browser.get("/account")).text
    log = [row["action"] for row in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert (log.count("staff.set_pin"), log.count("staff.drop_pin")) == (1, 1)


async def test_the_others_are_ended_at_once(app: Any, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser, session(app, clerk["email"]) as other:
        page = (await browser.get("/account")).text
        assert "Log out everywhere else" in page
        for given in ({}, {"current": "wrong"}):
            refused = await browser.post("/account/sessions/end", data=given)
            assert (refused.status_code, 'aria-describedby="about-sessions-current"' in refused.text) == (422, True)
        assert (await other.get("/overview")).status_code == 200
        assert (await browser.post("/account/sessions/end", data={"current": PASSWORD})).status_code == 303
        assert (await other.get("/overview")).status_code == 303
        assert "Log out everywhere else" not in (await browser.get("/account?done=sessions")).text


async def test_nothing_without_the_pages_token(app: Any, clerk: dict[str, Any]) -> None:
    async with session(app, clerk["email"]) as browser:
        del browser.headers["X-CSRF-Token"]
        for path in ("name", "language", "password", "pin", "pin/drop", "sessions/end", "till"):
            assert (await browser.post(f"/account/{path}", data={"current": PASSWORD})).status_code == 403
        for path in ("begin", "confirm", "codes", "off"):
            assert (await browser.post(f"/account/second-factor/{path}")).status_code == 403
        assert (await browser.post("/lock/now")).status_code == 403


async def test_the_owner_sets_the_rules(app: Any, chain: Chain, clerk: dict[str, Any]) -> None:
    async with session(app, chain.email, chain.password) as boss, session(app, clerk["email"]) as browser:
        assert (await browser.get("/staff/rules")).status_code == 403
        assert (await browser.post("/staff/rules", data={"clerk_points": "9", "clerk_money": "9"})).status_code == 403
        page = (await boss.get("/staff/rules")).text
        assert ('value="1000"' in page, 'value="500.00"' in page) == (True, True)
        for points, money in (
            ("-1", "1"),
            ("1.5", "1"),
            ("", "1"),
            ("²", "1"),
            ("1", "x"),
            ("1", "-1"),
            ("1", "0.001"),
        ):
            answer = await boss.post("/staff/rules", data={"clerk_points": points, "clerk_money": money})
            assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True), (points, money)
        assert (await boss.post("/staff/rules", data={"clerk_points": "0", "clerk_money": "88.5"})).status_code == 303
        kept = (await chain.http.get("/v1/staff-rules")).json()
        assert kept == {"clerk_points": 0, "clerk_money": 8850, "second_factor": False}
        assert (await chain.http.patch("/v1/staff-rules", json={"clerk_money": -1})).status_code == 422
        assert (await browser.get("/v1/approvals/people")).json()["limits"] == {"points": 0, "money": 8850}


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130 Safari/537.36",
            "Chrome · Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0", "WeChat · iPhone"),
        ("curl/8", ""),
    ],
)
def test_devices_by_name(agent: str, name: str) -> None:
    assert device_name(agent) == name


def test_pins() -> None:
    assert [require_pin(pin) for pin in ("2580", "1357", "11112222", "1212")] == ["2580", "1357", "11112222", "1212"]
