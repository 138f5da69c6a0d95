"""Texts as an owner writes them, and the log of what was sent and what wasn't."""

import re
from html import unescape
from typing import Any
from uuid import UUID

from support.browsing import csrf_of, logged_in
from support.chains import Chain
from support.sending import hidden, said_of, send
from support.till import member

from saas.scope import tenant_scope
from tenants.messages.parts import sms_parts
from tenants.messages.sending import Outgoing, send_all

TEXTS = "/messages/texts"
NEW = f"{TEXTS}/new"
TEXT = {
    "names_en": "Spring",
    "purpose": "marketing",
    "channels": ["sms"],
    "texts_zh-CN": "{name}，{date}前到{chain}有礼",
    "texts_en": "{name}: a present waits at {chain} until {date}",
}


def lines_of(page: str) -> list[str]:
    """The table's rows as a reader sees them."""
    found = re.findall(r'<tr class="opens">(.*?)</tr>', page, re.DOTALL)
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", row))).strip() for row in found]


def samples_of(page: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<blockquote>(.*?)</blockquote>", page, re.DOTALL)]


async def test_a_text_is_written_shown_and_kept(app: Any, shop: Chain) -> None:
    async with logged_in(app, shop) as browser:
        seen = (await send(browser, NEW, at=TEXTS, act="look", **TEXT)).text
        chinese, english = sorted(samples_of(seen), key=len)
        assert chinese.startswith("王芳，")
        assert english.startswith("Wang Fang: a present waits at ")
        assert "{" not in chinese + english
        assert "1 text message" in seen
        assert "拒收请回复R" in seen
        page = (await browser.get(NEW)).text
        fields = {**TEXT, "act": "save", "act_id": hidden(page, "act_id")}
        for _ in range(2):  # sent twice, one is made
            assert (await send(browser, NEW, at=TEXTS, **fields)).status_code == 303
        listed = [line for line in lines_of((await browser.get(TEXTS)).text) if "Spring" in line]
        assert len(listed) == 1
        assert "Advertising SMS no campaign" in listed[0]
        code = listed[0].split()[1]

        edit = (await browser.get(f"{TEXTS}/{code}/edit")).text
        seen_mark = hidden(edit, "seen")
        other = {"names": {"zh-CN": "春", "en": "Spring"}, "purpose": "service", "channels": ["sms"]}
        other |= {"texts": {"zh-CN": "春", "en": "spring"}}
        assert (await shop.http.put(f"/v1/message-texts/{code}", json=other)).status_code == 200
        refused = await send(browser, f"{TEXTS}/{code}/edit", at=TEXTS, act="save", seen=seen_mark, **TEXT)
        assert refused.status_code == 409
        assert "Somebody changed it meanwhile" in refused.text
        again = {"act": "save", "seen": hidden(refused.text, "seen"), **TEXT}
        assert (await send(browser, f"{TEXTS}/{code}/edit", at=TEXTS, **again)).status_code == 303
        kept = (await shop.http.get(f"/v1/message-texts/{code}")).json()
        assert kept["texts"]["en"] == TEXT["texts_en"]
        assert "stays in the log" in (await browser.get(f"{TEXTS}/{code}/delete")).text
        assert (await send(browser, f"{TEXTS}/{code}/delete", at=TEXTS)).status_code == 303
        assert (await browser.get(f"{TEXTS}/{code}/edit")).status_code == 404


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"names_en": ""}, "names_en"),
    ({"texts_zh-CN": "", "texts_en": ""}, "texts_zh-CN"),
    ({"texts_zh-CN": "{mood}", "texts_en": "{mood}"}, "texts_zh-CN"),
    ({"texts_en": "{name}"}, "texts"),
    ({"texts_zh-CN": "长" * 501, "texts_en": ""}, "texts"),
    ({"channels": []}, "channels"),
    ({"channels": ["fax"]}, "channels"),
    ({"purpose": "joke"}, "purpose"),
    ({"code": "welcome"}, "code"),
]


