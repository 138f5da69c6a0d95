"""`/members`: search, filters and pages, all of it in the address."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request, Response, get

from saas.errors import DomainError, InvalidValueError
from saas.i18n import Tongue
from saas.pages import reader_of, render_page, see_other
from saas.scope import current
from saas.validation import parse_query
from tenants.branches.branch import branches
from tenants.frame import frame
from tenants.member_pages.lines import member_lines
from tenants.member_pages.sorts import heads, order_of, orders
from tenants.member_pages.telling import Told, told
from tenants.member_pages.views import KEPT, View, views
from tenants.members.bodies import MembersQuery
from tenants.members.listing import Listed, list_members
from tenants.members.phones import normalise_phone
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.segments.names import built_in_name
from tenants.segments.segment import segments

HOME: Final = "/members"
_FILTERS: Final = (*KEPT, "cursor")
_SHOWN: Final = 25  # some 50 KB with everything
_SEGMENTS: Final = 200
_BRANCHES: Final = 500
_PHONE_LIKE: Final = 7
_Answer = Response[Any]
_Asked = dict[str, str]


@get(HOME, opt={"auth": "page", "requires": "members:read"}, include_in_schema=False)
async def members(request: Request[Any, Any, Any]) -> _Answer:
    """The newest first, or in another order. Enter in the search (`open`) opens the member where it finds one alone."""
    given = {name: value.strip() for name, value in request.query_params.items()}
    asked = {name: given[name] for name in _FILTERS if given.get(name)}
    if asked.get("sort") == "-created":
        del asked["sort"]  # as it is anyway
    listed, problem = await _listed(asked, request)
    if "open" in given and problem is None:
        alone = asked.get("q") and len(listed.rows) == 1 and listed.after is None and "cursor" not in asked
        return see_other(f"{HOME}/{listed.rows[0]['id']}" if alone else address(asked))
    context = {**await _rows(asked, listed, request), "problem": problem}
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        headers = {"HX-Replace-Url": address(asked)}
        return render_page(request, "member_pages/_results.html", context, headers=headers)
    context |= await _choices(reader_of(request).tongue, asked.get("segment", ""))
    return render_page(request, "member_pages/members.html", context, status=problem.status if problem else 200)


def address(asked: Mapping[str, str], **changes: str | None) -> str:
    """The list's own address with these filters; None leaves one out."""
    wanted = {name: value for name, value in {**asked, **changes}.items() if value}
    return f"{HOME}?{urlencode(wanted)}" if wanted else HOME


async def _listed(asked: _Asked, request: Request[Any, Any, Any]) -> tuple[Listed, Told | None]:
    try:
        return await list_members(parse_query(MembersQuery, {**asked, "limit": str(_SHOWN)})), None
    except DomainError as error:
        return Listed([], None), told(error, reader_of(request).language)


async def _rows(asked: _Asked, listed: Listed, request: Request[Any, Any, Any]) -> dict[str, Any]:
    around, speaks = await frame(), reader_of(request).tongue
    following = address(asked, cursor=listed.after) if listed.after else None
    may = current().principal.may
    return {
        "frame": around,
        "asked": asked,
        "filters": _without(asked, "cursor", "sort"),
        "kept": _without(asked, "cursor"),
        "heads": heads(asked, speaks, address),
        "order": order_of(asked.get("sort", ""), speaks),
        "may_export": may("reports:read"),
        "may_write": may("members:write"),
        "may_import": may("members:write") and may("reports:read"),
        "owner": may("admin"),
        "view": request.query_params.get("view"),
        **_views(await views(), asked, speaks),
        "lines": await member_lines(listed.rows, around, speaks),
        "first": address(asked, cursor=None) if "cursor" in asked else None,
        "following": following,
        "enrol": enrolment(asked.get("q", "")) if current().principal.may("members:write") else None,
    }


def _views(saved: list[View], asked: _Asked, speaks: Tongue) -> dict[str, Any]:
    """The tabs: everybody, the saved ones, who has left. `here` is the saved view that the filters are, if any, in
    whatever order; `nameless`: they are none that has a name, or not in this order.
    """
    kept, filters = _without(asked, "cursor"), _without(asked, "cursor", "sort")
    exact = next((one for one in saved if one.filters == kept), None)
    here = exact or next((one for one in saved if _without(one.filters, "sort") == filters and filters), None)
    left = {"status": "closed"}
    tabs = [
        (HOME, speaks.say("All"), not filters and here is None),
        *((address(one.filters), one.name, one is here) for one in saved),
        (address(left), speaks.say("Left"), filters == left and here is None),
    ]
    return {"views": tabs, "here": here, "nameless": exact is None and kept not in ({}, left)}


def _without(asked: Mapping[str, str], *names: str) -> _Asked:
    return {name: value for name, value in asked.items() if name not in names}


def enrolment(q: str) -> str:
    """The form of a new member with what was searched for filled in where it belongs."""
    digits = sum(c.isdigit() for c in q)
    try:
        known = {"phone": normalise_phone(q).removeprefix("+86")}
    except InvalidValueError:
        if digits == 0:
            known = {"name": q}
        else:
            known = {"phone": q} if digits >= _PHONE_LIKE and not any(c.isalpha() for c in q) else {"card_no": q}
    return f"{HOME}/new" + (f"?{urlencode(known)}" if q else "")


async def _choices(speaks: Tongue, chosen: str) -> dict[str, Any]:
    rules = await current_programme()
    named = [
        (segment["code"], segment["names"].get(speaks.language) or next(iter(segment["names"].values())))
        for segment in await segments(None, _SEGMENTS)
    ]
    if (of_every_chain := built_in_name(chosen)) is not None:
        named.append((chosen, speaks.say(of_every_chain)))
    places = [(str(one["id"]), one["name"]) for one in await branches(None, _BRANCHES)]
    return {"tiers": _tiers(rules, speaks), "segments": named, "branches": places, "orders": orders(speaks)}


def _tiers(rules: Programme, speaks: Tongue) -> list[tuple[str, str]]:
    """Every tier of every ladder; the ladder is named where there are several."""
    several = len(rules.ladders) > 1
    return [
        (
            f"{ladder.code}:{tier.code}",
            " · ".join([ladder.names.get(speaks.language)] * several + [tier.names.get(speaks.language)]),
        )
        for ladder in rules.ladders
        for tier in ladder.tiers
    ]


HANDLERS = [members]
