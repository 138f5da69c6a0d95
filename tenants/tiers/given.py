"""Standings that something else than the rules gives: staff by hand, a merge, an opening balance, an undo.

They are decisions like the others, with the values of the moment; what follows starts from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.moment import Moment
from tenants.tiers.deciding import Way, statement_for


@dataclass(frozen=True, slots=True)
class Given:
    """A member's whole standing on one ladder (its code) from now on. `rank` is the tier's."""

    member_id: UUID
    ladder: str
    reason: Literal["manual", "import", "merge", "refund"]
    cause_id: UUID
    tier: str
    rank: int
    since: date
    valid_from: date
    valid_until: date | None
    fell_on: date | None
    locked_until: date | None = None
    may_rise: bool = True


async def give(rows: Sequence[Given], rules: Programme, moment: Moment) -> list[asyncpg.Record]:
    """Writes a decision for each row, at most one a member and ladder; the caller holds the members' locks.

    Answers `member_id`, `ladder` (its index), `from_tier`, `to_tier`, `reason` and `decision_id` of each.
    """
    if not rows:
        return []
    codes = {row.ladder for row in rows}
    ladders = tuple(j for j, ladder in enumerate(rules.ladders) if ladder.code in codes)
    statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, Way.GIVEN)
    ids = sorted({row.member_id for row in rows})
    arguments = statement.arguments(current().tenant_id, (ids,), moment, [_as_json(row) for row in rows])
    return await connection().fetch(statement.sql, *arguments, timeout=120)


def find_tier(rules: Programme, tier: str, ladder: str | None = None) -> tuple[Ladder, Tier] | None:
    """The tier of this code, on this ladder or on the first that has it; None: there is none."""
    for one in rules.ladders:
        found = one.tier(tier) if ladder in (None, one.code) else None
        if found is not None:
            return one, found
    return None


_NAMES: Final = tuple(field.name for field in fields(Given))


def _as_json(row: Given) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _NAMES}  # `asdict` copies each id, a batch of them for half a second
    told["id"] = told.pop("member_id")
    told["to_tier"], told["to_rank"] = told.pop("tier"), told.pop("rank")
    return {name: str(value) if isinstance(value, UUID | date) else value for name, value in told.items()}