async def test_what_is_wrong_stands_beside_it(app: Any, shop: Chain) -> None:
    async with logged_in(app, shop) as browser:
        page = (await browser.get(NEW)).text
        common = {"act": "save", "act_id": hidden(page, "act_id"), "_csrf": csrf_of(page)}
        for wrong, field in WRONG:
            answer = await browser.post(NEW, data={**common, **TEXT, **wrong})
            assert answer.status_code in {409, 422}, wrong
            assert said_of(answer.text, field), (wrong, re.findall(r'id="about-([^"]*)">', answer.text))
        sent = await send(browser, f"{TEXTS}/welcome/delete", at=TEXTS)
        assert sent.status_code == 409
        assert "Welcome gift" in sent.text


async def test_the_log_says_who_was_told_and_why_others_were_not(
    app: Any, chain: Chain, drain: Any, colleague: Any
) -> None:
    agreed = await member(chain, name="Wang Xiu", phone="13800138000", consents={"sms": True})
    silent = await member(chain, name="Wang Lei", phone="13800138001")
    async with tenant_scope(chain.tenant_id):
        sent = [Outgoing(UUID(one), "sms", "campaign:welcome-gift", "您好") for one in (agreed, silent)]
        await send_all([*sent, Outgoing(UUID(silent), "wechat", "wallet_code", "1234", marketing=False)], noted=True)
    await drain(chain.tenant_id)
    async with logged_in(app, chain) as browser:
        whole = lines_of((await browser.get("/messages")).text)
        assert len(whole) == 3
        assert "Code to pay from stored value WeChat Not sent Has no WeChat account with you" in whole[0]
        assert "Welcome gift SMS · Advertising Not sent Hasn’t agreed to advertising by this channel" in whole[1]
        assert re.match(r"Wang Xiu .*138 \*\*\*\* 8000 Welcome gift SMS · Advertising Sent ", whole[2])
        for query, count in (
            ("state=skipped", 2),
            ("channel=wechat", 1),
            ("purpose=campaign:welcome-gift&state=sent", 1),
            ("purpose=campaign:none", 0),
            (f"member_id={silent}", 2),
        ):
            assert len(lines_of((await browser.get(f"/messages?{query}")).text)) == count, query
        found = await browser.get("/messages", params={"who": "Wang Xiu", "state": "sent"})
        assert found.headers["location"] == f"/messages?state=sent&member_id={agreed}"
        several = await browser.get("/messages", params={"who": "Wang"})
        assert several.text.count("member_id=") == 2
        nobody = await browser.get("/messages", params={"who": "Zhao"})
        assert (nobody.status_code, said_of(nobody.text, "who")) == (422, "no such member")
        for wrong in ("state=lost", "member_id=x", "cursor=x", "purpose=%00"):
            assert (await browser.get(f"/messages?{wrong}")).status_code in {200, 422}, wrong
        assert (await browser.get(f"/messages?member_id={UUID(int=1)}")).status_code == 422
    async with logged_in(app, await colleague(chain, "clerk")) as browser:
        for path in (NEW, f"{TEXTS}/welcome/edit", f"{TEXTS}/welcome/delete"):
            assert (await browser.get(path)).status_code == 403
            assert (await send(browser, path, at=TEXTS)).status_code == 403


def test_text_messages_are_counted_as_carriers_do() -> None:
    """TS 23.038: 160 characters of the default alphabet, 153 in each of several; 70 and 67 of any other."""
    counted = {"": 1, "a" * 160: 1, "a" * 161: 2, "a" * 306: 2, "a" * 307: 3, "€" * 80: 1, "€" * 81: 2}
    counted |= {"会" * 70: 1, "会" * 71: 2, "会" * 134: 2, "会" * 135: 3, "🎂" * 35: 1, "🎂" * 36: 2}
    assert {text: sms_parts(text) for text in counted} == counted
