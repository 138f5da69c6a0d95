"""One difference, where it stands, and the ways to say it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tenants.programme.strict import Loc, json_pointer
from tenants.programme.wording.teller import Teller

Kind = Literal["added", "removed", "changed", "renamed", "moved"]
Show = Callable[[Any, Teller], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """`pointer` leads to it in the newer document; of what was `removed`, in the older one."""

    pointer: str
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """A part of both documents: `loc` in the newer one, `was` in the older. `names` say whose it is, outermost first;
    `old` and `new` tell each document's values with its own currency and names.
    """

    old: Teller
    new: Teller
    loc: Loc = ()
    was: Loc = ()
    names: tuple[str, ...] = ()

    def field(self, name: str | int, was: str | int | None = None) -> "Place":
        """A part of it: under `name`, in the older document under `was` where that differs."""
        return replace(self, loc=(*self.loc, name), was=(*self.was, name if was is None else was))

    def of(self, name: str) -> "Place":
        return replace(self, names=(*self.names, name))

    # --- what can be said ---

    def changed(self, what: str, old: Any, new: Any, show: Show, kind: Kind = "changed") -> Iterator[Difference]:
        """Nothing where the values are equal."""
        if old == new:
            return
        before, after = show(old, self.old), show(new, self.new)
        yield self.put(kind, self.instead(what, before, after))

    def instead(self, what: str, before: str, after: str) -> str:
        """`after` instead of `before`; where both read alike, that something in it is written in another way."""
        if before == after:
            return self.new.say(
                "%(what)s is written in another way and says the same: %(value)s", what=what, value=after
            )
        return self.new.say("%(what)s: %(new)s instead of %(old)s", what=what, old=before, new=after)

    def added(self, text: str) -> Difference:
        return self.put("added", text)

    def removed(self, text: str) -> Difference:
        return replace(self, loc=self.was).put("removed", text)

    def put(self, kind: Kind, text: str) -> Difference:
        whose = " · ".join(self.names)
        said = self.new.label(whose, text) if whose else text
        return Difference(json_pointer(self.loc), kind, self.new.sentence(said))
