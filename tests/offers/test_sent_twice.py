"""Forms that make something, sent twice: by a double click without scripts, or loaded anew. One thing is made."""

import asyncio
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import hidden, send

CONDITION = {"condition.metric": "days_since_purchase", "condition.gte": "60"}
MONTHLY = {"every_type": "months", "every_months": "1", "due_days": "7"}
FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "coupon": ("/coupons/new", "/v1/coupons", {"names_zh-CN": "立减", "value_amount": "5", "valid_days": "30"}),
    "reward": ("/rewards/new", "/v1/rewards", {"names_zh-CN": "茶杯", "points": "100"}),
    "price list": ("/price-lists", "/v1/price-lists", {"names_zh-CN": "会员价"}),
    "rule of calls": (
        "/tasks/rules/new",
        "/v1/tasks/rules",
        {"names_zh-CN": "每月", "whom": "ladder:card", "tiers": "card:gold", **MONTHLY},
    ),
}


async def names(chain: Any, listed: str) -> list[str]:
    answer = await chain.http.get(f"{listed}?limit=200")
    assert answer.status_code == 200, answer.text
    return [one["names"]["zh-CN"] for one in answer.json()["data"]]


@pytest.mark.parametrize("form", FORMS)
async def test_it_is_made_once_and_shown_again(app: Any, shop: Any, form: str) -> None:
    path, listed, fields = FORMS[form]
    async with logged_in(app, shop) as browser:
        page = (await browser.get(path)).text
        sent = {"_csrf": csrf_of(page), "once": hidden(page, "once"), **fields}
        both = await asyncio.gather(*(browser.post(path, data=sent) for _ in range(2)))
        assert {answer.status_code for answer in both} == {303}, [answer.text for answer in both]
        assert len({answer.headers["location"] for answer in both}) == 1
        assert (await names(shop, listed)).count(fields["names_zh-CN"]) == 1
        # After the Back button with another name it is another one; an empty name is refused, and is no first time.
        assert (await browser.post(path, data={**sent, "names_zh-CN": ""})).status_code == 422
        other = await browser.post(path, data={**sent, "names_zh-CN": "另一个"})
        assert (other.status_code, (await names(shop, listed)).count("另一个")) == (303, 1)


async def test_a_segment_too(app: Any, shop: Any) -> None:
    async with logged_in(app, shop) as browser:
        page = (await browser.get("/segments/new")).text
        sent = {
            "_csrf": csrf_of(page),
            "once": hidden(page, "once"),
            "names_zh-CN": "久未到店",
            "act": "save",
            **CONDITION,
        }
        both = [await browser.post("/segments/new", data=sent) for _ in range(2)]
        assert [answer.status_code for answer in both] == [303, 303], both[0].text
        assert both[0].headers["location"] == both[1].headers["location"]
    assert (await names(shop, "/v1/segments")).count("久未到店") == 1


async def test_pieces_are_counted_once(app: Any, shop: Any) -> None:
    async with logged_in(app, shop) as browser:
        made = await send(browser, "/rewards/new", **{"names_zh-CN": "抹布", "points": "10", "stock": "2"})
        at = made.headers["location"].partition("?")[0]
        page = (await browser.get(at)).text
        sent = {"_csrf": csrf_of(page), "once": hidden(page, "once"), "pieces": "5", "way": "came"}
        for _ in range(2):
            assert (await browser.post(f"{at}/stock", data=sent)).status_code == 303
        assert (await shop.http.get(f"/v1{at}")).json()["stock"] == 7
        again = {**sent, "once": hidden((await browser.get(at)).text, "once")}  # five more came
        assert (await browser.post(f"{at}/stock", data=again)).status_code == 303
        assert (await shop.http.get(f"/v1{at}")).json()["stock"] == 12


async def test_a_key_is_shown_once_and_made_once(app: Any, shop: Any) -> None:
    async with logged_in(app, shop) as browser:
        page = (await browser.get("/keys")).text
        sent = {"_csrf": csrf_of(page), "once": hidden(page, "once"), "name": "收银机", "scopes": "members:read"}
        first = await browser.post("/keys", data=sent)
        assert 'value="rk_live_' in first.text
        again = await browser.post("/keys", data=sent)
        assert (again.status_code, again.headers["location"]) == (303, "/keys?done=again")
        assert "made already" in (await browser.get("/keys?done=again")).text
    keys = (await shop.http.get("/v1/api-keys")).json()["data"]
    assert [key["name"] for key in keys].count("收银机") == 1
