"""The members that the list's filters find, as CSV for a spreadsheet, in short scopes."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from saas.csv_text import csv_line
from saas.i18n import Tongue, n_
from saas.money import to_decimal
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from tenants.member_pages.bulk import query_of
from tenants.members.listing import list_members
from tenants.members.phones import mask_phone
from tenants.members.showing import shown
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme

HEAD: Final = (
    n_("Name"),
    n_("Phone"),
    n_("Card number"),
    n_("Member number"),
    n_("Birthday"),
    n_("Joined on"),
    n_("Branch"),
    n_("Tags"),
    n_("Points"),
    n_("Stored value"),
    n_("Visits"),
    n_("Last visit"),
)
_BATCH: Final = 500
_BOM: Final = "\ufeff"
_TOTALS: Final = "SELECT member_id, purchases, last_day FROM member_total WHERE tenant_id = $1 AND member_id = ANY ($2)"
_PLACE: Final = (
    "SELECT currency, (SELECT jsonb_object_agg(b.id, b.name) FROM branch b WHERE b.tenant_id = $1) AS names"
    " FROM tenant WHERE tenant_id = $1"
)

Cell = str | Decimal | int | None


async def members_csv(
    tenant_id: UUID, principal: Principal, filters: dict[str, str], speaks: Tongue
) -> AsyncIterator[bytes]:
    """Whole phone numbers for who may everything, masked ones for the others. Each page is as of its own moment."""
    whole, first = principal.may("admin"), True
    cursor: str | None = None
    while True:
        async with tenant_scope(tenant_id, principal=principal):
            rules = await current_programme()
            listed = await list_members(query_of(filters, _BATCH, cursor))
            lines = await _lines(listed.rows, rules, speaks, whole=whole)
        if first:
            yield (_BOM + csv_line([*(speaks.say(name) for name in HEAD), *_own(rules, speaks)])).encode()
            first = False
        if lines:
            yield "".join(csv_line(line) for line in lines).encode("utf-8", "replace")
        cursor = listed.after
        if cursor is None:
            return


def _own(rules: Programme, speaks: Tongue) -> list[str]:
    """The chain's ladders and attributes."""
    names = [ladder.names for ladder in rules.ladders] + [attribute.names for attribute in rules.attributes]
    return [one.get(speaks.language) for one in names]


async def _lines(rows: Any, rules: Programme, speaks: Tongue, *, whole: bool) -> list[list[Cell]]:
    if not rows:
        return []
    place: Any = await connection().fetchrow(_PLACE, current().tenant_id)
    found = await connection().fetch(_TOTALS, current().tenant_id, [row["id"] for row in rows])
    totals = {row["member_id"]: row for row in found}
    lines = []
    for member in await shown(rows, speaks.language):
        total, wallet = totals.get(member["id"]), member["wallet"]
        lines.append(
            [
                member["name"],
                _number(member["phone"]) if whole else mask_phone(member["phone"]),
                member["card_no"],
                member["external_id"],
                _day(member["birthday"]),
                _day(member["joined_on"]),
                (place["names"] or {}).get(str(member["branch_id"])),
                ", ".join(member["tags"]),
                member["points"]["balance"],
                to_decimal(wallet["principal"] + wallet["bonus"], place["currency"]),
                total["purchases"] if total else 0,
                _day(total["last_day"] if total else None),
                *(member["tiers"].get(ladder.code, {}).get("name") for ladder in rules.ladders),
                *(_plain(member["attributes"].get(one.code), speaks) for one in rules.attributes),
            ]
        )
    return lines


def _number(phone: str | None) -> str | None:
    """As people of the country write it: a sheet takes a leading plus for a formula."""
    return None if phone is None else phone.removeprefix("+86")


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def _plain(value: object, speaks: Tongue) -> Cell:
    if isinstance(value, bool):
        return speaks.say("Yes") if value else speaks.say("No")
    return value if isinstance(value, (Decimal, int)) or value is None else str(value)
