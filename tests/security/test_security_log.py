"""What is tried in vain is written down: what it was, where, by whom as far as that is known, and nothing typed."""

from typing import Any

import pytest
from support.browsing import csrf_of, log_in, logged_in, new_browser
from support.chains import Chain

from saas.login.throttle import TRIES_PER_ACCOUNT
from saas.security_log import COUNT


class Lines(list[dict[str, Any]]):
    """What the log would have, whatever else logs meanwhile and however logging is set up."""

    def info(self, event: str, **told: str) -> None:
        self.append({**told, "event": event, "level": "info"})

    def warning(self, event: str, **told: str) -> None:
        self.append({**told, "event": event, "level": "warning"})


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    monkeypatch.setattr("saas.security_log.log", written := Lines())
    return written


def kinds(lines: Lines) -> list[str]:
    assert {line["event"] for line in lines} == {"security"}
    return [line["kind"] for line in lines]


async def test_log_ins_good_and_bad(app: Any, chain: Chain, lines: Lines) -> None:
    async with new_browser(app, address="203.0.113.9") as browser:
        await log_in(browser, chain.email, "my other password")
        await log_in(browser, "nobody@example.com", "my other password")
        await log_in(browser, chain.email, chain.password)
    bad, nobody, good = lines
    assert (bad["kind"], nobody["kind"], good["kind"]) == ("log-in-refused", "log-in-refused", "log-in")
    assert bad["account"] == good["account"] != ""
    assert nobody["account"] == ""
    assert {line["address"] for line in (bad, nobody, good)} == {"203.0.113.9"}
    assert (bad["level"], good["level"]) == ("warning", "info")
    assert not any(text in repr(lines) for text in ("my other password", chain.password, chain.email, "nobody@"))


async def test_one_try_too_many(app: Any, chain: Chain, lines: Lines) -> None:
    before = COUNT.labels("throttled")._value.get()
    async with new_browser(app) as browser:
        for _ in range(TRIES_PER_ACCOUNT + 1):
            await log_in(browser, chain.email, "wrong wrong wrong")
    assert kinds(lines) == ["log-in-refused"] * TRIES_PER_ACCOUNT + ["throttled"]
    assert COUNT.labels("throttled")._value.get() == before + 1


async def test_keys_forms_and_doors_that_aren_t_theirs(app: Any, chain: Chain, lines: Lines) -> None:
    reader = (await chain.http.post("/v1/api-keys", json={"name": "reader", "scopes": ["reports:read"]})).json()["key"]
    bearer = {"Authorization": f"Bearer {reader}"}
    async with new_browser(app) as nobody:
        await nobody.get("/v1/members")  # nobody tried anything
        await nobody.get("/v1/members", headers={"Authorization": f"Bearer {reader[:-1]}!"})
        await nobody.post("/v1/members", headers=bearer, json={"name": "王"})
    async with logged_in(app, chain) as owner:
        await owner.post("/account/name", data={"name": "x", "_csrf": "y"})
        token = csrf_of((await owner.get("/account")).text)
        await owner.post("/account/name", data={"name": "x", "_csrf": token}, headers={"Origin": "https://e.vil"})
    assert kinds(lines) == ["key-refused", "not-permitted", "log-in", "foreign-form", "foreign-form"]
    assert reader not in repr(lines)
    assert {line["route"] for line in lines if line.get("kind") == "not-permitted"} == {"/v1/members"}


@pytest.mark.parametrize("signature", ["", "t=1,v1=00"])
async def test_a_webhook_that_stripe_did_not_sign(
    client: Any, chain: Chain, signature: str, lines: Lines, monkeypatch: Any
) -> None:
    monkeypatch.setattr("saas.billing.webhook.enabled", lambda: True)
    answer = await client.post("/stripe/webhook", content=b"{}", headers={"Stripe-Signature": signature})
    assert answer.status_code == 400
    assert kinds(lines) == ["foreign-webhook"]
