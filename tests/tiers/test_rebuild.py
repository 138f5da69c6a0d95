"""A rebuild gives what would have been decided, had everything been known in time."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from policy_chains import LIFE, MONTH, Json, at, chain_with, ladder, publish, standings_are_the_last_decisions
from support.chains import Chain
from support.clock import set_clock
from support.drift import drift
from support.midnights import pass_time, work
from support.till import bought, give_back, member, rows

from tenants.programme.document import Ladder
from tenants.tiers.rebuild.quiet import is_quiet

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]

CARD = ladder("card", LIFE, validity={"type": "months", "months": 2}, grace_days=5, max_drop=1)
CLASS = ladder(
    "class", MONTH, upgrade="scheduled", validity={"type": "until_next_schedule"}, schedule={"type": "monthly"}
)
# A year's sales of two members: when, whose, how much (fen).
SALES = (
    ("2031-01-10 09:00", 0, 600),
    ("2031-01-10 15:00", 0, 500),
    ("2031-01-10 18:00", 0, 4000),
    ("2031-01-31 23:59", 1, 1000),
    ("2031-02-01 00:00", 1, 100),
    ("2031-02-14 12:00", 1, 4900),
    ("2031-04-12 10:00", 0, 1200),
    ("2031-06-01 10:00", 1, 999),
    ("2031-06-30 10:00", 1, 5000),
    ("2031-08-08 08:00", 0, 7000),
)
END = at("2031-09-10 12:00")
TOLD = (
    "member_id", "ladder", "reason", "from_tier", "to_tier", "effective_at", "day", "since", "valid_from",
    "valid_until", "fell_on", "locked_until", "may_rise", "programme_version", "facts", "cause",
)  # fmt: skip


async def decided(chain: Chain) -> list[Json]:
    """The decisions by member, ladder and instant, without what a rebuild gives anew: ids, numbers, when told."""
    found = [{name: row[name] for name in TOLD} for row in await rows(chain, "decision")]
    return sorted(found, key=lambda row: (str(row["member_id"]), row["ladder"], row["effective_at"]))


async def rebuild(chain: Chain, drain: Drain) -> Json:
    answer = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202, answer.text
    await work(chain, drain)
    job: Json = (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()
    assert job["state"] == "done", job
    result: Json = job["result"]
    return result


async def live(chain: Chain, drain: Drain, members: list[str]) -> None:
    """The year as it happened, each night in its turn."""
    for n, (when, who, amount) in enumerate(SALES):
        await pass_time(chain, drain, at(when))
        await bought(chain, f"S{n}", amount, member_id=members[who])
    await pass_time(chain, drain, END)


async def test_what_was_known_in_time_is_decided_as_it_was(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), CARD, CLASS)
    members = [await member(chain) for _ in range(3)]
    await live(chain, drain, members)
    before = await decided(chain)
    assert {row["reason"] for row in before} == {"upgrade", "renew", "downgrade"}
    result = await rebuild(chain, drain)
    after = [row for row in await decided(chain) if row["effective_at"] < END]
    assert after == before
    assert (result["evaluated"], result["upgraded"]) == (3, sum(row["reason"] == "upgrade" for row in before))
    await standings_are_the_last_decisions(chain)
    assert await drift(chain) == []
    await rebuild(chain, drain)  # and again: the same
    assert [row for row in await decided(chain) if row["effective_at"] < END] == before


async def test_old_history_in_any_order_gives_what_its_own_time_would_have(new_chain: NewChain, drain: Drain) -> None:
    lived = await chain_with(new_chain, at("2031-01-01 12:00"), CARD, CLASS)
    members = [await member(lived) for _ in range(2)]
    await live(lived, drain, members)
    moved = await chain_with(new_chain, at("2031-01-01 12:00"), CARD, CLASS)  # the rules are as old as the history
    await set_clock(moved.tenant_id, END)
    keys = [f"M{n}" for n in range(2)]
    late = [await member(moved, external_id=key, joined_on="2031-01-01") for key in keys]
    lines = [
        f"S{n},{keys[who]},{when.replace(' ', 'T')}:00Z,{amount / 100:.2f}"
        for n, (when, who, amount) in enumerate(SALES)
    ]
    table = "\n".join(["external_id,member,occurred_at,amount", *reversed(lines)])
    files = {"file": ("p.csv", table.encode(), "text/csv")}
    options = {"options": json.dumps({"kind": "purchases", "evaluate": False})}
    assert (await moved.http.post("/v1/imports", files=files, data=options)).status_code == 202
    await work(moved, drain)
    await rebuild(moved, drain)

    def comparable(found: list[Json], names: list[str]) -> list[Json]:
        # A till that says no time is decided a few milliseconds after the clock was set.
        dropped = {"programme_version", "member_id", "effective_at"}
        return [
            {
                "who": names.index(str(row["member_id"])),
                "at": row["effective_at"].replace(microsecond=0),
                **{k: v for k, v in row.items() if k not in dropped},
            }
            for row in sorted(found, key=lambda r: (names.index(str(r["member_id"])), r["ladder"], r["effective_at"]))
            if row["effective_at"] < END
        ]

    assert comparable(await decided(moved), late) == comparable(await decided(lived), members)
    assert await drift(moved) == []


async def test_refunds_count_from_the_start(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    one = await member(chain)
    sale = await bought(chain, "S1", 5000, member_id=one)
    await bought(chain, "S2", 300, member_id=one)
    await set_clock(chain.tenant_id, at("2031-01-02 12:00"))
    assert (await give_back(chain, sale["id"], "R1", 4000)).status_code == 201
    await rebuild(chain, drain)
    assert [(row["reason"], row["to_tier"]) for row in await decided(chain)] == [("upgrade", "silver")]
    assert await drift(chain) == []
    assert await rows(chain, "tier_recheck") == []


async def test_acts_by_hand_are_repeated_at_their_instant(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), CARD)
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await pass_time(chain, drain, at("2031-01-05 12:00"))
    body = {"tier": "gold", "reason": "a good customer", "locked_until": "2031-03-31"}
    assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).status_code == 200
    await pass_time(chain, drain, at("2031-02-10 12:00"))
    assert (await chain.http.delete(f"/v1/members/{one}/tier")).status_code == 200
    await pass_time(chain, drain, at("2031-02-20 12:00"))
    before = await decided(chain)
    assert [row["reason"] for row in before] == ["upgrade", "manual", "downgrade"]
    await rebuild(chain, drain)
    assert await decided(chain) == before
    assert len(await rows(chain, "tier_act")) == 2
    await standings_are_the_last_decisions(chain)


async def test_each_time_has_the_rules_that_were_in_force(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), ladder())
    one, other = await member(chain), await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await set_clock(chain.tenant_id, at("2031-02-01 12:00"))
    dearer = ladder()
    dearer["tiers"][1]["qualify"]["gte"] = 3000
    await publish(chain, dearer)
    await bought(chain, "S2", 1000, member_id=other)
    before = await decided(chain)
    await rebuild(chain, drain)
    assert await decided(chain) == before
    assert [(str(row["member_id"]), row["programme_version"]) for row in before] == [(one, 2)]


async def test_a_rebuild_takes_no_instant(chain: Chain) -> None:
    body = {"rebuild": True, "as_of": "2026-01-01T00:00:00Z"}
    answer = await chain.http.post("/v1/programme/recalculate", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/as_of"
    assert answer.json()["errors"][0]["code"] == "rebuild-is-whole"


async def test_nights_that_are_nothing_to_most_decide_what_every_night_would(
    new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ladder of every night, once with the nights that can be passed over and once with all of them."""
    nightly = ladder(
        "card",
        {"type": "rolling_days", "days": 40},
        retain={"metric": "purchases", "window": {"type": "rolling_days", "days": 35}, "gte": 2},
        schedule={"type": "daily"},
        validity={"type": "months", "months": 1},
        max_drop=1,
    )
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), nightly)
    members = [await member(chain) for _ in range(2)]
    for n, (when, who, amount) in enumerate(SALES):
        await set_clock(chain.tenant_id, at(when))
        await bought(chain, f"S{n}", amount, member_id=members[who])
    await set_clock(chain.tenant_id, END)
    await rebuild(chain, drain)
    passed_over = await decided(chain)
    monkeypatch.setattr("tenants.tiers.rebuild.walk.is_quiet", lambda _ladder: False)
    await rebuild(chain, drain)
    assert await decided(chain) == passed_over
    assert {row["reason"] for row in passed_over} == {"upgrade", "renew", "downgrade"}


