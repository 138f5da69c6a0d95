"""Members made by hand with everything that a segment may ask of them, and the rules that they live under."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from programme import books
from programme.books import Json, end_of, of_ids
from support.clock import owner
from uuid_utils.compat import uuid7

from saas.scope import connection, tenant_scope
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.segments.compiler import selection
from tenants.segments.conditions import parse_segment_condition
from tenants.segments.rfm import scale_at
from tenants.segments.selecting import Segment

NAMES = {"en": "A", "zh-CN": "甲"}
BRANCHES = ("main", "north", "south")
LIFECYCLE = {"new_days": 30, "slipping_factor": "1.5", "dormant_days": 90, "lost_days": 180}
D = date(2027, 2, 28)
"""No leap year: whoever was born on 29 February has a birthday today."""


@dataclass
class Person(books.Member):
    """A member with a profile. `tiers`: code and rank by ladder, where it isn't in the base tier."""

    birthday: date | None = None
    kind: str = "person"
    source: str = "api"
    status: str = "active"
    branch: str | None = None
    tags: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    attributes: dict[str, str | bool | Decimal | date] = field(default_factory=dict)
    tiers: dict[str, tuple[str, int]] = field(default_factory=dict)

    def buys(self, *days: date, amount: int = 1000) -> "Person":
        self.facts += [(day, "purchase", amount) for day in days]
        return self


def _ladder(code: str, tiers: int) -> Json:
    asked = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 10**12}
    steps: list[Json] = [{"code": f"{code}0", "rank": 0, "names": NAMES}]
    steps += [{"code": f"{code}{n}", "rank": n, "names": NAMES, "qualify": asked} for n in range(1, tiers)]
    policy = {"upgrade": "immediate", "schedule": {"type": "monthly"}, "validity": {"type": "forever"}}
    return {"code": code, "names": NAMES, "tiers": steps, "policy": policy}


def rules(**parts: Any) -> Programme:
    """Two ladders, an attribute of each type, the usual life cycle."""
    attributes: list[Json] = [
        {"code": kind, "names": NAMES, "type": kind} for kind in ("text", "number", "date", "boolean")
    ]
    choices = [{"code": code, "names": NAMES} for code in ("dry", "oily")]
    attributes.append({"code": "choice", "names": NAMES, "type": "choice", "choices": choices})
    ladders = [_ladder("card", 4), _ladder("class", 2)]
    document = {"currency": "CNY", "ladders": ladders, "attributes": attributes, "lifecycle": LIFECYCLE}
    return Programme.parse(document | parts)


async def write(tenant_id: UUID, *people: Person) -> dict[str, UUID]:
    """Writes them as the product's own writers keep them; the branches' ids by code."""
    conn = await owner()
    rows = await conn.fetch("SELECT code, id FROM branch WHERE tenant_id = $1", tenant_id)
    branches = {row["code"]: row["id"] for row in rows}
    for code in () if branches else BRANCHES:
        branches[code] = uuid7()
        sql = "INSERT INTO branch (tenant_id, id, code, name, kind) VALUES ($1, $2, $3, $3, 'own')"
        await conn.execute(sql, tenant_id, branches[code], code)
    await books.write(tenant_id, *people)
    for one in people:
        await _profile(tenant_id, one, None if one.branch is None else branches[one.branch])
    return branches


async def _profile(tenant_id: UUID, one: Person, branch_id: UUID | None) -> None:
    conn = await owner()
    await conn.execute(
        "UPDATE member SET birthday = $3, kind = $4, source = $5, branch_id = $6, status = $7,"
        " closed_at = CASE WHEN $7 = 'active' THEN NULL ELSE now() END WHERE tenant_id = $1 AND id = $2",
        *(tenant_id, one.id, one.birthday, one.kind, one.source, branch_id, one.status),
    )
    for tag in one.tags:
        sql = "INSERT INTO member_tag (tenant_id, member_id, tag) VALUES ($1, $2, $3)"
        await conn.execute(sql, tenant_id, one.id, tag)
    for channel in one.consents:
        await conn.execute(
            "WITH c AS (INSERT INTO consent (tenant_id, member_id, id, channel, granted, recorded_at, source, actor)"
            " VALUES ($1, $2, $3, $4, true, now(), 'api', 'x'))"
            " INSERT INTO member_consent (tenant_id, member_id, channel, consent_id) VALUES ($1, $2, $4, $3)",
            *(tenant_id, one.id, uuid7(), channel),
        )
    for code, value in one.attributes.items():
        column = {str: "text", bool: "truth", Decimal: "number", date: "day"}[type(value)]
        sql = f"INSERT INTO member_attribute (tenant_id, member_id, code, {column}) VALUES ($1, $2, $3, $4)"
        await conn.execute(sql, tenant_id, one.id, code, value)
    for ladder, (tier, rank) in one.tiers.items():
        await conn.execute(
            "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from, decision_id,"
            " effective_at) VALUES ($1, $2, $3, $4, $5, '2020-01-01', 'upgrade', '2020-01-01', $6, now())",
            *(tenant_id, one.id, ladder, tier, rank, uuid7()),
        )


async def segment(programme: Programme, condition: Json, day: date = D) -> Segment:
    """The condition as it is seen when the day ends."""
    return Segment(parse_segment_condition(condition), programme, end_of(day), await scale_at(day))


async def chosen(
    tenant_id: UUID, people: list[Person], condition: Json, day: date = D, programme: Programme | None = None
) -> list[Person]:
    """Whom the condition selects of the whole tenant; every way of asking has to say the same."""
    programme = programme or rules()
    async with tenant_scope(tenant_id):
        asked = await segment(programme, condition, day)
        found = set((await asked.page(None, 200)).ids)
        assert (await asked.count()).count == len(found)
        for ids in (Ids.ONE, Ids.SOME):
            statement = selection(asked.condition, programme, ids, asked.scale)
            again = set()
            for named in of_ids(ids, people):
                arguments = statement.arguments(tenant_id, named, asked.moment)
                again |= {row["id"] for row in await connection().fetch(statement.sql, *arguments)}
            assert again == found, ids
    return [one for one in people if one.id in found]
