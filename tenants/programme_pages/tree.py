"""A condition as its editor has it: a list of lines and lists, every value as it is typed.

A tree comes out of the document or out of a form, is changed by the form's buttons, and becomes a part of the document
again, whatever was typed into it. The outermost node is always a list, so that a line can be added behind the first; a
condition that is a lone line stays one (`bare`). `not` stands on the node that it turns round.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tenants.programme.conditions import MAX_DEPTH
from tenants.programme.leaves import UNITS
from tenants.programme_pages.drafting import decimal, money, shown, shown_money, typed, whole
from tenants.programme_pages.property_lines import among_of, bound_shown, is_property, metric_of, property_data

Join = Literal["any", "all"]
PLAIN: Final = frozenset({"tenure_days", "days_since_purchase", "score"})
"""Metrics without a window."""
OF_CATEGORY: Final = frozenset({"spend", "purchases"})
OF_KIND: Final = frozenset({"activities", "rating"})
COUNTED_IN: Final = {"rolling_days": ("days", "30"), "rolling_months": ("months", "12")}
"""Windows with a number: the document's field, and what is offered first."""
_PERIODS: Final = ("calendar_month", "calendar_quarter", "calendar_year", "membership_year")
_AGO: Final = ":ago"
_MOST_PARTS: Final = 64


@dataclass(slots=True)
class Measure:
    """What is measured: a metric, narrowed to a category or kind (`detail`), in a window. `window` is the document's
    type with its offset, `calendar_month:-1`; longer ago `calendar_month:ago`, with `n` as far back.
    """

    metric: str = "spend"
    detail: str = ""
    window: str = "lifetime"
    n: str = ""
    first: str = ""
    last: str = ""


@dataclass(slots=True)
class Weight(Measure):
    """`points` of a growth value for each `per`."""

    per: str = ""
    points: str = "1"


