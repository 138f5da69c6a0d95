"""Rows of a file of opening balances: every cell checked, tiers named as the programme has them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from saas.errors import InvalidValueError
from tenants.activities.values import parse_number
from tenants.imports.context import Context
from tenants.imports.options import REQUIRED
from tenants.imports.reading import Row
from tenants.imports.values import amount, day, text
from tenants.programme.document import Ladder, Programme, Tier

_LONGEST_KEY: Final = 128
_LONGEST_NAME: Final = 200
_Named = TypeVar("_Named", Ladder, Tier)


@dataclass(slots=True)
class OpeningRow:
    """A row; `member`, `tier` and `ladder` are as the file names them ("" without). What they stand for is found
    later: `member_id`, and `tier_code` on `ladder_code`. `since` None: since today, which `local_day` is then.
    `principal` and `bonus` in minor units; `points_expire_on` None: the points never expire.
    """

    line: int
    local_day: date
    member: str = ""
    tier: str = ""
    ladder: str = ""
    since: date | None = None
    points: int = 0
    points_expire_on: date | None = None
    principal: int = 0
    bonus: int = 0
    member_id: UUID | None = None
    ladder_code: str = ""
    tier_code: str = ""

    @property
    def has_wallet(self) -> bool:
        return self.principal > 0 or self.bonus > 0


def parse_openings(rows: Sequence[Row], context: Context) -> list[OpeningRow]:
    """One for each row; what is wrong goes to the context's errors, all of it."""
    found = [_parse(row, context) for row in rows]
    name_tiers(found, context.rules, context)
    return found


def _parse(row: Row, context: Context) -> OpeningRow:
    found = OpeningRow(row.line, context.today)
    for field, cell in row.cells.items():
        try:
            _set(found, field, cell, context)
        except InvalidValueError as error:
            context.errors.add_invalid(row.line, context.layout.column(field), error, cell)
    for field in REQUIRED["opening_balances"]:
        if field not in row.cells:
            context.wrong(row.line, field, "required")
    for field, of in (("tier_since", "tier"), ("points_expire_on", "points")):
        if field in row.cells and of not in row.cells:
            context.wrong(row.line, of, "required")
    return found


def _set(found: OpeningRow, field: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError."""
    match field:
        case "member":
            found.member = text(cell, _LONGEST_KEY, context.layout.encoding)
        case "tier":
            found.tier = text(cell, _LONGEST_NAME, context.layout.encoding)
        case "ladder":
            found.ladder = text(cell, _LONGEST_NAME, context.layout.encoding)
        case "tier_since":
            found.since = day(cell)
            if found.since > context.today:
                raise InvalidValueError("in-the-future")
            found.local_day = found.since
        case _:
            _set_balance(found, field, cell, context)


def _set_balance(found: OpeningRow, field: str, cell: str, context: Context) -> None:
    """Raises InvalidValueError."""
    match field:
        case "points":
            found.points = _whole(parse_number(cell))
        case "points_expire_on":
            found.points_expire_on = day(cell)
            if found.points_expire_on < context.today:
                raise InvalidValueError("in-the-past")
        case "wallet_principal":
            found.principal = _balance(cell, context)
        case "wallet_bonus":
            found.bonus = _balance(cell, context)


def _whole(number: Decimal) -> int:
    if number != number.to_integral_value():
        raise InvalidValueError("too-many-decimals", max=0)
    return _not_below_zero(int(number))


def _balance(cell: str, context: Context) -> int:
    return _not_below_zero(amount(cell, context.currency, minor_units=context.options.minor_units))


def _not_below_zero(number: int) -> int:
    if number < 0:
        raise InvalidValueError("too-small", min=0)
    return number


def name_tiers(rows: Iterable[OpeningRow], rules: Programme, context: Context) -> None:
    """Gives the rows their tiers, each on its ladder or on the first that has it: by code, else by a name in any
    language, capital or small.
    """
    ladders = [(ladder, _by_name(ladder.tiers)) for ladder in rules.ladders]
    by_name = _by_name(rules.ladders)
    for row in rows:
        named = next((x for x in rules.ladders if x.code == row.ladder), None) or by_name.get(row.ladder.casefold())
        if row.ladder and named is None:
            context.wrong(row.line, "ladder", "unknown-ladder", row.ladder, expected=_codes(rules.ladders))
        elif row.tier:
            among = [(ladder, names) for ladder, names in ladders if named in (None, ladder)]
            found = _tier(row.tier, among)
            if found is None:
                expected = _codes(tier for ladder, _ in among for tier in ladder.tiers)
                context.wrong(row.line, "tier", "unknown-tier", row.tier, expected=expected)
            else:
                row.ladder_code, row.tier_code = found[0].code, found[1].code


def _tier(word: str, ladders: list[tuple[Ladder, dict[str, Tier]]]) -> tuple[Ladder, Tier] | None:
    by_code = ((ladder, tier) for ladder, _ in ladders if (tier := ladder.tier(word)) is not None)
    by_name = ((ladder, names[word.casefold()]) for ladder, names in ladders if word.casefold() in names)
    return next(by_code, None) or next(by_name, None)


def _by_name(items: Iterable[_Named]) -> dict[str, _Named]:
    """A code or name that two of them have says neither."""
    words = [(word, item) for item in items for word in _words(item)]
    times = Counter(word for word, _ in words)
    return {word: item for word, item in words if times[word] == 1}


def _words(item: Ladder | Tier) -> set[str]:
    return {word.casefold() for word in (item.code, item.names.zh_cn, item.names.en)}


def _codes(items: Iterable[Ladder | Tier]) -> str:
    return ", ".join(item.code for item in items)
