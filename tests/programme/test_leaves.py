"""What can be measured: each metric's own fields, bounds and name."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tenants.programme.conditions import METRICS, UNITS, Condition, leaf_key, parse_condition
from tenants.programme.document import Programme
from tenants.programme.doubts import warnings
from tenants.programme.leaves import RatingLeaf, counts_anew, parse_leaf
from tenants.programme.strict import json_pointer

Json = dict[str, Any]
LIFETIME = {"type": "lifetime"}
MONTH = {"type": "calendar_month", "offset": -1}
WINDOWED = [m for m in METRICS if m not in {"tenure_days", "days_since_purchase", "score"}]


def faults(data: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_condition(data)
    return [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()]


def windowed(metric: str, **fields: Any) -> Json:
    return {"metric": metric, "window": LIFETIME, "gte": "1" if metric == "rating" else 1, **fields}


def score(*weights: Json, **fields: Any) -> Json:
    return {"metric": "score", "weights": list(weights), "gte": 1, **fields}


def weight(metric: str = "spend", **fields: Any) -> Json:
    return {"metric": metric, "window": LIFETIME, "per": 100, "points": 1, **fields}


TENURE = {"metric": "tenure_days", "per": 365, "points": 10}


@pytest.mark.parametrize(
    ("leaf", "key"),
    [
        *[(windowed(metric), f"{metric}/lifetime") for metric in WINDOWED],
        (windowed("spend", category="tea"), "spend:tea/lifetime"),
        (windowed("purchases", category="红茶 / 绿茶"), "purchases:红茶 / 绿茶/lifetime"),
        (windowed("activities", kind="class", window=MONTH), "activities:class/calendar_month:-1"),
        (windowed("rating", kind="review"), "rating:review/lifetime"),
        ({"metric": "tenure_days", "gte": 1}, "tenure_days"),
        ({"metric": "days_since_purchase", "lt": 1}, "days_since_purchase"),
    ],
)
def test_a_leaf_is_read_written_and_named(leaf: Json, key: str) -> None:
    parsed = parse_leaf(leaf)
    assert leaf_key(parsed) == key
    assert TypeAdapter(Condition).dump_python(parsed, mode="json") == leaf
    assert parse_condition(parsed) == parsed
    assert UNITS[parsed.metric]


def test_a_score_is_read_written_and_named_by_its_weights() -> None:
    parts = [weight(category="tea"), weight("activities", kind="class", window=MONTH, per=1, points=5), TENURE]
    parsed = parse_leaf(score(*parts))
    assert TypeAdapter(Condition).dump_python(parsed, mode="json") == score(*parts)
    key = leaf_key(parsed)
    assert key.startswith("score/")
    assert len(key) == len("score/") + 12
    assert leaf_key(parse_leaf(score(*reversed(parts), lt=9))) == key
    others = [
        score(*parts[1:]),
        score(*parts, parts[0]),
        score({**parts[0], "per": 101}, *parts[1:]),
        score({**parts[0], "points": 2}, *parts[1:]),
        score({**parts[0], "category": "teas"}, *parts[1:]),
    ]
    assert len({key, *(leaf_key(parse_leaf(other)) for other in others)}) == 6


@pytest.mark.parametrize(
    ("leaf", "anew"),
    [
        (windowed("activities"), True),
        (windowed("activities", window=MONTH), False),
        ({"metric": "tenure_days", "gte": 1}, False),
        (score(TENURE), False),
        (score(TENURE, weight()), True),
    ],
)
def test_a_lifetime_anywhere_in_it_counts_anew(leaf: Json, anew: bool) -> None:
    assert counts_anew(parse_leaf(leaf)) is anew


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (windowed("activities", category="tea"), [("/category", "extra_forbidden")]),
        (windowed("spend", kind="class"), [("/kind", "extra_forbidden")]),
        (windowed("referrals", kind="class"), [("/kind", "extra_forbidden")]),
        (windowed("spend", weights=[]), [("/weights", "extra_forbidden")]),
        (windowed("spend", category=" "), [("/category", "string_pattern_mismatch")]),
        (windowed("spend", category="a" * 65), [("/category", "string_too_long")]),
        (windowed("spend", category="a\0b"), [("/category", "string_pattern_mismatch")]),
        (windowed("activities", kind="Class"), [("/kind", "string_pattern_mismatch")]),
        (windowed("activities", gte="1"), [("/gte", "int_type")]),
        (windowed("activities", gte=1.5), [("/gte", "int_type")]),
        *[({"metric": metric}, [("/window", "missing")]) for metric in WINDOWED],
        (windowed("rating", gte=None), [("", "bound-missing")]),
        (windowed("rating", gte="4.5", lt=4.5), [("/lt", "bounds-crossed")]),
        *[
            (windowed("rating", gte=bound), [("/gte", "decimal-string")])
            for bound in ("4.12345", 0.00001, 1e20, float("nan"), float("inf"), "1e3", "", "٤", True, [], "+1", " 1")
        ],
        ({"metric": "score", "gte": 1}, [("/weights", "missing")]),
        (score(), [("/weights", "too_short")]),
        (score(*[TENURE] * 21), [("/weights", "too_long")]),
        (score(TENURE, window=LIFETIME), [("/window", "extra_forbidden")]),
        (score(TENURE, weights=TENURE), [("/weights", "list-expected")]),
        (score(TENURE, gte=0.5), [("/gte", "int_type")]),
        (score(5), [("/weights/0", "object-expected")]),
        (score({"per": 1, "points": 1}), [("/weights/0/metric", "missing")]),
        *[
            (score(TENURE, weight(metric)), [("/weights/1/metric", "unknown-metric")])
            for metric in ("rating", "score", "days_since_purchase", "speed")
        ],
        (
            score(weight(per=0, points=0)),
            [("/weights/0/per", "greater_than_equal"), ("/weights/0/points", "greater_than_equal")],
        ),
        (score({**TENURE, "window": LIFETIME}), [("/weights/0/window", "extra_forbidden")]),
        (score({"metric": "spend"}), [(f"/weights/0/{name}", "missing") for name in ("per", "points", "window")]),
        (score(weight(gte=1)), [("/weights/0/gte", "extra_forbidden")]),
        (score(weight(kind="class")), [("/weights/0/kind", "extra_forbidden")]),
    ],
    ids=str,
)
def test_a_leaf_that_means_nothing_is_refused_at_its_place(leaf: Json, expected: list[tuple[str, str]]) -> None:
    assert sorted(faults(leaf)) == sorted(expected)
    below = [(f"/all/0{pointer}", code) for pointer, code in expected]
    assert sorted(faults({"all": [leaf]})) == sorted(below)


@pytest.mark.parametrize(
    ("bound", "exact"), [("4.5", "4.5"), (4.5, "4.5"), (4, "4"), ("-36.6", "-36.6"), (4.1, "4.1"), ("0.0001", "0.0001")]
)
def test_a_ratings_bound_is_exact(bound: object, exact: str) -> None:
    leaf = parse_leaf(windowed("rating", gte=bound))
    assert isinstance(leaf, RatingLeaf)
    assert leaf.gte == Decimal(exact)
    assert leaf.model_dump(mode="json")["gte"] == exact


NUMBERS = st.decimals(-(10**9), 10**9, places=4).map(str)


@given(NUMBERS, NUMBERS)
def test_a_ratings_bounds_are_compared_as_numbers(gte: str, lt: str) -> None:
    leaf = windowed("rating", gte=gte, lt=lt)
    if Decimal(gte) < Decimal(lt):
        assert parse_leaf(parse_leaf(leaf).model_dump(mode="json")) == parse_leaf(leaf)
    else:
        assert faults(leaf) == [("/lt", "bounds-crossed")]


def programme(*qualifies: Json, **fields: Any) -> Json:
    names = {"en": "A", "zh-CN": "甲"}
    tiers = [{"code": f"t{n}", "rank": n, "names": names, "qualify": q} for n, q in enumerate((None, *qualifies))]
    policy = {"upgrade": "immediate", "schedule": {"type": "daily"}, "validity": {"type": "forever"}}
    return {
        "currency": "CNY",
        "ladders": [{"code": "card", "names": names, "tiers": tiers, "policy": policy}],
        **fields,
    }


def test_only_declared_kinds_may_be_asked_for() -> None:
    known = windowed("activities", kind="class")
    wrong = {"any": [known, {"not": windowed("rating", kind="reveiw")}, score(weight("activities", kind="calss"))]}
    with pytest.raises(ValidationError) as refused:
        Programme.parse(programme(known, wrong, activity_kinds=["class", "review"]))
    told = [(json_pointer(e["loc"]), e["type"], e["ctx"]["value"]) for e in refused.value.errors()]
    above = "/ladders/0/tiers/2/qualify/any"
    assert told == [
        (f"{above}/1/not/kind", "unknown-kind", "reveiw"),
        (f"{above}/2/weights/0/kind", "unknown-kind", "calss"),
    ]
    assert refused.value.errors()[0]["ctx"]["known"] == "class, review"
    assert Programme.parse(programme(known, wrong))  # none declared: any will do


@pytest.mark.parametrize(
    ("lower", "higher", "asks", "less"),
    [
        (windowed("activities", kind="class", gte=9), windowed("activities", kind="class", gte=8), 9, 8),
        (windowed("rating", gte="4.5"), windowed("rating", gte="4.25"), "4.5", "4.25"),
        (windowed("spend", category="tea", gte=9), windowed("spend", category="tea", gte=8), 9, 8),
        (score(TENURE, weight(), gte=9), score(weight(), TENURE, gte=8), 9, 8),
    ],
)
def test_a_lower_rank_that_asks_for_more_is_doubted(lower: Json, higher: Json, asks: object, less: object) -> None:
    (doubt,) = warnings(Programme.parse(programme(lower, higher)))
    assert (doubt.pointer, doubt.code) == ("/ladders/0/tiers/1/qualify", "lower-asks-more")
    assert (doubt.params["asks"], doubt.params["less"]) == (asks, less)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        (windowed("activities", kind="class", gte=9), windowed("activities", kind="review", gte=8)),
        (windowed("activities", kind="class", gte=9), windowed("activities", gte=8)),
        (windowed("spend", category="tea", gte=9), windowed("spend", category="herbs", gte=8)),
        (windowed("spend", gte=9), windowed("spend", window=MONTH, gte=8)),
        (score(TENURE, gte=9), score({**TENURE, "points": 11}, gte=8)),
    ],
)
def test_what_differs_is_not_compared(lower: Json, higher: Json) -> None:
    assert warnings(Programme.parse(programme(lower, higher))) == []


def test_a_score_counts_by_its_parts_among_a_programmes_values() -> None:
    def scores(first: int, count: int) -> Json:
        one = lambda n: score(*[weight(category=f"{n}-{k}") for k in range(20)])  # noqa: E731
        return {"any": [one(n) for n in range(first, first + count)]}

    assert Programme.parse(programme(scores(0, 12)))  # 12 × (20 parts and their sum) = 252
    with pytest.raises(ValidationError) as refused:
        Programme.parse(programme(scores(0, 12), scores(12, 1)))
    assert [(e["type"], e["ctx"]["leaves"]) for e in refused.value.errors()] == [("too-many-leaves", 273)]
