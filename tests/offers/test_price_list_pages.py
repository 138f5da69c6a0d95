"""Price lists as an owner uses them: made, typed, brought in and out as files."""

import json
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import said_of, send

AT = "/price-lists"
FILE = "商品编码,中文名称,英文名称,原价,会员价\n"


async def upload(browser: Any, code: str, text: str | bytes, mode: str = "add") -> Any:
    token = csrf_of((await browser.get(AT)).text)
    raw = text.encode() if isinstance(text, str) else text
    files = {"file": ("prices.csv", raw, "text/csv")}
    return await browser.post(f"{AT}/{code}/upload", data={"_csrf": token, "mode": mode}, files=files)


async def prices(chain: Any, code: str) -> dict[str, tuple[int | None, int]]:
    kept = (await chain.http.get(f"/v1/price-lists/{code}")).json()["prices"]
    return {one["sku"]: (one["list_price"], one["price"]) for one in kept}


async def test_a_list_is_made_and_priced_by_hand(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        fields = {"names_zh-CN": "会员价", "code": "members"}
        assert (await send(browser, AT, AT, **fields)).headers["location"] == f"{AT}/members?done=made"
        taken = await send(browser, AT, AT, **fields)
        assert (taken.status_code, said_of(taken.text, "code")) == (409, "duplicate")
        at = f"{AT}/members"
        made = await send(browser, f"{at}/prices", AT, sku="=T1", price="138", list_price="１６８.５", item_zh="龙井")
        assert made.status_code == 303
        await send(browser, f"{at}/prices", AT, sku="T2", price="0")
        assert await prices(chain, "members") == {"=T1": (16_850, 13_800), "T2": (None, 0)}
        form = (await browser.get(f"{at}?sku=%3DT1")).text
        assert 'value="168.50"' in form
        await send(browser, f"{at}/prices", AT, sku="=T1", price="99.9")
        assert (await prices(chain, "members"))["=T1"] == (None, 9_990)
        for field, bad in (("price", {"price": "x"}), ("price", {"price": ""}), ("sku", {"sku": " "})):
            refused = await send(browser, f"{at}/prices", AT, **{"sku": "T3", "price": "1", **bad})
            assert (refused.status_code, said_of(refused.text, field) is None) == (422, False)
        found = (await browser.get(at, params={"q": "T"})).text
        assert "=T1" not in found.partition('id="prices"')[2].partition('id="price-title"')[0]
        await send(browser, f"{at}/remove", AT, sku="T2")
        assert set(await prices(chain, "members")) == {"=T1"}
        download = await browser.get(f"{at}/prices.csv")
        assert download.headers["content-type"] == "text/csv; charset=utf-8"
        file = download.text
        assert "'=T1" in file  # never a formula
        back = await upload(browser, "members", file)
        assert "New" in back.text
        assert await prices(chain, "members") == {"=T1": (None, 9_990)}


async def test_a_file_is_looked_at_then_taken_over(app: Any, chain: Any) -> None:
    old = [{"sku": sku, "price": 100} for sku in ("A", "B")]
    names = {"zh-CN": "价", "en": "Prices"}
    assert (await chain.http.put("/v1/price-lists/p", json={"names": names, "prices": old})).status_code == 201
    text = f"{FILE}A,茶,Tea,20.00,15.5\nC,,,,3\n\n"
    async with logged_in(app, chain) as browser:
        page = (await upload(browser, "p", text.encode("gb18030"))).text
        assert await prices(chain, "p") == {"A": (None, 100), "B": (None, 100)}
        assert "¥15.50" in page
        await send(browser, f"{AT}/p/take", AT, mode="add", text=text)
        assert await prices(chain, "p") == {"A": (2_000, 1_550), "B": (None, 100), "C": (None, 300)}
        page = (await upload(browser, "p", text, "replace")).text
        assert "Gone" in page
        for _ in range(2):
            answer = await send(browser, f"{AT}/p/take", AT, mode="replace", text=text)
            assert answer.headers["location"] == f"{AT}/p?done=taken"
        assert await prices(chain, "p") == {"A": (2_000, 1_550), "C": (None, 300)}
        acts = (await chain.http.get("/v1/audit-log?limit=200")).json()["data"]
        assert sum(one["action"] == "price_list.put" for one in acts) == 3  # the repeat left no trace


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", None),
        ("sku\nA\n", "Price for members"),
        (f"{FILE}A,,,,x\n", "not a valid amount"),
        (f"{FILE}A,,,,-1\n", "must be at least 0"),
        (f'{FILE}A,,,,"1,5"\n', "not a valid amount"),
        (f"{FILE}A,,,,\n", "not a valid amount"),
        (f"{FILE},,,,1\n", "Item code"),
        (f"{FILE}A,,,,1\nA,,,,2\n", "duplicate"),
        (f"{FILE}A,,,,1.005\n", "at most 2 decimals"),
        (f"{FILE}{'x' * 129},,,,1\n", "too long"),
        (f'{FILE}"A{"x" * 140_000},,,,1\n', "wrong format"),
        (FILE, "The file has no prices."),
        (b"\x00\xff\xfe\xff", None),
    ],
)
async def test_a_wrong_file_changes_nothing(app: Any, shop: Any, text: str | bytes, told: str | None) -> None:
    names = {"zh-CN": "价", "en": "Prices"}
    body = {"names": names, "prices": [{"sku": "A", "price": 100}]}
    await shop.http.put("/v1/price-lists/kept", json=body)
    async with logged_in(app, shop) as browser:
        answer = await upload(browser, "kept", text, "replace")
        if told is None:
            assert (answer.status_code, said_of(answer.text, "file") is None) == (422, False)
        else:
            assert told in answer.text
            assert "/take" not in answer.text
            assert isinstance(text, str)
            await send(browser, f"{AT}/kept/take", AT, mode="replace", text=text)
    assert await prices(shop, "kept") == {"A": (None, 100)}


