"""The card: what it shows, to whom, what it never shows."""

import html
import re
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.phones import GOLD, card_path, confirm, enrolled, on_phone
from support.programme import change_programme

from saas.i18n import tongue
from tenants.digital_card.words import POINTS_KINDS, wallet_kind


async def furnished(chain: Any) -> str:
    """A member with points, a coupon and a tier's way to go."""
    member_id = await enrolled(chain, phone=GOLD, card_no="N0001", birthday="1990-05-01")
    bought = {"branch_id": chain.branch_id, "member_id": member_id, "external_id": "t1", "external_amounts": True}
    assert (await chain.http.post("/v1/purchases", json={**bought, "amount": 20_000})).status_code == 201
    given = {"member_id": member_id, "points": 500, "reason": "x"}
    assert (await chain.http.post("/v1/points/adjust", json=given)).status_code == 201
    coupon = {"code": "tea", "names": {"zh-CN": "茶券", "en": "Tea"}, "value": {"type": "amount", "amount": 500}}
    made = await chain.http.post("/v1/coupons", json={**coupon, "valid_days": 30, "minimum": 2_000})
    given = {"member_id": member_id, "reason": "x"}
    assert (await chain.http.post(f"/v1/coupons/{made.json()['id']}/grant", json=given)).status_code == 201
    return member_id


async def reward(chain: Any, points: int = 300, **more: Any) -> str:
    named = {"code": "cup", "names": {"zh-CN": "杯子", "en": "A cup"}, "points": points, **more}
    made = await chain.http.post("/v1/rewards", json=named)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def points_of(chain: Any, member_id: str) -> int:
    return int((await chain.http.get(f"/v1/members/{member_id}")).json()["points"]["spendable"])


def test_movements_are_called_what_they_are() -> None:
    speaks = tongue("zh-CN")
    assert [speaks.say(wallet_kind(kind)) for kind in ("spend_bonus", "void_bonus")] == ["储值支付", "作废"]
    assert speaks.say(POINTS_KINDS["void"]) == "作废"


async def test_it_tells_the_member_where_it_stands(app: Any, chain: Any) -> None:
    member_id = await furnished(chain)
    why = (await chain.http.get(f"/v1/members/{member_id}/tier")).json()
    async with on_phone(app) as phone:
        answer = await phone.get(await card_path(chain, member_id))
    page = html.unescape(answer.text)
    assert answer.status_code == 200
    for text in ("青禾连锁", "林悦", "N0001", why["next"]["text"], "Tea", "¥5.00 off", "from ¥20.00 on"):
        assert text in page, text
    balance = (await chain.http.get(f"/v1/members/{member_id}")).json()["points"]["balance"]
    assert f"<strong>{balance:,}</strong>" in page
    assert re.search(r'<progress class="tier-way" max="100" value="[1-9]', page)
    assert GOLD[3:] not in page
    assert "1990" not in page


async def test_what_is_left_of_passes_and_free_uses(app: Any, chain: Any) -> None:
    member_id = await enrolled(chain)
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    free = {"type": "allowance", "product": "group_class", "per": "month", "count": 4}
    ladders[0]["tiers"][0]["benefits"].append(free)
    await change_programme(chain, ladders=ladders)
    used = f"/v1/members/{member_id}/allowances/group_class/use"
    assert (await chain.http.post(used, json={"branch_id": chain.branch_id})).is_success
    sold = {"member_id": member_id, "branch_id": chain.branch_id, "external_id": "v", "product": "car_wash"}
    sold |= {"uses": 10, "price": 10_000, "valid_until": "2199-01-01"}
    assert (await chain.http.post("/v1/passes", json=sold)).status_code == 201
    async with on_phone(app) as phone:
        page = (await phone.get(await card_path(chain, member_id))).text
    for text in ("group class", "3 of 4 left", "car wash", "10 of 10 left"):
        assert text in page, text


async def test_nobody_else_gets_it_and_nothing_keeps_it(app: Any, chain: Any) -> None:
    path = await card_path(chain, await furnished(chain))
    async with on_phone(app) as phone:
        answer = await phone.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert 'name="robots" content="noindex' in answer.text
        for wrong in (path[:-3], path + "A", "/c/x", "/c/" + "A" * 91):
            for below in ("", "/points", "/wallet", "/phone", "/manifest.json"):
                refused = await phone.get(wrong + below)
                assert refused.status_code == 404, wrong + below
                assert "ask at the counter" in refused.text
        assert (await phone.post("/c/x/code")).status_code == 404


async def test_an_ended_link_shows_nothing(app: Any, chain: Any) -> None:
    member_id = await furnished(chain)
    path = await card_path(chain, member_id)
    await chain.http.delete(f"/v1/members/{member_id}/card-link")
    async with on_phone(app) as phone:
        for below in ("", "/points", "/phone"):
            refused = await phone.get(path + below)
            assert (refused.status_code, "林悦" in refused.text) == (404, False)
        assert (await phone.get(await card_path(chain, member_id))).status_code == 200


