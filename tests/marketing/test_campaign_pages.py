"""Campaigns as an owner writes, starts and judges them, and as others see them."""

import re
from html import unescape
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.chains import Chain
from support.sending import hidden, rows, said_of, send
from support.till import bought, member

from tenants.marketing.campaign_pages.form import EMPTY, campaign_of, filled
from tenants.marketing.campaign_pages.listing import campaign_kept
from tenants.marketing.campaign_pages.reporting import doubt_of
from tenants.offers.typed import Typed

HOME = "/campaigns"
NEW = f"{HOME}/new"
GIFT = {"kind": "grant", "names_en": "A hundred for you", "points": "100", "when": "joined", "once": "ever"}


def text_of(page: str) -> str:
    """What a reader sees, without the markup."""
    body = page[page.index("<main") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


async def drafted(chain: Chain, code: str) -> dict[str, Any]:
    found = (await chain.http.get("/v1/campaigns?limit=200")).json()["data"]
    return next(one for one in found if one["code"] == code)


async def write(browser: Any, **fields: Any) -> Any:
    """A form of a new campaign, sent as the page has it."""
    page = (await browser.get(NEW, params={"kind": fields["kind"]})).text
    return await send(browser, NEW, at=HOME, **{"act": "save", "act_id": hidden(page, "act_id"), **fields})


async def test_a_gift_is_written_looked_at_started_and_stopped(app: Any, chain: Chain, drain: Any) -> None:
    someone = await member(chain, name="Wang Xiu", phone="13800138000", consents={"sms": True})
    async with logged_in(app, chain) as browser:
        assert "kind=discount" in (await browser.get(NEW)).text
        for kind in EMPTY:  # what is still to come is no fault yet
            assert 'class="bad"' not in (await browser.get(NEW, params={"kind": kind})).text
        look = {**GIFT, "act": "look", "when": "birthday", "birthday_before": "７", "tell": "welcome@sms"}
        seen = text_of((await write(browser, **look)).text)
        for said in ("Gives: 100 points", "7 days before the birthday", "once and never again", "For 1 member now"):
            assert said in seen, said
        assert "Wang Fang" in seen or "王芳" in seen

        page = (await browser.get(NEW, params={"kind": "grant"})).text
        fields = {**GIFT, "act": "save", "act_id": hidden(page, "act_id"), "control_percent": ""}
        first = await send(browser, NEW, at=HOME, **fields)
        again = await send(browser, NEW, at=HOME, **fields)
        assert (first.status_code, again.status_code) == (303, 303)
        one = first.headers["location"].partition("?")[0]
        assert again.headers["location"].partition("?")[0] == one
        assert "A hundred for you" in rows((await browser.get(f"{HOME}?state=draft")).text)

        assert "Nobody has it at once" in text_of((await browser.get(f"{one}/start")).text)
        started = await send(browser, f"{one}/start", at=HOME)
        assert started.headers["location"].endswith("?done=started")
        newcomer = await member(chain, name="Li Lei", phone="13800138001")
        await drain(chain.tenant_id)
        held = {
            one_: (await chain.http.get(f"/v1/members/{one_}")).json()["points"]["balance"]
            for one_ in (someone, newcomer)
        }
        assert held == {someone: 0, newcomer: 100}
        assert rows((await browser.get(HOME)).text) == ["A hundred for you"]

        for path in (f"{one}/edit", f"{one}/start", f"{one}/delete"):
            assert (await browser.get(path)).headers["location"] == one
        report = text_of((await browser.get(f"{one}/report")).text)
        assert "Points 100" in report
        assert "Without a control group nobody knows" in report
        assert (await send(browser, f"{one}/stop", at=HOME)).status_code == 303
        assert "It has stopped" in (await browser.get(f"{one}?done=stopped")).text

        copy = (await browser.get(NEW, params={"like": one.rpartition("/")[2]})).text
        assert 'value="A hundred for you (copy)"' in copy
        assert 'value="100"' in copy


async def test_every_campaign_of_a_template_is_told_and_written_without_loss(app: Any, shop: Chain) -> None:
    """What the form shows is what it would save."""
    found = (await shop.http.get("/v1/campaigns?limit=200")).json()["data"]
    assert {one["type"] for one in found} >= {"grant", "message", "multiplier"}
    for kept in found:
        campaign = campaign_kept(kept)
        form, weekdays = filled(campaign.model_dump(mode="json"), "CNY")
        assert campaign_of(Typed(form, "CNY"), campaign.type, campaign.code, weekdays) == campaign, kept["code"]
    async with logged_in(app, shop) as browser:
        assert len(rows((await browser.get(HOME)).text)) == min(len(found), 30)
        for kept in found[:3]:
            assert (await browser.get(f"{HOME}/{kept['id']}")).status_code == 200
            assert (await browser.get(f"{HOME}/{kept['id']}/edit")).status_code == 200


WHENS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("always", {}, {"type": "always"}),
    (
        "between",
        {"between_from": "2031-01-01", "between_to": "2031-01-31"},
        {"type": "between", "from": "2031-01-01", "to": "2031-01-31"},
    ),
    (
        "yearly",
        {
            f"yearly_{name}": value
            for name, value in (("from_month", "12"), ("from_day", "24"), ("to_month", "01"), ("to_day", "06"))
        },
        {"type": "yearly", "from": "12-24", "to": "01-06"},
    ),
    ("month_days", {"month_days": "８、18"}, {"type": "month_days", "days": [8, 18]}),
    ("birthday", {"birthday_before": "3"}, {"type": "birthday", "days_before": 3}),
    ("purchase", {"purchase_min": "99.5"}, {"type": "purchase", "min_amount": 9950, "by": "member"}),
    ("tier_reached", {}, {"type": "tier_reached"}),
    ("referral", {"friends": "3"}, {"type": "referral", "count": 3}),
    ("points_expiring", {"points_days": "14"}, {"type": "points_expiring", "days": 14}),
]


