"""Another joining day: what it moves, and which days are taken."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.clock import set_clock
from support.programme import change_programme
from support.till import bought, member

YEAR = {"metric": "spend", "window": {"type": "membership_year"}, "gte": 10_000}


async def chain_at(chain: Any, qualify: dict[str, Any], **policy: Any) -> None:
    """Silver by `qualify` alone; it is the middle of 20 June 2026 in Shanghai."""
    await set_clock(chain.tenant_id, datetime(2026, 6, 20, 4, tzinfo=UTC))
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1] |= {"qualify": qualify, "retain": None}
    ladder["policy"] |= policy
    await change_programme(chain, ladders=[ladder])


async def leaf(chain: Any, member_id: str) -> tuple[Any, str]:
    """The condition's value, and the tier held."""
    told = (await chain.http.get(f"/v1/members/{member_id}/tier")).json()
    return told["tiers"][-1]["conditions"]["value"], told["current"]["code"]


async def test_the_membership_year_begins_anew(chain: Any) -> None:
    await chain_at(chain, YEAR)
    one = await member(chain, joined_on="2024-03-01")
    await bought(chain, "1", 6000, member_id=one, occurred_at="2026-02-20T12:00:00+08:00")
    await bought(chain, "2", 5000, member_id=one, occurred_at="2026-03-10T12:00:00+08:00")
    assert await leaf(chain, one) == (5000, "regular")
    assert (await chain.http.patch(f"/v1/members/{one}", json={"joined_on": "2020-02-10"})).status_code == 200
    assert await leaf(chain, one) == (11_000, "regular")  # nothing is decided by the change alone
    sold = await bought(chain, "3", 0, member_id=one)
    assert sold["tier"]["after"] == "silver"


@pytest.mark.parametrize("run", ["whole", "changed"])
async def test_a_run_over_everybody_sees_the_longer_membership(chain: Any, drain: Any, run: str) -> None:
    await chain_at(chain, {"metric": "tenure_days", "gte": 365})
    one = await member(chain)
    if run == "changed":
        await chain.http.post("/v1/programme/recalculate", json={})
        await drain(chain.tenant_id)
    for day, value in (("2025-06-21", 364), ("2025-06-20", 365)):
        assert (await chain.http.patch(f"/v1/members/{one}", json={"joined_on": day})).status_code == 200
        assert (await leaf(chain, one))[0] == value
    assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await drain(chain.tenant_id)
    assert await leaf(chain, one) == (365, "silver")


async def test_days_that_are_taken_and_not(chain: Any) -> None:
    await chain_at(chain, YEAR)
    one = await member(chain, joined_on="2024-02-29")
    taken = ["1900-01-01", "2026-06-21", "2024-02-29", "2000-12-31"]
    refused = [
        ("1899-12-31", "out-of-range"),
        ("0001-01-01", "out-of-range"),
        ("2026-06-22", "occurred-too-far-ahead"),
        ("2025-02-29", "invalid-date"),
        ("2024-2-1", "invalid-date"),
        (20240201, "wrong-type"),
        (None, "required"),
    ]
    for day in taken:
        for answer in (
            await chain.http.patch(f"/v1/members/{one}", json={"joined_on": day}),
            await chain.http.post("/v1/members", json={"name": day, "joined_on": day}),
        ):
            assert answer.json().get("joined_on") == day, answer.text
            told = await chain.http.get(f"/v1/members/{answer.json()['id']}/tier")
            assert told.status_code == 200, told.text
            await bought(chain, answer.json()["id"] + day, 1, member_id=answer.json()["id"])
    for value, code in refused:
        answer = await chain.http.patch(f"/v1/members/{one}", json={"joined_on": value})
        assert [error["code"] for error in answer.json()["errors"]] == [code], value


async def test_a_merge_takes_the_earlier_day_with_its_year(chain: Any) -> None:
    await chain_at(chain, YEAR)
    one, two = await member(chain, joined_on="2026-05-01"), await member(chain, joined_on="2020-02-10")
    await bought(chain, "1", 6000, member_id=one, occurred_at="2026-02-20T12:00:00+08:00")
    await bought(chain, "2", 5000, member_id=two, occurred_at="2026-03-10T12:00:00+08:00")
    assert await leaf(chain, one) == (0, "regular")
    merged = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})
    assert (merged.json()["joined_on"], merged.json()["tier"]["code"]) == ("2020-02-10", "silver")
