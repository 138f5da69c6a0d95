"""Standings that a merge or an opening balance gives, with the decisions that follow from them."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from policy_chains import MONTH, Drain, NewChain, at, chain_with, ladder, standings_are_the_last_decisions, told
from runs_over_http import ran
from support.chains import Chain
from support.clock import set_clock
from support.till import bought, member, rows

from saas.scope import connection, tenant_scope
from tenants.numbers import TAKE
from tenants.tiers.given import find_tier
from tenants.tiers.opening import Opening, open_standings

TWELVE = {"type": "months", "months": 12}
IMPORT = UUID(int=7)


async def opened(chain: Chain, *rows_: Opening) -> set[UUID]:
    """As an import does it: locks and numbers first."""
    async with tenant_scope(chain.tenant_id):
        ids = sorted({row.member_id for row in rows_})
        await connection().execute(TAKE, chain.tenant_id, ids)
        tenant = await connection().fetchrow(
            "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
            " WHERE tenant_id = $1",
            chain.tenant_id,
        )
        assert tenant is not None
        return await open_standings(
            rows_, IMPORT, "key:x", tenant["programme_version"], tenant["now"], tenant["timezone"]
        )


@pytest.mark.parametrize(
    ("policy", "since", "valid"),
    [
        ({"validity": TWELVE}, "2030-06-01", ("2030-06-01", "2031-05-31")),
        ({"validity": TWELVE}, "2031-01-15", ("2031-01-15", "2032-01-14")),
        ({"validity": TWELVE}, None, ("2031-01-15", "2032-01-14")),
        ({"validity": TWELVE}, "2026-01-16", ("2030-01-16", "2031-01-15")),
        ({"validity": TWELVE}, "2026-01-15", ("2031-01-15", "2032-01-14")),
        ({"validity": {"type": "months", "months": 1}}, "2030-10-31", ("2030-12-30", "2031-01-29")),
        ({"validity": {"type": "calendar_year_end"}}, "2027-05-01", ("2031-01-01", "2031-12-31")),
        ({"validity": {"type": "calendar_year_end"}}, "2030-05-01", ("2030-05-01", "2031-12-31")),
        ({"validity": {"type": "forever"}}, "2020-01-01", ("2020-01-01", None)),
        ({"validity": {"type": "until_next_schedule"}}, "2020-01-01", ("2031-01-15", "2031-01-31")),
    ],
)
async def test_an_opening_has_the_validity_it_would_have_here(
    policy: dict[str, Any], since: str | None, valid: tuple[str, str | None], new_chain: NewChain
) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(**policy))
    one = UUID(await member(chain, joined_on="2019-01-01"))
    assert await opened(chain, Opening(one, "silver", None if since is None else date.fromisoformat(since))) == {one}
    (held,) = await rows(chain, "member_tier")
    assert str(held["since"]) == (since or "2031-01-15")
    assert (str(held["valid_from"]), held["valid_until"] and str(held["valid_until"])) == valid
    (decision,) = await rows(chain, "decision")
    assert (decision["reason"], decision["cause"], decision["cause_id"]) == ("import", "import", IMPORT)
    (act,) = await rows(chain, "tier_act")
    assert (act["act"], act["tier"], act["seq"]) == ("opening", "silver", decision["seq"] - 1)
    await standings_are_the_last_decisions(chain)


async def test_the_same_opening_again_changes_nothing(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(validity=TWELVE))
    one, two = UUID(await member(chain)), UUID(await member(chain))
    first = Opening(one, "silver", date(2030, 6, 1))
    assert await opened(chain, first, Opening(two, "gold")) == {one, two}
    await set_clock(chain.tenant_id, at("2031-01-20 12:00"))
    assert await opened(chain, first, Opening(two, "gold"), Opening(one, "silver")) == set()
    assert await opened(chain, Opening(one, "gold", date(2030, 6, 1)), first) == set()  # of two rows the last counts
    assert await opened(chain, Opening(one, "gold", date(2030, 6, 1))) == {one}
    assert len(await rows(chain, "tier_act")) == 3
    assert (await ran(chain, drain))["evaluated"] == 2
    assert [row[1] for row in await told(chain)] == ["import"] * 3


async def test_openings_are_refused_for_what_is_not_there(new_chain: NewChain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder())
    one = UUID(await member(chain))
    for wrong in (
        Opening(one, "platinum"),
        Opening(one, "gold", ladder="club"),
        Opening(one, "gold", date(2031, 1, 16)),
    ):
        with pytest.raises(ValueError, match=r"tier|held"):
            await opened(chain, wrong)
    assert await rows(chain, "tier_act") == []


async def test_the_ladder_of_a_tier_is_the_first_that_has_it(new_chain: NewChain) -> None:
    other = ladder("club")
    other["tiers"][2]["code"] = "vip"
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(), other)
    one = UUID(await member(chain))
    await opened(chain, Opening(one, "vip"), Opening(one, "gold"), Opening(one, "silver", ladder="club"))
    held = {row["ladder"]: row["tier"] for row in await rows(chain, "member_tier")}
    assert held == {"card": "gold", "club": "silver"}  # of the club's two the last
    async with tenant_scope(chain.tenant_id):
        from tenants.programme.versions import current_programme

        assert find_tier(await current_programme(), "nothing") is None


async def test_an_opened_tier_goes_on_like_any_other(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(window=MONTH, validity=TWELVE))
    one = UUID(await member(chain))
    await opened(chain, Opening(one, "silver", date(2030, 2, 1)))
    await bought(chain, "1", 5000, member_id=str(one))
    assert [row[1] for row in await told(chain)] == ["import", "upgrade"]
    two = UUID(await member(chain))
    await opened(chain, Opening(two, "silver", date(2030, 2, 1)))
    await set_clock(chain.tenant_id, at("2031-02-02 12:00"))
    await ran(chain, drain)
    assert [row[1] for row in await told(chain)][2:] == ["import", "downgrade"]


async def merged(chain: Chain, survivor: str, other: str) -> None:
    answer = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.is_success, answer.text


async def put(chain: Chain, one: str, tier: str, until: str) -> None:
    body = {"tier": tier, "reason": "x", "locked_until": until}
    assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).is_success


async def test_a_merge_takes_the_higher_standing_and_what_both_earn(new_chain: NewChain) -> None:
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), ladder(validity=TWELVE))
    survivor, other = await member(chain), await member(chain)
    await bought(chain, "1", 1000, member_id=other)
    await set_clock(chain.tenant_id, at("2031-01-15 12:00"))
    await bought(chain, "2", 900, member_id=survivor)
    await merged(chain, survivor, other)
    assert [row[1:] for row in await told(chain)] == [("upgrade", "base", "silver"), ("merge", "base", "silver")]
    (held,) = await rows(chain, "member_tier")
    assert (str(held["member_id"]), str(held["since"]), str(held["valid_until"])) == (
        survivor,
        "2031-01-10",
        "2032-01-09",
    )
    third = await member(chain)
    await bought(chain, "3", 3100, member_id=third)
    await merged(chain, survivor, third)
    # Both held silver; what they bought together is worth gold.
    assert [row[1:] for row in await told(chain)][3:] == [("upgrade", "silver", "gold")]
    assert (await rows(chain, "decision"))[-1]["cause"] == "merge"


async def test_of_two_locks_the_later_stays(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), ladder(validity=TWELVE, schedule={"type": "daily"}))
    survivor, other = await member(chain), await member(chain)
    await put(chain, survivor, "gold", "2031-03-31")
    await put(chain, other, "gold", "2031-06-30")
    await merged(chain, survivor, other)
    (held,) = await rows(chain, "member_tier")
    assert (str(held["locked_until"]), str(held["valid_until"])) == ("2031-06-30", "2031-06-30")
    third = await member(chain)
    await put(chain, third, "silver", "2031-12-31")
    await merged(chain, survivor, third)
    (held,) = await rows(chain, "member_tier")
    assert (held["tier"], str(held["locked_until"])) == ("gold", "2031-06-30")
    assert {row[1] for row in await told(chain)} == {"manual"}


async def test_a_scheduled_ladder_rises_with_a_merge_too(new_chain: NewChain) -> None:
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), ladder(upgrade="scheduled"))
    survivor, other = await member(chain), await member(chain)
    for number, who in enumerate((survivor, other)):
        await bought(chain, f"{number}", 500, member_id=who)
    await merged(chain, survivor, other)
    assert await told(chain) == [("card", "upgrade", "base", "silver")]
