"""Price lists: put whole, shown whole; a new chain has its template's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.till import rows

NAMES = {"zh-CN": "会员价", "en": "Member prices"}


async def put(chain: Chain, code: str, *prices: dict[str, Any], names: Any = None) -> httpx.Response:
    body = {"names": names or NAMES, "prices": list(prices)}
    return await chain.http.put(f"/v1/price-lists/{code}", json=body)


def tea(price: int, sku: str = "tea") -> dict[str, Any]:
    return {"sku": sku, "price": price}


async def test_a_list_is_put_whole(chain: Chain) -> None:
    made = await put(chain, "vip", {**tea(700), "names": NAMES, "list_price": 999}, tea(0, "water"))
    assert made.status_code == 201, made.text
    assert made.json()["prices"] == [
        {"sku": "tea", "names": NAMES, "list_price": 999, "price": 700},
        {"sku": "water", "names": {}, "list_price": None, "price": 0},
    ]
    changed = await put(chain, "vip", tea(650), tea(300, "cake"), names={"zh-CN": "贵宾价", "en": "VIP prices"})
    assert changed.status_code == 200
    shown = (await chain.http.get("/v1/price-lists/vip")).json()
    assert shown == changed.json()
    assert (shown["names"]["en"], [(p["sku"], p["price"]) for p in shown["prices"]]) == (
        "VIP prices",
        [("cake", 300), ("tea", 650)],
    )
    assert (await put(chain, "vip")).json()["prices"] == []


async def test_what_changes_nothing_leaves_no_trace(chain: Chain) -> None:
    for _ in range(2):
        await put(chain, "vip", tea(700))
    await put(chain, "vip", tea(701))
    log = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [one["detail"] for one in log if one["action"] == "price_list.put"] == [
        {"prices": 1, "changed": 1, "gone": 0},
        {"prices": 1, "changed": 1, "gone": 0},
    ]


async def test_lists_are_listed_by_code(chain: Chain) -> None:
    for code in ("b", "a", "c"):
        await put(chain, code, tea(1), tea(2, "x"))
    first = (await chain.http.get("/v1/price-lists?limit=2")).json()
    assert [(one["code"], one["prices"]) for one in first["data"]] == [("a", 2), ("b", 2)]
    rest = (await chain.http.get(f"/v1/price-lists?cursor={first['next_cursor']}")).json()
    assert [one["code"] for one in rest["data"]] == ["c"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("prices", "pointer", "code"),
    [
        ([tea(1), tea(2)], "/prices/1/sku", "duplicate"),
        ([tea(-1)], "/prices/0/price", "too-small"),
        ([{"sku": "tea"}], "/prices/0/price", "required"),
        ([{"sku": "", "price": 1}], "/prices/0/sku", "too-short"),
        ([tea(n, f"s{n}") for n in range(5001)], "/prices", "too-many"),
    ],
)
async def test_what_is_wrong_is_named(chain: Chain, prices: list[Any], pointer: str, code: str) -> None:
    answer = await put(chain, "vip", *prices)
    assert answer.status_code == 422
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert (await chain.http.get("/v1/price-lists/vip")).status_code == 404


async def test_the_most_prices_fit(chain: Chain) -> None:
    answer = await put(chain, "all", *(tea(n, f"s{n}") for n in range(5000)))
    assert answer.status_code == 201
    assert len(await rows(chain, "price")) == 5000


@pytest.mark.parametrize("code", ["VIP", "9a", "%00", "x" * 33])
async def test_a_code_is_one_that_a_programme_could_name(chain: Chain, code: str) -> None:
    assert (await put(chain, code, tea(1))).status_code == 422
    assert (await chain.http.get(f"/v1/price-lists/{code}")).status_code == 404


async def test_of_two_at_once_one_list_remains(chain: Chain) -> None:
    lists = [[tea(n, sku) for sku in "abcdef"[n % 3 :]] for n in range(8)]
    answers = await asyncio.gather(*(put(chain, "vip", *one) for one in lists))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    found = {(p["sku"], p["price"]) for p in (await chain.http.get("/v1/price-lists/vip")).json()["prices"]}
    assert found in [{(p["sku"], p["price"]) for p in one} for one in lists]


async def test_a_new_chain_has_its_templates_lists(new_chain: Callable[..., Awaitable[Chain]]) -> None:
    chain = await new_chain(template="studio")
    (listed,) = (await chain.http.get("/v1/price-lists")).json()["data"]
    assert (listed["code"], listed["prices"]) == ("member", 1)
    (price,) = (await chain.http.get("/v1/price-lists/member")).json()["prices"]
    assert (price["sku"], price["list_price"], price["price"]) == ("package-999", 99900, 69900)
