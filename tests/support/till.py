"""What a till does, in short words."""

from typing import Any

import httpx

from support.chains import Chain
from support.clock import owner


async def member(chain: Chain, **fields: Any) -> str:
    """A new member's id."""
    answer = await chain.http.post("/v1/members", json={"name": "王秀", **fields})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def ticket(chain: Chain, external_id: str, amount: int | None, **fields: Any) -> dict[str, Any]:
    """A purchase's body; a field given as None is left out."""
    body = {
        "branch_id": chain.branch_id,
        "external_id": external_id,
        "amount": amount,
        "external_amounts": True,
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


async def buy(chain: Chain, external_id: str, amount: int | None, **fields: Any) -> httpx.Response:
    return await chain.http.post("/v1/purchases", json=ticket(chain, external_id, amount, **fields))


async def bought(chain: Chain, external_id: str, amount: int | None, **fields: Any) -> dict[str, Any]:
    """The answer to a purchase that is taken."""
    answer = await buy(chain, external_id, amount, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def rows(chain: Chain, table: str) -> list[dict[str, Any]]:
    """A tenant table's rows, past row security."""
    found = await (await owner()).fetch(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY 1, 2, 3", chain.tenant_id)
    return [dict(row) for row in found]


_DRIFT = """
WITH day AS (SELECT member_id, local_day AS day, sum(amount) AS spend, count(*) AS purchases, max(amount) AS most
               FROM purchase WHERE tenant_id = $1 AND member_id IS NOT NULL GROUP BY 1, 2),
month AS (SELECT member_id, date_trunc('month', day)::date AS month, sum(spend) AS spend, sum(purchases) AS purchases,
                 max(most) AS most FROM day GROUP BY 1, 2),
total AS (SELECT member_id, sum(spend) AS spend, sum(purchases) AS purchases, max(most) AS most, max(day) AS last_day
            FROM day GROUP BY 1)
SELECT 'day' AS grain, coalesce(d.member_id, a.member_id) AS member_id FROM day d
  FULL JOIN (SELECT * FROM member_day WHERE tenant_id = $1) a ON (a.member_id, a.day) = (d.member_id, d.day)
 WHERE (a.spend, a.purchases, a.max_purchase) IS DISTINCT FROM (d.spend, d.purchases, d.most)
UNION ALL SELECT 'month', coalesce(d.member_id, a.member_id) FROM month d
  FULL JOIN (SELECT * FROM member_month WHERE tenant_id = $1) a ON (a.member_id, a.month) = (d.member_id, d.month)
 WHERE (a.spend, a.purchases, a.max_purchase) IS DISTINCT FROM (d.spend, d.purchases, d.most)
UNION ALL SELECT 'total', coalesce(d.member_id, a.member_id) FROM total d
  FULL JOIN (SELECT * FROM member_total WHERE tenant_id = $1) a ON a.member_id = d.member_id
 WHERE (a.spend, a.purchases, a.max_purchase, a.last_day) IS DISTINCT FROM (d.spend, d.purchases, d.most, d.last_day)
"""


async def drift(chain: Chain) -> list[Any]:
    """Where an aggregate isn't the sum of its purchases."""
    return list(await (await owner()).fetch(_DRIFT, chain.tenant_id))
