"""What happened to a member: purchases, activities and decisions in one list, the last recorded first."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from tenants.activities.activity import activities_of, shown
from tenants.activities.history import activities_of_member
from tenants.purchases.history import purchases_of
from tenants.tiers.history import decisions_of

Kind = Literal["purchase", "activity", "decision"]


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing; `fact` is as its own list reads it: an activity as it is shown, anything else as its row."""

    kind: Kind
    fact: Any

    @property
    def id(self) -> UUID:
        found: UUID = self.fact["id"]
        return found


async def happened(members: list[UUID], limit: int, before: UUID | None) -> list[Happened]:
    """What is recorded under these ids (a member's and those merged into it), one more than `limit` where there are
    more. Ids of all facts grow with the time of recording, so that one cursor serves the three lists.
    """
    bought = await purchases_of(members, limit, before)
    did = await activities_of(await activities_of_member(members, None, limit, before))
    decided = await decisions_of(members, limit, before)
    found = [
        *(Happened("purchase", row) for row in bought),
        *(Happened("activity", shown(one)) for one in did),
        *(Happened("decision", row) for row in decided),
    ]
    found.sort(key=lambda one: one.id, reverse=True)
    return found[: limit + 1]
