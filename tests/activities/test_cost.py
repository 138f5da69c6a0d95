"""What an activity costs: round trips to the database, and lists that read an index."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from benchmarks.round_trips import RoundTrips, counted
from club import CLASSES, done, rules
from support.chains import Chain
from support.programme import change_programme
from support.till import member

from saas.scope import connection, tenant_scope
from tenants.activities.history import OF_MEMBER
from tenants.referrals.listing import BROUGHT

MOST = 5
FOLLOWED_UP = 2
"""More where a tier was decided: jobs for its gifts and for campaigns."""
EARNED = 2
"""More where the kind earns points: the account behind the lock, and the entry."""


@pytest.fixture
async def trips(chain: Chain) -> AsyncIterator[RoundTrips]:
    """The chain's requests, from now on through one counted connection."""
    del chain  # signed up before, past the proxy
    async with counted() as found:
        yield found


async def test_five_round_trips_and_one_for_a_consent(chain: Chain, trips: RoundTrips) -> None:
    await rules(chain, CLASSES)
    one = await member(chain, consents={"health": True})
    for number, kind in enumerate(["class", "class", "glucose_check", "glucose_check"]):
        await done(chain, str(number), one, kind=kind)  # prepares the statements
    for kind, most in (("class", MOST), ("glucose_check", MOST + 1)):
        trips.reset()
        made = await done(chain, kind, one, kind=kind)
        assert trips.count <= most + (FOLLOWED_UP if made["decision_id"] else 0)
        assert (made["decision_id"] is not None) == (kind == "class")


async def test_two_more_for_points(chain: Chain, trips: RoundTrips) -> None:
    points = {"per_unit": "0", "beside": {"activities": [{"kind": "check_in", "points": 20}]}}
    await change_programme(chain, points=points)
    one = await member(chain)
    for number in range(3):
        trips.reset()
        made = await done(chain, str(number), one, kind="check_in")
    assert (made["points_earned"], made["decision_id"]) == (20, None)
    assert trips.count <= MOST + EARNED


def scans(node: dict[str, Any]) -> list[dict[str, Any]]:
    own = [node] if "Scan" in node["Node Type"] and "Relation Name" in node else []
    return own + [scan for child in node.get("Plans", []) for scan in scans(child)]


async def test_lists_read_an_index_as_the_role_app(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        conn, tenant = connection(), chain.tenant_id
        await conn.execute(
            "INSERT INTO member (tenant_id, id, joined_on, source, created_at)"
            " SELECT $1, uuidv7(), '2026-01-01', 'import', now() FROM generate_series(1, 3000)",
            tenant,
        )
        await conn.execute(
            "UPDATE member SET referrer_id = (SELECT id FROM member WHERE tenant_id = $1 ORDER BY id LIMIT 1)"
            " WHERE tenant_id = $1 AND id IN (SELECT id FROM member WHERE tenant_id = $1 ORDER BY id DESC LIMIT 20)",
            tenant,
        )
        await conn.execute(
            "INSERT INTO activity (tenant_id, id, member_id, seq, kind, external_id, occurred_at, recorded_at,"
            " local_day, programme_version, source, actor) SELECT $1, uuidv7(), m.id, n, 'class', n::text, now(),"
            " now(), '2026-01-01', 1, 'import', 'system' FROM member m, generate_series(1, 3) n WHERE m.tenant_id = $1",
            tenant,
        )
        one = await conn.fetchval("SELECT id FROM member WHERE tenant_id = $1 ORDER BY id LIMIT 1", tenant)
        for sql, arguments in ((OF_MEMBER, [None, None, 51]), (BROUGHT, [None, 51])):
            plan = await conn.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", tenant, [one], *arguments)
            found = scans((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
            assert found
            assert not [scan for scan in found if scan["Node Type"] == "Seq Scan" and scan["Plan Rows"] > 100], found
