"""Whom staff mean: members by what leads to them, and how they are called beside what they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from saas.errors import DomainError, InvalidValueError
from saas.i18n import Tongue
from saas.scope import connection, current
from saas.validation import parse_query
from tenants.members.bodies import MembersQuery
from tenants.members.identities import CARD, EXTERNAL_ID, PHONE
from tenants.members.listing import list_members
from tenants.members.phones import mask_phone, normalise_phone
from tenants.members.row import member_rows

MOST: Final = 1_000
"""Lines that are looked up at once."""
_SEARCHED: Final = 20
_SEVERAL: Final = 6
_LED_TO: Final = """
SELECT n.line, i.member_id FROM unnest($2::int[], $3::text[], $4::text[]) AS n (line, kind, value)
  JOIN member_identity AS i ON i.tenant_id = $1 AND i.kind = n.kind AND i.value = n.value
 UNION ALL
SELECT n.line, h.member_id FROM unnest($2::int[], $3::text[], $4::text[]) AS n (line, kind, value)
  JOIN household_member AS h ON h.tenant_id = $1 AND n.kind = 'phone' AND h.phone = n.value"""


@dataclass(frozen=True, slots=True)
class Person:
    """A member by name; `contact`: what else leads to it, the phone masked."""

    id: UUID
    name: str
    contact: str
    active: bool


@dataclass(frozen=True, slots=True)
class Meant:
    """What was written, and who it leads to: nobody, somebody, or several among whom staff choose."""

    line: str
    people: list[Person]

    @property
    def sure(self) -> bool:
        return len(self.people) == 1 and self.people[0].active


async def people(ids: Sequence[UUID], speaks: Tongue) -> dict[UUID, Person]:
    """Those of these very members, by id."""
    rows = await member_rows(list(dict.fromkeys(ids)))
    return {
        row["id"]: _person(
            row["id"], row["name"], row["phone"], row["card_no"], row["external_id"], row["status"], speaks
        )
        for row in rows
    }


def _person(
    member_id: UUID,
    name: str | None,
    phone: str | None,
    card_no: str | None,
    external_id: str | None,
    status: str,
    speaks: Tongue,
) -> Person:
    title = name or card_no or external_id or mask_phone(phone) or speaks.say("Unnamed")
    parts = (mask_phone(phone), card_no, external_id)
    return Person(member_id, title, " · ".join(one for one in parts if one and one != title), status == "active")


async def meant(lines: Sequence[str], speaks: Tongue) -> list[Meant]:
    """Who each line means: a phone, card or external id; among few lines also the last four digits or a name."""
    found = await _led_to(lines)
    if len(lines) <= _SEARCHED:
        for n, line in enumerate(lines):
            if n not in found:
                found[n] = await _searched(line)
    known = await people([member_id for ids in found.values() for member_id in ids], speaks)
    return [
        Meant(line, [known[one] for one in dict.fromkeys(found.get(n, ())) if one in known])
        for n, line in enumerate(lines)
    ]


async def _led_to(lines: Sequence[str]) -> dict[int, list[UUID]]:
    asked = [(n, kind, value) for n, line in enumerate(lines) for kind, value in _readings(line)]
    if not asked:
        return {}
    rows = await connection().fetch(_LED_TO, current().tenant_id, *map(list, zip(*asked, strict=True)))
    found: dict[int, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["line"], []).append(row["member_id"])
    return found


def _readings(line: str) -> list[tuple[str, str]]:
    readings = [(CARD, line), (EXTERNAL_ID, line)]
    try:
        readings.append((PHONE, normalise_phone(line)))
    except InvalidValueError:
        return readings  # no phone number: it may be any of the others
    return readings


async def _searched(line: str) -> list[UUID]:
    try:
        listed = await list_members(parse_query(MembersQuery, {"q": line, "limit": str(_SEVERAL)}))
    except DomainError:
        return []  # not even a search text: nobody
    return [row["id"] for row in listed.rows]
