"""What the reports' pages show in rows: RFM cells and groups, movements, branches, cohorts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from saas.i18n import Tongue
from tenants.overview.asking import Choice
from tenants.programme.document import Programme
from tenants.reports.rfm import group_of
from tenants.segments.names import RFM_NAMES
from tenants.tiers.labels import tone_of

_Data = Mapping[str, Any]
_HEATS: Final = 6
_SCORES: Final = range(1, 6)
_MOST_MOVES: Final = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a heat map: 0 … 6 is how full it is beside the fullest."""

    number: str
    heat: int
    tip: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Rfm:
    """`rows`: by R from 5 down, of FM from 1 up. `groups`: (name, members, share, spend, link), the largest first."""

    rows: Sequence[tuple[str, Sequence[Cell]]]
    groups: Sequence[tuple[str, str, str, str, str]]
    summary: str
    buyers: int


@dataclass(frozen=True, slots=True)
class Move:
    """How many went from tier to tier; a term kept has one tier."""

    ladder: str
    before: str
    before_tone: int
    after: str
    after_tone: int
    way: str
    members: str
    link: str


@dataclass(frozen=True, slots=True)
class BranchLine:
    """A branch in figures. `share`: of all sales, 0 … 100."""

    name: str
    code: str
    sales: str
    share: int
    change: str
    tone: str
    member_share: str
    purchases: str
    buyers: str
    repurchase: str
    joined: str
    link: str


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who bought first in a month, and how many of them came back in each month after."""

    month: str
    members: str
    cells: Sequence[Cell]


def heat(value: int, most: int) -> int:
    """0 where nothing is, else 1 … 6 by the share of the fullest cell."""
    return 0 if value <= 0 or most <= 0 else min(_HEATS, 1 + value * _HEATS // (most + 1))


def rfm(choice: Choice, found: _Data, currency: str, speaks: Tongue) -> Rfm:
    """The grid of R by FM, each cell in its one group."""
    cells = Counter[tuple[int, int]]()
    for cell in found["cells"]:
        cells[cell["r"], (cell["f"] + cell["m"] + 1) // 2] += cell["members"]
    names = {code: speaks.say(name) for code, name in RFM_NAMES.items()}
    most, buyers = max(cells.values(), default=0), found["buyers"]
    rows = []
    for r in reversed(_SCORES):
        row = []
        for fm in _SCORES:
            count, group = cells[r, fm], group_of(r, fm, fm)
            tip = f"R{r} FM{fm} · {names[group]}: {speaks.number(count)} ({speaks.percent(count, buyers)})"
            row.append(Cell(speaks.compact(count), heat(count, most), tip, members_of(choice, segment=f"rfm:{group}")))
        rows.append((f"R{r}", row))
    groups = [
        (
            names[each["group"]],
            speaks.number(each["members"]),
            speaks.percent(each["members"], buyers),
            speaks.money(each["spend"], currency),
            members_of(choice, segment=f"rfm:{each['group']}"),
        )
        for each in sorted(found["groups"], key=lambda each: -each["members"])
    ]
    summary = "; ".join(f"{name} {members} ({share})" for name, members, share, _, _ in groups[:3])
    return Rfm(rows, groups, summary, buyers)


def members_of(choice: Choice, **filters: str) -> str:
    """The list of these members, of the branch that was chosen."""
    if choice.branch_id is not None:
        filters["branch_id"] = str(choice.branch_id)
    return f"/members?{urlencode(filters, safe=':')}" if filters else "/members"


def moves(choice: Choice, found: _Data, rules: Programme, speaks: Tongue) -> list[Move]:
    """The most frequent first."""
    told = []
    for each in sorted(found["moves"], key=lambda move: -move["members"])[:_MOST_MOVES]:
        ladder = rules.ladder(each["ladder"])
        tiers = {} if ladder is None else {tier.code: tier for tier in ladder.tiers}
        before, after = tiers.get(each["from"]), tiers.get(each["to"])
        ranks = [0 if tier is None else tier.rank for tier in (before, after)]
        names = [
            code if tier is None else tier.names.get(speaks.language)
            for code, tier in ((each["from"], before), (each["to"], after))
        ]
        told.append(
            Move(
                each["ladder"] if ladder is None else ladder.names.get(speaks.language),
                names[0],
                tone_of(ranks[0], len(tiers)),
                names[1],
                tone_of(ranks[1], len(tiers)),
                "up" if ranks[1] > ranks[0] else "down" if ranks[1] < ranks[0] else "same",
                speaks.number(each["members"]),
                "" if after is None else members_of(choice, tier=f"{each['ladder']}:{each['to']}"),
            )
        )
    return told


def branch_lines(choice: Choice, now: _Data, then: _Data | None, currency: str, speaks: Tongue) -> list[BranchLine]:
    """By sales, the largest first."""
    before = {} if then is None else {row["branch"]["id"]: row["amount"] for row in then["branches"]}
    total = sum(max(row["amount"], 0) for row in now["branches"])
    return [
        BranchLine(
            row["branch"]["name"],
            row["branch"]["code"],
            speaks.money(row["amount"], currency),
            row["amount"] * 100 // total if total else 0,
            *_changed(row["amount"], before.get(row["branch"]["id"], 0), speaks),
            speaks.rate(row["member_share"]),
            speaks.number(row["purchases"]),
            speaks.number(row["buyers"]),
            speaks.rate(row["repurchase_rate"]),
            speaks.number(row["joined"]),
            choice.address("/overview", branch_id=row["branch"]["id"]),
        )
        for row in sorted(now["branches"], key=lambda row: (-row["amount"], row["branch"]["code"]))
    ]


def _changed(amount: int, before: int, speaks: Tongue) -> tuple[str, str]:
    if before <= 0:
        return "", "even"
    change = amount - before
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    tone = "good" if change > 0 else "bad" if change < 0 else "even"
    return sign + speaks.percent(abs(change), before), tone


def cohorts(found: _Data, speaks: Tongue) -> list[Cohort]:
    """The share of each month's new buyers that bought again one month later, two …, as heat by that share."""
    told = []
    for row in found["cohorts"]:
        first = date.fromisoformat(row["month"])
        name = speaks.month(first)
        cells = [
            Cell(
                speaks.percent(active, row["members"]),
                heat(active * 100, row["members"] * 100),
                speaks.say(
                    "%(month)s, %(later)s months later: %(active)s of %(members)s",
                    month=name,
                    later=n,
                    active=speaks.number(active),
                    members=speaks.number(row["members"]),
                ),
            )
            for n, active in enumerate(row["active"])
        ]
        told.append(Cohort(name, speaks.number(row["members"]), cells[1:]))
    return told
