"""A number that no machine can read is refused like any other nonsense, wherever somebody may write one."""

import re
from typing import Any

import httpx
from support.browsing import csrf_of, logged_in
from support.chains import Chain

from saas.digits import LONGEST, number_of

ENDLESS = "9" * 5_000


def test_digits_are_plain_and_end() -> None:
    assert [number_of(text) for text in ("0", "007", "9" * LONGEST)] == [0, 7, int("9" * LONGEST)]
    assert {number_of(text) for text in ("", "-1", "1.0", " 1", "²", "٣", "１", "9" * (LONGEST + 1), ENDLESS)} == {None}


async def sent(browser: httpx.AsyncClient, at: str, path: str, **fields: str) -> httpx.Response:
    page = (await browser.get(at)).text
    found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page)
    hidden = dict(reversed(found))  # of several forms the first one's
    return await browser.post(path, data={**hidden, "_csrf": csrf_of(page), **fields})


async def test_no_page_falls_over_one(app: Any, chain: Chain) -> None:
    member = (await chain.http.post("/v1/members", json={"name": "王芳"})).json()["id"]
    offer = {"kind": "discount", "names_en": "A", "offer": "amount", "offer_amount": "5", "offer_minimum": "50"}
    form = "/campaigns/new?kind=discount"
    numbers = {f"n/tiers/{ENDLESS}/qualify/gte": "5", "n/tiers/²/qualify/gte": "5"}
    asked: list[tuple[str, str, dict[str, str], int]] = [
        (form, "/campaigns/new", {**offer, "when": "weekdays", "weekdays": ENDLESS}, 422),
        # Not as if the other day were meant alone.
        (form, "/campaigns/new", {**offer, "when": "month_days", "month_days": "5, 123456"}, 422),
        (f"/members/{member}/edit", f"/members/{member}/edit", {"name": "王芳芳", "revision": ENDLESS}, 412),
        ("/programme/tiers", "/programme/ladders/card/numbers", numbers, 303),
    ]
    async with logged_in(app, chain) as browser:
        for at, path, fields, status in asked:
            answer = await sent(browser, at, path, **({"act": "save"} | fields))
            assert answer.status_code == status, path
        for n in range(2):
            await chain.http.post("/v1/members", json={"name": "王芳", "phone": f"1380000111{n}"})
        log = await browser.get("/messages", params={"who": "王芳", "member_id": "nobody"})
        assert log.status_code == 200


async def test_a_version_without_end_was_never_ours(chain: Chain) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    for tag in (f'"{ENDLESS}"', '"²"'.encode()):
        answer = await chain.http.put("/v1/programme/draft", json=document, headers={"If-Match": tag})  # type: ignore[dict-item]
        assert answer.status_code == 412, answer.text
