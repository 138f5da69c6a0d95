"""What a demo needs and no API offers: a chain whose clock is turned back while its past is written, and one account
for several chains. Only the schema's owner may.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

import asyncpg

_MOVE: Final = (
    "UPDATE tenant AS t SET clock_offset = coalesce($2 - clock_timestamp(), interval '0') WHERE t.tenant_id = $1"
)
# Sign-up sets the nightly jobs by our clock: they never come by in the past that is written.
_NIGHT: Final = """
UPDATE schedule AS s SET next_at = least(s.next_at, clock_timestamp() + t.clock_offset)
  FROM tenant t WHERE t.tenant_id = $1 AND s.tenant_id = $1 AND s.name = ANY ($2::text[])"""
_EMPLOY: Final = """
WITH s AS (
    INSERT INTO staff AS s (tenant_id, id, account_id, name, email, role)
    SELECT $1, uuidv7(), a.id, '林悦', a.email, 'owner' FROM platform.account a
     WHERE a.email = $2 AND NOT EXISTS (
           SELECT FROM staff o WHERE o.tenant_id = $1 AND o.email = a.email AND o.left_at IS NULL)
    RETURNING s.tenant_id, s.id, s.account_id, s.role)
INSERT INTO platform.account_tenant AS p (account_id, tenant_id, staff_id, role)
SELECT account_id, tenant_id, id, role FROM s"""


class ChainDatabase:
    """A connection on behalf of one chain, for one thread."""

    def __init__(self, environment: Mapping[str, str], tenant_id: str) -> None:
        self._url = environment.get("MIGRATOR_DATABASE_URL") or environment["DATABASE_URL"]
        self._tenant_id = UUID(tenant_id)
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        self._connection = self._runner.run(asyncpg.connect(self._url, server_settings={"role": "migrator"}))
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._runner.close()

    def move_clock(self, instant: datetime | None) -> None:
        """From now on the chain's clock runs from `instant`; None: it is ours again."""
        self._execute(_MOVE, instant)

    def night(self, *names: str) -> None:
        """The nightly jobs of these names come by at once, for the nights that were skipped."""
        self._execute(_NIGHT, list(names))

    def employ_owner(self, email: str) -> None:
        """The account is an owner of this chain too."""
        self._execute(_EMPLOY, email)

    def _execute(self, statement: str, argument: object) -> None:
        if self._connection is None:
            raise RuntimeError("not connected")
        self._runner.run(self._connection.execute(statement, self._tenant_id, argument))
