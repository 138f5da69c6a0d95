"""A chain that is suspended or cancelled: its tills read and quote, and nothing is written.

So its jobs wait in the outbox and its schedules don't fire, until it trades again: then the jobs run, and the instants
that were missed fire one after the other. What has to run all the same is registered with `although_closed`.
"""

from typing import Final

CLOSED: Final = frozenset({"suspended", "cancelled"})
"""States of a tenant."""

HELD: Final = "({job} <> ALL ({exempt}) AND {status} IN (" + ", ".join(f"'{x}'" for x in sorted(CLOSED)) + "))"
"""Whether the job named `job` waits, of a tenant with this status; `exempt`: names of the jobs that don't."""
