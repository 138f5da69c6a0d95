"""Reports of a chain whose clocks change at midnight: in Santiago a day in September begins at one, and the last hour
of a day in April comes twice. Each fact counts on the day that the clock on the wall showed.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import set_clock
from test_reports import post, report

ZONE = ZoneInfo("America/Santiago")
SPRING = {
    "2026-09-06T03:59:30+00:00": "2026-09-05",  # 23:59:30, the last moment before 01:00
    "2026-09-06T04:00:00+00:00": "2026-09-06",  # 01:00
    "2026-09-07T02:59:30+00:00": "2026-09-06",
    "2026-09-07T03:00:00+00:00": "2026-09-07",
}
AUTUMN = {
    "2027-04-04T02:30:00+00:00": "2027-04-03",  # 23:30
    "2027-04-04T03:30:00+00:00": "2027-04-03",  # 23:30 again
    "2027-04-04T04:00:00+00:00": "2027-04-04",
}


@pytest.fixture(scope="module")
async def chain(new_chain: Any) -> Chain:
    """At each instant somebody joins and buys for cash, tops up, and somebody else leaves."""
    made: Chain = await new_chain(timezone=ZONE.key)
    for n, instant in enumerate([*SPRING, *AUTUMN]):
        await set_clock(made.tenant_id, datetime.fromisoformat(instant))
        one, other = [str((await post(made, "/v1/members", {"name": f"{n}"}))["id"]) for _ in range(2)]
        sale = {"branch_id": made.branch_id, "member_id": one, "external_id": f"t{n}", "amount": 1_000 << n}
        sale |= {"external_amounts": True, "tenders": [{"type": "cash", "amount": 1_000 << n}]}
        await post(made, "/v1/purchases", sale)
        paid = {"branch_id": made.branch_id, "member_id": one, "external_id": f"w{n}", "amount": 100}
        await post(made, "/v1/wallet/top-ups", paid | {"tenders": [{"type": "wechat", "amount": 100}]})
        assert (await made.http.delete(f"/v1/members/{other}")).status_code == 204
    return made


@pytest.mark.parametrize(("facts", "before"), [(SPRING, 0), (AUTUMN, len(SPRING))], ids=["spring", "autumn"])
async def test_every_fact_is_on_its_day(chain: Chain, facts: dict[str, str], before: int) -> None:
    days = sorted(set(facts.values()))
    for instant, day in facts.items():
        assert datetime.fromisoformat(instant).astimezone(ZONE).date() == date.fromisoformat(day)
    sums = {day: sum(1_000 << n for n, one in enumerate(facts.values(), before) if one == day) for day in days}
    counts = {day: list(facts.values()).count(day) for day in days}
    span = {"from_": days[0], "to": days[-1]}

    steps = (await report(chain, "overview", **span))["steps"]
    assert {one["from"]: one["amount"] for one in steps} == sums
    assert {one["from"]: (one["joined"], one["left"]) for one in steps} == {d: (2 * n, n) for d, n in counts.items()}

    owed = (await report(chain, "liability", **span))["steps"]
    held = [before * 100 + 100 * sum(counts[d] for d in days[: n + 1]) for n in range(len(days))]
    assert [one["principal"] for one in owed] == held

    for day in days:
        alone = (await report(chain, "overview", from_=day, to=day))["sales"]
        assert alone["amount"] == sums[day]
        taken = (await report(chain, "shifts", from_=day, to=day))["totals"]["takings"]
        assert {one["type"]: one["amount"] for one in taken} == {"cash": sums[day], "wechat": 100 * counts[day]}
