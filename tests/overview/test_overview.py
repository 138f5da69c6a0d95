"""The overview's numbers against facts recorded through the API."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.browsing import logged_in
from support.clock import owner

from tenants.members.phones import mask_phone
from tenants.reports import answers
from tenants.tiers.labels import tone_of


@pytest.fixture(scope="module")
async def overseen(new_chain: Any) -> Any:
    """A chain of nothing, looked at in several ways."""
    return await new_chain()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def figure(page: str, title: str) -> str:
    """What the figure of this title says, without what it means."""
    articles = [part.split("</article>")[0] for part in page.split("<article")[1:]]
    (found,) = (part for part in articles if re.search(rf">{title}<(/a|details)", part))
    return text_of("<" + found.split("<details")[0] + found.split("</details>")[1])


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
    assert "First steps" in page
    assert "No members yet" not in page, "it is one of the steps"
    assert "Nothing decided yet" in page
    assert "Nobody has bought yet" in page


async def test_numbers_tiers_and_decisions_are_those_of_the_facts(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦", phone="+8618112348654")
    await enrol(chain, name="<b>Bo & Co</b>", phone="+8613900001111", joined_on="2020-02-29")
    now = datetime.now(UTC).isoformat()
    await buy(chain, "t1", 60_000, member_id=lin, occurred_at=now)
    await buy(chain, "t2", 20_000, occurred_at=now)
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/overview")).text
    assert " 2 " in figure(page, "Members")
    assert " 1 " in figure(page, "New members")
    assert "800.00" in figure(page, "Sales")
    assert "75.0%" in figure(page, "Members’ share of sales")
    assert "0 of 1 buyer" in figure(page, "Repurchase rate")
    assert "400.00" in figure(page, "Average purchase")
    mix = text_of(page.split('id="mix-1-title"')[1].split("</section>")[0])
    assert re.search(r"Silver 1 50\.0% Regular 1 50\.0%", mix), mix
    rows = text_of(page.split('class="rows decisions"')[1].split("</table>")[0])
    assert "林悦 181 **** 8654 Regular to Silver A purchase earned it" in rows
    shanghai = datetime.now(ZoneInfo("Asia/Shanghai"))
    assert f"{shanghai:%b} {shanghai.day} {shanghai:%H}:" in rows
    assert "18112348654" not in page
    assert "<b>Bo" not in page


async def test_every_chart_says_what_it_shows_and_has_its_numbers(app: Any, chain: Any) -> None:
    lin = await enrol(chain, name="林悦")
    await buy(chain, "t1", 60_000, member_id=lin)
    async with logged_in(app, chain) as browser:
        for path in ("/overview", "/overview?period=last_12_months&against=year", "/reports/loyalty"):
            answer = await browser.get(path)
            assert answer.num_bytes_downloaded < 30_000, "with styles and scripts no more than 60 KB"
            page = answer.text
            charts = page.split('<svg class="chart plot')[1:]
            assert charts, path
            for chart in charts:
                assert re.search(
                    r'role="img" aria-labelledby="(\S+) (\S+)"><title id="\1">[^<]+</title><desc id="\2">[^<]+<', chart
                )
                assert "<tbody>" in chart.split("</section>")[0]
            assert 'style="' not in page


async def test_what_is_asked_for_is_in_the_address_and_links_lead_to_the_members(app: Any, chain: Any) -> None:
    second = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "徐家汇店"})).json()["id"]
    lin = await enrol(chain, name="林悦", phone="+8618112348654")
    await buy(chain, "t1", 60_000, member_id=lin)
    await buy(chain, "t2", 9_000, branch_id=second)
    async with logged_in(app, chain) as browser:
        page = (await browser.get(f"/overview?period=this_month&against=year&branch_id={second}")).text
        assert "90.00" in figure(page, "Sales")
        assert f'<option value="{second}" selected>' in page
        assert f"/overview?period=last_7&amp;against=year&amp;branch_id={second}" in page
        assert "Stored value" not in page, "it is the whole chain's"
        page = (await browser.get("/overview")).text
        for link in re.findall(r'href="(/members\?[^"]+)"', page.split('id="board"')[1]):
            found = (await browser.get(unescape(link))).text
            assert "no such" not in found.lower(), link
        champions = re.findall(r'href="([^"]+)" title="[^"]*: 1 \(100', page)
        assert len(champions) == 1
        assert "林悦" in (await browser.get(champions[0])).text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=2026-05-01&to=2026-04-01", "later than the beginning"),
        ("from=2010-01-01", "at most 1830 days"),
        ("from=yesterday", "2026"),
        ("branch_id=01970000-0000-7000-8000-000000000002", "no such branch"),
        ("branch_id=x", ""),
        ("period=ever&against=never", None),
    ],
)
async def test_what_is_wrong_is_said_and_the_usual_days_are_shown(
    app: Any, overseen: Any, query: str, said: str | None
) -> None:
    async with logged_in(app, overseen) as browser:
        answer = await browser.get(f"/overview?{query}")
    assert answer.status_code == (200 if said is None else 404 if "01970000" in query else 422)
    assert 'class="card figure"' in answer.text
    assert (said or "") in text_of(answer.text)
    if said is not None:
        assert 'aria-invalid="true"' in answer.text or 'role="alert"' in answer.text


async def test_a_clerk_sees_what_goes_on_and_no_reports(app: Any, overseen: Any) -> None:
    await (await owner()).execute("UPDATE staff SET role = 'clerk' WHERE tenant_id = $1", overseen.tenant_id)
    await (await owner()).execute(
        "UPDATE platform.account_tenant SET role = 'clerk' WHERE tenant_id = $1", overseen.tenant_id
    )
    try:
        async with logged_in(app, overseen) as browser:
            page = await browser.get("/overview")
            assert page.status_code == 200
            assert "Latest decisions" in page.text
            assert 'class="card figure"' not in page.text
            assert (await browser.get("/reports/loyalty")).status_code == 403
    finally:
        await (await owner()).execute("UPDATE staff SET role = 'owner' WHERE tenant_id = $1", overseen.tenant_id)
        await (await owner()).execute(
            "UPDATE platform.account_tenant SET role = 'owner' WHERE tenant_id = $1", overseen.tenant_id
        )


async def test_a_large_chains_page_follows_the_job(
    app: Any, chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SMALL", -1)
    await buy(chain, "t1", 60_000)
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/overview")).text
        assert "Being worked out" in page
        assert 'hx-get="/overview?period=last_30"' in page
        assert (await drain(chain.tenant_id)).failed == 0
        part = (await browser.get("/overview?period=last_30", headers={"HX-Request": "true"})).text
    assert part.lstrip().startswith('<div class="board" id="board">'), "all is there: nothing is asked again"
    assert "600.00" in figure(part, "Sales")


async def test_the_page_is_whole_in_chinese(app: Any, chain: Any) -> None:
    async with logged_in(app, chain) as browser:
        browser.cookies.delete("regulars_language")  # then it's the account's: zh-CN
        page = (await browser.get("/overview")).text
    assert '<html lang="zh-CN"' in page
    body = text_of(page.split("<main")[1].split("</main>")[0])
    words = set(re.findall(r"[A-Za-z]{3,}", body.split(">", 1)[1])) - {"Asia", "Shanghai", "CSV", "RFM"}
    assert not words, words


async def test_a_neighbours_members_are_nowhere(app: Any, chain: Any, new_chain: Any) -> None:
    other = await new_chain()
    await enrol(other, name="邻居", phone="+8613700001111")
    async with logged_in(app, chain) as browser:
        assert "邻居" not in (await browser.get("/overview")).text
        await (await owner()).execute(
            "INSERT INTO first_step (tenant_id, code, done_by) VALUES ($1, 'dismissed', 'x')", chain.tenant_id
        )
        page = (await browser.get("/overview")).text
        assert "No members yet" in page
        assert "/members/new" in page.split("<main")[1]


async def test_several_ladders_stand_side_by_side(app: Any, new_chain: Any) -> None:
    pharmacy = await new_chain(template="pharmacy")
    async with logged_in(app, pharmacy) as browser:
        page = (await browser.get("/overview")).text
    assert page.count('class="chart plot stacked"') == 2
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
        await (await owner()).execute("DELETE FROM report_answer WHERE tenant_id = $1", chain.tenant_id)
        page = await browser.get("/overview")
    assert page.status_code == 200
    assert "林悦" not in page.text
    assert " 0 " in figure(page.text, "Members")
