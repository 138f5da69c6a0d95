"""The public pages through HTTP: what they say, in which language, and what they refuse."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError
from support.browsing import logged_in, new_browser

from industry_templates.loader import load_all
from saas.plans.catalogue import offered
from saas.settings import Settings, get_settings
from saas.welcome.showing import SIGNS, cards, preview


def test_every_template_has_its_card_and_picture() -> None:
    assert set(SIGNS) == set(load_all())
    assert [card.code for card in cards("zh-CN")] == list(SIGNS)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_choice_can_be_previewed(language: Any) -> None:
    """What a preview says is what the template's programme says."""
    for code, template in load_all().items():
        for variant, programme in template.choices():
            shown = preview(code, variant.code if variant else None, language)
            assert [len(ladder.tiers) for ladder in shown.ladders] == [len(one.tiers) for one in programme.ladders]
            for ladder, told in zip(programme.ladders, shown.ladders, strict=True):
                for tier, seen in zip(ladder.tiers, told.tiers, strict=True):
                    assert (seen.asks == "") == (tier.qualify is None)
                    assert (seen.keeps == "") == (tier.retain is None)
            assert 0 < shown.example.have < shown.example.goal
            assert shown.example.missing


def test_an_example_is_on_its_way_to_the_next_tier() -> None:
    shown = preview("courier", None, "zh-CN")
    one = shown.example
    assert (one.tier, one.next_name) == ("银卡", "金卡")
    assert (one.what, one.had, one.asked, one.missing) == ("累计消费", "¥600.00", "¥1,000.00", "¥400.00")
    gold = shown.ladders[0].tiers[2]
    assert gold.asks == "累计消费满 ¥1,000.00。"
    assert gold.gives[:2] == ("优惠 15%", "2 倍积分")


async def test_visitors_see_what_it_is_and_who_works_here_goes_to_work(app: Any, chain: Any) -> None:
    async with new_browser(app, language="en") as visitor:
        page = await visitor.get("/")
        assert page.status_code == 200
        for card in cards("en"):
            assert f'href="/templates/{card.code}"' in page.text
        for plan in offered():
            assert plan.names["en"] in page.text
    async with logged_in(app, chain) as browser:
        assert (await browser.get("/")).headers["location"] == "/overview"
        assert 'href="/overview"' in (await browser.get("/templates")).text


async def test_the_address_may_ask_for_a_language_and_a_choice_of_one_leaves_it(app: Any) -> None:
    async with new_browser(app, language="en") as visitor:
        page = await visitor.get("/templates/tea", params={"lang": "zh-CN", "variant": "none"})
        assert page.headers["content-language"] == "zh-CN"
        assert "茶叶店" in page.text
        assert 'name="next" value="/templates/tea?variant=none"' in page.text
        found = dict(re.findall(r'hreflang="([^"]+)" href="([^"]+)"', page.text))
        assert found["en"].endswith("/templates/tea?lang=en")
        assert set(found) == {"zh-CN", "en", "x-default"}
        assert re.search(r'rel="canonical" href="[^"]+/templates/tea\?lang=zh-CN"', page.text)
        assert re.search(r'name="description" content="普通、银卡、金卡', page.text)
        assert (await visitor.get("/templates/tea")).headers["content-language"] == "en"


async def test_prices_in_both_currencies(app: Any) -> None:
    async with new_browser(app, language="en") as visitor:
        assert "$29.00" in (await visitor.get("/plans")).text
        assert "¥199.00" in (await visitor.get("/plans", params={"currency": "CNY"})).text
        assert "$29.00" in (await visitor.get("/plans", params={"currency": "<b>"})).text


@pytest.mark.parametrize("path", ["/templates/none", "/templates/..%2Fevery", "/templates/every", "/nowhere"])
async def test_what_isnt_there_is_a_page_that_leads_on(app: Any, path: str) -> None:
    async with new_browser(app, language="en") as visitor:
        page = await visitor.get(path)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert 'href="/templates"' in page.text


async def test_a_preview_takes_a_sign_up_back_to_where_it_was(app: Any) -> None:
    state = {"company": "A&B <i>", "timezone": "Asia/Tokyo", "currency": "JPY", "variant": "growth"}
    async with new_browser(app, language="en") as visitor:
        page = await visitor.get("/templates/general", params=state)
        there = re.search(r'class="button primary" href="([^"]+)"', page.text)
        assert there
        back = await visitor.get(there[1].replace("&amp;", "&"))
        assert back.status_code == 200
        assert "Growth value" in back.text
        assert "A&amp;B &lt;i&gt;" in back.text
        assert "Asia/Tokyo · JPY" in back.text


async def test_search_engines_are_told_what_there_is(app: Any) -> None:
    async with new_browser(app) as visitor:
        robots = (await visitor.get("/robots.txt")).text
        assert "Disallow: /overview" in robots
        sitemap = (await visitor.get("/sitemap.xml")).text
        places = [node.text or "" for node in ET.fromstring(sitemap).iter() if node.tag.endswith("loc")]  # noqa: S314  # our own
        assert len(places) == len(set(places)) == 2 * (4 + len(cards("en")))
        for place in places:
            page = await visitor.get("/" + place.split("/", 3)[3])
            assert page.status_code == 200, place


async def test_who_found_a_hole_is_told_whom_to_tell(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "/.well-known/security.txt"
    try:
        async with new_browser(app) as visitor:
            assert (await visitor.get(address)).status_code == 404, "nobody is named"
            monkeypatch.setenv("SECURITY_CONTACT", "mailto:security@regulars.example")
            monkeypatch.setenv("PUBLIC_URL", "https://regulars.example")
            get_settings.cache_clear()
            told = await visitor.get(address)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert told.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in told.text.splitlines())
    assert fields["Contact"] == "mailto:security@regulars.example"
    assert fields["Canonical"] == f"https://regulars.example{address}"
    assert timedelta(days=90) < datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC) < timedelta(days=365)


@pytest.mark.parametrize("contact", ["me", "mailto:", "http://x.example", "https://", "mailto:a@b.cn\nExpires: never"])
def test_a_contact_that_is_none_is_refused(contact: str, environ: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", contact)
    with pytest.raises(ValidationError, match="security_contact"):
        Settings()
