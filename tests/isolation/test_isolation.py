"""No route tells or touches anything of a neighbour: its ids are answered as ids that nobody has."""

import json
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from cases import CASES, NOBODYS, PUBLIC, TAKES_NO_ID, Ids, Knock
from support.clock import owner
from support.furnish import Furnished, furnish

Route = tuple[str, str]


def routes(app: Any) -> dict[Route, Any]:
    """Every route and method with its handler. OPTIONS lists methods and runs no handler; HEAD likewise."""
    return {
        (method, route.path): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in getattr(handler, "http_methods", ["ASGI"])
        if method not in {"OPTIONS", "HEAD"}
    }


@pytest.fixture(scope="module")
async def neighbours(new_chain: Any, drain: Any) -> tuple[Furnished, Furnished]:
    return await furnish(await new_chain(), drain, "0003"), await furnish(await new_chain(), drain, "0004")


def test_every_route_has_a_case(app: Any) -> None:
    known = CASES.keys() | TAKES_NO_ID.keys() | PUBLIC.keys()
    assert set(routes(app)) == known, "a new route needs a case in cases.py, a removed one none"


def test_no_route_with_an_id_in_its_path_goes_without_a_case(app: Any) -> None:
    with_id = {route for route in routes(app) if re.search(r"\{[a-z_]+:(uuid|str)\}", route[1])}
    assert with_id - CASES.keys() - PUBLIC.keys() == set()


async def digest(tenant_id: UUID) -> str:
    """One hash of every row of a tenant."""
    conn = await owner()
    names = await conn.fetch(
        "SELECT a.attrelid::regclass::text AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace IN"
        " ('public'::regnamespace, 'platform'::regnamespace) ORDER BY 1"
    )
    parts = [
        await conn.fetchval(
            f"SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {row['name']} t"
            " WHERE t.tenant_id = $1",
            tenant_id,
        )
        for row in names
    ]
    return ",".join(parts)


def told(answer: httpx.Response, ids: Ids) -> tuple[int, str]:
    """Status and body without what names this very request: its id, its instant, and the id that it asked for."""
    text = re.sub(r'"changed_at":"[^"]+"', '"changed_at":"…"', answer.text)
    for own in (answer.headers["x-request-id"], *ids.texts(), *(f"+86{p}" for p in [ids.phone])):
        text = text.replace(own, "…")
    return answer.status_code, text


async def knock(ours: Furnished, method: str, one: Knock) -> httpx.Response:
    return await ours.chain.http.request(method, one.url, **one.arguments())


_ANSWERS_NEW = {("POST", "/v1/imports")}
"""Answers with ids of its own making: compared by its result instead."""


@pytest.mark.parametrize("route", CASES, ids=" ".join)
async def test_a_neighbours_id_is_an_id_that_nobody_has(route: Route, neighbours: tuple[Furnished, Furnished]) -> None:
    ours, theirs = neighbours
    ids, case = Ids.of(theirs), CASES[route]
    before = await digest(theirs.chain.tenant_id)
    for foreign, nobodys in zip(case(ids, ours), case(NOBODYS, ours), strict=True):
        answer = await knock(ours, route[0], foreign)
        control = await knock(ours, route[0], nobodys)
        assert answer.status_code == foreign.status, answer.text
        if route not in _ANSWERS_NEW:
            assert told(answer, ids) == told(control, NOBODYS)
        assert answer.headers.keys() == control.headers.keys()
    assert await digest(theirs.chain.tenant_id) == before


@pytest.mark.parametrize("route", CASES, ids=" ".join)
async def test_the_cases_would_notice(route: Route, neighbours: tuple[Furnished, Furnished]) -> None:
    """The same requests with one's own ids do find something: a case that is refused for any id proves nothing."""
    _, theirs = neighbours
    ids = Ids.of(theirs)
    if route[0] == "DELETE":
        return  # `test_a_key_can_be_revoked_by_its_owner` does it once the others are through
    for foreign, nobodys in zip(CASES[route](ids, theirs), CASES[route](NOBODYS, theirs), strict=True):
        mine = await knock(theirs, route[0], foreign)
        control = await knock(theirs, route[0], nobodys)
        assert mine.status_code < 500, mine.text
        if route not in _ANSWERS_NEW:
            assert told(mine, ids) != told(control, NOBODYS)


