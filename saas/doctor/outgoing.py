"""Whether chains' events get into their feeds, and to their servers."""

from typing import Any, Final

import asyncpg

from saas.doctor.finding import Finding, doubtful, ok
from saas.outgoing import health

_MOST: Final = 1_000
_SEVERAL: Final = 3
"""Chains whose servers fail at once by chance are fewer."""


async def examine(connection: Any) -> list[Finding]:
    """Warnings."""
    try:
        waiting, sent = await health.unnumbered(connection, _MOST), await health.endpoints(connection)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError):
        return []  # said already: the schema is missing, or behind
    found = []
    if waiting:
        said = f"events of {len(waiting)} chains have waited for {health.NUMBERED_WITHIN} to get into their feeds"
        found.append(doubtful("events", said, "see that a relay runs: regulars relay; its log says what fails"))
    if sent.overdue:
        said = f"for {health.SENT_WITHIN} nothing was sent to {sent.overdue} endpoints though it is due"
        found.append(doubtful("webhooks", said, "see that a worker runs: regulars worker; add one where all are busy"))
    if sent.failing_chains >= _SEVERAL and sent.failing_chains * 2 > sent.sending_chains:
        said = f"the servers of {sent.failing_chains} chains of {sent.sending_chains} fail at the same time"
        found.append(doubtful("webhooks", said, "see that workers reach the internet and resolve names"))
    return found or [ok("webhooks", f"{sent.sending} endpoints, {sent.failing} of them fail; nothing is late")]
