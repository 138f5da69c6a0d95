"""What happens by itself: timers, by real time and by test clocks."""

import time
import traceback
from collections.abc import Callable
from typing import Final

from saas.local.stripe_sandbox.store import Cause, Store

Timer = Callable[[Store, str, int], None]
TIMERS: Final[dict[str, Timer]] = {}
_AFTER_A_MISTAKE: Final = 60


def timer(name: str) -> Callable[[Timer], Timer]:
    """Register what happens when `store.at(when, name, object_id)` is due: `due(store, object_id, at)`.

    It runs in a transaction of its own, with `store.now` of the object at `at` exactly if it lives by a test clock.
    """

    def keep(due: Timer) -> Timer:
        TIMERS[name] = due
        return due

    return keep


def tick(store: Store) -> None:
    """Ring what is due by real time. A timer that fails says so and tries again in a minute."""
    found: tuple[str, str, int] | None = None
    while True:
        try:
            with store.transaction():
                found = store.pop_timer(None, int(time.time()))
                if found is None:
                    return
                _ring(store, *found)
        except Exception:  # noqa: BLE001 - a mistake in one object's life must not stop the others'
            traceback.print_exc()
            if found is not None:
                with store.transaction():
                    store.at(int(time.time()) + _AFTER_A_MISTAKE, found[0], found[1])


def underway(store: Store) -> int:
    """How many timers are due by real time and haven't rung yet."""
    sql = "SELECT count(*) FROM timer WHERE clock IS NULL AND due <= ?"
    return int(store.db.execute(sql, (int(time.time()),)).fetchone()[0])


def advance(store: Store, clock_id: str, to: int) -> None:
    """Ring what is due by the clock up to `to`, each at its own time, then stand at `to`."""
    while True:
        with store.transaction():
            clock = store.get(clock_id)
            if clock is None or clock.get("deleted"):
                return
            found = store.pop_timer(clock_id, to)
            store.put({**clock, "frozen_time": max(clock["frozen_time"], found[2]) if found else to})
            if found is not None:
                _ring(store, *found)
        if found is None:
            return


def _ring(store: Store, name: str, object_id: str, due: int) -> None:
    store.cause = Cause()
    TIMERS[name](store, object_id, due)
