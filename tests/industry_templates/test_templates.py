"""The templates as data: complete, in both languages, fitting together; what is wrong is named at its place."""

import json
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from industry_templates.fits import parse_template
from industry_templates.limits import limit_warnings
from industry_templates.loader import UnknownTemplateError, documents, get, load_all
from tenants.campaigns.document import GrantCampaign
from tenants.campaigns.texts import placeholders
from tenants.programme.conditions import iter_leaves, places
from tenants.programme.doubts import warnings
from tenants.programme.strict import json_pointer
from tenants.purchases.bodies import TenderBody
from tenants.segments.conditions import segment_leaves
from tenants.segments.properties import TierProperty

Json = dict[str, Any]
CODES = [
    "auto_service",
    "catering",
    "courier",
    "general",
    "gym",
    "pharmacy",
    "shoes_apparel",
    "studio",
    "tea",
]
RFM = {
    "champion",
    "loyal",
    "potential_loyalist",
    "recent",
    "promising",
    "needs_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose",
    "hibernating",
    "lost",
}


def test_these_templates_are_there() -> None:
    assert list(load_all()) == CODES
    assert all(template.code == code for code, template in load_all().items())
    with pytest.raises(UnknownTemplateError):
        get("bakery")


def _lost(raw: object, read: object, place: str = "") -> list[str]:
    """Where what a file says isn't what was read of it."""
    if isinstance(raw, dict) and isinstance(read, dict):
        return [lost for key in raw for lost in _lost(raw[key], read.get(key), f"{place}/{key}")]
    if isinstance(raw, list) and isinstance(read, list) and len(raw) == len(read):
        return [lost for n, (a, b) in enumerate(zip(raw, read, strict=True)) for lost in _lost(a, b, f"{place}/{n}")]
    return [] if raw == read and type(raw) is type(read) else [place]


@pytest.mark.parametrize("code", CODES)
def test_a_template_says_everything_and_loses_nothing(code: str) -> None:
    template = get(code)
    assert _lost(documents()[code], template.model_dump(mode="json")) == []
    assert parse_template(template.model_dump(mode="json")) == template
    raw = json.loads((files("industry_templates") / "data" / f"{code}.json").read_text(encoding="utf-8"))
    assert template.programme.model_dump(mode="json") == raw["programme"]  # whoever reads it sees every setting
    assert {note.ours for note in template.notes} == {True, False}
    for variant, programme in template.choices():
        assert (programme.version, programme.currency) == (1, "CNY")
        assert not warnings(programme)
        assert variant is None or {note.ours for note in variant.notes} == {True, False}


@pytest.mark.parametrize("code", CODES)
def test_every_template_starts_with_the_same_things(code: str) -> None:
    template = get(code)
    for variant, _ in template.choices():
        codes = {segment.code for segment in template.segments_of(variant)}
        assert codes >= {f"rfm_{group}" for group in RFM}
        assert codes >= {f"stage_{stage}" for stage in ("new", "growing", "mature", "declining", "lost")}
        assert codes >= {"sleeping", "once_high_value", "prospects", "birthday_this_month", "points_expiring"}
        assert "one_step_below" in codes
    campaigns = {campaign.code: campaign for campaign in template.campaigns}
    assert campaigns.keys() >= {
        "welcome-gift",
        "birthday-gift",
        "member-day",
        "win-back",
        "congratulation",
        "points-notice",
        "bring-a-friend",
    }
    friend = campaigns["bring-a-friend"]
    assert isinstance(friend, GrantCampaign)
    assert friend.both_sides
    assert friend.points > 0
    assert friend.coupon == "friend"


@pytest.mark.parametrize("code", CODES)
def test_both_languages_of_a_message_say_the_same(code: str) -> None:
    for message in get(code).messages:
        assert placeholders(message.texts.zh_cn) == placeholders(message.texts.en)
        assert "chain" in placeholders(message.texts.en), message.code  # a text message must say who sends it


