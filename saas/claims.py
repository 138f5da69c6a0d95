"""Numbers that a transaction is going to use, claimed before it begins with the first.

A unique index makes two transactions that write the same numbers wait for each other, each in its own order: that ends
in a deadlock. Where the order can't be chosen, because a batch is applied in the order given, the numbers are claimed
first, all in one order.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from saas.scope import connection, current

# Inserted and deleted again: nobody sees such a row, but who inserts it too waits until this transaction has ended.
# The table of idempotency keys is the one whose rows the application may delete, and says the same of requests.
_CLAIM: Final = (
    "INSERT INTO idempotency (tenant_id, key, fingerprint) SELECT $1, n.key, '' FROM unnest($2::bytea[]) AS n (key)"
    " ORDER BY n.key ON CONFLICT DO NOTHING"
)
_FORGET: Final = "DELETE FROM idempotency WHERE tenant_id = $1 AND key = ANY ($2::bytea[])"
_OURS: Final = "\0"  # no `Idempotency-Key` has it


async def claim(numbers: Iterable[str]) -> None:
    """Waits until no other transaction of the tenant that claimed one of these numbers is open. Others then wait for
    this one. Leaves nothing behind. A single number is not claimed: alone it is in no order.
    """
    named = set(numbers)
    if len(named) > 1:
        await hold(named)


async def hold(numbers: Iterable[str]) -> None:
    """The same, also for a single number: it stands for something that has no row of its own to lock."""
    keys = [hashlib.sha256(f"{_OURS}{number}".encode()).digest() for number in set(numbers)]
    if keys:
        await connection().execute(_CLAIM, current().tenant_id, keys)
        await connection().execute(_FORGET, current().tenant_id, keys)
