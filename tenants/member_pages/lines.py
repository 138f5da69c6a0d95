"""Members as lines of a list: as many queries for one as for many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.clock import tenant_now
from saas.i18n import Tongue
from saas.scope import connection, current
from tenants.frame import Frame
from tenants.members.phones import mask_phone
from tenants.members.showing import shown
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.tiers.labels import tone_of

# What was bought, and where the last time: under the member's own id or that of a record merged into it.
_BOUGHT: Final = """
SELECT t.member_id, t.purchases, t.spend, t.last_at, b.name AS branch
  FROM member_total AS t
  LEFT JOIN LATERAL (
       SELECT p.branch_id FROM purchase AS p
        WHERE p.tenant_id = $1 AND p.local_day = t.last_day AND p.occurred_at = t.last_at
          AND p.member_id = ANY (ARRAY(
              SELECT t.member_id
              UNION ALL SELECT m.id FROM member AS m WHERE m.tenant_id = $1 AND m.merged_into = t.member_id))
          AND NOT EXISTS (SELECT FROM purchase_undone AS e WHERE e.tenant_id = $1 AND e.purchase_id = p.id)
        ORDER BY p.id DESC LIMIT 1) AS v ON true
  LEFT JOIN branch AS b ON b.tenant_id = $1 AND b.id = v.branch_id
 WHERE t.tenant_id = $1 AND t.member_id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class TierMark:
    """A tier by name, in its colour."""

    ladder: str
    name: str
    tone: int


@dataclass(frozen=True, slots=True)
class MemberLine:
    """`contact`: identifiers beside the phone. `phone`: masked; "" where there is none, or it is the name. Money and
    times as the reader writes them.
    """

    id: UUID
    name: str
    tint: int
    contact: str
    phone: str
    tiers: list[TierMark]
    points: str
    wallet: str
    visits: str
    spend: str
    last_visit: str
    branch: str


async def member_lines(rows: Sequence[asyncpg.Record], around: Frame, speaks: Tongue) -> list[MemberLine]:
    """The lines of these members' rows, in their order."""
    if not rows:
        return []
    rules, year = await current_programme(), (await tenant_now()).astimezone(around.timezone).year
    found = await connection().fetch(_BOUGHT, current().tenant_id, [row["id"] for row in rows])
    bought = {row["member_id"]: row for row in found}
    return [
        _line(member, bought.get(member["id"]), rules, around, speaks, year)
        for member in await shown(rows, speaks.language)
    ]


def title_of(member: dict[str, Any], speaks: Tongue) -> str:
    """What a member is called: its name, else what leads to it."""
    return (
        member["name"]
        or member["card_no"]
        or member["external_id"]
        or mask_phone(member["phone"])
        or speaks.say("Unnamed")
    )


def contact_of(member: dict[str, Any], title: str) -> str:
    parts = (mask_phone(member["phone"]), member["card_no"], member["external_id"])
    return " · ".join(part for part in parts if part and part != title)


def tier_marks(member: dict[str, Any], rules: Programme) -> list[TierMark]:
    """The member's tiers, one on each ladder."""
    marks = []
    for code, held in member["tiers"].items():
        ladder = rules.ladder(code)
        tier = None if ladder is None else ladder.tier(held["code"])
        tone = 0 if ladder is None or tier is None else tone_of(tier.rank, len(ladder.tiers))
        marks.append(TierMark(code, held["name"], tone))
    return marks


def _line(
    member: dict[str, Any],
    bought: asyncpg.Record | None,
    rules: Programme,
    around: Frame,
    speaks: Tongue,
    year: int,
) -> MemberLine:
    phone = mask_phone(member["phone"])
    wallet, title = member["wallet"]["principal"] + member["wallet"]["bonus"], title_of(member, speaks)
    return MemberLine(
        member["id"],
        title,
        member["id"].int % 6,
        contact_of({**member, "phone": None}, title),
        "" if phone is None or phone == title else phone,
        tier_marks(member, rules),
        speaks.number(member["points"]["balance"]),
        speaks.money(wallet, around.currency) if wallet else "—",
        speaks.number(bought["purchases"] if bought else 0),
        speaks.money(bought["spend"], around.currency) if bought else "—",
        speaks.moment(bought["last_at"], around.timezone, year=year) if bought else "—",
        bought["branch"] or "" if bought else "",
    )
