"""Random members and random conditions: the compiled SQL selects whom the plain evaluation selects."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from oracle import programmes
from people import BRANCHES, D, Person, chosen, write
from plain_segments import holds
from programme.books import Json, shop

from tenants.segments.properties import RfmGroup

TAGS = ("VIP", "孕期", "x")
CHANNELS = ("sms", "email", "health")
SOURCES = ("api", "import", "till", "page")
STAGES = ("new", "growing", "mature", "declining", "lost")
SHARP = (0, 1, 29, 30, 31, 59, 60, 89, 90, 91, 120, 179, 180, 181, 365, 366)
TODAYS = (D, date(2028, 2, 29), date(2027, 12, 31), date(2027, 3, 1))
ago = st.one_of(st.sampled_from(SHARP), st.integers(-2, 500))
birthdays = st.one_of(
    st.none(),
    st.sampled_from((date(2004, 2, 29), date(2009, 2, 28), date(2000, 12, 31))),
    st.dates(date(1950, 1, 1), D),
)


@st.composite
def people(draw: st.DrawFn) -> Person:
    one = Person(
        D - timedelta(days=draw(ago)),
        birthday=draw(birthdays),
        kind=draw(st.sampled_from(("person", "person", "company"))),
        source=draw(st.sampled_from(SOURCES)),
        status=draw(st.sampled_from(("active", "active", "active", "active", "closed"))),
        branch=draw(st.sampled_from((None, *BRANCHES))),
        tags=tuple(draw(st.sets(st.sampled_from(TAGS)))),
        consents=tuple(draw(st.sets(st.sampled_from(CHANNELS)))),
        attributes=draw(attributes()),
        tiers=draw(st.sampled_from(({}, {"card": ("card1", 1)}, {"card": ("card3", 3), "class": ("class1", 1)}))),
    )
    for day in draw(st.lists(ago, max_size=7)):
        amount = draw(st.sampled_from((0, 1, 1000, 1000, 5000)))
        one.facts.append((D - timedelta(days=day), "purchase", amount))
        one.facts.append((D - timedelta(days=day), f"category:{draw(st.sampled_from(programmes.CATEGORIES))}", amount))
    for day in draw(st.lists(ago, max_size=3)):
        value = draw(st.sampled_from((None, Decimal(1), Decimal("4.5"))))
        kind = draw(st.sampled_from(programmes.KINDS))
        one.facts += [(D - timedelta(days=day), done, value) for done in ("activity", f"activity:{kind}")]
    return one


@st.composite
def attributes(draw: st.DrawFn) -> dict[str, Any]:
    values: dict[str, Any] = {"text": "a", "choice": "dry", "boolean": True, "number": Decimal("1.5"), "date": D}
    return {code: values[code] for code in draw(st.sets(st.sampled_from(sorted(values))))}


def some(*values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def bounds(draw: st.DrawFn, *values: int) -> Json:
    low, high = sorted(draw(st.lists(st.sampled_from(values), min_size=2, max_size=2, unique=True)))
    return draw(st.sampled_from(({"gte": low}, {"lt": high}, {"gte": low, "lt": high})))


@st.composite
def properties(draw: st.DrawFn) -> Json:
    """A property leaf of any kind that can be answered."""
    listed: dict[str, tuple[Any, ...]] = {
        "tier": ("card0", "card1", "card3"),
        "branch": BRANCHES,
        "tag": TAGS,
        "birthday_month": (*range(1, 13), "this", "next"),
        "kind": ("person", "company"),
        "consent": CHANNELS,
        "stage": STAGES,
        "rfm_group": RfmGroup.__args__,
        "source": SOURCES,
    }
    bounded = {"tier": (0, 1, 2, 3), "ranks_to_next": (0, 1, 2, 3)}
    bounded |= {"birthday_in_days": (0, 1, 2, 30, 365), "age": (0, 18, 23, 24, 60)}
    kind = draw(st.sampled_from((*listed, "stage", "rfm_group", "bounded", "attribute")))
    if kind == "attribute":
        fields: dict[str, st.SearchStrategy[Json]] = {
            "text": some("a", "b").map(lambda among: {"in": among}),
            "choice": some("dry", "oily").map(lambda among: {"in": among}),
            "boolean": some(True, False).map(lambda among: {"in": among}),
            "number": st.sampled_from(({"gte": "1.5"}, {"lt": "1.5"}, {"gte": "1.4999", "lt": "1.5001"})),
            "date": st.sampled_from(({"gte": D.isoformat()}, {"lt": D.isoformat()})),
        }
        code = draw(st.sampled_from(sorted(fields)))
        return {"property": "attribute", "code": code, **draw(fields[code])}
    if kind == "bounded":
        name = draw(st.sampled_from(sorted(bounded)))
        found = draw(bounds(*bounded[name]))
        found = {key: value for key, value in found.items() if (key, value) != ("lt", 0)}
        return {"property": name, **(found or {"gte": 1})}
    return {"property": kind, "in": draw(some(*listed[kind]))}


def _answerable(leaf: Json) -> bool:
    """Without what hangs on a ladder."""
    windows = [part.get("window", {}).get("type") for part in (leaf, *leaf.get("weights", ()))]
    return not {"since_tier_start", "current_validity"} & set(windows)


def _branch(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: {"any": parts}),
        several.map(lambda parts: {"all": parts}),
        inner.map(lambda part: {"not": part}),
    )


metrics = programmes.leaf_conditions().filter(_answerable)
leaves = st.one_of(properties(), properties(), metrics)
conditions = st.one_of(leaves, st.recursive(leaves, _branch, max_leaves=5))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    crowd=st.lists(people(), min_size=1, max_size=8),
    asked=st.lists(conditions, min_size=3, max_size=6),
    day=st.sampled_from(TODAYS),
)
async def test_the_sql_selects_whom_the_plain_evaluation_selects(
    database: None, crowd: list[Person], asked: list[Json], day: date
) -> None:
    tenant_id = await shop()
    await write(tenant_id, *crowd)
    for condition in asked:
        note(f"{condition} on {day}")
        expected = [one for one in crowd if holds(condition, one, crowd, day)]
        assert await chosen(tenant_id, crowd, condition, day) == expected
