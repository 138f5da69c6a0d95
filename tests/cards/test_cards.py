"""Cards: issued, lost, replaced, printed; told at every till; in agreement with who they lead to, whatever happens."""

import asyncio
import json
from typing import Any

import pytest
from holders import card_no, disagreements, post, states
from support.chains import Chain
from support.till import bought, buy, member, rows, ticket

from tenants.cards.numbers import check_digit, new_number


@pytest.fixture(autouse=True)
async def agreed(chain: Chain) -> Any:
    yield
    assert await disagreements(chain) == []


async def imported(chain: Chain, drain: Any, file: str, kind: str = "members") -> list[tuple[int, str]]:
    files = {"file": ("f.csv", file.encode(), "text/csv")}
    answer = await chain.http.post("/v1/imports", files=files, data={"options": json.dumps({"kind": kind})})
    assert answer.status_code == 202, answer.text
    await drain(chain.tenant_id)
    mine = [row for row in await rows(chain, "import_error") if str(row["import_id"]) == answer.json()["import_id"]]
    return [(row["line"], row["code"]) for row in mine]


@pytest.mark.parametrize(("head", "digit"), [("7992739871", "3"), ("411111111111111", "1"), ("0", "0")])
def test_check_digits(head: str, digit: str) -> None:
    assert check_digit(head) == digit


def test_numbers_of_ours() -> None:
    made = {new_number() for _ in range(500)}
    assert len(made) == 500
    for number in made:
        assert len(number) == 12
        assert number[0] != "0"
        assert check_digit(number[:-1]) == number[-1]


async def test_a_member_gets_cards(chain: Chain) -> None:
    one = await member(chain, card_no="C1")
    second = await post(chain, f"/v1/members/{one}/cards", {"card_no": "C2"})
    assert (second["number"], second["state"], second["member_id"]) == ("C2", "active", one)
    third = await post(chain, f"/v1/members/{one}/cards")
    assert check_digit(third["number"][:-1]) == third["number"][-1]
    assert await card_no(chain, one) == third["number"]
    listed = (await chain.http.get(f"/v1/members/{one}/cards?limit=2")).json()
    rest = (await chain.http.get(f"/v1/members/{one}/cards?limit=2&cursor={listed['next_cursor']}")).json()
    assert [card["number"] for card in [*listed["data"], *rest["data"]]] == [third["number"], "C2", "C1"]
    for n, number in enumerate(("C1", "C2", third["number"])):
        assert (await bought(chain, f"s{n}", 1, card_no=number))["member_id"] == one


