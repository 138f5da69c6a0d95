"""What a counter does with stored value, in short words."""

from typing import Any

import httpx

from support.chains import Chain
from support.programme import change_programme

Json = dict[str, Any]


async def top_up(chain: Chain, who: str, external_id: str, amount: int, **fields: Any) -> httpx.Response:
    """A top-up's answer; a field given as None is left out."""
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": external_id, "amount": amount, **fields}
    return await chain.http.post("/v1/wallet/top-ups", json={k: v for k, v in body.items() if v is not None})


async def topped_up(chain: Chain, who: str, external_id: str, amount: int, **fields: Any) -> Json:
    """The answer to a top-up that is taken."""
    answer = await top_up(chain, who, external_id, amount, **fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def pay_out(chain: Chain, who: str, external_id: str, amount: int | None, **fields: Any) -> httpx.Response:
    """The answer to a refund of principal; a field given as None is left out."""
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": external_id, "amount": amount, **fields}
    return await chain.http.post("/v1/wallet/refunds", json={k: v for k, v in body.items() if v is not None})


async def paid_out(chain: Chain, who: str, external_id: str, amount: int | None, **fields: Any) -> Json:
    """The answer to a refund of principal that is taken."""
    answer = await pay_out(chain, who, external_id, amount, **fields)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def wallet(chain: Chain, who: str) -> Json:
    """The member's wallet with the first page of its movements."""
    answer = await chain.http.get(f"/v1/members/{who}/wallet")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def change_wallet(chain: Chain, **parts: Any) -> None:
    """Publishes the programme with parts of its wallet's rules replaced."""
    rules = (await chain.http.get("/v1/programme")).json()["wallet"]
    await change_programme(chain, wallet=rules | parts)
