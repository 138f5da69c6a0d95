"""Test clocks: time stands until it is moved; everything on the way happens at its own time, once, in order."""

import time
from pathlib import Path

import pytest
import stripe
from support.stripe_box import StripeBox

from saas.local.stripe_sandbox import clocks
from saas.local.stripe_sandbox.resources import test_clocks as api
from saas.local.stripe_sandbox.store import Object, Store

START = 1_800_000_000


def test_a_clock_stands_still_and_moves_forward_only(stripe_box: StripeBox) -> None:
    client, clock = stripe_box.client, stripe_box.new_clock(START)
    assert client.v1.customers.create({"test_clock": clock}).created == START
    moved = client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": START + 60})
    assert moved.status == "advancing"
    assert moved.status_details.advancing is not None
    assert moved.status_details.advancing.target_frozen_time == START + 60
    stripe_box.advance(clock, START + 120) if moved.status == "ready" else None
    deadline = time.monotonic() + 10
    while client.v1.test_helpers.test_clocks.retrieve(clock).status != "ready":
        assert time.monotonic() < deadline
    assert client.v1.customers.create({"test_clock": clock}).created == START + 60
    for wrong in (START + 60, START):
        with pytest.raises(stripe.InvalidRequestError, match="forward"):
            client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": wrong})
    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": START + 3 * 366 * 86400})
    events = client.v1.events.list({"type": "test_helpers.test_clock.*", "limit": 3}).data
    assert [event.type.rpartition(".")[2] for event in events] == ["ready", "advancing", "created"]


def test_a_clock_goes_with_its_customers(stripe_box: StripeBox) -> None:
    client, clock = stripe_box.client, stripe_box.new_clock(START)
    customer = client.v1.customers.create({"test_clock": clock}).id
    assert client.v1.test_helpers.test_clocks.delete(clock).deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such test_clock"):
        client.v1.test_helpers.test_clocks.retrieve(clock)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.customers.update(customer, {"name": "x"})
    with pytest.raises(stripe.InvalidRequestError, match="No such test_clock"):
        client.v1.customers.create({"test_clock": clock})


@pytest.fixture
def store() -> Store:
    return Store(None)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """What the timer `test` saw: (object, when it was due, what time it was)."""
    seen: list[tuple[str, int, int]] = []

    def due(store: Store, object_id: str, at: int) -> None:
        seen.append((object_id, at, store.now(object_id)))
        if object_id == "cus_again" and at < START + 50:
            store.at(at + 10, "test", object_id)
        if object_id == "cus_broken":
            raise RuntimeError("broken")

    monkeypatch.setitem(clocks.TIMERS, "test", due)
    return seen


def clock(store: Store) -> Object:
    return store.put(
        {"id": "clock_1", "object": api.KIND, "frozen_time": START, "status": "ready", "status_details": {}}
    )


def customer(store: Store, object_id: str, test_clock: str | None = "clock_1") -> None:
    store.put({"id": object_id, "object": "customer", "test_clock": test_clock})


def test_timers_ring_in_order_at_their_own_time(store: Store, rung: list[tuple[str, int, int]]) -> None:
    clock(store)
    customer(store, "cus_late")
    customer(store, "cus_again")
    customer(store, "cus_moved")
    customer(store, "cus_off")
    store.at(START + 25, "test", "cus_late")
    store.at(START + 10, "test", "cus_again")
    store.at(START + 5, "test", "cus_moved")
    store.at(START + 99, "test", "cus_moved")
    store.at(START + 1, "test", "cus_off")
    store.cancel("test", "cus_off")
    clocks.advance(store, "clock_1", START + 30)
    assert rung == [
        ("cus_again", START + 10, START + 10),
        ("cus_again", START + 20, START + 20),
        ("cus_late", START + 25, START + 25),
        ("cus_again", START + 30, START + 30),
    ]
    assert store.now("cus_late") == START + 30
    clocks.advance(store, "clock_1", START + 100)
    assert [name for name, *_ in rung[4:]] == ["cus_again", "cus_again", "cus_moved"]


def test_what_was_due_before_the_clock_stood_there_rings_now(store: Store, rung: list[tuple[str, int, int]]) -> None:
    clock(store)
    customer(store, "cus_late")
    store.at(START - 10, "test", "cus_late")
    clocks.advance(store, "clock_1", START + 1)
    assert rung == [("cus_late", START - 10, START)]


def test_real_time_rings_what_has_no_clock(
    store: Store, rung: list[tuple[str, int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    clock(store)
    for name, at in (("cus_now", None), ("cus_clock", "clock_1"), ("cus_broken", None)):
        customer(store, name, at)
        store.at(int(time.time()) - 1, "test", name)
    clocks.tick(store)
    assert {name for name, *_ in rung} == {"cus_now", "cus_broken"}
    assert "RuntimeError: broken" in capsys.readouterr().err
    assert store.db.execute("SELECT object_id FROM timer WHERE due > ?", (time.time() + 50,)).fetchall() == [
        ("cus_broken",)
    ]


def test_a_mistake_on_the_way_is_the_clocks_failure(
    store: Store, rung: list[tuple[str, int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    clock(store)
    customer(store, "cus_broken")
    store.at(START + 10, "test", "cus_broken")
    details = {"advancing": {"target_frozen_time": START + 20}}
    store.put({**clock(store), "status": "advancing", "status_details": details})
    api.advance_all(store)
    found = store.get("clock_1")
    assert found is not None
    assert (found["status"], found["frozen_time"]) == ("internal_failure", START)
    assert "broken" in capsys.readouterr().err


def test_what_a_failed_block_wrote_is_gone_and_the_file_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "stripe.db"
    store = Store(path)
    assert path.stat().st_mode & 0o777 == 0o600

    def fail() -> None:
        with store.transaction():
            store.put({"id": "a", "object": "customer"})
            with store.transaction():
                store.put({"id": "b", "object": "customer"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.transaction():
        store.put({"id": "c", "object": "customer", "email": "x", "livemode": False})
    store.db.close()
    again = Store(path)
    assert [one["id"] for one in again.find("customer", email="x", livemode=False)] == ["c"]
    assert again.find("customer", email=None) == []
    again.db.close()
