"""Lists of members: filters, pages, and that each filter has its index."""

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from saas.scope import connection, tenant_scope
from tenants.members.bodies import MembersQuery
from tenants.members.listing import statement
from tenants.members.sorting import Place, Sorting
from tenants.programme.versions import current_programme


async def enrol(chain: Any, **member: Any) -> str:
    answer = await chain.http.post("/v1/members", json=member)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def found(chain: Any, query: str) -> list[str]:
    answer = await chain.http.get(f"/v1/members?{query}")
    assert answer.status_code == 200, answer.text
    return [member["id"] for member in answer.json()["data"]]


async def put_in_tier(chain: Any, member_id: str, ladder: str, tier: str, rank: int) -> None:

    async with tenant_scope(chain.tenant_id):
        await connection().execute(
            "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from,"
            " decision_id, effective_at) VALUES"
            " ($1, $2, $3, $4, $5, '2026-01-02', 'upgrade', '2026-01-02', $6, now())",
            chain.tenant_id,
            UUID(member_id),
            ladder,
            tier,
            rank,
            uuid4(),
        )


async def test_finds_by_every_identifier(chain: Any) -> None:
    ann = await enrol(chain, phone="13800138000", name="Ann Li", card_no="8000", external_id="x-1")
    bob = await enrol(chain, phone="13900138000", name="annabel")
    cat = await enrol(chain, name="%_王", card_no="13800138000")
    assert await found(chain, "") == [cat, bob, ann]
    assert await found(chain, "phone=138%200013%208000") == [ann]
    assert await found(chain, "card_no=8000") == [ann]
    assert await found(chain, "external_id=x-1&phone=13800138000") == [ann]
    assert await found(chain, "external_id=x-1&phone=13900138000") == []
    assert await found(chain, "q=8000") == [bob, ann]
    assert await found(chain, "q=８０００") == [bob, ann]
    assert await found(chain, "q=13800138000") == [cat, ann]
    assert await found(chain, "q=ANN") == [bob, ann]
    assert await found(chain, "q=ann%20l") == [ann]
    assert await found(chain, "q=%25") == [cat]
    assert await found(chain, "q=nn") == []
    assert await found(chain, "q=x-1") == [ann]
    assert await found(chain, "q=' OR true --") == []


async def test_filters_by_tier(chain: Any) -> None:
    ann, bob = await enrol(chain, name="Ann"), await enrol(chain, name="Bob")
    await put_in_tier(chain, ann, "card", "gold", 2)
    assert await found(chain, "tier=gold") == [ann]
    assert await found(chain, "tier=card:gold&q=A") == [ann]
    assert await found(chain, "tier=card:gold&q=B") == []
    assert await found(chain, "tier=regular") == [bob]
    assert await found(chain, "tier=regular&q=A") == []
    (member,) = (await chain.http.get("/v1/members?tier=gold")).json()["data"]
    assert (member["tier"]["code"], member["tier"]["since"]) == ("gold", "2026-01-02")
    for query, code in (("tier=brass", "unknown-tier"), ("tier=x:gold", "unknown-ladder")):
        answer = await chain.http.get(f"/v1/members?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


@pytest.mark.parametrize("query", ["", "q=pa", "tier=regular"])
async def test_pages_meet_everyone_once(chain: Any, query: str) -> None:
    ids = [await enrol(chain, name=f"Page {n}") for n in range(5)]
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        answer = (await chain.http.get(f"/v1/members?{query}&limit=2{cursor}")).json()
        seen += [member["id"] for member in answer["data"]]
        await enrol(chain, name="Page late")
        cursor = f"&cursor={answer['next_cursor']}"
    assert answer["next_cursor"] is None
    assert seen == ids[::-1]


@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "W10", "bnVsbA", "%F0%9F%98%80", "e30"])
async def test_refuses_a_cursor_that_is_none(chain: Any, cursor: str) -> None:
    answer = await chain.http.get(f"/v1/members?cursor={cursor}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-cursor")


async def test_refuses_unknown_filters_and_limits(chain: Any) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "phone=1", "nobody=1", "q=a&q=b"):
        assert (await chain.http.get(f"/v1/members?{query}")).status_code == 422


async def plan(conn: Any, sql: str, args: list[object]) -> dict[str, Any]:
    value = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *args)
    parsed = json.loads(value) if isinstance(value, str) else value
    result: dict[str, Any] = parsed[0]["Plan"]
    return result


def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    own = [node] if "Scan" in node["Node Type"] and "Relation Name" in node else []
    return own + [scan for child in node.get("Plans", []) for scan in scans(child)]


INDEXES = {
    "name": "member_by_name",
    "last_visit": "member_total_by_last_at",
    "spend": "member_total_by_spend",
    "points": "points_account_by_open",
}
VALUES = (
    (
        "INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)"
        " SELECT tenant_id, id, right(phone, 4)::int, 1, 1, '2026-01-01',"
        " timestamptz '2026-01-01' + right(phone, 4)::int * interval '1 min' FROM member WHERE tenant_id = $1"
    ),
    (
        "INSERT INTO points_account (tenant_id, member_id, open) SELECT tenant_id, id, right(phone, 4)::int % 100"
        " FROM member WHERE tenant_id = $1"
    ),
)


