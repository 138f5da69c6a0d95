"""Schemathesis' own engine with all its checks, on the whole document, against the application behind a socket.

What it makes up is bounded and the same each time: of each operation some of the cases that its parameters and its body
have at their edges, some drawn at random, and chains of calls along the document's links.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.hooks import hook, unregister
from schemathesis.openapi import format as openapi_format
from schemathesis.openapi import from_dict

from saas.pydantic_errors import FORMS

NOT: Final = r"/erase$|/v1/billing/(?!invoices|usage)|/v1/signup$|/v1/approvals|/v1/sandbox"
"""What asks a Stripe that isn't there, makes chains, or wants a person."""
_EDGES: Final = 300
"""Cases at the edges that are looked through for different kinds: a programme's body has tens of thousands."""
_UNTOLD_BY_SCHEMAS: Final = {"invalid-url", "not-allowed", "too-many-decimals"}
_BOUNDS: Final = {"too-small", "too-large", "not-greater", "not-less", "out-of-range"}


@dataclass
class Found:
    """What a hunt saw: calls by operation, answers by status, checks made, and what was wrong, with its first case."""

    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bounds:
    """How much: cases at the edges and drawn ones of an operation, chains, calls in a chain."""

    seed: int
    edges: int
    drawn: int
    chains: int
    steps: int


def hunt(contract: dict[str, Any], address: str, key: str, bounds: Bounds, found: Found) -> None:
    """Notes in `found` what it sees as it goes. Raises what keeps the engine from working."""
    load_all_checks()
    openapi_format("date", _days())
    openapi_format("date-time", _times())
    schema = from_dict(_drawable(contract), config=_config(address, key, bounds)).exclude(path_regex=NOT)
    _choose(schema, bounds)
    schema.hook(map_body)
    with _spared(key):
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                _note(found, event)
            elif isinstance(event, events.NonFatalError):
                found.wrong.setdefault(f"{event.label}: {event.info.title}", event.info.message)
            elif isinstance(event, events.FatalError):
                raise event.exception


def _config(address: str, key: str, bounds: Bounds) -> SchemathesisConfig:
    drawn = {"max-examples": bounds.drawn}
    return SchemathesisConfig.from_dict(
        {
            "seed": bounds.seed,
            "base-url": address,
            "headers": {"Authorization": f"Bearer {key}"},
            "continue-on-failure": True,
            "generation": {"database": "none", "no-shrink": True},
            # A 422 may have reasons that no schema tells: `refused_for_form` takes its place.
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "phases": {
                "fuzzing": {"generation": drawn},
                "stateful": {"generation": {"max-examples": bounds.chains}, "max-steps": bounds.steps},
            },
        }
    )


def _drawable(contract: dict[str, Any]) -> dict[str, Any]:
    """The same key in every call's example would only ever be told that it is used."""
    drawn = copy.deepcopy(contract)
    del drawn["components"]["parameters"]["IdempotencyKey"]["example"]
    return drawn


def _days() -> st.SearchStrategy[str]:
    today = datetime.now(UTC).date()
    return st.integers(-400, 400).map(lambda days: (today + timedelta(days=days)).isoformat())


def _times() -> st.SearchStrategy[str]:
    now = datetime.now(UTC).replace(microsecond=0)
    return st.integers(-400 * 24, 12).map(lambda hours: (now + timedelta(hours=hours)).isoformat())


def map_body(_context: Any, body: Any) -> Any:
    """JSON Schema takes 5.0 for an integer. Nobody's JSON says so, and we don't take it."""
    if isinstance(body, dict):
        return {name: map_body(None, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(None, value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


@contextmanager
def _spared(key: str) -> Iterator[None]:
    """The hunter's own key is found like any other. It isn't revoked: the rest would be told 401 and no more."""
    own = key.split("_")[2]

    def before_call(_context: Any, case: Case, _kwargs: Any) -> None:
        if (case.path_parameters or {}).get("key_id") == own:
            case.path_parameters["key_id"] = "AAAAAAAAAAA"

    hook(before_call)
    try:
        yield
    finally:
        unregister(before_call)


def _choose(schema: Any, bounds: Bounds) -> None:
    """Of an operation's cases at the edges so many, each of another kind."""
    every = schema.iter_coverage_cases

    def some(operation: Any, **more: Any) -> Iterator[Case]:
        kinds: dict[Any, Case] = {}
        for case in islice(every(operation, **more), _EDGES):
            data = case.meta.phase.data
            kinds.setdefault((data.scenario, data.parameter_location), case)
        cases = list(kinds.values())
        chance = Random(f"{bounds.seed} {operation.label}")  # noqa: S311 - the same each time
        yield from chance.sample(cases, min(bounds.edges, len(cases)))

    schema.iter_coverage_cases = some


@schemathesis.check
def refused_for_form(_context: CheckContext, response: Response, case: Case) -> None:
    """What the document allows isn't refused for its form: a type, a length, a name that isn't known."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    if problem["type"] != "/problems/validation-failed":
        return
    wrong = [error for error in problem["errors"] if _tells_form(error, case)]
    assert not wrong, f"the document allows what is refused: {wrong}"


def _tells_form(error: dict[str, str], case: Case) -> bool:
    code = error["code"]
    if code not in FORMS - _UNTOLD_BY_SCHEMAS or (code == "required" and case.method == "GET"):
        return False  # of a query string no schema tells that one part needs another
    sent: Any = case.body
    for part in (each.replace("~1", "/").replace("~0", "~") for each in error["pointer"].split("/")[1:]):
        sent = sent.get(part) if isinstance(sent, dict) else sent[int(part)] if isinstance(sent, list) else None
    return not (code in _BOUNDS and isinstance(sent, str))  # nor the bounds of a number that is written as text


def _note(found: Found, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    found.calls.update(node.value.operation.label for node in recorder.cases.values())
    found.statuses.update(each.response.status_code for each in recorder.interactions.values() if each.response)
    for checks in recorder.checks.values():
        found.checks.update(check.name for check in checks)
        for told in (check.failure_info for check in checks if check.status is Status.FAILURE):
            if told is not None:
                failure = told.failure
                what = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", failure.message)
                place = f"{failure.operation}: {failure.title}"
                found.wrong.setdefault(place, f"{event.phase.value}: {what}\n{told.code_sample}")
