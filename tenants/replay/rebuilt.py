"""A rebuild made a person's decisions anew from history that isn't known in its order: they are where a replay begins.

What it wrote without a decision, renewals until the next schedule of a ladder with grace, follows from the schedules
since the last one: none of them decided anything else.
"""

from datetime import date, timedelta
from uuid import UUID

from tenants.programme.document import Ladder
from tenants.programme.schedule import latest_schedule_day, next_schedule_day
from tenants.programme.windows import ONE_DAY, local_day
from tenants.replay.facts import Batch, Facts, Row
from tenants.replay.person import Person
from tenants.replay.standing import Standing, Tiers
from tenants.replay.steps import is_silent
from tenants.replay.stored import decision_of


def start(person: Person, facts: Facts, batch: Batch) -> None:
    """Sets the person's tiers to what the rebuild's batch left."""
    rows: dict[UUID, list[Row]] = {}
    for row in facts.stored["decision"]:
        if row["recorded_at"] <= batch.evaluated_at:
            rows.setdefault(row["member_id"], []).append(row)
    for record in person.records.values():
        record.tiers = Tiers()
        record.looked.clear()
        for row in rows.get(record.id, ()):
            record.tiers.write(decision_of(row))
        if (merged := person.into.get(record.id)) is not None and merged[0] <= batch.evaluated_at:
            record.tiers.held.clear()
        rules = person.chain.at(batch.evaluated_at)
        today = local_day(batch.evaluated_at, person.chain.zone)
        for code, standing in list(record.tiers.held.items()):
            ladder = rules.ladder(code)
            if ladder is not None:
                _renew(record.tiers, ladder, standing, today)


def _renew(tiers: Tiers, ladder: Ladder, standing: Standing, today: date) -> None:
    """Moves a validity on, firing by firing."""
    policy, ends = ladder.policy, standing.valid_until
    if not is_silent(ladder) or policy.grace_days == 0 or ends is None or standing.rank == 0:
        return
    while True:
        day = next_schedule_day(policy.schedule, ends + timedelta(days=policy.grace_days))
        if day > latest_schedule_day(policy.schedule, today):
            return
        ends = next_schedule_day(policy.schedule, day) - ONE_DAY
        tiers.move(ladder.code, valid_from=day, valid_until=ends)
