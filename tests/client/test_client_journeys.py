"""The main journeys by the client, over a real socket: a shop's day, lists, versions, refusals, an import."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from regulars_client import AsyncRegulars, Regulars, Retries, errors, meta, problems
from support.chains import Chain

NewChain = Callable[..., Awaitable[Chain]]
HISTORY = "external_id,phone,name,joined_on\n{0}1,,李雷,2025-01-02\n{0}2,,韩梅梅,2025-02-03\n{0}3,12,谁,2025-02-03\n"


@pytest.fixture(scope="module")
async def shop(new_chain: NewChain) -> Chain:
    return await new_chain()


@pytest.fixture
def some() -> str:
    """A number that no other test of this shop has."""
    return secrets.token_hex(4)


class Lossy(httpx.HTTPTransport):
    """The answer of the first POST that is done gets lost."""

    lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "POST" and not self.lost:
            self.lost += 1
            answer.read()
            raise httpx.ReadError("the cable")
        return answer


async def test_a_till_whose_line_breaks_sells_once(address: str, shop: Chain, some: str) -> None:
    def sell() -> None:
        with httpx.Client(transport=Lossy()) as http:
            client = Regulars(shop.key, base_url=address, http_client=http, retries=Retries(first=0.01))
            member = client.members.create(name="王芳", card_no=some)
            assert meta(member).replayed
            ticket: dict[str, Any] = {"member_id": member["id"], "branch_id": shop.branch_id, "amount": 26_800}
            quoted = client.quotes.create(**ticket)
            bought = client.purchases.create(**ticket, external_id=f"T-{some}")
            assert (bought["paid"], bought["points_earned"]) == (quoted["paid"], quoted["points_earned"])
            back = client.purchases.refund(bought["id"], external_id=f"R-{some}", amount=800)
            assert back["left"] == 26_000
            assert [each["id"] for each in client.members.purchases(member["id"])] == [bought["id"]]
            wrong = client.purchases.create(**ticket, external_id=f"U-{some}")
            client.purchases.undo(wrong["id"], reason="wrong ticket")
            assert client.members.points(member["id"])["balance"] == 260
            assert client.members.tier(member["id"])["current"]["code"] == "silver"

    await asyncio.to_thread(sell)


async def test_the_same_without_waiting(address: str, shop: Chain, some: str) -> None:
    async with AsyncRegulars(shop.key, base_url=address, language="en") as client:
        names = [f"{some}-{n}" for n in range(5)]
        made = await asyncio.gather(*(client.members.create(external_id=name, tags=[some]) for name in names))
        ids = [each["id"] async for each in client.members.list(tag=some, limit=2)]
        assert sorted(ids) == sorted(each["id"] for each in made)
        assert [len(page.data) async for page in client.members.list(tag=some, limit=2).pages()] == [2, 2, 1]
        kept = await client.members.list(tag=some, limit=2).first()
        rest = [each["id"] async for each in client.members.list(tag=some, cursor=kept.next_cursor)]
        assert [each["id"] for each in kept.data] + rest == ids
        outcome = await client.members.create_batch(items=[{"external_id": some}, {"external_id": names[0]}])
        assert [each["status"] for each in outcome["data"]] == [201, 409]


async def test_who_was_faster_is_told(address: str, shop: Chain) -> None:
    async with AsyncRegulars(shop.key, base_url=address) as client:
        seen = await client.members.create(name="王")
        changed = await client.members.update(seen["id"], name="王芳", if_match=meta(seen).etag)
        with pytest.raises(errors.PreconditionError):
            await client.members.update(seen["id"], name="汪芳", if_match=meta(seen).etag)
        assert meta(await client.members.get(seen["id"])).etag == meta(changed).etag


async def test_refusals_say_what_they_are(address: str, shop: Chain, some: str) -> None:
    async with AsyncRegulars(shop.key, base_url=address, language="en") as client:
        await client.members.create(card_no=some)
        with pytest.raises(problems.CardTaken):
            await client.members.create(card_no=some)
        with pytest.raises(errors.InvalidError) as wrong:
            await client.members.create(phone="12", birthday="2026-02-30")
        assert {fault.pointer for fault in wrong.value.errors} == {"/phone", "/birthday"}
        assert wrong.value.request_id
    async with AsyncRegulars("rk_live_no_such_key", base_url=address) as client:
        with pytest.raises(errors.AuthenticationError):
            await client.tenant.get()
    async with AsyncRegulars(base_url=address) as client:
        assert {each["code"] async for each in client.templates.list()} >= {"general", "pharmacy"}


async def test_history_comes_in_once(address: str, shop: Chain, drain: Any, some: str) -> None:
    history = HISTORY.format(f"{some}-").encode()
    async with AsyncRegulars(shop.key, base_url=address) as client:
        for imported, unchanged in ((2, 0), (0, 2)):
            started: Any = await client.imports.create(history, filename="members.csv", kind="members")
            await drain()
            done = await client.wait_for_import(started["import_id"])
            assert (done["state"], done["imported"], done["unchanged"], done["failed"]) == (
                "done",
                imported,
                unchanged,
                1,
            )
        bad = (await client.imports.errors_csv(started["import_id"])).decode("utf-8-sig").splitlines()
        assert bad[1].startswith("4,phone,")
