"""Price lists as they are kept. A till's baskets are priced by them in `tenants.pricing`."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.audit.record import record
from tenants.price_lists.bodies import PriceListBody, PriceListChange, is_code
from tenants.programme.strict import Names
from tenants.trading import require_trading

# The list's row is the lock: who else replaces the list waits here.
_PUT: Final = """
INSERT INTO price_list AS l (tenant_id, code, names, created_at)
SELECT $1, $2, $3, clock_timestamp() + t.clock_offset FROM tenant t WHERE t.tenant_id = $1
ON CONFLICT (tenant_id, code) DO UPDATE SET names = excluded.names
RETURNING old.code IS NULL AS is_new, old.names AS names_before"""
_REPLACE: Final = """
WITH wanted AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset($3) AS w (sku text, names jsonb, list_price bigint, price bigint)),
gone AS (
  DELETE FROM price p WHERE p.tenant_id = $1 AND p.list = $2
     AND NOT EXISTS (SELECT FROM wanted w WHERE w.sku = p.sku) RETURNING p.sku),
put AS (
  INSERT INTO price AS p (tenant_id, list, sku, names, list_price, price)
  SELECT $1, $2, w.sku, w.names, w.list_price, w.price FROM wanted w ORDER BY w.sku
  ON CONFLICT (tenant_id, list, sku) DO UPDATE SET names = excluded.names, list_price = excluded.list_price,
     price = excluded.price
   WHERE (p.names, p.list_price, p.price) IS DISTINCT FROM (excluded.names, excluded.list_price, excluded.price)
  RETURNING p.sku)
SELECT (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM put) AS put"""
_SHOW: Final = """
SELECT l.code, l.names, p.sku, p.names AS item_names, p.list_price, p.price
  FROM price_list l LEFT JOIN price p ON p.tenant_id = l.tenant_id AND p.list = l.code
 WHERE l.tenant_id = $1 AND l.code = $2 ORDER BY p.sku"""
_LOCK: Final = "SELECT names FROM price_list WHERE tenant_id = $1 AND code = $2 FOR NO KEY UPDATE"
_PAGE: Final = """
SELECT p.sku, p.names, p.list_price, p.price FROM price p
 WHERE p.tenant_id = $1 AND p.list = $2 AND p.sku > $3 AND ($4 = '' OR p.sku ^@ $4) ORDER BY p.sku LIMIT $5"""
_LIST: Final = """
SELECT l.code, l.names,
       (SELECT count(*) FROM price p WHERE p.tenant_id = l.tenant_id AND p.list = l.code) AS prices
  FROM price_list l WHERE l.tenant_id = $1 AND ($2::text IS NULL OR l.code > $2) ORDER BY l.code LIMIT $3"""


async def put_price_list(code: str, body: PriceListBody) -> tuple[dict[str, Any], bool]:
    """Makes the list or replaces it whole; with it whether it is new. What changes nothing leaves no trace.

    Raises DomainError `tenant-closed`.
    """
    await require_trading()
    names = body.names.model_dump(mode="json")
    made = await connection().fetchrow(_PUT, current().tenant_id, code, names)
    if made is None:
        raise DomainError("internal")
    counts = await _replace(code, body.rows())
    if made["is_new"] or counts["gone"] or counts["put"] or made["names_before"] != names:
        detail = {"prices": len(body.prices), "changed": counts["put"], "gone": counts["gone"]}
        await record("price_list.put", f"price_list:{code}", detail)
    return await price_list(code), made["is_new"]


async def change_price_list(code: str, change: PriceListChange) -> dict[str, Any]:
    """Puts some prices, takes some away, gives it other names; what isn't named stays. Raises DomainError
    `not-found`, `tenant-closed`, `validation-failed` where it would have too many.
    """
    names = await connection().fetchval(_LOCK, current().tenant_id, code) if is_code(code) else None
    if names is None:
        raise DomainError("not-found")
    prices = {one["sku"]: one for one in (await price_list(code))["prices"]}
    prices |= {one.sku: one.model_dump(mode="json") for one in change.prices}
    kept = [{**one, "names": one["names"] or None} for sku, one in prices.items() if sku not in set(change.remove)]
    given = names if change.names is None else change.names.model_dump(mode="json")
    return (await put_price_list(code, parse_item(PriceListBody, {"names": given, "prices": kept})))[0]


async def prices_of(code: str, after: str, prefix: str, limit: int) -> list[asyncpg.Record]:
    """A page of a list's prices by sku, behind `after`, whose sku begins with `prefix`; one more than `limit` where
    there are more.
    """
    return await connection().fetch(_PAGE, current().tenant_id, code, after, prefix, limit + 1)


async def install_price_list(code: str, names: Names, prices: Sequence[dict[str, Any]]) -> None:
    """A template's list as the current tenant's own, at sign-up. Prices as JSON data: sku, names, list_price, price."""
    await connection().fetchrow(_PUT, current().tenant_id, code, names.model_dump(mode="json"))
    await _replace(code, prices)


async def price_list(code: str) -> dict[str, Any]:
    """The whole list, its prices by sku. Raises DomainError `not-found`."""
    rows = await connection().fetch(_SHOW, current().tenant_id, code) if is_code(code) else []
    if not rows:
        raise DomainError("not-found")
    prices = [
        {"sku": r["sku"], "names": r["item_names"], "list_price": r["list_price"], "price": r["price"]}
        for r in rows
        if r["sku"] is not None
    ]
    return {"code": code, "names": rows[0]["names"], "prices": prices}


async def price_lists(after: str | None, limit: int) -> list[asyncpg.Record]:
    """The tenant's lists by code, with how many prices each has; one more than `limit` where there are more."""
    return await connection().fetch(_LIST, current().tenant_id, after, limit + 1)


async def _replace(code: str, prices: Sequence[dict[str, Any]]) -> asyncpg.Record:
    counts = await connection().fetchrow(_REPLACE, current().tenant_id, code, list(prices))
    if counts is None:
        raise DomainError("internal")
    return counts
