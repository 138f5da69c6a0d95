"""The editor's sections beside the ladders: what is typed is kept in the draft, what is wrong is said beside it."""

import re
from html import unescape
from typing import Any

import pytest
from support.browsing import csrf_of, logged_in
from support.sending import hidden, said_of, send

AT = "/programme/points"
GOLD = "/programme/ladders/card/tiers/gold"


def form_of(page: str, form_id: str) -> dict[str, str]:
    """What a browser would send of a form as it stands."""
    (inside,) = re.findall(rf'<form[^>]*id="{form_id}".*?</form>', page, re.DOTALL)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", inside):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") in {"radio", "checkbox"} and " checked" not in tag:
            continue
        if "name" in attributes and attributes["name"] != "_csrf":
            fields[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', inside, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        fields[name] = unescape(chosen[1]) if chosen else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', inside, re.DOTALL):
        fields[name] = unescape(text)
    return fields


async def typed(browser: Any, page: str, form_id: str, part: str, but: tuple[str, ...] = (), **changes: str) -> Any:
    """The form of a page as it stands, with these changes; `but`: fields left out, as unticked boxes are."""
    fields = {**form_of((await browser.get(page)).text, form_id), **changes}
    return await send(browser, f"{page}/{part}", page, **{k: v for k, v in fields.items() if k not in but})


async def drafted(chain: Any) -> Any:
    return (await chain.http.get("/v1/programme/draft")).json()


async def test_a_form_that_is_sent_as_it_stands_changes_nothing(app: Any, new_chain: Any) -> None:
    pages = {
        "/programme/points": ("points",),
        "/programme/wallet": ("wallet",),
        "/programme/discounts": ("stacking",),
        "/programme/members": ("eligibility", "lifecycle", "activities"),
    }
    for template in ("tea", "gym", "pharmacy"):
        chain = await new_chain(template=template)
        async with logged_in(app, chain) as browser:
            for page, parts in pages.items():
                for part in parts:
                    answer = await typed(browser, page, part, part)
                    assert answer.status_code == 303, answer.text
            listed = (await browser.get("/programme/benefits")).text
            for address in re.findall(r'href="(/programme/benefits/[^"]+)"', listed):
                fields = form_of((await browser.get(address)).text, "benefits")
                assert (await send(browser, address, AT, **fields)).status_code == 303
            page = (await browser.get(AT)).text
            assert "These are the rules in force." in page or "says the same as the rules in force" in page, template