@pytest.mark.parametrize(("when", "fields", "kept"), WHENS, ids=[one[0] for one in WHENS])
def test_each_occasion_is_what_was_chosen(when: str, fields: dict[str, str], kept: dict[str, Any]) -> None:
    form = {**EMPTY["grant"], "names_en": "A", "points": "5", **fields, "when": when}
    made = campaign_of(Typed(form, "CNY"), "grant", "a", []).model_dump(mode="json")
    assert made["when"] == kept
    again, weekdays = filled(made, "CNY")
    assert campaign_of(Typed(again, "CNY"), "grant", "a", weekdays).model_dump(mode="json") == made


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"names_en": ""}, "names_en"),
    ({"points": "many"}, "points"),
    ({"points": ""}, "coupon"),
    ({"coupon": "no-such"}, "coupon"),
    ({"when": "full_moon"}, "when"),
    ({"when": "between", "between_from": "2031-02-01", "between_to": "2031-01-01"}, "between_to"),
    ({"when": "between", "between_from": "soon"}, "between_from"),
    ({"when": "yearly", "yearly_from_month": "02", "yearly_from_day": "30"}, "yearly_from"),
    ({"when": "weekdays"}, "weekdays"),
    ({"when": "weekdays", "weekdays": ["9"]}, "weekdays"),
    ({"when": "month_days", "month_days": "the last"}, "month_days"),
    ({"when": "month_days", "month_days": "32"}, "month_days"),
    ({"when": "birthday", "birthday_before": "-1"}, "birthday_before"),
    ({"when": "purchase", "purchase_min": "1.234"}, "purchase_min"),
    ({"when": "guest", "guest_min": "5"}, "when"),
    ({"when": "points_expiring", "points_days": ""}, "points_days"),
    ({"when": "segment_entered"}, "audience"),
    ({"audience": "no-such"}, "audience"),
    ({"control_percent": "51"}, "control_percent"),
    ({"tell": "no-such@sms"}, "tell"),
    ({"tell": "welcome@email"}, "tell"),
    ({"once": "sometimes"}, "once"),
    ({"code": "Not a code"}, "code"),
    ({"code": "welcome-gift"}, "code"),
    ({"kind": "message", "tell": ""}, "tell"),
    ({"kind": "multiplier", "multiplier": "1", "when": "always"}, "multiplier"),
    ({"kind": "discount", "when": "always", "offer": "percent", "offer_percent": "101"}, "offer_percent"),
    (
        {"kind": "discount", "when": "always", "offer": "amount", "offer_amount": "0", "offer_minimum": "5"},
        "offer_amount",
    ),
    ({"kind": "discount", "when": "joined", "offer": "percent", "offer_percent": "10"}, "when"),
]


async def test_what_is_wrong_stands_beside_it_and_nothing_is_made(app: Any, shop: Chain) -> None:
    before = (await shop.http.get("/v1/campaigns?limit=200")).json()["data"]
    async with logged_in(app, shop) as browser:
        page = (await browser.get(NEW, params={"kind": "grant"})).text
        common = {"act": "save", "act_id": hidden(page, "act_id"), "_csrf": csrf_of(page)}
        for wrong, field in WRONG:
            answer = await browser.post(NEW, data={**common, **GIFT, **wrong})
            assert answer.status_code in {409, 422}, (wrong, answer.status_code)
            assert said_of(answer.text, field), (wrong, re.findall(r'id="about-([^"]*)">', answer.text))
    assert (await shop.http.get("/v1/campaigns?limit=200")).json()["data"] == before


