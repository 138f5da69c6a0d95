import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from foodmart.scale import scaled
from oracle.documents import document, ladder_json, tier_json
from pydantic import ValidationError

from tenants.programme.document import Programme
from tenants.programme.doubts import warnings
from tenants.programme.strict import json_pointer

Json = dict[str, Any]

# the programme of the HTTP contract
CONTRACT: Json = json.loads("""
{"version": 3, "currency": "CNY",
 "ladders": [
  {"code": "card", "names": {"zh-CN": "会员卡", "en": "Card"}, "visibility": "members",
   "tiers": [
    {"code": "regular", "rank": 0, "names": {"zh-CN": "普通", "en": "Regular"},
     "qualify": null, "retain": null,
     "benefits": [{"type": "discount", "percent": "5"}, {"type": "points_multiplier", "multiplier": "1"}]},
    {"code": "silver", "rank": 1, "names": {"zh-CN": "银卡", "en": "Silver"},
     "qualify": {"metric": "spend", "window": {"type": "lifetime"}, "gte": 50000}, "retain": null,
     "benefits": [{"type": "discount", "percent": "10", "category": "parcel"},
                  {"type": "points_multiplier", "multiplier": "1.5"},
                  {"type": "allowance", "product": "group_class", "per": "month", "count": 4},
                  {"type": "gift", "occasion": "upgrade", "coupon": "welcome-silver"},
                  {"type": "price_list", "code": "member"},
                  {"type": "text", "names": {"zh-CN": "专属客服", "en": "Own service contact"}}]}],
   "policy": {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "forever"},
              "grace_days": 0, "max_drop": null, "late_days": 3, "refund_recheck": "next_schedule"}}],
 "points": {"per_unit": "1", "pending_days": 0, "expiry": {"type": "end_of_year", "years": 1},
            "excluded_categories": [], "excluded_tenders": [],
            "redeem": {"points": 100, "amount": 100, "min_points": 100, "max_percent": "50"}},
 "wallet": {"top_up_bonus": [{"amount": 50000, "bonus": 20000}, {"amount": 1000000, "percent": "20"}],
            "spend_order": "proportional",
            "limits": {"named": 500000, "unnamed": 100000, "bonus_counts": false},
            "cooling_off_days": 7, "confirm_above": 20000, "bonus_earns": false},
 "stacking": {"discounts_combine": false, "wallet_with_tier_discount": true, "discount_excluded": []},
 "eligibility": {"min_age": null, "kinds": ["person", "company"]}, "attributes": [],
 "activity_kinds": ["check_in", "class", "review"],
 "health_kinds": [],
 "lifecycle": {"new_days": 30, "slipping_factor": "1.5", "dormant_days": 90, "lost_days": 180}}
""")
POLICY = {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "forever"}}
NAMES = {"zh-CN": "某", "en": "Some"}


def spend(gte: int, **window: object) -> Json:
    return {"metric": "spend", "window": window or {"type": "lifetime"}, "gte": gte}


def put(pointer: str, value: object) -> Json:
    """The contract's programme with one place changed (an empty tuple: taken away; a list's end: added)."""
    changed = copy.deepcopy(CONTRACT)
    *above, last = pointer.split("/")[1:]
    place: Any = changed
    for part in above:
        place = place[int(part) if isinstance(place, list) else part]
    if isinstance(place, list):
        place[int(last) : int(last) + 1] = [value]
    elif value == ():
        del place[last]
    else:
        place[last] = value
    return changed


