"""A member who did some of everything, and faults that are planted in what is stored of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from support.chains import Chain
from support.clock import owner
from support.counter import paid_out, topped_up
from support.programme import change_programme
from support.till import bought, given_back
from support.value import LINES, coupon, furnished, set_up

from saas.scope import tenant_scope
from tenants.verifying.ledgers import Difference, differences, verify_ledgers


@dataclass(frozen=True)
class Lived:
    """A member who did some of everything."""

    chain: Chain
    member_id: str
    sale_id: str
    grant_id: str
    reward_id: str
    claim_id: str
    pass_id: str
    undone_id: str
    returned_id: str


async def post(chain: Chain, url: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await chain.http.post(url, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def live(new_chain: Callable[..., Awaitable[Chain]]) -> Lived:
    chain = await new_chain()
    await set_up(chain)
    await _give_visits(chain)
    who = await furnished(chain)
    undone = await bought(chain, "0", 5_000, member_id=who, points_to_redeem=1_000, wallet_amount=2_000)
    await post(chain, f"/v1/purchases/{undone['id']}/undo", {})
    brought_back = await bought(chain, "00", 700, member_id=who)
    await given_back(chain, brought_back["id"], "r0", 700)
    await post(chain, "/v1/points/redeem", {"member_id": who, "points": 5})
    grant = await coupon(chain, who)
    sale = await bought(
        chain, "1", None, member_id=who, lines=LINES, coupons=[grant], external_amounts=False,
        points_to_redeem=3_000, wallet_amount=14_000,
    )  # fmt: skip
    await given_back(chain, sale["id"], "r1", 10_000)
    top_up = await topped_up(chain, who, "u2", 50_000)
    await paid_out(chain, who, "w1", 20_000, top_up_id=top_up["id"])
    names = {"zh-CN": "杯", "en": "Cup"}
    reward = await post(chain, "/v1/rewards", {"code": "cup", "names": names, "points": 50, "stock": 5})
    claim = await post(chain, f"/v1/rewards/{reward['id']}/claim", {"member_id": who})
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": "p1", "product": "wash", "uses": 10}
    sold = await post(chain, "/v1/passes", {**body, "price": 1_000, "valid_until": "2099-12-31"})
    visit, here = f"/v1/passes/{sold['id']}", {"branch_id": chain.branch_id}
    mistaken = await post(chain, f"{visit}/use", {**here, "count": 3})
    await post(chain, f"{visit}/undo-use", {"entry_id": mistaken["id"]})
    await post(chain, f"{visit}/use", here)
    await post(chain, f"{visit}/refund", {**here, "uses": 2})
    taken = await post(chain, f"/v1/members/{who}/allowances/class/use", {})
    await post(chain, f"/v1/members/{who}/allowances/class/uses/{taken['id']}/undo", {})
    assert await found(chain) == []
    return Lived(chain, who, sale["id"], grant, reward["id"], claim["id"], sold["id"], undone["id"], brought_back["id"])


async def _give_visits(chain: Chain) -> None:
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    for tier in ladders[0]["tiers"]:
        tier["benefits"] = [{"type": "allowance", "product": "class", "per": "year", "count": 2}]
    await change_programme(chain, ladders=ladders)


async def found(chain: Chain) -> list[Difference]:
    async with tenant_scope(chain.tenant_id):
        return await verify_ledgers()


async def planted(lived: Lived, sql: str) -> list[Difference]:
    """What is found while the fault is there; it is gone again afterwards."""
    conn = await owner()
    change = conn.transaction()
    await change.start()
    try:
        done = await conn.execute(sql.format(**vars(lived)), lived.chain.tenant_id)
        assert int(done.rpartition(" ")[2]) > 0, "nothing was planted"
        return await differences(conn, lived.chain.tenant_id)
    finally:
        await change.rollback()


async def say_what(lived: Lived, named: list[Difference], told: dict[str, str]) -> None:
    """Each check of `told` says what its differences are about and whose that is; nothing is left of the fault."""
    for check, subject in told.items():
        wanted = subject.format(**vars(lived))
        own = [one for one in named if one.check == check]
        assert all(one.subject.startswith(wanted) for one in own), own
        assert all(one.expected != one.stored for one in own), own
        nobodys = subject.startswith(("tenant:", "reward:"))
        assert {str(one.member_id) for one in own} == {"None" if nobodys else lived.member_id}, own
    assert await found(lived.chain) == []
