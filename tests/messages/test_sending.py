"""Messages: sealed until handed over, at least once whatever dies, consent for marketing, failures that show."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sms_gateway import Gateway
from support.chains import Chain
from support.clock import owner
from support.midnights import begin, pass_time
from support.till import member, rows

from saas.clock import tenant_now
from saas.jobs import MAX_ATTEMPTS
from saas.running import run_due
from saas.scope import tenant_scope
from saas.settings import get_settings
from tenants.messages import gateway, handing
from tenants.messages.sending import Outgoing, send, send_all

HASTEN = "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1"


@pytest.fixture
def sms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    made = Gateway()
    settings = get_settings().model_copy(
        update={"sms_gateway_url": made.url, "sms_gateway_token": SecretStr("gateway-token-1")}
    )
    monkeypatch.setattr(gateway, "get_settings", lambda: settings)
    yield made
    made.server.shutdown()
    made.server.server_close()


async def say(chain: Chain, member_id: str, text: str = "您好", **more: Any) -> UUID | None:
    async with tenant_scope(chain.tenant_id):
        return await send(UUID(member_id), more.pop("channel", "sms"), "test", text, **{"marketing": False, **more})


async def state(chain: Chain) -> list[tuple[str, str | None, bool]]:
    return [(row["state"], row["error"], row["sealed"] is None) for row in await rows(chain, "message")]


async def hasten(chain: Chain, drain: Any) -> None:
    """Waits for no backoff."""
    while (await drain(chain.tenant_id)).done or await (await owner()).fetchval(
        "SELECT count(*) FROM outbox WHERE tenant_id = $1", chain.tenant_id
    ):
        await (await owner()).execute(HASTEN, chain.tenant_id)


async def test_a_message_goes_to_the_gateway_once(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000")
    made = await say(chain, one, "优惠 ¥5")
    [kept] = await rows(chain, "message")
    assert kept["state"] == "queued"
    assert "优惠".encode() not in kept["sealed"]
    assert b"138" not in kept["sealed"]
    await hasten(chain, drain)
    [(body, headers)] = sms.seen
    assert body == {"id": str(made), "to": "+8613800138000", "text": "优惠 ¥5"}
    assert (headers["Idempotency-Key"], headers["Authorization"]) == (str(made), "Bearer gateway-token-1")
    assert await state(chain) == [("sent", None, True)]
    listed = (await chain.http.get(f"/v1/members/{one}/messages")).json()["data"]
    assert [(row["id"], row["state"], row["channel"]) for row in listed] == [(str(made), "sent", "sms")]
    assert "text" not in listed[0]


async def test_nothing_is_handed_over_inside_a_scope(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from saas.scope import ScopeClosedError, current

    inside: list[bool] = []

    async def watched(*_: Any) -> None:
        try:
            current()
            inside.append(True)
        except ScopeClosedError:
            inside.append(False)

    monkeypatch.setattr(handing, "hand_over", watched)
    await say(chain, await member(chain, phone="13800138000"))
    await drain(chain.tenant_id)
    assert inside == [False]


async def test_what_rolls_back_is_not_sent(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000")

    async def fails() -> None:
        async with tenant_scope(chain.tenant_id):
            await send(UUID(one), "sms", "test", "x", marketing=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    await drain(chain.tenant_id)
    assert sms.seen == []
    assert await rows(chain, "message") == []


async def test_a_gateway_that_is_away_is_asked_again(chain: Chain, drain: Any, sms: Gateway) -> None:
    sms.answers = [500, 429, 503]
    made = await say(chain, await member(chain, phone="13800138000"))
    await hasten(chain, drain)
    assert [body["id"] for body, _ in sms.seen] == [str(made)] * 4
    assert await state(chain) == [("sent", None, True)]


async def test_in_the_end_it_has_failed_and_that_shows(chain: Chain, drain: Any, sms: Gateway) -> None:
    sms.answers = [503] * 99
    one = await member(chain, phone="13800138000")
    await say(chain, one, "SECRET-TEXT")
    await hasten(chain, drain)
    assert len(sms.seen) == MAX_ATTEMPTS
    assert await state(chain) == [("failed", "HTTP 503", True)]
    [listed] = (await chain.http.get(f"/v1/members/{one}/messages")).json()["data"]
    assert (listed["state"], listed["error"]) == ("failed", "HTTP 503")


@pytest.mark.parametrize("status", [400, 401, 302])
async def test_a_refusal_and_a_redirect_are_final(chain: Chain, drain: Any, sms: Gateway, status: int) -> None:
    sms.answers = [status]
    await say(chain, await member(chain, phone="13800138000"))
    await hasten(chain, drain)
    assert len(sms.seen) == 1
    assert await state(chain) == [("failed", f"HTTP {status}", True)]


async def test_a_gateway_that_nobody_answers_at(
    chain: Chain, drain: Any, sms: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    sms.server.shutdown()
    sms.server.server_close()
    with caplog.at_level(0):
        await say(chain, await member(chain, phone="13800138000"), "SECRET-TEXT")
        await hasten(chain, drain)
    assert await state(chain) == [("failed", "ConnectionRefusedError", True)]
    assert "SECRET-TEXT" not in caplog.text
    assert "13800138000" not in caplog.text


class Died(BaseException):
    """As a process that is gone: nothing after it runs."""


@pytest.mark.parametrize("place", ["before", "after"])
async def test_killed_around_the_hand_over_it_is_sent_again(
    chain: Chain, drain: Any, sms: Gateway, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The message stays queued, its next attempt due after the lease; the id is the same."""
    made = await say(chain, await member(chain, phone="13800138000"))
    real = handing.hand_over

    async def dies(tenant_id: UUID, letter: Any) -> None:
        if place == "after":
            await real(tenant_id, letter)
        raise Died

    monkeypatch.setattr(handing, "hand_over", dies)
    with pytest.raises((Died, BaseExceptionGroup)):
        await drain(chain.tenant_id)
    assert [row["state"] for row in await rows(chain, "message")] == ["queued"]
    monkeypatch.setattr(handing, "hand_over", real)
    await hasten(chain, drain)
    assert [body["id"] for body, _ in sms.seen] == [str(made)] * (2 if place == "after" else 1)
    assert await state(chain) == [("sent", None, True)]


