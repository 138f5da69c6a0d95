from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tenants.programme.conditions import (
    METRICS,
    AnyOf,
    Condition,
    WindowedLeaf,
    iter_leaves,
    leaf_key,
    parse_condition,
    places,
)
from tenants.programme.strict import json_pointer

LIFETIME = {"type": "lifetime"}
LEAF = {"metric": "tenure_days", "gte": 1}
SPEND = {"metric": "spend", "window": LIFETIME, "gte": 200000}


def refusal(data: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        parse_condition(data)
    return [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()]


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = LEAF
    for _ in range(depth):
        condition = {"not": condition}
    return condition


def test_the_contracts_example_is_read_and_written_unchanged() -> None:
    data = {
        "any": [
            SPEND,
            {
                "all": [
                    {"metric": "spend", "window": {"type": "rolling_months", "months": 12}, "gte": 100000},
                    {"not": {"metric": "days_since_purchase", "gte": 30, "lt": 90}},
                ]
            },
        ]
    }
    condition = parse_condition(data)
    assert isinstance(condition, AnyOf)
    assert TypeAdapter(Condition).dump_python(condition, mode="json") == data
    assert [leaf_key(leaf) for leaf in iter_leaves(condition)] == [
        "spend/lifetime",
        "spend/rolling_months:12",
        "days_since_purchase",
    ]
    assert [(json_pointer(place.loc), place.negated) for place in places(condition)] == [
        ("/any/0", False),
        ("/any/1/all/0", False),
        ("/any/1/all/1/not", True),
    ]
    assert hash(condition) == hash(parse_condition(data))


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        (None, "", "condition-shape"),
        ([], "", "condition-shape"),
        ({}, "", "condition-shape"),
        ("spend > 5", "", "condition-shape"),
        ({"none": [LEAF]}, "", "condition-shape"),
        ({"any": []}, "/any", "empty-group"),
        ({"all": [{"any": [LEAF, {"all": []}]}]}, "/all/0/any/1/all", "empty-group"),
        ({"any": LEAF}, "/any", "list-expected"),
        ({"not": [LEAF]}, "/not", "condition-shape"),
        ({"any": [LEAF], "note": "x"}, "/note", "extra_forbidden"),
        ({"any": [LEAF], "all": [LEAF]}, "/all", "extra_forbidden"),
        ({"metric": "speed", "gte": 1}, "/metric", "unknown-metric"),
        ({"metric": None, "gte": 1}, "/metric", "unknown-metric"),
        ({"metric": "spend", "gte": 1}, "/window", "missing"),
        ({"metric": "spend", "window": {"type": "week"}, "gte": 1}, "/window/type", "unknown-window"),
        ({**LEAF, "window": LIFETIME}, "/window", "extra_forbidden"),
        ({"metric": "tenure_days"}, "", "bound-missing"),
        ({"metric": "tenure_days", "gte": None, "lt": None}, "", "bound-missing"),
        ({"metric": "tenure_days", "gte": 5, "lt": 5}, "/lt", "bounds-crossed"),
        ({"metric": "tenure_days", "gte": -1}, "/gte", "greater_than_equal"),
        ({"metric": "tenure_days", "gte": "5"}, "/gte", "int_type"),
        ({"metric": "tenure_days", "gte": 5.0}, "/gte", "int_type"),
        ({"metric": "tenure_days", "gte": True}, "/gte", "int_type"),
        ({**SPEND, "gte": 10**13 + 1}, "/gte", "less_than_equal"),
        ({"any": [LEAF] * 65}, "", "too-many-leaves"),
        (nested(7), "/not/not/not/not/not/not", "too-deep"),
        ({"any": [LEAF, nested(6)]}, "/any/1/not/not/not/not/not", "too-deep"),
        (nested(20_000), "/not/not/not/not/not/not", "too-deep"),
    ],
)
def test_a_bad_condition_is_refused_at_its_place(data: object, pointer: str, code: str) -> None:
    assert refusal(data) == [(pointer, code)]


def test_every_fault_is_told_at_once() -> None:
    data = {"all": [{"metric": "speed"}, {"metric": "spend", "gte": "1"}, {"not": {"any": []}}]}
    assert refusal(data) == [
        ("/all/0/metric", "unknown-metric"),
        ("/all/1/gte", "int_type"),
        ("/all/1/window", "missing"),
        ("/all/2/not/any", "empty-group"),
    ]


def test_an_unknown_metric_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValidationError) as refused:
        parse_condition({"metric": "\ud800" + "x" * 1000, "gte": 1})
    context = refused.value.errors()[0]["ctx"]
    assert context == {"metric": "?" + "x" * 63, "known": ", ".join(METRICS)}


def test_the_limits_themselves_are_allowed() -> None:
    assert len(list(iter_leaves(parse_condition({"any": [LEAF] * 64})))) == 64
    assert len(list(iter_leaves(parse_condition(nested(6))))) == 1


def test_parsed_parts_are_measured_like_raw_ones() -> None:
    deep = parse_condition(nested(6))
    assert parse_condition(deep) == deep
    with pytest.raises(ValidationError, match="at most 6 deep"):
        parse_condition({"any": [deep]})
    leaf = parse_condition(SPEND)
    assert isinstance(leaf, WindowedLeaf)
    assert list(iter_leaves(AnyOf(any=(leaf, leaf)))) == [leaf, leaf]


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=5),
        st.sampled_from([LEAF, SPEND]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["any", "all", "not", "metric", "window", "gte", "lt", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused_with_a_path_into_it(data: object) -> None:
    try:
        condition = parse_condition(data)
    except ValidationError as refused:
        for error in refused.errors():
            *above, last = error["loc"] or [None]
            place: Any = data
            for part in above:
                place = place[part]
            if last is not None and error["type"] != "missing":
                assert last in place or last in range(len(place))
    else:
        assert parse_condition(condition) == condition
