"""`/v1/segments`: keeping and changing, faults, who may what, and what can't be answered."""

from typing import Any

import pytest
from asking import NAMES, TAGGED, keep, key_with
from programme.books import Json
from support.chains import Chain
from support.programme import change_programme


async def test_a_segment_is_kept_changed_and_forgotten(chain: Chain) -> None:
    made = await keep(chain)
    assert (made["code"], made["names"], made["condition"], made["source"]) == ("regulars", NAMES, TAGGED, "tenant")
    url = f"/v1/segments/{made['id']}"
    assert (await chain.http.get(url)).json() == made
    other = {"metric": "rating", "window": {"type": "lifetime"}, "gte": "4.5"}
    for change in ({"names": {"zh-CN": "乙", "en": "B"}}, {"condition": other}):
        answer = await chain.http.patch(url, json=change)
        made |= change
        assert (answer.status_code, answer.json()) == (200, made)
    assert (await chain.http.get(url)).json() == made
    assert (await chain.http.delete(url)).status_code == 204
    for answer in (await chain.http.get(url), await chain.http.delete(url), await chain.http.patch(url, json={})):
        assert answer.status_code == 404
    audit = (await chain.http.get("/v1/audit-log")).json()["data"]
    acts = [one["action"] for one in audit if one["target"] == f"segment:{made['id']}"]
    assert acts == ["segment.delete", "segment.change", "segment.change", "segment.create"]


