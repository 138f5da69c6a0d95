"""The list in other orders than by arrival: pages, who has no value, filters beside it, and its plans as `app`."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from test_list import enrol, found, scans

from saas.scope import connection, tenant_scope
from tenants.members import sorting
from tenants.members.bodies import MembersQuery
from tenants.programme.versions import current_programme

MIGRATION = Path(__file__).parents[2] / "migrations/tenants/piccolo_migrations/tenants_0023_sorting.sql"
BACKFILL = "UPDATE " + MIGRATION.read_text().partition("\nUPDATE ")[2].partition(";")[0]
NAMES = ("赵雨华", "林悦", "bo", "Ann", "何涵霞", "王秀", "Ánh", "鑫鑫", None, "林月", None, "安然")
BY_NAME = ["Ann", "bo", "Ánh", "安然", "何涵霞", "林月", "林悦", "王秀", "赵雨华", "鑫鑫"]
"""Letters, those of other alphabets that GB 2312 has, the common characters by their pinyin, the rarer ones."""
BOUGHT = {0: (5_000, 8), 1: (900, 3), 2: (900, 9), 4: (70_000, 1), 5: (100, 3), 9: (300, 11)}
"""By the member's number: a purchase's amount, and the day of March on which it was."""


@pytest.fixture(scope="module")
async def peopled(new_chain: Any) -> Any:
    """Twelve members, with and without names, purchases and points; two have spent alike."""
    chain = await new_chain()
    for n, name in enumerate(NAMES):
        named = {"name": name} if name else {}
        await enrol(chain, card_no=f"C{n:02}", tags=["vip"] if n % 3 == 0 else ["tea"], **named)
    for n, (amount, day) in BOUGHT.items():
        ticket = {"card_no": f"C{n:02}", "branch_id": chain.branch_id, "external_id": f"t{n}", "amount": amount}
        ticket |= {"occurred_at": f"2026-03-{day:02}T02:00:00Z", "external_amounts": True}
        answer = await chain.http.post("/v1/purchases", json=ticket)
        assert answer.status_code == 201, answer.text
    return chain


def told(sort: str, ids: list[str], members: list[dict[str, Any]]) -> list[str]:
    """The order in plain Python; `ids` by the members' numbers."""
    earned = {row["card_no"]: row["points"]["balance"] for row in members}
    values: dict[str, dict[int, Any]] = {
        "name": {n: name.lower().encode("gb18030") for n, name in enumerate(NAMES) if name},
        "last_visit": {n: day for n, (_, day) in BOUGHT.items()},
        "spend": {n: amount for n, (amount, _) in BOUGHT.items()},
        "points": {n: earned[f"C{n:02}"] for n in BOUGHT if earned[f"C{n:02}"]},
        "created": dict(enumerate(range(len(NAMES)))),
    }
    of, falling = values[sort.removeprefix("-")], sort.startswith("-")
    with_value = sorted(of, key=lambda n: (of[n], ids[n]), reverse=falling)
    return [ids[n] for n in (*with_value, *sorted(set(range(len(NAMES))) - set(of), reverse=falling))]


