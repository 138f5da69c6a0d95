"""The client's modules are those that the API's description makes, and every operation can be called by them."""

import asyncio
import inspect
import re
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder
from make_client.operations import METHODS
from make_client.schemas import REF, Types
from make_client.writing import formatted, halves, modules
from regulars_client import AsyncPages, Pages, errors, problems
from regulars_client.async_api import AsyncApi
from regulars_client.call import Call, spelled
from regulars_client.sync_api import Api

from saas.errors import catalogue

PACKAGE: Final = Path(problems.__file__).parent


@pytest.fixture(scope="module")
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get("/openapi.json")).json()
    return told


async def test_what_is_checked_in_is_what_the_api_makes(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    told = (await client.get("/problems", headers={"Accept-Language": "en"})).json()["data"]
    made = modules(document, told)
    old = [name for name, text in made.items() if (PACKAGE / name).read_text() != text]
    assert not old, "the API has changed: `make client`, and check in what it writes"


def test_the_half_that_waits_follows_the_one_that_awaits() -> None:
    made = halves(PACKAGE)
    old = [name for name, text in made.items() if (PACKAGE / name).read_text() != text]
    assert not old, "change the other half: `make client`"


def test_nothing_of_awaiting_is_left_over() -> None:
    """Also not where the text gets words that nobody has thought of."""
    import regulars_client

    for half in (regulars_client.client, regulars_client.pages, regulars_client.sync_api):
        words = re.findall(r"(?i)\w*(?:async|await|anyio|aiter|aenter|aexit)\w*", Path(half.__file__).read_text())
        assert set(words) <= {"async_client", "async_pages"}, half


def test_a_changed_document_makes_another_client(document: dict[str, Any]) -> None:
    more = document | {"paths": document["paths"] | {"/v1/weather": {"get": {"responses": {"204": {}}}}}}
    made = modules(more, [])
    assert "def get(self" in made["sync_api.py"].partition("class Weather(Resource):")[2]
    assert "await self._send" in made["async_api.py"].partition("class Weather(Resource):")[2]


def test_a_field_that_is_a_word_of_pythons_can_be_given_by_name(document: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"from": {"type": "string", "format": "date"}}, "required": ["from"]}
    asked = {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {"204": {}}}
    made = modules(document | {"paths": {"/v1/nights": {"put": asked}}}, [])
    assert "class NightsReplaceBody(TypedDict):\n    from_: str | date" in made["types.py"]
    assert spelled({"from_": 1, "_": 2, "to_": 3, "zh-CN": 4}) == {"from": 1, "_": 2, "to_": 3, "zh-CN": 4}


def test_schemas_become_types() -> None:
    text, none = {"type": "string"}, {"type": "null"}
    components = {
        "Node": {"type": "object", "properties": {"all": {"type": "array", "items": {"$ref": f"{REF}Node"}}}},
        "Batch": {"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"]},
        "TaskRule": {"type": "object", "properties": {"days": {"type": "integer"}}},
        "Day": {"type": "string", "format": "date"},
    }
    rule = {"type": "object", "properties": {"code": text}}
    types = Types(components)
    of = partial(types.of, name="X")
    assert of({"anyOf": [{"type": "string", "format": "uuid"}, none, {"enum": ["a", None]}]}, "in") == (
        "Id | Literal['a'] | None"
    )
    assert of({"type": ["integer", "null"]}, "out") == "int | None"
    assert (of({"$ref": f"{REF}Day"}, "in"), of({"$ref": f"{REF}Day"}, "out")) == ("str | date", "str")
    assert of({"type": "object", "additionalProperties": {"type": "array", "items": text}}, "out") == (
        "dict[str, list[str]]"
    )
    assert of({}, "out") == "Any"
    assert of({"oneOf": [text, {}]}, "in") == "Any"
    assert of({"$ref": f"{REF}Node"}, "in") == "Node"
    assert "all: NotRequired[Sequence[Node]]" in types.classes["Node"]
    items = {"properties": {"items": {"type": "array", "items": {"$ref": f"{REF}Node"}}}}
    assert types.arguments({"allOf": [{"$ref": f"{REF}Batch"}, items]}, "Many") == "Many"
    assert "items: Sequence[Node]" in types.classes["Many"]
    assert of({"type": "object", "properties": {"rule": rule}}, "out") == "X"
    assert "rule: NotRequired[XRule]" in types.classes["X"]
    assert types.of(rule, "out", "TaskRule") == "TaskRulePart"
    assert types.of({"type": "object", "properties": {"zh-CN": text}}, "out", "Names") == "Names"
    assert '"zh-CN": "NotRequired[str]"' in types.render()


