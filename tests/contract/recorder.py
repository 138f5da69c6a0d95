"""Every exchange of the tests with the application, by operation of the contract."""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import httpx
from litestar import Litestar

from contract.seen import Seen
from saas.contract.headers import OWN
from saas.contract.operations import calls, refused_by_rule

_PARAMETER: Final = re.compile(r"\\\{[a-z_]+\\\}")
_LONGEST: Final = 6_000
Exchange = tuple[str, httpx.Request, httpx.Response, bytes]


class Router:
    """Finds a request's operation."""

    def __init__(self, app: Litestar) -> None:
        self._plain: set[str] = set()
        self._patterns: dict[tuple[str, str, int], list[tuple[re.Pattern[str], str]]] = defaultdict(list)
        for call in sorted(calls(app), key=lambda one: one.path.count("{")):
            if "{" not in call.path:
                self._plain.add(call.key)
                continue
            pattern = re.compile(_PARAMETER.sub("[^/]+", re.escape(call.path)))
            self._patterns[_part(call.method, call.path)].append((pattern, call.key))

    def find(self, method: str, path: str) -> str | None:
        """`GET /v1/branches/{branch_id}`; None for what isn't in the contract."""
        if (key := f"{method} {path}") in self._plain:
            return key
        near = self._patterns.get(_part(method, path), ())
        return next((key for pattern, key in near if pattern.fullmatch(path)), None)


def _part(method: str, path: str) -> tuple[str, str, int]:
    """What a path and its pattern have in common: the part of the contract, and how long they are."""
    parts = path.split("/")
    return method, parts[min(2, len(parts) - 1)] if parts[1] == "v1" else parts[1], len(parts)


def watch(app: Litestar, tell: Callable[[Exchange], None]) -> Callable[[], None]:
    """Tells each exchange of any client with the application in this process; what it returns ends that."""
    router = Router(app)
    before = httpx.ASGITransport.handle_async_request

    async def handle(self: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
        response = await before(self, request)
        key = router.find(request.method, request.url.path)
        if key is not None and getattr(self, "app", None) is app:
            raw = b"".join([part async for part in response.stream])  # type: ignore[union-attr]
            response.stream = httpx.ByteStream(raw)
            plain = "content-encoding" not in response.headers
            tell((key, request, response, raw if plain else _plain(response, raw)))
        return response

    httpx.ASGITransport.handle_async_request = handle  # type: ignore[method-assign]

    def end() -> None:
        httpx.ASGITransport.handle_async_request = before  # type: ignore[method-assign]

    return end


def _plain(response: httpx.Response, raw: bytes) -> bytes:
    return httpx.Response(200, headers=response.headers, content=raw).content


class Recorder:
    """Keeps what answers look like, of each kind the example that shows most, and the refusals that no rule tells."""

    def __init__(self, app: Litestar) -> None:
        self._by_rule = {call.key: refused_by_rule(call) for call in calls(app)}
        self.kept: dict[str, dict[str, Any]] = {}

    def __call__(self, exchange: Exchange) -> None:
        key, request, response, raw = exchange
        told = self.kept.setdefault(key, {"answers": {}, "refusals": set()})
        kind = response.headers.get("content-type", "").partition(";")[0]
        if response.status_code >= 400:
            if kind == "application/problem+json":
                told["refusals"] |= {json.loads(raw)["type"].rpartition("/")[2]} - self._by_rule[key]
            return
        unseen = {"type": kind or None, "headers": set(), "seen": Seen(), "score": -1}
        answer = told["answers"].setdefault(str(response.status_code), unseen)
        answer["headers"] |= {name for name in OWN if name in response.headers}
        value = json.loads(raw) if kind == "application/json" else raw.decode(errors="replace")
        if kind == "application/json":
            answer["seen"].add(value)
        sent = _sent(request)
        score = _score(value) + (_score(sent) if sent is not None else 0)
        if score > answer["score"] or (score == answer["score"] and len(raw) < answer["length"]):
            answer |= {"score": score, "length": len(raw), "example": value, "request": sent}

    def dump(self) -> dict[str, Any]:
        return {
            key: {
                "refusals": sorted(told["refusals"]),
                "answers": {
                    status: {**answer, "headers": sorted(answer["headers"]), "seen": answer["seen"].dump()}
                    for status, answer in told["answers"].items()
                },
            }
            for key, told in self.kept.items()
        }


def _sent(request: httpx.Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    try:
        return json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None


def _score(value: Any) -> int:
    """How much an example shows: different members that aren't empty; too long ones nothing."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST:
        return 0
    return len(_shown(value))


def _shown(value: Any, at: str = "") -> set[str]:
    if isinstance(value, dict):
        return {place for key, one in value.items() for place in _shown(one, f"{at}/{key}")}
    if isinstance(value, list):
        return {place for one in value[:3] for place in _shown(one, f"{at}[]")}
    return set() if value in (None, "", 0, False) else {at}
