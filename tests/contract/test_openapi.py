"""The contract: every operation told in full, its examples as its schemas say, and what may be asked of all of them."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
from litestar import Litestar
from support.chains import Chain

from saas.contract.answers import kept
from saas.contract.document import document
from saas.contract.operations import calls, refused_by_rule
from saas.errors import catalogue
from saas.principal import SCOPES

PROBLEM = "application/problem+json"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def contract(app: Litestar) -> dict[str, Any]:
    return document(app)


def operations(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in contract["paths"].items():
        assert item.keys() <= METHODS
        for method, told in item.items():
            yield f"{method.upper()} {path}", told


def resolved(contract: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = contract
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def validator(contract: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    known = contract["components"]["schemas"]
    if "Problem" in str(schema.get("allOf")):  # hundreds of them, which need no more
        known = {name: known[name] for name in ("Problem", "FieldError")}
    return jsonschema_rs.Draft202012Validator({**schema, "components": {"schemas": known}}, validate_formats=True)


def test_every_handler_of_the_api_is_in_it(app: Litestar, contract: dict[str, Any]) -> None:
    told = {key for key, _ in operations(contract)}
    assert {call.key for call in calls(app)} == told
    served = {re.sub(r":[a-z]+\}", "}", route.path) for route in app.routes if re.match(r"/v1/|/problems", route.path)}
    assert served == contract["paths"].keys()


def test_every_operation_is_told_in_full(contract: dict[str, Any]) -> None:
    ids = set()
    for key, told in operations(contract):
        assert told["summary"].strip(), key
        assert len(told["summary"]) <= 140, key
        assert told["description"].strip(), key
        assert "Raises" not in told["description"], key
        assert told["tags"], key
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", told["operationId"]), key
        assert told["operationId"] not in ids, key
        ids.add(told["operationId"])
    tags = {tag["name"] for tag in contract["tags"]}
    assert tags == {tag for _, told in operations(contract) for tag in told["tags"]}


def test_every_request_and_answer_has_an_example(contract: dict[str, Any]) -> None:
    lacking = []
    for key, told in operations(contract):
        for kind, content in told.get("requestBody", {}).get("content", {}).items():
            if "example" not in content:
                lacking.append(f"{key}: a request, {kind}")
        good = {status: each for status, each in told["responses"].items() if status < "300"}
        assert good, key
        for status, each in good.items():
            if status != "204" and not all("example" in content for content in each.get("content", {"": {}}).values()):
                lacking.append(f"{key}: its {status}")
    assert lacking == []


def test_examples_are_as_their_schemas_say(contract: dict[str, Any]) -> None:
    for key, told in operations(contract):
        contents = [told.get("requestBody", {}), *(resolved(contract, each) for each in told["responses"].values())]
        for content in (one for each in contents for one in each.get("content", {}).values()):
            check = validator(contract, content["schema"])
            examples = [content["example"]] if "example" in content else []
            examples += [resolved(contract, one)["value"] for one in content.get("examples", {}).values()]
            for example in examples:
                assert [f"{e.instance_path}: {e.message}" for e in check.iter_errors(example)] == [], key


def test_every_refusal_names_its_problem_types(contract: dict[str, Any]) -> None:
    problems = catalogue().problems
    for key, told in operations(contract):
        refused = {status: resolved(contract, each) for status, each in told["responses"].items() if status >= "400"}
        assert {"400", "500", "503"} <= refused.keys(), key
        if "{" in key:
            assert "404" in refused, key
        if told.get("security") != []:
            assert {"401", "403", "429"} <= refused.keys(), key
        for status, each in refused.items():
            (content,) = each["content"].values()
            for code in content["examples"]:
                assert problems[code].status == int(status), key
    purchase = contract["paths"]["/v1/purchases"]["post"]["responses"]
    conflict = resolved(contract, purchase["409"])["content"]["application/problem+json"]["examples"]
    assert {"external-id-conflict", "idempotency-in-progress", "member-closed", "coupon-not-usable"} <= conflict.keys()


def test_what_a_rule_tells_isnt_learned(app: Litestar) -> None:
    """Else it would stay told when the code no longer does it."""
    learned = {call.key: set(kept().get(call.key, {}).get("refusals", ())) for call in calls(app)}
    assert {call.key: both for call in calls(app) if (both := learned[call.key] & refused_by_rule(call))} == {}


def test_what_stripe_is_asked_is_told_with_its_refusals(contract: dict[str, Any]) -> None:
    """The steps of an operation at Stripe are run by its kind's name: no call leads to them."""
    for act in ("checkout", "change-plan"):
        responses = contract["paths"][f"/v1/billing/{act}"]["post"]["responses"]
        assert "billing-not-set-up" in resolved(contract, responses["503"])["content"][PROBLEM]["examples"], act


