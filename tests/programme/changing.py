"""A programme that uses every field, and every single change of any of them."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

from pydantic import ValidationError

from tenants.programme.document import Programme

Json = dict[str, Any]
Path = tuple[str | int, ...]


def _names(zh: str, en: str) -> Json:
    return {"zh-CN": zh, "en": en}


def _leaf(metric: str, window: str | Json | None, **rest: Any) -> Json:
    found = {"type": window} if isinstance(window, str) else window
    return {"metric": metric, **({} if found is None else {"window": found}), **rest}


SCORE: Final = {
    "metric": "score",
    "gte": 500,
    "weights": [
        _leaf("spend", {"type": "rolling_months", "months": 12}, per=1000, points=1),
        _leaf("activities", "calendar_year", kind="class", per=1, points=5),
        _leaf("purchases", "lifetime", category="茶叶", per=2, points=3),
        _leaf("tenure_days", None, per=30, points=1),
        _leaf("referrals", "lifetime", per=1, points=50),
    ],
}
GOLD: Final = {
    "any": [
        _leaf("spend", "lifetime", gte=200_000),
        {
            "all": [
                _leaf("spend", {"type": "rolling_days", "days": 90}, category="茶叶", gte=30_000, lt=900_000),
                _leaf("purchases", {"type": "calendar_quarter", "offset": -2}, gte=3),
                {"not": _leaf("days_since_purchase", None, gte=60)},
            ]
        },
        _leaf("activities", {"type": "calendar_month", "offset": -1}, kind="class", gte=4),
    ]
}
DIAMOND: Final = {
    "all": [
        _leaf("max_purchase", {"type": "membership_year", "offset": -3}, gte=50_000),
        _leaf("rating", "since_tier_start", kind="review", gte="4.5", lt="9.25"),
        _leaf("top_ups", {"type": "between", "from": "2026-01-01", "to": "2026-12-31"}, gte=100_000),
        _leaf("max_top_up", "current_validity", gte=50_000),
        _leaf("points_earned", {"type": "calendar_year", "offset": 0}, gte=1000),
        _leaf("branches", "lifetime", gte=2),
        _leaf("tenure_days", None, gte=365),
        SCORE,
    ]
}
BENEFITS: Final = [
    {"type": "discount", "percent": "10", "category": "茶叶"},
    {"type": "discount", "percent": "5"},
    {"type": "price_list", "code": "member"},
    {"type": "points_multiplier", "multiplier": "1.5"},
    {"type": "allowance", "product": "group_class", "per": "month", "count": 4},
    {"type": "gift", "occasion": "upgrade", "coupon": "welcome-gold"},
    {"type": "gift", "occasion": "birthday", "coupon": "birthday"},
    {"type": "text", "names": _names("专属客服", "Own service contact")},
]


def _tier(code: str, rank: int, zh: str, en: str, **rest: Any) -> Json:
    return {"code": code, "rank": rank, "names": _names(zh, en), "qualify": None, "retain": None, "benefits": []} | rest


def _policy(**rest: Any) -> Json:
    return {
        "upgrade": "immediate",
        "schedule": {"type": "yearly", "month": 3, "day": 15},
        "validity": {"type": "months", "months": 12},
        "grace_days": 5,
        "max_drop": 1,
        "late_days": 3,
        "refund_recheck": "next_schedule",
    } | rest


RICH: Final[Json] = Programme.parse(
    {
        "version": 3,
        "currency": "CNY",
        "ladders": [
            {
                "code": "card",
                "names": _names("会员卡", "Card"),
                "visibility": "members",
                "tiers": [
                    _tier("regular", 0, "普通", "Regular", benefits=[{"type": "points_multiplier", "multiplier": "1"}]),
                    _tier("silver", 1, "银卡", "Silver", qualify=_leaf("spend", "lifetime", gte=50_000)),
                    _tier("gold", 2, "金卡", "Gold", qualify=GOLD, benefits=BENEFITS),
                    _tier(
                        "diamond",
                        3,
                        "钻石",
                        "Diamond",
                        qualify=DIAMOND,
                        retain=_leaf("purchases", "calendar_year", gte=2),
                    ),
                ],
                "policy": _policy(),
            },
            {
                "code": "club",
                "names": _names("俱乐部", "Club"),
                "visibility": "staff",
                "tiers": [
                    _tier("c0", 0, "预备", "Waiting"),
                    _tier("c1", 1, "正式", "Full", qualify=SCORE, benefits=[{"type": "discount", "percent": "3"}]),
                ],
                "policy": _policy(schedule={"type": "monthly"}, validity={"type": "forever"}, max_drop=None),
            },
        ],
        "points": {
            "per_unit": "1",
            "pending_days": 7,
            "expiry": {"type": "end_of_year", "years": 1},
            "excluded_categories": ["处方药", "烟"],
            "excluded_tenders": ["medical_insurance", "wallet"],
            "redeem": {"points": 100, "amount": 100, "min_points": 200, "max_percent": "50"},
            "beside": {
                "top_up": "0.5",
                "activities": [{"kind": "class", "points": 5}, {"kind": "review", "points": 2}],
                "referral": 100,
                "birthday": 66,
            },
        },
        "wallet": {
            "top_up_bonus": [
                {"amount": 50_000, "bonus": 20_000},
                {"amount": 100_000, "percent": "20", "tiers": ["gold", "diamond"]},
                {"amount": 200_000, "gift": {"names": _names("茶壶", "Teapot"), "value": 9900}},
            ],
            "spend_order": "principal_first",
            "limits": {"named": 500_000, "unnamed": 100_000, "bonus_counts": False},
            "cooling_off_days": 7,
            "confirm_above": 20_000,
            "bonus_earns": False,
        },
        "stacking": {
            "discounts_combine": False,
            "wallet_with_tier_discount": True,
            "discount_excluded": ["处方药", "特价"],
            "branches": ["main", "north"],
        },
        "eligibility": {"min_age": 18, "kinds": ["person", "company"]},
        "attributes": [
            {"code": "taste", "names": _names("口味", "Taste"), "type": "text"},
            {
                "code": "skin",
                "names": _names("肤质", "Skin"),
                "type": "choice",
                "choices": [
                    {"code": "dry", "names": _names("干性", "Dry")},
                    {"code": "oily", "names": _names("油性", "Oily")},
                ],
            },
        ],
        "activity_kinds": ["check_in", "class", "review", "pressure_check"],
        "health_kinds": ["pressure_check"],
        "lifecycle": {"new_days": 30, "slipping_factor": "1.5", "dormant_days": 90, "lost_days": 180},
    }
).dump()

# What may stand instead, by the name of the field or what holds it.
_WORDS: Final[dict[str, list[Any]]] = {
    "visibility": ["members", "staff"],
    "upgrade": ["immediate", "scheduled"],
    "refund_recheck": ["next_schedule", "end_of_day"],
    "spend_order": ["proportional", "principal_first", "bonus_first"],
    "occasion": ["upgrade", "birthday"],
    "per": ["day", "week", "month", "quarter", "year"],
    "currency": ["CNY", "JPY", "USD"],
    "metric": ["spend", "purchases", "max_purchase", "referrals", "top_ups", "max_top_up", "points_earned", "branches"],
    "excluded_tenders": ["cash", "alipay", "my_tender"],
    "kind": ["check_in", "class", "review"],
    "kinds": ["person", "company"],
    "tiers": ["silver", "gold", "diamond", "c1"],
    "activity_kinds": ["my_kind", "event"],
    "health_kinds": ["check_in"],
}
_WHOLE: Final[dict[str, list[Any]]] = {
    "schedule": [{"type": name} for name in ("daily", "monthly", "quarterly")]
    + [{"type": "yearly", "month": 3, "day": 16}, {"type": "yearly", "month": 4, "day": 15}],
    "validity": [{"type": name} for name in ("until_next_schedule", "calendar_year_end", "forever")]
    + [{"type": "months", "months": 13}],
    "expiry": [{"type": "never"}, {"type": "months", "months": 12}, {"type": "end_of_year", "years": 0}],
    "window": [
        *({"type": name} for name in ("lifetime", "since_tier_start", "current_validity")),
        *(
            {"type": f"calendar_{name}", "offset": back}
            for name in ("month", "quarter", "year")
            for back in (0, -1, -4)
        ),
        *({"type": "membership_year", "offset": back} for back in (0, -1, -4)),
        {"type": "rolling_days", "days": 1},
        {"type": "rolling_days", "days": 365},
        {"type": "rolling_months", "months": 1},
        {"type": "rolling_months", "months": 6},
        {"type": "between", "from": "2026-02-01", "to": "2026-12-31"},
    ],
    "qualify": [
        GOLD,
        DIAMOND,
        SCORE,
        _leaf("tenure_days", None, lt=9),
        {"not": GOLD},
        {"any": [GOLD]},
        {"all": [SCORE]},
    ],
    "retain": [None, GOLD, SCORE],
    "redeem": [None],
    "beside": [None, {}],
    "gift": [None, {"names": _names("茶杯", "Cup"), "value": 900}],
    "tiers": [None],
    "branches": [None, [], ["main"]],
    "min_age": [None, 21],
    "max_drop": [None, 2],
    "category": [None, "瓷器"],
    "lt": [None],
    "choices": [None],
}


def changes(document: Json) -> Iterator[tuple[Path, Programme]]:
    """Every document that differs from this one in one place and is still a programme, with the place."""
    for path, change in _edits(document, ()):
        changed = copy.deepcopy(document)
        change(_parent(changed, path))
        for ladder in changed["ladders"]:
            for rank, tier in enumerate(ladder["tiers"] or ()):
                tier["rank"] = rank
        try:
            yield path, Programme.parse(changed)
        except ValidationError:
            continue


def _parent(document: Any, path: Path) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _edits(value: Any, path: Path) -> Iterator[tuple[Path, Callable[[Any], None]]]:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    if path and path[-1] not in {"version", "rank"}:
        for other in _others(value, name, listed=bool(path) and isinstance(path[-1], int)):
            yield path, _setting(path[-1], other)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _edits(inner, (*path, key))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            here = (*path, place)
            yield here, _dropping(place)
            if place:
                yield here, _swapping(place)
            yield from _edits(inner, here)
        for more in _more(value, name):
            yield (*path, len(value)), _adding(more)


def _others(value: Any, name: str, *, listed: bool) -> Iterator[Any]:
    if not listed:
        yield from (other for other in _WHOLE.get(name, ()) if other != value)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield from (word for word in _WORDS.get(name, ()) if word != value)
        if value.replace(".", "").replace("-", "").isdigit():
            yield from ("7", "7.25", "2027-01-02")
        elif name not in _WORDS and name != "type":
            yield from (f"{value} 2", f"{value}2")
    elif value is None and name in {"gte", "lt"}:
        yield 5


def _more(value: list[Any], name: str) -> Iterator[Any]:
    if name == "benefits":
        yield from BENEFITS
    elif name in {"any", "all"}:
        yield from (GOLD, _leaf("referrals", "lifetime", gte=2))
    elif value and isinstance(value[0], dict) and "code" in value[0]:
        yield {**copy.deepcopy(value[-1]), "code": "another"}
    elif name in _WORDS:
        yield from _WORDS[name]
    elif value and isinstance(value[0], str):
        yield "特别"
    elif name == "weights":
        yield {**value[0], "per": 77}


def _setting(key: str | int, other: Any) -> Callable[[Any], None]:
    def change(holder: Any) -> None:
        holder[key] = copy.deepcopy(other)

    return change


def _dropping(place: int) -> Callable[[Any], None]:
    return lambda items: items.pop(place)


def _swapping(place: int) -> Callable[[Any], None]:
    def change(items: Any) -> None:
        items[place - 1], items[place] = items[place], items[place - 1]

    return change


def _adding(more: Any) -> Callable[[Any], None]:
    return lambda items: items.append(copy.deepcopy(more))
