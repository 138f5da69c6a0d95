"""What the run of a publish or of a roll-back does to a member, again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import gone_on
from tenants.programme.moment import Moment
from tenants.programme.schedule import valid_until
from tenants.replay.person import Record
from tenants.replay.standing import Decided, Standing
from tenants.replay.steps import Held, present


def bring_over(
    record: Record, rules: Programme, ladders: Collection[str], retarget: Collection[str], moment: Moment
) -> None:
    """Members get the tier that the rules give (`retarget`), or the code of what became of theirs."""
    back = rules.published.rolled_back_to
    record.looked.clear()
    for ladder in rules.ladders:
        if ladder.code in ladders:
            now = record.held(rules, ladder, moment)
            if back is not None:
                after, changed = _given_back(record, rules, ladder, now, back, moment)
            else:
                after, changed = _published(record, rules, ladder, now, moment, retarget=ladder.code in retarget)
            _settle(record, rules, ladder, now, after, moment, changed=changed)


def _settle(
    record: Record, rules: Programme, ladder: Ladder, now: Held, after: Standing, moment: Moment, *, changed: bool
) -> None:
    """A decision where the tier changes or its code isn't one any more; a rank alone moves without one."""
    stored = now.stored
    renamed = stored is not None and stored.rank > 0 and stored.tier != now.tier
    if changed or renamed:
        was = stored.tier if stored is not None and stored.rank > 0 else now.tier
        tier = ladder.tiers[after.rank].code
        ends = after.valid_until if after.rank > 0 else None
        final = replace(after, tier=tier, valid_until=ends, reason="programme_change", effective_at=moment.effective_at)
        record.give(rules, ladder, final, moment, moment.cause_id, from_tier=was, keeps=True)
    elif stored is not None and now.rank != stored.rank:
        record.tiers.move(ladder.code, rank=after.rank)


def _published(
    record: Record, rules: Programme, ladder: Ladder, now: Held, moment: Moment, *, retarget: bool
) -> tuple[Standing, bool]:
    """A tier that something decided about since the publish stays."""
    rank = now.rank
    if retarget and not (now.at is not None and now.at > moment.at):
        upward = rules.published.transition == "up_only"
        rank = record.evaluation(rules, ladder, moment).target(both_ways=not upward)
    if rank == now.rank:
        return _kept(now, moment.at), False
    today = moment.today
    until = valid_until(ladder.policy, today)
    return replace(
        _kept(now, moment.at),
        rank=rank,
        since=today,
        valid_from=today,
        valid_until=until,
        locked_until=None,
        may_rise=True,
    ), True


def _kept(now: Held, at: datetime) -> Standing:
    stored = now.stored
    return Standing(
        now.tier,
        now.rank,
        now.since if stored is None else stored.since,
        now.runs_from or now.valid_from,
        now.valid_until,
        now.fell_on,
        now.locked_until,
        now.may_rise,
        reason="programme_change",
        effective_at=at,
    )


def _given_back(
    record: Record, rules: Programme, ladder: Ladder, now: Held, to: int, moment: Moment
) -> tuple[Standing, bool]:
    """What the first of the publishes since the version `to`, one after the other, replaced; else what is held."""
    kept = _kept(now, moment.at)
    last = record.tiers.last(ladder.code)
    if last is None or not _by_it(last, to):
        return kept, False
    first = last
    for one in reversed(record.tiers.log[ladder.code]):
        if not _by_it(one, to):
            break
        first = one
    before = first.before
    if before is None:
        joined = record.joined_on
        back = replace(
            kept,
            rank=0,
            since=joined,
            valid_from=joined,
            valid_until=None,
            fell_on=None,
            locked_until=None,
            may_rise=True,
        )
    else:
        tier, rank = present(rules, ladder, before.tier, before.rank)
        on = gone_on(rules, ladder, before.validity, moment.last_runs)
        back = replace(before.holding(on), tier=tier, rank=rank)
    return back, _told(back) != _told(kept)


def _told(standing: Standing) -> tuple[object, ...]:
    return (
        standing.rank,
        standing.since,
        standing.valid_from,
        standing.valid_until,
        standing.fell_on,
        standing.locked_until,
        standing.may_rise,
    )


def _by_it(decided: Decided, to: int) -> bool:
    return decided.after.reason == "programme_change" and decided.version > to
