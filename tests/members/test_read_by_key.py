"""What one member is read by costs the same in a chain of any size: row security keeps some conditions from an index,
and then every member is read for one.
"""

import json
from typing import Any
from uuid import UUID

import pytest
from benchmarks.round_trips import counted
from support.chains import Chain
from support.clock import owner

from saas.scope import connection, tenant_scope
from tenants.coupons import granting
from tenants.members import consents, referrers, returning, row, showing, whereabouts

OTHERS = 2_000
READERS = {
    "read": (showing._ONE, []),
    "row": (row._READ, []),
    "by id": (whereabouts._BY_ID, []),
    "united": (whereabouts._UNITED, []),
    "referrer": (referrers._REFERRER, []),
    "consenting": (consents._CONSENTING, ["sms"]),
    "granting": (granting._MEANT, []),
    "was a member": (returning._CLOSED, [["0001"]]),
}
_OF_MANY = {"consenting", "granting"}
_FILL = (
    "INSERT INTO member (tenant_id, id, joined_on, source, created_at, phone)"
    " SELECT $1, uuidv7(), '2024-01-01', 'import', now(), '+86138' || lpad(i::text, 8, '0')"
    " FROM generate_series(1, $2::bigint) i"
)


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node] + [found for child in node.get("Plans", []) for found in _nodes(child)]


def _read(node: dict[str, Any]) -> float:
    """Rows that a node took in its hand."""
    rows: float = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return rows


@pytest.fixture
async def merged(chain: Chain) -> UUID:
    """A record that leads to another, among many members."""
    ids = []
    for phone in ("13800000001", "13800000002"):
        answer = await chain.http.post("/v1/members", json={"phone": phone, "consents": {"sms": True}})
        ids.append(answer.json()["id"])
    answer = await chain.http.post(f"/v1/members/{ids[0]}/merge", json={"other_id": ids[1]})
    assert answer.status_code == 200, answer.text
    await (await owner()).execute(_FILL, chain.tenant_id, OTHERS)
    await (await owner()).execute("VACUUM (ANALYZE) member, member_consent")
    return UUID(ids[1])


async def test_one_member_is_read_by_its_key(chain: Chain, merged: UUID) -> None:
    for name, (sql, more) in READERS.items():
        who: Any = [merged] if name in _OF_MANY else ["+8613800000001"] if name == "was a member" else merged
        async with tenant_scope(chain.tenant_id):
            await connection().execute("SET LOCAL plan_cache_mode = force_generic_plan")
            told = await connection().fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", chain.tenant_id, who, *more)
        plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
        read = {f"{n['Node Type']} {n['Alias']}": _read(n) for n in _nodes(plan) if n.get("Relation Name") == "member"}
        assert read, name
        assert max(read.values()) <= 4, (name, read)


async def test_reading_a_member_takes_three_round_trips(chain: Chain, merged: UUID) -> None:
    async with counted() as trips:
        for _ in range(2):  # the first prepares
            trips.reset()
            answer = await chain.http.get(f"/v1/members/{merged}")
            assert answer.status_code == 200
            assert answer.json()["id"] != str(merged)
        assert trips.count == 3  # BEGIN, the member, COMMIT