@dataclass(slots=True)
class Line(Measure):
    """One thing that is asked. `how`: gte, lt, between; of a property that is chosen from a list (`among`): in."""

    how: str = "gte"
    among: list[str] = field(default_factory=list)
    gte: str = ""
    lt: str = ""
    negated: bool = False
    weights: list[Weight] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Any or all of its parts."""

    join: Join = "all"
    parts: list["Line | Group"] = field(default_factory=list)
    negated: bool = False
    bare: bool = False


# --- from the document ----------------------------------------------------------------------------


def of_document(condition: Any, currency: str) -> Group:
    """The outermost list."""
    node = _node(condition, currency)
    return node if isinstance(node, Group) else Group(parts=[node], bare=True)


def _node(data: Any, currency: str) -> Line | Group:
    negated = False
    while isinstance(data, dict) and "not" in data:
        data, negated = data["not"], not negated
    node: Line | Group
    if isinstance(data, dict) and ("any" in data or "all" in data):
        join: Join = "any" if "any" in data else "all"
        parts = data[join] if isinstance(data[join], list) else []
        node = Group(join, [_node(part, currency) for part in parts])
    else:
        node = _line(data if isinstance(data, dict) else {}, currency)
    node.negated = negated
    return node


def _line(data: Mapping[str, Any], currency: str) -> Line:
    line = Line(how="gte" if "lt" not in data else "between" if "gte" in data else "lt")
    if "property" in data:
        line.metric, line.among, line.n = metric_of(data), among_of(data), shown(data.get("days"))
        line.how = "in" if line.among else line.how
        line.gte, line.lt = (bound_shown(line.metric, data.get(name), currency) for name in ("gte", "lt"))
        return line
    _measure(line, data)
    for name in ("gte", "lt"):
        setattr(line, name, _shown(line.metric, data.get(name), currency))
    for one in data.get("weights") or ():
        weight = Weight(per=_shown(one.get("metric"), one.get("per"), currency), points=shown(one.get("points")))
        _measure(weight, one)
        line.weights.append(weight)
    return line


def _measure(into: Measure, data: Mapping[str, Any]) -> None:
    into.metric = str(data.get("metric", "spend"))
    into.detail = shown(data.get("category", data.get("kind")))
    window = data.get("window") or {}
    kind, offset = str(window.get("type", "lifetime")), window.get("offset", 0)
    into.window = kind
    if kind in _PERIODS:
        near = offset in {0, -1}
        into.window, into.n = (f"{kind}:{offset}", "") if near else (kind + _AGO, shown(offset).lstrip("-"))
    elif kind in COUNTED_IN:
        into.n = shown(window.get(COUNTED_IN[kind][0]))
    into.first, into.last = shown(window.get("from")), shown(window.get("to"))


def _shown(metric: Any, value: Any, currency: str) -> str:
    return shown_money(value, currency) if UNITS.get(str(metric)) == "money" else shown(value)


# --- from a form ----------------------------------------------------------------------------------


def of_form(form: Mapping[str, str], name: str) -> Group:
    """The tree whose fields begin with `name`."""
    node = _sent(form, name, 0)
    return node if isinstance(node, Group) else Group(parts=[node], bare=True)


def _sent(form: Mapping[str, str], name: str, depth: int) -> Line | Group:
    negated = bool(form.get(f"{name}.not"))
    if f"{name}.join" in form:
        join: Join = "any" if form[f"{name}.join"] == "any" else "all"
        parts = [] if depth > MAX_DEPTH else [_sent(form, part, depth + 1) for part in _parts(form, name)]
        return Group(join, parts, negated, bare=bool(form.get(f"{name}.bare")))
    line = Line(negated=negated)
    _measure_sent(line, form, name)
    line.how = form.get(f"{name}.how", "gte")
    line.gte, line.lt = typed(form.get(f"{name}.gte")), typed(form.get(f"{name}.lt"))
    line.among = _among(form, f"{name}.in")
    for part in _parts(form, f"{name}.w"):
        weight = Weight(per=typed(form.get(f"{part}.per")), points=typed(form.get(f"{part}.points")))
        _measure_sent(weight, form, part)
        line.weights.append(weight)
    return line


def _among(form: Mapping[str, str], name: str) -> list[str]:
    """Boxes that are ticked, each a field of its own, and what is typed with commas between."""
    ticked = [key.removeprefix(f"{name}.") for key in form if key.startswith(f"{name}.")]
    listed = re.split(r"[,;，；、]", form.get(name, ""))
    return list(dict.fromkeys(one for one in (typed(text) for text in (*ticked, *listed)) if one))


def _parts(form: Mapping[str, str], name: str) -> list[str]:
    """The parts in their order, also where one was taken out."""
    names = (f"{name}.{n}" for n in range(_MOST_PARTS + 1))
    return [part for part in names if f"{part}.join" in form or f"{part}.metric" in form]


def _measure_sent(into: Measure, form: Mapping[str, str], name: str) -> None:
    for key in ("metric", "detail", "window", "n", "first", "last"):
        setattr(into, key, typed(form.get(f"{name}.{key}")))
    into.metric = into.metric if into.metric in UNITS or is_property(into.metric) else "spend"
    into.window = into.window or "lifetime"


# --- buttons --------------------------------------------------------------------------------------


def act_on(root: Group, act: str, path: str) -> None:
    """What a button asks for. `path`: places below the root, `0.2`; empty for the root itself. `add` a line to a list,
    `group` a list, `remove` a part, `weigh` one more part of a growth value, `unweigh` one less. Nothing where there is
    no such place.
    """
    if not re.fullmatch(r"([0-9]{1,3}(\.[0-9]{1,3})*)?", path, re.ASCII):
        return
    places = [int(part) for part in path.split(".") if part]
    at: Line | Group | None = root
    above: Group | None = None
    for depth, n in enumerate(places):
        if act == "unweigh" and isinstance(at, Line) and depth == len(places) - 1:
            del at.weights[n : n + 1]
            return
        above = at if isinstance(at, Group) else None
        at = above.parts[n] if above is not None and n < len(above.parts) else None
    if act == "add" and isinstance(at, Group):
        at.parts.append(Line())
    elif act == "group" and isinstance(at, Group):
        at.parts.append(Group("any" if at.join == "all" else "all", [Line()]))
    elif act == "weigh" and isinstance(at, Line):
        at.weights.append(Weight())
    elif act == "remove" and above is not None and at is not None:
        del above.parts[places[-1]]
        root.bare = len(root.parts) == 1


# --- into the document ----------------------------------------------------------------------------


def to_document(root: Group, currency: str) -> Any:
    """The condition as the document has it. A list that has become empty stays one, and is a fault."""
    if len(root.parts) == 1 and root.bare and isinstance(root.parts[0], Line):
        part = _data(root.parts[0], currency)
        return {"not": part} if root.negated else part
    return _data(root, currency)


def _data(node: Line | Group, currency: str) -> dict[str, Any]:
    data: dict[str, Any]
    if isinstance(node, Group):
        data = {node.join: [_data(part, currency) for part in node.parts]}
    elif is_property(node.metric):
        wanted = {"lt": ("lt",), "between": ("gte", "lt"), "in": ()}.get(node.how, ("gte",))
        bounds = {name: getattr(node, name) for name in wanted}
        data = property_data(node.metric, node.among, bounds, node.n, currency)
    else:
        data = _measured(node)
        if node.metric == "score":
            weights = node.weights or [Weight()]
            data["weights"] = [_weighed(weight, currency) for weight in weights]
        wanted = {"lt": ("lt",), "between": ("gte", "lt")}.get(node.how, ("gte",))
        for name in wanted:
            value = _value(node.metric, getattr(node, name), currency)
            if value is not None:
                data[name] = value
            elif node.how == "between":
                data[name] = ""
    return {"not": data} if node.negated else data


def _weighed(weight: Weight, currency: str) -> dict[str, Any]:
    per, points = _value(weight.metric, weight.per, currency), whole(weight.points)
    return _measured(weight) | {"per": "" if per is None else per, "points": "" if points is None else points}


def _measured(measure: Measure) -> dict[str, Any]:
    data: dict[str, Any] = {"metric": measure.metric}
    if measure.metric not in PLAIN:
        data["window"] = _window(measure)
    if measure.detail and measure.metric in OF_CATEGORY:
        data["category"] = measure.detail
    if measure.detail and measure.metric in OF_KIND:
        data["kind"] = measure.detail
    return data


def _window(measure: Measure) -> dict[str, Any]:
    kind, _, offset = measure.window.partition(":")
    if kind in _PERIODS:
        if offset == "ago":
            back = whole(measure.n or "2")
            return {"type": kind, "offset": -back if isinstance(back, int) else back}
        return {"type": kind, "offset": -1 if offset == "-1" else 0}
    if kind in COUNTED_IN:
        name, first = COUNTED_IN[kind]
        return {"type": kind, name: whole(measure.n or first)}
    if kind == "between":
        return {"type": kind, "from": measure.first, "to": measure.last}
    return {"type": kind}


def _value(metric: str, text: str, currency: str) -> Any:
    unit = UNITS.get(metric)
    if unit == "money":
        return money(text, currency)
    return decimal(text) if unit == "number" else whole(text)
