"""Schemathesis' own engine with all its checks, on the whole document, against the application behind a socket.

What it makes up is bounded and the same each time: of each operation some of the cases that its parameters and its body
have at their edges, some drawn at random, and chains of calls along the document's links.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES as _REFUSED
from schemathesis.config._checks import POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES as _MAY_BE
from schemathesis.engine import events, from_schema
from schemathesis.hooks import hook, unregister
from schemathesis.openapi import format as openapi_format
from schemathesis.openapi import from_dict

from contract.found import Found, faults_into
from contract.own_checks import REPLACED

_ENDS: Final = "/v1/billing/cancel"
_EDGES: Final = 300
"""Cases at the edges that are looked through for different kinds: a programme's body has tens of thousands."""


@dataclass(frozen=True)
class Bounds:
    """How much: cases at the edges and drawn ones of an operation, chains, calls in a chain."""

    seed: int
    edges: int
    drawn: int
    chains: int
    steps: int


def hunt(
    contract: dict[str, Any], address: str, key: str, bounds: Bounds, found: Found, *, below: str | None = None
) -> None:
    """Notes in `found` what it sees as it goes. `below`: only paths that begin so, in no chains of calls; of the path
    itself everything, also what the chain isn't called with otherwise (`_spared`).

    Raises what keeps the engine from working.
    """
    load_all_checks()
    openapi_format("date", _days())
    openapi_format("date-time", _times())
    schema = from_dict(_drawable(contract), config=_config(address, key, bounds))
    if below is not None:
        schema = schema.include(path_regex=f"^{below}")
        schema.config.phases.stateful.enabled = False
    _choose(schema, bounds)
    schema.hook(map_body)
    with _spared(key, but=below), faults_into(found):
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                found.note(event)
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
            "output": {"sanitization": {"enabled": False}},  # its keys open a chain of the test's, and repeat the case
            "generation": {"database": "none", "no-shrink": True},
            "checks": {
                **{name: {"enabled": False} for name in REPLACED},
                # What the document allows may be more than the plan has, have gone stale, or be refused for what no
                # schema tells: the reasons that a schema does tell are `refused_for_form`'s.
                "positive_data_acceptance": {"expected-statuses": [*_MAY_BE, "304", "402", "412", "422"]},
                # What is stale is told so before its body is looked at.
                "negative_data_rejection": {"enabled": False, "expected-statuses": [*_REFUSED, "412"]},
            },
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
def _spared(key: str, *, but: str | None) -> Iterator[None]:
    """The hunter's own key is found like any other. It isn't revoked, nor is the chain closed (`but` where that alone
    is hunted): the rest would be told 401 or 403 and no more.
    """
    own = key.split("_")[2]

    def before_call(_context: Any, case: Case, _kwargs: Any) -> None:
        if (case.path_parameters or {}).get("key_id") == own:
            case.path_parameters["key_id"] = "AAAAAAAAAAA"
        if case.path == _ENDS != but and isinstance(case.body, dict) and case.body.get("now") is True:
            case.body["now"] = False

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
