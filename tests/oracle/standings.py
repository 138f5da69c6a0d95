"""Who the members are, where each stands, and what was decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from oracle.conditions import Standing, View, by_rank, facts_of
from oracle.decisions import Decision
from oracle.facts import Json, Person
from oracle.local_days import ONE_DAY, local_day, next_schedule_day
from oracle.steps import Mode
from oracle.versions import Moves, Version, Versions, read


@dataclass(frozen=True)
class SilentRun:
    """A schedule that renewed a ladder's tiers without a word: those whose validity was over on `day` begin anew."""

    ladder: str
    at: datetime
    day: date
    until: date


class Standings:
    """Members, their standings under the rules in force, and every decision."""

    def __init__(self, programme: Json, timezone: str) -> None:
        self.versions = Versions(programme)
        self.moves = Moves()
        self.zone = ZoneInfo(timezone)
        self.people: dict[str, Person] = {}
        self.standings: dict[tuple[str, str], Standing] = {}  # member, ladder
        self.stored: dict[tuple[str, str], tuple[Standing, str]] = {}  # as written under earlier rules, with the code
        self.decisions: list[Decision] = []
        self.silent: list[SilentRun] = []
        self.cause = ""  # the purchase that is being decided about

    @property
    def ladders(self) -> dict[str, Json]:
        """Those of the rules in force, by code."""
        return self.versions.now.ladders

    def who(self, member: str) -> str:
        """The member that this name leads to now."""
        merged_into = self.people[member].merged_into
        return member if merged_into is None else self.who(merged_into)

    def owner_of(self, external_id: str) -> str:
        """Whose purchase it is."""
        return next(
            name
            for name, person in self.people.items()
            if any(bought.external_id == external_id for bought in person.purchases)
        )

    def present(self) -> list[str]:
        return [name for name, person in self.people.items() if person.merged_into is None]

    def tier(self, member: str, ladder: str) -> str:
        """The code of the member's tier."""
        return str(by_rank(self.ladders[ladder])[self.standing(member, ladder).position]["code"])

    def standing(self, member: str, ladder: str) -> Standing:
        return self.standings.get((self.who(member), ladder), Standing())

    def view(
        self,
        member: str,
        ladder: str,
        at: datetime,
        standing: Standing | None = None,
        rules: Version | None = None,
    ) -> View:
        """The member as an evaluation at `at` sees it; for `holds`, `qualifies`, `retains`, `facts_of`."""
        held = self.standing(member, ladder) if standing is None else standing
        return View(self.people[self.who(member)], (rules or self.versions.now).ladders[ladder], held, at, self.zone)

    def before(self, member: str, ladder: str, at: datetime, rules: Version | None = None) -> Standing:
        """The standing as of just before this instant."""
        told = [one for one in self.told(member, ladder) if one.effective_at < at]
        return self.left_by(told, rules or self.versions.now, at)

    def left_by(self, told: Sequence[Decision], rules: Version, by: datetime | None = None) -> Standing:
        """The standing after the last of these decisions, as it would be by an instant (None: by now), as these rules
        read it.
        """
        if not told:
            return Standing()
        last = told[-1]
        return read(
            self.gone_on(last.standing, last.ladder, by), last.ladder, self.versions.number(last.version), rules
        )

    def gone_on(self, standing: Standing, ladder: str, by: datetime | None = None) -> Standing:
        """As it would be by that instant (None: by now) if it were held ever since: schedules renew without a word."""
        for run in self.silent:
            end = standing.valid_until
            if run.ladder == ladder and end is not None and end < run.day and (by is None or run.at < by):
                standing = replace(
                    standing,
                    validity_start=run.day,
                    valid_until=run.until,
                    locked_until=None,
                    may_rise=True,
                    by_hand=False,
                )
        return standing

    def ran(self, ladder: str, at: datetime) -> None:
        """A run over everyone is through."""
        policy = self.ladders[ladder]["policy"]
        if policy["validity"]["type"] == "until_next_schedule" and policy["grace_days"] == 0:
            day = local_day(at, self.zone)
            until = next_schedule_day(policy["schedule"], day) - ONE_DAY
            self.silent.append(SilentRun(ladder, at, day, until))

    def told(self, member: str, ladder: str) -> list[Decision]:
        return [one for one in self.decisions if (one.member, one.ladder) == (self.who(member), ladder)]

    def stand(self, member: str, ladder: str, standing: Standing) -> None:
        self.standings[self.who(member), ladder] = standing

    def write(
        self,
        view: View,
        reason: str,
        standing: Standing,
        mode: Mode,
        effective_at: datetime | None = None,
        *,
        was: tuple[Standing, str] | None = None,
        rules: Version | None = None,
        undoes: bool = False,
    ) -> Decision:
        """`was`: what it replaces, with the tier's code, where that was held under other rules than those in force;
        `rules`: that decided, if others.
        """
        member = next(name for name, person in self.people.items() if person is view.person)
        ladder, now = view.ladder["code"], self.versions.now
        tiers, held = now.codes(ladder), self.standing(member, ladder)
        before, from_tier = was or (held, tiers[held.position])
        made = Decision(
            ladder=ladder,
            member=member,
            effective_at=effective_at or view.at,
            from_tier=from_tier,
            to_tier=tiers[standing.position],
            reason=reason,
            standing=standing,
            facts=facts_of(view),
            day=view.day,
            mode=mode,
            before=before,
            version=now.number,
            rules=(rules or now).number,
            cause=self.cause,
            undoes=undoes,
        )
        self.stored.pop((member, ladder), None)
        self.stand(member, ladder, standing)
        self.decisions.append(made)
        return made
