"""OpenAPI links: from what makes or lists things to what is done with one of them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from saas.contract.answers import kept
from saas.contract.operations import Call

_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
_LINKED: Final = ("200", "201", "202")
_FIRST: Final = "/data/0"


def link(calls: list[Call], paths: dict[str, Any]) -> None:
    """Puts `links` into the answers of `paths`. One that has several parameters gets them all: from the answer, or
    from the request that it answers.
    """
    homes = {name: _homes(name, calls) for call in calls for name in _PARAMETER.findall(call.path)}
    for call in calls:
        for status in _LINKED:
            answer = paths[call.path][call.method.lower()]["responses"].get(status)
            fields = _fields(call, status)
            if answer is None or (not fields and call.method != "PUT"):
                continue
            found = {
                told["operationId"]: {"operationId": told["operationId"], "parameters": parameters}
                for other in calls
                if other is not call and (parameters := _leads(call, other, fields, homes))
                for told in [paths[other.path][other.method.lower()]]
            }
            if found:
                answer["links"] = found


def _fields(call: Call, status: str) -> Mapping[str, str]:
    """What the answer has at its top, or in its first row: pointers by name. Nothing that is null in the example."""
    example = kept().get(call.key, {}).get("answers", {}).get(status, {}).get("example")
    if not isinstance(example, dict):
        return {}
    rows = example.get("data")
    one, at = (rows[0] if rows else None, _FIRST) if isinstance(rows, list) else (example, "")
    if not isinstance(one, dict):
        return {}
    return {name: f"{at}/{name}" for name, value in one.items() if isinstance(value, str | int) and value != ""}


def _leads(call: Call, other: Call, fields: Mapping[str, str], homes: Mapping[str, list[Call]]) -> dict[str, str]:
    """The other's parameters, where this call's answer leads to it; `homes` by parameter."""
    wanted = _PARAMETER.findall(other.path)
    mine = set(_PARAMETER.findall(call.path))
    if not wanted:
        return {}
    told = {name: f"$request.path.{name}" for name in wanted if name in mine}
    if call.method == "PUT" and (other.path == call.path or other.path.startswith(f"{call.path}/")):
        return told if len(told) == len(wanted) else {}
    last = next((name for name in wanted if name not in mine), None)
    if last is None:
        return {}
    if other.path.startswith(f"{call.path}/{{{last}}}") and call.method in {"GET", "POST"}:
        field = fields.get(last) or fields.get("id")
    elif other in homes[last] or _beside(call, other):
        field = fields.get(last)
    else:
        field = None
    if field is not None:
        told[last] = f"$response.body#{field}"
    return told if len(told) == len(wanted) else {}


def _homes(name: str, calls: list[Call]) -> list[Call]:
    """What reads the thing of that name (`member_id`: `GET /v1/members/{member_id}`); without such an operation, all
    that is done with it.
    """
    pattern = re.compile(rf"/v1/[a-z-]+/\{{{name}\}}(/[a-z.-]+)?")
    below = [call for call in calls if pattern.fullmatch(call.path)]
    whole = [call for call in below if call.method == "GET" and call.path.endswith("}")]
    return whole or below


def _beside(call: Call, other: Call) -> bool:
    """Of one part of the contract: `/v1/programme/draft/simulate` and `/v1/programme/simulations/{job_id}`."""
    return call.method == "POST" and call.path.split("/")[:3] == other.path.split("/")[:3]