async def test_a_repeated_job_sends_nothing_twice(chain: Chain, drain: Any, sms: Gateway) -> None:
    made = await say(chain, await member(chain, phone="13800138000"))
    payload = {"ids": [str(made)], "attempt": 0, "by_day": False}

    async def run() -> None:
        async with tenant_scope(chain.tenant_id):
            await handing.take_and_send(payload)

    await asyncio.gather(*(run() for _ in range(4)))
    await hasten(chain, drain)
    assert len(sms.seen) == 1


async def test_what_waits_for_the_day_is_not_tried_again_at_night(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000")
    evening = datetime.fromisoformat("2031-03-12T20:59:59+08:00")
    sms.answers = [503, 503]
    await begin(chain, evening, "Asia/Shanghai")
    async with tenant_scope(chain.tenant_id):
        code, offer = (Outgoing(UUID(one), "sms", "test", text, marketing=False) for text in ("code", "offer"))
        await send_all([code])
        await send_all([offer], by_day=True)
    await run_due(chain.tenant_id)
    assert [body["text"] for body, _ in sms.seen] == ["code", "offer"]
    await pass_time(chain, drain, evening + timedelta(hours=12))
    assert [body["text"] for body, _ in sms.seen] == ["code", "offer", "code"]
    assert sorted(row["attempts"] for row in await rows(chain, "message")) == [1, 2]
    await pass_time(chain, drain, evening + timedelta(hours=12, seconds=15))
    assert [body["text"] for body, _ in sms.seen] == ["code", "offer", "code", "offer"]
    assert await state(chain) == [("sent", None, True)] * 2


async def test_marketing_needs_the_consent_of_its_channel(chain: Chain, drain: Any, sms: Gateway) -> None:
    no = await member(chain, phone="13800138000")
    yes = await member(chain, phone="13800138001", consents={"sms": True})
    other = await member(chain, phone="13800138002", consents={"wechat": True, "email": True})
    nobody = await member(chain, consents={"sms": True})
    async with tenant_scope(chain.tenant_id):
        who = [UUID(one) for one in (no, yes, other, nobody)]
        made = await send_all([Outgoing(one, "sms", "campaign:x", "买一送一") for one in who])
    assert [one is not None for one in made] == [False, True, False, False]
    await hasten(chain, drain)
    assert [body["to"] for body, _ in sms.seen] == ["+8613800138001"]


async def test_consent_withdrawn_before_it_went_out(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000", consents={"sms": True})
    await say(chain, one, marketing=True)
    await chain.http.patch(f"/v1/members/{one}", json={"consents": {"sms": False}})
    await hasten(chain, drain)
    assert sms.seen == []
    assert await state(chain) == [("failed", "consent-withdrawn", True)]


async def test_who_leaves_gets_nothing_more(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000")
    await say(chain, one)
    await chain.http.delete(f"/v1/members/{one}")
    assert await state(chain) == [("failed", "member-left", True)]
    await hasten(chain, drain)
    assert sms.seen == []
    assert await say(chain, one) is None


async def test_what_comes_too_late_is_not_sent(chain: Chain, drain: Any, sms: Gateway) -> None:
    one = await member(chain, phone="13800138000")
    async with tenant_scope(chain.tenant_id):
        now = await tenant_now()
        await send(UUID(one), "sms", "test", "x", marketing=False, expires_at=now - timedelta(seconds=1))
    await hasten(chain, drain)
    assert sms.seen == []
    assert await state(chain) == [("failed", "too-late", True)]


async def test_a_merged_records_message_still_goes_out(chain: Chain, drain: Any, sms: Gateway) -> None:
    one, other = await member(chain, name="A"), await member(chain, phone="13800138000")
    await say(chain, other)
    assert (await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})).status_code == 200
    await hasten(chain, drain)
    assert await state(chain) == [("sent", None, True)]
    assert len((await chain.http.get(f"/v1/members/{one}/messages")).json()["data"]) == 1


async def test_who_is_erased_gets_nothing_under_any_record(chain: Chain, drain: Any, sms: Gateway) -> None:
    """The text is gone at once, whenever the job comes."""
    one, other = await member(chain, name="A"), await member(chain, phone="13800138000")
    await say(chain, other)
    assert (await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": other})).status_code == 200
    assert (await chain.http.post(f"/v1/members/{one}/erase", json={})).status_code == 200
    assert await state(chain) == [("failed", "member-left", True)]
    await hasten(chain, drain)
    assert sms.seen == []


async def test_many_at_once_in_jobs_of_fifty(chain: Chain, drain: Any, sms: Gateway) -> None:
    batch = {"items": [{"phone": f"138001{n:05}", "consents": {"sms": True}} for n in range(120)]}
    assert (await chain.http.post("/v1/members:batch", json=batch)).status_code == 200
    made = await rows(chain, "member")
    sms.answers = [503] * 30
    async with tenant_scope(chain.tenant_id):
        await send_all([Outgoing(each["id"], "sms", "campaign:x", "好") for each in made])
    assert len(await rows(chain, "outbox")) == 3
    await hasten(chain, drain)
    assert {row["state"] for row in await rows(chain, "message")} == {"sent"}
    assert len({body["id"] for body, _ in sms.seen}) == 120
    assert len(sms.seen) == 150


async def test_without_a_gateway_the_local_outbox(chain: Chain, drain: Any) -> None:
    wechat = {"app_id": "wx1", "openid": "o1"}
    one = await member(chain, phone="13800138000", wechat=wechat)
    ids = [await say(chain, one), await say(chain, one, channel="wechat"), await say(chain, one, channel="email")]
    await hasten(chain, drain)
    folder = Path(os.environ["FILE_STORE"]) / str(chain.tenant_id) / "outbox"
    found = {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}
    assert ids[2] is None
    assert {key: (each["channel"], each["to"]) for key, each in found.items()} == {
        str(ids[0]): ("sms", "+8613800138000"),
        str(ids[1]): ("wechat", "o1"),
    }
    assert (await chain.http.post(f"/v1/members/{one}/erase", json={})).status_code == 200
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("url", "environment"), [("http://sms.example.com/", "production"), ("ftp://x/", "test")])
def test_an_address_that_would_tell_codes_is_refused(
    url: str, environment: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import ValidationError

    from saas.settings import Settings

    for name, value in {"SMS_GATEWAY_URL": url, "ENVIRONMENT": environment, "PUBLIC_URL": "https://a.example"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()
