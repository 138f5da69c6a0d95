"""Who else knows tiers by their codes. What is kept with such a code hears of new rules in the transaction that brings
them in, and can say beforehand what a draft would make of it.

A tier that goes on under another code is followed. One that is dropped is followed only where that brings nobody else
along: a segment for silver isn't for all of gold because silver's holders are gold now, and no campaign begins to write
to the whole base because a tier above it went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from tenants.audit.record import record
from tenants.programme.document import Ladder, Programme
from tenants.programme.doubts import Doubt
from tenants.programme.strict import Names, json_pointer

Sort = Literal["segment", "task_rule"]


@dataclass(frozen=True, slots=True)
class Change:
    """`new`, with its lineage, in the place of `old`. `actor`: who publishes it; None while it is only thought of."""

    old: Programme
    new: Programme
    actor: str | None = None

    @property
    def lock(self) -> str:
        """SQL, for rows that are about to be written."""
        return "" if self.actor is None else "FOR NO KEY UPDATE"

    def tiers(self, ladder: str, codes: Sequence[str]) -> "Followed":
        """What a list of tiers becomes. Codes that the old rules didn't know stay as they are."""
        before, after = self.old.ladder(ladder), self.new.ladder(ladder)
        if before is None:
            return Followed(tuple(codes))
        named = {tier.code: TierName(ladder, tier.code, tier.names) for tier in before.tiers if tier.code in codes}
        if after is None:
            return Followed((), tuple(named.values()))
        goes = {tier.code: self._goes(tier.code, tier.rank, after) for tier in before.tiers}
        lost, renamed = [], []
        found: dict[str, None] = {}
        for code in codes:
            to = goes.get(code, code)
            will = after.tier(to)
            if to != code and any(there == to for other, there in goes.items() if other not in codes):
                lost.append(named[code])
                continue
            found[to] = None
            if to != code and will is not None:
                renamed.append((named[code], TierName(ladder, to, will.names)))
        return Followed(tuple(found), tuple(lost), tuple(renamed))

    def _goes(self, code: str, rank: int, after: Ladder) -> str:
        """Who had the tier `code` of the old rules has this one."""
        if after.tier(code) is not None:
            return code
        to = self.new.lineage.get(after.code, {}).get(code, code)
        return after.tiers[0].code if rank == 0 or after.tier(to) is None else to


@dataclass(frozen=True, slots=True)
class TierName:
    """A tier, or a ladder as a whole, as the rules call it."""

    ladder: str
    tier: str | None
    names: Names


@dataclass(frozen=True, slots=True)
class Followed:
    """`codes`: under which the new rules have the tiers; `lost`: those that aren't followed; `renamed`: those that go
    on under another code, which is the second one.
    """

    codes: tuple[str, ...]
    lost: tuple[TierName, ...] = ()
    renamed: tuple[tuple[TierName, TierName], ...] = ()


@dataclass(frozen=True, slots=True)
class Touched:
    """What new rules make of something that names tiers: what it `was` and `becomes` as JSON data, equal where nothing
    can be followed. `nobody`: it is for nobody until somebody changes it.
    """

    sort: Sort
    id: UUID
    code: str
    names: Names
    was: Any
    becomes: Any
    lost: tuple[TierName, ...]
    renamed: tuple[tuple[TierName, TierName], ...]
    nobody: bool


class Follower(Protocol):
    """A feature that keeps tiers by their codes."""

    async def touched(self, change: Change, back_to: int | None) -> Sequence[Touched]:
        """What it keeps, as far as the change touches it. `back_to`: what versions behind this one have made of it is
        given back, where nobody has changed it since.
        """
        ...

    async def write(self, touched: Touched, trail: Mapping[str, Any]) -> None:
        """Keeps what it becomes; `trail` is put behind those of before."""
        ...

    async def brought(self) -> None:
        """New rules are in force: what has to look at the tiers anew is queued."""
        ...


_DOUBTS: Final[dict[Sort, str]] = {
    "segment": "segment-names-dropped-tier",
    "task_rule": "task-names-dropped-tier",
}
_FOLLOWERS: Final[list[Follower]] = []
TRAILED: Final = (
    "(CASE WHEN jsonb_array_length(followed) < 50 THEN followed ELSE followed - 0 END) || jsonb_build_array({}::jsonb)"
)
"""SQL: the column `followed` with one more, and not too many."""


def follows(follower: Follower) -> None:
    """Registers it."""
    _FOLLOWERS.append(follower)


def earlier(followed: Sequence[Mapping[str, Any]], version: int | None) -> Any:
    """What it was before a version behind this one was followed; None where none was, or no version is asked for."""
    return next((one["was"] for one in followed if version is not None and one["version"] > version), None)


async def bring_along(change: Change, back_to: int | None) -> None:
    """Everything that names tiers follows those of new rules, which are in force from this transaction's end on."""
    for follower in _FOLLOWERS:
        for touched in await follower.touched(change, back_to):
            if touched.becomes != touched.was:
                await follower.write(touched, {"version": change.new.version, "was": touched.was})
            detail = {
                "code": touched.code,
                "version": change.new.version,
                "lost": [_said(lost) for lost in touched.lost],
                "renamed": {_said(was): _said(now) for was, now in touched.renamed},
            }
            await record(f"{touched.sort}.follow", f"{touched.sort}:{touched.id}", detail, actor=change.actor)
        await follower.brought()


async def touched_by(change: Change) -> list[Touched]:
    """What a publish of `change.new` would make of everything that names tiers."""
    return [touched for follower in _FOLLOWERS for touched in await follower.touched(change, None)]


async def doubts(change: Change) -> list[Doubt]:
    """`segment-names-dropped-tier`, `task-names-dropped-tier`: what names a tier that a draft doesn't have. What
    becomes of that tier's holders isn't said yet.
    """
    found = []
    for touched in await touched_by(change):
        for gone in (*touched.lost, *(was for was, _ in touched.renamed if not _is_base(change.old, was))):
            code = _DOUBTS[touched.sort]
            params = {"of": touched.code, "ladder": gone.ladder, "tier": gone.tier}
            names = {"of": touched.names, "tier": gone.names}
            found.append(Doubt(_pointer(change.new, gone.ladder), code, params, names=names))
    return found


def _is_base(rules: Programme, name: TierName) -> bool:
    """Who is in the base needs nobody to say what becomes of it."""
    ladder = rules.ladder(name.ladder)
    return ladder is not None and ladder.tiers[0].code == name.tier


def _said(name: TierName) -> str:
    return name.ladder if name.tier is None else f"{name.ladder}.{name.tier}"


def _pointer(rules: Programme, ladder: str) -> str:
    """Where it would have to stand in a draft."""
    places = [n for n, one in enumerate(rules.ladders) if one.code == ladder]
    return json_pointer(("ladders", *(part for n in places for part in (n, "tiers"))))
