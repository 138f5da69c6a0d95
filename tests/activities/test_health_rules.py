"""A tier is for more eyes than a health measurement: none hangs on what was measured."""

from typing import Any

import httpx
import pytest
from club import CLASSES, RATED, done, key, rules
from support.chains import Chain
from support.clock import owner
from support.till import member

MEASURED = {**RATED, "kind": "glucose_check"}
ALL_KINDS = {name: value for name, value in RATED.items() if name != "kind"}
CODE = "rating-of-health"


async def draft(chain: Chain, condition: dict[str, Any], **changes: Any) -> httpx.Response:
    document = (await chain.http.get("/v1/programme")).json() | changes
    document["ladders"][0]["tiers"][1]["qualify"] = condition
    return await chain.http.put("/v1/programme/draft", json=document)


@pytest.mark.parametrize("condition", [MEASURED, ALL_KINDS])
@pytest.mark.parametrize("declared", [["glucose_check"], []], ids=["now", "once"])
async def test_no_rule_tells_what_was_measured(declared: list[str], condition: dict[str, Any], chain: Chain) -> None:
    await rules(chain, CLASSES)
    refused = await draft(chain, {"any": [CLASSES, {"not": condition}]}, health_kinds=declared)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/programme-invalid")
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/ladders/0/tiers/1/qualify/any/1/not", CODE)
    assert error["message"].startswith("a tier cannot hang on the values of health measurements")


async def test_other_means_and_how_often_was_measured_are_fine(chain: Chain) -> None:
    await rules(chain, CLASSES)
    often = {**CLASSES, "kind": "glucose_check"}
    assert (await draft(chain, {"all": [RATED, often]})).status_code == 200


async def test_a_draft_kept_before_is_looked_at_again(chain: Chain) -> None:
    await rules(chain, CLASSES, health_kinds=[])
    assert (await draft(chain, RATED)).status_code == 200
    await (await owner()).execute(
        "UPDATE programme_version SET document = jsonb_set(document, '{health_kinds}', '[\"review\"]')"
        " WHERE tenant_id = $1 AND version = 2",
        chain.tenant_id,
    )
    answer = await chain.http.post("/v1/programme/draft/publish", json={})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, CODE)


async def test_old_decisions_hide_what_has_become_a_measurement(chain: Chain, client: httpx.AsyncClient) -> None:
    one = await member(chain)
    await rules(chain, {"all": [RATED, {**CLASSES, "gte": 1}]})
    await done(chain, "1", one)
    await done(chain, "2", one, kind="review", value=5)
    await rules(chain, CLASSES, health_kinds=["review"])
    rating, classes = "rating:review/lifetime", "activities:class/lifetime"
    seers = {"members:read": {classes}, "health:read": {rating, classes}}
    for scope, keys in seers.items():
        headers = await key(chain, "members:read", scope)
        (decision,) = (await client.get(f"/v1/members/{one}/decisions", headers=headers)).json()["data"]
        assert decision["facts"].keys() == keys
        shown = (await client.get(f"/v1/members/{one}/tier", headers=headers)).json()
        assert shown["current"]["facts"].keys() == keys
