"""The owner's page of the proof: when all was proved, what differs in words, and a proof at once."""

import re
from html import unescape
from typing import Any

from proving import plant, proof_of, prove
from support.browsing import csrf_of, log_in, logged_in, new_browser
from support.colleagues import PASSWORD, hire
from verifying.lived import Lived

from saas.scope import connection, tenant_scope

_WALLET = "UPDATE wallet_account SET principal = principal + 1 WHERE tenant_id = $1"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


async def begin(browser: Any) -> None:
    token = csrf_of((await browser.get("/proof")).text)
    answer = await browser.post("/proof", data={"_csrf": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/proof")


async def test_the_owner_proves_and_sees_what_differs(app: Any, lived: Lived, drain: Any) -> None:
    chain = lived.chain
    async with logged_in(app, chain) as browser, logged_in(app, chain, language="zh-CN") as chinese:
        assert "Not proved yet." in (await browser.get("/overview")).text
        page = (await browser.get("/proof")).text
        assert "The first proof comes by itself in the night" in page
        assert 'hx-trigger="every' not in page

        await begin(browser)
        await begin(browser)  # a second click shows the one at work
        page = (await browser.get("/proof")).text
        assert "At work" in page
        assert 'hx-get="/proof" hx-trigger="every' in page, "it follows, also after a reload"
        assert 'action="/proof"' not in page, "not twice at once"
        part = (await browser.get("/proof", headers={"HX-Request": "true"})).text
        assert part.lstrip().startswith('<div class="parts" id="proof"')
        async with tenant_scope(chain.tenant_id):
            assert await connection().fetchval("SELECT count(*) FROM proof WHERE tenant_id = $1", chain.tenant_id) == 1
        await drain(chain.tenant_id)
        page = (await browser.get("/proof")).text
        said = (await proof_of(chain))["text"]
        assert "Everything agrees" in page
        assert said in page
        assert said in (await browser.get("/overview")).text

        await plant(chain, _WALLET)
        await prove(chain, drain)
        for reader, language in ((browser, "en"), (chinese, "zh-CN")):
            told = await proof_of(chain, language)
            page = (await reader.get("/proof")).text
            text = text_of(page)
            for one in told["differences"]["data"]:
                assert one["text"] in text
                assert f'href="/members/{one["member_id"]}"' in page
            assert told["text"] in unescape((await reader.get("/overview")).text)
        balance = next(one for one in told["differences"]["data"] if one["kind"] == "wallet-principal")
        line = next(row for row in page.split("<tr>") if "<code>wallet-principal</code>" in row)
        assert re.findall(r'<td class="amount"[^>]*>([^<]+)<', line) == [
            f"¥{int(balance[side]) / 100:,.2f}" for side in ("expected", "stored")
        ]


async def test_only_who_may_see_the_proof_is_told(app: Any, chain: Any) -> None:
    hired = await hire(app, chain, role="manager")
    async with new_browser(app) as browser:
        await log_in(browser, hired["email"], PASSWORD)
        assert (await browser.get("/proof")).status_code == 403
        page = (await browser.get("/overview")).text
        assert 'href="/proof"' not in page
        token = csrf_of(page)
        assert (await browser.post("/proof", data={"_csrf": token})).status_code == 403
        async with tenant_scope(chain.tenant_id):
            assert await connection().fetchval("SELECT count(*) FROM proof WHERE tenant_id = $1", chain.tenant_id) == 0