@pytest.mark.parametrize(
    ("leaf", "quiet"),
    [
        ({"metric": "spend", "window": LIFE, "gte": 1}, True),
        ({"metric": "spend", "window": {"type": "rolling_days", "days": 9}, "gte": 1}, True),
        ({"metric": "spend", "window": MONTH, "gte": 1}, True),
        ({"metric": "spend", "window": {**MONTH, "offset": -1}, "gte": 1}, False),  # a new month brings the old one
        ({"metric": "spend", "window": LIFE, "gte": 0}, False),
        ({"metric": "spend", "window": {"type": "rolling_days", "days": 9}, "gte": 1, "lt": 9}, False),
        ({"not": {"metric": "spend", "window": LIFE, "gte": 1}}, False),
        ({"metric": "tenure_days", "gte": 1}, False),
        ({"metric": "top_ups", "window": LIFE, "gte": 1}, True),
        ({"metric": "points_earned", "window": LIFE, "gte": 1}, False),  # some decide nothing when they come
        ({"metric": "days_since_purchase", "gte": 1}, False),
        ({"metric": "rating", "window": {"type": "rolling_days", "days": 9}, "gte": "1.5"}, False),
        ({"metric": "rating", "window": LIFE, "gte": "1.5"}, True),
        ({"metric": "score", "weights": [{"metric": "tenure_days", "per": 1, "points": 1}], "gte": 1}, False),
    ],
)
def test_which_conditions_time_can_make_hold(leaf: Json, quiet: bool) -> None:
    names = {"zh-CN": "甲", "en": "A"}
    tiers: list[Json] = [{"code": "base", "rank": 0, "names": names}]
    tiers.append({"code": "top", "rank": 1, "names": names, "qualify": leaf})
    policy = {"upgrade": "immediate", "schedule": {"type": "daily"}, "validity": {"type": "forever"}}
    made = Ladder.model_validate({"code": "card", "names": names, "tiers": tiers, "policy": policy})
    assert is_quiet(made) == quiet
    scheduled = made.model_copy(update={"policy": made.policy.model_copy(update={"upgrade": "scheduled"})})
    assert not is_quiet(scheduled)


async def test_a_chain_without_members_is_rebuilt_at_once(chain: Chain, drain: Drain) -> None:
    result = await rebuild(chain, drain)
    assert {name: result[name] for name in ("evaluated", "upgraded", "renewed", "downgraded")} == dict.fromkeys(
        ("evaluated", "upgraded", "renewed", "downgraded"), 0
    )


async def test_a_neighbours_history_stays_as_it_is(chain: Chain, new_chain: NewChain, drain: Drain) -> None:
    neighbour = await new_chain()
    await bought(neighbour, "S1", 60_000, member_id=await member(neighbour))
    before, totals = await rows(neighbour, "decision"), await rows(neighbour, "member_total")
    assert before
    await bought(chain, "S1", 60_000, member_id=await member(chain))
    await rebuild(chain, drain)
    assert await rows(neighbour, "decision") == before
    assert await rows(neighbour, "member_total") == totals
