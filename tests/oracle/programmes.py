"""Random programmes: complete documents, so that a parser takes them, with every metric, window and policy field."""

from datetime import date
from typing import Any

from hypothesis import strategies as st
from oracle.documents import document, ladder_json, tier_json
from oracle.facts import Json

FIRST_DAY, LAST_DAY = date(2023, 11, 1), date(2025, 4, 30)

# Ends and beginnings of months, quarters and years, the leap day and its neighbours, New York's
# changes of offset (10 March and 3 November 2024).
SHARP_ISO_DAYS = """
    2023-12-31 2024-01-01 2024-01-30 2024-01-31 2024-02-01 2024-02-28 2024-02-29 2024-03-01
    2024-03-09 2024-03-10 2024-03-11 2024-03-30 2024-03-31 2024-04-01 2024-05-31 2024-06-30
    2024-07-01 2024-08-31 2024-11-02 2024-11-03 2024-11-04 2024-12-31 2025-01-01 2025-02-27
    2025-02-28 2025-03-01
"""
SHARP_DAYS = tuple(date.fromisoformat(day) for day in SHARP_ISO_DAYS.split())
KINDS = ("class", "review")
CATEGORIES = ("tea", "ware")


def days() -> st.SearchStrategy[date]:
    return st.one_of(st.sampled_from(SHARP_DAYS), st.dates(FIRST_DAY, LAST_DAY))


WINDOW_FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "lifetime": {},
    "calendar_month": {"offset": st.integers(-3, 0)},
    "calendar_quarter": {"offset": st.integers(-2, 0)},
    "calendar_year": {"offset": st.integers(-1, 0)},
    "rolling_days": {"days": st.sampled_from((1, 2, 7, 30, 90, 365))},
    "rolling_months": {"months": st.sampled_from((1, 2, 3, 6, 12))},
    "membership_year": {"offset": st.integers(-1, 0)},
    "between": {},
    "since_tier_start": {},
    "current_validity": {},
}


@st.composite
def windows(draw: st.DrawFn) -> Json:
    """Every type of window; few wide ones, so that facts move in and out."""
    kind = draw(st.sampled_from(("lifetime", *WINDOW_FIELDS)))
    window: Json = {"type": kind}
    for name, values in WINDOW_FIELDS[kind].items():
        window[name] = draw(values)
    if kind == "between":
        first, last = sorted((draw(days()), draw(days())))
        window |= {"from": first.isoformat(), "to": last.isoformat()}
    return window


# What a case is about mostly: without, what refunds, late facts and merges do would hardly ever be seen.
ANY, REFUNDS, LATE, MERGES, BY_HAND, NEW_RULES = "any", "refunds", "late", "merges", "by hand", "new rules"
FLAVOURS = (ANY, ANY, REFUNDS, REFUNDS, LATE, MERGES, BY_HAND, NEW_RULES, NEW_RULES, NEW_RULES)
EASY_WINDOWS: tuple[Json, ...] = (
    {"type": "lifetime"},
    {"type": "lifetime"},
    {"type": "calendar_month"},
    {"type": "rolling_months", "months": 3},
    {"type": "calendar_year"},
)

MONEY = st.sampled_from((1, 1000, 5000, 5001, 10000, 15000, 40000))
LARGEST = st.sampled_from((1, 1000, 1001, 5000, 10000))
THRESHOLDS: dict[str, st.SearchStrategy[int]] = {
    "spend": MONEY,
    "purchases": st.integers(1, 4),
    "max_purchase": LARGEST,
    "activities": st.integers(1, 4),
    "referrals": st.integers(1, 2),
    "top_ups": MONEY,
    "max_top_up": LARGEST,
    "points_earned": st.sampled_from((1, 10, 50, 100)),
    "branches": st.integers(1, 3),
    "tenure_days": st.sampled_from((0, 1, 30, 31, 59, 60, 365, 366)),
    "days_since_purchase": st.sampled_from((0, 1, 2, 30, 31, 60)),
    "score": st.integers(1, 25),
}
RATINGS = ("2", "3", "3.5", "4", "4.3333")
WINDOWLESS = ("tenure_days", "days_since_purchase")
DETAILS = {
    "spend": ("category", CATEGORIES),
    "purchases": ("category", CATEGORIES),
    "activities": ("kind", KINDS),
    "rating": ("kind", KINDS),
}
# Spend and purchases more often: they are what real ladders are made of, and what refunds take back.
METRICS = ("spend",) * 5 + ("purchases",) * 2 + ("activities", "score", "rating", *THRESHOLDS)


@st.composite
def measures(draw: st.DrawFn, metric: str) -> Json:
    """What a leaf or a weight measures: metric, perhaps a detail, window."""
    made: Json = {"metric": metric}
    if metric in DETAILS and draw(st.booleans()):
        name, values = DETAILS[metric]
        made[name] = draw(st.sampled_from(values))
    if metric not in WINDOWLESS:
        made["window"] = draw(windows())
    return made


@st.composite
def weights(draw: st.DrawFn) -> Json:
    metric = draw(st.sampled_from([one for one in METRICS if one not in ("score", "rating", "days_since_purchase")]))
    per = draw(
        st.sampled_from((1, 2, 3) if metric in ("purchases", "activities", "referrals", "branches") else (7, 1000))
    )
    return {**draw(measures(metric)), "per": per, "points": draw(st.integers(1, 5))}


