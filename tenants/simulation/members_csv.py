"""Everyone who would move, as a table."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from saas.csv_text import csv_text
from saas.errors import DomainError
from saas.scope import connection, current, tenant_scope

Direction = Literal["up", "down"]

_PROFILE: Final = ("external_id", "name", "phone", "card_no", "branch")
_HEAD: Final = ("ladder", "direction", "from", "to", "member_id", *_PROFILE)
_ROWS: Final = 20
_MEMBERS: Final = 5_000
"""A page: whole rows of moves, until so many members are in it."""
_STATE: Final = "SELECT state FROM simulation WHERE tenant_id = $1 AND id = $2"
_PAGE: Final = """
SELECT w.ladder, w.batch, w.direction, w.from_tier, w.to_tier, m.id, m.external_id, m.name, m.phone, m.card_no,
       (SELECT b.code FROM branch b
         WHERE b.tenant_id = $1 AND b.id = coalesce(m.branch_id, (
           SELECT p.branch_id FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = m.id
            ORDER BY p.id DESC LIMIT 1))) AS branch
  FROM (SELECT x.*, sum(cardinality(x.member_ids)) OVER (ORDER BY x.ladder, x.batch, x.from_tier, x.to_tier)
                    - cardinality(x.member_ids) AS before
          FROM (SELECT * FROM simulation_move x
                 WHERE x.tenant_id = $1 AND x.simulation_id = $2
                   AND (x.ladder, x.batch, x.from_tier, x.to_tier) > ($3, $4, $5, $6)
                   AND ($7::text IS NULL OR x.ladder = $7) AND ($8::text IS NULL OR x.direction = $8)
                 ORDER BY x.ladder, x.batch, x.from_tier, x.to_tier LIMIT $9) x) w
 CROSS JOIN LATERAL unnest(w.member_ids) q (id)
  JOIN member m ON m.tenant_id = $1 AND m.id = q.id
 WHERE w.before < $10
 ORDER BY w.ladder, w.batch, w.from_tier, w.to_tier, m.id"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """None: every ladder, everyone who moves, those among them whose tier merely has another name."""

    ladder: str | None
    direction: Direction | None


async def require_done(simulation_id: UUID) -> None:
    """Raises DomainError `not-found`, `simulation-not-done`."""
    state = await connection().fetchval(_STATE, current().tenant_id, simulation_id)
    if state is None:
        raise DomainError("not-found")
    if state != "done":
        raise DomainError("simulation-not-done")


async def members_csv(tenant_id: UUID, simulation_id: UUID, wanted: Wanted) -> AsyncIterator[bytes]:
    """By ladder, in the order of their ids by and large. A page is read in a short scope of its own, since the answer
    may take its reader longer than a transaction should last.
    """
    yield csv_text([_HEAD]).encode()
    after: tuple[str, int, str, str] = ("", -1, "", "")
    while True:
        async with tenant_scope(tenant_id):
            rows = await connection().fetch(
                _PAGE, tenant_id, simulation_id, *after, wanted.ladder, wanted.direction, _ROWS, _MEMBERS
            )
        if not rows:
            return
        text = csv_text(
            [row["ladder"], row["direction"], row["from_tier"] or None, row["to_tier"] or None, str(row["id"])]
            + [row[name] for name in _PROFILE]
            for row in rows
        )
        yield text.removeprefix("\ufeff").encode()
        after = (rows[-1]["ladder"], rows[-1]["batch"], rows[-1]["from_tier"], rows[-1]["to_tier"])
