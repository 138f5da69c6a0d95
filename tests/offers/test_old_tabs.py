"""A form that was opened before somebody else changed the same thing puts nothing back without a word."""

from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import hidden, send

NAMES = {"zh-CN": "旧名", "en": "Old name"}
SPEND = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 100}
MONTHLY = {"every": {"type": "months", "months": 1}, "due_days": 7}
COUPON = {"value_type": "amount", "value_amount": "5.00", "days": "valid_days", "valid_days": "30", "where": "all"}
MADE: dict[str, dict[str, Any]] = {
    "/coupons": {"value": {"type": "amount", "amount": 500}, "valid_days": 30},
    "/rewards": {"points": 100, "stock": 3},
    "/segments": {"condition": SPEND},
    "/tasks/rules": {"ladder": "card", "tiers": ["gold"], **MONTHLY},
}
SENT: dict[str, dict[str, str]] = {
    "/coupons": COUPON,
    "/rewards": {"points": "100"},
    "/segments": {
        "act": "save",
        "condition.metric": "spend",
        "condition.window": "lifetime",
        "condition.gte": "1.00",
    },
    "/tasks/rules": {"every_type": "months", "every_months": "1", "due_days": "7"},
}


@pytest.mark.parametrize("noun", MADE)
async def test_who_comes_late_is_told_and_may_save_all_the_same(app: Any, shop: Any, noun: str) -> None:
    body = {"code": "an-old-tab", "names": NAMES, **MADE[noun]}
    answer = await shop.http.post(f"/v1{noun}", json=body)
    assert answer.status_code == 201, answer.text
    kept = f"/v1{noun}/{answer.json()['id']}"
    at = f"{noun}/{answer.json()['id']}" + ("" if noun == "/tasks/rules" else "/edit")
    async with logged_in(app, shop) as browser:
        page = (await browser.get(at)).text
        sent = {"_csrf": csrf_of(page), "seen": hidden(page, "seen"), "names_zh-CN": "我的", **SENT[noun]}
        theirs = {"names": {"zh-CN": "别人的", "en": "Theirs"}}
        assert (await shop.http.patch(kept, json=theirs)).status_code == 200
        late = await browser.post(at, data=sent)
        assert (late.status_code, "Somebody changed it meanwhile" in late.text) == (409, True), late.text
        assert 'value="我的"' in late.text
        assert (await shop.http.get(kept)).json()["names"]["zh-CN"] == "别人的"
        again = await browser.post(at, data={**sent, "seen": hidden(late.text, "seen")})
        assert again.status_code == 303, again.text
    assert (await shop.http.get(kept)).json()["names"]["zh-CN"] == "我的"


async def test_what_is_counted_meanwhile_is_no_change_of_the_form(app: Any, shop: Any) -> None:
    made = await shop.http.post("/v1/rewards", json={"code": "counted", "names": NAMES, "points": 5, "stock": 3})
    at = f"/rewards/{made.json()['id']}"
    async with logged_in(app, shop) as browser:
        page = (await browser.get(f"{at}/edit")).text
        assert (await send(browser, f"{at}/stock", pieces="4", way="came")).status_code == 303
        fields = {"names_zh-CN": "新名", "points": "6", "seen": hidden(page, "seen")}
        assert (await send(browser, f"{at}/edit", **fields)).status_code == 303


async def test_a_branch_and_the_chain_itself(app: Any, shop: Any) -> None:
    async with logged_in(app, shop) as browser:
        for at, change, fields in (
            (f"/branches/{shop.branch_id}", f"/v1/branches/{shop.branch_id}", {"name": "我的店", "kind": "own"}),
            ("/settings", "/v1/tenant", {"name": "我的连锁", "locale": "zh-CN"}),
        ):
            page = (await browser.get(at)).text
            sent = {"_csrf": csrf_of(page), "seen": hidden(page, "seen"), **fields}
            assert (await shop.http.patch(change, json={"name": "别人改的"})).status_code == 200
            late = await browser.post(at, data=sent)
            assert (late.status_code, f'value="{fields["name"]}"' in late.text) == (409, True), late.text
            assert (await shop.http.get(change)).json()["name"] == "别人改的"
            again = await browser.post(at, data={**sent, "seen": hidden(late.text, "seen")})
            assert (again.status_code, (await shop.http.get(change)).json()["name"]) == (303, fields["name"])
