"""From a poster to a card: the form, the digits, and what nobody learns by it."""

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.phones import GOLD, card_path, enrolled, on_phone, texts_to

from saas.settings import get_settings

NEW = "+8613912345678"


async def poster(chain: Any, **body: Any) -> str:
    answer = await chain.http.post("/v1/join-codes", json=body)
    assert answer.status_code == 200, answer.text
    return urlsplit(answer.json()["url"]).path


def filled(phone: str = NEW, **more: str) -> dict[str, str]:
    return {"phone": phone, "membership": "yes", **more}


async def found(chain: Any, phone: str = NEW) -> list[dict[str, Any]]:
    """Members with this number."""
    members: list[dict[str, Any]] = (await chain.http.get("/v1/members", params={"phone": phone})).json()["data"]
    return members


async def sms(chain: Any, drain: Any, phone: str = NEW, n: int = 1) -> str:
    """The n-th SMS to this number."""
    await drain(chain.tenant_id)
    for _ in range(50):
        if len(texts := texts_to(chain, phone)) >= n:
            return texts[n - 1]
        await asyncio.sleep(0.05)
    raise AssertionError("no SMS")


def digits_of(text: str) -> str:
    return re.findall(r"(?<!\d)\d{6}(?!\d)", text)[-1]


async def test_scan_type_open(app: Any, chain: Any, drain: Any) -> None:
    page = await poster(chain, branch_id=chain.branch_id)
    async with on_phone(app) as phone:
        form = await phone.get(page)
        assert form.status_code == 200
        assert "青禾连锁" in form.text
        sent = await phone.post(page, data=filled("139 1234 5678", name="王秀", birthday="1990-05-01", sms="yes"))
        assert sent.status_code == 303, sent.text
        step = sent.headers["location"]
        assert "139 **** 5678" in (await phone.get(step)).text
        assert await found(chain) == []
        digits = digits_of(await sms(chain, drain))
        wrong = await phone.post(step, data={"digits": "000000" if digits != "000000" else "111111"})
        assert (wrong.status_code, await found(chain)) == (422, [])
        done = await phone.post(step, data={"digits": digits})
        card = urlsplit(done.headers["location"])
        assert parse_qs(card.query) == {"done": ["joined"]}
        opened = await phone.get(done.headers["location"])
        assert "王秀" in opened.text
        assert "This phone is confirmed" in opened.text  # the digits have shown whose it is
        again = await phone.post(step, data={"digits": digits})
        assert urlsplit(again.headers["location"]).path == card.path
        assert (await phone.get(step)).status_code == 410
    (member,) = await found(chain)
    assert (member["name"], member["birthday"], member["branch_id"]) == ("王秀", "1990-05-01", chain.branch_id)
    assert (member["source"], member["enrolled_by"], member["consents"]["sms"]) == ("page", "page:join", True)


async def test_what_was_agreed_to_is_kept_word_by_word(app: Any, chain: Any, drain: Any) -> None:
    page = await poster(chain)
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled())).headers["location"]
        await phone.post(step, data={"digits": digits_of(await sms(chain, drain))})
    (member,) = await found(chain)
    assert member["consents"]["sms"] is False
    (said,) = (await chain.http.get(f"/v1/members/{member['id']}/agreements")).json()["data"]
    assert (said["kind"], said["language"]) == ("membership", "en")
    assert said["text"].startswith("I join 青禾连锁 as a member.")
    async with logged_in(app, chain) as browser:
        sheet = (await browser.get(f"/members/{member['id']}/card")).text
    assert said["mark"] in sheet
    assert said["text"] in html.unescape(sheet)


async def test_a_members_number_is_told_to_that_number_alone(app: Any, chain: Any, drain: Any) -> None:
    known = await enrolled(chain, phone=GOLD)
    page = await poster(chain)
    async with on_phone(app) as phone:
        answers = [await phone.post(page, data=filled(number)) for number in (GOLD, NEW)]
        steps = [answer.headers["location"] for answer in answers]
        pages = [(await phone.get(step)).text for step in steps]
        hidden = [
            text.replace(step, "…").replace(mask, "…")
            for text, step, mask in zip(pages, steps, ("181 **** 8654", "139 **** 5678"), strict=True)
        ]
        assert hidden[0] == hidden[1]
        text = await sms(chain, drain, GOLD)
        assert await card_path(chain, known) in text
        for digits in ("123456", "654321"):
            assert (await phone.post(steps[0], data={"digits": digits})).status_code == 422
        assert digits_of(await sms(chain, drain, NEW))
    assert len(await found(chain, GOLD)) == 1


async def test_enrolled_at_the_till_meanwhile_the_digits_open_that_card(app: Any, chain: Any, drain: Any) -> None:
    page = await poster(chain)
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled())).headers["location"]
        digits = digits_of(await sms(chain, drain))
        known = await enrolled(chain, phone=NEW)
        done = await phone.post(step, data={"digits": digits})
        assert urlsplit(done.headers["location"]).path == await card_path(chain, known)


