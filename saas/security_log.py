"""What somebody who looks after the installation wants to see of attacks: a line of the log and a count for each.

Lines of the logger `security` (docs/security.md lists them): `event` is always `security`, `kind` says what. They name
accounts and staff by their ids, never by what was typed: people type passwords into the wrong field. What a chain has
to know stands in its audit log besides.
"""

from typing import Any, Final, Literal

import structlog
from litestar.connection import ASGIConnection
from prometheus_client import Counter

Kind = Literal[
    "log-in",
    "log-in-refused",
    "code-refused",
    "pin-refused",
    "throttled",
    "key-refused",
    "not-permitted",
    "foreign-form",
    "foreign-webhook",
]
_GOOD: Final = frozenset({"log-in"})

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("security")
COUNT: Final = Counter("regulars_security", "What the security log has, by kind", ["kind"])


def noted(kind: Kind, asked: ASGIConnection[Any, Any, Any, Any] | None = None, **told: str) -> None:
    """Writes it down. `told`: ids and codes, no secrets and nothing that was typed."""
    COUNT.labels(kind).inc()
    about = dict(told)
    if asked is not None:
        about["address"] = asked.client.host if asked.client else ""
        about["route"] = asked.scope.get("path_template", "")
    write = log.info if kind in _GOOD else log.warning
    write("security", kind=kind, **about)
