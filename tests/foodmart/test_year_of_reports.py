"""FoodMart's year 1997 through the reports, against RFM scores of two other programs and sums of its files."""

import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from foodmart.test_foodmart import DATA, MEMBERS, PURCHASES, NewChain, imported, pytestmark, rows
from support.chains import Chain
from support.clock import set_clock
from support.plan_held import give_plan

__all__ = ["pytestmark"]  # without the data these tests are skipped, too

Json = dict[str, Any]
YEAR = {"from": "1997-01-01", "to": "1997-12-31"}
GROUPS = {
    "Recent Customers": "recent",
    "Promising": "promising",
    "Potential Loyalist": "potential_loyalist",
    "Champions": "champion",
    "Loyal Customers": "loyal",
    "About To Sleep": "about_to_sleep",
    "Customers Needing Attention": "needs_attention",
    "Hibernating": "hibernating",
    "At Risk": "at_risk",
    "Lost": "lost",
    "Can't Lose Them": "cant_lose",
}


async def report(chain: Chain, name: str, **query: str) -> Json:
    answer = await chain.http.get(f"/v1/reports/{name}", params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_a_year_of_reports(new_chain: NewChain, drain: Callable[[], Awaitable[Any]]) -> None:
    """One import for all of them: it takes longer than they do."""
    chain = await new_chain(timezone="UTC")
    await give_plan(chain.tenant_id, "chain")  # it has 24 stores
    await set_clock(chain.tenant_id, datetime(1998, 1, 1, 12, tzinfo=UTC))
    assert (await imported(chain, drain, "members", MEMBERS))["imported"] == 10_281
    assert (await imported(chain, drain, "purchases", PURCHASES))["imported"] == 20_530
    bought = rows("purchases.csv.gz")

    await rfm_agrees(chain)
    await sales_agree(chain, bought)
    await buyers_agree(chain, bought)
    await cohorts_agree(chain, bought)
    await pareto_agrees(chain)
    await branches_agree(chain, bought)


async def rfm_agrees(chain: Chain) -> None:
    expected = json.loads((DATA / "expected" / "summary.json").read_text())["c_rfm"]["prank"]
    for query in ({"to": "1997-12-31"}, YEAR):  # a whole life, and the year, are the same here
        found = await report(chain, "rfm", **query)
        groups = {row["group"]: row["members"] for row in found["groups"]}
        assert groups == {GROUPS[name]: n for name, n in expected["segments_11"].items()}
        for letter in "rfm":
            scores: Counter[str] = Counter()
            for cell in found["cells"]:
                scores[str(cell[letter])] += cell["members"]
            assert scores == expected[f"{letter.upper()}_scores"]
        cells = Counter((row["R_prank"], row["F_prank"], row["M_prank"]) for row in rows("expected/rfm_members.csv.gz"))
        assert {(str(c["r"]), str(c["f"]), str(c["m"])): c["members"] for c in found["cells"]} == cells


async def sales_agree(chain: Chain, bought: list[dict[str, str]]) -> None:
    found = await report(chain, "overview", **YEAR)
    assert (found["sales"]["amount"], found["sales"]["purchases"]) == (56_523_813, 20_530)
    assert found["sales"]["member_share"] == "1.0000"
    months: Counter[str] = Counter()
    for row in bought:
        months[row["occurred_at"][:7]] += int(row["amount_cents"])
    assert {step["from"][:7]: step["amount"] for step in found["steps"]} == months
    joined = Counter(row["joined_at"][:7] for row in rows("members.csv.gz"))
    assert {s["from"][:7]: s["joined"] for s in found["steps"] if s["joined"]} == {
        month: n for month, n in joined.items() if month.startswith("1997")
    }


async def buyers_agree(chain: Chain, bought: list[dict[str, str]]) -> None:
    for first, last in (("1997-01-01", "1997-12-31"), ("1997-05-01", "1997-05-31"), ("1997-05-10", "1997-06-20")):
        times = Counter(row["member_id"] for row in bought if first <= row["occurred_at"][:10] <= last)
        found = (await report(chain, "overview", **{"from": first, "to": last}))["buyers"]
        assert (found["members"], found["again"]) == (len(times), sum(n > 1 for n in times.values())), first


async def cohorts_agree(chain: Chain, bought: list[dict[str, str]]) -> None:
    months: dict[str, set[str]] = defaultdict(set)
    for row in bought:
        months[row["member_id"]].add(row["occurred_at"][:7])
    expected: Counter[tuple[str, str]] = Counter()
    for mine in months.values():
        expected.update((min(mine), month) for month in mine)
    found = await report(chain, "cohorts", **YEAR)
    cells = {
        (row["month"][:7], f"1997-{int(row['month'][5:7]) + n:02}"): members
        for row in found["cohorts"]
        for n, members in enumerate(row["active"])
        if members
    }
    assert cells == expected


async def pareto_agrees(chain: Chain) -> None:
    spent = sorted((int(row["monetary_cents"]) for row in rows("expected/rfm_members.csv.gz")), reverse=True)
    total = sum(spent)
    for percent in (20, 50, 80, 95, 100):
        so_far = top = 0
        while so_far * 100 < percent * total:
            so_far, top = so_far + spent[top], top + 1
        found = await report(chain, "pareto", **YEAR, percent=str(percent))
        assert (found["members"], found["revenue"], found["top"]) == (len(spent), total, top), percent


async def branches_agree(chain: Chain, bought: list[dict[str, str]]) -> None:
    sums: Counter[str] = Counter()
    who: dict[str, Counter[str]] = defaultdict(Counter)
    for row in bought:
        if "1997-05-10" <= row["occurred_at"][:10] <= "1997-06-20":
            sums[row["branch_id"]] += int(row["amount_cents"])
            who[row["branch_id"]][row["member_id"]] += 1
    found = (await report(chain, "branches", **{"from": "1997-05-10", "to": "1997-06-20"}))["branches"]
    assert {row["branch"]["code"]: row["amount"] for row in found if row["amount"]} == sums
    assert {row["branch"]["code"]: (row["buyers"], row["again"]) for row in found if row["buyers"]} == {
        code: (len(times), sum(n > 1 for n in times.values())) for code, times in who.items()
    }
