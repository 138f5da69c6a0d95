"""The overview's numbers. Each is one statement over an index or one pass, whatever the number of members."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from saas.clock import tenant_now
from saas.ids import first_id_since
from saas.scope import connection, current
from tenants.programme.document import Programme

MONTHS: Final = 12
LAST_DECISIONS: Final = 20
LAST_WORK: Final = 6


@dataclass(frozen=True, slots=True)
class Growth:
    """Members now, and how many joined in each of the last twelve local months, this one last."""

    total: int
    joined: list[int]

    @property
    def this_month(self) -> int:
        return self.joined[-1]

    @property
    def last_month(self) -> int:
        return self.joined[-2]

    @property
    def totals(self) -> list[int]:
        """Members at the end of each of these months."""
        ends = [self.total]
        for joined in reversed(self.joined[1:]):
            ends.append(ends[-1] - joined)
        return ends[::-1]


@dataclass(frozen=True, slots=True)
class Sales:
    """Of the running local month. Amounts in minor units; `daily` has one amount a day from the first to today."""

    purchases: int
    amount: int
    members_amount: int
    daily: list[int]


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision and whom it is about. The member's identifiers are as stored: mask them before showing."""

    member_id: UUID
    name: str | None
    phone: str | None
    card_no: str | None
    external_id: str | None
    ladder: str
    reason: str
    cause: str
    from_tier: str
    to_tier: str
    from_rank: int
    to_rank: int
    effective_at: datetime
    programme_version: int


@dataclass(frozen=True, slots=True)
class Work:
    """An import or a recalculation. `progress` is 0…1; `counts` holds its numbers."""

    kind: str
    state: str
    progress: float
    created_at: datetime
    counts: dict[str, int]

    @property
    def running(self) -> bool:
        return self.state in {"queued", "running"}


async def today(zone: tzinfo) -> date:
    """The tenant's local day now."""
    return (await tenant_now()).astimezone(zone).date()


async def growth(day: date) -> Growth:
    """Members and joiners by the month of `day` and the eleven before it."""
    rows = await connection().fetch(  # by day: grouping dates is half the work of taking months out of them
        "SELECT joined_on, count(*) AS n FROM member WHERE tenant_id = $1 AND status = 'active' GROUP BY joined_on",
        current().tenant_id,
    )
    by_month: Counter[int] = Counter()
    for row in rows:
        by_month[row["joined_on"].year * 12 + row["joined_on"].month] += row["n"]
    this = day.year * 12 + day.month
    joined = [by_month[month] for month in range(this - MONTHS + 1, this + 1)]
    return Growth(by_month.total(), joined)


async def tier_counts(rules: Programme) -> dict[tuple[str, str], int]:
    """Members that hold a tier above the base, as `rules` have it: (ladder, tier) → count."""
    rows = await connection().fetch(
        "SELECT s.ladder, s.tier, count(*) AS n FROM member_tier s WHERE s.tenant_id = $1 AND s.rank > 0"
        " AND NOT EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 AND m.status = 'closed' AND m.id = s.member_id)"
        " AND NOT EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 AND m.status = 'erased' AND m.id = s.member_id)"
        " GROUP BY s.ladder, s.tier",  # those who have left are few, and have indexes of their own
        current().tenant_id,
    )
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        ladder = rules.ladder(row["ladder"])
        tier = None if ladder is None else rules.raised(ladder, row["tier"])
        counts[row["ladder"], row["tier"] if tier is None else tier.code] += row["n"]
    return counts


async def sales(day: date) -> Sales:
    """Purchases of the month of `day`, up to it.

    Ids grow with the time of recording, and a purchase is recorded at most a day before it occurs: the key's own
    order leaves out the years before. Only where a tenant's clock was moved does recording time say nothing.
    """
    first = day.replace(day=1)
    moved = await connection().fetchval(
        "SELECT clock_offset <> interval '0' FROM tenant WHERE tenant_id = $1", current().tenant_id
    )
    earliest = datetime.combine(first, time(), UTC) - timedelta(days=3)
    since = UUID(int=0) if moved else first_id_since(earliest)
    rows = await connection().fetch(
        "SELECT local_day, count(*) AS n, sum(amount)::bigint AS amount,"
        " coalesce(sum(amount) FILTER (WHERE member_id IS NOT NULL), 0)::bigint AS members_amount"
        " FROM purchase p WHERE tenant_id = $1 AND id >= $4 AND local_day BETWEEN $2 AND $3"
        " AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)"
        " GROUP BY local_day",
        current().tenant_id,
        first,
        day,
        since,
    )
    by_day = {row["local_day"]: row["amount"] for row in rows}
    return Sales(
        sum(row["n"] for row in rows),
        sum(by_day.values()),
        sum(row["members_amount"] for row in rows),
        [by_day.get(day.replace(day=1) + timedelta(days=n), 0) for n in range(day.day)],
    )


async def last_decisions() -> list[DecisionLine]:
    """The latest decisions, the newest first."""
    rows = await connection().fetch(
        "SELECT d.member_id, m.name, m.phone, m.card_no, m.external_id, d.ladder, d.reason, d.cause, d.from_tier,"
        " d.to_tier, d.from_rank, d.to_rank, d.effective_at, d.programme_version"
        " FROM decision d JOIN member m ON m.tenant_id = d.tenant_id AND m.id = d.member_id"
        " WHERE d.tenant_id = $1 ORDER BY d.effective_at DESC, d.id DESC LIMIT $2",
        current().tenant_id,
        LAST_DECISIONS,
    )
    return [DecisionLine(**row) for row in rows]


async def last_work() -> list[Work]:
    """The latest imports and recalculations, the newest first; ids are in the order of time."""
    rows = await connection().fetch(
        "(SELECT j.id, 'import-' || i.kind AS kind, i.state, j.progress, i.created_at,"
        " jsonb_build_object('rows', i.rows, 'imported', i.imported, 'updated', i.updated,"
        " 'unchanged', i.unchanged, 'failed', i.failed) AS counts"
        " FROM import_run i JOIN job j ON j.tenant_id = i.tenant_id AND j.id = i.id"
        " WHERE i.tenant_id = $1 ORDER BY i.id DESC LIMIT $2)"
        " UNION ALL"
        " (SELECT j.id, 'recalculation', j.state, j.progress, j.created_at,"
        " jsonb_build_object('members', r.members, 'evaluated', r.evaluated, 'upgraded', r.upgraded,"
        " 'renewed', r.renewed, 'downgraded', r.downgraded)"
        " FROM recalculation r JOIN job j ON j.tenant_id = r.tenant_id AND j.id = r.id"
        " WHERE r.tenant_id = $1 ORDER BY r.id DESC LIMIT $2)"
        " ORDER BY id DESC LIMIT $2",
        current().tenant_id,
        LAST_WORK,
    )
    return [_work(row) for row in rows]


def _work(row: Any) -> Work:
    return Work(row["kind"], row["state"], float(row["progress"]), row["created_at"], row["counts"])
