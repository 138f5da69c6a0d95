"""Trying the draft out: how many would move, while it is edited; who, as of a day, on a page of its own."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError, InvalidValueError
from saas.field_types import parse_date
from saas.forms import texts_of
from saas.pages import reader_of, render_page, see_other
from saas.scope import connection, current
from tenants.branches.branch import branches
from tenants.jobs.job import read_job
from tenants.programme.descent import descent
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme_pages.drafting import Draft
from tenants.programme_pages.effect import changed_ladders, held_against
from tenants.programme_pages.heirs import holders_of
from tenants.programme_pages.matrix import NO_BRANCH, Matrix, matrices
from tenants.programme_pages.sections import WRITE, draft_of, section
from tenants.simulation.runs import Run, cancel_simulation, latest_run, run_of, run_of_now
from tenants.simulation.start import Transition, start_simulation

HOME: Final = "/programme/try"
AT_ONCE: Final = 50_000
"""Up to so many members the editor counts by itself: a second or two of a worker."""
_BRANCHES: Final = 2000
_Request = Request[Any, Any, Any]
_SIZE: Final = "SELECT count(*) FROM (SELECT FROM member WHERE tenant_id = $1 AND status = 'active' LIMIT $2) AS m"


# --- the count beside the draft -------------------------------------------------------------------


@get("/programme/count", opt=WRITE, include_in_schema=False)
async def count(request: _Request) -> Response[str]:
    """How many would move by the draft as it is now, as far as that is known."""
    draft = await draft_of(request)
    return await _count(request, draft, await run_now(draft))


@post("/programme/count", opt=WRITE, include_in_schema=False)
async def begin_count(request: _Request) -> Response[Any]:
    """The same; counted where nobody has and the chain isn't too large for a count at every change."""
    form = await texts_of(request)
    draft = await draft_of(request)
    run = await run_now(draft)
    if run is None and changed_ladders(draft) and not draft.faults and draft.exists:
        size = await connection().fetchval(_SIZE, current().tenant_id, AT_ONCE + 1)
        if size <= AT_ONCE or form.get("act") == "count":
            as_of = await held_against(draft)
            await start_simulation(as_of, holders_of(draft), "now", asked=False, held_now=True)
            run = await run_now(draft)
    return await _count(request, draft, run)


async def run_now(draft: Draft) -> Run | None:
    """The simulation of just this draft, if there is one."""
    if draft.rules is None or not draft.exists:
        return None
    lineage = (await descent(draft.present, draft.rules, holders_of(draft))).lineage
    said = {ladder: dict(codes) for ladder, codes in lineage.items()}
    return await run_of_now(draft.kept.document, said, draft.present.version, await held_against(draft))


async def moves_of(draft: Draft, run: Run | None) -> list[Matrix]:
    """What a simulation that is through says of the ladders that the draft changes; others are as they were."""
    if run is None or run.state != "done":
        return []
    result = (await read_job(run.id, draft.language))["result"]
    rules, present = Programme.parse(run.document), await programme(run.programme_version)
    found = matrices(result, present, rules, run.lineage, None, draft.language)
    changed = changed_ladders(draft)
    return [matrix for matrix in found if matrix.ladder in changed]


async def zone_of() -> ZoneInfo:
    """The chain's time zone."""
    return ZoneInfo(
        await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    )


async def _count(request: _Request, draft: Draft, run: Run | None) -> Response[str]:
    context = {
        "draft": draft,
        "run": run,
        "changed": await moves_of(draft, run),
        "zone": await zone_of(),
        "period": await held_against(draft) is not None,
        "tiers_change": bool(changed_ladders(draft)),
    }
    return render_page(request, "programme_pages/_count.html", context)


# --- the page -------------------------------------------------------------------------------------


@get(HOME, opt=WRITE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """The latest simulation, or the one that is asked for; on its way, or with its result."""
    return await _page(request, await draft_of(request))


@post(HOME, opt=WRITE, include_in_schema=False)
async def begin(request: _Request) -> Response[Any]:
    """Starts one; another that is under way ends."""
    form = await texts_of(request)
    draft = await draft_of(request)
    try:
        text = form.get("as_of", "").strip()
        as_of = parse_date(text) if text else await held_against(draft)
        transition: Transition = "up_only" if form.get("transition") == "up_only" else "now"
        started = await start_simulation(as_of, holders_of(draft), transition, held_now=not text)
    except InvalidValueError as invalid:
        return await _page(request, draft, DomainError("validation-failed", errors=[invalid.field_error("/as_of")]))
    except DomainError as error:
        return await _page(request, draft, error)
    return see_other(f"{HOME}?run={started}")


@post(f"{HOME}/{{run_id:uuid}}/cancel", opt=WRITE, include_in_schema=False)
async def cancel(run_id: FromPath[UUID]) -> Response[Any]:
    """Stops it. One that has ended meanwhile shows what came out."""
    await run_of(run_id)
    try:
        await cancel_simulation(run_id)
    except DomainError as error:
        if error.code != "not-found":
            raise
    return see_other(f"{HOME}?run={run_id}")


async def _page(request: _Request, draft: Draft, problem: DomainError | None = None) -> Response[str]:
    run = await _run(request)
    zone = ZoneInfo(
        await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    )
    context: dict[str, Any] = {
        "run": run,
        "of_now": run is not None and run.document == draft.kept.document,
        "as_of": "" if run is None or not run.then else run.as_of.astimezone(zone).date().isoformat(),
        "period": await held_against(draft),
        "result": None,
        "holders": holders_of(draft) if draft.rules else {},
    }
    if run is not None and run.state == "done":
        context |= await _result(request, run)
    return await section(request, "programme_pages/try.html", HOME, context, draft=draft, problem=problem)


async def _run(request: _Request) -> Run | None:
    asked = request.query_params.get("run")
    if not asked:
        return await latest_run()
    try:
        return await run_of(UUID(asked))
    except ValueError:
        raise DomainError("not-found") from None


async def _result(request: _Request, run: Run) -> Mapping[str, Any]:
    language = reader_of(request).language
    result = (await read_job(run.id, language))["result"]
    rules, present = Programme.parse(run.document), await programme(run.programme_version)
    known = {str(branch["id"]): branch["name"] for branch in await branches(None, _BRANCHES)}
    with_members = dict.fromkeys(move["branch_id"] or NO_BRANCH for move in result["branches"])
    branch = request.query_params.get("branch") or None
    names = {
        (ladder.code, tier.code): tier.names.get(language)
        for side in (rules, present)
        for ladder in side.ladders
        for tier in ladder.tiers
    }
    return {
        "result": result,
        "matrices": matrices(result, present, rules, run.lineage, branch, language),
        "branches": [(code, known[code]) for code in with_members if code in known],
        "without_branch": NO_BRANCH in with_members,
        "branch": branch,
        "tier_names": names,
        "ladder_names": {
            ladder.code: ladder.names.get(language) for side in (present, rules) for ladder in side.ladders
        },
    }


HANDLERS = [count, begin_count, show, begin, cancel]
