"""Who uses up the tries of somebody's account keeps others out, not its owner."""

from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from support.browsing import log_in, new_browser
from support.chains import Chain

from saas.login.known import COOKIE, MOST, KnownBrowser, browser_of
from saas.login.throttle import TRIES_PER_ACCOUNT
from saas.secrets import sign

WRONG = "wrong wrong wrong"


async def besiege(app: Any, chain: Chain) -> None:
    """Somebody elsewhere, until the account takes no try from anywhere."""
    async with new_browser(app) as stranger:
        answers = [(await log_in(stranger, chain.email, WRONG)).status_code for _ in range(TRIES_PER_ACCOUNT + 1)]
        assert answers == [401] * TRIES_PER_ACCOUNT + [429]
    async with new_browser(app) as elsewhere:
        assert (await log_in(elsewhere, chain.email, chain.password)).status_code == 429


async def test_the_owner_s_browser_still_gets_in_and_has_limits_of_its_own(app: Any, chain: Chain) -> None:
    async with new_browser(app) as own:
        assert (await log_in(own, chain.email, chain.password)).status_code == 303
        known = own.cookies[COOKIE]
        await besiege(app, chain)
        for _ in range(2):  # a good log-in leaves the others' count as it is, and its own at none
            own.cookies.delete("regulars_session")
            assert (await log_in(own, chain.email, chain.password)).status_code == 303
        own.cookies.delete("regulars_session")
        tried = [(await log_in(own, chain.email, WRONG)).status_code for _ in range(TRIES_PER_ACCOUNT + 1)]
        assert tried == [401] * TRIES_PER_ACCOUNT + [429]
    async with new_browser(app) as copied:
        copied.cookies[COOKIE] = known
        assert (await log_in(copied, chain.email, chain.password)).status_code == 429, "a copy counts with it"


async def test_it_opens_nothing_and_is_good_for_its_account_alone(app: Any, chain: Chain, new_chain: Any) -> None:
    other = await new_chain()
    async with new_browser(app) as browser:
        await log_in(browser, chain.email, chain.password)
        browser.cookies.delete("regulars_session")
        assert (await browser.get("/overview")).headers["location"] == "/login?next=/overview"
        await besiege(app, other)
        assert (await log_in(browser, other.email, other.password)).status_code == 429


async def test_a_cookie_that_is_not_ours_changes_nothing(app: Any, chain: Chain) -> None:
    await besiege(app, chain)
    for planted in ("", "x", sign("known-browser", b"short"), sign("another", b"A" * 22)):
        async with new_browser(app) as browser:
            browser.cookies[COOKIE] = planted
            assert (await log_in(browser, chain.email, chain.password)).status_code == 429


def test_it_holds_the_latest_dozen(database: None) -> None:
    people = [UUID(int=n) for n in range(MOST + 3)]
    browser = KnownBrowser("A" * 22)
    for person in people:
        value = browser.cookie(person).value
        assert value is not None
        assert len(COOKIE) + len(value) < 4096
        headers = [(b"cookie", f"{COOKIE}={value}".encode())]
        browser = browser_of(ASGIConnection({"type": "http", "headers": headers, "state": {}}))  # type: ignore[typeddict-item,arg-type]
    assert browser.id == "A" * 22
    assert [browser.knows(person) for person in people] == [False] * 3 + [True] * MOST