def test_two_operations_of_one_name_are_refused(document: dict[str, Any]) -> None:
    told = {"responses": {"204": {}}}
    more = document | {"paths": document["paths"] | {"/v1/a/{x}/b": {"get": told}, "/v1/a/b": {"get": told}}}
    with pytest.raises(ValueError, match=r"are both a\.b"):
        modules(more, [])


STREAMS: Final = {("GET", "/v1/jobs/{}/events")}
"""Written by hand: `follow_job`."""


def asked_for(document: dict[str, Any]) -> set[tuple[str, str]]:
    every = {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, told in document["paths"].items()
        for method in METHODS
        if method in told
    }
    assert every >= STREAMS
    return every - STREAMS


def calls(api: object) -> list[Callable[..., Any]]:
    """Every call of every resource."""
    return [
        method
        for resource in vars(api).values()
        for name, method in inspect.getmembers(resource, inspect.ismethod)
        if not name.startswith("_")
    ]


def arguments(call: Callable[..., Any]) -> tuple[list[Any], dict[str, Any]]:
    """Something for each argument that a call needs: places in its path get `{}`."""
    needed = [p for p in inspect.signature(call).parameters.values() if p.default is p.empty]
    places = ["{}" for p in needed if p.kind is p.POSITIONAL_ONLY]
    return places, {p.name: "x" for p in needed if p.kind is p.KEYWORD_ONLY}


def test_every_operation_can_be_called(document: dict[str, Any]) -> None:
    sent: list[Call[Any]] = []

    def send(call: Call[Any]) -> Any:
        sent.append(call)
        return {"data": [], "next_cursor": None}

    for call in calls(Api(send)):
        places, named = arguments(call)
        answer = call(*places, **named)
        if isinstance(answer, Pages):
            answer.first()
    reached = {(call.method, call.path.replace("%7B%7D", "{}")) for call in sent}
    assert reached == asked_for(document)
    assert len(sent) == len(reached)


async def test_every_operation_can_be_awaited(document: dict[str, Any]) -> None:
    sent: list[Call[Any]] = []

    async def send(call: Call[Any]) -> Any:
        await asyncio.sleep(0)
        sent.append(call)
        return {"data": [], "next_cursor": None}

    for call in calls(AsyncApi(send)):
        places, named = arguments(call)
        answer = call(*places, **named)
        await (answer.first() if isinstance(answer, AsyncPages) else answer)
    assert {(call.method, call.path.replace("%7B%7D", "{}")) for call in sent} == asked_for(document)


def test_every_problem_is_an_exception_of_its_status() -> None:
    assert set(problems.BY_CODE) == set(catalogue().problems)
    for code, problem in catalogue().problems.items():
        kind = problems.BY_CODE[code]
        assert kind.code == code
        assert issubclass(kind, errors.by_status(problem.status)), code


def test_the_wheel_has_all_of_the_client_and_nothing_else(tmp_path: Path) -> None:
    root = PACKAGE.parents[1]
    (built,) = WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])
    files = {name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name}
    assert files == {f"regulars_client/{path.name}" for path in PACKAGE.iterdir() if path.is_file()}
    assert "regulars_client/py.typed" in files


def test_the_formatter_drops_what_nothing_uses() -> None:
    assert formatted("import os\nimport re\nx = re.compile( 'a' )\n", "x.py") == 'import re\n\nx = re.compile("a")\n'