async def test_two_taps_make_one_member(app: Any, chain: Any, drain: Any) -> None:
    page = await poster(chain)
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled())).headers["location"]
        digits = digits_of(await sms(chain, drain))
        taps = await asyncio.gather(*(phone.post(step, data={"digits": digits}) for _ in range(2)))
    assert {tap.headers["location"] for tap in taps} == {taps[0].headers["location"]}
    assert len(await found(chain)) == 1


async def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(app: Any, chain: Any) -> None:
    page = await poster(chain)
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    child = (datetime.now(UTC) - timedelta(days=365 * 10)).date().isoformat()
    wrongs = [
        (filled(""), "about-phone"),
        (filled("12345"), "about-phone"),
        ({"phone": NEW}, "about-membership"),
        (filled(birthday=tomorrow), "about-birthday"),
        (filled(birthday=child), "about-birthday"),
        (filled(birthday="nonsense"), "about-birthday"),
        (filled(name="x" * 500), "about-name"),
        (filled(name="a\x00b"), "about-name"),
    ]
    async with on_phone(app) as phone:
        for form, where in wrongs:
            answer = await phone.post(page, data={**form, "r": "kept"})
            assert (answer.status_code, f'class="bad" id="{where}"' in answer.text) == (422, True), form
            assert 'name="r" value="kept"' in answer.text
            if form.get("phone"):
                assert f'value="{form["phone"]}"' in answer.text
        crossed = await phone.post(page, data=filled(), headers={"Sec-Fetch-Site": "cross-site"})
        assert crossed.status_code == 403
    assert texts_to(chain, NEW) == []


async def test_a_number_gets_three_messages_in_a_quarter_of_an_hour(app: Any, chain: Any, drain: Any) -> None:
    page = await poster(chain)
    number = "+8613912340001"
    async with on_phone(app) as phone, on_phone(app) as other:
        step = (await phone.post(page, data=filled(number))).headers["location"]
        assert (await phone.post(step, data={})).status_code == 303
        assert (await other.post(page, data=filled(number))).status_code == 303
        late = await other.post(page, data=filled(number))
        assert (late.status_code, "retry-after" in late.headers) == (429, True)
        assert (await phone.post(step, data={})).status_code == 429
        assert len({await sms(chain, drain, number, n) for n in (1, 2, 3)}) == 3
        old, new = [digits_of(await sms(chain, drain, number, n)) for n in (1, 2)]
        if old != new:
            assert (await phone.post(step, data={"digits": old})).status_code == 422
        assert (await phone.post(step, data={"digits": new})).status_code == 303


async def test_many_chains_together_leave_a_number_in_peace(
    app: Any, chain: Any, new_chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = await new_chain()
    for n, limit in enumerate(("ANYWHERE", "A_DAY")):
        number = f"+861391234010{n}"
        with monkeypatch.context() as fewer:
            fewer.setattr(f"tenants.joining.pages._FORMS_PER_PHONE_{limit}", 1)
            async with on_phone(app) as phone:
                answers = [await phone.post(await poster(each), data=filled(number)) for each in (chain, second)]
        assert [answer.status_code for answer in answers] == [303, 429]


async def test_guests_at_one_address_hinder_nobody_who_has_got_digits(
    app: Any, chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.joining.pages._FORMS_PER_ADDRESS", 1)
    page = await poster(chain)
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled("+8613912340006"))).headers["location"]
        assert (await phone.post(page, data=filled("+8613912340003"))).status_code == 429
        done = await phone.post(step, data={"digits": digits_of(await sms(chain, drain, "+8613912340006"))})
        assert done.status_code == 303


async def test_digits_are_guessed_five_times_at_most(
    app: Any, chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.joining.pages._PATIENCE", 0.0)
    page = await poster(chain)
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled())).headers["location"]
        digits = digits_of(await sms(chain, drain))
        for n in range(5):
            guess = f"{(int(digits) + n + 1) % 10**6:06d}"
            assert (await phone.post(step, data={"digits": guess})).status_code == 422
        assert (await phone.post(step, data={"digits": digits})).status_code == 422
    assert await found(chain) == []


async def test_who_was_brought_is_whose_the_mark_says(app: Any, chain: Any, drain: Any) -> None:
    await poster(chain)
    bringer = await enrolled(chain, phone=GOLD)
    async with on_phone(app) as phone:
        card = (await phone.get(await card_path(chain, bringer))).text
        address = card[card.index("/join/") : card.index("<", card.index("/join/"))]
        mark = parse_qs(urlsplit(address).query)["r"][0]
        assert f'name="r" value="{mark}"' in (await phone.get(address)).text
        step = (await phone.post(urlsplit(address).path, data=filled(r=mark))).headers["location"]
        await phone.post(step, data={"digits": digits_of(await sms(chain, drain))})
        other = "+8613912345679"
        step = (await phone.post(urlsplit(address).path, data=filled(other, r=mark[:-2] + "AA"))).headers["location"]
        await phone.post(step, data={"digits": digits_of(await sms(chain, drain, other))})
    (member,), (unbrought,) = await found(chain), await found(chain, other)
    assert (member["referrer_id"], unbrought["referrer_id"]) == (bringer, None)


