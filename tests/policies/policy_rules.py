"""The notation of a row's rules: from `silver = spend 1000 in month; grace_days 5` to a programme."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from oracle.documents import document, ladder_json, tier_json

Json = dict[str, Any]
YEAR = 2031
TIERS = ("base", "silver", "gold", "diamond")
MONEY = ("spend", "max_purchase", "top_ups", "max_top_up")
SHORT = {"tenure": "tenure_days"}
ALWAYS: Json = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 0}
NEVER: Json = {"metric": "purchases", "window": {"type": "lifetime"}, "gte": 10**9}
_WORDS: dict[str, Json] = {
    "life": {"type": "lifetime"},
    "month": {"type": "calendar_month", "offset": 0},
    "month-1": {"type": "calendar_month", "offset": -1},
    "quarter": {"type": "calendar_quarter", "offset": 0},
    "year": {"type": "calendar_year", "offset": 0},
    "membership year": {"type": "membership_year", "offset": 0},
    "tier": {"type": "since_tier_start"},
    "validity": {"type": "current_validity"},
}
_MEASURE = r"(?P<metric>[a-z_]+)(?::(?P<detail>[a-z]+))?"
_LEAF = re.compile(_MEASURE + r" (?P<below>< )?(?P<bound>[0-9.]+)(?: in (?P<window>.+))?")
_PART = re.compile(_MEASURE + r"/(?P<per>[0-9]+)\*(?P<points>[0-9]+) in (?P<window>.+)")
_SCORE = re.compile(r"score (?P<bound>[0-9]+) of (?P<parts>.+)")
_ROLLING = re.compile(r"last ([0-9]+) (days|months)")
_RULE = re.compile(r"(?P<tier>silver|gold|diamond) (?P<which>=|kept by) (?P<condition>.+)")


@dataclass(frozen=True)
class Rules:
    programme: Json
    zone: str
    joined_on: date


def day(text: str) -> date:
    """`02-28` of the page's year, or a whole date."""
    return date.fromisoformat(text if len(text) > len("02-28") else f"{YEAR}-{text}")


def minor(text: str) -> int:
    """Yuan with at most two decimals, in fen."""
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def parse_rules(text: str) -> Rules:
    """Raises ValueError for whatever isn't understood."""
    policy: Json = {}
    tiers: dict[str, Json] = {}
    place: dict[str, str] = {}
    for part in (one.strip() for one in text.split(";")):
        found = _RULE.fullmatch(part)
        if found is not None:
            which = "qualify" if found["which"] == "=" else "retain"
            tiers.setdefault(found["tier"], {})[which] = condition(found["condition"])
            continue
        name, _, value = part.partition(" ")
        if name in ("zone", "joined"):
            place[name] = value
        else:
            policy[name] = _field(name, value)
    steps = [tier_json("base", 0)]
    for rank, code in enumerate((code for code in TIERS if code in tiers), start=1):
        steps.append(tier_json(code, rank, tiers[code]["qualify"], tiers[code].get("retain")))
    programme = document([ladder_json("card", steps, policy)]) | {"activity_kinds": ["class", "review"]}
    return Rules(programme, place["zone"], day(place["joined"]))


def _field(name: str, value: str) -> Any:
    if name in ("grace_days", "late_days"):
        return int(value)
    if name == "max_drop":
        return None if value == "none" else int(value)
    if name in ("upgrade", "refund_recheck"):
        return value
    kind, _, rest = value.partition(" ")
    if name == "schedule":
        return {"type": kind} | ({"month": int(rest[:2]), "day": int(rest[3:])} if rest else {})
    if name == "validity":
        return {"type": kind} | ({"months": int(rest)} if rest else {})
    raise ValueError(f"no policy field {name}")


def condition(text: str) -> Json:
    """`a and b or c`; a leaf; a score."""
    for word, key in ((" or ", "any"), (" and ", "all")):
        if word in text:
            return {key: [condition(part) for part in text.split(word)]}
    if text in ("always", "never"):
        return ALWAYS if text == "always" else NEVER
    score = _SCORE.fullmatch(text)
    if score is not None:
        weights = [_weight(part) for part in score["parts"].split(" + ")]
        return {"metric": "score", "weights": weights, "gte": int(score["bound"])}
    found = _LEAF.fullmatch(text)
    if found is None:
        raise ValueError(f"not a condition: {text}")
    measured = _measured(found)
    metric = measured["metric"]
    bound: int | str = minor(found["bound"]) if metric in MONEY else int(float(found["bound"]))
    if metric == "rating":
        bound = found["bound"]
    return measured | {"lt" if found["below"] else "gte": bound}


def _weight(text: str) -> Json:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"not a part of a score: {text}")
    measured = _measured(found)
    per = int(found["per"]) * (100 if measured["metric"] in MONEY else 1)
    return measured | {"per": per, "points": int(found["points"])}


def _measured(found: re.Match[str]) -> Json:
    metric = SHORT.get(found["metric"], found["metric"])
    made: Json = {"metric": metric}
    if found["detail"]:
        made["category" if metric in ("spend", "purchases") else "kind"] = found["detail"]
    if found["window"]:
        made["window"] = window(found["window"])
    return made


def window(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    rolling = _ROLLING.fullmatch(text)
    if rolling is not None:
        return {"type": f"rolling_{rolling[2]}", rolling[2]: int(rolling[1])}
    first, found, last = text.partition("..")
    if not found:
        raise ValueError(f"not a window: {text}")
    return {"type": "between", "from": day(first).isoformat(), "to": day(last).isoformat()}
