"""Points for imported purchases. What one was given is kept with it (`purchase_credit`), so that a refund knows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from saas.money import exponent
from saas.scope import connection
from tenants.imports.accrue_sql import CREDIT, PURCHASES, PURCHASES_FOUND
from tenants.imports.context import Context
from tenants.imports.crediting import Credit, credit, lock_holders
from tenants.imports.purchases_rows import PurchaseRow
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import points_of, rate_of
from tenants.programme.document import Programme
from tenants.programme.versions import programme


async def accrue_purchases(rows: Sequence[PurchaseRow], context: Context) -> int:
    """Gives points to the good rows' purchases; answers how many. Raises RetryBatchError where a member was merged away
    meanwhile.
    """
    sent = [
        (branch_id, row.external_id, row.occurred_at, row.amount, row.category)
        for row in rows
        if context.is_good(row.line) and not row.is_refund and (branch_id := _branch(row, context)) is not None
    ]
    columns: Sequence[Sequence[Any]] = list(zip(*sent, strict=True)) if sent else ((), (), (), (), ())
    found = await connection().fetch(PURCHASES_FOUND, context.tenant_id, *columns)
    if not found:
        return 0
    clock = await lock_holders({row["holder_id"] for row in found}, context)
    rules = await programme(clock["programme_version"])
    purchases = await connection().fetch(PURCHASES, context.tenant_id, [row["id"] for row in found])
    earned = [(rate, Credit(row, points)) for row in purchases for rate, points in [_earned(row, rules)] if points]
    if earned:
        given = [one for _, one in earned]
        await connection().execute(
            CREDIT,
            context.tenant_id,
            [one.fact["id"] for one in given],
            [one.fact["amount"] for one in given],
            [rate for rate, _ in earned],
            [one.points for one in given],
            rules.version,
            clock["now"],
        )
        await credit("earn", given, rules, clock["now"], context)
    return sum(one.points for _, one in earned)


def _branch(row: PurchaseRow, context: Context) -> UUID | None:
    """A row without a branch is of the first one."""
    return context.branches.get(row.branch) if row.branch else next(iter(context.branches.values()), None)


def _earned(purchase: asyncpg.Record, rules: Programme) -> tuple[Decimal, int]:
    """The rate (points for a whole currency unit) and the points of what is left of it: by the rules in force, at the
    tiers held when it was bought.
    """
    rate = rate_of(rules.points.per_unit, benefits_of(rules, purchase["held"] or {}).multiplier, ())
    excluded = purchase["category"] in rules.points.excluded_categories
    left = 0 if excluded else purchase["amount"] - purchase["refunded"]
    return rate, points_of(left, rate, exponent(rules.currency))