async def test_a_file_of_prices_alone_takes_nobodys_names_away(app: Any, shop: Any) -> None:
    tea = {"zh-CN": "龙井", "en": "Longjing"}
    before = [{"sku": "A", "names": tea, "list_price": 200, "price": 100}, {"sku": "B", "price": 100}]
    names = {"zh-CN": "价", "en": "Prices"}
    at = "/v1/price-lists/alone"
    await shop.http.put(at, json={"names": names, "prices": before})
    async with logged_in(app, shop) as browser:
        text = "sku,price\rA,0.90\rB,0.80\rC,0.70\r"  # as old spreadsheets end lines
        assert (await upload(browser, "alone", text)).status_code == 200
        for mode in ("add", "replace"):
            await send(browser, f"{AT}/alone/take", AT, mode=mode, text=text)
            kept = {one["sku"]: one for one in (await shop.http.get(at)).json()["prices"]}
            assert (kept["A"]["names"], kept["A"]["list_price"], kept["A"]["price"]) == (tea, 200, 90)
            assert (kept["B"]["price"], kept["C"]["price"]) == (80, 70)
        await send(browser, f"{AT}/alone/take", AT, mode="add", text="sku,price,name\nA,0.90,明前龙井\nB,0.80,\n")
        kept = {one["sku"]: one for one in (await shop.http.get(at)).json()["prices"]}
        assert kept["A"]["names"] == {"zh-CN": "明前龙井", "en": "Longjing"}
        await send(browser, f"{AT}/alone/take", AT, mode="add", text="sku,原价,price\nA,,0.90\n")  # said to be empty
        kept = {one["sku"]: one for one in (await shop.http.get(at)).json()["prices"]}
        assert (kept["A"]["list_price"], kept["A"]["names"]["zh-CN"]) == (None, "明前龙井")


async def test_some_prices_are_changed_over_the_api(shop: Any) -> None:
    names = {"zh-CN": "价", "en": "Prices"}
    first = [{"sku": sku, "price": 100} for sku in ("A", "B")]
    await shop.http.put("/v1/price-lists/some", json={"names": names, "prices": first})
    change = {"prices": [{"sku": "A", "price": 90}, {"sku": "C", "price": 80}], "remove": ["B", "no such"]}
    answer = await shop.http.patch("/v1/price-lists/some", json=change)
    assert answer.status_code == 200, answer.text
    assert await prices(shop, "some") == {"A": (None, 90), "C": (None, 80)}
    assert (await shop.http.patch("/v1/price-lists/none", json=change)).status_code == 404
    null = await shop.http.patch("/v1/price-lists/some", content=json.dumps({"names": None}))
    assert null.status_code == 422


async def test_a_manager_reads_and_changes_nothing(app: Any, shop: Any, colleague: Any) -> None:
    body = {"names": {"zh-CN": "价", "en": "Prices"}, "prices": [{"sku": "A", "price": 100}]}
    await shop.http.put("/v1/price-lists/read", json=body)
    async with logged_in(app, await colleague(shop, "manager")) as browser:
        page = (await browser.get(f"{AT}/read")).text
        assert "¥1.00" in page
        assert "/remove" not in page
        token = csrf_of(page)
        for act in ("", "/prices", "/remove", "/upload", "/take"):
            assert (await browser.post(f"{AT}/read{act}", data={"_csrf": token, "sku": "A"})).status_code == 403
