"""Health measurements: only of those who agreed, seen only by those who may."""

from typing import Any

import httpx
import pytest
from club import CLASSES, did, done, key, rules
from support.chains import Chain
from support.till import member, rows

PRESSURE: dict[str, Any] = {"kind": "glucose_check", "value": "6.1", "data": {"after_meal": True}}


async def patient(chain: Chain) -> str:
    return await member(chain, consents={"health": True})


@pytest.fixture
async def pharmacy(chain: Chain) -> Chain:
    await rules(chain, CLASSES)
    return chain


async def test_no_measurement_without_consent(pharmacy: Chain) -> None:
    one = await member(pharmacy, consents={"sms": True})
    refused = await did(pharmacy, "1", one, **PRESSURE)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/health-consent-missing")
    assert await rows(pharmacy, "activity") == []
    await done(pharmacy, "1", one)  # the number is still free, and other kinds need no consent
    agreed = await pharmacy.http.patch(f"/v1/members/{one}", json={"consents": {"health": True}})
    assert agreed.status_code == 200, agreed.text
    first = await done(pharmacy, "2", one, **PRESSURE)
    withdrawn = await pharmacy.http.patch(f"/v1/members/{one}", json={"consents": {"health": False}})
    assert withdrawn.status_code == 200, withdrawn.text
    assert (await did(pharmacy, "3", one, **PRESSURE)).status_code == 422
    again = await did(pharmacy, "2", one, **PRESSURE)
    assert (again.status_code, again.json()) == (200, {**first, "value": None, "data": None, "hidden": True})


async def test_without_consent_nobody_reads_what_was_measured(pharmacy: Chain) -> None:
    """Taken back, ended with the membership, or not given by both of two records: until it is given again."""

    async def read(member_id: str) -> list[str | None]:
        listed = (await pharmacy.http.get(f"/v1/members/{member_id}/activities")).json()["data"]
        return [row["value"] for row in listed]

    one, two = await patient(pharmacy), await member(pharmacy)
    measured = await done(pharmacy, "1", one, **PRESSURE)
    await done(pharmacy, "2", one, kind="review", value=5)
    assert await read(one) == ["5", "6.1"]
    await pharmacy.http.patch(f"/v1/members/{one}", json={"consents": {"health": False}})
    assert await read(one) == ["5", None]
    await pharmacy.http.patch(f"/v1/members/{one}", json={"consents": {"health": True}})
    assert await read(one) == ["5", "6.1"]
    merged = await pharmacy.http.post(f"/v1/members/{two}/merge", json={"other_id": one})
    assert merged.status_code == 200, merged.text
    assert await read(two) == ["5", None]
    await pharmacy.http.patch(f"/v1/members/{two}", json={"consents": {"health": True}})
    assert await read(two) == await read(one) == ["5", "6.1"]
    assert (await pharmacy.http.delete(f"/v1/members/{two}")).status_code == 204
    assert await read(two) == ["5", None]
    alone = (await pharmacy.http.get(f"/v1/activities/{measured['id']}")).json()
    assert (alone["value"], alone["data"], alone["hidden"]) == (None, None, True)


async def test_values_are_for_those_who_may_see_them(pharmacy: Chain, client: httpx.AsyncClient) -> None:
    one = await patient(pharmacy)
    made = await done(pharmacy, "1", one, **PRESSURE)
    await done(pharmacy, "2", one, kind="review", value=5)
    till = await key(pharmacy, "members:read", "purchases:write")
    nurse = await key(pharmacy, "members:read", "health:read")
    for headers, expected in (
        (till, (None, None, True)),
        (nurse, ("6.1", {"after_meal": True}, False)),
    ):
        (listed,) = (await client.get(f"/v1/members/{one}/activities?kind=glucose_check", headers=headers)).json()[
            "data"
        ]
        alone = (await client.get(f"/v1/activities/{made['id']}", headers=headers)).json()
        for found in (listed, alone):
            assert (found["value"], found["data"], found["hidden"]) == expected
    listed = (await client.get(f"/v1/members/{one}/activities", headers=till)).json()["data"]
    assert [(row["kind"], row["value"], row["hidden"]) for row in listed] == [
        ("review", "5", False),
        ("glucose_check", None, True),
    ]


async def test_the_till_that_measures_gets_no_values_back(pharmacy: Chain, client: httpx.AsyncClient) -> None:
    one = await patient(pharmacy)
    till = await key(pharmacy, "purchases:write")
    for status in (201, 200):
        body = {"member_id": one, "external_id": "1", **PRESSURE}
        answer = await client.post("/v1/activities", json=body, headers=till)
        assert answer.status_code == status
        assert (answer.json()["value"], answer.json()["data"], answer.json()["hidden"]) == (None, None, True)
    answer = await client.post("/v1/activities:batch", json={"items": [body]}, headers=till)
    assert answer.json()["data"][0]["value"] is None
    (stored,) = await rows(pharmacy, "activity")
    assert str(stored["value"]) == "6.1000"


async def test_what_was_a_measurement_stays_one(pharmacy: Chain, client: httpx.AsyncClient) -> None:
    """Other rules open no old values; and close those recorded before they knew better."""
    one = await patient(pharmacy)
    measured = await done(pharmacy, "1", one, **PRESSURE)
    review = await done(pharmacy, "2", one, kind="review", value=1)
    await rules(pharmacy, CLASSES, health_kinds=["review"])
    till = await key(pharmacy, "members:read")
    for made in (measured, review):
        assert (await client.get(f"/v1/activities/{made['id']}", headers=till)).json()["hidden"] is True
    later = await done(pharmacy, "3", one, **PRESSURE)
    assert (await client.get(f"/v1/activities/{later['id']}", headers=till)).json()["hidden"] is False


async def test_a_measurement_is_one_of_the_declared_kinds(chain: Chain) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    document |= {"activity_kinds": ["class"], "health_kinds": ["class", "x"]}
    answer = await chain.http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/health_kinds/1", "unknown-kind")]
