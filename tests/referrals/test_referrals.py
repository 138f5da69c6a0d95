"""Who brought whom: counted once, on the day of the first purchase that stands, by a job."""

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows

from saas.outbox import enqueue
from saas.scope import tenant_scope

BROUGHT = {"metric": "referrals", "window": {"type": "lifetime"}, "gte": 2}
DAY = "2026-03-{:02}T10:00:00+08:00"


async def rules(chain: Chain, condition: dict[str, Any]) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = [
        {"code": "base", "rank": 0, "names": {"zh-CN": "普通", "en": "Base"}},
        {"code": "top", "rank": 1, "names": {"zh-CN": "高级", "en": "Top"}, "qualify": condition},
    ]
    document["ladders"] = [ladder]
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def counted(chain: Chain, member_id: str) -> dict[date, int]:
    """A member's referrals by day, where there are any; the months say the same."""
    days: dict[date, int] = {}
    months: dict[date, int] = {}
    for table, key, into in (("measure_day", "day", days), ("measure_month", "month", months)):
        for row in await rows(chain, table):
            if str(row["member_id"]) == member_id and row["measure"] == "referral" and row["facts"]:
                into[row[key]] = row["facts"]
    by_month: dict[date, int] = {}
    for day, facts in days.items():
        by_month[day.replace(day=1)] = by_month.get(day.replace(day=1), 0) + facts
    assert by_month == months
    return days


async def tier_of(chain: Chain, member_id: str) -> str:
    code: str = (await chain.http.get(f"/v1/members/{member_id}")).json()["tier"]["code"]
    return code


async def brought(chain: Chain, member_id: str) -> list[tuple[str, str | None]]:
    page = (await chain.http.get(f"/v1/members/{member_id}/referrals")).json()
    return [(row["member_id"], row["counted_on"]) for row in page["data"]]


async def refund(chain: Chain, sale: dict[str, Any], amount: int) -> None:
    body = {"amount": amount, "external_id": f"back-{sale['external_id']}"}
    answer = await chain.http.post(f"/v1/purchases/{sale['id']}/refunds", json=body)
    assert answer.status_code == 201, answer.text


async def test_the_second_first_purchase_lifts_the_referrer(chain: Chain, drain: Any) -> None:
    await rules(chain, BROUGHT)
    one = await member(chain)
    first, second = await member(chain, referrer_id=one), await member(chain, referrer_id=one)
    await drain(chain.tenant_id)
    assert (await brought(chain, one), await counted(chain, one)) == ([(second, None), (first, None)], {})
    for number, (who, day) in enumerate([(first, 5), (first, 6), (second, 9)]):
        assert await tier_of(chain, one) == "base"
        await bought(chain, str(number), 100, member_id=who, occurred_at=DAY.format(day))
        await drain(chain.tenant_id)
    assert await counted(chain, one) == {date(2026, 3, 5): 1, date(2026, 3, 9): 1}
    assert await brought(chain, one) == [(second, "2026-03-09"), (first, "2026-03-05")]
    assert await tier_of(chain, one) == "top"
    (decision,) = await rows(chain, "decision")
    assert (str(decision["member_id"]), decision["cause"], str(decision["cause_id"])) == (one, "referral", second)


async def test_direct_only(chain: Chain, drain: Any) -> None:
    one = await member(chain)
    two = await member(chain, referrer_id=one)
    three = await member(chain, referrer_id=two)
    await bought(chain, "1", 100, member_id=three, occurred_at=DAY.format(1))
    await drain(chain.tenant_id)
    assert (await counted(chain, one), await counted(chain, two)) == ({}, {date(2026, 3, 1): 1})


async def test_an_earlier_purchase_that_comes_late_moves_the_day(chain: Chain, drain: Any) -> None:
    one = await member(chain)
    two = await member(chain, referrer_id=one)
    for number, day in enumerate([20, 8, 12]):
        await bought(chain, str(number), 100, member_id=two, occurred_at=DAY.format(day))
        await drain(chain.tenant_id)
    assert await counted(chain, one) == {date(2026, 3, 8): 1}
    moves = [(row["from_day"], row["to_day"]) for row in await rows(chain, "referral_move")]
    assert moves == [(None, date(2026, 3, 20)), (date(2026, 3, 20), date(2026, 3, 8))]


