"""Random programmes and random histories, tilted towards the days on which rules go wrong.

Programmes are complete documents, so that a parser takes them. A history is a list of steps in the
order of their instants (no two at the same one), so that two evaluators can walk it side by side.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict, final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from oracle.conditions import Json
from oracle.documents import document, ladder_json, tier_json
from oracle.plain import Chain, Decision

ZONES = ("Asia/Shanghai", "America/New_York", "UTC", "Pacific/Apia", "Asia/Kolkata")
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
SHARP_TIMES = (time(0), time(0, 0, 0, 1), time(1, 30), time(2, 30), time(12), time(23, 59, 59, 999999))
AMOUNTS = (0, 1, 999, 1000, 1001, 2500, 5000, 5000, 9999, 10000, 30000)
DELAYS = (
    *(timedelta(0),) * 4,
    timedelta(days=-1),  # as far ahead as a purchase may be dated
    timedelta(hours=-3),
    timedelta(minutes=20),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=17),
    timedelta(days=45),
)


@final
class PurchaseFact(TypedDict):
    """What a till sends; `external_id` is unique in the history, `amount` in minor units."""

    external_id: str
    member: str
    occurred_at: datetime
    amount: int


@final
class PurchaseStep(TypedDict):
    purchase: PurchaseFact
    recorded_at: datetime


@final
class RecalculateStep(TypedDict):
    recalculate: datetime


Step = PurchaseStep | RecalculateStep


@dataclass(frozen=True)
class Case:
    """One programme, one time zone, members with their `joined_on`, and what happens to them."""

    programme: Json
    timezone: str
    members: dict[str, date]
    steps: list[Step]


def run(case: Case) -> Chain:
    """The oracle's answer to a case."""
    chain = Chain(case.programme, case.timezone)
    for member, joined_on in case.members.items():
        chain.add_member(member, joined_on)
    for step in case.steps:
        walk(chain, step)
    return chain


def walk(chain: Chain, step: Step) -> list[Decision]:
    """One step of a history on the oracle; what it decided."""
    if "purchase" in step:
        fact = step["purchase"]
        return chain.record_purchase(fact["member"], fact["occurred_at"], fact["amount"], step["recorded_at"])
    return chain.recalculate(step["recalculate"])


def days() -> st.SearchStrategy[date]:
    return st.one_of(st.sampled_from(SHARP_DAYS), st.dates(FIRST_DAY, LAST_DAY))


@st.composite
def windows(draw: st.DrawFn) -> Json:
    """Every type of window; few wide ones, so that purchases move in and out."""
    kind = draw(st.sampled_from(tuple(WINDOW_FIELDS)))
    window: Json = {"type": kind}
    for name, values in WINDOW_FIELDS[kind].items():
        window[name] = draw(values)
    if kind == "between":
        first, last = sorted((draw(days()), draw(days())))
        window |= {"from": first.isoformat(), "to": last.isoformat()}
    return window


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

THRESHOLDS: dict[str, st.SearchStrategy[int]] = {
    "spend": st.sampled_from((1, 1000, 5000, 5001, 10000, 15000, 40000)),
    "purchases": st.integers(1, 4),
    "max_purchase": st.sampled_from((1, 1000, 1001, 5000, 10000)),
    "tenure_days": st.sampled_from((0, 1, 30, 31, 59, 60, 365, 366)),
    "days_since_purchase": st.sampled_from((0, 1, 2, 30, 31, 60)),
}
WINDOWLESS = ("tenure_days", "days_since_purchase")


@st.composite
def leaf_conditions(draw: st.DrawFn) -> Json:
    # Spend and purchases more often: they are what real ladders are made of.
    metric = draw(st.sampled_from(("spend", "spend", "purchases", *THRESHOLDS)))
    leaf: Json = {"metric": metric}
    if metric not in WINDOWLESS:
        leaf["window"] = draw(windows())
    threshold = draw(THRESHOLDS[metric])
    bounds = draw(st.sampled_from(("gte", "gte", "gte", "lt", "both")))
    if bounds != "lt":
        leaf["gte"] = threshold
    if bounds != "gte":
        leaf["lt"] = threshold + (draw(THRESHOLDS[metric]) + 1 if bounds == "both" else 1)
    return leaf


