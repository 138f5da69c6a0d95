"""Everything that the sandbox remembers: JSON objects by id, timers, deliveries; one SQLite file, one writer."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from saas.local.stripe_sandbox.errors import missing

Object = dict[str, Any]
"""As Stripe shows it, and keys with a leading underscore: ours, or what is shown only when it's expanded."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS object (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, number);
CREATE INDEX IF NOT EXISTS object_customer ON object (kind, json_extract(body, '$.customer'), number);
CREATE INDEX IF NOT EXISTS object_user ON object (kind, json_extract(body, '$._customer'), number);
CREATE TABLE IF NOT EXISTS timer (
    name TEXT NOT NULL, object_id TEXT NOT NULL, due INTEGER NOT NULL, clock TEXT, PRIMARY KEY (name, object_id));
CREATE TABLE IF NOT EXISTS delivery (
    id TEXT PRIMARY KEY, event TEXT NOT NULL, customer TEXT, endpoint TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0, told TEXT);
CREATE INDEX IF NOT EXISTS delivery_state ON delivery (state, customer, due);
CREATE INDEX IF NOT EXISTS delivery_event ON delivery (event);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, at REAL NOT NULL);
"""
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Cause:
    """The request that is being carried out; events name it."""

    id: str | None = None
    idempotency_key: str | None = None


class Store:
    """One at a time: whoever reads or writes holds `transaction()`."""

    def __init__(self, path: Path | None, base_url: str = "") -> None:
        """`path` None: in memory. `base_url`: where the sandbox answers, for the addresses of its pages."""
        self.base_url = base_url
        self.cause = Cause()
        self._lock = threading.RLock()
        self._depth = 0
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is not None:
            path.chmod(0o600)
            self.db.execute("PRAGMA journal_mode = WAL")
        self.db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Alone with the store; undone if the block raises. The inner of two is part of the outer."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self.db.execute("BEGIN")
                yield
                if self._depth == 1:
                    self.db.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    self.db.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def clear(self) -> None:
        """Forget everything but where events go."""
        for table in ("timer", "delivery", "idempotency"):
            self.db.execute(f"DELETE FROM {table}")
        self.db.execute("DELETE FROM object WHERE kind NOT IN ('webhook_endpoint', 'v2.core.event_destination')")

    # Objects

    @staticmethod
    def new_id(prefix: str) -> str:
        """`cus` → `cus_` and 24 letters and digits."""
        return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(24))

    def get(self, object_id: str) -> Object | None:
        """The object, a copy of the caller's own."""
        row = self.db.execute("SELECT body FROM object WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row[0]) if row else None

    def must(self, kind: str, object_id: str, param: str = "id") -> Object:
        """The object if it is of that kind and not deleted, else StripeError 404 `resource_missing`."""
        found = self.get(object_id)
        if found is None or found["object"] != kind or found.get("deleted"):
            raise missing(kind, object_id, param)
        return found

    def put(self, obj: Object) -> Object:
        """Write it, new or changed; answers it."""
        self.db.execute(
            "INSERT INTO object (id, kind, body) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (obj["id"], obj["object"], json.dumps(obj, ensure_ascii=False)),
        )
        return obj

    def drop(self, object_id: str) -> None:
        """Remove it without a trace."""
        self.db.execute("DELETE FROM object WHERE id = ?", (object_id,))

    def number(self, object_id: str) -> int | None:
        """Its place in the order of creation."""
        row = self.db.execute("SELECT number FROM object WHERE id = ?", (object_id,)).fetchone()
        return int(row[0]) if row else None

    def find(self, kind: str, **equal: Any) -> list[Object]:
        """All of the kind whose top-level keys have these values, the newest first; without the deleted ones."""
        return list(self.scan(kind, **equal))

    def scan(self, kind: str, **equal: Any) -> Iterator[Object]:
        """As `find`, read as far as it is asked for."""
        sql, values = "SELECT body FROM object WHERE kind = ?", list[Any]((kind,))
        for key, value in equal.items():
            sql += f" AND json_extract(body, '$.{key}') IS ?"
            values.append(int(value) if isinstance(value, bool) else value)
        for (body,) in self.db.execute(sql + " ORDER BY number DESC", values):
            if not (obj := json.loads(body)).get("deleted"):
                yield obj

    # Time

    def clock(self, of: Object | str | None) -> str | None:
        """The id of the test clock that an object lives by: its own, or its customer's."""
        obj = self.get(of) if isinstance(of, str) else of
        if obj is None:
            return None
        if obj["object"] == "test_helpers.test_clock":
            return str(obj["id"])
        own: str | None = obj.get("test_clock")
        customer = obj.get("customer")
        return own or (self.clock(customer) if isinstance(customer, str) else None)

    def now(self, of: Object | str | None = None) -> int:
        """Seconds since 1970 by the clock that `of` (an object or an id) lives by; without one: really now."""
        clock = self.clock(of)
        found = self.get(clock) if clock else None
        return int(found["frozen_time"]) if found and not found.get("deleted") else int(time.time())

    def at(self, when: int, name: str, object_id: str) -> None:
        """Let the timer `name` ring for the object; one that is set already is moved."""
        self.db.execute(
            "INSERT OR REPLACE INTO timer (name, object_id, due, clock) VALUES (?, ?, ?, ?)",
            (name, object_id, when, self.clock(object_id)),
        )

    def cancel(self, name: str, object_id: str) -> None:
        """The timer doesn't ring; nothing happens if it isn't set."""
        self.db.execute("DELETE FROM timer WHERE name = ? AND object_id = ?", (name, object_id))

    def pop_timer(self, clock: str | None, until: int) -> tuple[str, str, int] | None:
        """Take the earliest (name, object id, due) of the clock that is due by `until`."""
        found: tuple[str, str, int] | None = self.db.execute(
            "SELECT name, object_id, due FROM timer WHERE clock IS ? AND due <= ? ORDER BY due, rowid LIMIT 1",
            (clock, until),
        ).fetchone()
        if found is not None:
            self.cancel(found[0], found[1])
        return found
