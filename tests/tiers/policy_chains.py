"""Chains with one small ladder and the policy that a test is about."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from support.chains import Chain
from support.clock import owner, set_clock
from support.till import rows

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
POLICY: Json = {
    "upgrade": "immediate",
    "schedule": {"type": "monthly"},
    "validity": {"type": "months", "months": 12},
    "grace_days": 0,
    "max_drop": None,
    "late_days": 3,
    "refund_recheck": "next_schedule",
}
MONTH: Json = {"type": "calendar_month"}
LIFE: Json = {"type": "lifetime"}
UTC = ZoneInfo("UTC")


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def ladder(code: str = "card", window: Json = LIFE, retain: Json | None = None, **policy: Any) -> Json:
    """base, silver from 1000 and gold from 5000 spent in the window."""
    names = {"zh-CN": code, "en": code}
    tiers: list[Json] = [{"code": "base", "rank": 0, "names": names}]
    for rank, (tier, gte) in enumerate((("silver", 1000), ("gold", 5000)), start=1):
        qualify = {"metric": "spend", "window": window, "gte": gte}
        tiers.append({"code": tier, "rank": rank, "names": names, "qualify": qualify, "retain": retain})
    return {"code": code, "names": names, "tiers": tiers, "policy": POLICY | policy}


async def chain_with(
    new_chain: NewChain, now: datetime, *ladders: Json, zone: str = "UTC", notices: bool = False
) -> Chain:
    """A chain of these ladders whose clock stands at `now`. `notices`: its nights warn of validities that end."""
    chain = await new_chain(timezone=zone)
    await set_clock(chain.tenant_id, now)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    await publish(chain, *ladders, notices=notices)
    return chain


async def publish(chain: Chain, *ladders: Json, notices: bool = False, **asked: Any) -> None:
    document: Json = (await chain.http.get("/v1/programme")).json() | {"ladders": list(ladders)}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    answer = await chain.http.post("/v1/programme/draft/publish", json=asked)
    assert answer.status_code == (202 if "at" in asked else 200), answer.text
    # What else the nights bring is others' tests.
    nights = ["tiers", "programme-publish", *(["tier-notices"] if notices else [])]
    others = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> ALL ($2)"
    await (await owner()).execute(others, chain.tenant_id, nights)


async def told(chain: Chain) -> list[tuple[str, str, str, str]]:
    """Every decision in the order made: ladder, reason, from, to."""
    found = sorted(await rows(chain, "decision"), key=lambda row: row["id"])
    return [(row["ladder"], row["reason"], row["from_tier"], row["to_tier"]) for row in found]


async def standings_are_the_last_decisions(chain: Chain) -> None:
    """`member_tier` is the last decision of each ladder, column by column."""
    last: dict[tuple[Any, str], Json] = {}
    for row in sorted(await rows(chain, "decision"), key=lambda row: row["seq"]):
        last[row["member_id"], row["ladder"]] = row
    held = {(row["member_id"], row["ladder"]): row for row in await rows(chain, "member_tier")}
    assert held.keys() == last.keys()
    same = ("since", "valid_from", "valid_until", "fell_on", "locked_until", "may_rise", "effective_at", "reason")
    for key, row in held.items():
        decision = last[key]
        assert {name: row[name] for name in same} == {name: decision[name] for name in same}
        assert (row["tier"], row["rank"]) == (decision["to_tier"], decision["to_rank"])
        assert row["decision_id"] == decision["id"]


async def numbers_are_one_order(chain: Chain) -> None:
    """Each fact and each evaluation that wrote has its member's next number, without a gap."""
    for one in await rows(chain, "member"):
        numbers: set[int] = set()
        for table in ("purchase", "refund", "activity", "tier_act", "decision"):
            found = {row["seq"] for row in await rows(chain, table) if row["member_id"] == one["id"]}
            assert not numbers & found, table
            numbers |= found
        assert sorted(numbers) == list(range(1, one["seq"] + 1))