async def test_the_code_names_on_any_phone_and_pays_on_a_confirmed_one(app: Any, chain: Any, drain: Any) -> None:
    member_id = await furnished(chain)
    paid_in = {"member_id": member_id, "branch_id": chain.branch_id, "external_id": "u1", "amount": 100_000}
    assert (await chain.http.post("/v1/wallet/top-ups", json=paid_in)).status_code == 201
    path = await card_path(chain, member_id)

    async def sold(code: str, number: str) -> Any:
        ticket = {"branch_id": chain.branch_id, "external_id": number, "amount": 50_000}
        paid = {"wallet_amount": 50_000, "wallet_consent": {"type": "qr", "code": code}}
        return await chain.http.post("/v1/purchases", json={**ticket, "member_id": member_id, **paid})

    async with on_phone(app) as phone, logged_in(app, chain) as till:
        token = {"_csrf": csrf_of((await till.get("/counter")).text)}
        code = await shown_code(phone, path)
        named = (await till.post("/counter/scan", data={**token, "code": code})).json()
        assert named == {"kind": "member", "href": f"/counter/members/{member_id}"}
        refused = await sold(code, "p1")
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/consent-refused"), refused.text
        await confirm(phone, path, chain, drain)
        code = await shown_code(phone, path)
        assert (await till.post("/counter/scan", data={**token, "code": code})).json() == {**named, "code": code}
        assert (await sold(code, "p2")).status_code == 201
        assert (await sold(code, "p3")).json()["type"] == "/problems/consent-refused"


async def shown_code(phone: Any, path: str) -> str:
    answer = await phone.post(f"{path}/code", headers={"X-Part": "code"})
    assert answer.status_code == 200, answer.text
    assert "<html" not in answer.text
    found = re.search(r'class="code-text"[^>]*>([^<]+)<', answer.text)
    assert found
    return found[1].replace(" ", "")


async def test_a_code_takes_the_right_digits(app: Any, chain: Any, drain: Any) -> None:
    member_id = await furnished(chain)
    path = await card_path(chain, member_id)
    async with on_phone(app) as phone, on_phone(app) as other:
        for digits in ("", "abc", "000000" * 9):
            assert (await phone.post(f"{path}/phone", data={"code": digits})).status_code == 422
        await confirm(phone, path, chain, drain)
        assert "This phone is confirmed" in (await phone.get(path)).text
        assert "Confirm this phone once" in (await other.get(path)).text
        changed = await chain.http.patch(f"/v1/members/{member_id}", json={"phone": "+8613800138000"})
        assert changed.status_code == 200
        assert "Confirm this phone once" in (await phone.get(path)).text
        for _ in range(2):
            assert (await other.post(f"{path}/phone")).status_code == 303
        throttled = await other.post(f"{path}/phone")
        assert (throttled.status_code, "retry-after" in throttled.headers) == (429, True)


