"""What branches owe each other for stored value, with the arithmetic."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from support.chains import Chain
from support.clock import set_clock
from support.counter import change_wallet, paid_out, pays, returns, topped_up
from support.till import member

Json = dict[str, Any]
# 23:30 on 2 March in Shanghai; half an hour later it is 3 March there, and still the 2nd in UTC.
LATE = datetime(2031, 3, 2, 15, 30, tzinfo=UTC)
STEPS = [{"amount": 50_000, "bonus": 20_000}]


async def branch(chain: Chain, code: str, kind: str = "franchise") -> str:
    answer = await chain.http.post("/v1/branches", json={"code": code, "name": f"={code}", "kind": kind})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def settled(chain: Chain, first: str = "2031-03-01", last: str = "2031-03-31", **headers: str) -> Json:
    answer = await chain.http.get(f"/v1/reports/settlement?from={first}&to={last}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert sum(each["balance"] for each in found["branches"]) == 0 or headers
    return found


def told(report: Json) -> dict[tuple[str | None, str | None], tuple[int, int, int, int]]:
    return {
        (p["holder"]["code"], p["place"]["code"]): (p["principal"], p["bonus"], p["paid_out"], p["net"])
        for p in report["pairs"]
    }


async def test_who_took_the_money_owes_where_it_was_used(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    await set_clock(chain.tenant_id, LATE)
    east, west = await branch(chain, "east"), await branch(chain, "west")
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000, branch_id=east)  # 充500得700 in the east
    await topped_up(chain, who, "U2", 10_000, branch_id=west)
    await pays(chain, who, 7_000, east)  # its own: 5,000 and 2,000
    bought = await pays(chain, who, 35_000, west)  # 35,000 x 2/7: 25,000 and 10,000
    await returns(chain, who, bought, 5_000, 2_000)  # at the main branch
    report = await settled(chain)
    main = next(p["place"]["code"] for p in report["pairs"] if p["place"]["code"] != "west")
    assert told(report) == {
        ("east", "west"): (25_000, 10_000, 0, 25_000),
        ("east", main): (-5_000, -2_000, 0, -5_000),
    }
    balances = {b["branch"]["code"]: (b["owes"], b["is_owed"], b["balance"]) for b in report["branches"]}
    assert balances == {
        "east": (20_000, 0, -20_000),
        "west": (0, 25_000, 25_000),
        main: (0, -5_000, -5_000),
    }
    assert {b["branch"]["kind"] for b in report["branches"]} == {"own", "franchise"}


async def test_money_paid_out_elsewhere_counts_as_it_left_the_till(chain: Chain) -> None:
    """充500得700 in the east, bonus first: 350 in the west took 200 of bonus and 150 of principal. The south pays the
    other 350 back, less 200 x 350/500 = 140 of bonus that was spent: 210 leave its till.
    """
    await change_wallet(chain, top_up_bonus=STEPS, spend_order="bonus_first")
    await set_clock(chain.tenant_id, LATE)
    east, west, south = [await branch(chain, code) for code in ("east", "west", "south")]
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000, branch_id=east)
    await pays(chain, who, 35_000, west)
    await paid_out(chain, who, "P1", 35_000, branch_id=south)
    report = await settled(chain)
    assert told(report) == {
        ("east", "south"): (0, 0, 21_000, 21_000),
        ("east", "west"): (15_000, 20_000, 0, 15_000),
    }
    # East took 500 and pays 360: 140 stay, what the spent bonus would have cost.
    assert [(b["branch"]["code"], b["balance"]) for b in report["branches"]] == [
        ("east", -36_000),
        ("south", 21_000),
        ("west", 15_000),
    ]


async def test_days_are_the_chains_own(chain: Chain) -> None:
    await set_clock(chain.tenant_id, LATE)
    east, west = await branch(chain, "east"), await branch(chain, "west")
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000, branch_id=east)
    await pays(chain, who, 100, west)
    await set_clock(chain.tenant_id, LATE + timedelta(minutes=40))
    await pays(chain, who, 20, west)
    assert told(await settled(chain, "2031-03-02", "2031-03-02")) == {("east", "west"): (100, 0, 0, 100)}
    assert told(await settled(chain, "2031-03-03", "2031-03-03")) == {("east", "west"): (20, 0, 0, 20)}
    assert told(await settled(chain, "2031-03-04", "2031-03-31")) == {}


async def test_a_table_for_the_accountant(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    await set_clock(chain.tenant_id, LATE)
    east, west = await branch(chain, "east"), await branch(chain, "west")
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000, branch_id=east)
    await pays(chain, who, 705, west)  # 705 x 2/7 = 201.4
    answer = await chain.http.get("/v1/reports/settlement.csv?from=2031-03-01&to=2031-03-31")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "settlement-2031-03-01-2031-03-31.csv" in answer.headers["content-disposition"]
    head, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert dict(zip(head, row, strict=True)) == {
        "holder": "east",
        "holder_name": "'=east",  # never a formula
        "place": "west",
        "place_name": "'=west",
        "principal": "5.04",
        "bonus": "2.01",
        "paid_out": "0.00",
        "net": "5.04",
        "currency": "CNY",
    }


async def test_a_franchisee_sees_what_concerns_it(chain: Chain, client: httpx.AsyncClient) -> None:
    await set_clock(chain.tenant_id, LATE)
    east, west, south = [await branch(chain, code) for code in ("east", "west", "south")]
    who = await member(chain)
    await topped_up(chain, who, "U1", 10_000, branch_id=east)
    await topped_up(chain, who, "U2", 10_000, branch_id=west)
    await pays(chain, who, 10_000, south)
    await pays(chain, who, 1_000, east)
    body = {"name": "south", "scopes": ["reports:read"], "branch_ids": [south]}
    key = (await chain.http.post("/v1/api-keys", json=body)).json()["key"]
    report = await settled(chain, Authorization=f"Bearer {key}")
    assert told(report) == {("east", "south"): (10_000, 0, 0, 10_000)}
    assert [b["branch"]["code"] for b in report["branches"]] == ["south"]
    assert len(told(await settled(chain))) == 2
    asked = "from=2031-03-01&to=2031-03-31&branch_id="
    alone = (await chain.http.get(f"/v1/reports/settlement?{asked}{south}")).json()
    assert (alone["pairs"], alone["branches"]) == (report["pairs"], report["branches"])
    file = await chain.http.get(f"/v1/reports/settlement.csv?{asked}{south}")
    assert len(file.text.splitlines()) == 2
    for path, status in ((f"{asked}{east}", 403), (f"{asked}{who}", 403), ("from=2031-03-01&to=2031-03-31", 200)):
        answer = await chain.http.get(f"/v1/reports/settlement?{path}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == status, path
    assert (await chain.http.get(f"/v1/reports/settlement?{asked}{who}")).status_code == 404
    without = {"name": "till", "scopes": ["wallet:write"]}
    key = (await chain.http.post("/v1/api-keys", json=without)).json()["key"]
    url = "/v1/reports/settlement?from=2031-03-01&to=2031-03-31"
    assert (await chain.http.get(url, headers={"Authorization": f"Bearer {key}"})).status_code == 403


async def test_what_it_is_asked_must_be_days(chain: Chain) -> None:
    for query, code in (
        ("from=2031-03-02&to=2031-03-01", "ends-before-it-begins"),
        ("from=2031-01-01&to=2032-01-02", "span-too-long"),
        ("from=2031-03-01", "required"),
        ("from=2031-02-30&to=2031-03-01", None),
    ):
        for path in ("settlement", "settlement.csv"):
            answer = await chain.http.get(f"/v1/reports/{path}?{query}")
            assert answer.status_code == 422
            assert code in {None, answer.json()["errors"][0]["code"]}