def refusal(data: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        Programme.parse(data)
    return [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()]


def test_the_contracts_programme_is_read_and_written_unchanged() -> None:
    programme = Programme.parse(CONTRACT)
    assert programme.dump() == CONTRACT
    assert Programme.parse(programme.dump()) == programme
    assert programme.main.code == "card"
    assert programme.main.tiers[1].benefits[0].percent == Decimal(10)  # type: ignore[union-attr]
    assert hash(programme) == hash(Programme.parse(CONTRACT))


def test_what_is_left_out_is_filled_in() -> None:
    tiers = [{"code": "regular", "rank": 0, "names": NAMES}]
    short = {
        "currency": "EUR",
        "ladders": [{"code": "card", "names": NAMES, "tiers": tiers, "policy": POLICY}],
    }
    filled = Programme.parse(short).dump()
    assert filled["version"] == 1
    assert filled["ladders"][0]["visibility"] == "members"
    assert filled["ladders"][0]["policy"]["late_days"] == 3
    assert filled["points"]["per_unit"] == "0"
    assert filled["wallet"] == {**CONTRACT["wallet"], "top_up_bonus": []}
    assert filled["lifecycle"] == CONTRACT["lifecycle"]
    assert Programme.parse(filled).dump() == filled


TIER = CONTRACT["ladders"][0]["tiers"][1]
TIERS = "/ladders/0/tiers"


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/colour", "red", "extra_forbidden"),
        ("/version", "3", "int_type"),
        ("/version", 0, "greater_than_equal"),
        ("/currency", "cny", "string_pattern_mismatch"),
        ("/currency", "XXX", "unknown-currency"),
        ("/currency", (), "missing"),
        ("/ladders", [], "too_short"),
        ("/ladders", {}, "list-expected"),
        ("/ladders/0/code", "Card", "string_pattern_mismatch"),
        ("/ladders/0/code", "c" * 33, "string_pattern_mismatch"),
        ("/ladders/0/code", "card\n", "string_pattern_mismatch"),
        ("/ladders/0/names/en", (), "missing"),
        ("/ladders/0/names/zh-CN", "", "string_too_short"),
        ("/ladders/0/names/zh-CN", " 　", "string_pattern_mismatch"),
        ("/ladders/0/names/zh-CN", "a\u0000b", "string_pattern_mismatch"),
        ("/ladders/0/names/fr", "Carte", "extra_forbidden"),
        ("/ladders/0/visibility", "public", "literal_error"),
        (f"{TIERS}", [], "too_short"),
        (f"{TIERS}/0/qualify", spend(1), "base-condition"),
        (f"{TIERS}/0/retain", spend(1), "base-condition"),
        (f"{TIERS}/1/qualify", None, "qualify-missing"),
        (f"{TIERS}/1/rank", 2, "rank-order"),
        (f"{TIERS}/1/rank", 0, "rank-order"),
        (f"{TIERS}/1/rank", -1, "greater_than_equal"),
        (f"{TIERS}/1/code", "regular", "duplicate"),
        (f"{TIERS}/1/qualify/metric", "mood", "unknown-metric"),
        (f"{TIERS}/1/qualify/window/type", "week", "unknown-window"),
        (f"{TIERS}/1/retain", {"any": []}, None),
        (f"{TIERS}/1/benefits/0/type", "kiss", "unknown-benefit"),
        (f"{TIERS}/1/benefits/0/percent", 10, "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "1e1", "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "-5", "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "5.00001", "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "NaN", "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "١٠", "decimal-string"),
        (f"{TIERS}/1/benefits/0/percent", "100.0001", "less_than_equal"),
        (f"{TIERS}/1/benefits/2/count", 0, "greater_than_equal"),
        (f"{TIERS}/1/benefits/2/per", "fortnight", "literal_error"),
        (f"{TIERS}/1/benefits/3/coupon", (), "missing"),
        ("/ladders/0/policy/upgrade", "soon", "literal_error"),
        ("/ladders/0/policy/schedule/type", "weekly", "unknown-schedule"),
        ("/ladders/0/policy/validity/type", "weeks", "unknown-validity"),
        ("/ladders/0/policy/validity", {"type": "months"}, None),
        ("/ladders/0/policy/grace_days", -1, "greater_than_equal"),
        ("/ladders/0/policy/max_drop", 0, "greater_than_equal"),
        ("/ladders/0/policy/late_days", None, "int_type"),
        ("/points/per_unit", "1,5", "decimal-string"),
        ("/points/expiry/type", "soon", "unknown-expiry"),
        ("/points/redeem/max_percent", "101", "less_than_equal"),
        ("/points/redeem/amount", 0, "greater_than_equal"),
        ("/points/beside", {"activities": [{"kind": "a", "points": 1}] * 2}, None),
        ("/points/beside", {"top_up": 1}, None),
        ("/points/excluded_tenders/0", "Cash!", "string_pattern_mismatch"),
        ("/wallet/top_up_bonus/0", {"amount": 50000}, "bonus-or-percent"),
        ("/wallet/top_up_bonus/0", {"amount": 5, "bonus": 5, "percent": "5"}, "bonus-or-percent"),
        ("/wallet/top_up_bonus/2", {"amount": 50000, "bonus": 1}, "duplicate-step"),
        ("/wallet/top_up_bonus/0/amount", 10**13 + 1, "less_than_equal"),
        ("/wallet/top_up_bonus/0/amount", 0, "greater_than_equal"),
        ("/wallet/top_up_bonus/0", {"amount": 5, "gift": {"names": {"zh-CN": "礼", "en": "A gift"}, "value": 0}}, None),
        ("/wallet/top_up_bonus/0/amount", 500.0, "int_type"),
        ("/wallet/limits/named", -1, "greater_than_equal"),
        ("/wallet/spend_order", "random", "literal_error"),
        ("/stacking/discounts_combine", 1, "bool_type"),
        ("/eligibility/kinds", [], "too_short"),
        ("/eligibility/kinds/0", "robot", "literal_error"),
        ("/activity_kinds/3", "class", "duplicate"),
        ("/lifecycle/slipping_factor", "0.9", "greater_than_equal"),
    ],
)
def test_a_bad_programme_is_refused_at_its_place(pointer: str, value: object, code: str | None) -> None:
    found = refusal(put(pointer, value))
    if code is not None:
        assert found == [(pointer, code)]
    else:  # the fault lies below the changed place
        assert all(place.startswith(pointer + "/") for place, _ in found)


