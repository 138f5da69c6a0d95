"""An activity as it was recorded, and as it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

import asyncpg

from tenants.activities.kinds import is_health, may_see_health
from tenants.activities.values import number_text
from tenants.members.consents import consenting
from tenants.programme.versions import current_version, programme


@dataclass(frozen=True, slots=True)
class Activity:
    """The fact. `health`: a measurement that isn't for all eyes. `agreed`: the member's consent to it holds; without
    it a measurement is for nobody's.
    """

    id: UUID
    member_id: UUID
    branch_id: UUID | None
    kind: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    local_day: date
    value: Decimal | None
    data: Any
    health: bool
    agreed: bool


class ActivityOut(TypedDict):
    """`value` is a decimal as text. `hidden`: a health measurement whose value and data the caller may not see, or
    nobody, because the member's consent has ended.
    """

    id: UUID
    member_id: UUID
    branch_id: UUID | None
    kind: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    local_day: date
    value: str | None
    data: Any
    hidden: bool


async def activities_of(rows: Sequence[asyncpg.Record]) -> list[Activity]:
    """Rows of `activity`. What was a health measurement when it was recorded stays one; so does what is one now."""
    now = await programme(await current_version())
    rules = {version: await programme(version) for version in {row["programme_version"] for row in rows}}
    health = {
        row["id"]
        for row in rows
        if is_health(now, row["kind"]) or is_health(rules[row["programme_version"]], row["kind"])
    }
    agreed = await consenting({row["member_id"] for row in rows}, "health") if health else set()
    return [
        Activity(
            row["id"],
            row["member_id"],
            row["branch_id"],
            row["kind"],
            row["external_id"],
            row["occurred_at"],
            row["recorded_at"],
            row["local_day"],
            row["value"],
            row["data"],
            row["id"] in health,
            row["member_id"] in agreed,
        )
        for row in rows
    ]


def shown(one: Activity) -> ActivityOut:
    """The activity as the caller of the current scope may see it."""
    hidden = one.health and not (one.agreed and may_see_health())
    return {
        "id": one.id,
        "member_id": one.member_id,
        "branch_id": one.branch_id,
        "kind": one.kind,
        "external_id": one.external_id,
        "occurred_at": one.occurred_at,
        "recorded_at": one.recorded_at,
        "local_day": one.local_day,
        "value": None if hidden or one.value is None else number_text(one.value),
        "data": None if hidden else one.data,
        "hidden": hidden,
    }
