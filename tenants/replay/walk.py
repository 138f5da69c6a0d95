"""The walk: one person's facts in the order of their numbers, the batches of runs between them, each decided again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.ids import first_id_since
from tenants.programme.asked import asks_for_points
from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import Cause, Moment, moment_of
from tenants.programme.windows import local_day, local_day_before
from tenants.replay.acts import act_by_hand, mark, merge_tiers, undo, unite
from tenants.replay.counting import count_others, count_sales
from tenants.replay.facts import Batch, Chain, Facts, Row
from tenants.replay.moving import Value
from tenants.replay.order import Group, groups, joined_first
from tenants.replay.person import Person, Record
from tenants.replay.publishes import bring_over
from tenants.replay.rebuilt import rebuild
from tenants.replay.rechecks import Recheck, end_of_day
from tenants.tiers.late import still_open
from tenants.tiers.rebuild.quiet import is_quiet
from tenants.tiers.runs import ID_SLACK

_BESIDE: Final[Mapping[str, Cause]] = {"campaign": "campaign", "birthday": "birthday"}
"""Kinds of points that are facts of their own."""


@dataclass
class Walked:
    """A person as it should be, and its points and wallets."""

    person: Person
    value: Value


def walk(chain: Chain, facts: Facts) -> Walked:
    """Everything from the beginning on."""
    return _Walk(chain, facts).go()


class _Walk:
    def __init__(self, chain: Chain, facts: Facts) -> None:
        self.chain, self.facts = chain, facts
        joined = joined_first(facts)
        self.person = Person(
            chain,
            {
                row["id"]: Record(row["id"], row["created_at"], row["closed_at"], joined[row["id"]])
                for row in facts.records
            },
            {row["other_id"]: (row["recorded_at"], row["member_id"]) for row in facts.happened["merge"]},
        )
        self.value = Value(chain, facts)
        self.quiet: dict[tuple[int, str], bool] = {}

    def go(self) -> Walked:
        """Groups and batches by their instants; a batch's is behind its locks, as a fact's is."""
        grouped = groups(self.person, self.facts)
        batches = [batch for batch in self.chain.batches if any(batch.covers(one) for one in self.person.records)]
        place = 0
        for group in grouped:
            behind = place
            while behind < len(batches) and batches[behind].evaluated_at < group.at:
                behind += 1
            self._batches(batches[place:behind])
            place = behind
            self._group(group)
        self._batches(batches[place:])
        self.value.finish(self.person)
        return Walked(self.person, self.value)

    # --- facts --------------------------------------------------------------------------------

    def _group(self, group: Group) -> None:
        record, rows = group.record, group.rows
        if not group.is_quiet:
            record.looked.clear()
        earned = self.value.take(group)
        for row in rows["merge"]:
            unite(self.person, row)
        for row in rows["joined"]:
            record.joined_on = date.fromisoformat(row["after"])
        count_sales(record.sums, rows)
        count_others(record.sums, rows, earned)
        for row in rows["merge"]:
            merge_tiers(self.person, row)
        for kind in ("purchase", "activity", "top_up"):
            for row in rows[kind]:
                self._decide(record, kind, row)
        self._decide_beside(group)
        for row in rows["tier_act"]:
            act_by_hand(self.person, record, row)
        self._question(group)

    def _decide_beside(self, group: Group) -> None:
        """Referrals, and points that are facts of their own."""
        record, rows = group.record, group.rows
        gained = [
            row for row in rows["referral_move"] if row["programme_version"] is not None and row["to_day"] is not None
        ]
        if gained and record.active(group.at):
            last = max(gained, key=lambda row: row["brought_id"])
            self._evaluate(record, "referral", last["brought_id"], group.at, last["programme_version"], None)
        for row in rows["points"]:
            cause = _BESIDE.get(row["kind"])
            rules = self.chain.by(row["programme_version"], group.at)
            if cause is not None and asks_for_points(rules):
                self._evaluate(record, cause, row["source_id"], group.at, rules.version, None)

    def _question(self, group: Group) -> None:
        """What was given back or taken back decides nothing new at once."""
        record, rows = group.record, group.rows
        for row in (*rows["purchase_undone"], *rows["top_up_undone"]):
            undo(self.person, record, row)
        for row in rows["refund"]:
            mark(self.person, record, row["id"], row)
        for row in rows["wallet_refund"]:
            if any(UUID(part[0]) in record.sums.top_ups for part in row["lots"]):
                mark(self.person, record, row["id"], row)

    def _decide(self, record: Record, kind: str, row: Row) -> None:
        if kind != "top_up" and row["source"] != "api":
            return  # an import's facts are decided about by the run that follows it
        cause: Cause = "purchase" if kind == "purchase" else "activity" if kind == "activity" else "top_up"
        version: int = row["programme_version"]
        self._evaluate(record, cause, row["id"], row["recorded_at"], version, row["local_day"])

    def _evaluate(
        self, record: Record, cause: Cause, cause_id: UUID, at: datetime, version: int, day: date | None
    ) -> None:
        """What a fact of a local day came too late for, then the ladders that look at each fact at once."""
        rules, zone = self.chain.version(version), self.chain.zone
        if day is not None and day < local_day(at, zone):
            for instant, ladders in sorted(still_open(rules, at, zone).items()):
                if day <= local_day_before(instant, zone):
                    moment = moment_of(instant, zone, firing=True, recorded_at=at, cause=cause, cause_id=cause_id)
                    record.repeat(rules, [rules.ladders[j] for j in ladders], moment, own=True)
        moment = moment_of(at, zone, firing=False, recorded_at=at, cause=cause, cause_id=cause_id)
        at_once = {ladder.code for ladder in rules.ladders if ladder.policy.upgrade == "immediate"}
        moved: set[str] = set()
        if cause == "purchase" and rules.published.transition == "next_purchase":
            moved = self._moved_by(record, cause_id, rules)
        record.evaluate(rules, at_once | moved, moment, own=True, retarget=moved)

    def _moved_by(self, record: Record, purchase_id: UUID, rules: Programme) -> set[str]:
        """The ladders on which a purchase, the first under rules published for it, gives the tier of these."""
        since = rules.published.published_at
        before = [
            row
            for row in self.facts.happened["purchase"]
            if row["member_id"] == record.id
            and row["source"] == "api"
            and row["id"] < purchase_id
            and row["id"] in record.sums.sales
        ]
        last = max(before, key=lambda row: row["id"], default=None)
        is_first = last is None or last["programme_version"] < rules.version
        joined_before = since is not None and record.created_at < since
        return {ladder.code for ladder in rules.ladders} if is_first and joined_before else set()

    # --- runs ---------------------------------------------------------------------------------

    def _batches(self, batches: Sequence[Batch]) -> None:
        """Those between two facts. What a rebuild among them makes anew needn't be made before it."""
        rebuilds = [(n, self._about(batch)) for n, batch in enumerate(batches) if batch.is_rebuild]
        for n, batch in enumerate(batches):
            if not any(later > n and self._about(batch) <= anew for later, anew in rebuilds):
                self._batch(batch)

    def _about(self, batch: Batch) -> set[UUID]:
        """The records that it looked at."""
        return {
            record.id
            for record in self.person.records.values()
            if batch.covers(record.id) and (batch.named is not None or record.active(batch.evaluated_at))
        }

    def _batch(self, batch: Batch) -> None:
        if batch.is_rebuild:
            rebuild(self.person, self.facts, batch, self.value.books.points.entries)
            return
        about = self._about(batch)
        for record in self.person.records.values():
            if record.id not in about:
                continue
            if batch.run is None:
                end_of_day(self.person, batch, record)
            elif batch.run_id is not None:
                self._run(batch, batch.run, batch.run_id, record)

    def _run(self, batch: Batch, run: Mapping[str, Any], run_id: UUID, record: Record) -> None:
        """What imports brought too late, the rechecks that are due, the run's own decisions."""
        rules = self.chain.version(batch.version)
        if run["cause"] == "programme":
            moment = self._moment(batch, "programme", run_id)
            bring_over(record, rules, run["ladders"], run["retarget"], moment)
            return
        if run["cause"] == "import" and batch.imported_since is not None:
            self._late_imports(batch, rules, run_id, record)
        Recheck(self.person, batch, rules, firing=True).run(record, run["ladders"])
        moment = self._moment(batch, "recalculation", run_id)
        retarget: list[str] = run["retarget"]
        due = [ladder for ladder in rules.ladders if ladder.code in run["ladders"]]
        awake = [x.code for x in due if x.code in retarget or not self._sleeps(record, x, rules, moment)]
        record.evaluate(rules, awake, moment, retarget=retarget)
        if not record.sums.reaches_beyond(moment.day):
            record.looked |= dict.fromkeys(awake, rules.version)
            record.looked_at |= dict.fromkeys(awake, moment.at)

    def _sleeps(self, record: Record, ladder: Ladder, rules: Programme, moment: Moment) -> bool:
        """Whether a run has nothing to find on the ladder: one looked at it since the last fact, by the same rules,
        nothing comes up by time alone, and neither the validity nor a lock is over. Most nights are like that.
        """
        if record.looked.get(ladder.code) != rules.version or not self._is_quiet(rules, ladder):
            return False
        standing = record.tiers.held.get(ladder.code)
        if standing is None:
            return True
        ends, lock = standing.valid_until, standing.locked_until
        over = ends is not None and ends + timedelta(days=ladder.policy.grace_days) < moment.today
        # what was decided at that run's own instant, by a recheck, it did not look at
        fresh = standing.effective_at >= record.looked_at.get(ladder.code, standing.effective_at)
        return not over and not fresh and not (lock is not None and lock < moment.today)

    def _is_quiet(self, rules: Programme, ladder: Ladder) -> bool:
        key = rules.version, ladder.code
        if key not in self.quiet:
            self.quiet[key] = is_quiet(ladder)
        return self.quiet[key]

    def _moment(self, batch: Batch, cause: Cause, run_id: UUID) -> Moment:
        return moment_of(
            batch.as_of,
            self.chain.zone,
            firing=True,
            recorded_at=batch.evaluated_at,
            cause=cause,
            cause_id=run_id,
            last_runs=batch.last_runs,
        )

    def _late_imports(self, batch: Batch, rules: Programme, run_id: UUID, record: Record) -> None:
        zone, since = self.chain.zone, batch.imported_since
        if since is None:
            return
        first = first_id_since(since - ID_SLACK)
        days = [
            row["local_day"]
            for kind in ("purchase", "activity")
            for row in self.facts.happened[kind]
            if row["member_id"] == record.id
            and row["source"] == "import"
            and row["id"] >= first
            and row["recorded_at"] <= batch.evaluated_at
        ]
        for instant, ladders in sorted(still_open(rules, batch.evaluated_at, zone).items()):
            if any(day <= local_day_before(instant, zone) for day in days):
                moment = moment_of(
                    instant,
                    zone,
                    firing=True,
                    recorded_at=batch.evaluated_at,
                    cause="recalculation",
                    cause_id=run_id,
                )
                record.repeat(rules, _of(rules, ladders), moment, own=False)


def _of(rules: Programme, ladders: Sequence[int]) -> list[Ladder]:
    return [rules.ladders[j] for j in ladders]