async def test_what_is_given_back_as_a_whole_no_longer_counts(chain: Chain, drain: Any) -> None:
    one = await member(chain)
    two = await member(chain, referrer_id=one)
    first = await bought(chain, "1", 100, member_id=two, occurred_at=DAY.format(3))
    later = await bought(chain, "2", 100, member_id=two, occurred_at=DAY.format(7))
    await refund(chain, first, 100)
    await drain(chain.tenant_id)
    assert await counted(chain, one) == {date(2026, 3, 7): 1}
    await refund(chain, later, 100)
    await drain(chain.tenant_id)
    assert (await counted(chain, one), await brought(chain, one)) == ({}, [(two, None)])
    third = await bought(chain, "3", 100, member_id=two, occurred_at=DAY.format(9))
    await refund(chain, third, 99)  # a part of it stands
    await drain(chain.tenant_id)
    assert await counted(chain, one) == {date(2026, 3, 9): 1}


async def test_the_job_twice_is_once(chain: Chain, drain: Any) -> None:
    await rules(chain, {**BROUGHT, "gte": 1})
    one = await member(chain)
    two = await member(chain, referrer_id=one)
    await bought(chain, "1", 100, member_id=two)
    await drain(chain.tenant_id)
    tables = ("referral", "referral_move", "measure_day", "measure_month", "decision", "member")
    before = [await rows(chain, table) for table in tables]
    async with tenant_scope(chain.tenant_id):
        for payload in ({"member_id": two}, {"member_ids": [one, two, two]}, {"member_ids": [two]}):
            await enqueue("referrals.count", payload)
    done = await drain(chain.tenant_id)
    assert (done.done, done.failed) == (3, 0)
    assert [await rows(chain, table) for table in tables] == before


async def test_another_referrer_takes_the_count_along(chain: Chain, drain: Any) -> None:
    one, other = await member(chain), await member(chain)
    two = await member(chain)
    await bought(chain, "1", 100, member_id=two, occurred_at=DAY.format(4))
    await drain(chain.tenant_id)
    for referrer, counts in ((one, (1, 0)), (other, (0, 1)), (None, (0, 0)), (one, (1, 0))):
        answer = await chain.http.patch(f"/v1/members/{two}", json={"referrer_id": referrer})
        assert answer.status_code == 200, answer.text
        await drain(chain.tenant_id)
        assert (len(await counted(chain, one)), len(await counted(chain, other))) == counts


async def test_nobody_brings_itself_or_its_own_referrer(chain: Chain) -> None:
    one = await member(chain)
    two = await member(chain, referrer_id=one)

    async def refused(who: str, referrer: str) -> str:
        answer = await chain.http.patch(f"/v1/members/{who}", json={"referrer_id": referrer})
        assert answer.status_code == 422, answer.text
        ((pointer, code),) = [(e["pointer"], e["code"]) for e in answer.json()["errors"]]
        assert pointer == "/referrer_id"
        return str(code)

    assert await refused(one, one) == "self-referral"
    assert await refused(one, two) == "mutual-referral"
    assert await refused(one, str(chain.tenant_id)) == "unknown-member"
    assert {str(row["id"]): row["referrer_id"] for row in await rows(chain, "member")}[one] is None


