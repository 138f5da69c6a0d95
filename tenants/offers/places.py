"""The branches of a form: those that are open, and where who is logged in may act."""

from collections.abc import Collection
from typing import Any, Final

from litestar import Request

from saas.scope import current
from tenants.branches.branch import branches

COOKIE: Final = "regulars_branch"
_MOST: Final = 2_000


async def open_branches() -> list[dict[str, Any]]:
    """All that haven't closed, in the order they were opened."""
    return [one for one in await branches(None, _MOST) if one["closed_at"] is None]


async def branches_to_choose(chosen: Collection[str]) -> list[dict[str, Any]]:
    """The open ones, and those that are chosen already by their codes though they have closed: a form without them
    would widen what is meant for them alone.
    """
    return [one for one in await branches(None, _MOST) if one["closed_at"] is None or one["code"] in chosen]


async def own_branches() -> list[dict[str, Any]]:
    """Those where who is logged in may act."""
    return [one for one in await open_branches() if current().principal.may_at(one["id"])]


def chosen(request: Request[Any, Any, Any], places: list[dict[str, Any]]) -> str:
    """The branch that a form begins with: the one this browser stands in, else the only one; else none."""
    known = {str(one["id"]) for one in places}
    before = request.cookies.get(COOKIE, "")
    if before in known:
        return before
    return next(iter(known)) if len(known) == 1 else ""
