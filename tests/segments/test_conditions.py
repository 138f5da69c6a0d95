"""The shape of segments' conditions: every property, the metrics, the tree, and where its faults are."""

from typing import Any

import pytest
from pydantic import ValidationError

from tenants.programme.strict import json_pointer
from tenants.segments.conditions import parse_segment_condition, segment_leaves
from tenants.segments.properties import PROPERTIES

Json = dict[str, Any]
SPEND = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 100}

GOOD: list[Json] = [
    {"property": "tier", "in": ["gold"]},
    {"property": "tier", "ladder": "card", "gte": 1, "lt": 3},
    {"property": "branch", "in": ["Main-1"]},
    {"property": "tag", "in": ["孕期", "VIP"]},
    {"property": "attribute", "code": "skin", "in": ["dry", True]},
    {"property": "attribute", "code": "mileage", "gte": "10000", "lt": "20000.5"},
    {"property": "attribute", "code": "due_on", "gte": "2026-01-01", "lt": "2026-02-01"},
    {"property": "birthday_month", "in": [1, "this", "next"]},
    {"property": "birthday_in_days", "lt": 8},
    {"property": "age", "gte": 18, "lt": 30},
    {"property": "kind", "in": ["company"]},
    {"property": "consent", "in": ["sms", "health"]},
    {"property": "stage", "in": ["new", "growing", "mature", "declining", "lost"]},
    {"property": "rfm_group", "in": ["cant_lose", "at_risk"]},
    {"property": "points_expiring", "days": 30, "gte": 1},
    {"property": "wallet_balance", "lt": 5000},
    {"property": "ranks_to_next", "ladder": "card", "gte": 1},
    {"property": "source", "in": ["till", "page"]},
]


@pytest.mark.parametrize("leaf", GOOD, ids=lambda leaf: leaf["property"])
def test_a_property_comes_back_as_it_was_written(leaf: Json) -> None:
    assert parse_segment_condition(leaf).model_dump(mode="json") == leaf


def test_every_property_of_the_domain_is_known() -> None:
    assert {leaf["property"] for leaf in GOOD} == set(PROPERTIES)


def test_metrics_and_properties_stand_in_one_tree() -> None:
    tree = {"all": [SPEND, {"not": {"any": [GOOD[0], {"metric": "days_since_purchase", "lt": 90}]}}]}
    parsed = parse_segment_condition(tree)
    assert parsed.model_dump(mode="json") == tree
    assert len(list(segment_leaves(parsed))) == 3
    assert parse_segment_condition(parsed) is parsed


BAD: list[tuple[object, str, str]] = [
    ({"property": "mood", "in": ["good"]}, "/property", "unknown-property"),
    ({"property": "tier", "in": []}, "/in", "too_short"),
    ({"property": "tier"}, "", "in-or-bounds"),
    ({"property": "tier", "in": ["gold"], "gte": 1}, "", "in-or-bounds"),
    ({"property": "tag", "in": "VIP"}, "/in", "list-expected"),
    ({"property": "kind", "in": ["person", "person"]}, "/in/1", "duplicate"),
    ({"property": "kind", "in": ["robot"]}, "/in/0", "literal_error"),
    ({"property": "age"}, "", "bound-missing"),
    ({"property": "age", "gte": 30, "lt": 18}, "/lt", "bounds-crossed"),
    ({"property": "attribute", "code": "km", "gte": "2", "lt": "1"}, "/lt", "bounds-crossed"),
    ({"property": "attribute", "code": "km", "gte": "2026-01-01", "lt": "9"}, "/lt", "bounds-crossed"),
    ({"property": "attribute", "code": "km", "gte": "2026-02-30"}, "/gte", "no-such-day"),
    ({"property": "attribute", "code": "km", "gte": "much"}, "/gte", "decimal-string"),
    ({"property": "points_expiring", "gte": 1}, "/days", "missing"),
    ({"property": "birthday_month", "in": ["this"], "lt": 3}, "/lt", "extra_forbidden"),
    ({"all": []}, "/all", "empty-group"),
    ({"any": [SPEND, {}]}, "/any/1", "segment-shape"),
    ({"any": [{"metric": "mood", "gte": 1}]}, "/any/0/metric", "unknown-metric"),
    ({"not": {"metric": "spend", "window": {"type": "since_tier_start"}, "gte": 1}}, "/not/window", "window-of-ladder"),
    (
        {
            "metric": "score",
            "weights": [{"metric": "purchases", "window": {"type": "current_validity"}, "per": 1, "points": 1}],
            "gte": 1,
        },
        "/weights/0/window",
        "window-of-ladder",
    ),
    ({"any": [SPEND] * 65}, "", "too-many-leaves"),
]


@pytest.mark.parametrize(("data", "pointer", "code"), BAD)
def test_a_fault_is_named_at_its_place(data: object, pointer: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_segment_condition(data)
    found = [(json_pointer(error["loc"]), error["type"]) for error in refused.value.errors()]
    assert (pointer, code) in found


def test_a_tree_is_at_most_six_deep() -> None:
    deep: Json = dict(SPEND)
    for _ in range(6):
        deep = {"not": deep}
    parse_segment_condition(deep)
    with pytest.raises(ValidationError, match="at most 6 deep"):
        parse_segment_condition({"not": deep})
    for _ in range(100_000):
        deep = {"not": deep}
    with pytest.raises(ValidationError, match="at most 6 deep"):
        parse_segment_condition(deep)
