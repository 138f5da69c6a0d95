import json
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from pydantic import ValidationError

from industry_templates.loader import UnknownTemplateError, get, load_all
from industry_templates.schema import Template
from tenants.programme.benefits import Discount, Gift, PointsMultiplier, PriceList, TextBenefit
from tenants.programme.document import Ladder, Tier, warnings
from tenants.programme.strict import json_pointer

Json = dict[str, Any]


def ladder(template: str, code: str) -> Ladder:
    found = get(template).programme.ladder(code)
    assert found is not None
    return found


def asks(found: Ladder) -> dict[str, Json | None]:
    dumped = found.model_dump(mode="json")
    return {tier["code"]: tier["qualify"] for tier in dumped["tiers"]}


def spend(yuan: int, window: str = "lifetime", **size: int) -> Json:
    return {"metric": "spend", "window": {"type": window, **size}, "gte": yuan * 100}


def year(yuan: int) -> Json:
    return spend(yuan, "rolling_months", months=12)


def month(yuan: int) -> Json:
    return spend(yuan, "calendar_month", offset=0)


def texts(tier: Tier) -> set[str]:
    return {benefit.names.en for benefit in tier.benefits if isinstance(benefit, TextBenefit)}


def test_these_templates_are_there() -> None:
    assert list(load_all()) == ["courier", "general", "pharmacy"]
    assert all(template.code == code for code, template in load_all().items())
    with pytest.raises(UnknownTemplateError):
        get("bakery")


@pytest.mark.parametrize("code", load_all())
def test_a_template_says_everything_and_loses_nothing(code: str) -> None:
    raw = json.loads((files("industry_templates") / "data" / f"{code}.json").read_text(encoding="utf-8"))
    template = get(code)
    assert template.model_dump(mode="json") == raw
    assert template.programme.version == 1
    assert template.programme.currency == "CNY"
    assert not warnings(template.programme)
    assert {note.ours for note in template.notes} == {True, False}


def test_pharmacy_classes_follow_the_month_that_has_ended() -> None:
    found = ladder("pharmacy", "class")
    assert get("pharmacy").programme.main is found
    assert found.visibility == "staff"
    assert asks(found) == {"d": None, "c": month(500), "b": month(1000), "a": month(1500)}
    assert found.policy.upgrade == "scheduled"
    assert found.policy.schedule.type == "monthly"
    assert found.policy.validity.type == "until_next_schedule"
    assert (found.policy.grace_days, found.policy.max_drop) == (0, None)
    assert {tier.code: texts(tier) for tier in found.tiers} == {
        "a": {"Strong self-care awareness: top service", "Follow up weekly"},
        "b": {"Develop towards A", "Follow up fortnightly"},
        "c": {"Keep steady", "Follow up monthly"},
        "d": {"Lift where it pays", "Follow up by campaign"},
    }


def test_pharmacy_members_see_a_card_with_member_prices() -> None:
    found = ladder("pharmacy", "card")
    assert found.visibility == "members"
    assert [tier.names.zh_cn for tier in found.tiers] == ["普通会员", "高级会员", "白金会员", "钻石会员"]
    assert all(any(isinstance(benefit, PriceList) for benefit in tier.benefits) for tier in found.tiers)


def test_pharmacy_keeps_prescriptions_and_insurance_out() -> None:
    programme = get("pharmacy").programme
    assert "prescription" in programme.points.excluded_categories
    assert "medical_insurance" in programme.points.excluded_tenders
    assert "prescription" in programme.stacking.discount_excluded
    assert programme.activity_kinds == ("glucose_check", "pressure_check", "lecture")
    assert programme.lifecycle.dormant_days == 90


def test_courier_tiers_are_the_markets_own() -> None:
    found = ladder("courier", "card")
    assert asks(found) == {
        "regular": None,
        "silver": spend(500),
        "gold": spend(1000),
        "platinum": spend(3000),
    }
    percents = [b.percent for tier in found.tiers for b in tier.benefits if isinstance(b, Discount)]
    multipliers = [b.multiplier for tier in found.tiers for b in tier.benefits if isinstance(b, PointsMultiplier)]
    assert percents == [5, 10, 15, 20]
    assert multipliers == [1, Decimal("1.5"), 2, Decimal("2.5")]
    assert get("courier").programme.points.per_unit == 1
    gifted = [tier.code for tier in found.tiers if any(isinstance(b, Gift) for b in tier.benefits)]
    assert gifted == ["silver", "gold", "platinum"]
    assert [tier.code for tier in found.tiers if "First access to new services" in texts(tier)] == [
        "gold",
        "platinum",
    ]
    assert [tier.code for tier in found.tiers if "Own service contact" in texts(tier)] == ["platinum"]
    assert all("Members' events" in texts(tier) for tier in found.tiers)
    eligibility = get("courier").programme.eligibility
    assert (eligibility.min_age, eligibility.kinds) == (18, ("person", "company"))


def test_general_tiers_are_the_markets_own() -> None:
    largest = {"metric": "max_purchase", "window": {"type": "lifetime"}, "gte": 20000}
    assert asks(ladder("general", "card")) == {
        "regular": None,
        "silver": {"any": [spend(500), largest]},
        "gold": {"any": [spend(2000), year(1000)]},
        "diamond": {"any": [spend(5000), year(3000)]},
    }


def test_a_template_with_a_fault_is_refused_at_its_place() -> None:
    raw = get("general").model_dump(mode="json")
    raw["notes"][0]["texts"].pop("en")
    raw["programme"]["ladders"][0]["tiers"][1]["benefits"][0]["multiplier"] = 1.2
    raw["extra"] = True
    with pytest.raises(ValidationError) as refused:
        Template.model_validate(raw)
    assert [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()] == [
        ("/notes/0/texts/en", "missing"),
        ("/programme/ladders/0/tiers/1/benefits/0/multiplier", "decimal-string"),
        ("/extra", "extra_forbidden"),
    ]


def test_a_doubtful_template_is_refused() -> None:
    raw = get("courier").model_dump(mode="json")
    raw["programme"]["ladders"][0]["tiers"][1]["qualify"]["gte"] = 200000
    with pytest.raises(ValidationError, match="asks more than a higher rank"):
        Template.model_validate(raw)
