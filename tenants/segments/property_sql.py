"""Property leaves as SQL booleans over a member's row `p` and the compiled values `v`. All values are parameters."""

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Any, Final, assert_never

from tenants.members.tags import normalise_tag
from tenants.programme.compiler import Values
from tenants.programme.document import Ladder
from tenants.programme.leaves import Bounds
from tenants.segments.properties import (
    AttributeProperty,
    BirthdayMonthProperty,
    BranchProperty,
    ConsentProperty,
    CountedProperty,
    ExpiringProperty,
    KindProperty,
    PropertyLeaf,
    RanksProperty,
    RfmGroupProperty,
    SourceProperty,
    StageProperty,
    TagProperty,
    TierProperty,
)
from tenants.segments.rfm import Scale, group_sql
from tenants.segments.stages import Stages

_MONTHS: Final = 12


class Properties:
    """Compiles the property leaves of one condition; what they need beside `v` is told once all are compiled."""

    def __init__(self, values: Values, scale: Scale | None) -> None:
        self._values = values
        self._binder = values.binder
        self._scale = scale
        self._stages = Stages(values)
        self.reads_profile = False  # whether the member's row `p` is needed

    def ctes(self) -> str:
        """More of them behind `v`."""
        return self._stages.cte()

    def joins(self) -> str:
        """More of them behind `v` and `p`."""
        return self._stages.join()

    def holds(self, leaf: PropertyLeaf) -> str:  # noqa: C901, PLR0911, PLR0912 - a case a property
        """The leaf as a boolean; never NULL: what isn't known isn't met."""
        match leaf:
            case TierProperty():
                return self._tier(leaf)
            case RanksProperty():
                j, ladder = self._ladder(leaf.ladder)
                top = self._binder.constant(ladder.tiers[-1].rank, "integer")
                return self._bounded(f"({top} - v.s{j}_rank)", leaf, "bigint")
            case BranchProperty():
                codes = self._binder.constant(list(leaf.among), "text[]")
                of = f"SELECT b.id FROM branch b WHERE b.tenant_id = $1 AND b.code = ANY({codes})"
                return f"coalesce({self._profile('branch_id')} IN ({of}), false)"
            case TagProperty():
                tags = sorted({normalise_tag(tag) for tag in leaf.among})
                return self._has_row("member_tag", f"a.tag = ANY({self._binder.constant(tags, 'text[]')})")
            case ConsentProperty():
                channels = self._binder.constant(list(leaf.among), "text[]")
                return self._has_row("member_consent", f"a.channel = ANY({channels})")
            case AttributeProperty():
                return self._attribute(leaf)
            case BirthdayMonthProperty():
                month = f"extract(month FROM {self._profile('birthday')})::int"
                return f"coalesce({month} IN ({', '.join(map(self._month, leaf.among))}), false)"
            case CountedProperty(property="age"):
                return self._bounded(self._age(), leaf, "bigint")
            case CountedProperty(property="birthday_in_days"):
                return self._bounded(self._days_to_birthday(), leaf, "bigint")
            case KindProperty():
                return self._one_of(self._profile("kind"), leaf.among)
            case SourceProperty():
                return self._one_of(self._profile("source"), leaf.among)
            case StageProperty():
                return self._one_of(self._stages.stage(), leaf.among)
            case RfmGroupProperty():
                if self._scale is None:
                    raise ValueError("an RFM group needs the scale of the whole tenant")
                return group_sql(leaf.among, self._scale, self._values)
            case CountedProperty(property="wallet_balance"):
                return self._wallet(leaf)
            case ExpiringProperty():
                return self._expiring(leaf)
            case CountedProperty():
                raise ValueError(f"no such property: {leaf.property}")
            case _:
                assert_never(leaf)

    # --- each of them ---------------------------------------------------------------------------

    def _tier(self, leaf: TierProperty) -> str:
        j, _ = self._ladder(leaf.ladder)
        if leaf.among is not None:
            return self._one_of(f"v.s{j}_tier", leaf.among)
        return self._bounded(f"v.s{j}_rank", leaf, "bigint")

    def _ladder(self, code: str | None) -> tuple[int, Ladder]:
        """Its index and itself; the main one without a code."""
        for j, ladder in enumerate(self._values.programme.ladders):
            if code is None or ladder.code == code:
                return j, ladder
        raise LookupError(f"no ladder {code}")

    def _attribute(self, leaf: AttributeProperty) -> str:
        code = self._binder.constant(leaf.code, "text")
        if leaf.among is None:
            kind = "date" if isinstance(leaf.gte if leaf.gte is not None else leaf.lt, date) else "numeric"
            column = "a.day" if kind == "date" else "a.number"
            test = self._bounded(column, leaf, kind)
        elif isinstance(leaf.among[0], bool):
            test = f"a.truth = ANY({self._binder.constant(list(leaf.among), 'boolean[]')})"
        else:
            texts = [unicodedata.normalize("NFC", str(text)).strip() for text in leaf.among]  # as they are kept
            test = f"a.text = ANY({self._binder.constant(texts, 'text[]')})"
        return self._has_row("member_attribute", f"a.code = {code} AND {test}")

    def _wallet(self, leaf: CountedProperty) -> str:
        """Principal and bonus. Who never had a wallet holds 0: where that fits, those are named whose doesn't."""
        test = self._bounded("(a.principal + a.bonus)", leaf, "bigint")
        if _fits_nothing(leaf):
            return f"(NOT {self._has_row('wallet_account', f'NOT {test}')})"
        return self._has_row("wallet_account", test)

    def _expiring(self, leaf: ExpiringProperty) -> str:
        """What lots have left whose last day is one of so many, D the first. Likewise for who has none."""
        days = self._binder.constant(leaf.days, "int")
        test = self._bounded('sum(a."left")', leaf, "numeric")
        none = _fits_nothing(leaf)
        lots = f'a."left" > 0 AND a.expires_on BETWEEN {self._day()} AND {self._day()} + {days} - 1'
        grouped = f"{lots} GROUP BY a.member_id HAVING {'NOT ' if none else ''}{test}"
        return f"(NOT {self._has_row('points_lot', grouped)})" if none else self._has_row("points_lot", grouped)

    def _month(self, month: int | str) -> str:
        if month == "this":
            return self._binder.moment("this month", lambda m: m.day.month, "int")
        if month == "next":
            return self._binder.moment("next month", lambda m: m.day.month % _MONTHS + 1, "int")
        return self._binder.constant(month, "int")

    def _birthday_in(self, year: str) -> str:
        """The birthday in a year; adding years keeps 29 February on the 28th where there is none."""
        born = self._profile("birthday")
        return f"({born} + make_interval(years => {year} - extract(year FROM {born})::int))::date"

    def _age(self) -> str:
        year, day = self._year(), self._day()
        late = f"CASE WHEN {self._birthday_in(year)} > {day} THEN 1 ELSE 0 END"
        return f"({year} - extract(year FROM {self._profile('birthday')})::int - {late})"

    def _days_to_birthday(self) -> str:
        year, day = self._year(), self._day()
        this, following = self._birthday_in(year), self._birthday_in(f"({year} + 1)")
        return f"(CASE WHEN {this} >= {day} THEN {this} ELSE {following} END - {day})"

    # --- pieces ---------------------------------------------------------------------------------

    def _day(self) -> str:
        return self._binder.moment("day", lambda m: m.day, "date")

    def _year(self) -> str:
        return self._binder.moment("year", lambda m: m.day.year, "int")

    def _profile(self, column: str) -> str:
        self.reads_profile = True
        return f"p.{column}"

    def _one_of(self, expression: str, among: Iterable[str]) -> str:
        return f"coalesce({expression} = ANY({self._binder.constant(list(among), 'text[]')}), false)"

    def _bounded(self, expression: str, leaf: Bounds | TierProperty | AttributeProperty, kind: str) -> str:
        bounds: tuple[tuple[str, Any], ...] = ((">=", leaf.gte), ("<", leaf.lt))
        tests = [f"{expression} {sign} {self._binder.constant(to, kind)}" for sign, to in bounds if to is not None]
        return f"coalesce({' AND '.join(tests)}, false)"

    def _has_row(self, table: str, test: str) -> str:
        """Whether the member has such a row: the members' rows once, by an index, then each member by its hash."""
        mine = self._values.ids.on("a.member_id")
        return f"v.id IN (SELECT a.member_id FROM {table} a WHERE a.tenant_id = $1 AND {mine} AND {test})"


def _fits_nothing(leaf: Bounds) -> bool:
    """Whether 0 lies between the bounds."""
    return (leaf.gte is None or leaf.gte <= 0) and (leaf.lt is None or leaf.lt > 0)
