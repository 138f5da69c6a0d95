"""The members' list as staff use it: search, filters, pages, and what it says where nobody is found."""

import re
from html import unescape
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in

from tenants.member_pages.listing import enrolment

WIRE = 60_000


async def enrol(chain: Any, **fields: Any) -> str:
    answer = await chain.http.post("/v1/members", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def listed(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'class="row-link"[^>]*>([^<]+)<', page)]


async def test_one_box_finds_by_every_identifier_and_masks_phones(app: Any, chain: Any) -> None:
    await enrol(chain, name="林悦", phone="18112348654", card_no="8000123", external_id="crm-7")
    await enrol(chain, name="<b>Bo & Co</b>", phone="13900008654")
    async with logged_in(app, chain) as browser:
        for q, names in (
            ("8654", ["<b>Bo & Co</b>", "林悦"]),
            ("181 1234 8654", ["林悦"]),
            ("8000123", ["林悦"]),
            ("crm-7", ["林悦"]),
            ("林", ["林悦"]),
            ("", ["<b>Bo & Co</b>", "林悦"]),
        ):
            page = (await browser.get("/members", params={"q": q})).text
            assert listed(page) == names, q
            assert "18112348654" not in page.replace('value="181 1234 8654"', "")
        assert "181 **** 8654" in page
        assert " · 8000123 · crm-7" in page
        assert "<b>Bo" not in page


async def test_enter_opens_the_only_match_and_cleans_the_address_of_others(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="18112348654")
    await enrol(chain, name="林林", phone="13900008654")
    async with logged_in(app, chain) as browser:
        answer = await browser.get("/members", params={"q": "林悦", "tier": "", "open": "one"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/members/{lin}")
        answer = await browser.get("/members", params={"q": "8654", "tier": "", "open": "one"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/members?q=8654")


async def test_nobody_found_offers_to_enrol_with_the_number(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members", params={"q": "13800138000"})).text
        assert 'href="/members/new?phone=13800138000"' in page
        form = (await browser.get("/members/new?phone=13800138000")).text
        assert 'value="13800138000"' in form
        assert "No members yet" in (await browser.get("/members")).text


@pytest.mark.parametrize(
    ("q", "address"),
    [
        ("", "/members/new"),
        ("138 0013 8000", "/members/new?phone=13800138000"),
        ("1380013800", "/members/new?phone=1380013800"),
        ("8000", "/members/new?card_no=8000"),
        ("Ann Li", "/members/new?name=Ann+Li"),
    ],
)
def test_what_was_searched_for_goes_where_it_belongs(q: str, address: str) -> None:
    assert enrolment(q) == address


async def test_filters_and_pages_are_in_the_address(app: Any, chain: Any) -> None:
    body = {"items": [{"name": f"M{n:03}", "phone": f"1391234{n:04}", "tags": ["vip"]} for n in range(75)]}
    made = await chain.http.post("/v1/members:batch", json=body)
    assert {item["status"] for item in made.json()["data"]} == {201}, made.text
    async with logged_in(app, chain, language="zh-CN") as browser:
        address, seen, pages = "/members?tag=vip", [], 0
        while address:
            answer = await browser.get(address)
            assert answer.num_bytes_downloaded < WIRE
            seen += listed(answer.text)
            found = re.search(r'href="([^"]+)" rel="next"', answer.text)
            address, pages = unescape(found[1]) if found else "", pages + 1
        assert (seen, pages) == ([f"M{n:03}" for n in reversed(range(75))], 3)
        assert listed((await browser.get("/members", params={"tag": "nobody"})).text) == []
        wrong = await browser.get("/members?tier=card:none")
        assert wrong.status_code == 422
        assert 'role="alert"' in wrong.text


async def test_htmx_gets_the_rows_alone_and_a_clean_address(app: Any, chain: Any) -> None:
    await enrol(chain, name="林悦")
    async with logged_in(app, chain) as browser:
        answer = await browser.get("/members", params={"q": "林", "tier": ""}, headers={"HX-Request": "true"})
        assert answer.text.lstrip().startswith('<div id="results">')
        assert answer.headers["hx-replace-url"] == "/members?q=%E6%9E%97"
        assert listed(answer.text) == ["林悦"]
        again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
        assert "<!doctype html>" in (await browser.get("/members", headers=again)).text


async def test_the_last_visit_is_one_that_stands(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦")
    ticket = {"branch_id": chain.branch_id, "member_id": lin, "external_amounts": True}
    bought = await chain.http.post("/v1/purchases", json={**ticket, "external_id": "t1", "amount": 100})
    async with logged_in(app, chain) as browser:
        assert 'class="when">—' not in (await browser.get("/members")).text
        undone = await chain.http.post(f"/v1/purchases/{bought.json()['id']}/undo", json={"reason": "slip"})
        assert undone.status_code < 300, undone.text
        assert 'class="when">—' in (await browser.get("/members")).text


async def test_each_column_sorts_and_says_how(app: Any, chain: Any) -> None:
    for name, amount in (("王秀", 900), ("安然", 5_000), ("林悦", None)):
        member = await enrol(chain, name=name)
        if amount is not None:
            ticket = {"branch_id": chain.branch_id, "member_id": member, "external_amounts": True}
            bought = await chain.http.post("/v1/purchases", json={**ticket, "external_id": name, "amount": amount})
            assert bought.status_code == 201, bought.text
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/members")).text
        assert "aria-sort" not in page
        for column, orders in {
            "name": (["安然", "林悦", "王秀"], ["王秀", "林悦", "安然"]),
            "spend": (["安然", "王秀", "林悦"], ["王秀", "安然", "林悦"]),
            "last_visit": (["安然", "王秀", "林悦"], ["王秀", "安然", "林悦"]),
            "points": (["安然", "王秀", "林悦"], ["王秀", "安然", "林悦"]),
        }.items():
            seen, page = [], (await browser.get("/members?status=active")).text
            for _ in orders:
                (address,) = {unescape(a) for a in re.findall(r'class="sort" href="([^"]*)"', page) if column in a}
                assert "status=active" in address
                page = (await browser.get(address)).text
                (said,) = re.findall(r'aria-sort="(\w+)"', page)
                seen.append((listed(page), said))
            ways = ["ascending", "descending"][:: 1 if column == "name" else -1]
            assert seen == list(zip(orders, ways, strict=True)), column
            assert re.search(rf'<option value="-?{column}" selected>', page)
            assert re.search(r'class="sort" href="/members\?status=active"', page)  # the third click: as at first
        assert (await browser.get("/members?sort=phone")).status_code == 422
        saved = await browser.post("/members/views", data={"_csrf": csrf_of(page), "name": "Best", "sort": "-spend"})
        assert saved.headers["location"] == "/members?sort=-spend&view=saved"
        page = (await browser.get("/members?sort=-spend")).text
        assert re.search(r'<a href="/members\?sort=-spend" aria-current="page">Best</a>', page)
