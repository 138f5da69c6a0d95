"""The market's own numbers stand unchanged in the templates."""

from decimal import Decimal
from typing import Any

from industry_templates.loader import get
from tenants.campaigns.document import DiscountCampaign, GrantCampaign
from tenants.campaigns.when import OnPurchase, OnReferral
from tenants.coupons.terms import AmountOff
from tenants.programme.benefits import Allowance, Discount, Gift, PointsMultiplier, PriceList, TextBenefit
from tenants.programme.conditions import iter_leaves
from tenants.programme.document import Ladder, Tier
from tenants.programme.leaves import parts
from tenants.tasks.document import ByCampaign, EveryDays, EveryMonths

Json = dict[str, Any]


def ladder(template: str, code: str) -> Ladder:
    found = get(template).programme.ladder(code)
    assert found is not None
    return found


def asks(found: Ladder) -> dict[str, Json | None]:
    dumped = found.model_dump(mode="json")
    return {tier["code"]: tier["qualify"] for tier in dumped["tiers"]}


def chosen(code: str) -> Ladder:
    general = get("general")
    return general.programme_of(general.variant(code)).main


def spend(yuan: int, window: str = "lifetime", **size: int) -> Json:
    return {"metric": "spend", "window": {"type": window, **size}, "gte": yuan * 100}


def whole_life(metric: str, gte: int, **narrow: str) -> Json:
    return {"metric": metric, **narrow, "window": {"type": "lifetime"}, "gte": gte}


def year(yuan: int) -> Json:
    return spend(yuan, "rolling_months", months=12)


def month(yuan: int) -> Json:
    return spend(yuan, "calendar_month", offset=0)


def texts(tier: Tier) -> set[str]:
    return {benefit.names.en for benefit in tier.benefits if isinstance(benefit, TextBenefit)}


def percents(found: Ladder) -> list[Decimal]:
    return [b.percent for tier in found.tiers for b in tier.benefits if isinstance(b, Discount)]


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
    assert "bank_transfer" in get("courier").till.tenders  # companies pay by the month
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


def test_pharmacy_follows_its_classes_up_in_their_rhythm() -> None:
    template = get("pharmacy")
    rhythm = {task.tiers: task.every for task in template.tasks if task.ladder == "class"}
    assert rhythm == {
        ("a",): EveryDays(type="days", days=7),
        ("b",): EveryDays(type="days", days=14),
        ("c",): EveryMonths(type="months", months=1),
        ("d",): ByCampaign(type="campaign"),
    }
    assert {"no_check", "sleeping", "low_spend", "zero_spend"} <= {segment.code for segment in template.segments}
    checks = {button.kind: button for button in template.till.activities}
    assert [field.code for field in checks["pressure_check"].fields] == ["systolic", "diastolic"]
    assert {checks[kind].prints for kind in template.programme.health_kinds} == {"measuring_log"}
    assert template.programme.health_kinds == ("glucose_check", "pressure_check")
    assert "medical_insurance" in template.till.tenders


def test_gym_levels_are_the_markets_own() -> None:
    found = ladder("gym", "level")
    steps = asks(found)
    assert list(steps) == ["junior", "intermediate", "senior"]
    for code, yuan in {"intermediate": 1000, "senior": 5000}.items():
        by_money, by_part = (steps[code] or {})["any"]
        assert by_money == spend(yuan)
        lower, taken_part, reviews = by_part["all"]
        assert lower["metric"] == "spend"
        assert lower["gte"] < yuan * 100
        assert [leaf["kind"] for leaf in taken_part["any"]] == ["class", "challenge", "training_camp"]
        assert (reviews["metric"], reviews["kind"]) == ("activities", "review")  # how many, not how kind
    assert (found.policy.upgrade, found.policy.schedule.type) == ("scheduled", "quarterly")
    free = {tier.code: [b.product for b in tier.benefits if isinstance(b, Allowance)] for tier in found.tiers}
    assert free == {"junior": [], "intermediate": ["group_class"], "senior": ["group_class", "advanced_facility"]}
    assert texts(found.tiers[0]) == {"Basic use"}
    assert texts(found.tiers[2]) == {"Priority booking"}


def test_tea_levels_rise_by_points_of_spending_and_top_ups() -> None:
    found, programme = ladder("tea", "level"), get("tea").programme
    assert [tier.names.en for tier in found.tiers] == ["Regular", "Silver", "Gold"]
    assert {leaf.metric for tier in found.tiers[1:] for leaf in iter_leaves(_qualify(tier))} == {"points_earned"}
    assert programme.points.per_unit > 0
    assert programme.points.beside is not None
    assert programme.points.beside.top_up > 0
    assert programme.wallet.top_up_bonus
    assert all(any(isinstance(benefit, PriceList) for benefit in tier.benefits) for tier in found.tiers)
    occasions = [b.occasion for tier in found.tiers for b in tier.benefits if isinstance(b, Gift)]
    assert occasions == ["birthday"] * 3
    assert programme.activity_kinds == ("tasting", "festival")
    codes = {campaign.code for campaign in get("tea").campaigns}
    assert {"points-notice", "win-back", "tasting"} <= codes