async def test_points_as_they_are_typed(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        await typed(browser, "/programme/members", "activities", "activities", activity_kinds="check_in，class")
        answer = await typed(
            browser,
            AT,
            "points",
            "points",
            **{"per_unit": "1.5", "expiry-type": "months", "expiry-months": "18", "excluded_categories": "烟、酒"},
            **{"redeem": "yes", "redeem-points": "100", "redeem-amount": "1.00", "redeem-max_percent": "30"},
            **{"beside-referral": "200", "beside-birthday": "88", "beside-top_up": "0.5"},
        )
        assert answer.headers["location"] == f"{AT}?done=saved#points"
        await typed(browser, AT, "points", "points", do="add")
        page = await browser.get(AT)
        assert said_of(page.text, "beside-activities-0-kind")  # a new row waits to be filled in
        await typed(browser, AT, "points", "points", **{"beside-activities-0-kind": "class"})
        kept = (await drafted(chain))["points"]
        assert kept["per_unit"] == "1.5"
        assert kept["expiry"] == {"type": "months", "months": 18}
        assert kept["excluded_categories"] == ["烟", "酒"]
        assert (kept["redeem"]["amount"], kept["redeem"]["max_percent"]) == (100, "30")
        beside = {"top_up": "0.5", "activities": [{"kind": "class", "points": 10}], "referral": 200, "birthday": 88}
        assert kept["beside"] == beside
        await typed(browser, AT, "points", "points", do="drop-0")
        assert (await drafted(chain))["points"]["beside"]["activities"] == []
        await typed(browser, AT, "points", "points", but=("redeem",))
        assert (await drafted(chain))["points"]["redeem"] is None
        assert (await chain.http.get("/v1/programme")).json()["points"]["per_unit"] != "1.5"


@pytest.mark.parametrize(
    ("page", "form", "field", "text"),
    [
        (AT, "points", "per_unit", "much"),
        (AT, "points", "per_unit", "1001"),
        (AT, "points", "per_unit", "1,5"),
        ("/programme/wallet", "wallet", "confirm_above", "12,5"),
        (AT, "points", "pending_days", "-1"),
        (AT, "points", "redeem-points", ""),
        (AT, "points", "redeem-amount", ""),
        ("/programme/wallet", "wallet", "limits-named", ""),
        ("/programme/wallet", "wallet", "limits-unnamed", ""),
        ("/programme/wallet", "wallet", "confirm_above", ""),
        ("/programme/wallet", "wallet", "cooling_off_days", ""),
        (AT, "points", "beside-referral", "1.5"),
        ("/programme/wallet", "wallet", "limits-named", "lots"),
        ("/programme/wallet", "wallet", "confirm_above", "1.005"),
        ("/programme/wallet", "wallet", "cooling_off_days", "400"),
        ("/programme/members", "eligibility", "min_age", "200"),
        ("/programme/members", "lifecycle", "lost_days", "0"),
        ("/programme/members", "activities", "activity_kinds", "Not A Code"),
    ],
)
async def test_what_is_wrong_is_kept_and_said_beside_it(
    app: Any, shop: Any, page: str, form: str, field: str, text: str
) -> None:
    async with logged_in(app, shop) as browser:
        before = form_of((await browser.get(page)).text, form)
        assert (await typed(browser, page, form, form, **{field: text})).status_code == 303
        shown = (await browser.get(page)).text
        assert said_of(shown, field), shown
        assert form_of(shown, form)[field] == text
        assert "before it can be published" in shown
        await typed(browser, page, form, form, **{field: before[field]})
        assert said_of((await browser.get(page)).text, field) is None


async def test_a_choice_that_was_never_offered_is_no_fault_of_ours(app: Any, shop: Any) -> None:
    async with logged_in(app, shop) as browser:
        for page, form, field in (
            (AT, "points", "expiry-type"),
            ("/programme/wallet", "wallet", "spend_order"),
        ):
            before = form_of((await browser.get(page)).text, form)[field]
            assert (await typed(browser, page, form, form, **{field: "ne\0ver_\0"})).status_code == 303
            assert "before it can be published" in (await browser.get(page)).text
            await typed(browser, page, form, form, **{field: before})
        benefits = "/programme/benefits/card/gold"
        fields = form_of((await browser.get(benefits)).text, "benefits")
        wrong = {name: "\0" if name.endswith("-type") else value for name, value in fields.items()}
        assert (await send(browser, benefits, AT, **wrong)).status_code == 303
        assert (await browser.get(benefits)).status_code == 200


async def test_steps_of_a_top_up(app: Any, chain: Any) -> None:
    at, step = "/programme/wallet", "top_up_bonus-0"
    async with logged_in(app, chain) as browser:
        while re.search(rf'name="{step}-amount"', (await browser.get(at)).text):
            await typed(browser, at, "wallet", "wallet", do="drop-0")
        await typed(browser, at, "wallet", "wallet", do="add")
        shown = (await browser.get(at)).text
        assert said_of(shown, f"{step}-amount")
        await typed(browser, at, "wallet", "wallet", **{f"{step}-amount": "500", f"{step}-bonus": "200"})
        await typed(browser, at, "wallet", "wallet", do="add")
        second = {"top_up_bonus-1-amount": "1,000", "top_up_bonus-1-gives": "percent", "top_up_bonus-1-percent": "20"}
        gift = {"top_up_bonus-1-gift-names-zh-CN": "茶具", "top_up_bonus-1-gift-value": "88"}
        await typed(browser, at, "wallet", "wallet", **second, **gift, **{"top_up_bonus-1-tier-gold": "yes"})
        assert (await drafted(chain))["wallet"]["top_up_bonus"] == [
            {"amount": 50_000, "bonus": 20_000},
            {
                "amount": 100_000,
                "percent": "20",
                "gift": {"names": {"zh-CN": "茶具", "en": "茶具"}, "value": 8_800},
                "tiers": ["gold"],
            },
        ]
        await typed(
            browser,
            at,
            "wallet",
            "wallet",
            **{"top_up_bonus-1-amount": "500", "top_up_bonus-1-tier-gold": ""},
            but=("top_up_bonus-1-tier-gold",),
        )
        assert "amount" in (said_of((await browser.get(at)).text, "top_up_bonus-1") or "")


async def test_what_the_form_has_no_place_for_stays(app: Any, chain: Any) -> None:
    rules = (await chain.http.get("/v1/programme")).json()
    rules["wallet"]["top_up_bonus"] = [{"amount": 50_000, "bonus": 5_000, "tiers": ["regular", "gold"]}]
    rules["points"]["excluded_categories"] = rules["stacking"]["discount_excluded"] = ["烟、酒", "a,b"]
    assert (await chain.http.put("/v1/programme/draft", json=rules)).status_code == 200
    async with logged_in(app, chain) as browser:
        drop = {"into": "regular", "seen": hidden((await browser.get(f"{GOLD}/drop")).text, "seen")}
        assert (await send(browser, f"{GOLD}/drop", AT, **drop)).status_code == 303
        for page, part in (("/programme/wallet", "wallet"), (AT, "points"), ("/programme/discounts", "stacking")):
            assert (await typed(browser, page, part, part)).status_code == 303
        kept = await drafted(chain)
        assert kept["wallet"]["top_up_bonus"][0]["tiers"] == ["regular", "gold"]  # not for everybody
        assert kept["points"]["excluded_categories"] == kept["stacking"]["discount_excluded"] == ["烟、酒", "a,b"]
        await typed(browser, AT, "points", "points", excluded_categories="a,b\r\n茶，酒;c")
        assert (await drafted(chain))["points"]["excluded_categories"] == ["a,b", "茶", "酒", "c"]


async def test_benefits_of_a_tier(app: Any, chain: Any) -> None:
    at = "/programme/benefits/card/gold"
    rows = {
        "discount": {"percent": "12.5", "category": "tea"},
        "points_multiplier": {"multiplier": "2"},
        "allowance": {"product": "group_class", "count": "4", "per": "month"},
        "gift": {"coupon": "welcome", "occasion": "upgrade"},
        "price_list": {"code": "members"},
        "text": {"names-zh-CN": "专属客服"},
    }
    prices = {"names": {"zh-CN": "会员价", "en": "Member prices"}, "prices": []}
    assert (await chain.http.put("/v1/price-lists/members", json=prices)).status_code == 201

    async def sent(**changes: str) -> None:
        fields = form_of((await browser.get(at)).text, "benefits")
        assert (await send(browser, at, AT, **{**fields, **changes})).status_code == 303

    async with logged_in(app, chain) as browser:
        while 'value="drop-0"' in (await browser.get(at)).text:
            await sent(do="drop-0")
        for n, (kind, fields) in enumerate(rows.items()):
            await sent(new=kind, do="add")
            await sent(**{f"{n}-{name}": text for name, text in fields.items()})
        tiers = (await drafted(chain))["ladders"][0]["tiers"]
        (gold,) = (tier for tier in tiers if tier["code"] == "gold")
        assert gold["benefits"] == [
            {"type": "discount", "percent": "12.5", "category": "tea"},
            {"type": "points_multiplier", "multiplier": "2"},
            {"type": "allowance", "product": "group_class", "per": "month", "count": 4},
            {"type": "gift", "occasion": "upgrade", "coupon": "welcome"},
            {"type": "price_list", "code": "members"},
            {"type": "text", "names": {"zh-CN": "专属客服", "en": "专属客服"}},
        ]
        listed = (await browser.get("/programme/benefits")).text
        assert "12.5% off" in listed
        assert "Member prices" in listed
        await sent(**{"0-percent": "120"})
        assert said_of((await browser.get(at)).text, "0-percent")
        assert (await browser.get("/programme/benefits/card/nobody")).status_code == 404


async def test_two_people_at_one_part(app: Any, chain: Any, colleague: Any) -> None:
    second = await colleague(chain, "owner")
    async with logged_in(app, chain) as one, logged_in(app, second) as other:
        mine = form_of((await one.get(AT)).text, "points")
        await typed(other, AT, "points", "points", per_unit="3")
        refused = await send(one, f"{AT}/points", AT, **{**mine, "per_unit": "7"})
        assert refused.status_code == 409
        assert form_of(refused.text, "points")["per_unit"] == "7"  # what was typed is there to be sent again
        assert (await drafted(chain))["points"]["per_unit"] == "3"
        fields = form_of(refused.text, "points")
        assert fields["seen"] != mine["seen"]
        assert (await send(one, f"{AT}/points", AT, **fields)).status_code == 303
        assert (await drafted(chain))["points"]["per_unit"] == "7"


async def test_only_who_may_change_the_rules(app: Any, shop: Any, colleague: Any) -> None:
    async with logged_in(app, await colleague(shop, "manager")) as browser:
        token = csrf_of((await browser.get("/programme")).text)
        for page in (AT, "/programme/wallet", "/programme/benefits", "/programme/benefits/card/gold"):
            assert (await browser.get(page)).status_code == 403, page
        assert (await browser.post(f"{AT}/points", data={"_csrf": token, "per_unit": "9"})).status_code == 403
    async with logged_in(app, shop) as browser:
        assert (await send(browser, f"{AT}/nothing", AT)).status_code == 404
        assert hidden((await browser.get(AT)).text, "seen")
