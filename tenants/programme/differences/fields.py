"""Fields and lists of the document, told by one walk over tables: what each is called, and how it is shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from tenants.programme.differences.matching import by_key, matched
from tenants.programme.differences.told import Difference, Place, Show
from tenants.programme.strict import Names
from tenants.programme.wording.teller import Teller


@dataclass(frozen=True, slots=True)
class Value:
    """One value, shown whole; `what` it is."""

    what: str
    show: Show


@dataclass(frozen=True, slots=True)
class Items:
    """A list of codes or labels, each told by itself. None stands for `all_of_them`."""

    what: str
    show: Show
    all_of_them: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A model of its own, told by its table; it may be None."""

    what: str


@dataclass(frozen=True, slots=True)
class Own:
    """Something with a walk of its own; `show` tells it whole."""

    walk: Callable[[Place, Any, Any], Iterator[Difference]]
    what: str = ""
    show: Show | None = None


Entry = Value | Items | Part | Own
Tables = Mapping[type[BaseModel], Mapping[str, Entry]]


def fields_differ(place: Place, old: BaseModel, new: BaseModel, tables: Tables) -> Iterator[Difference]:
    """What differs between two models of one type. Raises KeyError for a field that its table doesn't have."""
    for name, entry in tables[type(new)].items():
        a, b, at = getattr(old, name), getattr(new, name), place.field(alias(type(new), name))
        match entry:
            case Value(what=what, show=show):
                yield from at.changed(at.new.say(what), a, b, show)
            case Items():
                yield from _items(at, entry, a, b)
            case Part(what=what):
                yield from _part(at, what, a, b, tables)
            case Own(walk=walk):
                yield from walk(at, a, b)


def alias(model: type[BaseModel], name: str) -> str:
    """The field's name in the document."""
    return model.model_fields[name].alias or name


def described(model: BaseModel, teller: Teller, tables: Tables) -> str:
    """A model told whole: each field with its value; what is empty is left out."""
    told = []
    for name, entry in tables[type(model)].items():
        value = getattr(model, name)
        if value is None or value == ():
            continue
        match entry:
            case Value(what=what, show=show):
                told.append(teller.label(teller.say(what), show(value, teller)))
            case Items(what=what, show=show):
                told.append(teller.label(teller.say(what), teller.listed(show(one, teller) for one in value)))
            case Part(what=what):
                told.append(teller.aside(teller.say(what), described(value, teller, tables)))
            case Own(what=what, show=show) if show is not None:
                told.append(teller.label(teller.say(what), show(value, teller)))
    return teller.clauses(told)


def _part(
    place: Place, what: str, old: BaseModel | None, new: BaseModel | None, tables: Tables
) -> Iterator[Difference]:
    inner = place.of(place.new.say(what))
    if old is not None and new is not None:
        yield from fields_differ(inner, old, new, tables)
    elif new is not None:
        yield inner.added(place.new.say("new: %(what)s", what=described(new, place.new, tables)))
    elif old is not None:
        yield inner.removed(place.new.say("no longer: %(what)s", what=described(old, place.old, tables)))


def _items(place: Place, entry: Items, old: Sequence[Any] | None, new: Sequence[Any] | None) -> Iterator[Difference]:
    what = place.new.say(entry.what)

    def whole(value: Sequence[Any] | None, teller: Teller) -> str:
        if value is None:
            return teller.say(entry.all_of_them)
        return teller.listed(entry.show(one, teller) for one in value) or teller.say("none")

    if old is None or new is None:
        yield from place.changed(what, old, new, whole)
        return
    both = by_key(old, new)
    inner = place.of(what)
    for i in both.removed:
        told = entry.show(old[i], place.old)
        yield inner.field(i).removed(place.new.say("%(item)s is taken off", item=told))
    for j in both.added:
        yield inner.field(j).added(place.new.say("%(item)s is added", item=entry.show(new[j], place.new)))
    if both.moved:
        yield place.put("moved", another_order(what, whole(new, place.new), place.new))


def another_order(what: str, order: str, teller: Teller) -> str:
    return teller.label(what, teller.say("the same in another order: %(order)s", order=order))


def names_differ(place: Place, old: Names, new: Names) -> Iterator[Difference]:
    """A name in one language or the other."""

    def show(name: str, teller: Teller) -> str:
        return teller.quoted(name)

    say = place.new.say
    yield from place.field("zh-CN").changed(say("the Chinese name"), old.zh_cn, new.zh_cn, show, "renamed")
    yield from place.field("en").changed(say("the English name"), old.en, new.en, show, "renamed")


def listed_models_differ(
    place: Place,
    what: str,
    old: Sequence[Any],
    new: Sequence[Any],
    same: Sequence[Callable[[Any, Any], bool]],
    show: Show,
    walk: Callable[[Place, Any, Any], Iterator[Difference]],
) -> Iterator[Difference]:
    """A list of models: what is taken off, added, stands elsewhere; and by `walk`, what changed in those of both."""
    both, told = matched(old, new, *same), place.new.say(what)
    for i in both.removed:
        text = place.new.say("%(item)s is taken off", item=show(old[i], place.old))
        yield place.field(i).removed(place.new.label(told, text))
    for j in both.added:
        text = place.new.say("%(item)s is added", item=show(new[j], place.new))
        yield place.field(j).added(place.new.label(told, text))
    for i, j in both.pairs:
        if old[i] != new[j]:
            yield from walk(place.field(j, i), old[i], new[j])
    if both.moved:
        order = place.new.listed(show(new[j], place.new) for _, j in both.pairs)
        yield place.put("moved", another_order(told, order, place.new))
