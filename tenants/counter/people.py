"""A member as the counter shows it: who, which tier, which balances, unmistakable before money moves."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError
from saas.i18n import Tongue
from tenants.members.phones import mask_phone
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.tiers.explain import explain
from tenants.tiers.labels import tone_of

_TINTS: Final = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A tier held, by name, in its colour."""

    name: str
    tone: int


@dataclass(frozen=True, slots=True)
class Customer:
    """The member of a desk. `next`: how far it is to the next tier, in words; `reached` of `goal` as a share, where one
    number tells it.
    """

    id: UUID
    title: str
    tint: int
    contact: str
    marks: tuple[Mark, ...]
    points: int
    spendable: int
    expiring: Any
    principal: int
    bonus: int
    card_no: str | None
    has_phone: bool
    next: str | None
    reached: int
    goal: int

    @property
    def wallet(self) -> int:
        return self.principal + self.bonus


async def customer(member_id: UUID, speaks: Tongue) -> Customer:
    """The member, or the survivor of a merge. Raises DomainError `not-found`, `member-closed`."""
    row = await member_row(member_id)
    if row["status"] != "active":
        raise DomainError("member-closed")
    found, rules = await show(row, speaks.language), await current_programme()
    title = title_of(found, speaks)
    told = await explain(row["id"], None, speaks.language)
    reached, goal = _progress(told)
    contact = (mask_phone(found["phone"]), found["card_no"], found["external_id"])
    return Customer(
        row["id"],
        title,
        row["id"].int % _TINTS,
        " · ".join(part for part in contact if part and part != title),
        tuple(marks_of(found, rules)),
        found["points"]["balance"],
        found["points"]["spendable"],
        found["points"]["expiring_next"],
        found["wallet"]["principal"],
        found["wallet"]["bonus"],
        found["card_no"],
        bool(found["phone"]),
        told["next"]["text"] if told["next"] else None,
        reached,
        goal,
    )


def title_of(member: dict[str, Any], speaks: Tongue) -> str:
    known = member["name"] or member["card_no"] or member["external_id"] or mask_phone(member["phone"])
    return known or speaks.say("Unnamed")


def marks_of(member: dict[str, Any], rules: Programme) -> list[Mark]:
    marks = []
    for code, held in member["tiers"].items():
        ladder = rules.ladder(code)
        tier = None if ladder is None else ladder.tier(held["code"])
        marks.append(Mark(held["name"], 0 if ladder is None or tier is None else tone_of(tier.rank, len(ladder.tiers))))
    return marks


def _progress(told: dict[str, Any]) -> tuple[int, int]:
    """How far the next tier's condition is met, where it is one number; else (0, 0)."""
    if not told["next"]:
        return 0, 0
    for tier in told["tiers"]:
        asked = tier["conditions"]
        if tier["code"] == told["next"]["code"] and isinstance(asked, dict) and isinstance(asked.get("gte"), int):
            value = asked.get("value")
            return (max(0, value), asked["gte"]) if isinstance(value, int) else (0, 0)
    return 0, 0
