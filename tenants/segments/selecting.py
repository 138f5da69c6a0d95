"""Who a condition selects: a page, how many, which of some. Only active members are ever selected.

A million members are walked in ranges of ten thousand ids, each a statement of its own: none runs for long, none
holds a snapshot for long, and a page is done as soon as it is full.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import Moment, moment_of
from tenants.programme.versions import programme
from tenants.segments.compiler import Selection, selection
from tenants.segments.conditions import AnySegmentCondition, segment_leaves
from tenants.segments.planning import planned_for_many
from tenants.segments.properties import RfmGroupProperty
from tenants.segments.rfm import Scale, scale_at
from tenants.segments.usable import require_usable

RANGE: Final = 10_000
_FIRST_RANGE: Final = 1_000
"""A page of a segment that many are in is found among the newest members."""
PATIENCE: Final = 10.0
"""Seconds after which a walk ends with what it has found."""
_END: Final = UUID(int=2**128 - 1)

_NOW: Final = (
    "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"
)
_NEXT: Final = """
WITH n AS MATERIALIZED (
  SELECT m.id FROM member AS m WHERE m.tenant_id = $1 AND m.status = 'active' AND m.id < $2 ORDER BY m.id DESC LIMIT $3)
SELECT (SELECT id FROM n ORDER BY id LIMIT 1) AS first, (SELECT id FROM n ORDER BY id DESC LIMIT 1) AS last,
       EXISTS (SELECT FROM member AS m WHERE m.tenant_id = $1 AND m.status = 'active'
                  AND m.id < (SELECT id FROM n ORDER BY id LIMIT 1)) AS more
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of ids, the newest first. `after`: the id behind which the next page begins, None at the end. A page may
    be shorter than asked for, even empty, and go on: then the walk had taken long enough.
    """

    ids: list[UUID]
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many are selected; not `complete`: at least so many, since not all members were looked at."""

    count: int
    complete: bool


@dataclass(frozen=True)
class Segment:
    """A condition with everything that decides whom it selects at one moment."""

    condition: AnySegmentCondition
    programme: Programme
    moment: Moment
    scale: Scale | None
    _patience: float = field(default=PATIENCE, kw_only=True)

    async def page(self, before: UUID | None, limit: int) -> Found:
        """Up to `limit` members with ids below `before`."""
        found: list[UUID] = []
        after: UUID | None = None
        async with planned_for_many():
            async for first, last, more in self._ranges(before or _END):
                arguments = self._range.arguments(
                    current().tenant_id, (first, last), self.moment, limit + 1 - len(found)
                )
                found += [row["id"] for row in await connection().fetch(self._range.newest, *arguments)]
                if len(found) > limit:
                    return Found(found[:limit], found[limit - 1])
                after = first if more else None
        return Found(found, after)

    async def count(self) -> Counted:
        """How many members there are in it."""
        total, complete = 0, True
        async with planned_for_many():
            async for first, last, more in self._ranges(_END):
                arguments = self._range.arguments(current().tenant_id, (first, last), self.moment)
                total += await connection().fetchval(self._range.counting, *arguments)
                complete = not more
        return Counted(total, complete)

    async def among(self, members: Sequence[UUID]) -> set[UUID]:
        """Which of these members it selects."""
        some = selection(self.condition, self.programme, Ids.SOME, self.scale)
        async with planned_for_many():
            rows = await connection().fetch(
                some.sql, *some.arguments(current().tenant_id, (list(members),), self.moment)
            )
        return {row["id"] for row in rows}

    async def has(self, member: UUID) -> bool:
        """Whether it selects this member."""
        one = selection(self.condition, self.programme, Ids.ONE, self.scale)
        arguments = one.arguments(current().tenant_id, (member,), self.moment)
        return await connection().fetchval(one.sql, *arguments) is not None

    @cached_property
    def _range(self) -> Selection:
        return selection(self.condition, self.programme, Ids.RANGE, self.scale)

    async def _ranges(self, before: UUID) -> AsyncIterator[tuple[UUID, UUID, bool]]:
        """First and last id of each range, from the newest members on, and whether older ones are left behind it."""
        started, size = monotonic(), _FIRST_RANGE
        while True:
            row = await connection().fetchrow(_NEXT, current().tenant_id, before, size)
            if row is None or row["first"] is None:
                return
            yield row["first"], row["last"], row["more"]
            if not row["more"] or monotonic() - started > self._patience:
                return
            before, size = row["first"], RANGE


async def segment_of(condition: AnySegmentCondition, *, patience: float = PATIENCE, by_system: bool = False) -> Segment:
    """The condition as of now, on the tenant's clock and under the rules in force; walks end after `patience` seconds.

    Raises DomainError `segment-outdated`, `forbidden` (`tenants.segments.usable`). `by_system`:
    whoever the caller is, who may know of it was asked before.
    """
    row = await connection().fetchrow(_NOW, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    rules = await programme(row["programme_version"])
    await require_usable(condition, rules, by_system=by_system)
    moment = _moment(row["now"].astimezone(UTC), ZoneInfo(row["timezone"]))
    asks = any(isinstance(leaf, RfmGroupProperty) for leaf in segment_leaves(condition))
    return Segment(condition, rules, moment, await scale_at(moment.day) if asks else None, _patience=patience)


def _moment(now: datetime, zone: ZoneInfo) -> Moment:
    """D and the like; nothing is decided, so cause and fact are of nobody's interest."""
    return moment_of(now, zone, firing=False, recorded_at=now, cause="manual", cause_id=UUID(int=0))
