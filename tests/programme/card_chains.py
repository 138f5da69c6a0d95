"""What the tests of publishing share: a card of tiers by lifetime spend, published over HTTP, and who holds what."""

import copy
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
from support.chains import Chain
from support.midnights import pass_time as every_night
from support.till import bought, member, rows

Json = dict[str, Any]
Drain = Callable[..., Awaitable[Any]]
NewChain = Callable[..., Awaitable[Chain]]


def tier(code: str, gte: int | None) -> Json:
    """A step from `gte` fen on; None: the base."""
    names = {"zh-CN": code, "en": code}
    if gte is None:
        return {"code": code, "names": names}
    return {"code": code, "names": names, "qualify": {"metric": "spend", "window": {"type": "lifetime"}, "gte": gte}}


def ladder(*tiers: tuple[str, int | None], code: str = "card", **policy: Any) -> Json:
    """Upgrades at once, a year's validity."""
    return {
        "code": code,
        "names": {"zh-CN": code, "en": code},
        "tiers": [tier(*each) | {"rank": rank} for rank, each in enumerate(tiers)],
        "policy": {
            "upgrade": "immediate",
            "schedule": {"type": "monthly"},
            "validity": {"type": "months", "months": 12},
            **policy,
        },
    }


OLD = ladder(("base", None), ("silver", 1_000), ("gold", 5_000))


NIGHTS = ("tiers", "tier-notices", "programme-publish")
"""What else nights bring has tests of its own."""


async def pass_time(chain: Chain, drain: Drain, until: datetime) -> None:
    await every_night(chain, drain, until, nights=NIGHTS)


async def publish(chain: Chain, *ladders: Json, **asked: Any) -> httpx.Response:
    """The answer to a publish of these ladders."""
    document = (await chain.http.get("/v1/programme")).json() | {"ladders": copy.deepcopy(list(ladders))}
    kept = await chain.http.put("/v1/programme/draft", json=document)
    assert kept.status_code == 200, kept.text
    return await chain.http.post("/v1/programme/draft/publish", json=asked)


async def published(chain: Chain, *ladders: Json, **asked: Any) -> Json:
    answer = await publish(chain, *ladders, **asked)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def rolled_back(chain: Chain, version: int, drain: Drain) -> Json:
    answer = await chain.http.post(f"/v1/programme/versions/{version}/rollback", json={"note": "back"})
    assert answer.status_code == 200, answer.text
    await through(chain, drain)
    found: Json = answer.json()
    return found


async def through(chain: Chain, drain: Drain) -> None:
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0


async def holders(chain: Chain, *spends: int) -> list[str]:
    """Members who spent so much, each in one purchase."""
    found = []
    for n, amount in enumerate(spends):
        one = await member(chain)
        await bought(chain, f"first-{n}-{one}", amount, member_id=one)
        found.append(one)
    return found


async def tiers(chain: Chain, *members: str, ladder: str = "card") -> list[str]:
    """What the members hold, as the API says."""
    found = []
    for one in members:
        shown = (await chain.http.get(f"/v1/members/{one}")).json()
        found.append(shown["tiers"][ladder]["code"])
    return found


async def reasons(chain: Chain, one: str) -> list[tuple[str, str, str, str, int]]:
    """Its decisions in their order: reason, cause, from, to, version."""
    found = sorted(
        (row for row in await rows(chain, "decision") if str(row["member_id"]) == one), key=lambda r: r["seq"]
    )
    return [(r["reason"], r["cause"], r["from_tier"], r["to_tier"], r["programme_version"]) for r in found]


async def standing(chain: Chain) -> list[tuple[Any, ...]]:
    """Every standing without what names its decision."""
    named = ("member_id", "ladder", "tier", "rank", "since", "valid_from", "valid_until", "fell_on", "locked_until")
    return [
        tuple(row[name] for name in (*named, "may_rise")) for row in await rows(chain, "member_tier") if row["rank"]
    ]


NOON = datetime(2031, 3, 20, 12, tzinfo=UTC)
TODAY = date(2031, 3, 20)
