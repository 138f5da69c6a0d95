"""Who or what was typed or scanned: members as lines, a coupon's number, or what a new member begins with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.i18n import Tongue
from saas.validation import parse_query
from tenants.counter.people import Mark, marks_of, title_of
from tenants.coupons.held import by_number, shown
from tenants.coupons.numbers import read_number
from tenants.members.bodies import MembersQuery
from tenants.members.listing import list_members
from tenants.members.phones import mask_phone, normalise_phone
from tenants.members.showing import shown as members_shown
from tenants.programme.versions import current_programme

_PHONE_LIKE = 7
_TINTS = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A member as a line to choose from."""

    id: UUID
    title: str
    tint: int
    contact: str
    marks: tuple[Mark, ...]
    points: int
    wallet: int


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon by its number. `usable`: it is open today."""

    number: str
    name: str
    usable: bool
    until: Any
    member_id: UUID | None


async def people(rows: Sequence[asyncpg.Record], speaks: Tongue) -> list[Found]:
    """As many queries for one as for many."""
    if not rows:
        return []
    rules = await current_programme()
    found = []
    for member in await members_shown(rows, speaks.language):
        title = title_of(member, speaks)
        contact = (mask_phone(member["phone"]), member["card_no"], member["external_id"])
        found.append(
            Found(
                member["id"],
                title,
                member["id"].int % _TINTS,
                " · ".join(part for part in contact if part and part != title),
                tuple(marks_of(member, rules)),
                member["points"]["balance"],
                member["wallet"]["principal"] + member["wallet"]["bonus"],
            )
        )
    return found


async def found_coupon(text: str, speaks: Tongue) -> Coupon | None:
    """The coupon whose number this is; None for anything else."""
    try:
        number = read_number(text)
    except InvalidValueError:
        return None
    row = await by_number(number)
    if row is None:
        return None
    one = shown(row)
    names = one["coupon"]["names"]
    return Coupon(
        number,
        names.get(speaks.language) or next(iter(names.values())),
        one["state"] == "open" and row["valid_from"] <= row["today"],
        one["valid_until"],
        one["member_id"],
    )


async def member_typed(text: str) -> UUID:
    """The one member whom a number means that was typed without a line. Raises DomainError `unknown-member`, and
    `validation-failed` where several have it.
    """
    listed = await list_members(parse_query(MembersQuery, {"q": text.strip(), "limit": "2"}))
    if not listed.rows:
        raise DomainError("unknown-member")
    if len(listed.rows) > 1:
        raise DomainError("validation-failed", errors=[FieldError("/who", "several-members")])
    found: UUID = listed.rows[0]["id"]
    return found


def enrolment_fields(q: str) -> dict[str, str]:
    """What was searched for, in the field of a new member where it belongs."""
    digits = sum(c.isdigit() for c in q)
    try:
        return {"phone": normalise_phone(q).removeprefix("+86")}
    except InvalidValueError:
        if digits == 0:
            return {"name": q}
        return {"phone": q} if digits >= _PHONE_LIKE and not any(c.isalpha() for c in q) else {"card_no": q}
