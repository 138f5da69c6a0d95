"""What can go wrong. Everything raised by the client itself is a `RegularsError`.

A refusal is a `ProblemError`: by status one of the classes here, by type one of `regulars_client.problems`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


class RegularsError(Exception):
    """All of this package's errors."""


class NotReachedError(RegularsError):
    """No answer came, after all tries. The work may have been done: send a POST again with its `idempotency_key`."""

    def __init__(self, message: str, *, idempotency_key: str | None) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key


class UnexpectedAnswerError(RegularsError):
    """Something else than the API answered: a proxy, another server, a redirection."""

    def __init__(self, message: str, *, status: int, content: bytes) -> None:
        super().__init__(message)
        self.status = status
        self.content = content


class StillRunningError(RegularsError):
    """What was waited for isn't over yet; `last` is its latest state."""

    def __init__(self, message: str, last: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.last = last


class WebhookVerificationError(RegularsError):
    """Not from us, or too old: answer 400 and do nothing."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing wrong with what was sent. `pointer` is a JSON Pointer into it."""

    pointer: str
    code: str
    message: str


class ProblemError(RegularsError):
    """The API refused (RFC 9457). Decide by the class or `code`; `title` and `detail` are for people."""

    code: str = ""
    """The problem's type without `/problems/`; empty where the answer named none."""

    def __init__(
        self, status: int, problem: Mapping[str, Any], *, request_id: str | None, idempotency_key: str | None
    ) -> None:
        self.status = status
        self.code = str(problem.get("type", "")).rpartition("/problems/")[2] or self.code
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors = tuple(
            FieldFault(str(each.get("pointer", "")), str(each.get("code", "")), str(each.get("message", "")))
            for each in problem.get("errors") or ()
        )
        self.extensions: dict[str, Any] = {name: value for name, value in problem.items() if name not in _STANDARD}
        """The problem's own members, for programs: integers in the smallest unit, ISO days, ids."""
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        faults = "".join(f"; {fault.pointer}: {fault.message}" for fault in self.errors)
        said = f"{self.detail or self.title or 'no reason given'}{faults}"
        return f"{self.status} {self.code or 'error'}: {said} (request {self.request_id})"


_STANDARD: Final = {"type", "title", "status", "detail", "instance", "errors"}


class BadRequestError(ProblemError):
    """400: it can't be understood."""


class AuthenticationError(ProblemError):
    """401: the key is wrong, revoked, or missing."""


class PaymentRequiredError(ProblemError):
    """402: a limit of the plan, or a payment; the owner settles it."""


class PermissionDeniedError(ProblemError):
    """403: the key lacks the scope that the answer names, or the chain only reads."""


class NotFoundError(ProblemError):
    """404: there is no such thing in this chain."""


class ConflictError(ProblemError):
    """409: it contradicts what is there."""


class GoneError(ProblemError):
    """410: it was there, and no longer is."""


class PreconditionError(ProblemError):
    """412: somebody was faster; read again, then change."""


class InvalidError(ProblemError):
    """422: what was sent is wrong; `errors` says where."""


class RateLimitError(ProblemError):
    """429: too many, also after having waited."""


class ServerError(ProblemError):
    """5xx: ours. Send it again later with the same key."""


BY_STATUS: Final[Mapping[int, type[ProblemError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PaymentRequiredError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    412: PreconditionError,
    422: InvalidError,
    429: RateLimitError,
}


def by_status(status: int) -> type[ProblemError]:
    return BY_STATUS.get(status, ServerError if status >= 500 else ProblemError)  # noqa: PLR2004 - HTTP's
