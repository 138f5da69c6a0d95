"""A chain that the planner's statistics don't know yet: of what is recorded already each row is looked up, however much
there is. The planner takes such a chain's thousands for one, and compares each with each wherever a join lets it.
"""

import json
from typing import Any

import pytest
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.imports import activities_sql, purchases_sql

RECORDED, BATCH = 1_000, 200
PEOPLE = "external_id\n" + "".join(f"M{n}\n" for n in range(RECORDED // 10))
KINDS = {"activities": "kind", "purchases": "amount"}


def file(kind: str, rows: int, branch: str) -> str:
    header = f"external_id,member,occurred_at,branch,{KINDS[kind]}\n"
    what = "class" if kind == "activities" else "10"
    return header + "".join(
        f"N{n},M{n % (RECORDED // 10)},2026-01-{n % 28 + 1:02d} 10:00,{branch},{what}\n" for n in range(rows)
    )


async def recorded(imports: Any, kind: str, rows: int) -> None:
    rules = (await imports.http.get("/v1/programme")).json() | {"activity_kinds": ["class"]}
    assert (await imports.http.put("/v1/programme/draft", json=rules)).status_code == 200
    assert (await imports.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    branch = (await imports.http.get("/v1/branches")).json()["data"][0]["code"]
    await imports.run(PEOPLE, "members", evaluate=False)
    done = await imports.run(file(kind, rows, branch), kind, evaluate=False)
    assert done["imported"] == rows, done


async def compared(statement: str, *values: Any) -> int:
    """How many rows, or pairs of them, it looked at."""
    told = await connection().fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)

    def count(node: dict[str, Any]) -> float:
        own = sum(
            node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
        )
        return float(own * node["Actual Loops"]) + sum(count(child) for child in node.get("Plans", []))

    return int(count((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


@pytest.mark.parametrize(("kind", "sql"), [("activities", activities_sql), ("purchases", purchases_sql)])
async def test_what_is_recorded_already_is_looked_up(new_imports: Any, kind: str, sql: Any) -> None:
    """Its rows came after the last ANALYZE, which saw others'."""
    await recorded(await new_imports(), kind, 10)
    await (await owner()).execute("ANALYZE member, activity, activity_external, purchase, purchase_external")
    young = await new_imports()
    await recorded(young, kind, RECORDED)
    tenant_id, few = young.chain.tenant_id, RECORDED + 10 * BATCH
    table, value = ("activity", "kind") if kind == "activities" else ("purchase", "amount")
    columns = f"member_id, branch_id, external_id, occurred_at, local_day, {value}"
    async with tenant_scope(tenant_id):
        if kind == "activities":
            assert await compared(sql.KNOWN, tenant_id, [f"N{n}" for n in range(BATCH)]) < few
        await connection().execute(sql.CREATE)
        await connection().execute(
            f"INSERT INTO {sql.TABLE} (fingerprint, {columns})"
            f" SELECT '', {columns} FROM {table} WHERE tenant_id = $1 LIMIT {BATCH}",
            tenant_id,
        )
        await connection().execute(sql.ANALYZE)
        assert await compared(sql.DROP_KNOWN, tenant_id) < few
        rows = await connection().fetch(f"SELECT id FROM {table} WHERE tenant_id = $1 LIMIT {BATCH}", tenant_id)
        assert await compared(sql.WHOSE, tenant_id, [row["id"] for row in rows]) < few
        assert await connection().fetchval(f"SELECT count(*) FROM {sql.TABLE}") == 0
