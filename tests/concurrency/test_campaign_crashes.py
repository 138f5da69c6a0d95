"""`kill -9` of the worker while it gives: everybody gets it once, with all that belongs to it; a stop ends it."""

from typing import Any
from uuid import UUID

from crash_site import CrashSite, until

MEMBERS = 1_200
BLOWS = 4
NAMES = {"zh-CN": "活动", "en": "Campaign"}


async def count(site: CrashSite, tenant_id: UUID, what: str) -> int:
    (row,) = await site.sql(f"SELECT count(*) AS n FROM {what} WHERE tenant_id = $1", tenant_id)
    found: int = row["n"]
    return found


async def started(http: Any, code: str, **parts: Any) -> str:
    body = {"code": code, "type": "grant", "names": NAMES, "when": {"type": "always"}, "points": 10, **parts}
    made: str = (await http.post("/v1/campaigns", json=body)).json()["id"]
    assert (await http.post(f"/v1/campaigns/{made}/start", json={})).status_code == 200
    return made


async def enrolled(http: Any) -> None:
    for first in range(0, MEMBERS, 400):
        items = [{"name": f"m{n}"} for n in range(first, min(first + 400, MEMBERS))]
        assert (await http.post("/v1/members:batch", json={"items": items})).status_code == 200


async def test_the_worker_killed_while_it_gives(site: CrashSite) -> None:
    tenant_id, http, _ = await site.sign_up()
    await enrolled(http)
    site.start("relay")
    site.start("worker")
    await started(http, "everybody", coupon="welcome")

    async def through() -> bool:
        return await count(site, tenant_id, "outbox") == 0

    for blow in range(BLOWS):
        goal = MEMBERS * blow // (2 * BLOWS)

        async def reached(goal: int = goal) -> bool:
            return await count(site, tenant_id, "campaign_share") >= goal

        await until(reached, 30, lambda: site.log("worker"))
        site.kill("worker")
        await site.hurry(tenant_id)
        site.start("worker")
    await until(through, 60, lambda: site.log("worker"))
    site.kill("worker")
    site.kill("relay")
    for table in ("campaign_share", "coupon_grant", "points_entry"):
        assert await count(site, tenant_id, table) == MEMBERS, table
    (apart,) = await site.sql(
        "SELECT count(*) AS n FROM campaign_share s"
        " JOIN member_number m ON m.tenant_id = s.tenant_id AND m.member_id = s.member_id"
        " JOIN points_entry p ON p.tenant_id = s.tenant_id AND p.source_id = s.id AND p.member_id = s.member_id"
        " JOIN coupon_grant g ON g.tenant_id = s.tenant_id AND g.source_id = s.id AND g.member_id = s.member_id"
        " JOIN points_account a ON a.tenant_id = s.tenant_id AND a.member_id = s.member_id"
        " WHERE s.tenant_id = $1 AND m.seq = 1 AND p.seq = 1 AND a.open = 10",
        tenant_id,
    )
    assert apart["n"] == MEMBERS  # one number each: what was rolled back took none


async def test_a_stop_in_the_middle_is_the_end(site: CrashSite) -> None:
    tenant_id, http, _ = await site.sign_up()
    await enrolled(http)
    site.start("relay")
    site.start("worker")
    campaign_id = await started(http, "everybody")

    async def begun() -> bool:
        return await count(site, tenant_id, "campaign_share") > 0

    await until(begun, 30, lambda: site.log("worker"))
    assert (await http.post(f"/v1/campaigns/{campaign_id}/stop", json={})).status_code == 200
    given = await count(site, tenant_id, "campaign_share")

    async def through() -> bool:
        return await count(site, tenant_id, "outbox") == 0

    await until(through, 30, lambda: site.log("worker"))
    assert await count(site, tenant_id, "campaign_share") == given
    assert await count(site, tenant_id, "points_entry") == given
    site.kill("worker")
    site.kill("relay")