async def test_who_has_the_link_cant_have_sms_sent_all_day(
    app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.digital_card.phones.SMS_A_DAY", 1)
    path = await card_path(chain, await enrolled(chain, phone=GOLD))
    async with on_phone(app) as phone:
        answers = [await phone.post(f"{path}/phone") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 429]


async def test_a_reward_is_claimed_once_with_a_confirmed_phone(app: Any, chain: Any, drain: Any) -> None:
    member_id = await furnished(chain)
    cup, path, before = await reward(chain), await card_path(chain, member_id), await points_of(chain, member_id)
    async with on_phone(app) as phone:
        page = await phone.get(f"{path}/rewards/{cup}")
        assert "Confirm this phone" in page.text
        forced = {"key": "0" * 32, "consent": "yes"}
        assert (await phone.post(f"{path}/rewards/{cup}", data=forced)).status_code == 403
        assert await points_of(chain, member_id) == before
        await confirm(phone, path, chain, drain)
        page = await phone.get(f"{path}/rewards/{cup}")
        found = re.search(r'name="key" value="([0-9a-f]{32})"', page.text)
        assert found
        for form in ({}, {"key": found[1]}, {"key": "x", "consent": "yes"}):
            assert (await phone.post(f"{path}/rewards/{cup}", data=form)).status_code == 400
        for _ in range(2):
            done = await phone.post(f"{path}/rewards/{cup}", data={"key": found[1], "consent": "yes"})
            assert done.headers["location"] == f"{path}?done=claimed#rewards", done.text
        assert await points_of(chain, member_id) == before - 300
        assert "To be collected at the counter" in (await phone.get(path)).text
    claims = (await chain.http.get(f"/v1/members/{member_id}/claims")).json()["data"]
    assert [claim["state"] for claim in claims] == ["claimed"]


async def test_a_reward_that_is_gone_meanwhile_says_so(app: Any, chain: Any, drain: Any) -> None:
    member_id = await furnished(chain)
    cup, path = await reward(chain, stock=1), await card_path(chain, member_id)
    async with on_phone(app) as phone:
        await confirm(phone, path, chain, drain)
        assert (await chain.http.patch(f"/v1/rewards/{cup}", json={"points": 100_000})).status_code == 200
        late = await phone.post(f"{path}/rewards/{cup}", data={"key": "1" * 32, "consent": "yes"})
        assert (late.status_code, 'class="alert"' in late.text) == (422, True)
        assert (await chain.http.patch(f"/v1/rewards/{cup}", json={"ended": True})).status_code == 200
        assert (await phone.get(f"{path}/rewards/{cup}")).status_code == 404


async def test_a_card_shows_its_own_coupons_only(app: Any, chain: Any) -> None:
    member_id, other = await furnished(chain), await enrolled(chain, phone="+8613800138001")
    (held,) = (await chain.http.get(f"/v1/members/{member_id}/coupons")).json()["data"]
    async with on_phone(app) as phone:
        own = await phone.get(f"{await card_path(chain, member_id)}/coupons/{held['id']}")
        assert (own.status_code, "Tea" in own.text, "<svg" in own.text) == (200, True, True)
        async with logged_in(app, chain) as till:
            scanned = {"_csrf": csrf_of((await till.get("/counter")).text), "code": held["id"]}
            found = (await till.post("/counter/scan", data=scanned)).json()
        assert found["href"] == f"/counter/members/{member_id}"
        foreign = await phone.get(f"{await card_path(chain, other)}/coupons/{held['id']}")
        assert (foreign.status_code, "Tea" in foreign.text) == (404, False)


async def test_statements_go_on_by_pages(app: Any, chain: Any) -> None:
    member_id = await enrolled(chain)
    for n in range(32):
        moved = {"member_id": member_id, "points": n + 1, "reason": "secret note"}
        assert (await chain.http.post("/v1/points/adjust", json=moved)).status_code == 201
    path = await card_path(chain, member_id)
    async with on_phone(app) as phone:
        first = (await phone.get(f"{path}/points")).text
        following = re.search(r'href="([^"]+\?before=[^"]+)"', first)
        assert following
        second = (await phone.get(following[1])).text
        assert "Nothing stored yet" in (await phone.get(f"{path}/wallet")).text
        assert (await phone.get(f"{path}/points?before=nonsense")).status_code == 422
    seen = re.findall(r'line-end good">\+(\d+)<', first + second)
    assert [int(n) for n in seen] == list(range(32, 0, -1))
    assert "secret note" not in first


async def test_a_link_alone_takes_back_what_a_confirmed_phone_gives(app: Any, chain: Any, drain: Any) -> None:
    """Links are forwarded: whoever has one can't ask for messages in the member's name."""
    member_id = await enrolled(chain, phone=GOLD)
    path = await card_path(chain, member_id)
    kept = f"/v1/members/{member_id}"

    async def says(phone: Any, wanted: str) -> str:
        answer = await phone.post(f"{path}/consents", data={"channel": "sms", "wanted": wanted})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    async with on_phone(app) as forwarded, on_phone(app) as phone:
        assert await says(forwarded, "yes") == f"{path}/phone"
        assert (await chain.http.get(kept)).json()["consents"]["sms"] is False
        assert 'value="yes"' not in (await forwarded.get(path)).text
        await confirm(phone, path, chain, drain)
        assert 'name="wanted" value="yes"' in (await phone.get(path)).text
        assert await says(phone, "yes") == f"{path}?done=consents#consents"
        assert (await chain.http.get(kept)).json()["consents"]["sms"] is True
        assert await says(forwarded, "no") == f"{path}?done=consents#consents"
        assert (await chain.http.get(kept)).json()["consents"]["sms"] is False
        assert (await phone.post(f"{path}/consents", data={"channel": "health", "wanted": "yes"})).status_code == 400
        there = {"Sec-Fetch-Site": "cross-site"}
        crossed = await phone.post(f"{path}/consents", data={"channel": "sms", "wanted": "yes"}, headers=there)
        assert crossed.status_code == 403
    history = (await chain.http.get(f"{kept}/consents")).json()["data"]
    assert [(one["source"], one["actor"]) for one in history] == [("page", f"member:{member_id}")] * 2


async def test_without_a_number_nobody_can_say_that_it_is_theirs(app: Any, chain: Any) -> None:
    path = await card_path(chain, await enrolled(chain))
    async with on_phone(app) as phone:
        assert "say so at the counter" in (await phone.get(path)).text
        answer = await phone.post(f"{path}/consents", data={"channel": "sms", "wanted": "yes"})
        assert answer.status_code == 403


async def test_a_suspended_chains_cards_can_be_read_and_nothing_is_written(app: Any, chain: Any) -> None:
    path = await card_path(chain, await furnished(chain))
    conn = await owner()
    await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    async with on_phone(app) as phone:
        assert (await phone.get(path)).status_code == 200
        assert (await phone.post(f"{path}/code")).status_code in {402, 403, 409}


async def test_the_language_is_the_browsers_until_one_is_chosen(app: Any, chain: Any) -> None:
    path = await card_path(chain, await furnished(chain))
    async with on_phone(app, language="zh-CN") as phone:
        assert "会员卡" in (await phone.get(path)).text
        assert (await phone.get(f"{path}?lang=en")).headers["location"] == path
        assert "Membership card" in (await phone.get(path)).text
