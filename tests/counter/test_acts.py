"""What else a till does: top up, points, rewards, passes, visits, cards, enrolling; and who is asked above."""

import asyncio
from typing import Any

import pytest
from support.browsing import log_in, logged_in, new_browser
from support.colleagues import PASSWORD, hire
from support.programme import change_programme
from tilling import enrolled, form_of, send


async def act(browser: Any, member: str, tab: str, name: str, **fields: str) -> Any:
    """Sends the desk's form of an act, and returns the answer."""
    return await send(browser, f"/counter/members/{member}?do={tab}", f"/counter/members/{member}/{name}", **fields)


async def test_a_top_up_shows_what_came_of_it_and_can_be_undone(app: Any, chain: Any) -> None:
    lin = await enrolled(chain, phone="18112348654")
    async with logged_in(app, chain) as browser:
        form = form_of((await browser.get(f"/counter/members/{lin}?do=top-up")).text, f"/counter/members/{lin}/top-up")
        first = await browser.post(f"/counter/members/{lin}/top-up", data={**form, "amount": "500", "tender": "cash"})
        again = await browser.post(f"/counter/members/{lin}/top-up", data={**form, "amount": "500", "tender": "cash"})
        assert first.headers["location"] == again.headers["location"]
        page = (await browser.get(first.headers["location"])).text
        assert "Topped up" in page
        member = (await chain.http.get(f"/v1/members/{lin}")).json()
        assert member["wallet"]["principal"] == 50_000
        undone = await browser.post("/counter/undo", data=form_of(page, "/counter/undo"))
        assert undone.status_code == 303
        too_much = await act(browser, lin, "top-up", "top-up", amount="999999", tender="cash")
        assert too_much.status_code in {409, 422}
        assert 'value="999999"' in too_much.text
    assert (await chain.http.get(f"/v1/members/{lin}")).json()["wallet"]["principal"] == 0


