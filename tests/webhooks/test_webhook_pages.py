"""Webhooks by their pages, without JavaScript."""

import re
from typing import Any

import httpx
from receiver import receiving
from sending_out import happen
from support.browsing import csrf_of, logged_in
from support.chains import Chain

from tenants.webhooks.dispatching import deliver_due


async def post(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    token = csrf_of((await browser.get("/webhooks")).text)
    return await browser.post(path, data={"_csrf": token, **fields})


async def made(browser: httpx.AsyncClient, url: str) -> str:
    """A new endpoint's path."""
    answer = await post(browser, "/webhooks/new", url=url, which="all")
    found = re.search(r'href="(/webhooks/[0-9a-f-]{36})"', answer.text)
    assert found, answer.text
    return found[1]


async def test_a_webhook_is_made_once_and_shows_its_secret_once(app: Any, clean: Chain) -> None:
    async with logged_in(app, clean) as browser:
        assert "No webhooks yet" in (await browser.get("/webhooks")).text
        wrong = await post(browser, "/webhooks/new", url="ftp://x", which="some", description="Our till")
        assert wrong.status_code == 422
        assert 'id="about-url"' in wrong.text
        assert 'id="about-types"' in wrong.text
        assert 'value="Our till"' in wrong.text
        private = await post(browser, "/webhooks/new", url="https://169.254.169.254/", which="all")
        assert "must not lead to a private network" in private.text
        form = (await browser.get("/webhooks/new")).text
        own = re.search(r'name="once" value="([^"]+)"', form)
        assert own
        fields = {"url": "https://hooks.example.com/in", "which": "some", "types": ["tier.changed", "member.created"]}
        first = await post(browser, "/webhooks/new", **fields, once=own[1])
        secret = re.search(r'class="secret" value="(whsec_[^"]+)"', first.text)
        assert secret
        again = await post(browser, "/webhooks/new", **fields, once=own[1])
        assert again.status_code == 303
        assert secret[1] not in (await browser.get(again.headers["location"])).text
        listed = (await browser.get("/webhooks")).text
        assert listed.count("https://hooks.example.com/in") == 1
        assert "tier.changed" in listed


async def test_it_is_changed_turned_off_and_deleted(app: Any, clean: Chain) -> None:
    async with logged_in(app, clean) as browser:
        path = await made(browser, "https://hooks.example.com/a")
        wrong = await post(browser, f"{path}/edit", url="", which="all")
        assert wrong.status_code == 422
        fields = {"url": "https://hooks.example.com/b", "which": "some", "types": "tier.changed", "description": "ERP"}
        assert (await post(browser, f"{path}/edit", **fields)).headers["location"] == f"{path}?done=changed"
        edit = (await browser.get(f"{path}/edit")).text
        assert re.search(r'value="tier.changed" checked', edit)
        assert 'value="ERP"' in edit
        webhook = f"/v1{path}"
        await clean.http.patch(webhook, json={"types": ["coupon.*", "tier.changed"]})
        ticked = re.findall(r'name="types" value="([^"]+)" checked', (await browser.get(f"{path}/edit")).text)
        await post(browser, f"{path}/edit", **{**fields, "types": [*ticked, "pass.sold"]})
        kept = (await clean.http.get(webhook)).json()["types"]
        assert kept == ["coupon.*", "pass.sold", "tier.changed"]
        await post(browser, f"{path}/edit", **{**fields, "types": [one for one in ticked if one != "coupon.voided"]})
        assert "coupon.*" not in (await clean.http.get(webhook)).json()["types"]
        assert (await post(browser, f"{path}/enabled", enabled="no")).status_code == 303
        off = (await browser.get(path)).text
        assert "Turn on" in off
        assert f'action="{path}/test"' not in off
        assert (await post(browser, f"{path}/test", kind="tier.changed")).status_code == 409
        assert (await post(browser, f"{path}/enabled", enabled="yes")).status_code == 303
        assert "Sending" in (await browser.get(path)).text
        assert "What happens" in (await browser.get(f"{path}/delete")).text
        assert (await post(browser, f"{path}/delete")).headers["location"] == "/webhooks?done=deleted"
        assert (await browser.get(path)).status_code == 404


async def test_what_was_sent_is_seen_and_sent_again(app: Any, clean: Chain, drain: Any) -> None:
    async with logged_in(app, clean) as browser, receiving(answers=[500], said="<b>不行</b>".encode()) as receiver:
        path = await made(browser, receiver.url)
        sent = await post(browser, f"{path}/test", kind="purchase.recorded")
        delivery = sent.headers["location"]
        waiting = (await browser.get(delivery)).text
        assert "Look again" in waiting
        await deliver_due()
        failed = (await browser.get(delivery)).text
        assert "Your server refused it." in failed
        assert "&lt;b&gt;不行&lt;/b&gt;" in failed
        assert "&#34;type&#34;: &#34;purchase.recorded&#34;" in failed
        assert "It fails since" in (await browser.get(path)).text
        assert "fails since" in (await browser.get("/webhooks")).text
        assert (await post(browser, f"{delivery}/retry")).headers["location"] == f"{delivery}?done=again"
        await deliver_due()
        assert "Delivered" in (await browser.get(delivery)).text
        await happen(clean, "tier.changed")
        log = (await browser.get(f"{path}?state=delivered&type=tier.changed")).text
        assert log.count('href="/webhooks/deliveries/') == 1
        assert "Nothing fits" in (await browser.get(f"{path}?state=failed")).text
        assert (await browser.get(f"{path}?state=nonsense&type=nonsense")).status_code == 200
        for fields in ({"from": "", "to": ""}, {"from": "2026-11-02", "to": "2026-11-01"}, {"from": "x", "to": "y"}):
            wrong = await post(browser, f"{path}/replay", what="days", **fields)
            assert wrong.status_code == 422
            assert "about-from" in wrong.text or "about-to" in wrong.text
        begun = await post(browser, f"{path}/replay", what="failed")
        assert begun.headers["location"] == f"{path}?done=replay#log"
        days = await post(browser, f"{path}/replay", **{"what": "days", "from": "2026-01-01", "to": "2190-01-01"})
        assert days.status_code == 303
        await drain(clean.tenant_id)
        heard = len(receiver.heard)
        await deliver_due()
        assert len(receiver.heard) > heard


async def test_a_secret_is_changed_once(app: Any, clean: Chain) -> None:
    async with logged_in(app, clean) as browser:
        path = await made(browser, "https://hooks.example.com/")
        own = re.search(r'name="once" value="([^"]+)"', (await browser.get(f"{path}/secret")).text)
        assert own
        new = await post(browser, f"{path}/secret", overlap_hours="24", once=own[1])
        assert "whsec_" in new.text
        assert "signs along until" in new.text
        again = await post(browser, f"{path}/secret", overlap_hours="24", once=own[1])
        assert (again.status_code, again.headers["location"]) == (303, f"{path}?done=shown")
        at_once = await post(browser, f"{path}/secret", overlap_hours="0")
        assert "signs along until" not in at_once.text
