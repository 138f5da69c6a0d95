"""Consents as a till sends them: with a purchase, in its transaction."""

import asyncio
import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest
from paying import by_sms, qr, set_pin
from support.chains import Chain
from support.clock import owner
from support.till import buy, member, rows

import tenants.confirming.pins
from saas.passwords import check_password

ABOVE = 20_001  # the general template asks for a consent above 200.00


async def rich(chain: Chain, **fields: Any) -> str:
    """A member with 500.00 in its wallet."""
    one = await member(chain, **fields)
    paid_in = {"member_id": one, "branch_id": chain.branch_id, "external_id": secrets.token_hex(4), "amount": 50_000}
    answer = await chain.http.post("/v1/wallet/top-ups", json=paid_in)
    assert answer.status_code == 201, answer.text
    return one


async def pays(chain: Chain, external_id: str, consent: Any = None, amount: int = ABOVE, **who: Any) -> httpx.Response:
    return await buy(chain, external_id, amount, wallet_amount=amount, wallet_consent=consent, **who)


def outcome(answer: httpx.Response) -> str:
    return str(answer.status_code) if answer.is_success else answer.json()["type"].removeprefix("/problems/")


async def test_above_the_limit_only_with_a_consent(chain: Chain, drain: Any) -> None:
    one = await rich(chain, phone="13800138000")
    assert outcome(await pays(chain, "1", amount=20_000, member_id=one)) == "201"
    assert outcome(await pays(chain, "2", member_id=one)) == "consent-required"
    wrong = {"type": "pin", "pin": "204816"}
    refused = await pays(chain, "2", wrong, member_id=one)
    assert outcome(refused) == "consent-refused"
    assert "204816" not in refused.text
    sms = {"type": "sms", "code": await by_sms(chain, drain, one, ABOVE)}
    assert outcome(await pays(chain, "2", sms, member_id=one)) == "201"
    assert len(await rows(chain, "purchase")) == 2


async def test_a_code_names_the_member_and_pays_with_one_scan(chain: Chain) -> None:
    one = await rich(chain)
    code = (await qr(chain, one))["code"]
    consent = {"type": "qr", "code": code}
    first = await pays(chain, "1", consent, member_code=code)
    assert (outcome(first), first.json()["member_id"]) == ("201", one)
    assert outcome(await pays(chain, "2", consent, member_code=code)) == "code-ended"
    assert outcome(await pays(chain, "2", consent, member_id=one)) == "consent-refused"


async def test_a_till_that_never_heard_the_answer_gets_it_again(chain: Chain) -> None:
    one = await rich(chain)
    code = (await qr(chain, one))["code"]
    for who in ({"member_code": code}, {"member_id": one}):
        number = secrets.token_hex(4)
        consent = {"type": "qr", "code": code}
        first = await pays(chain, number, consent, **who)
        again = await pays(chain, number, consent, **who)
        assert (first.status_code, again.status_code) == (201, 200), again.text
        assert again.json()["id"] == first.json()["id"]
        code = (await qr(chain, one))["code"]


async def test_one_code_at_two_tills_pays_once(chain: Chain) -> None:
    for n in range(3):
        one = await rich(chain)
        consent = {"type": "qr", "code": (await qr(chain, one))["code"]}
        answers = await asyncio.gather(*(pays(chain, f"{n}-{k}", consent, member_id=one) for k in range(2)))
        assert sorted(map(outcome, answers)) == ["201", "consent-refused"]


async def test_wrong_tries_count_though_nothing_was_written(chain: Chain) -> None:
    one = await rich(chain)
    await set_pin(chain, one, "204816")
    tried = [outcome(await pays(chain, "1", {"type": "pin", "pin": f"20481{n}"}, member_id=one)) for n in range(5)]
    assert tried == ["consent-refused"] * 5
    answer = await pays(chain, "1", {"type": "pin", "pin": "204816"}, member_id=one)
    assert (answer.status_code, outcome(answer)) == (429, "rate-limited")
    assert int(answer.headers["retry-after"]) > 1
    assert await rows(chain, "purchase") == []


async def test_a_payment_that_fails_leaves_the_code_good(chain: Chain) -> None:
    one = await rich(chain)
    consent = {"type": "qr", "code": (await qr(chain, one))["code"]}
    tenders = [{"type": "cash", "amount": 1}]
    failed = await buy(chain, "1", ABOVE, wallet_amount=ABOVE, wallet_consent=consent, member_id=one, tenders=tenders)
    assert failed.is_error
    assert outcome(await pays(chain, "1", consent, amount=90_000, member_id=one)) == "wallet-balance-too-low"
    assert outcome(await pays(chain, "1", consent, member_id=one)) == "201"


async def test_what_is_no_consent_is_named_without_being_quoted(chain: Chain) -> None:
    one = await rich(chain)
    for consent in ({"type": "pin", "pin": "20481X"}, {"type": "sms", "code": "SECRET"}, {"type": "card", "no": "1"}):
        answer = await pays(chain, "1", consent, member_id=one)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("/wallet_consent")
        assert "20481X" not in answer.text
        assert "SECRET" not in answer.text


async def test_nobody_waits_while_a_pin_is_looked_at(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 takes a good part of a second: the member isn't locked by then."""
    one = await rich(chain)
    await set_pin(chain, one, "204816")
    looked, free = 0, "SELECT 1 FROM member WHERE tenant_id = $1 AND id = $2 FOR UPDATE NOWAIT"

    async def check(stored: str | None, pin: str) -> bool:
        nonlocal looked
        looked += 1
        assert await (await owner()).fetchval(free, chain.tenant_id, UUID(one)) == 1
        return await check_password(stored, pin)

    monkeypatch.setattr(tenants.confirming.pins, "check_password", check)
    pin = {"type": "pin", "pin": "204816"}
    assert outcome(await pays(chain, "1", pin, member_id=one)) == "201"
    assert outcome(await pays(chain, "1", pin, member_id=one)) == "200"
    assert outcome(await pays(chain, "2", {"type": "pin", "pin": "204817"}, member_id=one)) == "consent-refused"
    assert looked == 2  # the repeat needs none


async def test_a_pin_that_changed_while_it_was_looked_at_is_looked_at_again(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await rich(chain)
    await set_pin(chain, one, "204816")
    seen: list[bool] = []

    async def check(stored: str | None, pin: str) -> bool:
        seen.append(await check_password(stored, pin))
        if len(seen) == 1:
            await (await owner()).execute("DELETE FROM member_pin WHERE tenant_id = $1", chain.tenant_id)
        return seen[-1]

    monkeypatch.setattr(tenants.confirming.pins, "check_password", check)
    answer = await pays(chain, "1", {"type": "pin", "pin": "204816"}, member_id=one)
    assert (outcome(answer), seen) == ("consent-refused", [True, False])
