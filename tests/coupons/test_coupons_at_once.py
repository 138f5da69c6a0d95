"""Many tills, one coupon: one of them gets it."""

import asyncio
from collections import Counter
from uuid import uuid4
from zoneinfo import ZoneInfo

from giving import coupon, given, held, printed, redeem, states_are_what_entries_leave
from support.chains import Chain
from support.till import member, rows

TILLS = 32


async def test_one_printed_coupon_at_32_tills(chain: Chain) -> None:
    made = await coupon(chain, "race")
    (number,) = await printed(chain, made["id"])
    answers = await asyncio.gather(*(redeem(chain, number=number, external_id=f"T{n}") for n in range(TILLS)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: TILLS - 1}
    assert {answer.json().get("state") for answer in answers} == {"used"}
    assert [entry["kind"] for entry in (await held(chain, number))["entries"]] == ["grant", "use"]
    assert await states_are_what_entries_leave(chain) == 1


async def test_one_members_coupon_at_32_tills(chain: Chain) -> None:
    made, who = await coupon(chain, "race"), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    answers = await asyncio.gather(*(redeem(chain, grant_id=theirs) for _ in range(TILLS)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: TILLS - 1}
    (person,) = await rows(chain, "member")
    assert person["seq"] == 2  # who was refused took no number
    assert sorted(row["seq"] for row in await rows(chain, "coupon_entry")) == [1, 2]


async def test_one_till_that_sends_it_many_times(chain: Chain) -> None:
    made, who = await coupon(chain, "race"), await member(chain)
    (theirs,) = await given(chain, made["id"], who)
    (number,) = await printed(chain, made["id"])
    for sent in ({"number": number, "external_id": "P"}, {"grant_id": theirs, "external_id": "M"}):
        answers = await asyncio.gather(*(redeem(chain, **sent) for _ in range(TILLS)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: TILLS - 1}
        assert len({answer.text for answer in answers}) == 1
    (person,) = await rows(chain, "member")
    assert person["seq"] == 2


async def test_one_number_of_a_till_on_two_coupons(chain: Chain) -> None:
    made = await coupon(chain, "race")
    numbers = await printed(chain, made["id"], TILLS)
    answers = await asyncio.gather(*(redeem(chain, number=one, external_id="T") for one in numbers))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: TILLS - 1}
    states = Counter(row["state"] for row in await rows(chain, "coupon_grant"))
    assert states == {"used": 1, "open": TILLS - 1}
    assert await states_are_what_entries_leave(chain) == TILLS


async def test_two_coupons_crosswise_never_wait_for_each_other(chain: Chain) -> None:
    """Two purchases that bring the same two printed coupons, named in the other order: locks are taken by id."""
    from uuid import UUID

    from saas.errors import DomainError
    from saas.scope import connection, tenant_scope
    from tenants.coupons.ledger import post
    from tenants.coupons.postings import Posting

    made = await coupon(chain, "pair")
    await printed(chain, made["id"], 2)
    ids: list[UUID] = [row["id"] for row in await rows(chain, "coupon_grant")]

    async def buy(order: list[UUID]) -> str:
        purchase = uuid4()
        try:
            async with tenant_scope(chain.tenant_id):
                now = await connection().fetchval("SELECT clock_timestamp()")
                uses = [
                    Posting(
                        kind="use",
                        grant_id=one,
                        member_id=None,
                        seq=None,
                        day=now.astimezone(ZoneInfo("Asia/Shanghai")).date(),
                        recorded_at=now,
                        actor="system",
                        source_id=purchase,
                        purchase_id=purchase,
                    )
                    for one in order
                ]
                await post(uses)
        except DomainError as refused:
            return refused.code
        return "bought"

    outcomes = await asyncio.gather(*(buy(ids if n % 2 else ids[::-1]) for n in range(16)))
    assert Counter(outcomes) == {"bought": 1, "coupon-not-usable": 15}
    assert len({row["used_for"] for row in await rows(chain, "coupon_grant")}) == 1
    assert await states_are_what_entries_leave(chain) == 2


async def test_used_voided_and_given_at_once(chain: Chain) -> None:
    made, who = await coupon(chain, "mixed"), await member(chain)
    theirs = [(await given(chain, made["id"], who))[0] for _ in range(8)]

    async def void(one: str) -> int:
        return (await chain.http.post(f"/v1/coupons/grants/{one}/void", json={"reason": "x"})).status_code

    async def use(one: str) -> int:
        return (await redeem(chain, grant_id=one)).status_code

    outcomes = await asyncio.gather(
        *(use(one) for one in theirs),
        *(void(one) for one in theirs),
        *(given(chain, made["id"], who) for _ in range(8)),
    )
    for used, voided in zip(outcomes[:8], outcomes[8:16], strict=True):
        assert {used, voided} in ({201, 409}, {409, 200})
    assert await states_are_what_entries_leave(chain) == 16
    (person,) = await rows(chain, "member")
    assert sorted(row["seq"] for row in await rows(chain, "coupon_entry")) == list(range(1, person["seq"] + 1))
