"""The answer to a batch: an outcome for each item, in the order given."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from litestar.types import Scope

from saas.currency import add_currency
from saas.errors import DomainError
from saas.problem_details import language_of, problem_body, request_id_of


class Outcome(Protocol):
    """What was recorded; `first` is false where the same content had been recorded before."""

    @property
    def first(self) -> bool: ...


_Made = TypeVar("_Made", bound=Outcome)


async def outcomes_out(
    outcomes: Sequence[_Made | DomainError], scope: Scope, out: Callable[[_Made], dict[str, Any]]
) -> dict[str, Any]:
    """`{"data": [{"status": 201 or 200, …}, {"status", "error": problem}]}`, problems in the caller's language."""
    language, instance = language_of(scope), request_id_of(scope)
    await add_currency(outcome for outcome in outcomes if isinstance(outcome, DomainError))
    answers: list[dict[str, Any]] = []
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            problem = problem_body(outcome.code, outcome.params, outcome.errors, language, instance)
            answers.append({"status": problem["status"], "error": problem})
        else:
            answers.append({"status": 201 if outcome.first else 200, **out(outcome)})
    return {"data": answers}
