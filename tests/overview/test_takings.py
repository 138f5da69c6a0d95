"""The pages of takings and of the settlement between branches, against facts recorded through the API."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from support.browsing import logged_in
from support.clock import set_clock
from support.counter import change_wallet, pays, topped_up
from support.till import bought, given_back, member

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # midday in Shanghai


def table(page: str, caption: str) -> list[list[str]]:
    """The texts of a table's cells, its head first."""
    body = page.split(f'<caption class="sr-only">{caption}</caption>')[1].partition("</table>")[0]
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in body.split("<tr>")[1:]
    ]


def way(kind: str, amount: int) -> list[dict[str, Any]]:
    return [{"type": kind, "amount": amount}]


async def test_who_took_what_by_day_clerk_and_branch(app: Any, chain: Any) -> None:
    await set_clock(chain.tenant_id, NOON)
    two = (await chain.http.post("/v1/branches", json={"code": "zz", "name": "二店"})).json()["id"]
    sale = await bought(chain, "1", 100_000, tenders=way("cash", 100_000), sold_by="小李")
    await bought(chain, "2", 4_500, tenders=way("wechat", 4_500), sold_by="小李")
    gone = await bought(chain, "3", 700, tenders=way("cash", 700), sold_by="小李")
    assert (await chain.http.post(f"/v1/purchases/{gone['id']}/undo", json={})).status_code == 200
    await set_clock(chain.tenant_id, NOON + timedelta(hours=12, minutes=30))  # the next day already, there
    await bought(chain, "4", 500, branch_id=two, tenders=way("cash", 500), sold_by="=小王")
    await given_back(chain, sale["id"], "r1", 1_000)

    async with logged_in(app, chain) as browser:
        page = (await browser.get("/reports/shifts")).text
        assert table(page, "By day") == [
            ["Day", "Cash", "WeChat Pay", "Together", "Tickets", "Given back", "Undone"],
            ["Mar 3, 2026", "-¥5.00", "—", "-¥5.00", "1", "1", "—"],
            ["Mar 2, 2026", "¥1,000.00", "¥45.00", "¥1,045.00", "2", "—", "1"],
            ["Together", "¥995.00", "¥45.00", "¥1,040.00", "3", "1", "1"],
        ]
        mine = {(line[0], line[1]): line[2:5] for line in table(page, "Who took what")[1:]}
        assert mine[("小李", "总店")] == ["¥1,000.00", "¥45.00", "¥1,045.00"], mine
        assert mine[("=小王", "二店")] == ["¥5.00", "—", "¥5.00"]
        assert not any(clerk.startswith("key:") for clerk, _ in mine), "integrations are called by name"

        path = f"/reports/shifts?from=2026-03-03&to=2026-03-03&branch_id={two}"
        page = (await browser.get(path)).text
        assert [line[0] for line in table(page, "By day")] == ["Day", "Mar 3, 2026"]
        assert [line[0] for line in table(page, "Who took what")] == ["Clerk", "=小王"]
        link = unescape(re.findall(r'href="(/v1/reports/shifts\.csv[^"]+)"', page)[0])
        rows = list(csv.DictReader(io.StringIO((await browser.get(link)).text.lstrip("\ufeff"))))
        assert {row["clerk"] for row in rows} == {"'=小王", ""}, "what the page shows, and nothing that runs"

        for asked, status in (
            ("shifts?from=2026-03-03&to=2026-03-02", 422),
            ("shifts?from=2025-11-01&to=2026-03-02", 422),
            ("shifts?from=x", 422),
            ("shifts?branch_id=01890000-0000-7000-8000-000000000000", 404),
            ("settlement?from=2025-01-01&to=2026-03-02", 422),
            ("settlement?to=2026-02-30", 422),
        ):
            answer = await browser.get(f"/reports/{asked}")
            assert answer.status_code == status, asked
            assert 'aria-invalid="true"' in answer.text or 'role="alert"' in answer.text


async def test_who_owes_whom(app: Any, chain: Any) -> None:
    await change_wallet(chain, top_up_bonus=[{"amount": 50_000, "bonus": 20_000}])
    await set_clock(chain.tenant_id, NOON)
    west = (await chain.http.post("/v1/branches", json={"code": "west", "name": "西店"})).json()["id"]
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000)
    await pays(chain, who, 35_000, west)
    async with logged_in(app, chain) as browser:
        page = (await browser.get("/reports/settlement?period=this_month")).text
        assert table(page, "Between which branches")[1:] == [["总店", "西店", "¥250.00", "¥0.00", "¥250.00", "¥100.00"]]
        assert sorted(table(page, "What each branch gets or pays")[1:]) == [
            ["总店", "¥0.00", "¥250.00", "pays ¥250.00"],
            ["西店", "¥250.00", "¥0.00", "gets ¥250.00"],
        ]
        link = unescape(re.findall(r'href="(/v1/reports/settlement\.csv[^"]+)"', page)[0])
        assert "250.00" in (await browser.get(link)).text
        alone = (await browser.get(f"/reports/settlement?period=this_month&branch_id={west}")).text
        assert f"branch_id={west}" in re.findall(r'href="(/v1/reports/settlement\.csv[^"]+)"', alone)[0]
        assert "Nobody owes anybody anything" in (await browser.get("/reports/settlement")).text
