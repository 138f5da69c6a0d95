"""The member's consent: codes of the card, codes by SMS, PINs; used once, for so much, for a while, few tries."""

import asyncio
import re
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from paying import by_sms, outbox, pay, qr, refusal, set_pin
from support.chains import Chain
from support.clock import owner
from support.till import member

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.scope import tenant_scope
from tenants.confirming.confirm import confirm, member_of_any_code, member_of_code
from tenants.confirming.consent import QrConsent


async def test_a_code_of_the_card_pays_once(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    shown = await qr(chain, one)
    assert shown["qr"].startswith("<svg")
    assert shown["qr"].endswith("</svg>")
    consent = {"type": "qr", "code": shown["code"]}
    assert await refusal(chain, other, consent) == "consent-refused"
    await pay(chain, one, consent, 10**9)
    assert await refusal(chain, one, consent) == "consent-refused"
    # A scanner's capitals don't matter.
    await pay(chain, one, {"type": "qr", "code": (await qr(chain, one))["code"].lower()})


async def test_without_a_consent_nothing(chain: Chain) -> None:
    assert await refusal(chain, await member(chain), None) == "consent-required"


async def test_a_code_for_less_does_not_do_and_stays(chain: Chain) -> None:
    one = await member(chain)
    consent = {"type": "qr", "code": (await qr(chain, one, 500))["code"]}
    assert await refusal(chain, one, consent, amount=501) == "consent-refused"
    await pay(chain, one, consent, 500)


async def test_codes_end(chain: Chain, drain: Any) -> None:
    one = await member(chain, phone="13800138000")
    async with tenant_scope(chain.tenant_id):
        now = await tenant_now()
    consent = {"type": "qr", "code": (await qr(chain, one))["code"]}
    assert await refusal(chain, one, consent, at=now + timedelta(seconds=62)) == "consent-refused"
    await pay(chain, one, consent, at=now + timedelta(seconds=58))
    sms = {"type": "sms", "code": await by_sms(chain, drain, one, 100)}
    assert await refusal(chain, one, sms, at=now + timedelta(minutes=5, seconds=10)) == "consent-refused"
    await pay(chain, one, sms, at=now + timedelta(minutes=4, seconds=50))


async def test_a_rolled_back_payment_leaves_the_code_as_it_was(chain: Chain) -> None:
    one = await member(chain)
    consent = QrConsent(type="qr", code=(await qr(chain, one))["code"])

    async def fails() -> None:
        async with tenant_scope(chain.tenant_id):
            await confirm(UUID(one), 100, consent, await tenant_now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    await pay(chain, one, consent.model_dump())


async def test_two_tills_at_the_same_instant_use_a_code_once(chain: Chain) -> None:
    """Both see it open before either uses it, without the member's lock."""
    one = await member(chain)
    for _ in range(5):
        consent = QrConsent(type="qr", code=(await qr(chain, one))["code"])
        meet = asyncio.Barrier(8)

        async def till(consent: QrConsent = consent, meet: asyncio.Barrier = meet) -> str:
            try:
                async with tenant_scope(chain.tenant_id):
                    now = await tenant_now()
                    await meet.wait()
                    await confirm(UUID(one), 100, consent, now)
                    await asyncio.sleep(0.01)
            except DomainError as refused:
                return refused.code
            return "paid"

        outcomes = await asyncio.gather(*(till() for _ in range(8)))
        assert outcomes.count("paid") == 1
        assert set(outcomes) <= {"paid", "consent-refused", "rate-limited"}
        await forget_tries(chain, one)


async def forget_tries(chain: Chain, member_id: str) -> None:
    from tenants.confirming.throttle import forgive

    await forgive(chain.tenant_id, UUID(member_id))


async def test_an_sms_says_what_it_is_for_and_only_the_last_counts(chain: Chain, drain: Any) -> None:
    one = await member(chain, phone="13800138000")
    first = await by_sms(chain, drain, one, 12_345)
    letter = outbox(chain)[-1]
    assert (letter["to"], letter["channel"]) == ("+8613800138000", "sms")
    assert "¥123.45" in letter["text"]
    assert "青禾连锁" in letter["text"]
    second = await by_sms(chain, drain, one, 100)
    if first != second:
        assert await refusal(chain, one, {"type": "sms", "code": first}) == "consent-refused"
    assert await refusal(chain, one, {"type": "sms", "code": second}, amount=101) == "consent-refused"
    await pay(chain, one, {"type": "sms", "code": second})


async def test_no_sms_without_a_phone_and_no_flood(chain: Chain) -> None:
    nobody, one = await member(chain), await member(chain, phone="13800138000")
    answer = await chain.http.post(f"/v1/members/{nobody}/wallet-codes/sms", json={"amount": 1})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/phone-missing")
    answers = [await chain.http.post(f"/v1/members/{one}/wallet-codes/sms", json={"amount": 1}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900


async def test_a_pin(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    assert await refusal(chain, one, {"type": "pin", "pin": "204816"}) == "consent-refused"
    await set_pin(chain, one, "204816")
    await pay(chain, one, {"type": "pin", "pin": "204816"})
    assert await refusal(chain, other, {"type": "pin", "pin": "204816"}) == "consent-refused"
    await set_pin(chain, one, "135790")
    assert await refusal(chain, one, {"type": "pin", "pin": "204816"}) == "consent-refused"
    await pay(chain, one, {"type": "pin", "pin": "135790"})
    for _ in range(2):
        assert (await chain.http.delete(f"/v1/members/{one}/pin")).status_code == 204
    assert await refusal(chain, one, {"type": "pin", "pin": "135790"}) == "consent-refused"


@pytest.mark.parametrize("pin", ["000000", "123456", "012345", "567890", "987654", "543210"])
async def test_a_pin_that_everybody_takes_is_refused(chain: Chain, pin: str) -> None:
    answer = await chain.http.put(f"/v1/members/{await member(chain)}/pin", json={"pin": pin})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "pin-too-easy")
    assert pin not in answer.text.replace('such as 123456"', "")


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "１２３４５６", 246810, None])
async def test_what_is_no_pin(chain: Chain, pin: Any) -> None:
    answer = await chain.http.put(f"/v1/members/{await member(chain)}/pin", json={"pin": pin})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/pin"


async def test_five_wrong_tries_then_not_even_the_right_one(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    for who in (one, other):
        await set_pin(chain, who, "204816")
    codes = [await refusal(chain, one, {"type": "pin", "pin": f"90817{n}"}) for n in range(6)]
    assert codes == ["consent-refused"] * 5 + ["rate-limited"]
    assert await refusal(chain, one, {"type": "pin", "pin": "204816"}) == "rate-limited"
    assert await refusal(chain, one, {"type": "qr", "code": (await qr(chain, one))["code"]}) == "rate-limited"
    await pay(chain, other, {"type": "pin", "pin": "204816"})
    await forget_tries(chain, one)
    assert [await refusal(chain, one, {"type": "pin", "pin": f"90817{n}"}) for n in range(4)] == ["consent-refused"] * 4
    await pay(chain, one, {"type": "pin", "pin": "204816"})  # a right one makes up for those before it
    assert await refusal(chain, one, {"type": "pin", "pin": "908170"}) == "consent-refused"


async def test_many_tries_at_once_are_five(chain: Chain) -> None:
    one = await member(chain)
    await set_pin(chain, one, "204816")
    codes = await asyncio.gather(*(refusal(chain, one, {"type": "pin", "pin": f"9081{n:02}"}) for n in range(9)))
    assert sorted(codes) == ["consent-refused"] * 5 + ["rate-limited"] * 4


async def test_while_tries_cannot_be_counted_digits_do_not_pay(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await member(chain)
    await set_pin(chain, one, "204816")
    consent = {"type": "qr", "code": (await qr(chain, one))["code"]}
    from pydantic import SecretStr

    from saas.settings import get_settings

    away = get_settings().model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    monkeypatch.setattr("saas.valkey.get_settings", lambda: away)
    assert await refusal(chain, one, {"type": "pin", "pin": "204816"}) == "unavailable"
    await pay(chain, one, consent)


async def test_a_code_names_the_member(chain: Chain) -> None:
    one = await member(chain)
    code = (await qr(chain, one))["code"]
    async with tenant_scope(chain.tenant_id):
        now = await tenant_now()
        assert await member_of_code(code, now) == UUID(one)
        for wrong, at in (("W" + "0" * 20, now), (code, now + timedelta(seconds=62))):
            with pytest.raises(DomainError) as refused:
                await member_of_code(wrong, at)
            assert refused.value.code == "code-ended"
    await pay(chain, one, {"type": "qr", "code": code})
    async with tenant_scope(chain.tenant_id):
        with pytest.raises(DomainError):
            await member_of_code(code, now)
        assert await member_of_any_code(code) == UUID(one)


async def test_a_code_of_another_chain_is_nobodys(chain: Chain, new_chain: Any) -> None:
    code = (await qr(chain, await member(chain)))["code"]
    other = await new_chain()
    async with tenant_scope(other.tenant_id):
        assert await member_of_any_code(code) is None


async def test_the_answer_is_shown_once_and_kept_nowhere(
    chain: Chain, drain: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """No table, log or repeated answer has the code, the digits or the PIN."""
    one = await member(chain, phone="13800138000")
    key = {"Idempotency-Key": secrets.token_hex(8)}
    with caplog.at_level(0):
        first = await chain.http.post(f"/v1/members/{one}/wallet-codes", json={}, headers=key)
        again = await chain.http.post(f"/v1/members/{one}/wallet-codes", json={}, headers=key)
        sms = await chain.http.post(
            f"/v1/members/{one}/wallet-codes/sms", json={"amount": 7}, headers={"Idempotency-Key": secrets.token_hex(8)}
        )
        await set_pin(chain, one, "204816")
        waiting = await everything(chain)
        await drain(chain.tenant_id)
        digits = re.findall(r"\b[0-9]{6}\b", outbox(chain)[-1]["text"])[0]
        for consent in ({"type": "pin", "pin": "204817"}, {"type": "sms", "code": digits}):
            await refusal(chain, one, consent, amount=8)
    assert (sms.status_code, again.status_code, again.json()["type"]) == (202, 409, "/problems/secret-shown-once")
    said = waiting + await everything(chain) + caplog.text + sms.text + again.text
    for secret in (first.json()["code"], digits, "204816"):
        assert len(secret) in {6, 21}
        assert secret not in said


async def everything(chain: Chain) -> str:
    tables = await (await owner()).fetch(
        "SELECT table_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    sql = "SELECT * FROM {} WHERE tenant_id = $1"
    found = [await (await owner()).fetch(sql.format(table["name"]), chain.tenant_id) for table in tables]
    return str([list(row.values()) for table in found for row in table])