def test_shoes_and_apparel_count_members_brought() -> None:
    found = ladder("shoes_apparel", "card")
    assert asks(found) == {"regular": None, "silver": whole_life("referrals", 10), "gold": whole_life("referrals", 100)}
    assert percents(found) == [5, 10, 15]
    campaigns = {campaign.code: campaign for campaign in get("shoes_apparel").campaigns}
    nine = campaigns["nine-friends"]
    assert isinstance(nine, GrantCampaign)
    assert (nine.when, nine.once, nine.coupon) == (OnReferral(type="referral", count=9), "ever", "free-pair")
    assert {c.code for c in campaigns.values() if isinstance(c, DiscountCampaign)} == {
        "festival-price",
        "birthday-price",
    }


def test_catering_is_the_markets_own() -> None:
    template = get("catering")
    wallet = template.programme.wallet
    becomes = {step.amount: step.amount + step.bonus_of(step.amount) for step in wallet.top_up_bonus}
    assert becomes == {500_00: 700_00, 800_00: 1200_00}
    assert template.programme.points.per_unit == 1
    visits = ladder("catering", "visits")
    assert asks(visits)["family"] == {
        "metric": "purchases",
        "window": {"type": "calendar_month", "offset": 0},
        "gte": 10,
    }
    (meal,) = [b for b in visits.tiers[1].benefits if isinstance(b, Allowance)]
    assert (meal.product, meal.per, meal.count) == ("family_set_meal", "month", 1)
    assert texts(visits.tiers[1]) == {"The family set meal free, for up to 6 people"}
    (guests,) = [c for c in template.campaigns if c.code == "guest-coupon"]
    assert guests.when == OnPurchase(type="purchase", min_amount=30_00, by="guest")
    (coupon,) = [c for c in template.coupons if c.code == "next-visit"]
    assert coupon.value == AmountOff(type="amount", amount=10_00)
    assert {"delivery_address", "taste"} <= {attribute.code for attribute in template.programme.attributes}


def test_studio_is_the_markets_own_and_strict() -> None:
    template = get("studio")
    steps = asks(ladder("studio", "card"))
    assert whole_life("purchases", 1, category="package") in (steps["member"] or {})["any"]
    assert steps["vip"] == whole_life("top_ups", 500_001)
    assert steps["vvip"] == {"any": [whole_life("spend", 1_000_001), whole_life("top_ups", 1_000_001)]}
    (step,) = template.programme.wallet.top_up_bonus
    assert step.gift is not None
    assert (step.amount, step.gift.value) == (1000_00, 398_00)
    (prices,) = template.price_lists
    assert [(item.list_price, item.price) for item in prices.items] == [(999_00, 699_00)]
    (commission,) = template.commissions
    assert (commission.per, commission.amount) == ("referred_member", 20_00)


def test_auto_service_is_the_markets_own() -> None:
    template = get("auto_service")
    (step,) = template.programme.wallet.top_up_bonus
    assert (step.amount, step.percent, step.amount + step.bonus_of(step.amount)) == (10_000_00, 20, 12_000_00)
    assert {reward.code for reward in template.rewards} == {"small-upkeep", "screen-wash"}


def test_marketplace_steps_are_the_markets_own() -> None:
    found = chosen("marketplace")
    assert asks(found)["advanced"] == {"any": [spend(1000), whole_life("purchases", 5)]}
    assert [tier.names.en for tier in found.tiers] == ["Regular", "Advanced", "VIP", "Supreme VIP"]
    assert percents(found)[0] == 10
    assert (found.policy.upgrade, found.policy.schedule.type) == ("immediate", "yearly")


def test_big_ticket_steps_are_the_markets_own() -> None:
    assert asks(chosen("big_ticket")) == {
        "regular": None,
        "middle": spend(50_000),
        "high": spend(500_000),
        "noble": spend(3_000_000),
        "top": spend(5_000_000),
    }
    assert [tier.names.zh_cn for tier in chosen("big_ticket").tiers[1:]] == ["中级", "高级", "尊贵", "顶级"]
    variant = get("general").variant("big_ticket")
    assert variant is not None
    assert [share.code for share in variant.shares] == ["a", "b", "c", "d"]
    assert variant.shares[0].percent == 80


def test_growth_value_weighs_what_the_market_names() -> None:
    found = chosen("growth")
    for tier in found.tiers[1:]:
        for condition in (tier.qualify, tier.retain):
            assert condition is not None
            (leaf,) = iter_leaves(condition)
            assert leaf.metric == "score"
            assert [part.metric for part in parts(leaf)] == ["spend", "purchases", "activities", "referrals"]
    assert found.policy.max_drop == 1


def _qualify(tier: Tier) -> Any:
    assert tier.qualify is not None
    return tier.qualify