async def test_a_code_stands_for_one_segment(chain: Chain) -> None:
    await keep(chain)
    body = {"code": "regulars", "names": NAMES, "condition": TAGGED}
    again = await chain.http.post("/v1/segments", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/code-taken")
    assert again.json()["errors"][0]["pointer"] == "/code"


async def test_a_templates_segments_are_the_tenants_own(chain: Chain) -> None:
    listed: list[Json] = []
    cursor = ""
    while cursor is not None:
        answer = (await chain.http.get(f"/v1/segments?limit=10{cursor and f'&cursor={cursor}'}")).json()
        listed, cursor = listed + answer["data"], answer["next_cursor"]
    by_code = {one["code"]: one for one in listed}
    assert {"sleeping", "rfm_champion", "stage_lost"} <= by_code.keys()
    assert {one["source"] for one in listed} == {"template"}
    url = f"/v1/segments/{by_code['sleeping']['id']}"
    assert (await chain.http.patch(url, json={"condition": TAGGED})).json()["condition"] == TAGGED
    assert (await chain.http.delete(url)).status_code == 204
    await keep(chain, "sleeping")


FAULTS: list[tuple[Json, str, str]] = [
    ({"property": "mood", "in": ["x"]}, "/condition/property", "unknown-property"),
    ({"all": [{"property": "tag"}]}, "/condition/all/0/in", "required"),
    ({"any": []}, "/condition/any", "empty-group"),
    ({"property": "age", "gte": 5, "lt": 5}, "/condition/lt", "bounds-crossed"),
    ({"property": "tier", "in": ["brass"]}, "/condition/in/0", "unknown-tier"),
    ({"not": {"property": "ranks_to_next", "ladder": "x", "gte": 1}}, "/condition/not/ladder", "unknown-ladder"),
    ({"property": "branch", "in": ["main", "nowhere"]}, "/condition/in/1", "unknown-branch"),
    ({"property": "attribute", "code": "size", "in": ["M"]}, "/condition/code", "unknown-attribute"),
    ({"property": "attribute", "code": "weight", "in": ["M"]}, "/condition/in/0", "attribute-type"),
    ({"property": "attribute", "code": "weight", "gte": "2026-01-01"}, "/condition/gte", "attribute-type"),
    ({"property": "attribute", "code": "hair", "gte": "1"}, "/condition/gte", "attribute-type"),
    ({"property": "attribute", "code": "hair", "in": ["red", True]}, "/condition/in/1", "attribute-type"),
    ({"property": "attribute", "code": "hair", "in": ["green"]}, "/condition/in/0", "unknown-choice"),
]
ATTRIBUTES = [
    {"code": "weight", "names": NAMES, "type": "number"},
    {"code": "hair", "names": NAMES, "type": "choice", "choices": [{"code": "red", "names": NAMES}]},
]


@pytest.fixture(scope="module")
async def shop(new_chain: Any) -> Chain:
    made: Chain = await new_chain()
    await change_programme(made, attributes=ATTRIBUTES)
    return made


@pytest.mark.parametrize(("condition", "pointer", "code"), FAULTS)
async def test_a_fault_is_named_by_its_pointer(shop: Chain, condition: Json, pointer: str, code: str) -> None:
    branch = (await shop.http.get("/v1/branches")).json()["data"][0]["code"]
    if condition.get("property") == "branch":
        condition = {"property": "branch", "in": [branch, "nowhere"]}
    segment = (await shop.http.get("/v1/segments?limit=1")).json()["data"][0]
    for method, url, body in (
        ("POST", "/v1/segments", {"code": "x", "names": NAMES, "condition": condition}),
        ("POST", "/v1/segments/preview", {"condition": condition}),
        ("PATCH", f"/v1/segments/{segment['id']}", {"condition": condition}),
    ):
        for language in ("zh-CN", "en"):
            answer = await shop.http.request(method, url, json=body, headers={"Accept-Language": language})
            assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation-failed"), answer.text
            assert (pointer, code) in [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
            assert "…" not in answer.text


BODIES: list[tuple[Json, str]] = [
    ({}, "/condition"),
    ({"code": "Big Spenders", "names": NAMES, "condition": TAGGED}, "/code"),
    ({"code": "x", "names": {"en": "A"}, "condition": TAGGED}, "/names/zh-CN"),
    ({"code": "x", "names": NAMES, "condition": None}, "/condition"),
    ({"code": "x", "names": NAMES, "condition": TAGGED, "size": 1}, "/size"),
]


@pytest.mark.parametrize(("body", "pointer"), BODIES)
async def test_a_body_is_checked(shop: Chain, body: Json, pointer: str) -> None:
    answer = await shop.http.post("/v1/segments", json=body)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


async def test_who_may_what(chain: Chain) -> None:
    segment = await keep(chain)
    reader, writer = await key_with(chain, "members:read"), await key_with(chain, "programme:write")
    body = {"code": "y", "names": NAMES, "condition": TAGGED}
    url = f"/v1/segments/{segment['id']}"
    for method, path, sent, allowed in (
        ("GET", "/v1/segments", None, reader),
        ("GET", url, None, reader),
        ("GET", f"{url}/members", None, reader),
        ("POST", "/v1/segments/preview", {"condition": TAGGED}, reader),
        ("POST", "/v1/segments", body, writer),
        ("PATCH", url, {"names": NAMES}, writer),
        ("DELETE", url, None, writer),
    ):
        refused = writer if allowed is reader else reader
        for headers, wanted in ((refused, False), (allowed, True)):
            answer = await chain.http.request(method, path, json=sent, headers=headers)
            assert answer.is_success is wanted, (method, path, answer.text)
            assert wanted or answer.status_code == 403


async def test_a_condition_that_the_rules_no_longer_fit_is_not_answered(chain: Chain) -> None:
    await change_programme(chain, attributes=ATTRIBUTES)
    segment = await keep(chain, condition={"property": "attribute", "code": "hair", "in": ["red"]})
    await change_programme(chain, attributes=[])
    for url in (f"/v1/segments/{segment['id']}/members", "/v1/members?segment=regulars"):
        answer = await chain.http.get(url)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/segment-outdated")
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
            ("/condition/code", "unknown-attribute")
        ]
    assert (await chain.http.get(f"/v1/segments/{segment['id']}")).json() == segment


async def test_numbers_of_health_measurements_are_not_guessed_from_segments(new_chain: Any) -> None:
    chain = await new_chain(template="pharmacy")
    mean = {"metric": "rating", "kind": "glucose_check", "window": {"type": "lifetime"}, "gte": "7"}
    count = {"metric": "activities", "kind": "glucose_check", "window": {"type": "lifetime"}, "gte": 1}
    reader, doctor = await key_with(chain, "members:read"), await key_with(chain, "members:read", "health:read")
    every = {key: value for key, value in mean.items() if key != "kind"}
    for condition, headers, status in (
        (mean, reader, 403),
        ({"not": every}, reader, 403),
        (mean, doctor, 200),
        (count, reader, 200),
    ):
        answer = await chain.http.post("/v1/segments/preview", json={"condition": condition}, headers=headers)
        assert answer.status_code == status, answer.text
    await keep(chain, condition=mean)
    assert (await chain.http.get("/v1/members?segment=regulars", headers=reader)).status_code == 403
