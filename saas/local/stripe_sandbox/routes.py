"""Which function answers which call, and what it is given."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import stripe

from saas.local.stripe_sandbox import contract
from saas.local.stripe_sandbox.errors import ContractError, invalid, not_simulated
from saas.local.stripe_sandbox.store import Object, Store

_PAGING: Final = ("limit", "starting_after", "ending_before")
_GREATEST_PAGE: Final = 100


@dataclass
class Call:
    """A request on its way: `params` typed as Stripe reads them, `path` the values in the address."""

    store: Store
    params: dict[str, Any]
    path: dict[str, str] = field(default_factory=dict)
    url: str = ""
    now: int = 0
    expand: tuple[str, ...] = ()
    declared: bool = False

    def only(self, *names: str) -> None:
        """What of the known parameters the handler heeds (`items.price` is that of every item); 501 for any other."""
        self.declared = True
        for leaf in _leaves(self.params):
            if not any(leaf == name or leaf.startswith(name + ".") for name in (*names, "expand")):
                raise not_simulated(f"the parameter {leaf}")

    def must(self, kind: str, name: str) -> Object:
        """The object that the address names."""
        return self.store.must(kind, self.path[name], name)

    def page(self, found: Iterable[Object], *names: str) -> Object:
        """A list of `found` (newest first), the part that is asked for; `names`: what else is heeded, as in `only`."""
        self.only(*_PAGING, *names)
        size = self.params.get("limit", 10)
        if not 1 <= size <= _GREATEST_PAGE:
            raise invalid(f"Invalid integer: limit must be between 1 and {_GREATEST_PAGE}", "limit")
        after, before = self.params.get("starting_after"), self.params.get("ending_before")
        if after and before:
            raise invalid("You can only specify one of ending_before or starting_after.", "ending_before")
        if before:
            rows = list(self._beside(found, before, "ending_before", newer=True))
            rows, more = rows[-size:], len(rows) > size
        else:
            rest = self._beside(found, after, "starting_after", newer=False) if after else found
            rows = list(islice(rest, size + 1))
            rows, more = rows[:size], len(rows) > size
        return {"object": "list", "data": rows, "has_more": more, "url": self.url}

    def _beside(self, found: Iterable[Object], object_id: str, param: str, *, newer: bool) -> Iterable[Object]:
        """What of the list is newer, or older, than the object, which itself needn't be in it any more."""
        number = self.store.number(object_id)
        if number is not None:
            return (
                row
                for row in found
                if ((self.store.number(row["id"]) or 0) > number) == newer and row["id"] != object_id
            )
        rows = list(found)  # of a list that isn't stored as such
        for place, row in enumerate(rows):
            if row["id"] == object_id:
                return rows[:place] if newer else rows[place + 1 :]
        raise invalid(f"No such object: '{object_id}'", param, "resource_missing")


def _leaves(params: Any, path: str = "") -> Iterable[str]:
    if isinstance(params, dict) and params:
        for key, value in params.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(params, list) and params:
        for value in params:
            yield from _leaves(value, path)
    elif path:
        yield path


def within(moment: int, given: int | dict[str, int] | None) -> bool:
    """Whether a time passes a filter like `created`: one number, or bounds gt, gte, lt, lte."""
    if given is None:
        return True
    if isinstance(given, int):
        return moment == given
    bounds = {"gt": moment.__gt__, "gte": moment.__ge__, "lt": moment.__lt__, "lte": moment.__le__}
    return all(bounds[name](value) for name, value in given.items())


@dataclass(frozen=True)
class Page:
    """What a browser is shown: `html`, or another address to go to."""

    html: str = ""
    location: str | None = None
    status: int = 200


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """`params`: a TypedDict of `stripe.params`, None for pages and control (they get what was sent as it is)."""

    method: str
    template: str
    handler: Handler
    params: str | None
    object: str | None
    pattern: re.Pattern[str]


ROUTES: Final[list[Route]] = []


def route(method: str, template: str, *, params: str, object: str) -> Callable[[Handler], Handler]:  # noqa: A002
    """Register the handler of a call of Stripe's; it answers a stored object of the kind `object`, or a list of them.

    The handler must name what it heeds of the parameters, by `call.only` or `call.page`.
    """
    contract.params_class(params)  # a name that the SDK hasn't is a mistake of ours, told at the start
    return _register(method, template, params, object)


def page(method: str, template: str) -> Callable[[Handler], Handler]:
    """Register a page for a browser; the handler answers `Page`. `call.params`: its form, nested, all text."""
    return _register(method, template, None, None)


def _register(method: str, template: str, params: str | None, kind: str | None) -> Callable[[Handler], Handler]:
    def keep(handler: Handler) -> Handler:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        ROUTES.append(Route(method, template, handler, params, kind, pattern))
        ROUTES.sort(key=lambda known: known.template.count("{"))  # /invoices/create_preview before /invoices/{invoice}
        return handler

    return keep


def match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request; ContractError 404 for what Stripe doesn't know, 501 for what only we don't."""
    for known in ROUTES:
        if known.method == method and (found := known.pattern.fullmatch(path)):
            return known, found.groupdict()
    if any(pattern.fullmatch(path) for pattern in _addresses()):
        raise not_simulated(f"{method} {path}")
    raise ContractError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at"
        " https://support.stripe.com/.",
        status=404,
    )


@lru_cache
def _addresses() -> tuple[re.Pattern[str], ...]:
    """Every address that the SDK's services call."""
    texts = (path.read_text() for path in Path(stripe.__file__).parent.rglob("_*service.py"))
    found = {address for text in texts for address in re.findall(r'"(/v[12]/[^"]+)"', text)}
    return tuple(re.compile(re.sub(r"\{\w+\}", "[^/]+", address)) for address in sorted(found))
