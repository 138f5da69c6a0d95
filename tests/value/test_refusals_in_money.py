"""A refusal names an amount as its reader writes money, in the chain's currency; the integer stands beside it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.counter import topped_up
from support.till import bought, ticket
from support.value import coupon, furnished, set_up
from support.zones import NewChain

from saas.errors import LANGUAGES
from saas.i18n import tongue

Json = dict[str, Any]
HELD, BONUS, LIMIT = 50_000, 20_000, 10_000_000


async def _sale(chain: Chain, who: str) -> str:
    made: str = (await bought(chain, "sold", 30_000, member_id=who))["id"]
    return made


async def _tenders(chain: Chain, who: str) -> tuple[str, str, Json]:
    body = ticket(chain, "1", 300_000, member_id=who, tenders=[{"type": "cash", "amount": 201_637}])
    return "POST", "/v1/purchases", body


async def _quote_tenders(chain: Chain, who: str) -> tuple[str, str, Json]:
    _, _, body = await _tenders(chain, who)
    return "POST", "/v1/quotes", body


async def _lines(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", "/v1/purchases", ticket(chain, "1", 300_000, member_id=who, lines=[{"amount": 201_637}])


async def _wallet_empty(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", "/v1/purchases", ticket(chain, "1", 300_000, member_id=who, wallet_amount=HELD + BONUS + 1)


async def _wallet_beyond(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", "/v1/purchases", ticket(chain, "1", 1_234, member_id=who, wallet_amount=1_235)


async def _coupon_minimum(chain: Chain, who: str) -> tuple[str, str, Json]:
    granted = await coupon(chain, who, minimum=123_456)
    return "POST", "/v1/quotes", ticket(chain, "1", 10_000, external_amounts=None, member_id=who, coupons=[granted])


async def _refund(chain: Chain, who: str) -> tuple[str, str, Json]:
    sold = await _sale(chain, who)
    return "POST", f"/v1/purchases/{sold}/refunds", {"external_id": "r", "amount": 30_001}


async def _refund_lines(chain: Chain, who: str) -> tuple[str, str, Json]:
    sold = await _sale(chain, who)
    body = {"external_id": "r", "amount": 20_000, "lines": [{"line": 0, "amount": 12_345}]}
    return "POST", f"/v1/purchases/{sold}/refunds", body


def _at(chain: Chain, who: str, **fields: Any) -> Json:
    return {"member_id": who, "branch_id": chain.branch_id, "external_id": "x", **fields}


async def _top_up_tenders(chain: Chain, who: str) -> tuple[str, str, Json]:
    body = _at(chain, who, amount=20_000, tenders=[{"type": "cash", "amount": 12_345}])
    return "POST", "/v1/wallet/top-ups", body


async def _top_up_limit(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", "/v1/wallet/top-ups", _at(chain, who, amount=LIMIT)


async def _principal(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", "/v1/wallet/refunds", _at(chain, who, amount=HELD + 1)


async def _principal_of_one(chain: Chain, who: str) -> tuple[str, str, Json]:
    made = await topped_up(chain, who, "small", 12_345)
    return "POST", "/v1/wallet/refunds", _at(chain, who, amount=12_346, top_up_id=made["id"])


async def _pass_tenders(chain: Chain, who: str) -> tuple[str, str, Json]:
    sold = {"product": "私教课", "uses": 10, "price": 20_000, "valid_until": "2199-12-31"}
    return "POST", "/v1/passes", _at(chain, who, **sold, tenders=[{"type": "cash", "amount": 12_345}])


async def _erasing(chain: Chain, who: str) -> tuple[str, str, Json]:
    return "POST", f"/v1/members/{who}/erase", {}


Case = Callable[[Chain, str], Awaitable[tuple[str, str, Json]]]
CASES: list[tuple[Case, str, Json]] = [
    (_tenders, "tenders-do-not-match", {"tenders": 201_637, "amount": 300_000}),
    (_quote_tenders, "tenders-do-not-match", {"tenders": 201_637, "amount": 300_000}),
    (_lines, "lines-do-not-match", {"lines": 201_637, "amount": 300_000}),
    (_wallet_empty, "wallet-balance-too-low", {"balance": HELD + BONUS}),
    (_wallet_beyond, "wallet-beyond-amount", {"most": 1_234}),
    (_coupon_minimum, "coupon-below-minimum", {"minimum": 123_456, "amount": 10_000}),
    (_refund, "refund-exceeds-purchase", {"left": 30_000}),
    (_refund_lines, "lines-do-not-match", {"lines": 12_345, "amount": 20_000}),
    (_top_up_tenders, "tenders-do-not-match", {"tenders": 12_345, "amount": 20_000}),
    (_top_up_limit, "balance-limit", {"limit": LIMIT, "balance": HELD, "most": LIMIT - HELD}),
    (_principal, "wallet-principal-too-low", {"principal": HELD}),
    (_principal_of_one, "wallet-principal-too-low", {"principal": 12_345}),
    (_pass_tenders, "tenders-do-not-match", {"tenders": 12_345, "amount": 20_000}),
    (_erasing, "money-owed", {"principal": HELD, "passes": 0}),
]


def _says(refusal: Mapping[str, Any], amounts: Mapping[str, int], currency: str, language: Any) -> None:
    for name, minor in amounts.items():
        assert refusal[name] == minor, name
        assert tongue(language).money(minor, currency) in refusal["detail"], refusal["detail"]
    bare = {str(minor) for minor in amounts.values() if minor}
    assert not any(each in refusal["detail"] for each in bare), refusal["detail"]


@pytest.mark.parametrize(("case", "code", "amounts"), CASES, ids=[case.__name__ for case, _, _ in CASES])
async def test_every_amount_is_money(case: Case, code: str, amounts: Json, chain: Chain) -> None:
    await set_up(chain)
    method, path, body = await case(chain, await furnished(chain, points=0, top_up=HELD))
    for language in LANGUAGES:
        answer = await chain.http.request(method, path, json=body, headers={"Accept-Language": language})
        refusal = answer.json()
        assert refusal["type"] == f"/problems/{code}", answer.text
        _says(refusal, amounts, "CNY", language)
        for error in refusal.get("errors", []):
            assert tongue(language).money(30_000, "CNY") in error["message"]


async def _refused(answer: httpx.Response) -> Json:
    assert answer.status_code == 422, answer.text
    refusal: Json = answer.json()
    return refusal


@pytest.mark.parametrize(
    ("currency", "chinese", "english"),
    [
        ("CNY", "¥2,016.37", "¥2,016.37"),
        ("JPY", "JP¥201,637", "¥201,637"),
        ("KWD", "KWD201.637", "KWD201.637"),
    ],
)
async def test_the_currency_is_the_chains(currency: str, chinese: str, english: str, new_chain: NewChain) -> None:
    chain = await new_chain(currency=currency)
    body = ticket(chain, "1", 300_000, tenders=[{"type": "cash", "amount": 201_637}])
    said = {}
    for language in LANGUAGES:
        for_reader = {"Accept-Language": language}
        alone = await _refused(await chain.http.post("/v1/purchases", json=body, headers=for_reader))
        batch = await chain.http.post("/v1/purchases:batch", json={"items": [body, body]}, headers=for_reader)
        for error in (one["error"] for one in batch.json()["data"]):
            assert (error["detail"], error["tenders"]) == (alone["detail"], 201_637)
        said[language] = alone["detail"].replace("\xa0", "")
    assert chinese in said["zh-CN"]
    assert english in said["en"]