def conditions() -> st.SearchStrategy[Json]:
    """A leaf (mostly) or a small tree of `any`, `all` and `not`."""

    def branch(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda parts: {"any": parts}),
            several.map(lambda parts: {"all": parts}),
            inner.map(lambda part: {"not": part}),
        )

    return st.one_of(leaf_conditions(), st.recursive(leaf_conditions(), branch, max_leaves=5))


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """Every field with every kind of value; what is left out of the comparison keeps its default."""
    schedule: Json = {"type": draw(st.sampled_from(("daily", "monthly", "monthly", "quarterly", "yearly")))}
    if schedule["type"] == "yearly":
        schedule |= {"month": draw(st.integers(1, 12)), "day": draw(st.integers(1, 28))}
    validity: Json = {
        "type": draw(
            st.sampled_from(
                (
                    "until_next_schedule",
                    "until_next_schedule",
                    "months",
                    "months",
                    "calendar_year_end",
                    "forever",
                )
            )
        )
    }
    if validity["type"] == "months":
        validity["months"] = draw(st.sampled_from((1, 1, 2, 3, 12)))
    return {
        "upgrade": draw(st.sampled_from(("immediate", "scheduled"))),
        "schedule": schedule,
        "validity": validity,
        "grace_days": draw(st.sampled_from((0, 0, 1, 5, 30))),
        "max_drop": draw(st.sampled_from((None, None, 1, 2))),
        "late_days": 3,
        "refund_recheck": "next_schedule",
    }


@st.composite
def ladders(draw: st.DrawFn, code: str = "card", visibility: str = "members") -> Json:
    count = draw(st.integers(2, 4))
    tiers = [tier_json("t0", 0)]
    for rank in range(1, count):
        retain = draw(st.one_of(st.none(), conditions()))
        tiers.append(tier_json(f"t{rank}", rank, draw(conditions()), retain))
    return ladder_json(code, tiers, draw(policies()), visibility)


@st.composite
def programmes(draw: st.DrawFn) -> Json:
    """A complete document with one ladder or two."""
    found = [draw(ladders())]
    if draw(st.booleans()):
        found.append(draw(ladders("class", "staff")))
    return document(found)


def instants(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Instants in UTC, many of them at the edges of local days."""
    return st.builds(
        lambda day, at: datetime.combine(day, at, zone).astimezone(UTC),
        days(),
        st.one_of(st.sampled_from(SHARP_TIMES), st.times()),
    )


def recalculation_instants(zone: ZoneInfo) -> st.SearchStrategy[datetime]:
    """Local midnights mostly (of first days of months more often than not), else midday."""
    firsts = st.builds(lambda day: day.replace(day=1), days())
    return st.builds(
        lambda day, at: datetime.combine(day, at, zone).astimezone(UTC),
        st.one_of(firsts, firsts, days()),
        st.sampled_from((time(0), time(0), time(0), time(12))),
    )


@st.composite
def histories(draw: st.DrawFn, zone: ZoneInfo, members: list[str], *, most: int = 25) -> list[Step]:
    """Purchases in order of `recorded_at`, late and out of order by `occurred_at`, and recalculations."""
    recalculations = draw(st.sets(recalculation_instants(zone), max_size=12))
    steps: list[tuple[datetime, Step]] = [(at, {"recalculate": at}) for at in recalculations]
    taken = set(recalculations)
    for number in range(draw(st.integers(1, most))):
        occurred_at = draw(instants(zone))
        recorded_at = occurred_at + draw(st.sampled_from(DELAYS))
        while recorded_at in taken:  # two things at one instant have no order
            recorded_at += timedelta(milliseconds=1)
        taken.add(recorded_at)
        fact: PurchaseFact = {
            "external_id": f"P{number}",
            "member": draw(st.sampled_from(members)),
            "occurred_at": occurred_at,
            "amount": draw(st.sampled_from(AMOUNTS)),
        }
        steps.append((recorded_at, {"purchase": fact, "recorded_at": recorded_at}))
    return [step for _, step in sorted(steps, key=lambda pair: pair[0])]


@st.composite
def cases(draw: st.DrawFn, *, most_members: int = 3, most_purchases: int = 25) -> Case:
    """A whole case; some members join after their first purchases, some on a leap day."""
    timezone = draw(st.sampled_from(ZONES))
    members = {
        f"M{number}": draw(st.one_of(days(), st.dates(date(2020, 2, 29), FIRST_DAY), st.just(date(2020, 2, 29))))
        for number in range(draw(st.integers(1, most_members)))
    }
    steps = draw(histories(ZoneInfo(timezone), list(members), most=most_purchases))
    return Case(draw(programmes()), timezone, members, steps)
