"""What every request passes: its id, who it is, its tenant scope with idempotency.

A handler says what it needs in its `opt`: `auth` ("key" for a key or a session, "page" for a session,
"none"), `requires` (a key's scope; `or_requires`: another that is as good; of the scopes that are the whole chain's,
`bound`: also for who is bound to branches, within them), `scoped` (False: it opens no transaction, or its own), and for
`saas.conventions` `tagged` (it answers with an ETag, and looks at conditions) and `ending` (it is deprecated).
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import asyncpg
import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Histogram
from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.idempotency import can_be_key, digest
from saas.patience import WITH_BODY, patient
from saas.principal import Principal
from saas.problem_details import RERUN, header_of, send_problem
from saas.scope import CommitFailedError, OpenScope, connection
from saas.sessions import SAFE_METHODS

log = logging.getLogger(__name__)

# InternalClientError: asyncpg's name for a connection whose server said goodbye a moment before it was used.
_LOST = (
    CommitFailedError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


SECONDS = Histogram(
    "regulars_http_seconds",
    "Time until an answer began, COMMIT included, by route",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class RequestIdMiddleware(ASGIMiddleware):
    """Gives each request an id: in its answer, in every log line, and through the outbox in its jobs. Measures it."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        request_id = str(uuid7())
        scope["state"]["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        method, started = _method(scope), time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("path_template", "")
                _seconds(method, route, message["status"]).observe(time.perf_counter() - started)
            await send(message)

        await next_app(scope, patient(receive) if method in WITH_BODY else receive, measured)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["type"] == ScopeType.HTTP else ""


@lru_cache(maxsize=4096)
def _seconds(method: str, route: str, status: int) -> Histogram:
    """The histogram's own child, so that it isn't looked for at each request."""
    return SECONDS.labels(method, route, status)


class ScopeMiddleware(ASGIMiddleware):
    """Runs a handler inside its tenant's transaction and commits before the first byte of the answer.

    A POST with `Idempotency-Key` stores its answer in the same transaction: the same key and body get
    it again, another body is refused, a key still at work answers 409. An answer of 400 or more rolls
    back and is not stored. Where COMMIT fails the answer is a problem, never the handler's success.
    A request that a deadlock or a merge got in the way of is run again, once.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        principal: Principal | None = scope["state"].get("principal")
        opt = scope["route_handler"].opt
        if principal is None or principal.tenant_id is None or opt.get("scoped") is False:
            if _method(scope) == "POST" and not can_be_key(header_of(scope, b"idempotency-key")):
                await send_problem(scope, send, "idempotency-key-invalid")
            else:
                await next_app(scope, receive, send)
            return
        key: _Key | None = None
        if _method(scope) in {"POST", "PUT", "PATCH"}:
            request: Request[object, object, object] = Request(scope, receive)  # type: ignore[type-var]
            body, receive = (
                await request.body(),
                request.receive,
            )  # before a connection is taken: a slow client has none
            try:
                key = _idempotency_key(request, body) if request.method == "POST" else None
            except DomainError as error:
                await send_problem(scope, send, error.code, params=error.params, errors=error.errors)
                return
        request_id, writes = scope["state"].get("request_id"), _method(scope) not in SAFE_METHODS
        for rerunnable in (True, False):
            opened = OpenScope(principal.tenant_id, principal, request_id, rerunnable=rerunnable, writes=writes)
            opened.scope.approval = header_of(scope, b"approval")
            exchange = _Exchange(opened, key, secret=bool(opt.get("shows_secret")))
            await exchange.run(scope, receive, send, next_app)
            if not exchange.again:
                return


class _Key:
    """An idempotency key with the fingerprint of what came with it, both as SHA-256."""

    def __init__(self, key: bytes, fingerprint: bytes) -> None:
        self.key, self.fingerprint = key, fingerprint

    def claim_sql(self, tenant_id: UUID) -> str:
        """Goes with BEGIN in one simple message; nothing in it but hex of our own making."""
        return (
            "; INSERT INTO idempotency (tenant_id, key, fingerprint) VALUES "
            f"('{tenant_id}', '\\x{self.key.hex()}', '\\x{self.fingerprint.hex()}') ON CONFLICT DO NOTHING"
        )

    def store_sql(self, tenant_id: UUID, status: int, head: bytes, body: bytes) -> str:
        return (
            f"UPDATE idempotency SET status = {status}, head = '\\x{head.hex()}', body = '\\x{body.hex()}' "
            f"WHERE tenant_id = '{tenant_id}' AND key = '\\x{self.key.hex()}'; "
        )


def _idempotency_key(request: Request[object, object, object], body: bytes) -> _Key | None:  # type: ignore[type-var]
    raw = request.headers.get("idempotency-key")
    if raw is None:
        return None
    key = digest(raw)
    parts = (request.scope["path"].encode(), request.scope["query_string"], body)
    fingerprint = hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()
    return _Key(key, fingerprint)


class _Exchange:
    """One request through its scope. Holds the answer back until the transaction has ended."""

    def __init__(self, opened: OpenScope, key: _Key | None, *, secret: bool) -> None:
        self.opened, self.key, self.secret = opened, key, secret
        self.held: list[Message] = []
        self.answered = False
        self.again = False  # nothing was sent and nothing is kept: another try may do better

    async def run(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        async def gate(message: Message) -> None:
            if self.answered:
                return
            if not self.opened.live:
                await send(message)
                return
            self.held.append(message)
            if not self._complete(message):
                return
            if scope["state"].pop(RERUN, False) and self.opened.scope.rerunnable:
                self.again = self.answered = True
                await self._abandon()
                return
            try:
                await self._end()
            except _LOST as error:
                log.warning("commit failed: %s", type(error).__name__)
                self.answered = True
                await send_problem(scope, send, "commit-failed", headers={"Retry-After": "1"})
                return
            except Exception:
                log.exception("an answer that can't be given")
                self.answered = True
                await self._abandon()
                await send_problem(scope, send, "internal")
                return
            for kept in self.held:
                await send(kept)

        try:
            if await self._begin(scope, send):
                await next_app(scope, receive, gate)
        finally:
            await self._abandon()
            self.opened.leave()

    async def _abandon(self) -> None:
        """Ends the scope without its work. A connection that breaks at that doesn't matter: nothing is kept."""
        if self.opened.live:
            with contextlib.suppress(*_LOST):
                await asyncio.shield(self.opened.roll_back())

    async def _begin(self, scope: Scope, send: Send) -> bool:
        """Opens the scope and claims the key. False: the answer has been sent."""
        tenant_id = self.opened.scope.tenant_id
        try:
            tag = await self.opened.begin(self.key.claim_sql(tenant_id) if self.key else "")
        except asyncpg.LockNotAvailableError:
            await send_problem(scope, send, "idempotency-in-progress", headers={"Retry-After": "1"})
            return False
        except _LOST as error:
            log.warning("no transaction: %s", type(error).__name__)
            await send_problem(scope, send, "unavailable", headers={"Retry-After": "1"})
            return False
        if self.key is None or tag != "INSERT 0 0":
            return True
        row = await connection().fetchrow(
            "SELECT fingerprint, status, head, body FROM idempotency WHERE tenant_id = $1 AND key = $2",
            tenant_id,
            self.key.key,
        )
        await self.opened.roll_back()
        if row is None or row["status"] is None:
            await send_problem(scope, send, "idempotency-in-progress", headers={"Retry-After": "1"})
        elif row["fingerprint"] != self.key.fingerprint:
            await send_problem(scope, send, "idempotency-key-reused")
        else:
            await _replay(send, row)
        return False

    def _complete(self, message: Message) -> bool:
        """Whether the transaction can end now: at the answer's start, or for a stored answer at its whole."""
        status = _status(self.held)
        if self.key is None or self.secret or status >= 400:  # noqa: PLR2004  # the first error status
            return True
        return message["type"] == "http.response.body"

    async def _end(self) -> None:
        status = _status(self.held)
        if status >= 400:  # noqa: PLR2004  # the first error status
            await self._abandon()
        elif self.key is None:
            await self.opened.commit()
        else:
            await self.opened.commit(self._store(self.key, status))

    def _store(self, key: _Key, status: int) -> str:
        """An answer that shows a secret is never kept: its repeat is told that the work was done."""
        if self.secret:
            return key.store_sql(self.opened.scope.tenant_id, 409, *_secret_shown())
        start, body = self.held[0], self.held[-1]
        if start["type"] != "http.response.start" or body["type"] != "http.response.body" or body.get("more_body"):
            raise RuntimeError("a keyed POST answers in one piece")
        head = json.dumps([[k.decode("latin-1"), v.decode("latin-1")] for k, v in start["headers"]]).encode()
        return key.store_sql(self.opened.scope.tenant_id, status, head, body["body"])


def _secret_shown() -> tuple[bytes, bytes]:
    from saas.problem_details import render

    _, headers, body = render("secret-shown-once")
    return json.dumps([[k.decode("latin-1"), v.decode("latin-1")] for k, v in headers]).encode(), body


def _status(held: Sequence[Message]) -> int:
    start = held[0]
    if start["type"] != "http.response.start":
        raise RuntimeError("an answer begins with its start")
    return start["status"]


async def _replay(send: Send, row: asyncpg.Record) -> None:
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in json.loads(row["head"])]
    headers.append((b"idempotent-replayed", b"true"))
    await send({"type": "http.response.start", "status": row["status"], "headers": headers})
    await send({"type": "http.response.body", "body": row["body"], "more_body": False})
