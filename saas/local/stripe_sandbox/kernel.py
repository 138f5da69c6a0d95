"""One request from its arrival to its answer: key, contract, idempotency, faults, handler, record."""

import base64
import binascii
import hmac
import json
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from saas.local.stripe_sandbox import contract, faults, forms, responses, routes
from saas.local.stripe_sandbox.errors import ContractError, StripeError, not_simulated
from saas.local.stripe_sandbox.presenting import shown
from saas.local.stripe_sandbox.store import Cause, Store
from saas.local.stripe_sandbox.webhooks import Deliveries

_KEPT_REQUESTS: Final = 50_000
_KEPT_ANSWERS_SECONDS: Final = 24 * 3600.0
_LONGEST_KEY: Final = 255


@dataclass(frozen=True)
class Request:
    """`headers` with names in small letters; `target` as in the request line."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """`dropped`: the connection ends without it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


class Sandbox:
    """Everything but HTTP. `key`: the only one that is accepted, or any `sk_test_…` when it's empty."""

    def __init__(self, store: Store, key: str = "") -> None:
        self.store = store
        self.faults = faults.Switch()
        self.deliveries = Deliveries(store, self.faults)
        self.requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self.wake = threading.Event()
        """Set when there may be something to do besides requests: timers, deliveries."""
        self._key = key
        self._underway: set[str] = set()
        self._underway_lock = threading.Lock()

    def handle(self, request: Request) -> Answer:
        """Answer a request to Stripe's API, and record it."""
        request_id = self.store.new_id("req")
        address = urlsplit(request.target)
        fields: forms.Pairs = []
        try:
            self.authenticate(request.headers)
            _of_our_version(request.headers)
            fields = forms.pairs(address.query)
            if not address.path.startswith("/v2/"):
                fields += forms.pairs(_text(request.body))
            answer = self._with_faults(request, address.path, fields, request_id)
        except StripeError as error:
            answer = _refusal(error)
        self.requests.append(
            {
                "id": request_id,
                "at": time.time(),
                "method": request.method,
                "path": address.path,
                "params": forms.masked(fields),
                "idempotency_key": request.headers.get("idempotency-key"),
                "status": None if answer.dropped else answer.status,
                "error": json.loads(answer.body)["error"]["type"] if answer.status >= HTTPStatus.BAD_REQUEST else None,
                "replayed": "Idempotent-Replayed" in answer.headers,
            }
        )
        self.wake.set()
        answer.headers |= {"Content-Type": "application/json", "Request-Id": request_id}
        answer.headers["Stripe-Version"] = contract.API_VERSION
        return answer

    def authenticate(self, headers: dict[str, str]) -> None:
        """StripeError 401 unless the request bears a test key, as Bearer or as the user of Basic."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                given = ""
        elif scheme.lower() != "bearer":
            given = ""
        if not given:
            raise ContractError("You did not provide an API key.", status=401)
        fits = hmac.compare_digest(given.encode(), self._key.encode()) if self._key else given.startswith("sk_test_")
        if not fits:
            raise ContractError(f"Invalid API Key provided: {given[:8]}***{given[-4:]}", status=401)

    def _with_faults(self, request: Request, path: str, fields: forms.Pairs, request_id: str) -> Answer:
        fault = self.faults.of_request(request.method, path)
        kind = fault.kind if fault else ""
        if kind == "429":
            raise faults.too_many()
        if kind == "500":
            raise faults.broken()
        if fault and kind in {"timeout", "drop"}:
            time.sleep(fault.seconds if kind == "timeout" else 0)
            return Answer(0, b"", dropped=True)
        answer = self._once(request, path, fields, request_id, fault)
        answer.dropped = kind == "drop_after"
        return answer

    def _once(
        self, request: Request, path: str, fields: forms.Pairs, request_id: str, fault: faults.Fault | None
    ) -> Answer:
        """Carry it out unless its idempotency key has an answer already."""
        key = request.headers.get("idempotency-key") if request.method != "GET" else None
        if key is None:
            return self._carry_out(request, path, fields, Cause(request_id), fault)
        if not 0 < len(key) <= _LONGEST_KEY:
            raise ContractError(
                f"The idempotency key may have 1 to {_LONGEST_KEY} characters.", type="idempotency_error"
            )
        with self._underway_lock:
            if key in self._underway:
                raise ContractError(
                    f"There is currently another in-progress request using this Idempotent Key: {key}.",
                    status=409,
                    type="idempotency_error",
                    code="idempotency_key_in_use",
                )
            self._underway.add(key)
        try:
            asked = json.dumps([request.method, path, sorted(fields), _text(request.body) if not fields else ""])
            return self._remembered(key, asked) or self._carry_out(
                request, path, fields, Cause(request_id, key), fault, asked
            )
        finally:
            with self._underway_lock:
                self._underway.discard(key)

    def _remembered(self, key: str, asked: str) -> Answer | None:
        with self.store.transaction():
            oldest = time.time() - _KEPT_ANSWERS_SECONDS
            self.store.db.execute("DELETE FROM idempotency WHERE at < ?", (oldest,))
            found = self.store.db.execute(
                "SELECT asked, status, body FROM idempotency WHERE key = ?", (key,)
            ).fetchone()
        if found is None:
            return None
        if found[0] != asked:
            raise ContractError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return Answer(found[1], found[2].encode(), {"Idempotent-Replayed": "true"})

    def _carry_out(
        self,
        request: Request,
        path: str,
        fields: forms.Pairs,
        cause: Cause,
        fault: faults.Fault | None,
        asked: str | None = None,
    ) -> Answer:
        """Run the handler in one transaction, with what its idempotency key is to remember."""
        known, values = routes.match(request.method, path)
        if known.params is None:
            raise ContractError(f"Unrecognized request URL ({request.method}: {path}).", status=404)
        given = json.loads(_text(request.body) or "{}") if path.startswith("/v2/") else {}
        call = routes.Call(
            self.store, contract.typed(known.params, {**forms.nested(fields), **given}), values, path, int(time.time())
        )
        call.expand = tuple(call.params.get("expand", ()))
        try:
            with self.store.transaction():
                self.store.cause = cause
                try:
                    answer = Answer(200, _run(known, call))
                except StripeError as error:
                    if not error.keep:
                        raise
                    answer = self._refused(error)
                if fault and fault.kind == "500_kept":
                    answer = _refusal(faults.broken())
                self._remember(cause.idempotency_key, asked, answer)
        except ContractError:
            raise
        except StripeError as error:
            answer = self._refused(error)
            with self.store.transaction():
                self._remember(cause.idempotency_key, asked, answer)
        except Exception as error:  # noqa: BLE001 - a mistake of the sandbox: told, and nothing of it stays
            traceback.print_exc()
            answer = _refusal(StripeError(f"The sandbox made a mistake: {error!r}", status=500, type="sandbox_mistake"))
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)  # the key stays in use
        return answer

    def _refused(self, error: StripeError) -> Answer:
        error.error = shown(self.store, error.error)
        return _refusal(error)

    def _remember(self, key: str | None, asked: str | None, answer: Answer) -> None:
        if key is not None:
            self.store.db.execute(
                "INSERT INTO idempotency (key, asked, status, body, at) VALUES (?, ?, ?, ?, ?)",
                (key, asked, answer.status, answer.body.decode(), time.time()),
            )


def _run(known: routes.Route, call: routes.Call) -> bytes:
    """The handler's answer, held against the SDK's classes, as JSON."""
    found = known.handler(call)
    if not call.declared:
        raise AssertionError(f"{known.handler.__qualname__} doesn't say which parameters it heeds")
    items = found["data"] if found["object"] == "list" else [found]
    if any(item["object"] != known.object for item in items):
        raise responses.WrongAnswerError(f"{known.template} answers {known.object}")
    answer = shown(call.store, found, call.expand)
    responses.check(answer)
    return json.dumps(answer, ensure_ascii=False).encode()


def _refusal(error: StripeError) -> Answer:
    return Answer(error.status, json.dumps({"error": error.error}, ensure_ascii=False).encode())


def _of_our_version(headers: dict[str, str]) -> None:
    given = headers.get("stripe-version", contract.API_VERSION)
    if given != contract.API_VERSION:
        raise not_simulated(f"the API version {given} (only {contract.API_VERSION})")
    if headers.get("stripe-account") or headers.get("stripe-context"):
        raise not_simulated("connected accounts")


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ContractError("The request's body isn't UTF-8.") from error
