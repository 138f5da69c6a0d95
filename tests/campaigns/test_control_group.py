"""The control group: the share that was asked for, the same in Python and in SQL, and it gets nothing."""

from datetime import datetime
from decimal import Decimal
from math import sqrt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marketing import points, start, texts
from support.chains import Chain
from support.clock import owner
from support.midnights import begin, work
from support.till import bought, member, rows
from uuid_utils.compat import uuid7

from tenants.campaigns.control import IN_CONTROL, in_control

_SQL = f"""
SELECT n.member, {IN_CONTROL.format(campaign="$1::uuid", member="n.member", percent="$2::numeric")} AS is_control
  FROM unnest($3::uuid[]) AS n (member)"""


@pytest.mark.parametrize("percent", ["0", "0.01", "2.5", "10", "33.33", "50"])
async def test_of_ten_thousand_members_it_takes_its_share_alike_in_python_and_sql(database: None, percent: str) -> None:
    campaign, members = UUID("01970000-0000-7000-8000-000000000001"), [uuid7() for _ in range(10_000)]
    here = {one: in_control(campaign, one, Decimal(percent)) for one in members}
    there = await (await owner()).fetch(_SQL, campaign, Decimal(percent), members)
    assert {row["member"]: row["is_control"] for row in there} == here
    share = float(percent) / 100
    spread = 5 * sqrt(10_000 * share * (1 - share))  # five standard deviations: once in 1.7 million runs
    assert abs(sum(here.values()) - 10_000 * share) <= spread


@given(st.uuids(), st.uuids(), st.decimals("0", "50", places=4), st.decimals("0", "50", places=4))
def test_a_larger_group_has_the_smaller_one_in_it(a: UUID, b: UUID, one: Decimal, other: Decimal) -> None:
    small, large = sorted((one, other))
    assert in_control(a, b, large) or not in_control(a, b, small)


def test_another_campaign_picks_others() -> None:
    first, second = uuid7(), uuid7()
    members = [uuid7() for _ in range(2000)]
    half = Decimal(50)
    same = sum(in_control(first, one, half) == in_control(second, one, half) for one in members)
    assert 850 < same < 1150


async def test_who_is_in_it_gets_and_hears_nothing_and_is_remembered(chain: Chain, drain: Any) -> None:
    await begin(chain, datetime.fromisoformat("2031-03-12T12:00+08:00"), "Asia/Shanghai")
    parts = {"points": 30, "control_percent": "50", "channel": "sms", "message": "congratulation", "once": "ever"}
    campaign_id = await start(chain, "half", "grant", {"type": "purchase"}, **parts)
    everybody = [await member(chain, phone=f"138000020{n:02}") for n in range(16)]
    for n, one in enumerate(everybody):
        await bought(chain, f"T{n}", 100, member_id=one)
    await work(chain, drain)
    shares = {str(row["member_id"]): row["is_control"] for row in await rows(chain, "campaign_share")}
    assert shares.keys() == set(everybody)
    for one in everybody:
        assert shares[one] == in_control(UUID(campaign_id), UUID(one), Decimal(50))
        assert len(await texts(chain, one)) == (not shares[one])
    given_to = {str(row["member_id"]) for row in await rows(chain, "points_entry") if row["kind"] == "campaign"}
    assert given_to == {one for one, is_control in shares.items() if not is_control}
    assert 0 < len(given_to) < 16  # 16 on one side: twice in 65,536 runs
    assert all([await points(chain, one) >= 30 for one in given_to])


async def test_at_the_till_it_pays_the_full_price(chain: Chain) -> None:
    offer = {"type": "percent", "percent": "50"}
    campaign_id = await start(chain, "half", "discount", "always", offer=offer, control_percent="50")
    seen = set()
    for n in range(16):
        someone = await member(chain)
        outside = in_control(UUID(campaign_id), UUID(someone), Decimal(50))
        sale = await bought(chain, f"T{n}", 1000, member_id=someone, external_amounts=False)
        assert sale["paid"] == (1000 if outside else 500)
        seen.add(outside)
    assert seen == {True, False}
