"""Coupons whose value a till took by itself; their days and states."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from giving import (
    at_fault,
    coupon,
    entries_of,
    given,
    held,
    printed,
    problem,
    redeem,
    states_are_what_entries_leave,
)
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.till import member

Json = dict[str, Any]
ZONE = ZoneInfo("Asia/Shanghai")


def at(day: str, hour: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), ZONE)


async def test_used_once(chain: Chain) -> None:
    made, who = await coupon(chain, "use"), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    (number,) = await printed(chain, made["id"])
    for sent, reference in (({"grant_id": theirs}, theirs), ({"number": number.lower()}, number)):
        answer = await redeem(chain, **sent, amount=1000)
        assert answer.status_code == 201, answer.text
        assert (answer.json()["state"], answer.json()["used_for"]) == ("used", None)
        assert problem(await redeem(chain, **sent)) == (409, "coupon-not-usable")
        last = (await held(chain, reference))["entries"][-1]
        assert (last["kind"], last["amount"], last["branch_id"]) == ("use", 1000, chain.branch_id)
    assert await states_are_what_entries_leave(chain) == 2


async def test_sent_again_with_its_number(chain: Chain) -> None:
    made = await coupon(chain, "again")
    one, other = await printed(chain, made["id"], 2)
    first = await redeem(chain, number=one, external_id="T1", amount=5)
    assert first.status_code == 201
    again = await redeem(chain, number=one, external_id="T1", amount=5)
    assert (again.status_code, again.json()) == (200, first.json())
    for changed in ({"number": one, "amount": 6}, {"number": other, "amount": 5}):
        assert problem(await redeem(chain, external_id="T1", **changed)) == (409, "external-id-conflict")
    assert (await held(chain, other))["state"] == "open"


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ({}, ("", "identifier-missing")),
        ({"number": "AA5U8DPUMM22", "grant_id": str(uuid4())}, ("/number", "one-of-identifiers")),
        ({"number": "AA5U8DPUMM23"}, ("/number", "mistyped-number")),
        ({"number": "AA5U8DPMUM22"}, ("/number", "mistyped-number")),
        ({"number": "AA5U8DPUMM22"}, ("/number", "unknown-coupon")),
        ({"grant_id": str(uuid4())}, ("/grant_id", "unknown-coupon")),
    ],
)
async def test_which_coupon(chain: Chain, sent: Json, fault: tuple[str, str]) -> None:
    assert at_fault(await redeem(chain, **sent)) == [fault]


async def test_only_where_it_is_for(chain: Chain) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    made = await coupon(chain, "there", branches=["b2"])
    (number,) = await printed(chain, made["id"])
    assert problem(await redeem(chain, number=number)) == (422, "coupon-not-here")
    assert problem(await redeem(chain, number=number, branch_id=str(uuid4()))) == (422, "unknown-branch")
    assert (await redeem(chain, number=number, branch_id=other)).status_code == 201


async def test_of_who_has_left(chain: Chain) -> None:
    made, who = await coupon(chain, "left"), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    assert (await chain.http.delete(f"/v1/members/{who}")).is_success
    assert problem(await redeem(chain, grant_id=theirs)) == (409, "member-closed")


DAYS = [
    # given at, fixed days or how many, used at, state said (None: it is usable)
    ("2026-03-01 23:59", {"valid_days": 1}, "2026-03-01 23:59:30", None),
    ("2026-03-01 23:59", {"valid_days": 1}, "2026-03-02 00:00", "expired"),
    ("2026-03-01 00:00", {"valid_days": 7}, "2026-03-07 23:59", None),
    ("2026-03-01 00:00", {"valid_days": 7}, "2026-03-08 00:00", "expired"),
    (
        "2026-03-01 12:00",
        {"valid_from": "2026-03-05", "valid_until": "2026-03-06"},
        "2026-03-04 23:59",
        "not-yet-valid",
    ),
    ("2026-03-01 12:00", {"valid_from": "2026-03-05", "valid_until": "2026-03-06"}, "2026-03-05 00:00", None),
    ("2026-03-01 12:00", {"valid_from": "2026-03-05", "valid_until": "2026-03-06"}, "2026-03-06 23:59", None),
    ("2026-03-01 12:00", {"valid_from": "2026-03-05", "valid_until": "2026-03-06"}, "2026-03-07 00:00", "expired"),
]


@pytest.mark.parametrize(("given_at", "days", "used_at", "state"), DAYS)
async def test_the_days_of_use(chain: Chain, given_at: str, days: Json, used_at: str, state: str | None) -> None:
    await set_clock(chain.tenant_id, at(*given_at.split()))
    made, who = await coupon(chain, "days", **{"valid_days": None, **days}), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    (number,) = await printed(chain, made["id"])
    await set_clock(chain.tenant_id, at(*used_at.split()))
    for sent in ({"grant_id": theirs}, {"number": number}):
        answer = await redeem(chain, **sent)
        if state is None:
            assert answer.status_code == 201, answer.text
        else:
            assert problem(answer) == (409, "coupon-not-usable")
            assert (answer.json()["state"], answer.json()["code"]) == (state, "days")
    shown = await held(chain, theirs)
    assert shown["state"] == {None: "used", "expired": "expired", "not-yet-valid": "open"}[state]


async def test_every_night_expires_what_is_over(chain: Chain, drain: Any) -> None:
    now = datetime.now(UTC).astimezone(ZONE)
    noon = now.replace(hour=12, minute=0) + timedelta(days=1)
    await set_clock(chain.tenant_id, noon)
    short, long = await coupon(chain, "short", valid_days=2), await coupon(chain, "long", valid_days=9)
    who = await member(chain)
    (theirs,) = await given(chain, short["id"], who)
    (later,) = await given(chain, long["id"], who)
    paper, used = await printed(chain, short["id"], 2)
    await redeem(chain, number=used)
    await pass_time(chain, drain, noon + timedelta(days=1))
    assert (await held(chain, theirs))["state"] == "open"
    await set_clock(chain.tenant_id, noon + timedelta(days=2))
    # Before the night's job came by, the day says it already.
    shown = {}
    for state in ("open", "expired"):
        found = (await chain.http.get(f"/v1/members/{who}/coupons?state={state}")).json()["data"]
        shown[state] = [one["id"] for one in found]
    assert shown == {"open": [later], "expired": [theirs]}
    assert await entries_of(chain, theirs) == ["grant"]
    answer = await chain.http.post(f"/v1/coupons/grants/{theirs}/void", json={"reason": "x"})
    assert (answer.status_code, answer.json()["state"]) == (409, "expired")
    await pass_time(chain, drain, noon + timedelta(days=2, hours=1))
    for reference, kinds in ((theirs, ["grant", "expire"]), (later, ["grant"])):
        assert await entries_of(chain, reference) == kinds
    assert (await held(chain, paper))["state"] == "expired"
    assert (await held(chain, used))["state"] == "used"
    assert await states_are_what_entries_leave(chain) == 4


async def test_the_nights_job_in_batches_and_twice(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from saas.outbox import enqueue
    from saas.scope import tenant_scope
    from tenants.coupons import expiring

    monkeypatch.setattr(expiring, "BATCH", 3)
    made = await coupon(chain, "batches", valid_days=1)
    numbers = await printed(chain, made["id"], 8)
    await set_clock(chain.tenant_id, datetime.now(UTC) + timedelta(days=2))
    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            await enqueue(expiring.JOB, {})
        done = await drain(chain.tenant_id)
        assert done.failed == done.dead == 0
    for number in numbers:
        assert [entry["kind"] for entry in (await held(chain, number))["entries"]] == ["grant", "expire"]
    assert await states_are_what_entries_leave(chain) == 8


async def test_a_return_gives_it_back_for_its_own_purchase_only(chain: Chain) -> None:
    """As purchases, refunds and undos write it: postings of the ledger."""
    from saas.errors import DomainError
    from saas.scope import connection, tenant_scope
    from tenants.coupons.ledger import post
    from tenants.coupons.postings import Posting

    made, who = await coupon(chain, "ledger"), UUID(await member(chain))
    grant_id = UUID((await given(chain, made["id"], str(who)))[0])
    purchase, other = uuid4(), uuid4()

    async def write(kind: Any, source: UUID, of: UUID, member_id: UUID | None = who) -> str | None:
        try:
            async with tenant_scope(chain.tenant_id):
                now = await connection().fetchval("SELECT clock_timestamp()")
                entry = Posting(
                    kind=kind,
                    grant_id=grant_id,
                    member_id=member_id,
                    seq=None,
                    day=now.astimezone(ZONE).date(),
                    recorded_at=now,
                    actor="system",
                    source_id=source,
                    purchase_id=of,
                )
                (written,) = await post([entry])
                assert written.grant_id == grant_id
        except DomainError as refused:
            return str(refused.params["state"])
        return None

    assert await write("return", uuid4(), purchase) == "open"
    assert await write("use", purchase, purchase, member_id=uuid4()) == "not-theirs"
    assert await write("use", purchase, purchase) is None
    assert (await held(chain, str(grant_id)))["used_for"] == str(purchase)
    assert await write("use", other, other) == "used"
    assert await write("return", uuid4(), other) == "used"
    assert await write("undo_use", purchase, purchase) is None
    assert (await held(chain, str(grant_id)))["used_for"] is None
    assert await write("use", other, other) is None
    assert await write("return", uuid4(), other) is None
    assert await states_are_what_entries_leave(chain) == 1
    assert await entries_of(chain, str(grant_id)) == ["grant", "use", "undo_use", "use", "return"]
