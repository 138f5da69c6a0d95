"""What a till does, in short words."""

from typing import Any, Final

import httpx

from support.chains import Chain
from support.clock import owner
from support.drift import drift

__all__ = ["bought", "buy", "drift", "give_back", "given_back", "member", "rows", "ticket"]


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


LAST_NUMBER: Final = (
    "coalesce((SELECT q.seq FROM member_number q WHERE q.tenant_id = $1 AND q.member_id = {member}), 0)"
)


async def rows(chain: Chain, table: str) -> list[dict[str, Any]]:
    """A tenant table's rows, past row security; a member's with `seq`, the last number it took."""
    columns = "*" if table != "member" else f"*, {LAST_NUMBER.format(member='member.id')} AS seq"
    sql = f"SELECT {columns} FROM {table} WHERE tenant_id = $1 ORDER BY 1, 2, 3"
    found = await (await owner()).fetch(sql, chain.tenant_id)
    return [dict(row) for row in found]


async def give_back(
    chain: Chain, purchase_id: str, external_id: str, amount: int | None, **fields: Any
) -> httpx.Response:
    """A refund's answer; a field given as None is left out."""
    body = {"external_id": external_id, "amount": amount, **fields}
    sent = {name: value for name, value in body.items() if value is not None}
    return await chain.http.post(f"/v1/purchases/{purchase_id}/refunds", json=sent)


async def given_back(
    chain: Chain, purchase_id: str, external_id: str, amount: int | None, **fields: Any
) -> dict[str, Any]:
    """The answer to a refund that is taken."""
    answer = await give_back(chain, purchase_id, external_id, amount, **fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
