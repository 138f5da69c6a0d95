"""What a reader of the reports' pages asks for, all of it in the address: days, a comparison, a branch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, cast
from urllib.parse import urlencode
from uuid import UUID

from saas.errors import DomainError
from saas.i18n import Tongue, n_
from saas.scope import connection, current
from saas.validation import parse_query
from tenants.reports.answers import Asked
from tenants.reports.api import BranchesQuery, branch_ids, require_sound
from tenants.reports.span import EVER, PERIODS, Against, Period, Span, Today, span_of

PERIOD_NAMES: Final[Mapping[Period, str]] = {
    "last_7": n_("7 days"),
    "last_30": n_("30 days"),
    "this_month": n_("This month"),
    "last_month": n_("Last month"),
    "last_12_months": n_("12 months"),
    "this_year": n_("This year"),
}
AGAINST_NAMES: Final[Mapping[Against, str]] = {"before": n_("the days before"), "year": n_("a year ago")}
_BRANCHES: Final = """
SELECT b.id, b.name FROM branch b
 WHERE b.tenant_id = $1 AND b.closed_at IS NULL AND ($2::uuid[] IS NULL OR b.id = ANY ($2)) ORDER BY b.code LIMIT 500"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen. `period` None: days by hand. `given`: the form's fields as they were sent; `error`: what is
    wrong with them, the usual days are shown then.
    """

    path: str
    period: Period | None
    span: Span
    against: Against
    branch_id: UUID | None
    given: Mapping[str, str]
    error: DomainError | None = None

    @property
    def then(self) -> Span:
        """What it is held against."""
        return self.span.against(self.against)

    def asked(self, report: str) -> Asked:
        return Asked(report, self.span, self.period)

    def asked_then(self, report: str) -> Asked:
        return Asked(report, self.then, self.period and f"{self.period}/{self.against}")

    def asked_ever(self, report: str) -> Asked:
        """Over everything up to the last day."""
        return Asked(report, replace(self.span, first=EVER), self.period and f"{self.period}/ever")

    def address(self, path: str | None = None, **changes: str | None) -> str:
        """Its own with changes; None leaves one out."""
        chosen: dict[str, str | None] = {
            "period": self.period,
            "from": None if self.period else self.span.first.isoformat(),
            "to": None if self.period else self.span.last.isoformat(),
            "against": None if self.against == "before" else self.against,
            "branch_id": None if self.branch_id is None else str(self.branch_id),
        }
        wanted = {name: value for name, value in (chosen | changes).items() if value}
        return f"{path or self.path}?{urlencode(wanted)}" if wanted else (path or self.path)


async def choice_of(path: str, params: Mapping[str, str], now: Today, usual: Period) -> Choice:
    """From the query; what can't be read is said (`error`), beside the usual days."""
    given = {name: value.strip() for name, value in params.items() if value.strip()}
    against = cast("Against", given["against"]) if given.get("against") in AGAINST_NAMES else "before"
    period = cast("Period", given["period"]) if given.get("period") in PERIODS else None
    by_hand = period is None and ("from" in given or "to" in given)
    names = ("from", "to", "branch_id") if by_hand else ("branch_id",)
    branches = None if current().principal.branch_ids is None else sorted(current().principal.branch_ids or ())
    plain = Choice(path, usual, span_of(usual, now.day, branches), against, None, given)
    try:
        query = parse_query(BranchesQuery, {name: given[name] for name in names if name in given})
        ids = await branch_ids(query.branch_id)
        if not by_hand:
            found = period or usual
            return replace(plain, period=found, span=span_of(found, now.day, ids), branch_id=query.branch_id)
        last = min(query.last or now.day, now.day)
        span = Span(query.first or last.replace(day=1), last, ids)
        require_sound(span)
    except DomainError as error:
        return replace(plain, error=error)
    return replace(plain, period=None, span=span, branch_id=query.branch_id)


async def branches() -> list[tuple[str, str]]:
    """Those that the reader may choose: (id, name)."""
    own = current().principal.branch_ids
    rows = await connection().fetch(_BRANCHES, current().tenant_id, None if own is None else list(own))
    return [(str(row["id"]), row["name"]) for row in rows]


def days_text(span: Span, speaks: Tongue) -> str:
    """From when to when."""
    if span.days == 1:
        return speaks.day(span.first)
    return speaks.say("%(first)s to %(last)s", first=speaks.day(span.first), last=speaks.day(span.last))


def step_labels(span: Span, speaks: Tongue) -> tuple[list[str], list[str]]:
    """Of each of its steps a short label for an axis, and a full one."""
    starts, ends = span.steps(), span.ends()
    if span.days > 120:  # noqa: PLR2004  # in months, as `Span.steps` has them
        return [speaks.month_name(day) for day in starts], [speaks.month(day) for day in starts]
    full = [_full(a, b, speaks) for a, b in zip(starts, ends, strict=True)]
    return [speaks.short_day(day) for day in starts], full


def _full(first: date, last: date, speaks: Tongue) -> str:
    return speaks.day(first) if first == last else f"{speaks.short_day(first)}–{speaks.short_day(last)}"