async def test_points_are_spent_and_corrected(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        assert (await act(browser, lin, "points", "adjust", points="+300", reason="补登")).status_code == 303
        assert (await act(browser, lin, "points", "redeem", points="120")).status_code == 303
        short = await act(browser, lin, "points", "redeem", points="1000")
        assert short.status_code == 422
        assert 'value="1000"' in short.text
        for points in ("", "x", "-5", "0", "1.5"):
            assert (await act(browser, lin, "points", "redeem", points=points)).status_code == 422
        nothing = await act(browser, lin, "points", "adjust", points="5", reason="")
        assert nothing.status_code == 422
        home = (await browser.get("/counter")).text
    assert (await chain.http.get(f"/v1/members/{lin}")).json()["points"]["balance"] == 180
    assert "Points spent" in home
    assert "−120" in home


async def test_a_reward_is_claimed_handed_out_or_called_off(app: Any, chain: Any) -> None:
    lin, other = await enrolled(chain), await enrolled(chain, name="王秀")
    await chain.http.post("/v1/points/adjust", json={"member_id": lin, "points": 900, "reason": "x"})
    reward = {"code": "mug", "names": {"zh-CN": "杯", "en": "A mug"}, "points": 300, "stock": 3}
    made = (await chain.http.post("/v1/rewards", json=reward)).json()["id"]
    desk = f"/counter/members/{lin}"
    async with logged_in(app, chain) as browser:
        taken = await act(browser, lin, "rewards", "claim", reward_id=made, number="n1", now="yes")
        assert taken.status_code == 303, taken.text
        twice = await act(browser, lin, "rewards", "claim", reward_id=made, number="n1", now="yes")
        assert twice.status_code == 303
        assert (await act(browser, lin, "rewards", "claim", reward_id=made, number="n2")).status_code == 303
        page = (await browser.get(f"{desk}?do=rewards")).text
        claim_id = form_of(page, f"{desk}/collect")["claim_id"]
        theirs = await browser.post(
            f"/counter/members/{other}/collect", data={**form_of(page, f"{desk}/collect"), "claim_id": claim_id}
        )
        assert theirs.status_code == 404
        off = await browser.post(
            "/counter/undo", data={**form_of(page, f"{desk}/collect"), "kind": "claim", "id": claim_id}
        )
        assert off.status_code == 303
    claims = (await chain.http.get(f"/v1/members/{lin}/claims")).json()["data"]
    assert [one["state"] for one in claims] == ["cancelled", "collected"]
    assert (await chain.http.get(f"/v1/members/{lin}")).json()["points"]["balance"] == 600


async def test_passes_visits_and_what_was_entered_by_mistake(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    async with logged_in(app, chain) as browser:
        sold = await act(
            browser,
            lin,
            "visits",
            "sell-pass",
            product="洗车",
            uses="10",
            price="300",
            valid_until="2099-12-31",
            tender="cash",
        )
        assert sold.status_code == 303, sold.text
        used = await act(browser, lin, "visits", "use-pass")
        assert used.status_code == 303
        (one,) = (await chain.http.get(f"/v1/members/{lin}/passes")).json()["data"]
        assert one["left"] == 9
        home = (await browser.get("/counter")).text
        assert "Visit by pass" in home
        undone = await browser.post("/counter/undo", data=form_of(home, "/counter/undo"))
        assert undone.status_code == 303, undone.text
        (one,) = (await chain.http.get(f"/v1/members/{lin}/passes")).json()["data"]
        assert one["left"] == 10
        bad = await act(browser, lin, "visits", "sell-pass", product="", uses="x", price="1", valid_until="2099-12-31")
        assert bad.status_code == 422


async def test_a_lost_card_is_replaced_at_the_till(app: Any, chain: Any) -> None:
    lin = await enrolled(chain, card_no="C1001")
    async with logged_in(app, chain) as browser:
        assert (await act(browser, lin, "card", "lost", old="C1001")).status_code == 303
        found = await browser.get("/counter", params={"q": "C1001", "open": "one"})
        assert found.status_code == 200
        unsaid = await act(browser, lin, "card", "replace", old="C1001", card_no="C1002")
        assert unsaid.status_code == 422
        assert 'value="C1002"' in unsaid.text
        done = await act(browser, lin, "card", "replace", old="C1001", card_no="C1002", proof="手机验证")
        assert done.status_code == 303, done.text
        found = await browser.get("/counter", params={"q": "C1002", "open": "one"})
        assert found.headers["location"] == f"/counter/members/{lin}"
        sheet = (await browser.get(f"/counter/cards/{lin}")).text
    assert "C1002" in sheet
    assert sheet.count("<svg") >= 2


async def test_who_has_no_phone_is_enrolled_once_and_gets_one_card(app: Any, chain: Any) -> None:
    """Nothing but the form's number tells its second sending from another person of that name."""
    async with logged_in(app, chain) as browser:
        form = form_of((await browser.get("/counter", params={"q": "无名客"})).text, "/counter/enrol")
        same = await asyncio.gather(*(browser.post("/counter/enrol", data=form) for _ in range(2)))
        other = await browser.post("/counter/enrol", data={**form, "number": "another"})
        assert [answer.status_code for answer in (*same, other)] == [303, 303, 303]
        one, again, two = (answer.headers["location"] for answer in (*same, other))
        assert one == again != two
        desk = one.partition("?")[0]
        form = form_of((await browser.get(f"{desk}?do=card")).text, f"{desk}/issue-card")
        for _ in range(2):
            assert (await browser.post(f"{desk}/issue-card", data=form)).status_code == 303
        assert (await browser.get(f"{desk}?do=card")).text.count(f'action="{desk}/lost"') == 1


async def test_who_is_not_found_is_enrolled_with_what_was_typed(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/counter", params={"q": "138 0013 8000", "open": "one"})).text
        form = form_of(page, "/counter/enrol")
        assert form["phone"] == "13800138000"
        wrong = await browser.post("/counter/enrol", data={**form, "phone": "12", "name": "新客"})
        assert wrong.status_code == 422
        assert 'id="about-phone"' in wrong.text
        assert 'value="新客"' in wrong.text
        made = await browser.post("/counter/enrol", data={**form, "name": "新客", "consents_sms": "yes"})
        assert made.status_code == 303, made.text
        again = await browser.post("/counter/enrol", data={**form, "name": "新客", "consents_sms": "yes"})
        assert again.headers["location"] == made.headers["location"]
        taken = await browser.post("/counter/enrol", data={**form, "name": "新客"})
        assert taken.status_code == 409
        assert "Show who has it" in taken.text
    (one,) = (await chain.http.get("/v1/members?q=新客")).json()["data"]
    assert (one["source"], one["branch_id"], one["consents"]["sms"]) == ("till", chain.branch_id, True)


async def test_goods_come_back_the_way_they_were_paid(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    body = {"member_id": lin, "branch_id": chain.branch_id, "external_id": "t1", "amount": 10_000}
    sale = (
        await chain.http.post("/v1/purchases", json={**body, "tenders": [{"type": "cash", "amount": 10_000}]})
    ).json()
    where = f"/counter/refunds/{sale['id']}"
    async with logged_in(app, chain) as browser:
        too_much = await send(browser, where, where, amount="100.01")
        assert too_much.status_code == 422
        assert 'value="100.01"' in too_much.text
        form = form_of((await browser.get(where)).text, where)
        for _ in range(2):
            assert (await browser.post(where, data={**form, "amount": "40", "reason": "破损"})).status_code == 303
        page = (await browser.get(where)).text
    assert "60.00" in page
    assert (await chain.http.get(f"/v1/purchases/{sale['id']}")).json()["refunded"] == 4_000


@pytest.mark.parametrize(
    "path", ["/counter/members/{}", "/counter/members/{}?do=rewards", "/counter/receipts/purchase/{}"]
)
async def test_what_is_not_there_is_not_found(app: Any, chain: Any, path: str) -> None:
    async with logged_in(app, chain) as browser:
        assert (await browser.get(path.format("01970000-0000-7000-8000-000000000001"))).status_code == 404


async def test_a_clerk_asks_a_manager_on_the_same_page(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    clerk = await hire(app, chain, role="clerk", branch_ids=[chain.branch_id])
    async with logged_in(app, chain) as owner:
        pin = await send(owner, "/account", "/account/pin", pin="4711", current=chain.password)
        assert pin.status_code in {200, 303}, pin.text
    async with new_browser(app) as browser:
        assert (await log_in(browser, clerk["email"], PASSWORD)).status_code == 303
        page = await act(browser, lin, "points", "adjust", points="5000", reason="投诉补偿")
        assert page.status_code == 403
        assert 'name="approver"' in page.text
        assert 'value="投诉补偿"' in page.text
        action = f"/counter/members/{lin}/adjust"
        approver = page.text.split('<option value="', 1)[1].split('"', 1)[0]
        form = {**form_of(page.text, action), "approver": approver}
        wrong = await browser.post(action, data={**form, "pin": "0000"})
        assert wrong.status_code == 403
        assert 'name="approver"' in wrong.text
        done = await browser.post(action, data={**form, "pin": "4711"})
        assert done.status_code == 303, done.text
        small = await act(browser, lin, "points", "adjust", points="-10", reason="更正")
        assert small.status_code == 303
    assert (await chain.http.get(f"/v1/members/{lin}")).json()["points"]["balance"] == 4_990
    actions = [one["action"] for one in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert "approval.give" in actions
    assert "approval.use" in actions


async def test_a_clerk_works_at_the_own_branch_only(app: Any, chain: Any) -> None:
    lin = await enrolled(chain)
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    body = {"branch_id": second, "external_id": "x1", "amount": 100, "external_amounts": True}
    sale = (await chain.http.post("/v1/purchases", json={**body, "member_id": lin})).json()["id"]
    clerk = await hire(app, chain, role="clerk", branch_ids=[chain.branch_id])
    analyst = await hire(app, chain, role="analyst")
    async with new_browser(app) as browser:
        await log_in(browser, clerk["email"], PASSWORD)
        desk = (await browser.get(f"/counter/members/{lin}")).text
        form = form_of(desk, "/counter/sale")
        assert form["branch_id"] == chain.branch_id
        moved = await browser.post("/counter/sale", data={**form, "branch_id": second, "amount": "5", "tender": "cash"})
        assert moved.status_code == 403
        for path in (
            f"/counter?entry=purchase:{sale}",
            f"/counter/receipts/purchase/{sale}",
            f"/counter/refunds/{sale}",
        ):
            assert (await browser.get(path)).status_code == 404, path
        chosen = await browser.post("/counter/branch", data={"_csrf": form["_csrf"], "branch_id": second})
        assert chosen.status_code == 403
    async with new_browser(app) as browser:
        await log_in(browser, analyst["email"], PASSWORD)
        assert (await browser.get("/counter")).status_code == 403


async def test_who_may_work_at_several_branches_says_where_once(app: Any, chain: Any) -> None:
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/counter")).text
        assert "At which branch" in page
        assert 'name="q"' not in page
        form = {**form_of(page, "/counter/branch"), "branch_id": second}
        assert (await browser.post("/counter/branch", data=form)).status_code == 303
        assert "二店" in (await browser.get("/counter")).text
        guest = await send(browser, "/counter/guest", "/counter/sale", amount="5", tender="cash")
        assert guest.status_code == 303
        assert "At which branch" in (await browser.get("/counter?where=choose")).text


async def test_a_colleagues_free_use_is_not_taken_back_at_the_till(app: Any, chain: Any) -> None:
    """Used, taken back, used again: a free coffee without end."""
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["tiers"][0]["benefits"] = [{"type": "allowance", "product": "tea", "per": "day", "count": 2}]
    await change_programme(chain, ladders=ladders)
    lin = await enrolled(chain)
    used = await chain.http.post(f"/v1/members/{lin}/allowances/tea/use", json={"branch_id": chain.branch_id})
    assert used.status_code < 300, used.text
    async with logged_in(app, chain) as browser:
        assert (await act(browser, lin, "visits", "use-allowance")).status_code == 303
        own = form_of((await browser.get("/counter")).text, "/counter/undo")
        assert own["kind"] == "allowance"
        theirs = await browser.post("/counter/undo", data={**own, "id": used.json()["id"]})
        assert theirs.status_code == 409
        assert (await browser.post("/counter/undo", data=own)).status_code == 303
    (tea,) = (await chain.http.get(f"/v1/members/{lin}/allowances")).json()["data"]
    assert tea["left"] == 1
