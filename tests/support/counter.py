"""What a counter does with stored value, in short words."""

from typing import Any
from uuid import UUID

import httpx

from saas.scope import connection, tenant_scope
from support.chains import Chain
from support.programme import change_programme
from tenants.members.row import lock_member
from tenants.programme.versions import current_programme
from tenants.wallet import postings
from tenants.wallet.ledger import post
from tenants.wallet.lots import Take, give_back, pay
from tenants.wallet.reading import read_wallet

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


async def pays(chain: Chain, who: str, amount: int, branch_id: str | None = None) -> UUID:
    """The wallet pays for something at a branch; the id of what was bought. By the ledger itself, so that a test of
    stored value needs no goods.
    """
    async with tenant_scope(chain.tenant_id):
        locked = await lock_member(UUID(who))
        held = await read_wallet(locked["id"])
        order = (await current_programme()).wallet.spend_order
        cause = await _cause(locked, branch_id or chain.branch_id)
        await post([postings.spend(cause, held, pay(held.lots, amount, order))])
    return cause.source_id


async def returns(chain: Chain, who: str, bought: UUID, principal: int, bonus: int) -> None:
    """Something that `pays` bought comes back."""
    async with tenant_scope(chain.tenant_id):
        locked = await lock_member(UUID(who))
        held = await read_wallet(locked["id"])
        taken = await connection().fetch(
            "SELECT lot_id, principal, bonus FROM wallet_take"
            " WHERE tenant_id = $1 AND kind = 'spend' AND source_id = $2 ORDER BY lot_id",
            chain.tenant_id,
            bought,
        )
        takes = [Take(row["lot_id"], row["principal"], row["bonus"]) for row in taken]
        cause = await _cause(locked, chain.branch_id)
        await post([postings.returned(cause, held, give_back(takes, principal, bonus))])


async def _cause(locked: Any, branch_id: str) -> postings.Cause:
    source_id = await connection().fetchval("SELECT uuidv7()")
    return postings.Cause(locked["id"], locked["seq"], source_id, UUID(branch_id), locked["locked_at"], "key:counter")
