"""Charts of the reports' pages, each with the table of its numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from saas import plots
from saas.i18n import Tongue
from saas.money import exponent
from tenants.overview.asking import Choice, step_labels
from tenants.overview.tables import members_of
from tenants.programme.document import Ladder, Programme
from tenants.tiers.labels import tone_of

_Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A line of a chart's legend. `link`: to the members it is about."""

    tone: str
    name: str
    number: str = ""
    share: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, what its colours mean, what it says in a sentence, and its numbers: a head and rows of texts."""

    title: str
    summary: str
    chart: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    keys: Sequence[Key] = field(default=())
    staff_only: bool = False


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws what was chosen, for one reader."""

    choice: Choice
    currency: str
    speaks: Tongue

    def sales(self, now: _Data, then: _Data | None) -> Picture:
        """Sales by step, and those that they are held against, step beside step."""
        say, short, full = self.speaks.say, *step_labels(self.choice.span, self.speaks)
        mine = [step["amount"] for step in now["steps"]]
        earlier = None if then is None else [step["amount"] for step in then["steps"]][: len(mine)]
        total, before = now["sales"]["amount"], None if then is None else then["sales"]["amount"]
        title = say("Sales")
        summary = (
            say("%(total)s in these days", total=self._money(total))
            if before is None
            else say("%(total)s in these days, %(before)s before", total=self._money(total), before=self._money(before))
        )
        against = [None] * len(mine) if earlier is None else [*earlier, *[None] * (len(mine) - len(earlier))]
        tips = [
            f"{label}: {self._money(amount)}" + ("" if held is None else f" ({self._money(held)})")
            for label, amount, held in zip(full, mine, against, strict=True)
        ]
        lines = [plots.Line(mine, "now")] if earlier is None else [plots.Line(earlier, "then"), plots.Line(mine, "now")]
        chart = plots.lines(lines, plots.Steps(short, tips), plots.Words(title, summary, self._whole))
        rows = [
            [
                label,
                self._money(step["amount"]),
                "—" if held is None else self._money(held),
                self._money(step["member_amount"]),
                self.speaks.number(step["purchases"]),
            ]
            for label, step, held in zip(full, now["steps"], against, strict=True)
        ]
        head = [say("Days"), title, say("Held against"), say("Sales to members"), say("Purchases")]
        keys = [Key("now", say("These days"))]
        if earlier is not None:
            keys.append(Key("then", say("The days before") if self.choice.against == "before" else say("A year ago")))
        return Picture(title, summary, chart, head, rows, keys)

    def tiers(self, found: _Data, rules: Programme) -> list[Picture]:
        """Each ladder's members by tier over the steps, the base at the bottom."""
        drawn = []
        for mix in found["ladders"]:
            ladder = rules.ladder(mix["ladder"])
            if ladder is not None and [tier.code for tier in ladder.tiers] == mix["tiers"]:
                drawn.append(self._ladder(ladder, mix["members"], several=len(rules.ladders) > 1))
        return drawn

    def _ladder(self, ladder: Ladder, members: Sequence[Sequence[int]], *, several: bool) -> Picture:
        speaks, (short, full) = self.speaks, step_labels(self.choice.span, self.speaks)
        names = [tier.names.get(speaks.language) for tier in ladder.tiers]
        tones = [tone_of(tier.rank, len(ladder.tiers)) for tier in ladder.tiers]
        last, total = members[-1], sum(members[-1])
        keys = [
            Key(
                f"tone-{tone}",
                name,
                speaks.number(count),
                speaks.percent(count, total),
                members_of(self.choice, tier=f"{ladder.code}:{tier.code}"),
            )
            for tone, name, count, tier in zip(tones, names, last, ladder.tiers, strict=True)
        ][::-1]
        summary = speaks.say("; ").join(
            speaks.say("%(tier)s: %(members)s (%(share)s)", tier=key.name, members=key.number, share=key.share)
            for key in keys
        )
        title = speaks.say("Members by tier")
        if several:
            title = f"{title} · {ladder.names.get(speaks.language)}"
        tips = [
            f"{label}: " + ", ".join(f"{name} {speaks.number(n)}" for name, n in zip(names, row, strict=True))
            for label, row in zip(full, members, strict=True)
        ]
        layers = [(tone, [row[n] for row in members]) for n, tone in enumerate(tones)]
        words = plots.Words(title, summary, speaks.compact)
        return Picture(
            title,
            summary,
            plots.stacked(layers, plots.Steps(short, tips), words),
            [speaks.say("Days"), *names],
            [[label, *(speaks.number(n) for n in row)] for label, row in zip(full, members, strict=True)],
            keys,
            staff_only=ladder.visibility == "staff",
        )

    def joined(self, now: _Data) -> Picture:
        """New members by step."""
        speaks, (short, full) = self.speaks, step_labels(self.choice.span, self.speaks)
        title, values = speaks.say("New members"), [step["joined"] for step in now["steps"]]
        summary = speaks.say(
            "%(joined)s joined, %(left)s left",
            joined=speaks.number(now["members"]["joined"]),
            left=speaks.number(now["members"]["left"]),
        )
        tips = [f"{label}: {speaks.number(n)}" for label, n in zip(full, values, strict=True)]
        chart = plots.bars(values, plots.Steps(short, tips), plots.Words(title, summary, speaks.compact))
        rows = [
            [label, *(speaks.number(step[name]) for name in ("joined", "left", "members"))]
            for label, step in zip(full, now["steps"], strict=True)
        ]
        return Picture(
            title, summary, chart, [speaks.say("Days"), title, speaks.say("Left"), speaks.say("Members")], rows
        )

    def wallet(self, found: _Data) -> Picture:
        """Stored value at the end of each step: principal, and bonus on it."""
        say = self.speaks.say
        names = {"principal": say("Principal"), "bonus": say("Bonus")}
        now = found["wallet"]
        summary = say(
            "%(principal)s principal and %(bonus)s bonus",
            principal=self._money(now["principal"]),
            bonus=self._money(now["bonus"]),
        )
        return self._owed(found, names, say("Stored value"), summary, self._money, self._whole)

    def points(self, found: _Data) -> Picture:
        """Points that members hold at the end of each step."""
        say = self.speaks.say
        title = say("Points not used")
        summary = say("%(points)s points", points=self.speaks.number(found["points"]["balance"]))
        return self._owed(found, {"points": title}, title, summary, self.speaks.number, self.speaks.compact)

    def _owed(
        self,
        found: _Data,
        names: Mapping[str, str],
        title: str,
        summary: str,
        written: Callable[[int], str],
        tick: Callable[[int], str],
    ) -> Picture:
        short, full = step_labels(self.choice.span, self.speaks)
        steps = found["steps"]
        tones = {"principal": 5, "bonus": 2, "points": 0}
        tips = [
            f"{label}: " + ", ".join(f"{names[book]} {written(step[book])}" for book in names)
            for label, step in zip(full, steps, strict=True)
        ]
        layers = [(tones[book], [max(step[book], 0) for step in steps]) for book in names]
        chart = plots.stacked(layers, plots.Steps(short, tips), plots.Words(title, summary, tick))
        rows = [[label, *(written(step[book]) for book in names)] for label, step in zip(full, steps, strict=True)]
        keys = [Key(f"tone-{tones[book]}", name, written(steps[-1][book])) for book, name in names.items()]
        return Picture(title, summary, chart, [self.speaks.say("Days"), *names.values()], rows, keys)

    def pareto(self, found: _Data) -> Picture:
        """What the first so many percent of the members make."""
        say, speaks = self.speaks.say, self.speaks
        shares = dict(found["curve"])
        values, reached = [], 0
        for place in range(1, 101):
            reached = shares.get(place, reached)
            values.append(reached * 100 // found["revenue"] if found["revenue"] else 0)
        tens = list(range(10, 101, 10))
        title = say("What the best members make")
        summary = "; ".join(
            say("the first %(members)s%% make %(share)s%%", members=place, share=values[place - 1])
            for place in (10, 20, 50)
        )
        shown = values[4::5]
        labels = [f"{place}%" for place in range(5, 101, 5)]
        tips = [f"{label}: {value}%" for label, value in zip(labels, shown, strict=True)]
        words = plots.Words(title, summary, lambda tick: f"{tick}%")
        chart = plots.lines([plots.Line(shown, "now")], plots.Steps(labels, tips), words, top=100)
        rows = [
            [f"{place}%", speaks.number(-(-found["members"] * place // 100)), f"{values[place - 1]}%"] for place in tens
        ]
        return Picture(title, summary, chart, [say("Members"), say("How many"), say("Of sales")], rows)

    def _money(self, minor: int) -> str:
        return self.speaks.money(minor, self.currency)

    def _whole(self, minor: int) -> str:
        """An amount at an axis: whole units, short."""
        return self.speaks.compact(minor // 10 ** exponent(self.currency))
