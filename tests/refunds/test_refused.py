"""What isn't given back: too much, of no line, of nothing, in words for both kinds of readers."""

from typing import Any

import pytest
from support.chains import Chain
from support.till import bought, drift, give_back, given_back, member, rows

NOTHING = "01970000-0000-7000-8000-00000000ffff"
LINES = [{"category": "tea", "amount": 300}, {"amount": 200}]
MOST = 10_000_000_000_000


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("/external_id", "required")]),
        ({"external_id": "r"}, [("/amount", "required")]),
        ({"external_id": "r", "amount": 0}, [("/amount", "too-small")]),
        ({"external_id": "r", "amount": -5}, [("/amount", "too-small")]),
        ({"external_id": "r", "amount": "5"}, [("/amount", "wrong-type")]),
        ({"external_id": "r", "amount": 1.5}, [("/amount", "wrong-type")]),
        ({"external_id": "r", "amount": MOST + 1}, [("/amount", "too-large")]),
        ({"external_id": "r", "lines": []}, [("/lines", "too-few")]),
        ({"external_id": "r", "lines": [{"line": 0, "amount": 0}]}, [("/lines/0/amount", "too-small")]),
        ({"external_id": "r", "lines": [{"line": -1, "amount": 1}]}, [("/lines/0/line", "too-small")]),
        ({"external_id": "r", "lines": [{"line": 2, "amount": 1}]}, [("/lines/0/line", "too-large")]),
        ({"external_id": "r", "lines": [{"line": 10**30, "amount": 1}]}, [("/lines/0/line", "too-large")]),
        (
            {"external_id": "r", "lines": [{"line": 0, "amount": 1}, {"line": 0, "amount": 2}]},
            [("/lines/1/line", "duplicate")],
        ),
        ({"external_id": "r", "amount": 1, "currency": "CNY"}, [("/currency", "unknown-field")]),
        ({"external_id": "r", "amount": 1, "reason": "a\tb"}, [("/reason", "control-character")]),
        ({"external_id": "r", "amount": 1, "reason": "a\0b"}, [("/reason", "control-character")]),
        ({"external_id": " ", "amount": 1}, [("/external_id", "blank")]),
    ],
)
async def test_each_fault_has_its_place_and_code(
    body: dict[str, Any], wrong: list[tuple[str, str]], chain: Chain
) -> None:
    sale = await bought(chain, "1", None, lines=LINES)
    answer = await chain.http.post(f"/v1/purchases/{sale['id']}/refunds", json=body)
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == wrong
    assert await rows(chain, "refund") == await rows(chain, "purchase_refunded") == []


async def test_never_more_than_the_whole_and_per_line(chain: Chain) -> None:
    sale = await bought(chain, "1", None, member_id=await member(chain), lines=LINES)
    await given_back(chain, sale["id"], "r1", None, lines=[{"line": 0, "amount": 250}])
    line_refused = await give_back(chain, sale["id"], "r2", None, lines=[{"line": 0, "amount": 51}])
    assert (line_refused.status_code, line_refused.json()["type"]) == (422, "/problems/refund-exceeds-purchase")
    assert [(e["pointer"], e["code"]) for e in line_refused.json()["errors"]] == [("/lines/0/amount", "too-large")]
    for language, said in (("en", "No more than ¥2.50"), ("zh-CN", "最多还可退 ¥2.50")):
        refused = await chain.http.post(
            f"/v1/purchases/{sale['id']}/refunds",
            json={"external_id": "r2", "amount": 251},
            headers={"Accept-Language": language},
        )
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
        assert refused.json()["left"] == 250
        assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [("/amount", "too-large")]
    await given_back(chain, sale["id"], "r2", 250)  # the refused ones left the number free
    assert (await give_back(chain, sale["id"], "r3", 1)).status_code == 422
    assert await drift(chain) == []


async def test_amount_and_lines_that_contradict(chain: Chain) -> None:
    sale = await bought(chain, "1", None, lines=LINES)
    refused = await give_back(chain, sale["id"], "r", 2, lines=[{"line": 0, "amount": 1}])
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/lines-do-not-match")


@pytest.mark.parametrize(("language", "said"), [("en", "no lines"), ("zh-CN", "没有明细")])
async def test_lines_of_a_purchase_that_has_none(language: str, said: str, chain: Chain) -> None:
    sale = await bought(chain, "1", 500)
    refused = await chain.http.post(
        f"/v1/purchases/{sale['id']}/refunds",
        json={"external_id": "r", "lines": [{"line": 0, "amount": 1}]},
        headers={"Accept-Language": language},
    )
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/lines", "no-lines")
    assert said in error["message"]


async def test_a_purchase_that_is_not_there(chain: Chain) -> None:
    assert (await give_back(chain, NOTHING, "r", 1)).status_code == 404
    assert (await chain.http.get(f"/v1/purchases/{NOTHING}/refunds")).status_code == 404
    sale = await bought(chain, "1", 500)
    none = await chain.http.get(f"/v1/purchases/{sale['id']}/refunds")
    assert none.json() == {"data": [], "next_cursor": None}