async def test_a_lost_card_is_told_at_every_till(chain: Chain) -> None:
    one = await member(chain, card_no="C1", phone="13800138000")
    await post(chain, f"/v1/members/{one}/cards", {"card_no": "C2"})
    for _ in range(2):
        assert (await post(chain, "/v1/cards/C2/report-lost", status=200))["state"] == "lost"
    assert await card_no(chain, one) == "C1"
    activity = {"card_no": "C2", "kind": "check_in", "external_id": "a"}
    for path, body in (("purchases", ticket(chain, "1", 100, card_no="C2")), ("activities", activity)):
        refused = await chain.http.post(f"/v1/{path}", json=body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/card-lost")
        batch = await post(chain, f"/v1/{path}:batch", {"items": [body]}, 200)
        assert (batch["data"][0]["status"], batch["data"][0]["error"]["type"]) == (409, "/problems/card-lost")
    assert (await buy(chain, "2", 100, card_no="C1")).status_code == 201
    assert (await buy(chain, "3", 100, card_no="nobody's")).json()["type"] == "/problems/unknown-member"


@pytest.mark.parametrize("lost", [True, False])
async def test_a_card_is_replaced(chain: Chain, lost: bool) -> None:
    one = await member(chain, card_no="C1")
    if lost:
        await post(chain, "/v1/cards/C1/report-lost", status=200)
        assert await card_no(chain, one) is None
    made = await post(chain, "/v1/cards/C1/replace", {"card_no": "C2", "proof": "手机验证"})
    assert (made["number"], made["state"], made["member_id"]) == ("C2", "active", one)
    assert await card_no(chain, one) == "C2"
    old = next(card for card in await rows(chain, "card") if card["number"] == "C1")
    assert (old["state"], old["replaced_by"], old["proof"]) == ("replaced", "C2", "手机验证")
    assert (await buy(chain, "1", 100, card_no="C1")).json()["type"] == "/problems/card-lost"
    assert (await bought(chain, "2", 100, card_no="C2"))["member_id"] == one
    again = await chain.http.post("/v1/cards/C1/replace", json={"proof": "x"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/card-not-active")


async def test_what_cannot_be_done_to_a_card(chain: Chain) -> None:
    one, other = await member(chain, card_no="C1"), await member(chain, card_no="C2")
    for path, body, status, code in (
        ("/v1/cards/none/report-lost", {}, 404, "not-found"),
        ("/v1/cards/none/replace", {"proof": "x"}, 404, "not-found"),
        ("/v1/cards/C1/replace", {}, 422, "validation-failed"),
        ("/v1/cards/C1/replace", {"proof": " "}, 422, "validation-failed"),
        ("/v1/cards/C1/replace", {"proof": "x", "card_no": "C1"}, 409, "card-taken"),
        ("/v1/cards/C1/replace", {"proof": "x", "card_no": "C2"}, 409, "card-taken"),
        (f"/v1/members/{one}/cards", {"card_no": "C2"}, 409, "card-taken"),
        (f"/v1/members/{one}/cards", {"card_no": ""}, 422, "validation-failed"),
    ):
        answer = await chain.http.post(path, json=body)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), (path, body)
    assert await states(chain) == {"C1": "active", "C2": "active"}
    assert (await chain.http.delete(f"/v1/members/{other}")).status_code == 204
    assert (await chain.http.post(f"/v1/members/{other}/cards", json={})).status_code == 409
    for path in ("report-lost", "replace"):
        assert (
            await chain.http.post(f"/v1/cards/C2/{path}", json={"proof": "x"} if path == "replace" else {})
        ).is_error


async def test_a_number_is_never_somebody_elses(chain: Chain) -> None:
    """Neither a lost, nor a replaced, nor an ended one, nor that of who left or was erased."""
    one, left, erased = [await member(chain, card_no=number) for number in ("L", "M", "E")]
    await post(chain, "/v1/cards/L/replace", {"card_no": "R", "proof": "x"})
    assert (await chain.http.patch(f"/v1/members/{one}", json={"card_no": "N"})).status_code == 200
    assert (await chain.http.delete(f"/v1/members/{left}")).status_code == 204
    await post(chain, f"/v1/members/{erased}/erase", status=200)
    other = await member(chain)
    for number in ("L", "R", "N", "M", "E"):
        answers = [
            await chain.http.post("/v1/members", json={"name": "x", "card_no": number}),
            await chain.http.patch(f"/v1/members/{other}", json={"card_no": number}),
            await chain.http.post(f"/v1/members/{other}/cards", json={"card_no": number}),
        ]
        assert [answer.json()["type"] for answer in answers] == ["/problems/card-taken"] * 3, number
        assert {answer.status_code for answer in answers} == {409}
    assert len(await rows(chain, "member")) == 4


async def test_ones_own_number_comes_back_unless_it_was_lost(chain: Chain) -> None:
    one = await member(chain, card_no="C1")
    for number in ("C2", "C1"):
        assert (await chain.http.patch(f"/v1/members/{one}", json={"card_no": number})).status_code == 200
    assert await states(chain) == {"C1": "active", "C2": "ended"}
    await post(chain, "/v1/cards/C1/report-lost", status=200)
    answer = await chain.http.patch(f"/v1/members/{one}", json={"card_no": "C1"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/card-lost")
    assert (await chain.http.post("/v1/cards/C2/report-lost", json={})).json()["type"] == "/problems/card-not-active"


async def test_taking_the_number_away_ends_every_card(chain: Chain) -> None:
    one = await member(chain, card_no="C1", phone="13800138000")
    await post(chain, f"/v1/members/{one}/cards", {"card_no": "C2"})
    assert (await chain.http.patch(f"/v1/members/{one}", json={"card_no": None})).status_code == 200
    assert await states(chain) == {"C1": "ended", "C2": "ended"}
    assert (await buy(chain, "1", 1, card_no="C1")).json()["type"] == "/problems/unknown-member"


async def test_choosing_an_older_card_makes_it_the_newest(chain: Chain) -> None:
    one = await member(chain, card_no="C1")
    for number in ("C2", "C3"):
        await post(chain, f"/v1/members/{one}/cards", {"card_no": number})
    assert (await chain.http.patch(f"/v1/members/{one}", json={"card_no": "C1"})).status_code == 200
    assert await card_no(chain, one) == "C1"
    assert await states(chain) == {"C1": "active", "C2": "active", "C3": "ended"}


async def test_a_merge_brings_the_cards(chain: Chain) -> None:
    one, other = await member(chain, card_no="C1"), await member(chain, card_no="C2")
    await post(chain, "/v1/cards/C2/replace", {"card_no": "C3", "proof": "x"})
    await post(chain, f"/v1/members/{one}/merge", {"other_id": other}, 200)
    assert {(row["number"], str(row["member_id"])) for row in await rows(chain, "card")} == {
        (number, one) for number in ("C1", "C2", "C3")
    }
    assert await card_no(chain, one) == "C3"
    listed = (await chain.http.get(f"/v1/members/{other}/cards")).json()["data"]
    assert [card["number"] for card in listed] == ["C3", "C2", "C1"]
    await post(chain, "/v1/cards/C3/report-lost", status=200)
    assert await card_no(chain, one) == "C1"


async def test_erasing_takes_the_numbers_out(chain: Chain) -> None:
    one, other = await member(chain, card_no="SECRET-1"), await member(chain, card_no="SECRET-2")
    await post(chain, "/v1/cards/SECRET-2/replace", {"card_no": "SECRET-3", "proof": "SECRET-4"})
    await post(chain, f"/v1/members/{one}/merge", {"other_id": other}, 200)
    await post(chain, f"/v1/members/{one}/erase", status=200)
    kept = await rows(chain, "card")
    assert "SECRET" not in str(kept)
    assert sorted(row["state"] for row in kept) == ["ended", "ended", "replaced"]
    assert "SECRET" not in str([row["detail"] for row in await rows(chain, "audit")])


async def test_imports_give_change_and_refuse_cards(chain: Chain, drain: Any) -> None:
    await member(chain, external_id="old", card_no="O1")
    lost = await member(chain, external_id="lost", card_no="X1")
    await post(chain, "/v1/cards/X1/report-lost", status=200)
    file = (
        "external_id,card_no,name\n"
        "a,C1,甲\n"
        "b,C2,乙\n"
        "a,C3,甲\n"  # another card in the same file
        "c,C1,丙\n"  # was a's a moment ago
        "old,O2,旧\n"
        "lost,X1,失\n"
        "d,X1,丁\n"
    )
    errors = await imported(chain, drain, file)
    assert errors == [(5, "card-taken"), (7, "card-lost"), (8, "card-taken")]
    assert await states(chain) == {"C2": "active", "C3": "active", "O1": "ended", "O2": "active", "X1": "lost"}
    assert await card_no(chain, lost) is None
    assert await imported(chain, drain, "card_no,name\nO1,谁\nC2,乙二\n") == [(2, "card-taken")]


async def test_an_import_knows_cards_of_erased_people(chain: Chain, drain: Any) -> None:
    one = await member(chain, card_no="E1")
    await post(chain, f"/v1/members/{one}/erase", status=200)
    assert await imported(chain, drain, "card_no,name\nE1,x\nE2,y\n") == [(2, "card-taken")]


async def test_sales_of_before_it_was_lost_are_imported(chain: Chain, drain: Any) -> None:
    one = await member(chain, card_no="C1")
    await post(chain, "/v1/cards/C1/replace", {"card_no": "C2", "proof": "x"})
    file = "external_id,member,branch,occurred_at,amount\nt1,C1,{b},2026-01-01T00:00:00,1.00\n"
    code = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]
    assert await imported(chain, drain, file.format(b=code), "purchases") == []
    assert [str(row["member_id"]) for row in await rows(chain, "purchase")] == [one]


async def test_two_who_want_one_number(chain: Chain) -> None:
    for n in range(4):
        bodies = [{"name": f"{k}", "card_no": f"W{n}"} for k in range(4)]
        answers = await asyncio.gather(*(chain.http.post("/v1/members", json=body) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_card_lost_while_tills_read_it(chain: Chain) -> None:
    one = await member(chain, card_no="C0")
    for n in range(4):
        answers = await asyncio.gather(
            *(buy(chain, f"{n}-{k}", 100, card_no=f"C{n}") for k in range(4)),
            chain.http.post(f"/v1/cards/C{n}/replace", json={"card_no": f"C{n + 1}", "proof": "x"}),
            chain.http.post(f"/v1/cards/C{n}/report-lost", json={}),
        )
        assert {answer.status_code for answer in answers[:4]} <= {201, 409}
        assert answers[4].status_code == 201
        assert answers[5].status_code == 200
    assert await card_no(chain, one) == "C4"


async def test_a_card_is_printed_as_a_qr_code(chain: Chain) -> None:
    await member(chain, card_no="C1")
    answer = await chain.http.get("/v1/cards/C1/qr.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.startswith("<svg")
    assert "C1" not in answer.text
    assert (await chain.http.get("/v1/cards/none/qr.svg")).status_code == 404
    await post(chain, "/v1/cards/C1/report-lost", status=200)
    assert (await chain.http.get("/v1/cards/C1/qr.svg")).json()["type"] == "/problems/card-lost"


async def test_a_chain_that_is_closed_down_issues_nothing(chain: Chain) -> None:
    from support.clock import owner

    one = await member(chain, card_no="C1")
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    for path, body in (
        (f"/v1/members/{one}/cards", {}),
        ("/v1/cards/C1/report-lost", {}),
        ("/v1/cards/C1/replace", {"proof": "x"}),
        (f"/v1/members/{one}/wallet-codes", {}),
    ):
        answer = await chain.http.post(path, json=body)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/tenant-closed")