def test_faults_between_parts_name_the_later_place() -> None:
    ladder = CONTRACT["ladders"][0]
    assert refusal(put("/ladders/1", ladder)) == [("/ladders/1/code", "duplicate")]
    assert refusal({**CONTRACT, "ladders": [ladder] * 4}) == [("/ladders", "too_long")]
    attribute = {"code": "skin", "names": NAMES, "type": "text"}
    assert refusal({**CONTRACT, "attributes": [attribute] * 2}) == [("/attributes/1/code", "duplicate")]
    step = {"amount": 7, "bonus": 1, "tiers": ["silver", "pearl"]}
    assert refusal(put("/wallet/top_up_bonus/2", step)) == [("/wallet/top_up_bonus/2/tiers/1", "unknown-tier")]


def test_an_attribute_lists_choices_where_it_is_a_choice() -> None:
    choices = [{"code": "dry", "names": NAMES}, {"code": "oily", "names": NAMES}]
    skin = {"code": "skin", "names": NAMES, "type": "choice", "choices": choices}
    assert Programme.parse({**CONTRACT, "attributes": [skin]}).dump()["attributes"] == [skin]
    for wrong in ({**skin, "choices": []}, {**skin, "type": "text"}):
        assert refusal({**CONTRACT, "attributes": [wrong]}) == [("/attributes/0/choices", "choices-mismatch")]
    twice = {**skin, "choices": [choices[0], choices[0]]}
    assert refusal({**CONTRACT, "attributes": [twice]}) == [("/attributes/0/choices/1/code", "duplicate")]


@pytest.mark.parametrize("data", [None, [], "x", 5, {"ladders": None}])
def test_what_is_no_programme_at_all_is_refused(data: object) -> None:
    assert refusal(data)


def three(*asked: Json) -> Programme:
    tiers = [tier_json("base", 0), *(tier_json(f"t{n}", n, ask) for n, ask in enumerate(asked, 1))]
    return Programme.parse(document([ladder_json("card", tiers, POLICY)]))


def test_a_lower_rank_that_asks_more_is_doubted() -> None:
    window = {"type": "rolling_months", "months": 12}
    doubts = warnings(three(spend(100), {"any": [spend(300), spend(50, **window)]}, spend(200)))
    assert [(doubt.pointer, doubt.code, doubt.params) for doubt in doubts] == [
        (
            f"{TIERS}/2/qualify/any/0",
            "lower-asks-more",
            {"tier": "t2", "asks": 300, "higher": "t3", "less": 200},
        )
    ]


@pytest.mark.parametrize(
    "asked",
    [
        (spend(100), spend(100)),
        (spend(300), spend(200, type="calendar_year")),
        (spend(300), {"not": spend(200)}),
        (
            {"any": [spend(1000), {"all": [spend(100), {"metric": "tenure_days", "gte": 30}]}]},
            {"any": [{"all": [spend(500), {"metric": "tenure_days", "gte": 90}]}, spend(5000)]},
        ),
    ],
)
def test_what_is_meant_is_not_doubted(asked: tuple[Json, ...]) -> None:
    assert warnings(three(*asked)) == []


def test_scaling_touches_money_and_nothing_else() -> None:
    visits = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 10}
    largest = {"metric": "max_purchase", "window": {"type": "lifetime"}, "gte": 15, "lt": 1000}
    programme = three({"any": [spend(50000), {"all": [visits, {"not": largest}]}]})
    tier = scaled(programme, Decimal("0.1")).dump()["ladders"][0]["tiers"][1]
    assert tier["qualify"] == {"any": [spend(5000), {"all": [visits, {"not": {**largest, "gte": 2, "lt": 100}}]}]}
    assert scaled(programme, Decimal(1)) == programme