async def test_imported_rows_find_no_neighbour(neighbours: tuple[Furnished, Furnished], drain: Any) -> None:
    ours, theirs = neighbours
    before = await digest(theirs.chain.tenant_id)
    outcomes = []
    for ids in (Ids.of(theirs), NOBODYS):
        (one,) = CASES["POST", "/v1/imports"](ids, ours)
        started = (await knock(ours, "POST", one)).json()["import_id"]
        await drain(ours.chain.tenant_id)
        shown = (await ours.chain.http.get(f"/v1/imports/{started}")).json()
        errors = (await ours.chain.http.get(f"/v1/imports/{started}/errors.csv")).text
        assert (shown["imported"], shown["failed"]) == (0, 1)
        outcomes.append(errors.replace(ids.external, "…"))
    assert outcomes[0] == outcomes[1]
    assert await digest(theirs.chain.tenant_id) == before


LISTS = [
    "/v1/members",
    "/v1/branches",
    "/v1/api-keys",
    "/v1/segments",
    "/v1/segments/{segment}/members",
    "/v1/audit-log",
    "/v1/programme/versions",
    "/v1/members/{member}/purchases",
    "/v1/members/{member}/decisions",
    "/v1/members/{member}/activities",
    "/v1/members/{member}/referrals",
    "/v1/coupons",
    "/v1/members/{member}/coupons",
    "/v1/rewards",
    "/v1/tasks/rules",
    "/v1/members/{member}/claims",
    "/v1/proof/differences",
]


@pytest.mark.parametrize("path", LISTS)
async def test_a_neighbours_cursor_shows_own_rows_only(path: str, neighbours: tuple[Furnished, Furnished]) -> None:
    from saas.paging import decode_cursor, encode_cursor

    ours, theirs = neighbours
    url = path.format(member=theirs.member_id, segment=theirs.segment_id)
    cursor = (await theirs.chain.http.get(f"{url}?limit=1")).json()["next_cursor"] or encode_cursor(UUID(int=2**127))
    answer = await ours.chain.http.get(
        path.format(member=ours.member_id, segment=ours.segment_id), params={"cursor": cursor}
    )
    if answer.status_code == 422:
        assert answer.json()["type"] == "/problems/invalid-cursor"
        assert decode_cursor(cursor, UUID)
        return
    text = json.dumps(answer.json(), ensure_ascii=False)
    assert not [one for one in Ids.of(theirs).only_theirs() if one in text]


async def test_what_is_unique_is_unique_in_one_chain(neighbours: tuple[Furnished, Furnished]) -> None:
    """Two chains may have a customer, a card, a branch code, an order number in common, and never notice."""
    ours, theirs = neighbours
    before = await digest(theirs.chain.tenant_id)
    member = {"name": "林", "phone": theirs.phone, "card_no": theirs.card_no, "external_id": theirs.external_id}
    made = await ours.chain.http.post("/v1/members", json=member)
    assert made.status_code == 201, made.text
    ticket = {
        "branch_id": ours.chain.branch_id,
        "external_id": "T0004",
        "amount": 1,
        "external_amounts": True,
        "phone": theirs.phone,
    }
    bought = await ours.chain.http.post("/v1/purchases", json=ticket, headers={"Idempotency-Key": "key-0004"})
    assert bought.status_code == 201, bought.text
    assert "idempotent-replayed" not in bought.headers
    assert bought.json()["member_id"] == made.json()["id"]
    assert (await ours.chain.http.post("/v1/branches", json={"code": "b0004", "name": "分店"})).status_code == 201
    assert await digest(theirs.chain.tenant_id) == before


async def test_a_key_can_be_revoked_by_its_owner(neighbours: tuple[Furnished, Furnished]) -> None:
    _, theirs = neighbours
    assert (await theirs.chain.http.delete(f"/v1/api-keys/{theirs.key_id}")).status_code == 204