async def test_two_who_bring_each_other_at_the_same_instant(chain: Chain) -> None:
    for _ in range(5):
        one, two = await member(chain), await member(chain)
        answers = await asyncio.gather(
            chain.http.patch(f"/v1/members/{one}", json={"referrer_id": two}),
            chain.http.patch(f"/v1/members/{two}", json={"referrer_id": one}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_many_first_purchases_at_once_one_referrer(chain: Chain, drain: Any) -> None:
    """Sales, jobs and the referrer's own sales side by side: the count is exact and nobody waits in a circle."""
    await rules(chain, {**BROUGHT, "gte": 40})
    one = await member(chain)
    new = [await member(chain, referrer_id=one) for _ in range(40)]
    buying = asyncio.gather(
        *(
            bought(chain, f"{n}-{k}", 100, member_id=who, occurred_at=DAY.format(1 + (n + k) % 9))
            for n, who in enumerate(new)
            for k in range(2)
        ),
        *(bought(chain, f"own-{n}", 100, member_id=one) for n in range(10)),
    )

    async def counting() -> None:
        while not buying.done():
            done = await drain(chain.tenant_id)
            assert (done.failed, done.dead) == (0, 0)

    await asyncio.gather(buying, *(counting() for _ in range(3)))
    await drain(chain.tenant_id)
    assert sum((await counted(chain, one)).values()) == 40
    first = {row["member_id"]: row["counted_on"] for row in await rows(chain, "referral")}
    expected = await (await owner()).fetch(
        "SELECT member_id, min(day) AS day FROM member_day WHERE tenant_id = $1 AND purchases > 0 GROUP BY 1",
        chain.tenant_id,
    )
    assert first == {row["member_id"]: row["day"] for row in expected if str(row["member_id"]) != one}
    assert await tier_of(chain, one) == "top"


async def test_many_brought_by_many_in_one_job(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More referrers than one transaction may lock: the rest is another job's."""
    from tenants.referrals import jobs

    monkeypatch.setattr(jobs, "_MOST_REFERRERS", 3)
    await rules(chain, {**BROUGHT, "gte": 1})
    referrers = [await member(chain) for _ in range(8)]
    new = [await member(chain, referrer_id=referrers[n % 8]) for n in range(16)]
    await drain(chain.tenant_id)
    for n, who in enumerate(new):
        await bought(chain, str(n), 1, member_id=who)
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1", chain.tenant_id)
    async with tenant_scope(chain.tenant_id):
        await enqueue("referrals.count", {"member_ids": new})
    done = await drain(chain.tenant_id)
    assert (done.done, done.failed) == (3, 0)
    assert [sum((await counted(chain, one)).values()) for one in referrers] == [2] * 8
    assert {await tier_of(chain, one) for one in referrers} == {"top"}


async def test_a_merge_takes_the_counts_along(chain: Chain, drain: Any) -> None:
    one, other = await member(chain), await member(chain)
    two = await member(chain, referrer_id=other)
    itself = await member(chain, referrer_id=one)
    for number, who in enumerate((two, itself)):
        await bought(chain, str(number), 100, member_id=who, occurred_at=DAY.format(2 + number))
    await drain(chain.tenant_id)
    for gone in (other, itself):
        answer = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": gone})
        assert answer.is_success, answer.text
    await drain(chain.tenant_id)
    assert await counted(chain, one) == {date(2026, 3, 2): 1}
    assert await brought(chain, other) == await brought(chain, one) == [(two, "2026-03-02")]


async def test_pages_of_whom_a_member_brought(chain: Chain) -> None:
    one = await member(chain)
    new = [await member(chain, referrer_id=one, name=f"n{n}") for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await chain.http.get(f"/v1/members/{one}/referrals?limit=2{cursor}")).json()
        seen += [row["member_id"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == new[::-1]


@pytest.mark.parametrize("evaluate", [True, False])
async def test_an_import_of_purchases_counts_too(evaluate: bool, chain: Chain, drain: Any) -> None:
    await rules(chain, BROUGHT)
    one = await member(chain)
    new = [await member(chain, referrer_id=one, external_id=f"E{n}") for n in range(3)]
    await bought(chain, "1", 100, member_id=new[0], occurred_at=DAY.format(20))
    await drain(chain.tenant_id)
    lines = [f"S{n},E{n},2026-03-{day:02},1.00" for n, day in ((0, 10), (1, 12), (1, 11))]
    lines[2] = lines[2].replace("S1", "S2")
    file = "external_id,member,occurred_at,amount\n" + "\n".join(lines) + "\n"
    for _ in range(2):
        sent = await chain.http.post(
            "/v1/imports",
            files={"file": ("p.csv", file.encode())},
            data={"options": json.dumps({"kind": "purchases", "evaluate": evaluate})},
        )
        assert sent.status_code == 202, sent.text
        await drain(chain.tenant_id)
        assert await counted(chain, one) == {date(2026, 3, 10): 1, date(2026, 3, 11): 1}
        assert await tier_of(chain, one) == ("top" if evaluate else "base")
