"""Segments follow the tiers that they name when new rules rename them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from saas.scope import connection, current
from tenants.programme.document import Ladder
from tenants.programme.followers import TRAILED, Change, TierName, Touched, earlier, follows
from tenants.programme.strict import Names
from tenants.segments.conditions import AllOf, AnyOf, AnySegmentCondition, Not, parse_segment_condition
from tenants.segments.properties import RanksProperty, TierProperty
from tenants.segments.references import reference_faults

_ALL: Final = """
SELECT s.id, s.code, s.names, s.condition, s.followed FROM segment s WHERE s.tenant_id = $1 ORDER BY s.id"""
_WRITE: Final = f"""
UPDATE segment SET condition = $3, followed = {TRAILED.format("$4")} WHERE tenant_id = $1 AND id = $2"""
_MOST: Final = 20
"""No ladder has a rank above this bound."""


@dataclass(slots=True)
class _Read:
    """A condition as JSON data, and what became of the tiers in it."""

    condition: Any
    lost: list[TierName] = field(default_factory=list)
    renamed: list[tuple[TierName, TierName]] = field(default_factory=list)


class _Segments:
    async def touched(self, change: Change, back_to: int | None) -> Sequence[Touched]:
        rows = await connection().fetch(f"{_ALL} {change.lock}", current().tenant_id)
        found = []
        for row in rows:
            read = followed(parse_segment_condition(row["condition"]), change)
            before = earlier(row["followed"], back_to)
            if before is not None and _sound(before, change):
                read = _Read(before)
            if read.condition == row["condition"] and not read.lost:
                continue
            found.append(
                Touched(
                    "segment",
                    row["id"],
                    row["code"],
                    Names.model_validate(row["names"]),
                    row["condition"],
                    read.condition,
                    tuple(dict.fromkeys(read.lost)),
                    tuple(dict.fromkeys(read.renamed)),
                    nobody=not _sound(read.condition, change),
                )
            )
        return found

    async def write(self, touched: Touched, trail: Mapping[str, Any]) -> None:
        await connection().execute(_WRITE, current().tenant_id, touched.id, touched.becomes, dict(trail))

    async def brought(self) -> None:
        """Segments are asked anew each time."""


def followed(condition: AnySegmentCondition, change: Change) -> _Read:
    """The condition under the new rules. A part that asks for what nobody holds any more is left out where others stand
    beside it; where nothing would be left, it stays as it is written, for a person to change.
    """
    read = _Read(None)
    made = _node(condition, change, read)
    read.condition = (condition if made is None else made).model_dump(mode="json")
    return read


def _node(node: AnySegmentCondition, change: Change, read: _Read) -> AnySegmentCondition | None:
    """None: it asks for what nobody holds."""
    match node:
        case AnyOf(conditions=parts):
            made = [_node(part, change, read) for part in parts]
            left = tuple(part for part in made if part is not None)
            return node.model_copy(update={"conditions": left}) if left else None
        case AllOf(conditions=parts):
            made = [_node(part, change, read) for part in parts]
            left = tuple(part for part in made if part is not None)
            return node.model_copy(update={"conditions": left}) if len(left) == len(made) else None
        case Not(condition=part):
            # who doesn't hold what nobody holds is everybody: that is for a person to decide
            return node.model_copy(update={"condition": _node(part, change, read) or part})
        case TierProperty() | RanksProperty():
            return _leaf(node, change, read)
        case _:
            return node


def _leaf(leaf: TierProperty | RanksProperty, change: Change, read: _Read) -> TierProperty | RanksProperty | None:
    before = change.old.main if leaf.ladder is None else change.old.ladder(leaf.ladder)
    if before is None:
        return leaf
    after = change.new.ladder(before.code)
    if after is None:
        read.lost.append(TierName(before.code, None, before.names))
        return None
    if leaf.ladder is None and change.new.main.code != before.code:
        leaf = leaf.model_copy(update={"ladder": before.code})  # it was the main one
    if isinstance(leaf, RanksProperty):
        return leaf
    return _listed(leaf, before, change, read) if leaf.among is not None else _ranked(leaf, before, after, change, read)


def _listed(leaf: TierProperty, before: Ladder, change: Change, read: _Read) -> TierProperty | None:
    tiers = change.tiers(before.code, leaf.among or ())
    read.lost += tiers.lost
    read.renamed += tiers.renamed
    return leaf.model_copy(update={"among": tiers.codes}) if tiers.codes else None


def _ranked(leaf: TierProperty, before: Ladder, after: Ladder, change: Change, read: _Read) -> TierProperty | None:
    """A range of ranks goes on from the same tier to the same tier, whoever has come between; above the base stays
    above the base. Where other tiers have come in, the tiers are listed instead.
    """
    if [tier.code for tier in before.tiers] == [tier.code for tier in after.tiers]:
        return leaf
    first, end = leaf.gte or 0, len(before.tiers) if leaf.lt is None else min(leaf.lt, len(before.tiers))
    meant = [tier.code for tier in before.tiers[first:end]]
    tiers = change.tiers(before.code, meant)
    ranks = sorted(tier.rank for code in tiers.codes if (tier := after.tier(code)) is not None)
    if not ranks:
        read.lost += tiers.lost
        return None if tiers.lost else leaf
    open_above = end == len(before.tiers)
    gte = first if first <= 1 else ranks[0]
    end_now = len(after.tiers) if open_above else ranks[-1] + 1
    others = change.tiers(before.code, [tier.code for tier in before.tiers if tier.code not in meant]).codes
    among = {tier.rank for code in others if (tier := after.tier(code)) is not None and tier.rank > 0}
    if any(gte <= rank < end_now for rank in among):
        codes = tuple(tier.code for tier in after.tiers if tier.rank in ranks)
        return leaf.model_copy(update={"among": codes, "gte": None, "lt": None})
    lt: int | None = end_now
    if open_above:
        lt = leaf.lt if leaf.lt is None or leaf.lt >= end_now else _MOST
    return leaf.model_copy(update={"gte": None if leaf.gte is None else gte, "lt": lt})


def _sound(condition: Any, change: Change) -> bool:
    """Whether all that it names of the rules is in the new ones."""
    try:
        return not any(reference_faults(parse_segment_condition(condition), change.new))
    except ValidationError:
        return False


follows(_Segments())
