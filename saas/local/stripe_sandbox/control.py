"""`/_sandbox/…`: what a test or a demo does to the sandbox and Stripe has nothing like. JSON in, JSON out, same key."""

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from saas.local.stripe_sandbox import clocks
from saas.local.stripe_sandbox.errors import StripeError, invalid
from saas.local.stripe_sandbox.faults import KINDS
from saas.local.stripe_sandbox.kernel import Answer, Request, Sandbox

Action = Callable[[Sandbox, dict[str, Any]], Any]


def _health(sandbox: Sandbox, _: dict[str, Any]) -> Any:
    """`underway`: what happens by itself, and is due now."""
    with sandbox.store.transaction():
        return {"ok": True, "underway": clocks.underway(sandbox.store)}


def _requests(sandbox: Sandbox, given: dict[str, Any]) -> Any:
    """Recorded requests to the API, the oldest first; `after`: what came after that id; `last`: so many at most."""
    recorded = list(sandbox.requests)
    ids = [request["id"] for request in recorded]
    found = recorded[ids.index(given["after"]) + 1 if given.get("after") in ids else 0 :]
    return found[-int(given["last"]) :] if "last" in given else found


def _faults(sandbox: Sandbox, given: dict[str, Any]) -> Any:
    if "faults" in given:
        sandbox.faults.set(given["faults"])
    return {"faults": sandbox.faults.shown(), "kinds": KINDS}


def _webhooks(sandbox: Sandbox, given: dict[str, Any]) -> Any:
    if given.get("mode", "push") not in {"push", "hold"}:
        raise invalid("mode must be push or hold")
    sandbox.deliveries.mode = given.get("mode", sandbox.deliveries.mode)
    if "shuffle" in given:
        sandbox.deliveries.shuffle(given["shuffle"])
    return {"mode": sandbox.deliveries.mode}


def _take(sandbox: Sandbox, given: dict[str, Any]) -> Any:
    return sandbox.deliveries.take(given.get("customer"), again=bool(given.get("again")))


def _answered(sandbox: Sandbox, given: dict[str, Any]) -> Any:
    sandbox.deliveries.answered(given["id"], given["status"])
    return {}


def _reset(sandbox: Sandbox, _: dict[str, Any]) -> Any:
    """Forget everything, faults off; where events go, and whether they are pushed, stays."""
    with sandbox.store.transaction():
        sandbox.store.clear()
    sandbox.requests.clear()
    sandbox.faults.set([])
    sandbox.deliveries.shuffle(None)
    return {}


def _unknown(_: Sandbox, __: dict[str, Any]) -> Any:
    raise StripeError("There is no such control.", status=404)


ACTIONS: Final[dict[tuple[str, str], Action]] = {
    ("GET", "health"): _health,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks"): _webhooks,
    ("POST", "webhooks/take"): _take,
    ("POST", "webhooks/answered"): _answered,
    ("POST", "reset"): _reset,
}


def control(sandbox: Sandbox, request: Request) -> Answer:
    """Do it; 400 with what is wrong, 404 for what there is not."""
    address = urlsplit(request.target)
    action = ACTIONS.get((request.method, address.path.removeprefix("/_sandbox/")), _unknown)
    try:
        sandbox.authenticate(request.headers)
        given = dict(parse_qsl(address.query)) if request.method == "GET" else json.loads(request.body or b"{}")
        status, answer = 200, action(sandbox, given)
    except StripeError as error:
        status, answer = error.status, {"error": error.error}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        status, answer = 400, {"error": {"message": repr(error)}}
    sandbox.wake.set()
    return Answer(status, json.dumps(answer, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
