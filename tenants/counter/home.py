"""`/counter`: one search for everything, what was recorded just now, and today's entries."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from uuid_utils.compat import uuid7

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.pages import reader_of, render_page, safe_next, see_other
from saas.scope import current
from saas.validation import parse_query
from tenants.counter.acting import READ, AnyRequest
from tenants.counter.entries import entries
from tenants.counter.finding import enrolment_fields, found_coupon, people
from tenants.counter.numbers import id_of
from tenants.counter.outcome import outcome
from tenants.counter.place import Place, branch_cookie, place_of
from tenants.frame import Frame, frame
from tenants.members.bodies import MembersQuery
from tenants.members.listing import list_members

HOME: Final = "/counter"
_SHOWN: Final = 12
_Answer = Response[Any]


@get(HOME, opt=READ, include_in_schema=False)
async def counter(request: AnyRequest) -> _Answer:
    """The till. `q` is looked for; Enter (`open`) goes on to the member where it finds one alone. `entry` is what was
    recorded just now.
    """
    q = request.query_params.get("q", "").strip()
    if q and "open" in request.query_params:
        found = await _found(request, q)
        if len(found["lines"]) == 1 and not found["more"]:
            amount = amount_typed(request)
            return see_other(f"{HOME}/members/{found['lines'][0].id}{amount}")
    return await page_of(request)


async def page_of(request: AnyRequest, problem: Told | None = None) -> _Answer:
    """The till's first page; `problem` is what went wrong there."""
    given = {name: value.strip() for name, value in request.query_params.items()}
    around, place = await frame(), await place_of(request)
    q = given.get("q", "")
    context: dict[str, Any] = {**await shell(around, place), "q": q, "lines": [], "problem": problem}
    if q:
        context |= await _found(request, q)
    context |= {"done": await _done(request, given.get("entry", ""), around), "said": given.get("said", "")}
    context |= {"amount": amount_typed(request), **await _today(request, around, place)}
    return render_page(request, "counter/home.html", context, status=_status(context["problem"]))


def amount_typed(request: AnyRequest) -> str:
    """The amount that was typed before the member was looked for, as a query to go on with."""
    amount = request.query_params.get("amount", "").strip()
    return f"?{urlencode({'amount': amount})}" if amount else ""


@get(f"{HOME}/entries", opt=READ, include_in_schema=False)
async def entries_part(request: AnyRequest) -> _Answer:
    """Today's entries alone, for a page that follows them."""
    around, place = await frame(), await place_of(request)
    return render_page(request, "counter/_entries.html", {"frame": around, **await _today(request, around, place)})


@post(f"{HOME}/branch", opt=READ, include_in_schema=False)
async def choose_branch(request: AnyRequest) -> _Answer:
    """Where this browser stands from now on."""
    form, place = await texts_of(request), await place_of(request)
    wanted = form.get("branch_id", "")
    if wanted not in {code for code, _ in place.choices}:
        raise DomainError("not-permitted" if wanted else "not-found")
    return see_other(safe_next(form.get("next")) or HOME, cookies=[branch_cookie(wanted)])


async def shell(around: Frame, place: Place) -> dict[str, Any]:
    """What every page of the counter has: the frame, the place, and what an entry without a connection needs."""
    now = await tenant_now()
    return {
        "frame": around,
        "place": place,
        "now": now,
        "owner": f"{current().tenant_id}:{current().principal.actor}",
    }


async def _found(request: AnyRequest, q: str) -> dict[str, Any]:
    """Members, or the coupon that was scanned; where nobody is found, what enrolling begins with."""
    speaks = reader_of(request).tongue
    problem: Told | None = None
    lines: list[Any] = []
    more = False
    try:
        listed = await list_members(parse_query(MembersQuery, {"q": q, "limit": str(_SHOWN)}))
    except DomainError as error:
        problem = told(request, error)
    else:
        lines, more = await people(listed.rows, speaks), listed.after is not None
    coupon = None if lines else await found_coupon(q, speaks)
    return {
        "lines": lines,
        "more": more,
        "problem": problem,
        "coupon": coupon,
        "enrol": {**enrolment_fields(q), "number": str(uuid7())} if current().principal.may("members:write") else None,
    }


async def _done(request: AnyRequest, named: str, around: Frame) -> Any:
    kind, _, text = named.partition(":")
    if not text:
        return None
    entry_id: UUID = id_of(text, "entry")
    return await outcome(kind, entry_id, around, reader_of(request).tongue)


async def _today(request: AnyRequest, around: Frame, place: Place) -> dict[str, Any]:
    mine = request.query_params.get("whose") != "all"
    if place.branch_id is None:
        return {"entries": [], "mine": mine, "place": place}
    speaks = reader_of(request).tongue
    return {"entries": await entries(place, around, speaks, mine=mine), "mine": mine, "place": place}


def _status(problem: Told | None) -> int:
    return problem.status if problem else 200


HANDLERS = [counter, entries_part, choose_branch]
