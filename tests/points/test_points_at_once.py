"""Eight writers on one member's points: what comes out is what one after the other gives."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
from support.chains import Chain
from support.clock import set_clock
from support.programme import change_programme
from support.till import member, rows

from saas.scope import tenant_scope
from tenants.verifying.ledgers import verify_ledgers

WRITERS, ROUNDS = 8, 10


async def test_eight_writers_on_one_member(chain: Chain) -> None:
    await set_clock(chain.tenant_id, datetime(2031, 3, 10, 4, tzinfo=UTC))
    await change_programme(
        chain, points={"per_unit": "0", "beside": {"activities": [{"kind": "check_in", "points": 3}]}}
    )
    who = await member(chain)

    async def write(number: int) -> list[httpx.Response]:
        answers = []
        for n in range(ROUNDS):
            name = f"{number}-{n}"
            given = {"member_id": who, "points": 10, "reason": "x", "external_id": name, "expires_on": "2031-12-31"}
            spent = {"member_id": who, "points": 7, "external_id": f"R{name}"}
            visit = {"member_id": who, "kind": "check_in", "external_id": name}
            taken = {**given, "points": -2, "external_id": f"T{name}", "expires_on": None}
            url, body = (
                ("/v1/points/adjust", given),
                ("/v1/points/redeem", spent),
                ("/v1/activities", visit),
                ("/v1/points/adjust", taken),
            )[(number + n) % 4]
            answers.append(await chain.http.post(url, json=body))
        return answers

    answers = [answer for some in await asyncio.gather(*map(write, range(WRITERS))) for answer in some]
    assert {answer.status_code for answer in answers} <= {201, 422}
    refused = [answer for answer in answers if answer.status_code == 422]
    assert {answer.json()["type"] for answer in refused} <= {"/problems/not-enough-points"}
    assert len(refused) < WRITERS * ROUNDS / 4
    entries = sorted(await rows(chain, "points_entry"), key=lambda entry: entry["id"])
    assert len(entries) == len(answers) - len(refused)
    balance = 0
    for entry in entries:
        balance += entry["points"]
        assert entry["balance"] == balance >= 0
    assert [entry["seq"] for entry in entries] == sorted(entry["seq"] for entry in entries)
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []
    shown: dict[str, Any] = (await chain.http.get(f"/v1/members/{who}/points")).json()
    assert shown["balance"] == shown["spendable"] == balance


async def test_two_tills_and_the_last_points(chain: Chain) -> None:
    who = await member(chain)
    given = {"member_id": who, "points": 100, "reason": "x"}
    assert (await chain.http.post("/v1/points/adjust", json=given)).status_code == 201
    spent = {"member_id": who, "points": 100}
    answers = await asyncio.gather(*(chain.http.post("/v1/points/redeem", json=spent) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


async def test_one_number_by_two_tills_at_once_is_one_act(chain: Chain) -> None:
    who, other = await member(chain), await member(chain)
    given = {"points": 100, "reason": "x", "external_id": "N1"}
    bodies = [{**given, "member_id": who}] * 3 + [{**given, "member_id": other}]
    answers = await asyncio.gather(*(chain.http.post("/v1/points/adjust", json=body) for body in bodies))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 200, 201, 409], [201, 409, 409, 409])
    assert len(await rows(chain, "points_entry")) == 1
