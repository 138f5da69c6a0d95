"""What a night does to a rule's tasks, for some of its members at a time, set by set.

Who is no longer one of them loses the open task; who came by itself has it settled, where the rule says so; who has
none and is due gets one. Twice in a night is once: what is there is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.programme.windows import ONE_DAY

# What is ended by the system has no act; `$3` up to before `$4` is the range of members that was looked at.
_DROP: Final = """
UPDATE task AS t SET state = 'dropped', ended_at = $5, ended_on = $6, ended_by = 'system'
 WHERE t.tenant_id = $1 AND t.rule_id = $2 AND t.state = 'open' AND t.member_id >= $3 AND t.member_id < $4
   AND (t.member_id <> ALL ($7::uuid[]) OR (t.campaign_id IS NOT NULL AND t.campaign_id <> ALL ($8::uuid[])))"""
# A visit is as good as a call: the rhythm counts from it.
_SETTLE: Final = """
WITH o AS MATERIALIZED (
    SELECT t.id, t.made_on, (SELECT x.last_day FROM member_total x
                              WHERE x.tenant_id = $1 AND x.member_id = t.member_id) AS last_day
      FROM task t
     WHERE t.tenant_id = $1 AND t.rule_id = $2 AND t.state = 'open' AND t.member_id = ANY ($3::uuid[]))
UPDATE task AS t SET state = 'settled', ended_at = $4, ended_on = $5, ended_by = 'system',
       rests_from = least(o.last_day, $5)
  FROM o WHERE t.tenant_id = $1 AND t.id = o.id AND o.last_day >= o.made_on"""
# Home is the branch that registered the member, else the one where it last bought something that it still has, under
# whichever record; one that has closed is nobody's home. Worth is the spend of twelve months up to the day before.
_HOMES: Final = """
h AS MATERIALIZED (
    SELECT w.id, own.id AS branch_id FROM w JOIN member m ON m.tenant_id = $1 AND m.id = w.id
      LEFT JOIN branch own ON own.tenant_id = $1 AND own.id = m.branch_id AND own.closed_at IS NULL),
records AS MATERIALIZED (
    SELECT h.id, h.id AS record FROM h WHERE h.branch_id IS NULL
     UNION ALL
    SELECT h.id, o.id FROM h JOIN member o ON o.tenant_id = $1 AND o.merged_into = h.id WHERE h.branch_id IS NULL),
bought AS (
    SELECT DISTINCT ON (r.id) r.id, b.id AS branch_id FROM records r CROSS JOIN LATERAL (
        SELECT p.branch_id, p.local_day, p.occurred_at FROM purchase p
          LEFT JOIN purchase_refunded f ON f.tenant_id = $1 AND f.purchase_id = p.id
         WHERE p.tenant_id = $1 AND p.member_id = r.record AND (p.amount = 0 OR p.amount > coalesce(f.refunded, 0))
           AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)
         ORDER BY p.local_day DESC, p.occurred_at DESC LIMIT 1) l
      LEFT JOIN branch b ON b.tenant_id = $1 AND b.id = l.branch_id AND b.closed_at IS NULL
     ORDER BY r.id, l.local_day DESC, l.occurred_at DESC),
homes AS (
    SELECT h.id, coalesce(h.branch_id, b.branch_id) AS branch_id, (
        SELECT coalesce(sum(a.spend), 0)::bigint FROM member_day a
         WHERE a.tenant_id = $1 AND a.member_id = h.id AND a.day > ($4::date - interval '12 months')::date
           AND a.day <= $4::date) AS value
      FROM h LEFT JOIN bought b ON b.id = h.id)"""
MAKE: Final = f"""
WITH w AS MATERIALIZED (
    SELECT n.id FROM unnest($3::uuid[]) AS n (id) CROSS JOIN LATERAL (
        SELECT max(t.rests_from) AS rests_from, max(t.not_before) AS not_before, bool_or(t.state = 'open') AS open,
               bool_or(t.campaign_id = $8::uuid AND t.period = $9::text) AS had
          FROM task t WHERE t.tenant_id = $1 AND t.rule_id = $2 AND t.member_id = n.id) r
     WHERE r.open IS NOT TRUE AND coalesce(r.not_before <= $5::date, true)
       AND CASE WHEN $8 IS NULL
                THEN coalesce((r.rests_from + make_interval(months => $10, days => $11))::date <= $5::date, true)
                ELSE r.had IS NOT TRUE END),
{_HOMES}
INSERT INTO task AS t (tenant_id, rule_id, member_id, branch_id, campaign_id, period, state, value, made_at, made_on,
                       due_on, rests_from)
