"""The overview's numbers against facts recorded through the API."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from browsing import logged_in

from saas.scope import tenant_scope
from tenants.members.phones import mask_phone
from tenants.overview import queries
from tenants.overview.view import tone_of


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def figure(page: str, title: str) -> str:
    (found,) = (part for part in page.split("<article") if 'class="card figure"' in part and title in part)
    return text_of(found)


async def enrol(chain: Any, **fields: str) -> str:
    answer = await chain.http.post("/v1/members", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def buy(chain: Any, number: str, amount: int, **more: Any) -> None:
    body = {"branch_id": chain.branch_id, "external_id": number, "amount": amount, "external_amounts": True, **more}
    answer = await chain.http.post("/v1/purchases", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_new_chain_learns_what_to_do_next(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/overview")).text
    assert "No members yet" in page
    assert "Nothing decided yet" in page
    assert "polyline" not in page


async def test_numbers_tiers_and_decisions_are_those_of_the_facts(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="+8618112348654")
    await enrol(chain, name="<b>Bo & Co</b>", phone="+8613900001111", joined_on="2020-02-29")
    now = datetime.now(UTC).isoformat()
    await buy(chain, "t1", 60_000, member_id=lin, occurred_at=now)
    await buy(chain, "t2", 20_000, occurred_at=now)
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/overview")).text
    assert " 2 " in figure(page, "Members</h2>")
    assert " 1 " in figure(page, "New this month")
    assert "800.00" in figure(page, "Sales this month")
    assert "2 purchases" in figure(page, "Sales this month")
    assert "75.0%" in figure(page, "share of sales")
    legend = text_of(page.split('class="legend"')[1].split("</table>")[0])
    assert re.search(r"Silver 1 50\.0% Regular 1 50\.0%", legend), legend
    rows = text_of(page.split('class="rows"')[1].split("</table>")[0])
    assert "林悦 181 **** 8654 Regular to Silver A purchase earned it" in rows
    shanghai = datetime.now(ZoneInfo("Asia/Shanghai"))
    assert f"{shanghai:%b} {shanghai.day} {shanghai:%H}:" in rows
    assert "18112348654" not in page
    assert "<b>Bo" not in page


async def test_the_page_is_whole_in_chinese(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        browser.cookies.delete("regulars_language")  # then it's the account's: zh-CN
        page = (await browser.get("/overview")).text
    assert '<html lang="zh-CN"' in page
    body = text_of(page.split("<main")[1])
    words = set(re.findall(r"[A-Za-z]{3,}", body.split(">", 1)[1])) - {"Asia", "Shanghai", "CSV"}
    assert not words, words


async def test_a_neighbours_members_are_nowhere(app: Any, chain: Any, new_chain: Any) -> None:
    other = await new_chain()
    await enrol(other, name="邻居", phone="+8613700001111")
    async with logged_in(app, chain) as browser:
        assert "邻居" not in (await browser.get("/overview")).text
        assert "No members yet" in (await browser.get("/overview")).text


async def test_several_ladders_stand_side_by_side(app: Any, new_chain: Any) -> None:
    pharmacy = await new_chain(template="pharmacy")
    async with logged_in(app, pharmacy) as browser:
        page = (await browser.get("/overview")).text
    assert page.count('class="chart donut"') == 2
    assert "Staff only" in page


async def test_a_partial_follows_running_work(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        part = (await browser.get("/overview/work", headers={"HX-Request": "true"})).text
        assert part.lstrip().startswith('<section class="card work"')
        assert "hx-trigger" not in part, "nothing runs, so nothing is asked again"
        answer = await chain.http.post("/v1/programme/recalculate", json={})
        assert answer.status_code == 202, answer.text
        part = (await browser.get("/overview/work", headers={"HX-Request": "true"})).text
        assert "Recalculation of tiers" in part
        assert 'hx-trigger="every 3s"' in part
        assert "<progress" in part


async def test_the_month_is_the_tenants_and_growth_counts_back_a_year(new_chain: Any) -> None:
    chain = await new_chain(timezone="Asia/Shanghai")
    for n, joined in enumerate(("2026-01-31", "2026-02-01", "2025-03-31", "2025-02-28")):
        await enrol(chain, external_id=f"m{n}", joined_on=joined)
    async with tenant_scope(chain.tenant_id):
        growth = await queries.growth(date(2026, 2, 10))
    assert (growth.total, growth.this_month, growth.last_month) == (4, 1, 1)
    assert growth.joined == [1, *[0] * 9, 1, 1]
    assert growth.totals == [2, *[2] * 9, 3, 4]


async def test_sales_of_a_month_end_at_the_local_midnight(new_chain: Any) -> None:
    chain = await new_chain(timezone="Asia/Shanghai")
    first = datetime.now(ZoneInfo("Asia/Shanghai")).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await buy(chain, "before", 100, occurred_at=(first - timedelta(seconds=1)).isoformat())
    await buy(chain, "in", 700, occurred_at=first.isoformat())
    async with tenant_scope(chain.tenant_id):
        sales = await queries.sales(first.date())
    assert (sales.purchases, sales.amount, sales.members_amount, sales.daily) == (1, 700, 0, [700])


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+8618112348654", "181 **** 8654"), ("+442071838750", "+44 **** 8750"), ("+4912345", "**** 2345"), (None, "")],
)
def test_a_phone_is_masked(phone: str | None, shown: str) -> None:
    assert mask_phone(phone) == shown


def test_each_tier_of_a_ladder_has_its_own_tone() -> None:
    for ranks in range(1, 8):
        tones = [tone_of(rank, ranks) for rank in range(ranks)]
        assert len(set(tones)) == ranks
        assert tones[0] == 0


async def test_a_merge_and_somebody_erased_are_shown(app: Any, chain: Any) -> None:
    """Whatever decided, and whoever it was about: the page has words for it."""
    one, two = await enrol(chain, name="林悦"), await enrol(chain, name="林悦")
    for n in range(4):  # none of them is large enough by itself
        await buy(chain, f"t{n}", 13_000, member_id=(one, two)[n % 2])
    merged = await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})
    assert merged.json()["tier"]["code"] == "silver"
    async with logged_in(app, chain) as browser:
        told = text_of((await browser.get("/overview")).text)
        assert "Two records became one" in told, told[-600:]
        await chain.http.post(f"/v1/members/{one}/erase", json={})
        page = await browser.get("/overview")
    assert page.status_code == 200
    assert "林悦" not in page.text
    assert " 0 " in figure(page.text, "Members</h2>")
