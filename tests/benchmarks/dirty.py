"""One purchase each for one member in a hundred, on the chain's today: facts and aggregates, no decisions.

Those are left to the run: a till would have made them at once.
"""

from typing import Any, Final

from tests.benchmarks.history import TODAY, Made

_BUYERS: Final = (
    "CREATE TEMP TABLE buyer AS SELECT q.member_id AS id, q.seq + 1 AS seq, uuidv7() AS purchase_id,"
    " 1000 + (hashint8extended(q.seq, $2) & 16383) AS amount FROM member_number q"
    " WHERE q.tenant_id = $1 AND hashtext(q.member_id::text) % 100 = 0"
)
_NUMBERS: Final = (
    "INSERT INTO purchase_external SELECT $1, $2, 'again-' || purchase_id, purchase_id, sha256(id::text::bytea)"
    " FROM buyer"
)
_PURCHASES: Final = (
    "INSERT INTO purchase (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at, local_day,"
    " amount, source, actor) SELECT $1, purchase_id, id, $2, seq, 'again-' || purchase_id,"
    " clock_timestamp() + t.clock_offset, clock_timestamp() + t.clock_offset, $3, amount, 'api', 'bench'"
    " FROM buyer, tenant t WHERE t.tenant_id = $1"
)
_SET: Final = (
    "spend = a.spend + excluded.spend, purchases = a.purchases + 1,"
    " max_purchase = greatest(a.max_purchase, excluded.max_purchase)"
)
_TOTALS: Final = (
    "INSERT INTO member_total AS a SELECT $1, id, amount, 1, amount, $2, now() FROM buyer"
    f" ON CONFLICT (tenant_id, member_id) DO UPDATE SET {_SET}, last_day = greatest(a.last_day, excluded.last_day),"
    " last_at = greatest(a.last_at, excluded.last_at)"
)
_MONTHS: Final = (
    "INSERT INTO member_month AS a"
    " SELECT $1, id, date_trunc('month', $2::date::timestamp)::date, amount, 1, amount FROM buyer"
    f" ON CONFLICT (tenant_id, member_id, month) DO UPDATE SET {_SET}"
)
_DAYS: Final = (
    "INSERT INTO member_day AS a SELECT $1, id, $2, amount, 1, amount FROM buyer"
    f" ON CONFLICT (tenant_id, member_id, day) DO UPDATE SET {_SET}"
)


async def buy(owner: Any, made: Made, seed: int) -> int:
    """How many members bought; the same ones each time."""
    async with owner.transaction():
        await owner.execute(_BUYERS, made.tenant_id, seed)
        buyers: int = await owner.fetchval("SELECT count(*) FROM buyer")
        await owner.execute(
            "UPDATE member_number q SET seq = b.seq FROM buyer b WHERE q.tenant_id = $1 AND q.member_id = b.id",
            made.tenant_id,
        )
        await owner.execute(_NUMBERS, made.tenant_id, made.branch_id)
        await owner.execute(_PURCHASES, made.tenant_id, made.branch_id, TODAY)
        for sql in (_TOTALS, _MONTHS, _DAYS):
            await owner.execute(sql, made.tenant_id, TODAY)
        await owner.execute("DROP TABLE buyer")
    return buyers
