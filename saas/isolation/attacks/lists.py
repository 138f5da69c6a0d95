"""Lists and pages that need no id: searched for the other chain, at one's own place in them and at the other's."""

import re
from typing import Any, Final
from uuid import UUID

from saas.isolation.cases.doors import CONSOLE
from saas.isolation.knocks import Ids, Knock
from saas.isolation.stage import Route, Side, Stage, broke, named, send
from saas.paging import Page, encode_cursor
from saas.settings import get_settings

_FIELDS: Final = {
    "member_id": "member",
    "purchase_id": "purchase",
    "segment_id": "segment",
    "coupon_id": "coupon",
    "reward_id": "reward",
    "pass_id": "sold_pass",
    "webhook_id": "webhook",
}
"""Whose list it is, by the name in its path."""
_SLOT: Final = re.compile(r"\{([a-z_]+):[a-z]+\}")
_SOMEWHERE: Final = encode_cursor(UUID(int=2**127))
_INVALID: Final = 422


LOCAL_LETTERS: Final = ("GET", "/outbox")
"""On one's own machine everybody sees every letter that would have been sent; in production there is no such page."""


def marks(side: Side) -> list[str]:
    """What is the other chain's alone: its ids and numbers, the names of its members, its key and chain."""
    mark = side.furnished.phone[-4:]
    return [*side.ids.only_theirs(), f"林{mark}", f"友{mark}", f"分店{mark}", f"员工{mark}", str(side.chain.tenant_id)]


async def without_naming_anything(stage: Stage) -> None:
    """Every GET without an id in its address."""
    theirs = marks(stage.theirs)
    for route in stage.routes:
        if route[0] != "GET" or "{" in route[1] or route in CONSOLE:
            continue
        answer = await send(stage.ours, "GET", Knock(route[1], 200))
        stage.record.tried("lists", named(route), answer.status_code)
        if route != LOCAL_LETTERS or get_settings().environment == "production":
            _search(stage, "lists", route, answer, theirs)
    await stage.hold("lists", "all lists")


async def at_the_others_place(stage: Stage) -> None:
    """Every list with cursors, one's own, from the other chain's cursor on."""
    theirs = marks(stage.theirs)
    for route, handler in stage.routes.items():
        if not takes_cursor(route, handler):
            continue
        place = await _cursor(stage.theirs, route)
        for cursor in {place, _SOMEWHERE}:
            url = filled(route[1], stage.ours.ids)
            answer = await send(stage.ours, "GET", Knock(url, 200, request={"params": {"cursor": cursor}}))
            stage.record.tried("foreign-cursor", named(route), answer.status_code)
            if answer.status_code == _INVALID and answer.json()["type"] == "/problems/invalid-cursor":
                continue
            _search(stage, "foreign-cursor", route, answer, theirs)
    await stage.hold("foreign-cursor", "all lists")


def takes_cursor(route: Route, handler: Any) -> bool:
    """Whether it is a call that answers page by page. (Pages make their lists of the same functions.)"""
    return route[0] == "GET" and handler.parsed_fn_signature.return_type.annotation is Page


def filled(path: str, ids: Ids) -> str:
    """The path with ids of a chain. Raises KeyError for a list of something that isn't known here."""
    return _SLOT.sub(lambda found: str(getattr(ids, _FIELDS[found[1]])), path)


async def _cursor(side: Side, route: Route) -> str:
    """Behind the first row of theirs; of a list of one row, somewhere."""
    answer = await send(side, "GET", Knock(filled(route[1], side.ids), 200, request={"params": {"limit": "1"}}))
    found = answer.json().get("next_cursor") if answer.is_success else None
    return str(found or _SOMEWHERE)


def _search(stage: Stage, attack: str, route: Route, answer: Any, theirs: list[str]) -> None:
    shown = sum(one in answer.text for one in theirs)
    if shown or broke(answer):
        said = f"{answer.status_code}: shows {shown} things of the other chain's" if shown else str(answer.status_code)
        stage.record.leak(attack, named(route), "as oneself", said)
