"""Delivery of events, signed as Stripe signs them: pushed over HTTP with retries, or held for a test to fetch."""

import hashlib
import hmac
import json
import random
import time
from typing import Any, Final, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.faults import Switch
from saas.local.stripe_sandbox.store import Object, Store

ANSWER_WITHIN: Final = 10.0
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 3600.0
_GIVE_UP_AFTER: Final = 84
"""Attempts: 12 in the first hour and then hourly, three days in all, as Stripe does in live mode."""

Mode = Literal["push", "hold"]


def signature(payload: bytes, secret: str, at: int) -> str:
    """The value of `Stripe-Signature`: HMAC-SHA256 of `<at>.<payload>`."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Deliveries:
    """What is to be delivered: rows of `delivery`, `waiting` → `out` → `done`, `waiting` again or `failed`."""

    def __init__(self, store: Store, faults: Switch) -> None:
        self.mode: Mode = "push"
        self._store = store
        self._faults = faults
        self._shuffle: random.Random | None = None

    def shuffle(self, seed: int | None) -> None:
        """Deliver what is due at the same time in an order of chance; None: in the order of the events."""
        self._shuffle = random.Random(seed) if seed is not None else None  # noqa: S311 - an order to repeat, no secret

    def recover(self) -> None:
        """What was on its way when the process ended waits again; it may arrive twice, as at Stripe."""
        with self._store.transaction():
            self._store.db.execute("UPDATE delivery SET state = 'waiting' WHERE state = 'out'")

    def take(self, customer: str | None = None, *, again: bool = False) -> list[dict[str, Any]]:
        """Hand out what is due, signed now: {id, event, type, object, customer, url, body, signature}.

        `again`: also what was handed out and not answered for. An answer is told by `answered`; without one the event
        stays undelivered. With `customer` only what is about that customer.
        """
        states = "('waiting', 'out')" if again else "('waiting')"
        whose = "customer = ?" if customer else "? IS NULL"
        with self._store.transaction():
            rows = self._store.db.execute(
                f"SELECT id FROM delivery WHERE state IN {states} AND due <= ? AND {whose} ORDER BY rowid",
                (time.time(), customer),
            ).fetchall()
            if self._shuffle is not None:
                self._shuffle.shuffle(rows)
            return [prepared for (row,) in rows for prepared in self._prepared(row)]

    def _prepared(self, delivery: str) -> list[dict[str, Any]]:
        """The delivery as it goes out: not at all, once or twice, as the faults are."""
        db = self._store.db
        event_id, customer, endpoint_id, attempts = db.execute(
            "SELECT event, customer, endpoint, attempts FROM delivery WHERE id = ?", (delivery,)
        ).fetchone()
        event, endpoint = self._store.get(event_id), self._store.get(endpoint_id)
        if event is None or endpoint is None or endpoint.get("deleted") or endpoint["status"] != "enabled":
            db.execute("UPDATE delivery SET state = 'failed', told = 'endpoint gone' WHERE id = ?", (delivery,))
            return []
        fault = self._faults.of_webhook(event["type"])
        if fault and fault.kind == "lose":
            db.execute("UPDATE delivery SET state = 'failed', told = 'lost' WHERE id = ?", (delivery,))
            return []
        if fault and fault.kind == "late":
            db.execute("UPDATE delivery SET due = ? WHERE id = ?", (time.time() + fault.seconds, delivery))
            return []
        db.execute("UPDATE delivery SET state = 'out', attempts = ? WHERE id = ?", (attempts + 1, delivery))
        return [self._signed(delivery, event, endpoint) | {"customer": customer}] * (
            2 if fault and fault.kind == "double" else 1
        )

    def _signed(self, delivery: str, event: Object, endpoint: Object) -> dict[str, Any]:
        body = json.dumps(_payload(event), ensure_ascii=False, indent=2)
        return {
            "id": delivery,
            "event": event["id"],
            "type": event["type"],
            "object": event["data"].get("object", {}).get("id"),
            "url": endpoint["_url"],
            "body": body,
            "signature": signature(body.encode(), endpoint["_secret"], int(time.time())),
        }

    def answered(self, delivery: str, status: int | None) -> None:
        """What the other side said: 2xx delivers it; else (None: no answer) it waits, ever longer, or is given up."""
        with self._store.transaction():
            row = self._store.db.execute(
                "SELECT event, attempts, state FROM delivery WHERE id = ?", (delivery,)
            ).fetchone()
            if row is None:
                raise invalid(f"No such delivery: '{delivery}'")
            event_id, attempts, state = row
            if state == "done":
                return
            told = str(status) if status is not None else "no answer"
            if status is not None and status // 100 == 2:  # noqa: PLR2004 - 2xx
                state, due = "done", 0.0
            else:
                state = "failed" if attempts >= _GIVE_UP_AFTER else "waiting"
                due = time.time() + min(_FIRST_DELAY * 2 ** (attempts - 1), _LONGEST_DELAY)
            self._store.db.execute(
                "UPDATE delivery SET state = ?, due = ?, told = ? WHERE id = ?", (state, due, told, delivery)
            )
            event = self._store.get(event_id)
            if state == "done" and event is not None and event["object"] == "event":
                self._store.put({**event, "pending_webhooks": event["pending_webhooks"] - 1})

    def push(self) -> None:
        """Send what is due, one after the other; nothing in hold mode."""
        if self.mode == "push":
            for delivery in self.take():
                self.answered(delivery["id"], _post(delivery))


def delivered(store: Store, event_id: str) -> bool:
    """Whether every delivery of the event has succeeded; Stripe's `delivery_success`."""
    sql = "SELECT count(*) FROM delivery WHERE event = ? AND state <> 'done'"
    return bool(store.db.execute(sql, (event_id,)).fetchone()[0] == 0)


def _payload(event: Object) -> Object:
    """A snapshot event as it is; of a thin one only what it points at."""
    return {key: value for key, value in event.items() if event["object"] == "event" or key != "data"}


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect counts as a failure, as at Stripe."""


def _post(delivery: dict[str, Any]) -> int | None:
    if urlsplit(delivery["url"]).scheme not in {"http", "https"}:
        return None
    request = Request(  # noqa: S310 - just looked at
        delivery["url"],
        data=delivery["body"].encode(),
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": delivery["signature"],
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        },
    )
    try:
        with build_opener(_NoRedirect).open(request, timeout=ANSWER_WITHIN) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return None
