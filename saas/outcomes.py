"""The answer to a batch: an outcome for each item, in the order given."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from litestar.types import Scope

from saas.errors import DomainError
from saas.problem_details import language_of, problem_body, request_id_of


class Outcome(Protocol):
    """What was recorded; `first` is false where the same content had been recorded before."""

    @property
    def first(self) -> bool: ...


_Made = TypeVar("_Made", bound=Outcome)


def outcomes_out(
    outcomes: Iterable[_Made | DomainError], scope: Scope, out: Callable[[_Made], dict[str, Any]]
) -> dict[str, Any]:
    """`{"data": [{"status": 201 or 200, …}, {"status", "error": problem}]}`, problems in the caller's language."""
    language, instance = language_of(scope), request_id_of(scope)
    answers: list[dict[str, Any]] = []
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            problem = problem_body(outcome.code, outcome.params, outcome.errors, language, instance)
            answers.append({"status": problem["status"], "error": problem})
        else:
            answers.append({"status": 201 if outcome.first else 200, **out(outcome)})
    return {"data": answers}
