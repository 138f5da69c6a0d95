"""Over https each cookie says by its name how it was set, so that no other host of the domain can plant one."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.browsing import csrf_of, log_in, new_browser
from support.chains import Chain

from saas.settings import get_settings

SALE = {"amount": "12.00", "tender": "cash", "number": "till-1"}


@pytest.fixture
def https(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PUBLIC_URL", "https://testserver")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


async def test_every_cookie_says_by_its_name_how_it_was_set(app: Any, chain: Chain, https: None) -> None:
    async with new_browser(app) as browser:
        browser.base_url = httpx.URL("https://testserver")
        answers = [await browser.get("/login"), await log_in(browser, chain.email, chain.password)]
        token = {"_csrf": csrf_of((await browser.get("/account")).text)}
        place = {"branch_id": chain.branch_id}
        answers += [
            await browser.post("/preferences", data={"language": "en", "theme": "dark", "next": "/"}),
            await browser.post("/account/language", data={**token, "language": "en"}),
            await browser.post("/counter/branch", data={**token, **place}),
            await browser.post("/counter/sale", data={**token, **place, **SALE}),
            await browser.post("/account/till", data={**token, **place, "till_name": "1", "idle_minutes": "5"}),
            await browser.post("/operator/login", data={}),
            await browser.post("/logout", data=token),
        ]
    set_here = [line for answer in answers for line in answer.headers.get_list("set-cookie")]
    names = {line.partition("=")[0] for line in set_here}
    assert names >= {
        "__Host-regulars",
        "__Host-regulars-form",
        "__Host-regulars-till",
        "__Host-regulars_branch",
        "__Host-regulars_known",
        "__Host-regulars_language",
        "__Host-regulars_theme",
        "__Secure-regulars_tender",
    }
    for line in set_here:
        name, _, rest = line.partition("=")
        flags = {part.strip().lower() for part in rest.split(";")[1:]}
        assert {"secure", "httponly"} <= flags, line
        assert flags & {"samesite=lax", "samesite=strict"}, line
        assert not any(flag.startswith("domain") for flag in flags), line
        assert name.startswith("__Host-") == ("path=/" in flags), line
        assert name.startswith(("__Host-", "__Secure-")), line
        assert len(line.partition(";")[0]) < 4096


async def test_the_preferences_are_found_again_under_their_names(app: Any, https: None) -> None:
    async with new_browser(app, language="en") as browser:
        browser.base_url = httpx.URL("https://testserver")
        await browser.post("/preferences", data={"language": "zh-CN", "theme": "dark", "next": "/login"})
        assert '<html lang="zh-CN" data-theme="dark">' in (await browser.get("/login")).text
        browser.cookies.set("regulars_language", "en")
        assert '<html lang="zh-CN"' in (await browser.get("/login")).text, "without the prefix it is planted"
