"""Secrets and people planted in every kind of request: none comes up in the log, in a metric or in a refusal.

What an exception of ours or of a library might quote is part of it: the handlers are made to fail with it.
"""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain

from saas.logs import formatter
from saas.running import describe

PASSWORD = "plantedplanted-password"
TOKEN = "PlantedTokenPlantedTokenPlantedTokenPlanted"
KEY = "rk_live_PLANTED00aa_PLANTEDSECRETPLANTEDSECRET_0a1b2c3d"
CODE = "PLAN-TEDC-ODEE-9876"
PHONE = "13957113957"
CARD = "88913957666"
EMAIL = "planted.person@planted.example"
NAME = "计划种"
SECRETS = (PASSWORD, TOKEN, KEY, KEY[8:], CODE)
PEOPLE = (PHONE, CARD, "planted.person", NAME)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the process logs, libraries too, as it would stand in the file."""
    root, handler = logging.getLogger(), logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(formatter("json"))
    level = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


def leaked(text: str, planted: tuple[str, ...]) -> list[str]:
    return [one for one in planted if one.lower() in text.lower()]


async def everything(app: Any, chain: Chain) -> list[httpx.Response]:
    """A request of every kind, with something planted in each place that a caller fills."""
    api, headers = chain.http, {"Idempotency-Key": TOKEN, "Approval": TOKEN}
    member = {"phone": PHONE, "name": NAME, "card_no": CARD, "external_id": TOKEN}
    async with new_browser(app) as browser:
        answers = [
            await log_in(browser, EMAIL, PASSWORD),
            await log_in(browser, chain.email, PASSWORD),
            await browser.get(f"/login?next=/{TOKEN}", headers={"Cookie": f"regulars_session={TOKEN}"}),
            await browser.get(f"/reset/{TOKEN}"),
            await browser.post(f"/reset/{TOKEN}", data={"password": PASSWORD, "_form": TOKEN, "code": CODE}),
            await browser.get(f"/invitation/{TOKEN}"),
            await browser.post(f"/invitation/{TOKEN}", data={"password": PASSWORD, "name": NAME}),
            await browser.get(f"/c/{TOKEN}"),
            await browser.get(f"/exports/files/{TOKEN}"),
            await browser.post("/login/code", data={"ticket": TOKEN, "code": CODE}),
            await browser.post("/lock", data={"pin": CODE, "staff_id": TOKEN}),
            await browser.post("/forgot", data={"email": EMAIL}),
            await browser.post("/operator/login", data={"email": EMAIL, "password": PASSWORD}),
            await browser.get("/v1/members", headers={"Authorization": f"Bearer {KEY}"}),
            await browser.get("/v1/members", headers={"Authorization": f"Basic {TOKEN}"}),
            await browser.post("/stripe/webhook", json={"data": TOKEN}, headers={"Stripe-Signature": TOKEN}),
            await browser.post("/v1/signup", json={"email": EMAIL, "password": PASSWORD, "company": NAME}),
        ]
        await log_in(browser, chain.email, chain.password)
        token = csrf_of((await browser.get("/account")).text)
        own = {"_csrf": token, "current": PASSWORD, "password": PASSWORD, "pin": CODE, "code": CODE}
        forms = ("password", "pin", "sessions/end", "second-factor/begin", "second-factor/off")
        answers += [await browser.post(f"/account/{path}", data=own) for path in forms]
        answers.append(await browser.post("/account/name", data={"_csrf": TOKEN, "name": NAME}))
    answers += [
        await api.post("/v1/members", json=member, headers=headers),
        await api.post("/v1/members", json={**member, "password": PASSWORD, "phone": [PHONE]}),
        await api.post("/v1/members", json={**member, "name": NAME * 200}),
        await api.post("/v1/members", content=f'{{"phone": "{PHONE}", "token": "{TOKEN}"'.encode()),
        await api.get("/v1/members", params={"phone": PHONE, "q": NAME, "cursor": TOKEN}),
        await api.get("/v1/members", params={"card_no": CARD, "limit": PHONE}),
        await api.get(f"/v1/members/{TOKEN}"),
        await api.post(f"/v1/cards/{CARD}/report-lost"),
        await api.post(f"/v1/cards/{TOKEN}/replace", json={"card_no": CARD}),
        await api.post("/v1/approvals", json={"pin": CODE, "staff_id": TOKEN, "act": NAME}),
        await api.post("/v1/webhooks", json={"url": f"https://u:{PASSWORD}@10.0.0.1/{TOKEN}", "types": [TOKEN]}),
        await api.post(
            "/v1/imports", files={"file": ("m.csv", f"phone,name\n{PHONE},{NAME}\n")}, data={"options": TOKEN}
        ),
        await api.post("/v1/purchases", json={"phone": PHONE, "wallet_consent": TOKEN, "coupons": [TOKEN]}),
        await api.request("REPORT", f"/v1/{TOKEN}?password={PASSWORD}"),
    ]
    return answers


async def test_no_request_leaves_a_trace_of_what_was_in_it(app: Any, chain: Chain, log: io.StringIO) -> None:
    answers = await everything(app, chain)
    lines = log.getvalue()
    assert leaked(lines, (*SECRETS, *PEOPLE, chain.email, chain.password, chain.key)) == []
    assert all(json.loads(line)["event"] for line in lines.splitlines())
    assert lines.count('"security"') > 5, "it was listening"
    async with new_browser(app) as nobody:
        assert leaked((await nobody.get("/metrics")).text, (*SECRETS, *PEOPLE)) == []
    assert {answer.status_code for answer in answers} >= {200, 201, 401, 403, 404, 422}
    for answer in answers:
        refused = answer.status_code >= 400 and "json" in answer.headers["content-type"]
        planted = (PASSWORD, KEY, CODE, *PEOPLE) if refused else (PASSWORD, KEY, CODE)
        assert leaked(answer.text, planted) == [], answer.request.url
        assert "Traceback" not in answer.text
    assert [answer.request.url.path for answer in answers if answer.status_code >= 500] == []


QUOTED = [
    f"INSERT failed for {PHONE}: Authorization: Bearer {KEY}",
    f"(phone)=(+86{PHONE}), password={PASSWORD}",
    f"{{'email': '{EMAIL}', 'token': '{TOKEN}'}}",
    f"https://user:{PASSWORD}@sms.example/?api_key={TOKEN}",
]


@pytest.mark.parametrize("said", QUOTED)
async def test_what_an_unexpected_error_quotes_stays_within(
    app: Any, chain: Chain, log: io.StringIO, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr("tenants.members.api.enrol", fail)
    answer = await chain.http.post("/v1/members", json={"name": "王"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal"
    assert leaked(answer.text, (*SECRETS, *PEOPLE)) == []
    (line,) = (json.loads(row) for row in log.getvalue().splitlines() if "unexpected error" in row)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "RuntimeError" in line["exception"]
    assert leaked(json.dumps(line), (*SECRETS, PHONE, "planted.person")) == []


@pytest.mark.parametrize("said", QUOTED)
def test_what_a_job_s_failure_quotes_is_not_kept(said: str) -> None:
    assert leaked(describe(RuntimeError(said)), (*SECRETS, PHONE, "planted.person")) == []
