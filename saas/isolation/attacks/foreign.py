"""The other chain's ids, ETags and requests, as the attacker; the same with one's own, as the control."""

import re
from collections.abc import Mapping
from typing import Final

import httpx

from saas.isolation.cases.every import CASES
from saas.isolation.cases.pages import PAGES
from saas.isolation.chains import settle
from saas.isolation.knocks import NOBODYS, Case, Ids, Knock
from saas.isolation.stage import Route, Side, Stage, broke, named, send, told

ANSWERS_NEW: Final = frozenset({("POST", "/v1/imports")})
"""Answers with ids of its own making, before it has looked: `jobs` compares its result."""
SHOWS_WHAT_IT_IS_GIVEN: Final = frozenset({("GET", "/members/new")})
HAS_NONE: Final = frozenset(
    {
        ("DELETE", "/v1/staff/{staff_id:uuid}/second-factor"),
        ("DELETE", "/v1/programme/simulations/{job_id:uuid}"),
    }
)
"""Nothing to be found with one's own id either: the chain's person has no second factor, no simulation is under way."""
_STALE: Final = 412
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def ids_of_the_other(stage: Stage) -> None:
    """Each answer is the one for ids that nobody has, and the expected one; nothing of the other chain's changes."""
    for route, case in {**CASES, **PAGES}.items():
        await _ids(stage, route, case)


async def _ids(stage: Stage, route: Route, case: Case) -> None:
    ours, theirs = stage.ours, stage.theirs.ids
    for foreign, nobodys in zip(case(theirs, ours.furnished), case(NOBODYS, ours.furnished), strict=True):
        for attack, headers in (("foreign-ids", {}), ("foreign-version", _version(route))):
            if attack == "foreign-version" and not headers:
                continue
            answer = await send(ours, route[0], foreign, headers)
            control = await send(ours, route[0], nobodys, headers)
            stage.record.tried(attack, named(route), answer.status_code)
            said = _differs(route, answer, control, theirs)
            if not said and answer.status_code != foreign.status and not headers:
                said = f"{answer.status_code} instead of {foreign.status}"
            if said:
                stage.record.leak(attack, named(route), _shown(foreign), said)
    await stage.hold("foreign-ids", named(route))


def _version(route: Route) -> Mapping[str, str]:
    """What would be found unchanged, or may be overwritten, whatever its version is: where the path names it."""
    if ":uuid}" not in route[1]:
        return {}
    if route[0] == "GET":
        return {"If-None-Match": "*"}
    return {"If-Match": "*"} if route[0] in {"PATCH", "PUT", "DELETE"} else {}


def _differs(route: Route, answer: httpx.Response, control: httpx.Response, theirs: Ids) -> str:
    """What is wrong with the answer; "" where nothing is."""
    if broke(answer):
        return f"{answer.status_code}: an error may have stopped anywhere"
    if answer.headers.keys() != control.headers.keys():
        odd = sorted(answer.headers.keys() ^ control.headers.keys())
        return f"headers differ from those for nobody's id: {', '.join(odd)}"
    if route not in ANSWERS_NEW and told(answer, theirs) != told(control, NOBODYS):
        return f"{answer.status_code}: differs from the answer for nobody's id ({control.status_code})"
    return ""


def _shown(knock: Knock) -> str:
    """The request without its ids."""
    return _UUID.sub("…", f"{knock.url} {knock.body or ''}")[:200].strip()


async def own_ids(stage: Stage) -> None:
    """The control: with one's own ids each of the requests does find something, so that a refusal says something. The
    calls go with idempotency keys, for `requests_again`. At the end little is left of the victim, and of its twin.
    """
    theirs, twin = stage.theirs, stage.twin
    reads = [route for route in (*CASES, *PAGES) if route[0] == "GET"]
    for route in reads:
        await _own(stage, theirs, route)
    for route in PAGES:
        if route[0] != "GET":
            await _own(stage, twin, route)
    for route in CASES:
        if route[0] not in {"GET", "DELETE"}:
            await _own(stage, theirs, route)
    await settle(theirs.chain.tenant_id)
    await stage.look()


async def own_ids_deleted(stage: Stage) -> None:
    """The control of what takes away, in the attacker's own chain: the very last."""
    for route in CASES:
        if route[0] == "DELETE":
            await _own(stage, stage.ours, route)


def key_of(route: Route, number: int) -> dict[str, str]:
    """The idempotency key under which the victim sends this request."""
    return {"Idempotency-Key": f"isolation {number} {named(route)}".replace(" ", "/")}


async def _own(stage: Stage, side: Side, route: Route) -> None:
    case = CASES.get(route) or PAGES[route]
    ids, made = side.ids, side.furnished
    noticed = route in SHOWS_WHAT_IT_IS_GIVEN | ANSWERS_NEW | HAS_NONE
    for number, (own, nobodys) in enumerate(zip(case(ids, made), case(NOBODYS, made), strict=True)):
        keyed = key_of(route, number) if route[0] == "POST" and route[1].startswith("/v1/") else {}
        mine = await send(side, route[0], own, keyed)
        control = await send(side, route[0], nobodys)
        stage.record.tried("control", named(route), mine.status_code)
        if broke(mine):
            stage.record.leak("control", named(route), _shown(own), f"{mine.status_code}")
        elif not noticed and own.status != _STALE and told(mine, ids) == told(control, NOBODYS):
            said = f"{mine.status_code}: the same as for nobody's id, so that its refusal proves nothing"
            stage.record.leak("control", named(route), _shown(own), said)


async def requests_again(stage: Stage) -> None:
    """Each POST that the victim has sent, byte for byte and under the same idempotency key, by the attacker."""
    for route, case in CASES.items():
        if route[0] != "POST" or not route[1].startswith("/v1/"):
            continue
        for number, same in enumerate(case(stage.theirs.ids, stage.theirs.furnished)):
            answer = await send(stage.ours, "POST", same, key_of(route, number))
            stage.record.tried("foreign-replay", named(route), answer.status_code)
            asked = f"{same.url} {same.body}"
            shown = [one for one in stage.theirs.ids.only_theirs() if one in answer.text and one not in asked]
            if "idempotent-replayed" in answer.headers or shown or broke(answer):
                said = "their stored answer came back" if shown or not broke(answer) else str(answer.status_code)
                stage.record.leak("foreign-replay", named(route), _shown(same), said)
        await stage.hold("foreign-replay", named(route))
