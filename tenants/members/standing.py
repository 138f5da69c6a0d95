"""Members' tiers as they are shown."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import Validity, gone_on
from tenants.programme.versions import current_programme
from tenants.tiers.runs import last_runs

Standing = dict[str, Any]


async def standings(joined: Mapping[UUID, date], locale: str) -> dict[UUID, dict[str, Standing]]:
    """For members by id (with the day they joined) their tiers by ladder code, in the programme's order:
    `{ladder, code, name, since, valid_until}`, names in `locale`. One query, however many members.

    Without a decision a member is in the base tier since it joined.
    """
    programme = await current_programme()
    rows = await connection().fetch(
        "SELECT member_id, ladder, tier, rank, since, valid_from, valid_until, locked_until, may_rise FROM member_tier"
        " WHERE tenant_id = $1 AND member_id = ANY($2::uuid[])",
        current().tenant_id,
        list(joined),
    )
    decided = {(row["member_id"], row["ladder"]): row for row in rows}
    ran = await last_runs()
    return {
        member_id: {
            ladder.code: standing(programme, ladder, decided.get((member_id, ladder.code)), joined_on, locale, ran)
            for ladder in programme.ladders
        }
        for member_id, joined_on in joined.items()
    }


def standing(
    rules: Programme,
    ladder: Ladder,
    row: Mapping[str, Any] | asyncpg.Record | None,
    joined_on: date,
    locale: str,
    ran: Mapping[str, date],
) -> Standing:
    """The member's tier of one ladder by its row of `member_tier`; `ran`: the day of the ladder's last run, if any."""
    tier = ladder.tiers[0] if row is None else rules.present(ladder, row["tier"], row["rank"])
    code = row["tier"] if row is not None and tier is None else (tier or ladder.tiers[0]).code
    return {
        "ladder": ladder.code,
        "code": code,
        "name": code if tier is None else tier.names.get(locale),
        "since": joined_on if row is None else row["since"],
        "valid_until": None if row is None else gone_on(rules, ladder, Validity.of(row), ran).valid_until,
    }
