"""A member's history as lists of facts, written as the aggregates that the metrics read; and what they come to.

The reckoning here is done by loops over the facts, so that the compiled SQL has something else to agree with.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from support.clock import owner
from uuid_utils.compat import uuid7

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids, Values
from tenants.programme.conditions import Leaf, parse_condition
from tenants.programme.document import Programme
from tenants.programme.moment import Moment, moment_of

Json = dict[str, Any]
Fact = tuple[date, str, Any]
"""The local day, what was done (`purchase`, `category:tea`, `branch:<id>`, `activity:class`, …), and how much."""
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Member:
    """A member, its facts, and where it stands on the ladder (tier `t1`) unless it's in the base tier."""

    joined_on: date
    facts: list[Fact] = field(default_factory=list)
    since: date | None = None
    valid_from: date | None = None
    fell_on: date | None = None
    id: UUID = field(default_factory=uuid7)

    def did(self, what: str, first: date, last: date) -> list[Any]:
        """The amounts of what was done on these days."""
        return [amount for day, done, amount in self.facts if done == what and first <= day <= last]


def reckoned(leaf: Json, member: Member, first: date, last: date) -> int | Fraction | None:  # noqa: C901, PLR0911 - a case a metric
    """What a leaf with a window comes to over the days first … last."""
    metric, kind, category = leaf["metric"], leaf.get("kind"), leaf.get("category")
    did = lambda what: member.did(what, first, last)  # noqa: E731
    activity = "activity" if kind is None else f"activity:{kind}"
    match metric:
        case "spend":
            return sum(did("purchase" if category is None else f"category:{category}"))
        case "purchases":
            return len(did("purchase" if category is None else f"category:{category}"))
        case "max_purchase":
            return max(did("purchase"), default=0)
        case "activities":
            return len(did(activity))
        case "rating":
            values = [Fraction(value) for value in did(activity) if value is not None]
            return sum(values, Fraction()) / len(values) if values else None
        case "referrals":
            return len(did("referral"))
        case "top_ups":
            return sum(did("top_up"))
        case "max_top_up":
            return max(did("top_up"), default=0)
        case "points_earned":
            return sum(did("points"))
        case "branches":
            return len({done for day, done, _ in member.facts if done.startswith("branch:") and first <= day <= last})
    raise ValueError(metric)


def month_of(day: date) -> date:
    return day.replace(day=1)


def _summed(facts: Iterable[Fact], grain: Any) -> dict[tuple[str, date], list[Any]]:
    rows: dict[tuple[str, date], list[Any]] = defaultdict(list)
    for day, done, amount in facts:
        rows[done, grain(day)].append(amount)
    return rows


async def write(tenant_id: UUID, *members: Member) -> None:
    """Writes the members and their aggregates as the writers of facts keep them."""
    conn = await owner()
    for member in members:
        await conn.execute(
            "INSERT INTO member (tenant_id, id, joined_on, source, created_at) VALUES ($1, $2, $3, 'api', now())",
            tenant_id,
            member.id,
            member.joined_on,
        )
        if member.since is not None or member.fell_on is not None:
            rank = 0 if member.since is None else 1
            since = member.since or member.fell_on
            await conn.execute(
                "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, fell_on,"
                " decision_id, effective_at) VALUES ($1, $2, 'card', $3, $4, $5, 'upgrade', $6, $7, $8, now())",
                *(tenant_id, member.id, f"t{rank}", rank, since, member.valid_from or since, member.fell_on, uuid7()),
            )
        for grain, column in ((month_of, "month"), (lambda day: day, "day")):
            for (done, when), amounts in _summed(member.facts, grain).items():
                await _row(tenant_id, member.id, done, column, when, amounts)
        bought = member.did("purchase", date.min, date.max)
        if bought:
            await conn.execute(
                "INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, now())",
                *(tenant_id, member.id, sum(bought), len(bought), max(bought)),
                max(day for day, done, _ in member.facts if done == "purchase"),
            )


async def _row(tenant_id: UUID, member_id: UUID, done: str, column: str, when: date, amounts: list[Any]) -> None:
    conn = await owner()
    if done == "purchase":
        await conn.execute(
            f"INSERT INTO member_{column} (tenant_id, member_id, {column}, spend, purchases, max_purchase)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(tenant_id, member_id, when, sum(amounts), len(amounts), max(amounts)),
        )
        return
    valued = [amount for amount in amounts if amount is not None]
    await conn.execute(
        f"INSERT INTO measure_{column} (tenant_id, member_id, measure, {column}, total, facts, valued, most)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(tenant_id, member_id, done, when, sum(valued), len(amounts), len(valued)),
        int(max(valued, default=0)),
    )


async def shop() -> UUID:
    """A tenant that is nothing but its rows."""
    tenant_id = uuid7()
    await (await owner()).execute(
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version) VALUES ($1, 'books', $2, 'general', 'en', $3, 'CNY', 'trialing', 'trial', 1)",
        tenant_id,
        str(tenant_id),
        ZONE.key,
    )
    return tenant_id


def programme(*leaves: Json, retain: bool = False, validity: Json | None = None) -> Programme:
    """One ladder whose tier t1 asks for any of the leaves, in its `qualify` or its `retain`."""
    names = {"en": "A", "zh-CN": "甲"}
    tenure = {"metric": "tenure_days", "gte": 10**6}
    asked = {"any": list(leaves)}
    tier = {"qualify": tenure if retain else asked, "retain": asked if retain else None}
    policy = {
        "upgrade": "immediate",
        "schedule": {"type": "monthly"},
        "validity": validity or {"type": "months", "months": 12},
    }
    base = {"code": "t0", "rank": 0, "names": names}
    tiers = [base, {"code": "t1", "rank": 1, "names": names, **tier}]
    return Programme.parse(
        {"currency": "CNY", "ladders": [{"code": "card", "names": names, "tiers": tiers, "policy": policy}]}
    )


def end_of(day: date) -> Moment:
    """The firing at the midnight that ends a day: D is this day."""
    at = datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)
    return moment_of(at, ZONE, firing=True, recorded_at=at, cause="recalculation", cause_id=UUID(int=1))


def leaf_of(data: Json) -> Leaf:
    found = parse_condition(data)
    assert isinstance(found, Leaf)
    return found


def of_ids(ids: Ids, members: Iterable[Member]) -> list[tuple[Any, ...]]:
    """The arguments that name these members: one statement, or one for each."""
    named = sorted(member.id for member in members)
    match ids:
        case Ids.ONE:
            return [(one,) for one in named]
        case Ids.SOME:
            return [(named,)]
        case Ids.RANGE:
            return [(named[0], named[-1])]


async def values_of(
    tenant_id: UUID, rules: Programme, leaves: list[Json], day: date, ids: Ids, members: list[Member], *, retain: bool
) -> dict[UUID, list[Any]]:
    """Each member's values of the leaves, in their order, from the compiled SQL."""
    values = Values(rules, [0], ids)
    columns = [values.leaf(leaf_of(leaf), 0, in_retain=retain) for leaf in leaves]
    sql = f"WITH {values.ctes()}\nSELECT * FROM v"
    found = {}
    async with tenant_scope(tenant_id):
        for named in of_ids(ids, members):
            for row in await connection().fetch(sql, tenant_id, *named, *values.binder.values(end_of(day))):
                found[row["id"]] = [row[column] for column in columns]
    return found