@st.composite
def leaf_conditions(draw: st.DrawFn) -> Json:
    metric = draw(st.sampled_from(METRICS))
    if metric == "score":
        leaf: Json = {"metric": "score", "weights": draw(st.lists(weights(), min_size=1, max_size=3))}
    else:
        leaf = draw(measures(metric))
    if metric == "rating":
        first, last = sorted(draw(st.lists(st.sampled_from(RATINGS), min_size=2, max_size=2, unique=True)))
        return leaf | draw(st.sampled_from(({"gte": first}, {"lt": last}, {"gte": first, "lt": last})))
    threshold = draw(THRESHOLDS[metric])
    bounds = draw(st.sampled_from(("gte", "gte", "gte", "lt", "both")))
    if bounds != "lt":
        leaf["gte"] = threshold
    if bounds != "gte":
        leaf["lt"] = threshold + (draw(THRESHOLDS[metric]) + 1 if bounds == "both" else 1)
    return leaf


def conditions(flavour: str = ANY) -> st.SearchStrategy[Json]:
    """A leaf (mostly) or a small tree of `any`, `all` and `not`; in a flavour mostly what is easy to reach."""

    def branch(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda parts: {"any": parts}),
            several.map(lambda parts: {"all": parts}),
            inner.map(lambda part: {"not": part}),
        )

    wild = st.one_of(leaf_conditions(), st.recursive(leaf_conditions(), branch, max_leaves=5))
    return wild if flavour == ANY else st.one_of(easy_conditions(), easy_conditions(), easy_conditions(), wild)


@st.composite
def easy_conditions(draw: st.DrawFn) -> Json:
    window = draw(st.sampled_from(EASY_WINDOWS))
    spend = {"metric": "spend", "window": window, "gte": draw(st.sampled_from((1, 1000, 5000, 10000)))}
    purchases = {"metric": "purchases", "window": window, "gte": draw(st.integers(1, 3))}
    largest = {"metric": "max_purchase", "window": window, "gte": draw(st.sampled_from((1000, 5000)))}
    weights = [{"metric": "spend", "window": window, "per": 1000, "points": 2}]
    score = {"metric": "score", "weights": weights, "gte": draw(st.integers(1, 12))}
    return draw(st.sampled_from((spend, spend, purchases, largest, score)))


@st.composite
def schedules(draw: st.DrawFn) -> Json:
    schedule: Json = {"type": draw(st.sampled_from(("daily", "monthly", "monthly", "quarterly", "yearly")))}
    if schedule["type"] == "yearly":
        schedule |= draw(
            st.one_of(
                st.just({"month": 2, "day": 29}),
                st.builds(lambda day: {"month": day.month, "day": min(day.day, 28)}, st.sampled_from(SHARP_DAYS)),
            )
        )
    return schedule


KINDS_OF_VALIDITY = ("months", "months", "calendar_year_end", "forever", "until_next_schedule", "until_next_schedule")


@st.composite
def validities(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS_OF_VALIDITY) -> Json:
    validity: Json = {"type": draw(st.sampled_from(kinds))}
    if validity["type"] == "months":
        validity["months"] = draw(st.sampled_from((1, 1, 2, 3, 12)))
    return validity


@st.composite
def policies(draw: st.DrawFn, flavour: str = ANY) -> Json:
    """Every field with every kind of value."""
    kinds: tuple[str, ...] = KINDS_OF_VALIDITY
    upgrade: tuple[str, ...] = ("immediate", "scheduled")
    late_days: tuple[int, ...] = (0, 3, 3, 20)
    if flavour == REFUNDS:  # where the schedule decides anew anyway, nothing is rechecked
        kinds, upgrade = kinds[:5], ("immediate", "immediate", "scheduled")
    if flavour == LATE:
        upgrade, late_days = ("immediate", "scheduled", "scheduled"), (1, 3, 20, 20)
    if flavour == NEW_RULES:  # what schedules renew without a word is what new rules may forget
        kinds += ("until_next_schedule",) * 4
    validity = draw(validities(kinds))
    return {
        "upgrade": draw(st.sampled_from(upgrade)),
        "schedule": draw(schedules()),
        "validity": validity,
        "grace_days": draw(st.sampled_from((0, 0, 1, 5, 30))),
        "max_drop": draw(st.sampled_from((None, None, 1, 2))),
        "late_days": draw(st.sampled_from(late_days)),
        "refund_recheck": draw(st.sampled_from(("next_schedule", "end_of_day"))),
    }


@st.composite
def ladders(draw: st.DrawFn, code: str = "card", visibility: str = "members", flavour: str = ANY) -> Json:
    count = draw(st.integers(2, 4))
    tiers = [tier_json("t0", 0)]
    for rank in range(1, count):
        retain = draw(st.one_of(st.none(), conditions(flavour)))
        tiers.append(tier_json(f"t{rank}", rank, draw(conditions(flavour)), retain))
    return ladder_json(code, tiers, draw(policies(flavour)), visibility)


@st.composite
def programmes(draw: st.DrawFn, flavour: str = ANY) -> Json:
    """A complete document with one to three ladders."""
    others = (("class", "staff"), ("club", "members"))[: draw(st.sampled_from((0, 0, 1, 1, 2)))]
    made = document([draw(ladders(flavour=flavour)), *(draw(ladders(*other, flavour)) for other in others)])
    return made | {"activity_kinds": list(KINDS)}
