"""The switch for what may go wrong between us and Stripe."""

import threading
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from saas.local.stripe_sandbox.errors import StripeError, invalid

KINDS: Final = {
    "429": "refused for too many requests; nothing done",
    "500": "an error of Stripe's before it began; nothing done, nothing remembered",
    "500_kept": "done, answered with 500, and that is what the idempotency key remembers",
    "timeout": "nothing done and no answer: the connection ends after `seconds`",
    "drop": "nothing done, the connection ends at once",
    "drop_after": "done, and the connection ends without the answer",
    "slow": "done, answered after `seconds`",
    "lose": "webhook: the delivery never leaves, and Stripe counts it as failed",
    "double": "webhook: sent twice",
    "late": "webhook: sent only after `seconds`",
}
_OF_WEBHOOKS: Final = frozenset({"lose", "double", "late"})


@dataclass
class Fault:
    """`method` and `path` (with `*`) choose requests, `type` (with `*`) webhooks; `times` counts down, -1: for ever."""

    kind: str
    method: str = "*"
    path: str = "*"
    type: str = "*"
    times: int = 1
    seconds: float = 2.0


class Switch:
    """Which faults are on; the first that matches is taken."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def set(self, given: list[dict[str, Any]]) -> None:
        """Replace all. Raises StripeError for a fault that isn't one."""
        try:
            faults = [Fault(**one) for one in given]
        except TypeError as error:
            raise invalid(f"faults: {error}") from error
        for fault in faults:
            if fault.kind not in KINDS:
                raise invalid(f"faults: kind must be one of {', '.join(KINDS)}")
        with self._lock:
            self._faults = faults

    def shown(self) -> list[dict[str, Any]]:
        """Those that are on."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def of_request(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted."""
        return self._take(lambda fault: fnmatchcase(method, fault.method) and fnmatchcase(path, fault.path), False)

    def of_webhook(self, type: str) -> Fault | None:  # noqa: A002
        """The fault for this delivery, counted."""
        return self._take(lambda fault: fnmatchcase(type, fault.type), True)

    def _take(self, matches: Any, webhook: bool) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if (fault.kind in _OF_WEBHOOKS) == webhook and matches(fault):
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault
        return None


def too_many() -> StripeError:
    return StripeError(
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.",
        status=429,
        code="rate_limit",
    )


def broken() -> StripeError:
    return StripeError("An unknown error occurred", status=500, type="api_error")
