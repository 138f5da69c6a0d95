"""Ladders on which time alone brings nobody up: most nights of a history are nothing to them.

A schedule that fires every night would be half of a rebuild's work. On a ladder that evaluates each fact at once, and
whose conditions can only cease to hold as days go by, a firing matters to those whose validity or lock is over, and to
those about whom something was decided since the one before it.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.programme.conditions import places
from tenants.programme.document import Ladder
from tenants.programme.leaves import Leaf, RatingLeaf, parts
from tenants.programme.schedule import UntilNextSchedule
from tenants.programme.windows import (
    AnyWindow,
    CalendarMonth,
    CalendarQuarter,
    CalendarYear,
    Lifetime,
    MembershipYear,
)

_NOT_WALKED: Final = frozenset({"points_earned"})
_CONCERNED: Final = """
SELECT s.member_id FROM member_tier s
 WHERE s.tenant_id = $1 AND s.ladder = $2 AND s.member_id = ANY ($3::uuid[])
   AND (s.valid_until + $4::integer < $5 OR s.locked_until < $5 OR s.effective_at >= $6)"""


def is_quiet(ladder: Ladder) -> bool:
    """Whether no `qualify` of the ladder begins to hold without a fact of the member's own."""
    policy = ladder.policy
    if policy.upgrade != "immediate" or isinstance(policy.validity, UntilNextSchedule):
        return False
    conditions = [tier.qualify for tier in ladder.tiers if tier.qualify is not None]
    return all(not place.negated and _fades(place.leaf) for condition in conditions for place in places(condition))


def _fades(leaf: Leaf) -> bool:
    """Whether the leaf, without a fact, can only cease to hold. An old rating that leaves its window lifts the mean;
    some points are no facts of the walk: their days come with the calendar.
    """
    if leaf.lt is not None or not leaf.gte or leaf.gte < 0:
        return False
    if isinstance(leaf, RatingLeaf) and not isinstance(leaf.window, Lifetime):
        return False
    return all(
        part.window is not None and part.metric not in _NOT_WALKED and not _looks_back(part.window)
        for part in parts(leaf)
    )


def _looks_back(window: AnyWindow) -> bool:
    """Whether the window is a period gone by: a new one comes with the calendar."""
    match window:
        case CalendarMonth() | CalendarQuarter() | CalendarYear() | MembershipYear():
            return window.offset < 0
        case _:
            return False


async def concerned(ladder: Ladder, members: list[UUID], day: date, since: datetime) -> list[UUID]:
    """The members to whom a quiet ladder's firing at the midnight of `day` matters; `since`: its last one's instant."""
    rows = await connection().fetch(
        _CONCERNED, current().tenant_id, ladder.code, members, ladder.policy.grace_days, day, since
    )
    return [row["member_id"] for row in rows]
