"""Passes as a clerk uses them: sold, used, taken back, paid back."""

from typing import Any

from support.at_the_counter import PIN, give_pin
from support.browsing import csrf_of, logged_in
from support.colleagues import hire
from support.sending import hidden, rows, said_of, send

AT = "/passes"
TEN = {"who": "8654", "product": "团课", "uses": "10", "price": "580", "valid_until": "2099-12-31", "tender": "wechat"}


async def left(chain: Any, pass_id: str) -> int:
    uses: int = (await chain.http.get(f"/v1/passes/{pass_id}")).json()["left"]
    return uses


async def test_a_pass_from_sale_to_refund_each_step_once(app: Any, chain: Any) -> None:
    member = {"name": "林悦", "phone": "18112348654"}
    assert (await chain.http.post("/v1/members", json=member)).status_code == 201
    async with logged_in(app, chain) as browser:
        act = hidden((await browser.get(f"{AT}/new")).text, "act")
        fields = {**TEN, "act": act, "branch_id": chain.branch_id}
        for name, bad in (("who", "nobody"), ("who", ""), ("uses", "0"), ("uses", "x"), ("price", "-1"), ("price", ""),
                          ("valid_until", "2001-01-01"), ("branch_id", ""), ("product", "")):  # fmt: skip
            refused = await send(browser, f"{AT}/new", AT, **{**fields, name: bad})
            assert refused.status_code == 422, (name, bad)
            assert said_of(refused.text, name), (name, bad)
        places = {(await send(browser, f"{AT}/new", AT, **fields)).headers["location"] for _ in range(2)}
        assert len(places) == 1
        at = places.pop().partition("?")[0]
        pass_id = at.rpartition("/")[2]
        assert rows((await browser.get(AT)).text) == ["林悦"]
        assert rows((await browser.get(AT, params={"q": "8654"})).text) == ["林悦"]
        assert rows((await browser.get(AT, params={"q": "nobody"})).text) == []
        act = hidden((await browser.get(at)).text, "act")
        for _ in range(2):
            used = await send(browser, f"{at}/use", AT, act=act, branch_id=chain.branch_id, count="3")
            assert used.headers["location"] == f"{at}?done=used"
        assert await left(chain, pass_id) == 7
        many = await send(browser, f"{at}/use", AT, act=pass_id, branch_id=chain.branch_id, count="8")
        assert (many.status_code, await left(chain, pass_id)) == (409, 7)
        entry = hidden((await browser.get(at)).text, "entry_id")
        await send(browser, f"{at}/undo", AT, entry_id=entry)
        assert await left(chain, pass_id) == 10
        act = hidden((await browser.get(at)).text, "act")
        for _ in range(2):
            back = await send(browser, f"{at}/refund", AT, act=act, branch_id=chain.branch_id, uses="4", tender="cash")
            assert back.headers["location"] == f"{at}?done=refunded"
        assert await left(chain, pass_id) == 6
        assert "¥232.00" in (await browser.get(at)).text


async def test_beyond_its_limit_a_clerk_needs_somebody_above(app: Any, chain: Any, colleague: Any) -> None:
    """580.00 for ten visits: nine are 522.00, and the limit is 500.00 of one pass in all."""
    member = {"name": "林悦", "phone": "18112348654"}
    assert (await chain.http.post("/v1/members", json=member)).status_code == 201
    boss = await hire(app, chain, role="manager", name="店长")
    await give_pin(chain, boss["id"])
    async with logged_in(app, await colleague(chain, "clerk")) as browser:
        act = hidden((await browser.get(f"{AT}/new")).text, "act")
        sold = await send(browser, f"{AT}/new", AT, **TEN, act=act, branch_id=chain.branch_id)
        at = sold.headers["location"].partition("?")[0]

        async def back(uses: str, **more: str) -> Any:
            fields = {
                "act": hidden((await browser.get(at)).text, "act"),
                "branch_id": chain.branch_id,
                "tender": "cash",
            }
            return await send(browser, f"{at}/refund", AT, **{**fields, "uses": uses, **more})

        needed = await back("9")
        assert (needed.status_code, "A manager approves" in needed.text) == (403, True)
        assert "<details open" in needed.text.replace(' class="card padded"', "")
        assert (await back("5")).status_code == 303
        assert (await back("4")).status_code == 403  # not in small parts
        wrong = await back("4", approver=boss["id"], pin="1470")
        assert (wrong.status_code, "A manager approves" in wrong.text) == (403, True)
        assert await left(chain, at.rpartition("/")[2]) == 5
        approved = await back("4", approver=boss["id"], pin=PIN)
        assert (approved.status_code, await left(chain, at.rpartition("/")[2])) == (303, 1)
        nowhere = await back("1", branch_id="")
        assert (nowhere.status_code, said_of(nowhere.text, "branch_id")) == (422, "required")


async def test_an_analyst_reads_only(app: Any, shop: Any, colleague: Any) -> None:
    async with logged_in(app, await colleague(shop, "analyst")) as browser:
        page = (await browser.get(AT)).text
        assert "/passes/new" not in page
        answer = await browser.post(f"{AT}/new", data={"_csrf": csrf_of(page), **TEN})
        assert answer.status_code == 403