@pytest.mark.parametrize("path", ["/v1/price-lists/{code}", "/v1/message-texts/{code}"])
def test_a_name_that_a_path_gives_is_told_as_it_may_be(contract: dict[str, Any], path: str) -> None:
    (code,) = [one for one in contract["paths"][path]["put"]["parameters"] if one.get("in") == "path"]
    assert [bool(re.search(code["schema"]["pattern"], text)) for text in ("tea-2", "0", "Tea")] == [True, False, False]
    body = contract["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"]
    own = resolved(contract, body)["properties"].get("code")
    assert own in (None, code["schema"])


def test_an_activitys_data_is_told_with_a_field(contract: dict[str, Any]) -> None:
    data = contract["components"]["schemas"]["ActivityBody"]["properties"]["data"]
    assert [validator(contract, data).is_valid(one) for one in ({"pulse": 60}, {})] == [True, False]


def test_a_special_fapiao_is_told_with_all_that_it_needs(contract: dict[str, Any]) -> None:
    told = validator(contract, {"$ref": "#/components/schemas/Fapiao"})
    normal = {"type": "normal", "title": "青禾商贸"}
    rest = dict.fromkeys(("address", "phone", "bank", "account"), "x") | {"tax_number": "91310000MA1K35X42B"}
    assert told.is_valid(normal)
    assert told.is_valid({**rest, "type": "special", "title": "青禾商贸"})
    assert not told.is_valid({**normal, "type": "special"})
    assert not told.is_valid({**rest, "type": "special", "title": "青禾商贸", "tax_number": None})


def test_every_scope_is_told(app: Litestar, contract: dict[str, Any]) -> None:
    for call in calls(app):
        scope = call.handler.opt.get("requires")
        told = contract["paths"][call.path][call.method.lower()]["description"]
        assert scope is None or f"`{scope}`" in told, call.key
    scheme = contract["components"]["securitySchemes"]["key"]
    assert all(f"`{scope}`" in scheme["description"] for scope in SCOPES)


def test_references_lead_somewhere(contract: dict[str, Any]) -> None:
    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                assert resolved(contract, value) is not value
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(contract)


NOT_LED_TO = {
    "GET /problems/{code}",  # each problem names its own
    "GET /v1/jobs/{job_id}/events",  # beside the job itself, for who waits
    "POST /v1/members/{member_id}/allowances/{product}/uses/{use_id}/undo",  # an act on a product's use
    "GET /v1/coupons/grants/{reference}",  # by an id or a printed number
    "POST /v1/coupons/grants/{reference}/void",
}


def test_links_lead_to_all_that_is_done_with_one_thing(contract: dict[str, Any]) -> None:
    """And each gives its operation every parameter that the path has."""
    by_id = {told["operationId"]: (key, told) for key, told in operations(contract)}
    led_to = set()
    for key, told in operations(contract):
        for each in told["responses"].values():
            for link in resolved(contract, each).get("links", {}).values():
                other, wanted = by_id[link["operationId"]]
                needed = {one["name"] for one in wanted["parameters"] if one.get("in") == "path"}
                assert link["parameters"].keys() == needed, (key, other)
                led_to.add(other)
    assert {key for key, _ in operations(contract) if "{" in key} - led_to == NOT_LED_TO


async def test_options_name_every_method_of_a_path(chain: Chain, contract: dict[str, Any]) -> None:
    for path, methods in contract["paths"].items():
        if len(methods) > 1:
            place = re.sub(r"\{\w+_id\}", str(chain.tenant_id), path).replace("{version}", "1")
            answer = await chain.http.options(re.sub(r"\{\w+\}", "x", place))
            assert {*answer.headers["allow"].split(", ")} - {"OPTIONS"} == {method.upper() for method in methods}, path


async def test_a_querys_parameters_are_what_is_read(chain: Chain, contract: dict[str, Any]) -> None:
    """Each list takes what it tells and refuses what it doesn't."""
    lists = [path for path, item in contract["paths"].items() if "{" not in path and "get" in item and "/v1" in path]
    for path in lists:
        told = contract["paths"][path]["get"]
        names = {one.get("name") for one in told["parameters"] if one.get("in") == "query"}
        if not names or told.get("security") == []:
            continue
        answer = await chain.http.get(path, params={"surely-unknown": "x"})
        pointers = {error["pointer"] for error in answer.json().get("errors", ())}
        assert "/surely-unknown" in pointers, (path, answer.text)


async def test_the_contract_is_served_whole(client: httpx.AsyncClient, contract: dict[str, Any]) -> None:
    answer = await client.get("/openapi.json")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json().keys() == contract.keys()
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json()["paths"].keys() == contract["paths"].keys()
