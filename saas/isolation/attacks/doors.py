"""Who comes without credentials, with ended ones, or to the wrong door."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import httpx

from saas.isolation.cases.doors import PUBLIC
from saas.isolation.chains import client
from saas.isolation.knocks import NOBODYS
from saas.isolation.stage import Stage, named
from saas.sessions import cookie_name, end_session, start_session

_SLOTS: Final = {"uuid": NOBODYS.member, "str": NOBODYS.key, "int": "1"}
_LOOKS_RIGHT: Final = "rk_live_AAAAAAAAAAA_" + "B" * 44 + "_00000000"
_NOTHING: Final[tuple[Mapping[str, str], ...]] = (
    {},
    {"Authorization": f"Bearer {_LOOKS_RIGHT}"},
    {"Authorization": "Bearer nonsense"},
    {"Authorization": "Basic Og=="},
)
_UNAUTHENTICATED: Final = 401
_SEE_OTHER: Final = 303


def address(path: str) -> str:
    """The path template with ids that nobody has."""
    return re.sub(r"\{[a-z_]+:([a-z]+)\}", lambda found: _SLOTS[found[1]], path)


def shut(handler: Any, answer: httpx.Response) -> bool:
    """Whether it was sent away as a stranger: from a page to the log-in, from a call with 401."""
    door = {"page": "/login", "operator": "/operator/login"}.get(handler.opt.get("auth", "key"))
    if door is None:
        problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        return answer.status_code == _UNAUTHENTICATED and problem and "www-authenticate" in answer.headers
    return answer.status_code == _SEE_OTHER and answer.headers["location"].partition("?")[0] == door


async def without_credentials(stage: Stage) -> None:
    """Every route that isn't for everybody, as a stranger; then with a key and a session that have ended."""
    cookie = cookie_name()
    nothing = [*_NOTHING, {"Cookie": f"{cookie}=nonsense"}, {"Cookie": "regulars_operator=" + "A" * 43}]
    await _everywhere(stage, "no-credentials", nothing)
    await _everywhere(stage, "ended-credentials", await _ended(stage))


async def _ended(stage: Stage) -> list[dict[str, str]]:
    """A key of theirs that was revoked, a session of theirs that has ended."""
    chain = stage.theirs.chain
    made = (await chain.http.post("/v1/api-keys", json={"name": "ended", "scopes": ["admin"]})).json()
    await chain.http.delete(f"/v1/api-keys/{made['id']}")
    token = await start_session(chain.account_id, chain.tenant_id)
    await end_session(sha256(token.encode()).digest())
    await stage.look()
    return [{"Authorization": f"Bearer {made['key']}"}, {"Cookie": f"{cookie_name()}={token}"}]


async def _everywhere(stage: Stage, attack: str, tries: Sequence[Mapping[str, str]]) -> None:
    async with client(stage.app) as stranger:
        for route, handler in stage.routes.items():
            if route in PUBLIC:
                continue
            for headers in tries:
                answer = await stranger.request(route[0], address(route[1]), headers=headers)
                stage.record.tried(attack, named(route), answer.status_code)
                if not shut(handler, answer):
                    stage.record.leak(attack, named(route), ", ".join(headers) or "nothing", str(answer.status_code))
    await stage.hold(attack, "all routes")


async def at_the_wrong_door(stage: Stage) -> None:
    """One's own key and session at the console, about the other chain; one's own key at pages."""
    chain = stage.ours.chain
    key, session = {"Authorization": f"Bearer {chain.key}"}, {"Cookie": f"{cookie_name()}={chain.token}", **chain.csrf}
    async with client(stage.app) as http:
        for route, handler in stage.routes.items():
            door = handler.opt.get("auth", "key")
            if door not in {"page", "operator"}:
                continue
            where = address(route[1])
            if door == "operator":
                where = where.replace(NOBODYS.member, str(stage.theirs.chain.tenant_id))
            for headers in (key, session) if door == "operator" else (key,):
                answer = await http.request(route[0], where, headers=headers)
                stage.record.tried("wrong-door", named(route), answer.status_code)
                if not shut(handler, answer):
                    stage.record.leak("wrong-door", named(route), next(iter(headers)), str(answer.status_code))
    await stage.hold("wrong-door", "all pages")


async def with_the_others_session(stage: Stage) -> None:
    """Every unsafe route: their session with our form token, and ours with theirs. (Both theirs: their browser.)"""
    ours, theirs, cookie = stage.ours.chain, stage.theirs.chain, cookie_name()
    mixed = (
        ("their session, our form token", {"Cookie": f"{cookie}={theirs.token}", **ours.csrf}),
        ("our session, their form token", {"Cookie": f"{cookie}={ours.token}", **theirs.csrf}),
    )
    async with client(stage.app) as http:
        for route, handler in stage.routes.items():
            if route[0] == "GET" or route in PUBLIC or handler.opt.get("auth", "key") == "operator":
                continue
            for tried, headers in mixed:
                answer = await http.request(route[0], address(route[1]), headers=headers)
                stage.record.tried("foreign-session", named(route), answer.status_code)
                if not _refused_form(answer):
                    stage.record.leak("foreign-session", named(route), tried, str(answer.status_code))
    await stage.hold("foreign-session", "all unsafe routes")


def _refused_form(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.FORBIDDEN