SELECT $1, $2, s.id, s.branch_id, $8, $9, 'open', s.value, $6, $5, $7, $5 FROM homes s ORDER BY s.id
ON CONFLICT (tenant_id, rule_id, member_id) WHERE state = 'open' DO NOTHING"""
_OPEN: Final = """
SELECT t.id, t.member_id FROM task t
 WHERE t.tenant_id = $1 AND t.rule_id = $2 AND t.state = 'open' AND t.member_id = ANY ($3::uuid[])"""
# The tasks are named one by one: of a rule whose first thousands were just made the planner knows of no row yet, and
# would look through all of them for each member.
REFRESH: Final = f"""
WITH w AS MATERIALIZED (SELECT n.id, n.task_id FROM unnest($2::uuid[], $3::uuid[]) AS n (id, task_id)),
{_HOMES}
UPDATE task AS t SET branch_id = s.branch_id, value = s.value FROM w JOIN homes s ON s.id = w.id
 WHERE t.tenant_id = $1 AND t.id = w.task_id AND t.id = ANY ($3::uuid[]) AND t.state = 'open'
   AND (t.branch_id, t.value) IS DISTINCT FROM (s.branch_id, s.value)"""
_DROP_ALL: Final = """
UPDATE task AS t SET state = 'dropped', ended_at = $3, ended_on = $4, ended_by = 'system'
 WHERE t.tenant_id = $1 AND t.id IN (SELECT o.id FROM task o WHERE o.tenant_id = $1 AND o.rule_id = $2
                                        AND o.state = 'open' ORDER BY o.member_id LIMIT $5)"""
# Values of a thousand ids are too many for what one plan thinks of all of them.
_PLANNED: Final = "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL max_parallel_workers_per_gather = 0"


@dataclass(frozen=True, slots=True)
class Tonight:
    """The chain's now, and the local day that it falls on."""

    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class Called:
    """A campaign and its period, for a rule without a rhythm."""

    campaign_id: UUID
    period: str


async def planned() -> None:
    """For the statements below, until the transaction ends."""
    await connection().execute(_PLANNED)


async def drop(
    rule_id: UUID, span: tuple[UUID, UUID], members: Sequence[UUID], campaigns: Sequence[UUID], tonight: Tonight
) -> None:
    """Ends the open tasks of those with ids from the first of `span` to before the second who aren't `members`, and
    those that came of other campaigns than these.
    """
    await connection().execute(
        _DROP,
        current().tenant_id,
        rule_id,
        *span,
        tonight.now,
        tonight.today,
        list(members),
        list(campaigns),
    )


async def drop_some(rule_id: UUID, most: int, tonight: Tonight) -> int:
    """Ends up to `most` of the rule's open tasks; how many these were."""
    tag = await connection().execute(_DROP_ALL, current().tenant_id, rule_id, tonight.now, tonight.today, most)
    return int(tag.rpartition(" ")[2])


async def settle(rule_id: UUID, members: Sequence[UUID], tonight: Tonight) -> None:
    """Ends the open tasks of those of the members who have bought since theirs was made."""
    arguments = (current().tenant_id, rule_id, list(members), tonight.now, tonight.today)
    await connection().execute(_SETTLE, *arguments)


async def make(rule: asyncpg.Record, members: Sequence[UUID], tonight: Tonight, called: Called | None) -> None:
    """A task for each of the members who has none open, and whose last one of the rule lies far enough back; where a
    campaign calls, who had none of it.
    """
    every = rule["every"]
    await connection().execute(
        MAKE,
        current().tenant_id,
        rule["id"],
        list(members),
        tonight.today - ONE_DAY,
        tonight.today,
        tonight.now,
        tonight.today + timedelta(days=rule["due_days"] - 1),
        None if called is None else called.campaign_id,
        None if called is None else called.period,
        every.get("months", 0),
        every.get("days", 0),
    )


async def refresh(rule_id: UUID, members: Sequence[UUID], tonight: Tonight) -> None:
    """Open tasks follow their members' home and worth."""
    rows = await connection().fetch(_OPEN, current().tenant_id, rule_id, list(members))
    if rows:
        named = [row["member_id"] for row in rows], [row["id"] for row in rows]
        await connection().execute(REFRESH, current().tenant_id, *named, tonight.today - ONE_DAY)
