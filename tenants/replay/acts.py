"""What others than the rules do to a tier, again: staff by hand, opening balances, merges, undos."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.kept import ended_here, gone_on
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import valid_until, validity_since
from tenants.programme.windows import ONE_DAY
from tenants.replay.facts import Row
from tenants.replay.person import Person, Record
from tenants.replay.standing import Mark, Standing
from tenants.replay.steps import is_silent, present
from tenants.tiers.recheck import recheck_due


def act_by_hand(person: Person, record: Record, act: Row) -> None:
    """A row of `tier_act`: set, unlock or opening."""
    at: datetime = act["recorded_at"]
    rules = person.chain.by(act["programme_version"], at)
    ladder = rules.ladder(act["ladder"])
    if ladder is None:
        return
    moment = moment_of(
        at,
        person.chain.zone,
        firing=act["act"] != "set",
        recorded_at=at,
        cause="import" if act["act"] == "opening" else "manual",
        cause_id=act["import_id"] or act["id"],
    )
    act_as_of(record, act, rules, ladder, moment)


def act_as_of(record: Record, act: Row, rules: Programme, ladder: Ladder, moment: Moment) -> None:
    """The same by rules and at a moment that somebody else has settled."""
    kind, cause_id = act["act"], moment.cause_id
    tier = None if kind == "unlock" else ladder.tier(act["tier"])
    if kind == "unlock":
        _unlock(record, rules, ladder, moment)
    elif tier is None:
        return
    elif kind == "set":
        record.give(rules, ladder, _set(record, rules, ladder, tier, act["locked_until"], moment), moment, cause_id)
    else:
        record.give(rules, ladder, _opened(record, ladder, tier, act["since"], moment), moment, cause_id)


def _set(record: Record, rules: Programme, ladder: Ladder, tier: Tier, until: date, moment: Moment) -> Standing:
    """Who was lowered stays so under the lock, also if the lock is moved."""
    now, today = record.held(rules, ladder, moment), moment.today
    under_lock = now.locked_until is not None and now.locked_until >= today
    stays = tier.rank < now.rank or (tier.rank == now.rank and under_lock and not now.may_rise)
    return Standing(
        tier.code,
        tier.rank,
        since=today,
        valid_from=today,
        valid_until=until if tier.rank > 0 else None,
        fell_on=now.fell_on,
        locked_until=until,
        may_rise=not stays,
        reason="manual",
        effective_at=moment.at,
    )


def _unlock(record: Record, rules: Programme, ladder: Ladder, moment: Moment) -> None:
    """The lock's end is set back behind today, then the rules decide as a schedule would."""
    standing = record.tiers.held.get(ladder.code)
    if standing is None:
        return
    over = moment.today - ONE_DAY - timedelta(days=ladder.policy.grace_days)
    ends = None if standing.valid_until is None else over
    record.tiers.move(ladder.code, may_rise=True, locked_until=over, valid_until=ends)
    record.evaluate(ended_here(rules), {ladder.code}, moment, own=True)
    kept = record.tiers.held[ladder.code]
    if kept.locked_until is None:
        return
    changes: dict[str, Any] = {"locked_until": None}
    if kept.rank == 0:
        changes["valid_until"] = None
    elif is_silent(ladder):
        changes["valid_from"] = moment.today
        changes["valid_until"] = valid_until(ladder.policy, moment.today)
    record.tiers.move(ladder.code, **changes)


def _opened(record: Record, ladder: Ladder, tier: Tier, since: date, moment: Moment) -> Standing:
    begins, ends = validity_since(ladder.policy, since, moment.today)
    held = record.tiers.held.get(ladder.code)
    return Standing(
        tier.code,
        tier.rank,
        since=since,
        valid_from=begins,
        valid_until=ends if tier.rank > 0 else None,
        fell_on=None if held is None else held.fell_on,
        locked_until=None,
        may_rise=True,
        reason="import",
        effective_at=moment.at,
    )


# --- merges ---------------------------------------------------------------------------------------


def unite(person: Person, row: Row) -> None:
    """Facts, sums, marks and the day of joining; the tiers are `merge_tiers`'s."""
    own, other = person.records[row["member_id"]], person.records[row["other_id"]]
    person.into[other.id] = (row["recorded_at"], own.id)
    own.sums.unite(other.sums)
    own.joined_on = min(own.joined_on, other.joined_on)
    for ladder, mark in other.tiers.marks.items():
        mine = own.tiers.marks.get(ladder)
        if mine is None or mine.due_at > mark.due_at:
            own.tiers.marks[ladder] = mark
    other.tiers.marks.clear()


