"""Find, amount, recorded: the sale at the counter, its quote, its outcome, its undo."""

import re
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from tilling import enrolled, form_of, sell, send, sold

from tenants.counter import sale
from tenants.counter.basket import recorded_before

AMOUNT = 'name="amount"'


async def test_one_match_and_enter_opens_the_desk(app: Any, chain: Any) -> None:
    lin = await enrolled(chain, phone="18112348654", card_no="C77001122")
    await enrolled(chain, name="林秀", phone="18112341111")
    async with logged_in(app, chain) as browser:
        for q in ("8654", "18112348654", "C77001122", "林悦"):
            found = await browser.get("/counter", params={"q": q, "open": "one"})
            assert found.headers["location"] == f"/counter/members/{lin}", q
        several = (await browser.get("/counter", params={"q": "林", "open": "one"})).text
        assert "2 members found" in several
        desk = (await browser.get(f"/counter/members/{lin}")).text
    for text in ("林悦", "181 **** 8654", "Stored value", "Points", AMOUNT):
        assert text in desk
    assert "18112348654" not in desk


async def test_a_sale_is_recorded_once_however_often_it_is_sent(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        form = form_of((await browser.get(f"/counter/members/{lin}")).text, "/counter/sale")
        first = await browser.post("/counter/sale", data={**form, "amount": "88.50", "tender": "cash"})
        again = await browser.post("/counter/sale", data={**form, "amount": "88.50", "tender": "cash"})
        assert first.status_code == again.status_code == 303
        assert first.headers["location"] == again.headers["location"]
        other = await browser.post("/counter/sale", data={**form, "amount": "99", "tender": "cash"})
        assert other.status_code == 409
        page = (await browser.get(first.headers["location"])).text
    assert "88.50" in page
    bought = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
    assert [(one["amount"], one["tenders"]) for one in bought] == [(8850, [{"type": "cash", "amount": 8850}])]


async def test_a_sale_sent_twice_at_once_is_told_as_the_one_that_it_is(
    app: Any, chain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second sending looks before the first one is done, and finds the coupon used."""
    lin = await enrolled(chain)
    coupon = {"code": "ten", "names": {"zh-CN": "减十元", "en": "Ten off"}, "value": {"type": "amount", "amount": 1000}}
    made = (await chain.http.post("/v1/coupons", json={**coupon, "valid_days": 30})).json()["id"]
    given = await chain.http.post(f"/v1/coupons/{made}/grant", json={"member_id": lin})
    assert given.status_code < 300, given.text
    (grant,) = [one["id"] for one in (await chain.http.get(f"/v1/members/{lin}/coupons")).json()["data"]]
    async with logged_in(app, chain) as browser:
        form = form_of((await browser.get(f"/counter/members/{lin}")).text, "/counter/sale")
        basket = {**form, "amount": "100", "tender": "cash", f"coupon_{grant}": "yes"}
        first = await browser.post("/counter/sale", data=basket)
        assert first.status_code == 303, first.text
        looked: list[str] = []

        async def too_early(*asked: Any) -> Any:
            looked.append("looked")
            return None if len(looked) == 1 else await recorded_before(*asked)

        monkeypatch.setattr(sale, "recorded_before", too_early)
        again = await browser.post("/counter/sale", data=basket)
        assert (again.status_code, again.headers.get("location")) == (303, first.headers["location"])
        looked.clear()
        other = await browser.post("/counter/sale", data={**basket, "amount": "99"})
        assert other.status_code in {409, 422}


async def test_the_outcome_tells_points_balance_tier_and_progress(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        page = await sold(browser, lin, "600")
        member = (await chain.http.get(f"/v1/members/{lin}")).json()
        why = (await chain.http.get(f"/v1/members/{lin}/tier", headers={"Accept-Language": "en"})).json()
        assert why["next"]["text"] in page.replace("&#39;", "'")
        assert f"+{member['points']['balance']}" in page
        assert f"New tier: {member['tier']['name']}" in page
        assert "/counter/receipts/purchase/" in page
        assert 'id="find"' in page
        assert "autofocus" in page
        home = (await browser.get("/counter")).text
        assert "林悦" in home
        assert "600.00" in home
        where = re.search(r'"(/counter/receipts/purchase/[^"]+)"', page)
        assert where
        slip = (await browser.get(where[1], params={"width": "58"})).text
        assert 'class="slip w58"' in slip
        assert "林悦" not in slip  # it may be found by anybody, and so may not lead to the card
        assert "slip-qr" not in slip
        assert "slip-qr" in (await browser.get(where[1], params={"qr": "yes"})).text


async def test_undo_is_right_there_and_stays_to_be_seen(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        page = await sold(browser, lin, "600")
        form = form_of(page, "/counter/undo")
        undone = await browser.post("/counter/undo", data=form)
        assert undone.status_code == 303
        after = (await browser.get(undone.headers["location"])).text
        assert "Undone" in after
        assert 'action="/counter/undo"' not in after
        again = await browser.post("/counter/undo", data=form)
        assert again.status_code == 303
        home = (await browser.get("/counter")).text
        assert "Undone" in home
    member = (await chain.http.get(f"/v1/members/{lin}")).json()
    assert member["points"]["balance"] == 0
    assert any(one["action"] == "purchase.undo" for one in (await chain.http.get("/v1/audit-log")).json()["data"])


@pytest.mark.parametrize(
    ("amount", "status"), [("", 422), ("abc", 422), ("-5", 422), ("0", 422), ("12.345", 422), ("9" * 30, 422)]
)
async def test_what_is_no_amount_is_told_beside_it_and_kept(app: Any, chain: Any, amount: str, status: int) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        answer = await sell(browser, lin, amount)
        assert answer.status_code == status, answer.text
        assert 'aria-describedby="about-amount"' in answer.text
        assert f'value="{amount}"' in answer.text
    assert (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"] == []


async def test_amounts_may_be_written_as_people_write_them(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        for text in ("¥1,200", "１２.５", " 88.50 "):
            assert (await sell(browser, lin, text)).status_code == 303
    bought = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
    assert [one["amount"] for one in bought] == [8850, 1250, 120000]


async def test_who_reloads_a_refusal_is_back_on_its_page(app: Any, chain: Any) -> None:
    """A till that locked there comes back to that address, too."""
    lin = await enrolled(chain)
    desk = f"/counter/members/{lin}"
    async with logged_in(app, chain) as browser:
        pages = ((f"{desk}/top-up", desk), ("/counter/sale", "/counter"), ("/account/password", "/account"))
        for refused, page in (*pages, ("/logout", "/"), ("/lock/now", "/lock")):
            answer = await browser.get(refused)
            assert (answer.status_code, answer.headers.get("location")) == (303, page)
        assert (await browser.get("/v1/points/adjust")).status_code == 405
        odd = await browser.get("http://testserver//evil.example/sale")
        assert "evil" not in odd.headers.get("location", "")


async def test_the_quote_follows_and_the_sale_costs_just_that(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    coupon = {"code": "ten", "names": {"zh-CN": "减十元", "en": "Ten off"}, "value": {"type": "amount", "amount": 1000}}
    made = await chain.http.post("/v1/coupons", json={**coupon, "valid_days": 30})
    assert made.status_code == 201, made.text
    given = await chain.http.post(f"/v1/coupons/{made.json()['id']}/grant", json={"member_id": lin})
    assert given.status_code < 300, given.text
    await chain.http.post(
        "/v1/wallet/top-ups",
        json={"member_id": lin, "branch_id": chain.branch_id, "external_id": "w1", "amount": 5000},
    )
    async with logged_in(app, chain) as browser:
        token = csrf_of((await browser.get("/counter")).text)
        form = form_of((await browser.get(f"/counter/members/{lin}")).text, "/counter/sale")
        empty = await browser.post("/counter/quote", data={**form, "_csrf": token})
        assert "Ten off" in empty.text
        quoted = await browser.post("/counter/quote", data={**form, "amount": "100"})
        assert "10.00" in quoted.text
        (grant,) = [one["id"] for one in (await chain.http.get(f"/v1/members/{lin}/coupons")).json()["data"]]
        basket = {**form, "amount": "100", f"coupon_{grant}": "yes", "wallet": "yes"}
        quoted = await browser.post("/counter/quote", data=basket)
        assert "checked" in quoted.text
        before = (await chain.http.get(f"/v1/members/{lin}")).json()["wallet"]
        sold_ = await browser.post("/counter/sale", data={**basket, "tender": "alipay"})
        assert sold_.status_code == 303, sold_.text
    (bought,) = (await chain.http.get(f"/v1/members/{lin}/purchases")).json()["data"]
    wallet = min(bought["paid"], before["principal"] + before["bonus"])
    assert sum(d["amount"] for d in bought["discounts"] if d["type"] == "coupon") == 1000
    assert [(t["type"], t["amount"]) for t in bought["tenders"]] == [
        ("wallet", wallet),
        ("alipay", bought["paid"] - wallet),
    ]


async def test_a_guest_buys_without_a_member(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        answer = await send(browser, "/counter/guest", "/counter/sale", amount="20", tender="wechat")
        assert answer.status_code == 303
        page = (await browser.get(answer.headers["location"])).text
    assert "Guest" in page
    assert "Points earned" not in page


async def test_more_stored_value_needs_the_members_word(app: Any, chain: Any) -> None:
    lin = await enrolled(chain, phone="18112348654")
    await chain.http.post(
        "/v1/wallet/top-ups",
        json={"member_id": lin, "branch_id": chain.branch_id, "external_id": "w1", "amount": 50000},
    )
    key = (await chain.http.post("/v1/api-keys", json={"name": "app", "scopes": ["wallet:confirm"]})).json()["key"]
    code = await chain.http.post(f"/v1/members/{lin}/wallet-codes", json={}, headers={"Authorization": f"Bearer {key}"})
    assert code.status_code == 201, code.text
    async with logged_in(app, chain) as browser:
        form = form_of((await browser.get(f"/counter/members/{lin}")).text, "/counter/sale")
        basket = {**form, "amount": "400", "wallet": "yes", "tender": "cash"}
        assert "has to confirm" in (await browser.post("/counter/quote", data=basket)).text
        refused = await browser.post("/counter/sale", data=basket)
        assert refused.status_code in {402, 403, 409, 422}, refused.status_code
        assert 'value="400"' in refused.text
        wrong = await browser.post("/counter/sale", data={**basket, "consent": "pin", "consent_code": "12"})
        assert wrong.status_code == 422
        token = (await browser.get("/counter")).text
        scanned = await browser.post("/counter/scan", data={"_csrf": csrf_of(token), "code": code.json()["code"]})
        assert scanned.json() == {"kind": "member", "href": f"/counter/members/{lin}", "code": code.json()["code"]}
        made = await browser.post(
            "/counter/sale", data={**basket, "consent": "qr", "consent_code": code.json()["code"]}
        )
        assert made.status_code == 303, made.text
