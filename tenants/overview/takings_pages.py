"""`/reports/shifts` and `/reports/settlement`: who took what, how drawers were handed over, what branches
owe each other.

Days and branch stand in the address; the same as files is the API's own CSV.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response, get

from saas.errors import DomainError, FieldError, catalogue
from saas.i18n import Tongue, n_
from saas.pages import reader_of, render_page
from saas.scope import connection, current
from saas.wording import field_message
from tenants.frame import Frame, frame
from tenants.overview.asking import PERIOD_NAMES, Choice, branches, choice_of, days_text
from tenants.programme.schedule import schedule_instant
from tenants.reports.span import Period, Today, today
from tenants.settlement.api import LONGEST as LONGEST_SETTLEMENT
from tenants.settlement.report import Branch, balances_of, pairs_of
from tenants.shifts import span as shift_span
from tenants.shifts.handover import handed_over
from tenants.shifts.report import Shift, in_order, shifts
from tenants.shifts.words import tender_name

_REPORTS: Final[dict[str, Any]] = {"auth": "page", "requires": "reports:read"}
_DAYS: Final = shift_span.LONGEST.days
_MOST: Final = 150
"""Lines of a table; a file has all."""
_NAMES: Final = """
SELECT 'staff:' || s.id AS actor, s.name FROM staff s WHERE s.tenant_id = $1 AND 'staff:' || s.id = ANY ($2)
UNION ALL
SELECT 'key:' || k.id, k.name FROM platform.api_key k WHERE k.tenant_id = $1 AND 'key:' || k.id = ANY ($2)"""
_Request = Request[Any, Any, Any]


@get("/reports/shifts", opt=_REPORTS, include_in_schema=False)
async def shifts_page(request: _Request) -> Response[str]:
    """What was taken by day and by clerk, by way of payment; and the hand-overs with what was counted."""
    around, speaks, now = await frame(), reader_of(request).tongue, await today()
    choice = await _choice(request, now, "last_7", _DAYS)
    span = shift_span.Span(schedule_instant(choice.span.first, now.zone), schedule_instant(choice.span.after, now.zone))
    report = await shifts(span, choice.span.branch_ids, now.zone)
    signed = await handed_over(span, choice.span.branch_ids, _MOST + 1)
    names = await _names([clerk for _, clerk, _ in report.shifts])
    ways = [way for way, _ in in_order(report.total.takings)]
    context = {
        **await _controls(choice, now, speaks, _DAYS),
        "ways": [tender_name(way, speaks) for way in ways],
        "days": [
            {"day": speaks.day(day), "link": _day_link(choice, day.isoformat()), **_taken(shift, ways)}
            for day, shift in report.days.items()
        ],
        "clerks": [
            {"branch": branch["name"], "clerk": names.get(clerk, clerk), **_taken(shift, ways)}
            for branch, clerk, shift in report.shifts[:_MOST]
        ],
        "more": max(0, len(report.shifts) - _MOST),
        "total": _taken(report.total, ways),
        "handovers": [_handover(row, around, speaks, now.day.year) for row in signed[:_MOST]],
        "more_handovers": len(signed) > _MOST,
        "opens": current().principal.may("purchases:write"),
        "csv": _csv("shifts", choice, branch_id=choice.branch_id),
    }
    return _answer(request, "overview/shifts.html", around, choice, context)


@get("/reports/settlement", opt=_REPORTS, include_in_schema=False)
async def settlement_page(request: _Request) -> Response[str]:
    """What each branch gets or pays, and of whom. Of a branch alone: only what concerns it."""
    around, speaks, now = await frame(), reader_of(request).tongue, await today()
    choice = await _choice(request, now, "last_month", LONGEST_SETTLEMENT)
    pairs = await pairs_of(choice.span.first, choice.span.last, now.zone, choice.span.branch_ids)
    own = choice.span.branch_ids
    balances = [one for one in balances_of(pairs) if own is None or one.branch.id in own]
    context = {
        **await _controls(choice, now, speaks, LONGEST_SETTLEMENT),
        "balances": [(_branch(one.branch, speaks), one) for one in balances],
        "pairs": [(_branch(pair.holder, speaks), _branch(pair.place, speaks), pair) for pair in pairs[:_MOST]],
        "more": max(0, len(pairs) - _MOST),
        "csv": _csv("settlement", choice, branch_id=choice.branch_id),
    }
    return _answer(request, "overview/settlement.html", around, choice, context)


def _answer(request: _Request, template: str, around: Frame, choice: Choice, context: dict[str, Any]) -> Response[str]:
    language = reader_of(request).language
    faults: dict[str, str] = {}
    if choice.error is not None:
        faults = {one.pointer.removeprefix("/"): field_message(one, language) for one in choice.error.errors}
        faults = faults or {
            "branch_id": reader_of(request).tongue.say("There is no such branch, or it isn’t yours to see.")
        }
    status = 200 if choice.error is None else catalogue().problems[choice.error.code].status
    return render_page(request, template, {"frame": around, "faults": faults, **context}, status=status)


async def _choice(request: _Request, now: Today, usual: Period, longest: int) -> Choice:
    """What was chosen; where that is too long for the report, the usual days and what is wrong."""
    choice = await choice_of(request.url.path, request.query_params, now, usual)
    if choice.error is not None or choice.span.days <= longest:
        return choice
    plain = await choice_of(request.url.path, {}, now, usual)
    error = DomainError("validation-failed", errors=[FieldError("/to", "span-too-long", {"days": longest})])
    return replace(plain, given=choice.given, error=error)


async def _controls(choice: Choice, now: Today, speaks: Tongue, longest: int) -> dict[str, Any]:
    """As the other reports have them: today first, no period that is too long, nothing to hold it against."""
    hand = choice.period is None
    only_today = hand and choice.span.first == choice.span.last == now.day
    periods = [(_day_link(choice, now.day.isoformat()), speaks.say(n_("Today")), only_today)]
    periods += [
        (choice.address(period=name, **{"from": None, "to": None}), speaks.say(text), choice.period == name)
        for name, text in PERIOD_NAMES.items()
        if longest >= LONGEST_SETTLEMENT or name not in {"this_year", "last_12_months"}
    ]
    return {
        "choice": choice,
        "periods": periods,
        "branches": await branches(),
        "own_branches": current().principal.branch_ids is not None,
        "chosen_days": days_text(choice.span, speaks),
    }


def _day_link(choice: Choice, day: str) -> str:
    return choice.address(period=None, **{"from": day, "to": day})


def _csv(report: str, choice: Choice, branch_id: UUID | None = None) -> str:
    wanted = {"from": choice.span.first.isoformat(), "to": choice.span.last.isoformat()}
    if branch_id is not None:
        wanted["branch_id"] = str(branch_id)
    return f"/v1/reports/{report}.csv?{urlencode(wanted)}"


def _taken(shift: Shift, ways: Sequence[str | None]) -> dict[str, Any]:
    """Minor units by way of payment in their order, 0 where there was none; how many of what."""
    takings = shift.takings
    return {
        "by_way": [takings.get(way, 0) for way in ways],
        "sum": sum(takings.values()),
        "sales": shift.sums["purchases"].count + shift.sums["top_ups"].count + shift.sums["passes"].count,
        "back": sum(shift.sums[kind].count for kind in ("refunds", "wallet_refunds", "pass_refunds")),
        "undone": sum(each.count for each in shift.undone.values()),
    }


async def _names(actors: Sequence[str]) -> dict[str, str]:
    """Of staff and keys; who was named at the sale is called so already."""
    rows = await connection().fetch(_NAMES, current().tenant_id, list(set(actors)))
    return {row["actor"]: row["name"] for row in rows}


def _handover(row: Any, around: Frame, speaks: Tongue, year: int) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "branch", "clerk", "next", "note", "expected", "counted")},
        "at": speaks.moment(row["to_at"], around.timezone, year=year),
        "received": row["received_at"] is not None,
        "difference": row["counted"] - row["expected"],
    }


def _branch(branch: Branch, speaks: Tongue) -> str:
    return branch.name or speaks.say(n_("The chain itself (balances taken over)"))


HANDLERS = [shifts_page, settlement_page]
