"""What a hunt saw, and what the application logged of its own faults meanwhile."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from schemathesis.engine import Status, events

_LAST: Final = 2_500
"""Of a traceback so many characters: its end."""
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass
class Found:
    """Calls by operation, answers by status, checks made, and what was wrong, with its first case."""

    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    logged: dict[str, str] = field(default_factory=dict)
    """By request: the fault that the application logged."""

    def note(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        self.calls.update(node.value.operation.label for node in recorder.cases.values())
        self.statuses.update(each.response.status_code for each in recorder.interactions.values() if each.response)
        for case_id, checks in recorder.checks.items():
            self.checks.update(check.name for check in checks)
            for told in (check.failure_info for check in checks if check.status is Status.FAILURE):
                if told is not None:
                    failure = told.failure
                    what = f"{event.phase.value}: {_ID.sub('…', failure.message)}\n{told.code_sample}"
                    place = f"{failure.operation}: {failure.title}"
                    self.wrong.setdefault(place, what + self._fault(recorder.interactions[case_id].response))

    def _fault(self, response: Any) -> str:
        """What was logged of the request that was answered so."""
        known = () if response is None else response.headers.get("x-request-id", ())
        return "".join(f"\n{self.logged.pop(one)}" for one in known if one in self.logged)

    def told(self) -> str:
        """What was wrong in one line, then each with its case; what was logged of no case comes last."""
        all_of_it = [*sorted(self.wrong.items()), *((f"logged by {one}", what) for one, what in self.logged.items())]
        if not all_of_it:
            return ""
        return "\n\n".join(["; ".join(place for place, _ in all_of_it), *(f"{p}\n{what}" for p, what in all_of_it)])


class _Faults(logging.Handler):
    """Keeps errors, by their request. Calls that were rightly refused are logged by the thousand: nobody reads those
    who looks for what was wrong.
    """

    def __init__(self, logged: dict[str, str]) -> None:
        super().__init__(logging.ERROR)
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        told = record.msg if isinstance(record.msg, dict) else {"event": record.getMessage()}
        what = f"{told.get('event')}\n{str(told.get('exception', ''))[-_LAST:]}"
        self._logged.setdefault(str(told.get("request_id", record.name)), what)


@contextmanager
def faults_into(found: Found) -> Iterator[None]:
    """Until the end the application's log goes nowhere else, so that the test prints what it found and no more."""
    root = logging.getLogger()
    kept = root.handlers[:]
    root.handlers[:] = [_Faults(found.logged)]
    try:
        yield
    finally:
        root.handlers[:] = kept
