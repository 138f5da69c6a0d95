"""What is changed behind the product's back comes out by name: decisions, tiers, sums, lots, balances."""

from typing import Any

import pytest
from proving import plant, proof_of, prove
from support.chains import Chain
from support.till import bought, member

from saas.errors import LANGUAGES
from tenants.proofs import slices, walking

_TIER = "UPDATE member_tier SET since = since - 1 WHERE tenant_id = $1"
FAULTS = {
    "decision": "UPDATE decision SET reason = 'late' WHERE tenant_id = $1",
    "tier": _TIER,
    "total": "UPDATE member_total SET spend = spend + 1 WHERE tenant_id = $1",
    "month": "UPDATE member_month SET purchases = purchases + 1 WHERE tenant_id = $1",
    "day": "UPDATE member_day SET spend = spend - 1 WHERE tenant_id = $1",
    "lot": "UPDATE points_lot SET expires_on = expires_on + 1 WHERE tenant_id = $1",
    "points-balance": "UPDATE points_account SET open = open + 1 WHERE tenant_id = $1",
}


async def test_what_is_planted_comes_out_by_name(chain: Chain, drain: Any) -> None:
    who = await member(chain)
    await bought(chain, "1", 60_000, member_id=who)
    clean = await member(chain)
    await bought(chain, "2", 60_000, member_id=clean)
    await prove(chain, drain)
    told = await proof_of(chain)
    assert (told["state"], told["members"]) == ("proved", 2), told["differences"]
    for sql in FAULTS.values():
        await plant(chain, f"{sql} AND member_id = $2", who)
    await prove(chain, drain)
    for language in LANGUAGES:
        told = await proof_of(chain, language)
        found = {one["kind"]: one for one in told["differences"]["data"]}
        assert FAULTS.keys() <= found.keys()
        assert {one["member_id"] for one in found.values()} == {who}
        assert all(one["text"] for one in found.values())
        assert all(one["expected"] != one["stored"] for one in found.values())
    assert f"{told['differences']['count']} differences" in told["text"]


async def test_a_member_who_can_not_be_replayed_is_named_and_the_others_are_proved(
    chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = await member(chain), await member(chain)
    await bought(chain, "1", 60_000, member_id=whole)
    await plant(chain, f"{_TIER} AND member_id = $2", whole)
    real = walking.replay

    async def replay(ids: Any) -> Any:
        if broken in map(str, ids):
            await slices.connection().execute("SELECT 1 / 0")  # and the transaction is fit for more, all the same
        return await real(ids)

    monkeypatch.setattr(walking, "replay", replay)
    await prove(chain, drain)
    told = await proof_of(chain)
    assert told["members"] == 2
    assert [(one["kind"], one["member_id"]) for one in told["differences"]["data"]] == [
        ("tier", whole),
        ("unproved", broken),
    ]
    assert told["differences"]["data"][1]["stored"] == "DivisionByZeroError"


async def test_the_erased_are_counted_and_a_check_that_takes_too_long_is_named(
    chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = await member(chain)
    await member(chain)
    assert (await chain.http.post(f"/v1/members/{gone}/erase", json={})).is_success
    real = slices.examine

    async def examine(conn: Any, tenant_id: Any, check: Any, seconds: float) -> Any:
        if check.code == "wallet-zero":
            await conn.fetch("SELECT pg_sleep(5)", timeout=0.01)
        return await real(conn, tenant_id, check, seconds)

    monkeypatch.setattr(slices, "examine", examine)
    await prove(chain, drain)
    told = await proof_of(chain)
    assert (told["state"], told["members"]) == ("proved", 1)
    assert told["checks"]["done"] == told["checks"]["of"] - 1
    assert [(one["why"], one.get("members"), one.get("check")) for one in told["unproved"]] == [
        ("erased", 1, None),
        ("too-long", None, "wallet-zero"),
    ]
    assert all(one["text"] for one in told["unproved"])
