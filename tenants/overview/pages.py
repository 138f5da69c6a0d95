"""The overview page, and the part of it that follows running work."""

from typing import Any, Final

from litestar import Request, Response, get

from saas.i18n import Tongue
from saas.pages import reader_of, render_page
from tenants.frame import Frame, frame
from tenants.overview import queries, view
from tenants.programme.versions import current_programme, programme

_OPT: Final[dict[str, Any]] = {"auth": "page", "requires": "members:read"}


@get("/overview", opt=_OPT, include_in_schema=False)
async def overview(request: Request[Any, Any, Any]) -> Response[str]:
    """The chain at a glance."""
    around, speaks = await frame(), reader_of(request).tongue
    day = await queries.today(around.timezone)
    growth, sales = await queries.growth(day), await queries.sales(day)
    rules = await current_programme()
    counts = await queries.tier_counts(rules)
    context = {
        "frame": around,
        "day": day,
        "growth": growth,
        "sales": sales,
        "mixes": [view.mix(ladder, counts, growth.total, speaks) for ladder in rules.ladders],
        "several_ladders": len(rules.ladders) > 1,
        "moves": await _moves(around, speaks, day.year),
        "growth_spark": view.growth_spark(growth, speaks),
        "joined_spark": view.joined_spark(growth, speaks),
        "sales_spark": view.sales_spark(sales, around.currency, speaks),
        "share_chart": view.share_chart(sales, speaks),
        **await _work(around, speaks, day.year),
    }
    return render_page(request, "overview/overview.html", context)


@get("/overview/work", opt=_OPT, include_in_schema=False)
async def work_in_progress(request: Request[Any, Any, Any]) -> Response[str]:
    """The list of imports and recalculations alone, for a page that follows them."""
    around = await frame()
    day = await queries.today(around.timezone)
    return render_page(request, "overview/_work.html", await _work(around, reader_of(request).tongue, day.year))


async def _moves(around: Frame, speaks: Tongue, year: int) -> list[view.Move]:
    lines = await queries.last_decisions()
    return [
        view.move(
            line,
            await programme(line.programme_version),
            speaks.moment(line.effective_at, around.timezone, year=year),
            speaks,
        )
        for line in lines
    ]


async def _work(around: Frame, speaks: Tongue, year: int) -> dict[str, Any]:
    work = await queries.last_work()
    lines = [view.work_line(item, speaks.moment(item.created_at, around.timezone, year=year), speaks) for item in work]
    return {"work": lines, "work_running": any(item.running for item in work)}


HANDLERS = [overview, work_in_progress]
