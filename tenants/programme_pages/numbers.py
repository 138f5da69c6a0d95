"""Sentences with their numbers left open, so that thresholds can be changed where they stand."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from saas.digits import number_of
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Leaf, Not, parse_condition
from tenants.programme.leaves import UNITS
from tenants.programme.strict import Loc, json_pointer
from tenants.programme.wording.measured import figure, leaf_text
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.drafting import money, shown, shown_money, whole

_ODD: Final = 9_876_543_210
"""A number that no rule and no category's name has: where it stands in a sentence, the field goes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a sentence, or a field in it: `pointer` into the document's part, `unit` money or whole."""

    text: str
    pointer: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of a condition; `depth` how far it is set in."""

    pieces: tuple[Piece, ...]
    depth: int = 0


def sentences(data: Any, at: Loc, teller: Teller) -> list[Sentence] | None:
    """The lines of a condition that stands at `at` in the part; None where it can't be read as one."""
    try:
        condition = parse_condition(data)
    except ValidationError:
        return None
    return _lines(condition, at, 0, teller)


def _lines(condition: AnyCondition, at: Loc, depth: int, teller: Teller) -> list[Sentence]:
    match condition:
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            key = "any" if isinstance(condition, AnyOf) else "all"
            head = []
            if len(parts) > 1:
                text = teller.say("any one of these") if key == "any" else teller.say("all of these")
                head = [Sentence((Piece(text),), depth)]
            deeper = depth + (len(parts) > 1)
            return head + [line for n, part in enumerate(parts) for line in _lines(part, (*at, key, n), deeper, teller)]
        case Not(condition=part):
            inner = _lines(part, (*at, "not"), depth + 1, teller)
            return [Sentence((Piece(teller.say("but not this")),), depth), *inner]
        case _:
            return [Sentence(_pieces(condition, at, teller), depth)]


def _pieces(leaf: Leaf, at: Loc, teller: Teller) -> tuple[Piece, ...]:
    """Text, field, text. Of a mean rating, which may have decimals, the number stays text."""
    name = "gte" if leaf.gte is not None else "lt"
    value = getattr(leaf, name)
    if leaf.metric == "rating":
        return (Piece(leaf_text(leaf, teller)),)
    odd = leaf.model_copy(update={name: _ODD})
    before, _, after = leaf_text(odd, teller).partition(figure(leaf.metric, _ODD, teller).split(" ")[0])
    if not after and not before:
        return (Piece(leaf_text(leaf, teller)),)
    unit = UNITS[leaf.metric]
    text = shown_money(value, teller.currency) if unit == "money" else shown(value)
    field = Piece(text, json_pointer((*at, name)), "money" if unit == "money" else "whole")
    return tuple(piece for piece in (Piece(before), field, Piece(after)) if piece.text or piece.pointer)


def put_number(part: Any, pointer: str, text: str, currency: str) -> None:
    """Puts what was typed at a bound of a condition in the part. Nothing where there is none any more."""
    *above, name = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for key in above:
        if isinstance(part, list) and (n := number_of(key)) is not None and n < len(part):
            part = part[n]
        elif isinstance(part, dict):
            part = part.get(key)
        else:
            return
    if isinstance(part, dict) and name in {"gte", "lt"} and name in part and "metric" in part:
        value = money(text, currency) if UNITS.get(part["metric"]) == "money" else whole(text)
        part[name] = "" if value is None else value
