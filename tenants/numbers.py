"""Each member's numbers: all writes about a member are in one order, and each takes the next.

A member's last number lies in a narrow row of its own (`member_number`), which comes with the first. Were it a column
of `member`, each number would cost what an update of that row does: its checks, its indexes where the page is full, and
a look at each of the fifty foreign keys that point there (9 µs against 4).

Who takes a number holds the lock of the member's row: two takers of one member can't meet.
"""

from typing import Final


def take(members: str, *, count: str = "1") -> str:
    """SQL, an INSERT, that takes the next `count` numbers of each of `members` (what may stand in a FROM, with `id`,
    nobody twice). Returns id, `seq` (the last that was taken), `before` (the last before them) and `locked_at`, the
    database's clock, which is behind the lock. Parameter: the tenant.
    """
    return f"""INSERT INTO member_number AS q (tenant_id, member_id, seq) SELECT $1, c.id, {count} FROM {members} AS c
ON CONFLICT (tenant_id, member_id) DO UPDATE SET seq = q.seq + excluded.seq
RETURNING q.member_id AS id, q.seq, coalesce(old.seq, 0) AS before, clock_timestamp() AS locked_at"""


TAKE: Final = take("(SELECT unnest($2::uuid[]) AS id)")
"""One number for each of these members. Parameters: the tenant, their ids."""


def locking(columns: str, where: str) -> str:
    """SQL, two CTEs: `m`, the row of the member (`member AS m`) that `where` finds, locked, with `id` and `columns` as
    they are behind the lock; `l`, the number that it takes (see `take`).
    """
    return f"""m AS MATERIALIZED (
    SELECT m.id, {columns} FROM member AS m WHERE m.tenant_id = $1 AND {where} FOR NO KEY UPDATE),
l AS ({take("m")})"""
