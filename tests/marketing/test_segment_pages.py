"""Segments built from sentences: kept as they were chosen, counted, shown as they are kept."""

import re
from html import unescape
from typing import Any

import pytest
from support.browsing import logged_in
from support.sending import said_of, send

LATE = {"condition.join": "all", "condition.bare": "1", "condition.0.metric": "days_since_purchase"}
NEW = {"names_en": "Sleepers", "act": "save", **LATE, "condition.0.how": "gte", "condition.0.gte": "60"}


async def kept(chain: Any, code: str) -> Any:
    found = (await chain.http.get("/v1/segments?limit=200")).json()["data"]
    return next(one["condition"] for one in found if one["code"] == code)


def counted(page: str) -> str:
    found = re.search(r'class="figure-number">([^<]*)<', page)
    assert found
    return found[1]


async def test_a_segment_is_built_counted_kept_and_forgotten(app: Any, chain: Any) -> None:
    for tags in (["vip", "old"], ["old"], []):
        made = await chain.http.post("/v1/members", json={"name": "A", "tags": tags})
        assert made.status_code == 201
    async with logged_in(app, chain) as browser:
        form = {
            "names_en": "Worth a visit",
            "code": "worth",
            "condition.join": "any",
            "condition.0.metric": "@tag",
            "condition.0.how": "in",
            "condition.0.in": "vip，old、vip",
            "condition.1.metric": "@tier",
            "condition.1.how": "in",
            "condition.1.in.gold": "1",
        }
        seen = await send(browser, "/segments/new", at="/segments", act="count", **form)
        assert (seen.status_code, counted(seen.text)) == (200, "2")
        assert "has one of the tags: vip, old or tier: Gold" in unescape(seen.text)
        more = (await send(browser, "/segments/new", at="/segments", act="add:condition", **form)).text
        assert 'name="condition.2.metric"' in more
        assert 'name="condition.0.in" value="vip, old"' in more
        assert 'name="condition.1.in.gold" value="1" checked' in more
        less = (await send(browser, "/segments/new", at="/segments", act="remove:condition.1", **form)).text
        assert 'name="condition.1.metric"' not in less

        saved = await send(browser, "/segments/new", at="/segments", act="save", **form)
        assert saved.status_code == 303
        assert await kept(chain, "worth") == {
            "any": [{"property": "tag", "in": ["vip", "old"]}, {"property": "tier", "in": ["gold"]}]
        }
        again = await send(browser, "/segments/new", at="/segments", act="save", **form)
        assert again.status_code == 409
        assert said_of(again.text, "code")

        one = saved.headers["location"].partition("?")[0]
        page = (await browser.get(one)).text
        assert counted(page) == "2"
        assert 'href="/members?segment=worth"' in page
        form = {"names_en": "Rich", "condition.join": "all", "condition.bare": "1"}
        form |= {"condition.0.metric": "@wallet_balance", "condition.0.how": "between"}
        form |= {"condition.0.gte": "¥1,000", "condition.0.lt": "2000.50", "condition.0.not": "1"}
        assert (await send(browser, f"{one}/edit", at="/segments", act="save", **form)).status_code == 303
        assert await kept(chain, "worth") == {"not": {"property": "wallet_balance", "gte": 100_000, "lt": 200_050}}
        edit = (await browser.get(f"{one}/edit")).text
        assert 'value="1000"' in edit
        assert 'value="2000.50"' in edit
        assert "Rich" in (await browser.get("/segments")).text
        assert "for nobody then" in (await browser.get(f"{one}/delete")).text
        assert (await send(browser, f"{one}/delete", at="/segments")).status_code == 303
        assert (await browser.get(one)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"condition.0.gte": "soon"}, "about-condition.0"),
        ({"condition.0.gte": ""}, "about-condition.0"),
        ({"condition.0.metric": "@tier", "condition.0.how": "in"}, "about-condition.0"),
        ({"condition.0.metric": "@branch", "condition.0.how": "in", "condition.0.in.moon": "1"}, "about-condition.0"),
        ({"condition.0.metric": "@nothing", "condition.0.how": "in"}, "about-condition.0"),
        ({"condition.0.metric": "@attribute:moon", "condition.0.how": "gte"}, "about-condition.0"),
        ({"names_en": ""}, "about-names_en"),
        ({"code": "Not a code"}, "about-code"),
    ],
)
async def test_what_is_wrong_stands_beside_it(app: Any, shop: Any, wrong: dict[str, str], said: str) -> None:
    async with logged_in(app, shop) as browser:
        answer = await send(browser, "/segments/new", at="/segments", **{**NEW, **wrong})
        assert answer.status_code == 422
        assert f'id="{said}"' in answer.text


async def test_saving_by_htmx_leads_on_and_only_owners_define(app: Any, shop: Any, colleague: Any) -> None:
    async with logged_in(app, shop) as browser:
        browser.headers["HX-Request"] = "true"
        answer = await send(browser, "/segments/new", at="/segments", **NEW)
        assert answer.status_code == 204
        one = answer.headers["hx-redirect"].partition("?")[0]
    async with logged_in(app, await colleague(shop, "clerk")) as browser:
        assert "Sleepers" in (await browser.get("/segments")).text
        assert "60 days" in (await browser.get(one)).text
        for path in ("/segments/new", f"{one}/edit", f"{one}/delete"):
            assert (await browser.get(path)).status_code == 403
            assert (await send(browser, path, at="/segments")).status_code == 403


async def test_every_segment_of_a_template_is_told_and_edited_without_loss(app: Any, shop: Any) -> None:
    """What the builder shows is what it would save."""
    from tenants.programme_pages.tree import of_document, to_document

    found = (await shop.http.get("/v1/segments?limit=200")).json()["data"]
    assert len(found) > 10
    for one in found:
        made = to_document(of_document(one["condition"], "CNY"), "CNY")
        again = await shop.http.patch(f"/v1/segments/{one['id']}", json={"condition": made})
        assert again.json()["condition"] == one["condition"], one["code"]
    async with logged_in(app, shop) as browser:
        page = (await browser.get("/segments")).text
        assert "@" not in re.sub(r"<[^>]+>|[\w.]+@[\w.]+", "", page)
        for one in found[:4]:
            assert (await browser.get(f"/segments/{one['id']}/edit")).status_code == 200
