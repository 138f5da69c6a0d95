"""A rebuild again: it took a person's decisions away and made them anew, as if everything had been known in time.

So does this: the facts as things stood behind its locks, in the order in which they happened, the schedules between
them and what each publish did, by the rules in force at each instant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from tenants.programme.kept import begun_anew
from tenants.programme.moment import Cause, Moment, moment_of
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import ONE_DAY
from tenants.replay.acts import act_as_of
from tenants.replay.facts import Batch, Chain, Facts, Row
from tenants.replay.nights import Due, Night, Nights
from tenants.replay.person import Person, Record
from tenants.replay.publishes import bring_over
from tenants.replay.purse import Entry, Key
from tenants.replay.retold import Fact, Retold
from tenants.replay.standing import Tiers
from tenants.replay.sums import Sums
from tenants.tiers.bringing import may_move, moves_at_once
from tenants.tiers.given import find_tier
from tenants.tiers.rebuild.rules import Beginning, Rules, used_since

_JUST_BEFORE: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What the walks of all members of a run have in common."""

    rules: Rules
    nights: Nights


def rebuild(person: Person, facts: Facts, batch: Batch, entries: Mapping[Key, Entry]) -> None:
    """Sets the tiers of the person's records to what the rebuild's batch made of them; `entries`: their points."""
    known_at = batch.evaluated_at
    common = _common(person.chain, batch)
    for record in person.records.values():
        if not batch.covers(record.id) or not record.active(known_at):
            continue
        for one in person.records.values():
            if person.holder(one.id, known_at) is record:
                one.tiers = Tiers()
                one.looked.clear()
        told = Retold(person, facts, record, known_at, _now(batch), entries).in_order()
        counted, record.sums = record.sums, Sums()
        _Walk(record, batch, common, person.chain, told).go()
        record.sums = counted


def _now(batch: Batch) -> datetime:
    """Where its walks end: what was sold since the run was asked for counts too."""
    return max(batch.as_of, batch.evaluated_at)


def _common(chain: Chain, batch: Batch) -> Rebuild:
    """No rules come into force while it is at work. Its batches end at different instants."""
    found: Rebuild | None = chain.rebuilds.get(batch.evaluated_at)
    if found is None:
        first = chain.first_fact
        known = first if first is not None and first <= batch.evaluated_at else None
        rules = used_since([one for one in chain.versions if one.version <= batch.version], known)
        found = chain.rebuilds[batch.evaluated_at] = Rebuild(rules, Nights(rules, chain.zone, _now(batch)))
    return found


@dataclass
class _Walk:
    record: Record
    batch: Batch
    common: Rebuild
    chain: Chain
    told: list[Fact]
    ran: dict[str, date] = field(default_factory=dict)
    publishes: int = 0
    bought: int | None = None
    """The version of the last sale at a till."""
    fired: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def go(self) -> None:
        first = min([self.record.joined_on, *(fact.on for fact in self.told)])
        self.begins = Beginning(
            first, min([self.record.created_at, *(fact.at for fact in self.told)]), self.record.created_at
        )
        rules, facts = self.common.rules, iter(self.told)
        fact = next(facts, None)
        for night in self.common.nights.since(first + ONE_DAY):
            while fact is not None and fact.on < night.day:
                self._fact(fact)
                fact = next(facts, None)
            self._new_rules(rules.place(night.instant))
            self._fire(night)
        while fact is not None:
            self._fact(fact)
            fact = next(facts, None)
        self._new_rules(rules.place(_now(self.batch)))

    def _new_rules(self, publishes: int) -> None:
        rules = self.common.rules
        while self.publishes < publishes:
            instant, old = rules.publishes[self.publishes], rules.versions[self.publishes]
            self.publishes += 1
            new = rules.versions[self.publishes]
            for code in begun_anew(old, new):
                self.ran.pop(code, None)
            if may_move(new) and self.begins.before(instant, self.chain.zone):
                ladders = [ladder.code for ladder in new.ladders]
                moment = replace(self._moment(instant, firing=True), cause="programme")
                bring_over(self.record, new, ladders, ladders if moves_at_once(new) else (), moment)

    def _fire(self, night: Night) -> None:
        moment = self._moment(night.instant, firing=True)
        awake = [due for due in night.due if not self._passes(due, night)]
        retarget = [due.ladder.code for due in awake if due.moves]
        self.record.evaluate(night.rules, [due.ladder.code for due in awake], moment, retarget=retarget)
        for due in night.due:
            self.ran[due.ladder.code] = night.day
            self.fired[due.ladder.code, night.rules.version] = night.instant

    def _passes(self, due: Due, night: Night) -> bool:
        """Whether the firing is nothing to the member: neither its validity nor its lock is over, and nothing was
        decided since the last one, which looked at it.
        """
        last = self.fired.get((due.ladder.code, night.rules.version))
        if last is None or due.moves or not due.is_quiet:
            return False
        standing = self.record.tiers.held.get(due.ladder.code)
        if standing is None:
            return True
        ends, lock = standing.valid_until, standing.locked_until
        over = ends is not None and ends + timedelta(days=due.ladder.policy.grace_days) < night.day
        return not over and not (lock is not None and lock < night.day) and standing.effective_at < last

    # --- facts --------------------------------------------------------------------------------

    def _fact(self, fact: Fact) -> None:
        rules = self.common.rules
        if fact.is_beside:  # it stands at the end of its day
            self._new_rules(rules.place(schedule_instant(fact.on + ONE_DAY, self.chain.zone) - _JUST_BEFORE))
            fact.count(self.record.sums)
            return
        self._new_rules(rules.place(fact.at))
        fact.count(self.record.sums)
        if fact.act is not None:
            self._act(fact.act)
            return
        now = rules.at(fact.at)
        at_once = {ladder.code for ladder in now.ladders if ladder.policy.upgrade == "immediate"}
        moved: set[str] = set()
        if fact.sold:
            if rules.is_first_under(fact.at, self.bought, self.begins, self.chain.zone):
                moved = {ladder.code for ladder in now.ladders}
            self.bought = now.version
        moment = replace(self._moment(fact.at, firing=False), cause=cast("Cause", fact.cause), cause_id=fact.cause_id)
        self.record.evaluate(now, at_once | moved, moment, retarget=moved)

    def _act(self, act: Row) -> None:
        """By the rules of when staff or an import did it; a tier brought along from its own day on."""
        rules = self.common.rules.at(act["recorded_at"])
        ladder, kind = rules.ladder(act["ladder"]), act["act"]
        if ladder is None:
            return
        opening = kind == "opening"
        if opening and find_tier(rules, act["tier"], act["ladder"]) is None:
            return
        at = schedule_instant(act["since"], self.chain.zone) if opening else act["recorded_at"]
        moment = moment_of(
            at,
            self.chain.zone,
            firing=kind != "set",
            recorded_at=self.batch.evaluated_at,
            cause="import" if opening else "manual",
            cause_id=act["id"],
        )
        held = self.record.tiers.held.get(ladder.code)
        if kind == "unlock" and (held is None or held.locked_until is None or held.locked_until < moment.today):
            return
        act_as_of(self.record, act, rules, ladder, moment)

    def _moment(self, at: datetime, *, firing: bool) -> Moment:
        return moment_of(
            at,
            self.chain.zone,
            firing=firing,
            recorded_at=self.batch.evaluated_at,
            cause="recalculation",
            cause_id=cast("UUID", self.batch.run_id),
            last_runs=self.ran,
        )
