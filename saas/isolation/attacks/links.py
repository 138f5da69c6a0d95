"""What opens without a log-in: signed links, posters, tokens. Those of the other chain, spliced, bent, and its ids
behind a link of one's own.
"""

import base64
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from saas.isolation.cases.doors import PUBLIC
from saas.isolation.chains import client
from saas.isolation.knocks import NOBODYS, Ids
from saas.isolation.stage import Route, Side, Stage, broke, named, told
from tenants.exports.links import link_to

_TAG: Final = 32
"""Bytes of a signature, which stands in front of what it signs (`saas.secrets.sign`)."""
_TOKEN: Final = "A" * 43
_TICKET: Final = "A" * 24
_MISSING: Final = 404
_GONE: Final = frozenset({400, 403, 404, 410, 422})
SHOWN_TO_ALL: Final = frozenset(
    {
        ("GET", "/problems/{code:str}"),
        ("GET", "/v1/templates/{code:str}"),
        ("GET", "/templates/{code:str}"),
        ("GET", "/assets/{digest:str}/{name:str}"),
    }
)
"""Routes for everybody whose path names something that is no chain's."""

BEHIND_A_CARD: Final[dict[Route, Callable[[str, Ids], str]]] = {
    ("GET", "/c/{link:str}/coupons/{grant_id:uuid}"): lambda link, ids: f"/c/{link}/coupons/{ids.grant}",
    ("GET", "/c/{link:str}/rewards/{reward_id:uuid}"): lambda link, ids: f"/c/{link}/rewards/{ids.reward}",
    ("POST", "/c/{link:str}/rewards/{reward_id:uuid}"): lambda link, ids: f"/c/{link}/rewards/{ids.reward}",
}
BEHIND_A_TOKEN: Final[dict[Route, str]] = {
    ("GET", "/invitation/{token:str}"): f"/invitation/{_TOKEN}",
    ("POST", "/invitation/{token:str}"): f"/invitation/{_TOKEN}",
    ("GET", "/reset/{token:str}"): f"/reset/{_TOKEN}",
    ("POST", "/reset/{token:str}"): f"/reset/{_TOKEN}",
}
"""Kept by their SHA-256 alone, so that nothing can be bent: guessed ones."""


async def of_the_other(stage: Stage) -> None:
    """No bent link opens anything, no link of one's own opens what is the other's."""
    mine, theirs = await _card(stage.ours), await _card(stage.theirs)
    await stage.look()  # who had a card shown is in the audit log
    async with client(stage.app, {"Accept": "text/html"}) as anybody:
        for route in PUBLIC:
            if "{" not in route[1] or route in SHOWN_TO_ALL:
                continue
            for url in _bent(stage, route, mine, theirs):
                answer = await anybody.request(route[0], url)
                stage.record.tried("links", named(route), answer.status_code)
                if answer.status_code not in _GONE:
                    stage.record.leak("links", named(route), "a bent or guessed link", str(answer.status_code))
            if route in BEHIND_A_CARD:
                await _behind(stage, anybody, route, mine)
        await _unsigned(stage, anybody)
    await stage.hold("links", "all links")


def _bent(stage: Stage, route: Route, mine: str, theirs: str) -> list[str]:
    """Addresses that nobody has given out. A leak where it isn't known how to bend this route's."""
    path = route[1]
    if path.startswith("/c/{link:str}"):
        rest = path.removeprefix("/c/{link:str}").replace("{grant_id:uuid}", stage.theirs.furnished.grant_id)
        rest = rest.replace("{reward_id:uuid}", stage.theirs.furnished.reward_id)
        return [f"/c/{text}{rest}" for text in (*crossed(mine, theirs), _export(stage.theirs))]
    if path.startswith("/exports/files/"):
        return [f"/exports/files/{text}" for text in (*crossed(_export(stage.ours), _export(stage.theirs)), theirs)]
    if path.startswith("/join/{code:str}"):
        code = stage.theirs.furnished.join_code
        guessed = path.replace("{code:str}", f"{code[:-1]}{'a' if code[-1] != 'a' else 'b'}")
        return [guessed.replace("{ticket:str}", _TICKET)]
    if route in BEHIND_A_TOKEN:
        return [BEHIND_A_TOKEN[route]]
    stage.record.leak("links", named(route), "nothing", "it isn't known how to bend this link")
    return []


def crossed(mine: str, theirs: str) -> list[str]:
    """Their token with the signature of one's own, without one, with its last letter bent, and cut."""
    own, other = (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in (mine, theirs))
    raw = (own[:_TAG] + other[_TAG:], bytes(_TAG) + other[_TAG:], other[:-1] + bytes([other[-1] ^ 1]), other[_TAG:])
    return [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in raw]


async def _behind(stage: Stage, anybody: httpx.AsyncClient, route: Route, mine: str) -> None:
    """The other's coupons and rewards behind a card of one's own: as those that nobody has."""
    address = BEHIND_A_CARD[route]
    foreign = await anybody.request(route[0], address(mine, stage.theirs.ids))
    control = await anybody.request(route[0], address(mine, NOBODYS))
    stage.record.tried("links", named(route), foreign.status_code)
    if broke(foreign) or told(foreign, stage.theirs.ids) != told(control, NOBODYS):
        said = f"{foreign.status_code}: differs from the answer for nobody's id ({control.status_code})"
        stage.record.leak("links", named(route), "the other's id behind one's own card", said)


async def _unsigned(stage: Stage, anybody: httpx.AsyncClient) -> None:
    """What pretends to be Stripe's word about the other's customer, without its signature."""
    customer = f"cus_{stage.theirs.chain.tenant_id.hex}"
    about = {"object": "customer", "id": customer}
    event = {"object": "event", "id": "evt_x", "type": "customer.updated", "created": 1, "livemode": False}
    for signature in ({}, {"Stripe-Signature": "t=1,v1=" + "0" * 64}):
        answer = await anybody.post("/stripe/webhook", json={**event, "data": {"object": about}}, headers=signature)
        stage.record.tried("links", "POST /stripe/webhook", answer.status_code)
        if answer.status_code not in _GONE:
            stage.record.leak("links", "POST /stripe/webhook", "an event without a signature", str(answer.status_code))


async def _card(side: Side) -> str:
    """The signed part of the address of its member's card."""
    answer = await side.chain.http.post(f"/v1/members/{side.furnished.member_id}/card-link", json={})
    return urlsplit(str(answer.json()["url"])).path.rpartition("/")[2]


def _export(side: Side) -> str:
    """A signed link to its export's file."""
    link = link_to(side.chain.tenant_id, UUID(side.furnished.export_id), f"staff:{side.chain.session.staff_id}")
    return urlsplit(str(link["url"])).path.rpartition("/")[2]
