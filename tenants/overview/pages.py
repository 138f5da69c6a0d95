"""The overview and the reports beside it. Whoever may see reports does; the others see what is going on."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response, get

from saas.errors import DomainError, catalogue
from saas.i18n import Tongue
from saas.pages import reader_of, render_page
from saas.scope import current
from saas.wording import field_message
from tenants.first_steps.steps import first_steps
from tenants.frame import Frame, frame
from tenants.overview import board, queries, view
from tenants.overview.asking import Choice, choice_of
from tenants.programme.versions import programme
from tenants.proofs.told import last_said
from tenants.reports.span import Period, Today, today

_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}
_REPORTS: Final[dict[str, Any]] = {"auth": "page", "requires": "reports:read"}
_Request = Request[Any, Any, Any]
_Part = Callable[[Choice, Today, Frame, Tongue], Awaitable[dict[str, Any]]]


@get("/overview", opt=_OPT, include_in_schema=False)
async def overview(request: _Request) -> Response[str]:
    """The chain at a glance."""
    if not current().principal.may("reports:read"):
        return await _without_reports(request)
    return await _report(request, "overview", board.board, "last_30", also=_around)


@get("/reports/branches", opt=_REPORTS, include_in_schema=False)
async def branches(request: _Request) -> Response[str]:
    """Branch by branch."""
    return await _report(request, "branches", board.branch_table, "last_30")


@get("/reports/loyalty", opt=_REPORTS, include_in_schema=False)
async def loyalty(request: _Request) -> Response[str]:
    """Who comes back, and what the best members make."""
    return await _report(request, "loyalty", board.loyalty, "last_12_months")


@get("/overview/work", opt=_OPT, include_in_schema=False)
async def work_in_progress(request: _Request) -> Response[str]:
    """The list of imports and recalculations alone, for a page that follows them."""
    around = await frame()
    return render_page(request, "overview/_work.html", await _work(around, reader_of(request).tongue))


async def _report(
    request: _Request,
    name: str,
    part: _Part,
    usual: Period,
    also: Callable[[_Request, Frame, Tongue], Awaitable[dict[str, Any]]] | None = None,
) -> Response[str]:
    """A page of reports; to who follows it only its board, once newer answers are there."""
    around, speaks, now = await frame(), reader_of(request).tongue, await today()
    choice = await choice_of(request.url.path, request.query_params, now, usual)
    context = {
        "frame": around,
        **await board.controls(choice, speaks),
        **await part(choice, now, around, speaks),
        "faults": _faults(choice.error, request),
    }
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        return render_page(request, f"overview/_{name}.html", context)
    if also is not None:
        context |= await also(request, around, speaks)
    status = 200 if choice.error is None else catalogue().problems[choice.error.code].status
    return render_page(request, f"overview/{name}.html", context, status=status)


def _faults(error: DomainError | None, request: _Request) -> dict[str, str]:
    """What is wrong with what was asked for, by field; all of it under an empty name."""
    if error is None:
        return {}
    language = reader_of(request).language
    named = {fault.pointer.removeprefix("/"): field_message(fault, language) for fault in error.errors}
    return named or {"branch_id": reader_of(request).tongue.say("There is no such branch, or it isn’t yours to see.")}


async def _without_reports(request: _Request) -> Response[str]:
    around, speaks = await frame(), reader_of(request).tongue
    return render_page(request, "overview/plain.html", {"frame": around, **await _going_on(around, speaks)})


async def _around(request: _Request, around: Frame, speaks: Tongue) -> dict[str, Any]:
    proof = await last_said(speaks.language) if current().principal.may("admin") else None
    return {"first_steps": await first_steps(request), "proof": proof, **await _going_on(around, speaks)}


async def _going_on(around: Frame, speaks: Tongue) -> dict[str, Any]:
    """What was decided lately, and what is running."""
    return {"decisions": await _decisions(around, speaks), **await _work(around, speaks)}


async def _decisions(around: Frame, speaks: Tongue) -> list[view.Move]:
    year = (await today()).day.year
    return [
        view.move(
            line,
            await programme(line.programme_version),
            speaks.moment(line.effective_at, around.timezone, year=year),
            speaks,
        )
        for line in await queries.last_decisions()
    ]


async def _work(around: Frame, speaks: Tongue) -> dict[str, Any]:
    year = (await today()).day.year
    work = await queries.last_work()
    lines = [view.work_line(item, speaks.moment(item.created_at, around.timezone, year=year), speaks) for item in work]
    return {"work": lines, "work_running": any(item.running for item in work)}


HANDLERS = [overview, branches, loyalty, work_in_progress]
