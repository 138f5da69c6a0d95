"""Conditions in the editor: what the document says comes out of its form unchanged; buttons change what they say."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tenants.programme.conditions import parse_condition
from tenants.programme.leaves import METRICS
from tenants.programme.schedule import Policy
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.choices import METRICS as OFFERED
from tenants.programme_pages.choices import WINDOWS
from tenants.programme_pages.numbers import put_number, sentences
from tenants.programme_pages.policy import filled, policy_of
from tenants.programme_pages.tree import Group, Line, Weight, act_on, of_document, of_form, to_document

Json = dict[str, Any]
MEASURED = ("metric", "detail", "window", "n", "first", "last")


def spend(window: Json, **rest: Any) -> Json:
    return {"metric": "spend", "window": window, **rest}


LIFETIME = {"type": "lifetime"}
WINDOWED: list[Json] = [
    LIFETIME,
    *({"type": f"calendar_{period}", "offset": n} for period in ("month", "quarter", "year") for n in (0, -1, -7)),
    *({"type": "membership_year", "offset": n} for n in (0, -1, -3)),
    {"type": "rolling_days", "days": 45},
    {"type": "rolling_months", "months": 12},
    {"type": "between", "from": "2026-01-01", "to": "2026-06-30"},
    {"type": "since_tier_start"},
    {"type": "current_validity"},
]
SCORE: Json = {
    "metric": "score",
    "gte": 500,
    "weights": [
        spend({"type": "rolling_months", "months": 12}, per=1000, points=1),
        {
            "metric": "activities",
            "kind": "class",
            "window": {"type": "calendar_year", "offset": 0},
            "per": 1,
            "points": 5,
        },
        {"metric": "tenure_days", "per": 30, "points": 2},
    ],
}
CONDITIONS: list[Json] = [
    *(spend(window, gte=12_345) for window in WINDOWED),
    *(
        {"metric": metric, "window": LIFETIME, "gte": 7}
        for metric in METRICS
        if metric not in {"tenure_days", "days_since_purchase", "score", "rating"}
    ),
    {"metric": "tenure_days", "gte": 365},
    {"not": {"metric": "days_since_purchase", "gte": 60}},
    {"metric": "rating", "kind": "review", "window": LIFETIME, "gte": "4.5", "lt": "9.25"},
    spend(LIFETIME, category="茶叶", gte=100, lt=200),
    spend(LIFETIME, lt=200),
    SCORE,
    {"any": [spend(LIFETIME, gte=1)]},
    {"any": [spend(LIFETIME, gte=1), {"all": [SCORE, {"not": {"any": [spend(LIFETIME, gte=5)]}}]}]},
    {"not": {"all": [spend(LIFETIME, gte=1), spend(LIFETIME, gte=2)]}},
]


def sent(node: Line | Group, name: str) -> dict[str, str]:
    """The fields that a browser would send of the tree's form."""
    fields = {f"{name}.not": "1"} if node.negated else {}
    if isinstance(node, Group):
        fields |= {f"{name}.join": node.join, f"{name}.bare": "1" if node.bare else ""}
        for n, part in enumerate(node.parts):
            fields |= sent(part, f"{name}.{n}")
        return fields
    fields |= {f"{name}.{key}": getattr(node, key) for key in (*MEASURED, "how", "gte", "lt")}
    for n, weight in enumerate(node.weights):
        fields |= {f"{name}.w.{n}.{key}": getattr(weight, key) for key in (*MEASURED, "per", "points")}
    return fields


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_form_says_what_the_document_says(condition: Json) -> None:
    known = parse_condition(condition).model_dump(mode="json")
    tree = of_document(known, "CNY")
    back = of_form(sent(tree, "qualify"), "qualify")
    assert back == tree
    assert to_document(back, "CNY") == known


def of_all_templates() -> list[Json]:
    folder = Path(__file__).parents[2] / "industry_templates" / "data"
    found: list[Json] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            found.extend(part.get("ladders") or [])
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    for file in sorted(folder.glob("*.json")):
        look(json.loads(file.read_text(encoding="utf-8")))
    return found


def test_every_template_comes_through_the_editor_unchanged() -> None:
    ladders = of_all_templates()
    seen = 0
    for ladder in ladders:
        form = {name: text for name, text in filled(ladder).items() if text}
        assert Policy.model_validate(policy_of(form)) == Policy.model_validate(ladder["policy"])
        for tier in ladder["tiers"]:
            for name in ("qualify", "retain"):
                if tier.get(name) is not None:
                    known = parse_condition(tier[name]).model_dump(mode="json")
                    assert to_document(of_form(sent(of_document(known, "CNY"), "c"), "c"), "CNY") == known
                    lines = sentences(known, ("tiers", tier["rank"], name), Teller("zh-CN", "CNY"))
                    assert lines
                    fields = [piece for line in lines for piece in line.pieces if piece.pointer]
                    again = copy.deepcopy({"tiers": {str(tier["rank"]): {name: known}}})
                    for field in fields:
                        put_number(again, field.pointer, field.text, "CNY")
                    assert again == {"tiers": {str(tier["rank"]): {name: known}}}
                    seen += len(fields)
    assert len(ladders) > 10
    assert seen > 60


