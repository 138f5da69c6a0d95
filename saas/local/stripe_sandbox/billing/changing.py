"""Changes to stored objects, told as Stripe tells them: the event names the keys that changed, as they were."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from saas.local.stripe_sandbox.errors import not_simulated
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.presenting import public
from saas.local.stripe_sandbox.store import Object, Store


def change(store: Store, obj: Object, event: str, **values: Any) -> Object:
    """Set `values` (None takes the key away) in `obj` and in the store; tell `event` if anything is otherwise now."""
    previous = {key: obj.get(key) for key, value in values.items() if obj.get(key) != value}
    if not previous:
        return obj
    for key, value in values.items():
        if value is None:
            obj.pop(key, None)
        else:
            obj[key] = value
    store.put(obj)
    emit(store, event, obj, public(previous))
    return obj


def keep(store: Store, obj: Object, **values: Any) -> Object:
    """Set keys in `obj` and in the store without a word: keys of our own (underscored), or parts of a larger change."""
    obj.update(values)
    return store.put(obj)


def present(values: Object) -> Object:
    """Without what is None: Stripe's absent keys are absent here."""
    return {key: value for key, value in values.items() if value is not None}


def only_known(value: str, simulated: tuple[str, ...], param: str) -> str:
    """`value` if it is simulated, else 501."""
    if value not in simulated:
        raise not_simulated(f"{param}={value}")
    return value


@contextmanager
def undone_on_error(store: Store) -> Iterator[None]:
    """What the block writes is undone if it raises, while what was written before it stays."""
    store.db.execute("SAVEPOINT undone_on_error")
    try:
        yield
    except BaseException:
        store.db.execute("ROLLBACK TO undone_on_error")
        raise
    finally:
        store.db.execute("RELEASE undone_on_error")
