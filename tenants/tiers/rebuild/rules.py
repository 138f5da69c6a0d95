"""The versions of the rules that a rebuild walks through, and what each does to members by itself when it comes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.programme.schedule import latest_schedule_day, next_schedule_day, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import local_day

FIRST_FACT: Final = """
SELECT least((SELECT recorded_at FROM purchase WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM activity WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM top_up WHERE tenant_id = $1 ORDER BY id LIMIT 1),
             (SELECT recorded_at FROM tier_act WHERE tenant_id = $1 ORDER BY id LIMIT 1))"""
"""When the chain's first fact was recorded here; NULL where it has none."""
_VERSIONS: Final = "SELECT version FROM programme_version WHERE tenant_id = $1 ORDER BY version"
_BEGINS: Final = """
SELECT m.id, least(m.joined_on, f.first_day) AS day, least(m.created_at, f.first_at) AS at, m.created_at
  FROM member m
  LEFT JOIN (SELECT member_id, min(on_day) AS first_day, min(at) AS first_at FROM rebuild_fact GROUP BY 1) f
    ON f.member_id = m.id
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The day on which a member's history begins, that of joining or of the first fact where that is earlier, and the
    instant by which it surely has begun: the first fact's or that of the record, which was `created_at`.

    Who brings nothing but sales along has members who joined on the day of the migration.
    """

    day: date
    at: datetime
    created_at: datetime

    def before(self, instant: datetime, zone: ZoneInfo) -> bool:
        """Whether it had begun before an instant."""
        return self.at < instant or self.day < local_day(instant, zone)


@dataclass(frozen=True, slots=True)
class Rules:
    """The versions of the programme in their order; `publishes` are the instants from which the second, the third, …
    was in force. The first one was in force before all of them.
    """

    versions: Sequence[Programme]
    publishes: Sequence[datetime]

    def place(self, instant: datetime) -> int:
        """How many publishes there had been by an instant: the place of the version that was in force."""
        return bisect_right(self.publishes, instant)

    def at(self, instant: datetime) -> Programme:
        """The version in force at an instant."""
        return self.versions[self.place(instant)]

    def is_first_under(self, instant: datetime, bought: int | None, beginning: Beginning, zone: ZoneInfo) -> bool:
        """Whether a sale at an instant is the first of a member under rules that give members their tier at their next
        purchase; `bought`: the version of the last sale before it. Who came under them has nothing to pass over.
        """
        place = self.place(instant)
        rules = self.versions[place]
        begins = rules.published.effective_at
        if rules.published.transition != "next_purchase" or begins is None or (bought or 0) >= rules.version:
            return False
        if place == 0:  # nothing came before them here, but who was recorded before was asked to wait for a purchase
            return beginning.created_at < begins
        return beginning.before(self.publishes[place - 1], zone)


def used_since(versions: Sequence[Programme], first_fact: datetime | None) -> Rules:
    """The versions (all that there are, in their order) from the one on that was in force when the chain's first fact
    came. What was published before that was setting up: older history has the rules that the chain began with.

    A publish at a time may have come late, and still is of its own instant; none is before the one before it.
    """
    began = [one.published.published_at for one in versions]
    before = [at for at in began if at is not None and first_fact is not None and at <= first_fact]
    used = versions[max(0, len(before) - 1) :]
    instants = [one.published.effective_at for one in used[1:]]
    return Rules(used, list(accumulate((at for at in instants if at is not None), max)))


def moves_at(rules: Programme, ladder: Ladder, day: date, zone: ZoneInfo) -> bool:
    """Whether the ladder's schedule at the midnight of `day` is its first one under rules that give members their tier
    at their next schedule.
    """
    begins = rules.published.effective_at
    if rules.published.transition != "next_schedule" or begins is None:
        return False
    today, schedule = local_day(begins, zone), ladder.policy.schedule
    if latest_schedule_day(schedule, today) == today and schedule_instant(today, zone) >= begins:
        return day == today
    return day == next_schedule_day(schedule, today)


async def rules_ever() -> Rules:
    """The versions of the current tenant's programme that its history has seen."""
    tenant_id = current().tenant_id
    rows = await connection().fetch(_VERSIONS, tenant_id)
    versions = [await programme(row["version"]) for row in rows]
    return used_since(versions, await connection().fetchval(FIRST_FACT, tenant_id))


async def beginnings(members: Sequence[UUID]) -> Mapping[UUID, Beginning]:
    """When each member's history begins; their facts are gathered."""
    rows = await connection().fetch(_BEGINS, current().tenant_id, members)
    return {row["id"]: Beginning(row["day"], row["at"], row["created_at"]) for row in rows}