def test_a_number_in_its_sentence() -> None:
    condition = {"metric": "purchases", "window": LIFETIME, "category": "2 for 1", "gte": 2}
    (line,) = sentences(condition, ("tiers", 1, "qualify"), Teller("en", "CNY")) or []
    assert [piece.text for piece in line.pieces] == ["at least ", "2", " purchases of “2 for 1” in all"]
    part = {"tiers": {"1": {"qualify": condition}}}
    put_number(part, "/tiers/1/qualify/gte", "3", "CNY")
    put_number(part, "/tiers/1/qualify/category", "x", "CNY")  # only bounds
    put_number(part, "/tiers/7/qualify/gte", "9", "CNY")  # nothing there
    assert part == {"tiers": {"1": {"qualify": {**condition, "gte": 3}}}}


def test_every_metric_and_window_can_be_chosen() -> None:
    assert {metric for _, metrics in OFFERED for metric, _ in metrics} == set(METRICS)
    kinds = {window["type"] for window in WINDOWED}
    assert {value.partition(":")[0] for value, _ in WINDOWS} == kinds


def test_what_is_typed_is_kept_and_is_a_fault() -> None:
    line = Line(gte="六百")
    kept = to_document(Group(parts=[line], bare=True), "CNY")
    assert kept == spend(LIFETIME, gte="六百")
    assert of_document(kept, "CNY").parts == [line]
    with pytest.raises(ValueError, match="gte"):
        parse_condition(kept)


@pytest.mark.parametrize(
    ("text", "minor"), [("600", 60_000), ("￥６００", 60_000), ("1,234.5", 123_450), ("0.01", 1), ("1.234", "1.234")]
)
def test_amounts_as_people_type_them(text: str, minor: int | str) -> None:
    assert to_document(Group(parts=[Line(gte=text)], bare=True), "CNY")["gte"] == minor


def test_money_of_a_currency_without_decimals() -> None:
    tree = of_document(spend(LIFETIME, gte=600), "JPY")
    assert tree.parts == [Line(gte="600")]
    assert to_document(tree, "JPY")["gte"] == 600


def test_buttons() -> None:
    tree = of_document(spend(LIFETIME, gte=100), "CNY")
    act_on(tree, "add", "")
    act_on(tree, "group", "")
    act_on(tree, "add", "2")
    assert to_document(tree, "CNY") == {
        "all": [spend(LIFETIME, gte=100), spend(LIFETIME), {"any": [spend(LIFETIME), spend(LIFETIME)]}]
    }
    act_on(tree, "remove", "2.0")
    act_on(tree, "remove", "1")
    assert to_document(tree, "CNY") == {"all": [spend(LIFETIME, gte=100), {"any": [spend(LIFETIME)]}]}
    act_on(tree, "remove", "1")
    assert to_document(tree, "CNY") == spend(LIFETIME, gte=100)


def test_buttons_of_a_growth_value() -> None:
    tree = of_document(SCORE, "CNY")
    act_on(tree, "weigh", "0")
    (line,) = tree.parts
    assert isinstance(line, Line)
    assert line.weights[3:] == [Weight()]
    act_on(tree, "unweigh", "0.3")
    act_on(tree, "unweigh", "0.0")
    assert to_document(tree, "CNY") == {**SCORE, "weights": SCORE["weights"][1:]}


@pytest.mark.parametrize("path", ["9", "0.0", "0.0.0", "-1", "x", "0.99999", "²"])
@pytest.mark.parametrize("act", ["add", "group", "remove", "weigh", "unweigh", "nonsense"])
def test_a_button_of_a_place_that_is_gone_does_nothing(act: str, path: str) -> None:
    tree = of_document({"any": [spend(LIFETIME, gte=100)]}, "CNY")
    act_on(tree, act, path)
    assert to_document(tree, "CNY") == {"any": [spend(LIFETIME, gte=100)]}


def test_a_form_nested_without_end_ends() -> None:
    name, fields = "q", {}
    for _ in range(300):
        fields[f"{name}.join"] = "any"
        name += ".0"
    assert isinstance(of_form(fields, "q"), Group)