async def pages(chain: Any, query: str, limit: int) -> list[str]:
    """Page after page; some may be short, none is empty for ever."""
    ids: list[str] = []
    cursor = ""
    for _ in range(60):
        answer = await chain.http.get(f"/v1/members?{query}&limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        ids += [row["id"] for row in page["data"]]
        if page["next_cursor"] is None:
            return ids
        cursor = f"&cursor={page['next_cursor']}"
    raise AssertionError(f"no end: {query}")


async def test_names_are_in_the_order_of_their_pinyin_either_way(peopled: Any) -> None:
    rows = (await peopled.http.get("/v1/members?sort=name")).json()["data"]
    assert [row["name"] for row in rows] == [*BY_NAME, None, None]
    rows = (await peopled.http.get("/v1/members?sort=-name")).json()["data"]
    assert [row["name"] for row in rows] == [*BY_NAME[::-1], None, None]


@pytest.mark.parametrize("way", ["gathered", "walked in small steps", "walked without patience"])
async def test_every_order_meets_everyone_once(peopled: Any, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way != "gathered":
        monkeypatch.setattr(sorting, "FEW", -1)
    if way == "walked in small steps":
        monkeypatch.setattr(sorting, "_FIRST_LOOK", 1)
        monkeypatch.setattr(sorting, "_LARGEST_LOOK", 2)
    if way == "walked without patience":
        ticks = iter(range(10**6))
        monkeypatch.setattr(sorting, "monotonic", lambda: next(ticks) * 1.5)  # one look a page
    rows = (await peopled.http.get("/v1/members")).json()["data"]
    ids = [row["id"] for row in reversed(rows)]
    for column, falling, tag in product(("created", *sorting.ORDERS), ("", "-"), ("", "tea")):
        order = told(f"{falling}{column}", ids, rows)
        wanted = [one for one in order if not tag or (ids.index(one) % 3 == 0) == (tag == "vip")]
        query = f"sort={falling}{column}" + (f"&tag={tag}" if tag else "")
        assert await pages(peopled, query, 5) == wanted, query


async def test_a_segment_is_sorted_too(peopled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    condition = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 300}
    made = await peopled.http.post(
        "/v1/segments", json={"code": "spent", "names": {"zh-CN": "消费过", "en": "Spent"}, "condition": condition}
    )
    assert made.status_code == 201, made.text
    rows = (await peopled.http.get("/v1/members")).json()["data"]
    ids = [row["id"] for row in reversed(rows)]
    assert await pages(peopled, "segment=spent&sort=spend", 2) == [ids[n] for n in (9, 1, 2, 0, 4)]
    assert await pages(peopled, "segment=spent&sort=-created", 2) == [ids[n] for n in (9, 4, 2, 1, 0)]
    assert await pages(peopled, "segment=spent&sort=created", 2) == [ids[n] for n in (0, 1, 2, 4, 9)]
    monkeypatch.setattr(sorting, "FEW", -1)
    assert await pages(peopled, "segment=spent&sort=-spend&tag=vip", 1) == [ids[n] for n in (0, 9)]


async def test_names_that_many_have_are_met_in_their_order(peopled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenants.members import listing

    monkeypatch.setattr(listing, "_BEGINS", listing._BEGINS.replace("> 1000", "> 1"))
    for few in (5_000, -1):
        monkeypatch.setattr(sorting, "FEW", few)
        for sort, names in (("name", ["林月", "林悦"]), ("-name", ["林悦", "林月"])):
            rows = (await peopled.http.get(f"/v1/members?q=林&sort={sort}")).json()["data"]
            assert [row["name"] for row in rows] == names, (few, sort)


async def test_another_orders_cursor_is_refused(peopled: Any) -> None:
    async def cursor(query: str) -> str:
        return str((await peopled.http.get(f"/v1/members?{query}&limit=1")).json()["next_cursor"])

    spend, arrival = await cursor("sort=-spend"), await cursor("sort=-created")
    for query in (f"sort=spend&cursor={spend}", f"cursor={spend}", f"sort=name&cursor={arrival}", "sort=name&cursor=x"):
        answer = await peopled.http.get(f"/v1/members?{query}")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-cursor"), query
    assert (await peopled.http.get("/v1/members?sort=phone")).status_code == 422


async def test_refunds_and_undos_move_the_last_visit_back(new_chain: Any) -> None:
    chain = await new_chain()
    lin, bo = await enrol(chain, name="林悦"), await enrol(chain, name="Bo")
    ids = {}
    for name, member, day in (("a", lin, "05"), ("b", bo, "06"), ("c", lin, "07"), ("d", lin, "08")):
        ticket = {"member_id": member, "branch_id": chain.branch_id, "external_id": name, "amount": 100}
        ticket |= {"occurred_at": f"2026-03-{day}T02:00:00Z", "external_amounts": True}
        ids[name] = (await chain.http.post("/v1/purchases", json=ticket)).json()["id"]
    assert await found(chain, "sort=-last_visit") == [lin, bo]
    undone = await chain.http.post(f"/v1/purchases/{ids['d']}/undo", json={"reason": "slip"})
    assert undone.status_code < 300, undone.text
    assert await found(chain, "sort=-last_visit") == [lin, bo]
    back = await chain.http.post(f"/v1/purchases/{ids['c']}/refunds", json={"amount": 100, "external_id": "r"})
    assert back.status_code == 201, back.text
    assert await found(chain, "sort=-last_visit") == [bo, lin]
    assert await found(chain, "sort=last_visit") == [lin, bo]

    # What the migration found for the rows that were there before it is what is kept since.
    kept = "SELECT member_id, last_at FROM member_total WHERE tenant_id = $1 ORDER BY 1"
    conn = await owner()
    before = await conn.fetch(kept, chain.tenant_id)
    await conn.execute("UPDATE member_total SET last_at = 'epoch' WHERE tenant_id = $1", chain.tenant_id)
    await conn.execute(f"{BACKFILL} WHERE t.tenant_id = '{chain.tenant_id}'")
    assert await conn.fetch(kept, chain.tenant_id) == before
    assert len(before) == 2


async def test_behind_the_last_name_nobody_is_asked_whether_he_has_one(chain: Chain) -> None:
    fill = (
        "INSERT INTO member (tenant_id, id, joined_on, source, created_at, name)"
        " SELECT $1, uuidv7(), '2024-01-01', 'import', now(), '安' || i FROM generate_series(1, 2000) i"
    )
    await (await owner()).execute(fill, chain.tenant_id)
    await (await owner()).execute("VACUUM (ANALYZE) member")
    async with tenant_scope(chain.tenant_id):
        order = sorting.Sorting(MembersQuery(sort="-name"), await current_programme(), halfway=False, common=False)
        sql, args = order.looking_behind(None, 51, 400)
        told = await connection().fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    read = [
        n["Actual Rows"] + n.get("Rows Removed by Filter", 0) for n in scans(plan) if n["Relation Name"] == "member"
    ]
    assert read
    assert max(read) <= 1, read
