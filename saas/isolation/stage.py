"""Where the attack takes place: the application's routes, the attacker, the victim, and what is written down."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from saas.isolation.chains import Throwaway
from saas.isolation.digest import Digest, changed, digest
from saas.isolation.furnishing.furnish import Furnished
from saas.isolation.knocks import Ids, Knock
from saas.isolation.record import Record

Route = tuple[str, str]
"""Method and path template."""

SAFE: Final = frozenset({"GET", "HEAD"})
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
# What names a request itself, or is made anew each time: instants, tokens, the till's clock and next number.
_OWN: Final = (
    (re.compile(r'"changed_at":"[^"]+"'), '"changed_at":"…"'),
    (re.compile(r'data-now="[^"]+"|name="number" value="[^"]+"'), "…"),
    (re.compile(r'name="(csrf-token|_csrf)" (content|value)="[^"]+"'), r'name="\1"'),
    (re.compile(r'name="(act|once)" value="[^"]+"'), r'name="\1"'),
)


def routes(app: Any) -> dict[Route, Any]:
    """Every route and method with its handler. OPTIONS lists methods and runs no handler; HEAD likewise."""
    return {
        (method, route.path): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in getattr(handler, "http_methods", ["ASGI"])
        if method not in {"OPTIONS", "HEAD"}
    }


def named(route: Route) -> str:
    return " ".join(route)


@dataclass(frozen=True)
class Side:
    """One of the two: its chain, and what it has."""

    chain: Throwaway
    furnished: Furnished

    @property
    def ids(self) -> Ids:
        return Ids.of(self.furnished)


@dataclass
class Stage:
    """`ours` attacks, `theirs` must not notice. `twin` is like `theirs`, for what is tried with one's own ids."""

    app: Any
    ours: Side
    theirs: Side
    twin: Side
    record: Record = field(default_factory=Record)
    _last: Digest = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.routes: Mapping[Route, Any] = routes(self.app)

    async def look(self) -> None:
        """From here on nothing of theirs may change."""
        self._last = await digest(self.theirs.chain.tenant_id)

    async def hold(self, attack: str, place: str) -> None:
        """A leak where something of theirs has changed since the last look."""
        now = await digest(self.theirs.chain.tenant_id)
        if tables := changed(self._last, now):
            self.record.leak(attack, place, "the other chain's rows before and after", f"changed: {', '.join(tables)}")
        self._last = now


async def send(side: Side, method: str, knock: Knock, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Calls go with the chain's key, pages with its owner's session and form token. Waits where the limiter says so."""
    chain, more = side.chain, dict(headers or {})
    arguments = knock.arguments()
    if knock.url.startswith("/v1/"):
        http = chain.http
    else:
        http, more = chain.browser, {**chain.csrf, **more}
        arguments = {"data" if name == "json" else name: value for name, value in arguments.items()}
    while True:
        answer = await http.request(method, knock.url, headers=more, **arguments)
        if answer.status_code != _TOO_MANY:
            return answer
        await asyncio.sleep(float(answer.headers.get("retry-after", "1")))


def told(answer: httpx.Response, ids: Ids) -> tuple[int, str]:
    """Status and body without what names this very request: its id, its instant, and the id that it asked for."""
    text = answer.text
    for pattern, instead in _OWN:
        text = pattern.sub(instead, text)
    for own in (answer.headers["x-request-id"], *ids.texts(), f"+86{ids.phone}"):
        text = text.replace(own, "…")
    return answer.status_code, text


def broke(answer: httpx.Response) -> bool:
    """Whether it is an error of ours, which may have stopped anywhere."""
    return answer.status_code >= _SERVER_ERROR