async def test_nobody_writes_over_what_somebody_else_has_kept(app: Any, shop: Chain) -> None:
    async with logged_in(app, shop) as browser:
        made = await write(browser, **GIFT, code="two-hands")
        one = made.headers["location"].partition("?")[0]
        seen = hidden((await browser.get(f"{one}/edit")).text, "seen")
        kept = await drafted(shop, "two-hands")
        body = {
            name: value
            for name, value in kept.items()
            if name not in {"id", "state", "source", "created_at", "started_at", "stopped_at"}
        }
        assert (await shop.http.put(f"/v1/campaigns/{kept['id']}", json={**body, "points": 7})).status_code == 200
        mine = {**GIFT, "points": "9", "act": "save"}
        refused = await send(browser, f"{one}/edit", at=HOME, seen=seen, **mine)
        assert refused.status_code == 409
        assert "Somebody changed it meanwhile" in refused.text
        assert 'value="9"' in refused.text
        assert (await drafted(shop, "two-hands"))["points"] == 7
        over = await send(browser, f"{one}/edit", at=HOME, seen=hidden(refused.text, "seen"), **mine)
        assert over.status_code == 303
        assert (await drafted(shop, "two-hands"))["points"] == 9
        assert (await send(browser, f"{one}/delete", at=HOME)).status_code == 303
        assert (await browser.get(one)).status_code == 404


async def test_what_it_names_and_is_gone_is_said_before_the_start(app: Any, chain: Chain) -> None:
    coupons = (await chain.http.get("/v1/coupons?limit=200")).json()["data"]
    welcome = next(one for one in coupons if one["code"] == "welcome")
    await chain.http.patch(f"/v1/coupons/{welcome['id']}", json={"ended": True})
    gift = await drafted(chain, "welcome-gift")
    async with logged_in(app, chain) as browser:
        page = await browser.get(f"{HOME}/{gift['id']}")
        assert page.status_code == 200
        assert "no such coupon" in page.text
        refused = await send(browser, f"{HOME}/{gift['id']}/start", at=HOME)
        assert refused.status_code == 409
        assert "no such coupon" in refused.text


async def test_a_message_to_everybody_says_how_many_before_it_goes(app: Any, chain: Chain) -> None:
    await member(chain, name="A", phone="13800138000", consents={"sms": True})
    await member(chain, name="B", phone="13800138001")
    async with logged_in(app, chain) as browser:
        made = await write(
            browser, kind="message", names_en="Hello all", when="always", tell="welcome@sms", control_percent="10"
        )
        one = made.headers["location"].partition("?")[0]
        page = text_of((await browser.get(f"{one}/start")).text)
        assert "2 members have it at once less those of the control group" in page
        assert "1 of them agreed to advertising by its channel: only they are told" in page


async def test_the_report_compares_with_the_control_group(app: Any, chain: Chain) -> None:
    body = {
        "code": "tenth",
        "type": "discount",
        "names": {"zh-CN": "九折", "en": "A tenth off"},
        "when": {"type": "always"},
    }
    body |= {"offer": {"type": "percent", "percent": "10"}}
    made = (await chain.http.post("/v1/campaigns", json=body)).json()["id"]
    assert (await chain.http.post(f"/v1/campaigns/{made}/start", json={})).status_code == 200
    await bought(chain, "T1", 10_000, member_id=await member(chain, name="A"), external_amounts=False)
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"{HOME}/{made}/report")).text
        assert "Taken off at the till ¥10.00" in text_of(page).replace("CN¥", "¥")
        assert 'role="img"' in page
        assert "most on" in page


def test_chance_is_told_from_effect() -> None:
    """Pooled z of 60 of 200 against 20 of 100: p = 80/300, z = 0.1 / sqrt(p(1-p)(1/200+1/100)) = 1.846."""

    def group(members: int, buyers: int) -> dict[str, int]:
        return {"members": members, "buyers": buyers}

    assert doubt_of(group(200, 60), group(100, 20)) == "chance"
    assert doubt_of(group(200, 64), group(100, 20)) == "clear"
    assert doubt_of(group(200, 64), group(29, 2)) == "few"
    assert doubt_of(group(200, 64), group(0, 0)) == "none"
    assert doubt_of(group(100, 0), group(100, 0)) == "chance"
    assert doubt_of(group(100, 0), group(100, 20)) == "clear"


async def test_who_may_not_define_may_look(app: Any, shop: Chain, colleague: Any) -> None:
    kept = await drafted(shop, "welcome-gift")
    one = f"{HOME}/{kept['id']}"
    async with logged_in(app, await colleague(shop, "clerk")) as browser:
        assert (await browser.get(HOME)).status_code == 200
        page = (await browser.get(one)).text
        assert f'href="{one}/start"' not in page
        assert (await browser.get(f"{one}/report")).status_code == 403
        for path in (NEW, f"{one}/edit", f"{one}/start", f"{one}/stop", f"{one}/delete"):
            assert (await browser.get(path)).status_code == 403, path
            assert (await send(browser, path, at=HOME)).status_code == 403, path
