"""A simulation's result: the matrix of moves, branch by branch, samples, the cost."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import Language
from saas.scope import connection, current
from tenants.programme.document import Ladder, Programme
from tenants.simulation.cost import WINDOW_DAYS
from tenants.simulation.statement import NOWHERE

SAMPLES: Final = 20
"""Winners, and as many losers, of each ladder."""

_COUNTS: Final = (
    "SELECT ladder, from_tier, to_tier, branch_id, members FROM simulation_count WHERE tenant_id = $1"
    " AND simulation_id = $2"
)
# Of each pair of tiers some, spread over the batches by a hash of the id; pairs take turns.
_SAMPLES: Final = """
SELECT y.ladder, y.direction, y.from_tier, y.to_tier, y.id AS member_id,
       coalesce(m.branch_id, (SELECT p.branch_id FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = y.id
                               ORDER BY p.id DESC LIMIT 1)) AS branch_id
  FROM (SELECT x.*, row_number() OVER (PARTITION BY x.ladder, x.direction ORDER BY x.turn, x.from_tier, x.to_tier) AS n
          FROM (SELECT w.ladder, w.direction, w.from_tier, w.to_tier, q.id,
                       row_number() OVER (PARTITION BY w.ladder, w.direction, w.from_tier, w.to_tier
                                          ORDER BY uuid_hash(q.id), q.id) AS turn
                  FROM simulation_move w CROSS JOIN LATERAL unnest(w.member_ids[1:$3]) q (id)
                 WHERE w.tenant_id = $1 AND w.simulation_id = $2 AND w.direction <> 'same') x) y
  JOIN member m ON m.tenant_id = $1 AND m.id = y.id
 WHERE y.n <= $3 ORDER BY y.ladder, y.direction, y.n"""


async def result_of(run: asyncpg.Record, draft: Programme, present: Programme, zone: ZoneInfo) -> dict[str, Any]:
    """Of a simulation that is through. Samples carry no names: these are read when they are shown."""
    counts = await connection().fetch(_COUNTS, current().tenant_id, run["id"])
    order = _order(draft, present)
    cells: dict[tuple[str, str, str], int] = {}
    for row in counts:
        cell = (row["ladder"], row["from_tier"], row["to_tier"])
        cells[cell] = cells.get(cell, 0) + row["members"]
    samples = await connection().fetch(_SAMPLES, current().tenant_id, run["id"], SAMPLES)
    by_branch = sorted(counts, key=lambda row: (str(row["branch_id"]), *order(row)))
    return {
        "as_of": run["as_of"].astimezone(zone).isoformat(),
        "programme_version": run["programme_version"],
        "transition": run["transition"],
        "members": run["evaluated"],
        "winners": run["winners"],
        "losers": run["losers"],
        "moves": [
            {**_cell(*cell), "members": cells[cell]}
            for cell in sorted(cells, key=lambda cell: order(dict(zip(_CELL, cell, strict=True))))
        ],
        "branches": [
            {
                "branch_id": None if row["branch_id"] == NOWHERE else str(row["branch_id"]),
                **_cell(row["ladder"], row["from_tier"], row["to_tier"]),
                "members": row["members"],
            }
            for row in by_branch
        ],
        "cost": {
            "discounts": run["discounts"],
            "points": run["points"],
            "window_days": WINDOW_DAYS,
            "now": {"discounts": run["discounts_now"], "points": run["points_now"]},
        },
        "samples": [_sample(row) for row in sorted(samples, key=lambda row: order(row)[0])],
        "warnings": run["warnings"],
    }


_CELL: Final = ("ladder", "from_tier", "to_tier")


def _cell(ladder: str, from_tier: str, to_tier: str) -> dict[str, str | None]:
    return {"ladder": ladder, "from": from_tier or None, "to": to_tier or None}


def _sample(row: asyncpg.Record) -> dict[str, Any]:
    branch = row["branch_id"]
    return {
        "direction": row["direction"],
        "member_id": str(row["member_id"]),
        **_cell(row["ladder"], row["from_tier"], row["to_tier"]),
        "branch_id": None if branch is None else str(branch),
    }


def _order(draft: Programme, present: Programme) -> Callable[[Any], tuple[int, int, int]]:
    """Ladders as the draft has them, then those that go; tiers by their ranks."""
    codes = list(dict.fromkeys(ladder.code for ladder in (*draft.ladders, *present.ladders)))

    def key(row: Any) -> tuple[int, int, int]:
        code = row["ladder"]
        return (
            codes.index(code),
            _rank(present.ladder(code), row["from_tier"]),
            _rank(draft.ladder(code), row["to_tier"]),
        )

    return key


def _rank(ladder: Ladder | None, code: str) -> int:
    tier = None if ladder is None else ladder.tier(code)
    return -1 if tier is None else tier.rank


_NAMES: Final = """
SELECT m.id, m.name, NULL::text AS branch FROM member m WHERE m.tenant_id = $1 AND m.id = ANY($2::uuid[])
UNION ALL SELECT b.id, NULL, b.name FROM branch b WHERE b.tenant_id = $1 AND b.id = ANY($3::uuid[])"""


async def show(result: dict[str, Any], language: Language) -> dict[str, Any]:
    """With the names that members and branches have now, for who may read members; others see no samples at all."""
    samples: list[dict[str, Any]] = result["samples"] if current().principal.may("members:read") else []
    members = [UUID(sample["member_id"]) for sample in samples]
    branches = list({UUID(sample["branch_id"]) for sample in samples if sample["branch_id"] is not None})
    rows = await connection().fetch(_NAMES, current().tenant_id, members, branches) if samples else []
    names = {str(row["id"]): row["name"] or row["branch"] for row in rows}
    told = [
        {**sample, "name": names.get(sample["member_id"]), "branch": names.get(sample["branch_id"])}
        for sample in samples
    ]
    doubts = [{**doubt, "message": doubt["messages"][language]} for doubt in result["warnings"]]
    for doubt in doubts:
        del doubt["messages"]
    return {**result, "samples": told, "warnings": doubts}