def merge_tiers(person: Person, row: Row) -> None:
    """Per ladder the higher standing; of two locks at one rank the later; then upward."""
    own, other = person.records[row["member_id"]], person.records[row["other_id"]]
    at: datetime = row["recorded_at"]
    known: dict[str, Any] = row["detail"].get("tiers", {})
    rules = person.chain.by(known.get("programme_version"), at)
    runs = {ladder: date.fromisoformat(day) for ladder, day in known.get("last_runs", {}).items()}
    moment = moment_of(at, person.chain.zone, firing=False, recorded_at=at, cause="merge", cause_id=row["id"])
    taken: list[tuple[Ladder, Standing]] = []
    for ladder in rules.ladders:
        mine, theirs = own.tiers.held.get(ladder.code), other.tiers.held.get(ladder.code)
        if theirs is None:
            continue
        tier, rank = present(rules, ladder, theirs.tier, theirs.rank)
        own_rank = 0 if mine is None else present(rules, ladder, mine.tier, mine.rank)[1]
        if rank > own_rank:
            held_on = theirs.holding(gone_on(rules, ladder, theirs.validity, runs))
            taken.append((ladder, replace(held_on, tier=tier, rank=rank, reason="merge", effective_at=at)))
        elif mine is not None and rank == own_rank:
            held_on = mine.holding(gone_on(rules, ladder, mine.validity, runs))
            _lock_later(own, ladder, held_on, theirs, moment.today)
    other.tiers.held.clear()
    for ladder, standing in taken:
        own.give(rules, ladder, standing, moment, row["id"])
    own.rise(rules, moment)


def _lock_later(own: Record, ladder: Ladder, mine: Standing, theirs: Standing, today: date) -> None:
    until = theirs.locked_until
    if until is None or until < today or (mine.locked_until is not None and mine.locked_until >= until):
        return
    ends = None if mine.valid_until is None else max(mine.valid_until, until)
    changes = {"locked_until": until, "may_rise": theirs.may_rise, "valid_from": mine.valid_from, "valid_until": ends}
    own.tiers.move(ladder.code, **changes)


# --- undos ----------------------------------------------------------------------------------------


def undo(person: Person, record: Record, row: Row) -> None:
    """What the fact decided about, and nothing else since, is what it was before it; then all is marked."""
    fact_id, at = row["fact_id"], row["recorded_at"]
    rules = person.chain.by(row["programme_version"], at)
    moment = moment_of(at, person.chain.zone, firing=False, recorded_at=at, cause="undo", cause_id=fact_id)
    back: list[tuple[Ladder, Standing]] = []
    for ladder in rules.ladders:
        last = record.tiers.last(ladder.code)
        if last is not None and last.cause_id == fact_id:
            first = next(one for one in record.tiers.log[ladder.code] if one.cause_id == fact_id)
            if first.has_before:
                before = first.before
            else:
                earlier = record.tiers.before_decision(first)
                before = None if earlier is None else earlier.after
            back.append((ladder, _restored(record, rules, ladder, before, at)))
    for ladder, standing in back:
        record.give(rules, ladder, standing, moment, fact_id)
    mark(person, record, fact_id, row)


def _restored(record: Record, rules: Programme, ladder: Ladder, before: Standing | None, at: datetime) -> Standing:
    """Of a tier that the rules dropped meanwhile what became of it; else the one of its rank, or the highest."""
    rank = 0 if before is None else min(before.rank, len(ladder.tiers) - 1)
    tier = None if before is None else rules.present(ladder, before.tier, before.rank)
    tier = tier or ladder.tiers[rank]
    on = None
    if before is not None:
        stored = before.validity if tier.rank > 0 else replace(before.validity, valid_until=None)
        on = gone_on(rules, ladder, stored, {})
    return Standing(
        tier.code,
        tier.rank,
        since=record.joined_on if before is None else before.since,
        valid_from=record.joined_on if on is None else on.valid_from,
        valid_until=None if on is None else on.valid_until,
        fell_on=None if before is None else before.fell_on,
        locked_until=None if on is None else on.locked_until,
        may_rise=on is None or on.may_rise,
        reason="refund",
        effective_at=at,
    )


def mark(person: Person, record: Record, refund_id: UUID, row: Row) -> None:
    """Every tier above the base is in question, by the rules of the refund or undo; one that is already stays so."""
    at = row["recorded_at"]
    if not record.active(at):
        return
    for ladder in person.chain.by(row["programme_version"], at).ladders:
        standing = record.tiers.held.get(ladder.code)
        if standing is not None and standing.rank > 0 and ladder.code not in record.tiers.marks:
            record.tiers.marks[ladder.code] = Mark(recheck_due(ladder, at, person.chain.zone), refund_id)