async def test_the_welcome_gift_is_promised_while_it_is_given(app: Any, chain: Any) -> None:
    page = await poster(chain)
    named = {"code": "hi", "names": {"zh-CN": "欢迎", "en": "Hi"}, "when": {"type": "joined"}}
    made = await chain.http.post("/v1/campaigns", json={**named, "type": "grant", "points": 88})
    assert made.status_code == 201, made.text
    async with on_phone(app) as phone:
        assert "88 welcome points" not in (await phone.get(page)).text
        await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})
        assert "88 welcome points" in (await phone.get(page)).text
        await chain.http.post(f"/v1/campaigns/{made.json()['id']}/stop", json={})
        assert "88 welcome points" not in (await phone.get(page)).text


async def test_an_ended_poster_a_closed_branch_a_shut_chain(app: Any, chain: Any) -> None:
    second = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    ended, shop, whole = await poster(chain), await poster(chain, branch_id=second), ""
    await chain.http.delete(f"/v1/join-codes/{ended.rpartition('/')[2]}")
    whole = await poster(chain)
    assert whole != ended
    async with on_phone(app) as phone:
        assert (await phone.get(whole)).status_code == 200
        for wrong in (ended, "/join/x", "/join/0000000000", f"{ended}/whatever"):
            assert (await phone.get(wrong)).status_code == 404
        assert (await phone.get(f"{whole}/whatever")).status_code == 410
        await chain.http.patch(f"/v1/branches/{second}", json={"closed": True})
        assert (await phone.get(shop)).status_code == 404
        assert (await phone.post(shop, data=filled())).status_code == 404
        sql = "UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1"
        await (await owner()).execute(sql, chain.tenant_id)
        assert (await phone.get(whole)).status_code == 404
        assert (await phone.post(whole, data=filled())).status_code == 404


async def test_without_sms_the_number_is_taken_and_marked(
    app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await enrolled(chain, phone=GOLD)
    page = await poster(chain)
    monkeypatch.setattr("tenants.joining.pages.can_send", lambda: False)
    async with on_phone(app) as phone:
        answers = [await phone.post(page, data=filled(number, name="王秀")) for number in (GOLD, NEW)]
        assert {answer.headers["location"] for answer in answers} == {f"{page}/done"}
        told = await phone.get(f"{page}/done")
        assert "Say your phone number at the counter" in told.text
    for _ in range(40):
        if await found(chain):
            break
        await asyncio.sleep(0.05)
    (member,) = await found(chain)
    sql = "SELECT phone_unverified FROM member WHERE tenant_id = $1 AND id = $2::text::uuid"
    conn = await owner()
    assert await conn.fetchval(sql, chain.tenant_id, member["id"]) is True
    assert await conn.fetchval(sql, chain.tenant_id, known) is False
    page = f"/members/{member['id']}"
    async with logged_in(app, chain) as browser:
        shown = (await browser.get(page)).text
        assert "Phone number not verified" in shown
        await browser.post(f"{page}/card", data={"_csrf": csrf_of(shown), "act": "verified"})
        assert "Phone number not verified" not in (await browser.get(page)).text
    await conn.execute("UPDATE member SET phone_unverified = true WHERE tenant_id = $1", chain.tenant_id)
    changed = await chain.http.patch(f"/v1{page}", json={"phone": "+8613912340009"})
    assert changed.status_code == 200
    assert await conn.fetchval(sql, chain.tenant_id, member["id"]) is False


async def test_where_members_may_share_a_phone_no_stranger_makes_a_household(
    app: Any, chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await chain.http.patch("/v1/tenant", json={"shared_phones": True})).status_code == 200
    page, own, other = await poster(chain), "+8613912340004", "+8613912340005"
    async with on_phone(app) as phone:
        step = (await phone.post(page, data=filled(own))).headers["location"]
        digits = digits_of(await sms(chain, drain, own))
        known = await enrolled(chain, phone=own)  # at the till, meanwhile
        done = await phone.post(step, data={"digits": digits})
        assert urlsplit(done.headers["location"]).path == await card_path(chain, known)
        monkeypatch.setattr("tenants.joining.pages.can_send", lambda: False)
        for number in (own, other):
            assert (await phone.post(page, data=filled(number))).status_code == 303
    for _ in range(40):
        if await found(chain, other):
            break
        await asyncio.sleep(0.05)
    assert [member["id"] for member in await found(chain, own)] == [known]


def test_in_production_without_a_gateway_nothing_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.digital_card.sms_codes import can_send

    settings = get_settings()
    production = settings.model_copy(update={"environment": "production"})
    monkeypatch.setattr("tenants.digital_card.sms_codes.get_settings", lambda: production)
    assert not can_send()
    gateway = production.model_copy(update={"sms_gateway_url": "https://sms.example.com"})
    monkeypatch.setattr("tenants.digital_card.sms_codes.get_settings", lambda: gateway)
    assert can_send()