async def fill(tenant_id: UUID) -> None:
    """Ten thousand members, all silver."""

    async with tenant_scope(tenant_id):
        conn = connection()
        await conn.execute(
            "INSERT INTO member (tenant_id, id, joined_on, phone, name, source, created_at)"
            " SELECT $1, uuidv7(), '2026-01-01', '+861380000' || lpad(n::text, 4, '0'), 'Name ' || n, 'import', now()"
            " FROM generate_series(1, 9999) AS n",
            tenant_id,
        )
        await conn.execute(
            "INSERT INTO member_identity (tenant_id, kind, value, member_id)"
            " SELECT tenant_id, 'phone', phone, id FROM member WHERE tenant_id = $1",
            tenant_id,
        )
        await conn.execute(
            "INSERT INTO member_tier (tenant_id, member_id, ladder, tier, rank, since, reason, valid_from,"
            " decision_id, effective_at) SELECT tenant_id, id, 'card', 'silver', 1, '2026-01-02', 'upgrade',"
            " '2026-01-02', id, now() FROM member WHERE tenant_id = $1",
            tenant_id,
        )
        await conn.execute(
            "INSERT INTO household_member (tenant_id, phone, member_id)"
            " SELECT tenant_id, '+86139' || right(phone, 8), id FROM member WHERE tenant_id = $1",
            tenant_id,
        )
        for tag, members in (("all", 9999), ("vip", 3)):
            await conn.execute(
                "INSERT INTO member_tag (tenant_id, member_id, tag) SELECT tenant_id, id, $2 FROM member"
                " WHERE tenant_id = $1 LIMIT $3",
                tenant_id,
                tag,
                members,
            )
        for sql in VALUES:
            await conn.execute(sql, tenant_id)


@pytest.fixture(scope="module")
async def filled(new_chain: Any, environ: dict[str, str]) -> UUID:
    """A tenant beside another one of the same size: of one alone a whole table is an index's worth."""
    tenants = [(await new_chain()).tenant_id for _ in range(2)]
    for one in tenants:
        await fill(one)
    owner = await asyncpg.connect(environ["MIGRATOR_DATABASE_URL"])
    try:
        await owner.execute(
            "VACUUM (ANALYZE) member, member_identity, member_tier, member_tag, household_member, member_total,"
            " points_account"
        )
    finally:
        await owner.close()
    return tenants[0]


async def test_every_filter_uses_an_index_as_the_role_app(filled: UUID) -> None:
    async with tenant_scope(filled):
        conn, programme = connection(), await current_programme()
        assert await conn.fetchval("SELECT current_user") == "app"
        for query in (
            {},
            {"phone": "13800001234"},
            {"card_no": "1"},
            {"external_id": "1"},
            {"q": "1234"},
            {"q": "13800001234"},
            {"q": "name 77"},
            {"tier": "gold"},
            {"tier": "silver"},
            {"tier": "regular"},
            {"q": "1234", "tier": "silver"},
            {"unionid": "1"},
            {"app_id": "wx1", "openid": "1"},
            {"tag": "vip"},
            {"tag": "all"},
            {"tag": "all", "tier": "silver"},
            {"tag": "vip", "tier": "regular"},
            {"status": "closed"},
            {"status": "erased", "q": "1234"},
        ):
            sql, args = statement(MembersQuery(**query), programme, filled)
            for mode in ("force_custom_plan", "force_generic_plan"):
                await conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
                used = scans(await plan(conn, sql, args))
                assert used, query
                assert [s for s in used if s["Node Type"] == "Seq Scan"] == [], (query, mode)


async def test_every_order_begins_anywhere_by_its_index_as_the_role_app(filled: UUID) -> None:
    async with tenant_scope(filled):
        conn, rules = connection(), await current_programme()
        assert await conn.fetchval("SELECT current_user") == "app"
        middle = UUID(int=uuid7().int)
        places = {"name": b"name 5", "last_visit": datetime(2026, 1, 2, tzinfo=UTC), "spend": 5_000, "points": 50}
        for column, falling, also in product(places, ("", "-"), ({}, {"tag": "all"}, {"tier": "silver"})):
            asked = Sorting(MembersQuery(sort=falling + column, **also), rules, halfway=False, common=False)
            statements = {
                "looking": asked.looking(Place(places[column], middle), 26, 100),
                "looking behind": asked.looking_behind(Place(None, middle), 26, 100),
                "gathering": asked.gathering(Place(places[column], middle), 26, 0),
            }
            for (name, (sql, args)), mode in product(statements.items(), ("custom", "generic")):
                await conn.execute(f"SET LOCAL plan_cache_mode = force_{mode}_plan")
                used = scans(await plan(conn, sql, args))
                assert [s for s in used if s["Node Type"] == "Seq Scan"] == [], (name, column, also, mode)
                if name == "looking":
                    (walk,) = (s for s in used if s["Index Name"] == INDEXES[column])
                    assert "ROW" in walk["Index Cond"], walk
                    assert walk["Scan Direction"] == ("Backward" if falling else "Forward")