@pytest.mark.parametrize("code", CODES)
def test_close_to_the_next_tier_is_four_fifths_of_the_way(code: str) -> None:
    """The segment's numbers follow the ladder's: four fifths of what the next tier asks, per metric."""
    template = get(code)
    for variant, programme in template.choices():
        (segment,) = [x for x in template.segments_of(variant) if x.code == "one_step_below"]
        leaves = list(segment_leaves(segment.condition))
        named = next((leaf.ladder for leaf in leaves if isinstance(leaf, TierProperty)), "visits")
        ladder = programme.main if named is None else programme.ladder(named)
        assert ladder is not None
        asked = {
            (leaf.metric, int(leaf.gte) * 4 // 5 + (1 if int(leaf.gte) % 100 == 1 and leaf.gte > 1 else 0))
            for tier in ladder.tiers
            if tier.qualify is not None
            for leaf in iter_leaves(tier.qualify)
            if leaf.gte is not None
        }
        near = {(leaf.metric, int(leaf.gte)) for leaf in leaves if not isinstance(leaf, TierProperty) and leaf.gte}
        assert near <= asked, (near - asked, asked)


def test_warnings_are_computed_from_limits_and_steps() -> None:
    assert {code: len(limit_warnings(get(code).programme)) for code in CODES} == {
        **dict.fromkeys(CODES, 0),
        "auto_service": 2,
        "studio": 2,
    }
    garage = get("auto_service").programme
    limits = garage.wallet.limits
    raised = limits.model_copy(update={"named": 1_000_000})
    wallet = garage.wallet.model_copy(update={"limits": raised})
    assert limit_warnings(garage.model_copy(update={"wallet": wallet})) == []
    counted = raised.model_copy(update={"bonus_counts": True})
    wallet = garage.wallet.model_copy(update={"limits": counted})
    (doubt,) = limit_warnings(garage.model_copy(update={"wallet": wallet}))
    assert (doubt.code, doubt.params) == ("top-up-above-limit", {"amount": 1_200_000, "limit": 1_000_000})


async def test_the_gallery_shows_programmes_variants_and_warnings(client: Any) -> None:
    shown = (await client.get("/v1/templates", headers={"Accept-Language": "zh-CN"})).json()
    assert [template["code"] for template in shown["data"]] == CODES
    by_code = {template["code"]: template for template in shown["data"]}
    assert [variant["code"] for variant in by_code["general"]["variants"]] == [
        "standard",
        "marketplace",
        "big_ticket",
        "growth",
    ]
    assert by_code["general"]["variants"][0]["programme"] == by_code["general"]["programme"]
    assert by_code["pharmacy"]["warnings"] == []
    assert by_code["studio"]["warnings"][0]["message"].startswith("等级 vip 要求充值达到 ¥5,000.01，")
    whole = (await client.get("/v1/templates/studio", headers={"Accept-Language": "en"})).json()
    assert whole["warnings"][1]["pointer"] == "/ladders/0/tiers/3/qualify/any/1"
    assert "one top-up can't reach it" in whole["warnings"][1]["message"]
    assert whole.keys() >= {"segments", "coupons", "campaigns", "messages", "till", "tasks", "price_lists"}
    assert (await client.get("/v1/templates/bakery")).status_code == 404
    pointed = places(get("studio").programme.ladders[0].tiers[3].qualify)  # type: ignore[arg-type]
    assert [place.leaf.metric for place in pointed] == ["spend", "top_ups"]


def _faults(raw: Json) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_template(raw)
    return [(json_pointer(error["loc"]), error["type"]) for error in refused.value.errors()]


def test_a_template_with_a_fault_is_refused_at_its_place() -> None:
    raw = get("general").model_dump(mode="json")
    raw["notes"][0]["texts"].pop("en")
    raw["programme"]["ladders"][0]["tiers"][1]["benefits"][0]["multiplier"] = 1.2
    raw["extra"] = True
    assert _faults(raw) == [
        ("/notes/0/texts/en", "missing"),
        ("/programme/ladders/0/tiers/1/benefits/0/multiplier", "decimal-string"),
        ("/extra", "extra_forbidden"),
    ]


def test_a_doubtful_template_is_refused() -> None:
    raw = get("courier").model_dump(mode="json")
    raw["programme"]["ladders"][0]["tiers"][1]["qualify"]["gte"] = 200000
    with pytest.raises(ValidationError, match="asks more than a higher rank"):
        parse_template(raw)


def test_names_that_lead_nowhere_are_refused_at_their_place() -> None:
    raw = get("pharmacy").model_dump(mode="json")
    raw["campaigns"][0]["audience"] = "nobody"
    raw["campaigns"][1]["coupon"] = "nothing"
    raw["campaigns"][2]["message"] = "silence"
    raw["segments"][0]["condition"] = {"property": "tier", "ladder": "card", "in": ["regular", "wood"]}
    raw["segments"][1]["condition"] = {"property": "tier", "ladder": "path", "gte": 1}
    raw["segments"][2]["condition"] = {"property": "attribute", "code": "shoe", "gte": "40"}
    raw["segments"][3]["condition"]["all"][1]["kind"] = "dance"
    raw["tasks"][0]["tiers"] = ["e"]
    raw["tasks"][4]["segment"] = "nobody"
    raw["till"]["activities"].pop()
    raw["programme"]["points"]["excluded_tenders"].append("invoice")
    raw["programme"]["ladders"][1]["tiers"][0]["benefits"][0]["code"] = "secret"
    assert set(_faults(raw)) == {
        ("/campaigns/0/audience", "unknown-segment"),
        ("/campaigns/1/coupon", "unknown-coupon"),
        ("/campaigns/2/message", "unknown-message"),
        ("/segments/0/condition/in/1", "unknown-tier"),
        ("/segments/1/condition/ladder", "unknown-ladder"),
        ("/segments/2/condition/code", "unknown-attribute"),
        ("/segments/3/condition/all/1/kind", "unknown-kind"),
        ("/tasks/0/tiers/0", "unknown-tier"),
        ("/tasks/4/segment", "unknown-segment"),
        ("/till/activities", "button-missing"),
        ("/programme/points/excluded_tenders/1", "unknown-tender"),
        ("/programme/ladders/1/tiers/0/benefits/0/code", "unknown-price-list"),
    }


BAD_PARTS: list[tuple[str, Json, str]] = [
    ("messages", {"texts": {"zh-CN": "{name}好", "en": "Hello"}}, "placeholders-differ"),
    ("messages", {"texts": {"zh-CN": "{mood}", "en": "{mood}"}}, "unknown-placeholder"),
    ("campaigns", {"enabled": True}, "extra_forbidden"),
    ("campaigns", {"channel": None}, "channel-and-message"),
    ("campaigns", {"when": {"type": "full_moon"}}, "unknown-trigger"),
    ("campaigns", {"when": {"type": "yearly", "from": "02-30", "to": "03-01"}}, "no-such-day"),
    ("campaigns", {"when": {"type": "segment_entered"}, "audience": None}, "audience-missing"),
    ("campaigns", {"control_percent": "60"}, "less_than_equal"),
    ("campaigns", {"coupon": None, "points": 0}, "nothing-granted"),
    ("coupons", {"value": {"type": "amount", "amount": 0}}, "greater_than_equal"),
    ("coupons", {"value": {"type": "luck"}}, "unknown-coupon-value"),
    ("coupons", {"code": "birthday"}, "duplicate"),
    ("tasks", {"segment": "sleeping"}, "task-for-whom"),
]


@pytest.mark.parametrize(("part", "change", "code"), BAD_PARTS, ids=[f"{a}-{c}" for a, _, c in BAD_PARTS])
def test_a_part_with_a_fault_is_refused(part: str, change: Json, code: str) -> None:
    raw = get("courier").model_dump(mode="json")
    place = next(n for n, item in enumerate(raw[part]) if item.get("type", "grant") == "grant")
    raw[part][place] |= change
    assert code in {found for _, found in _faults(raw)}


def test_a_variant_must_hold_like_the_template_itself() -> None:
    raw = get("general").model_dump(mode="json")
    raw["variants"][1]["ladders"][0]["tiers"][1]["qualify"]["any"][0]["gte"] = 900_000
    raw["variants"][3]["activity_kinds"] = ["dance"]
    found = _faults(raw)
    assert ("/variants/1", "doubtful-template") in found
    assert ("/variants/3", "variant-programme") in found


@pytest.mark.parametrize("code", CODES)
def test_a_tills_tenders_are_what_a_purchase_takes(code: str) -> None:
    """Points and stored value are named by the purchase itself, as what it redeems."""
    raw = get(code).model_dump(mode="json")
    sent = [tender for tender in raw["till"]["tenders"] if tender not in {"points", "wallet"}]
    assert sent
    for tender in sent:
        TenderBody.model_validate({"type": tender, "amount": 1})
    raw["till"]["tenders"].append("invoice")
    assert [at for at, _ in _faults(raw)] == [f"/till/tenders/{len(raw['till']['tenders']) - 1}"]
