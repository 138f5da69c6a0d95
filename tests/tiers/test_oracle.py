"""The product against the plain evaluator: decision by decision, value by value, in the order written."""

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from minimal import minimal, told
from oracle.decisions import Decision
from oracle.plain import Chain as Oracle
from oracle.strategies import Case, cases
from oracle.walking import carry_out, opened, possible
from side_by_side import Product, product_for
from support.chains import Chain
from support.drift import drift
from support.proof import unproved

from tenants.programme.compiler import LeafUse
from tenants.programme.conditions import parse_condition

Drain = Callable[..., Awaitable[Any]]
Row = dict[str, Any]
EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "20"))
PLACES = 9  # a mean is told with as many decimals as the database divides to


def key_of(place: str, ladder: Row) -> str:
    """The product's name of a leaf that the oracle names by its place."""
    tier, which, *path = place.split("/")
    found: Any = next(one for one in ladder["tiers"] if one["code"] == tier)[which]
    for step in path:
        found = found[int(step)] if step.isdigit() else found[step]
    return LeafUse(parse_condition(found), 0, which == "retain").key  # type: ignore[arg-type]


def shown(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    number = Fraction(value) if isinstance(value, Fraction) else Fraction(Decimal(str(value)))
    return round(number, PLACES)


def expected(decision: Decision, oracle: Oracle, product: Product) -> Row:
    standing, ladder = decision.standing, oracle.versions.number(decision.rules).ladders[decision.ladder]
    return {
        "ladder": decision.ladder,
        "member_id": product.members[decision.member],
        "effective_at": decision.effective_at,
        "from_tier": decision.from_tier,
        "to_tier": decision.to_tier,
        "reason": decision.reason,
        "since": standing.since,
        "valid_until": standing.valid_until,
        "fell_on": standing.last_fall,
        "locked_until": standing.locked_until,
        "may_rise": standing.may_rise,
        "day": decision.day,
        "facts": {key_of(place, ladder): shown(value) for place, value in decision.facts.items()},
    }


def found(row: Row) -> Row:
    told = {name: value for name, value in row.items() if name not in ("id", "seq", "to_rank")}
    told["facts"] = {key: shown(value) for key, value in row["facts"].items()}
    if row["to_rank"] == 0:
        told["since"] = None  # in the base tier it is joined_on, whatever was written
    return told


def loosely(rows: list[Row], ladders: dict[str, Row]) -> list[Row]:
    """An undo puts back the row as it was: what schedules have renewed of it without a word, who reads it knows."""
    silent = {
        code
        for code, one in ladders.items()
        if one["policy"]["validity"]["type"] == "until_next_schedule" and one["policy"]["grace_days"] == 0
    }
    taken_back = [row["reason"] == "refund" and row["ladder"] in silent for row in rows]
    hidden = {"valid_until": None, "locked_until": None, "may_rise": True}
    return [row | hidden if back else row for row, back in zip(rows, taken_back, strict=True)]


def by_member(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (str(row["member_id"]), row["ladder"]))


async def difference(case: Case, drain: Drain) -> str | None:
    """Walks a case on both sides. What differs first; None: nothing does."""
    product, oracle = await product_for(case, drain), opened(case)
    for step in case.steps:
        deed = possible(oracle, step, case)
        if deed is None:
            continue
        done = await product.do(deed)
        told = [expected(one, oracle, product) for one in carry_out(oracle, deed, done.at, done.counted_at)]
        made = [found(row) for row in await product.decisions()]
        if deed.kind == "undo":
            made, told = loosely(made, oracle.ladders), loosely(told, oracle.ladders)
        if by_member(made) != by_member(told):
            return f"{deed}\nproduct: {by_member(made)}\nplain evaluator: {by_member(told)}"
        if deed.kind in ("midnight", "recalculate"):
            await product.again(deed, done.at)
            if twice := await product.decisions():
                return f"{deed}\nevaluated twice, written twice: {twice}"
    notices = {(product.members[member], ladder, end) for member, ladder, end in oracle.notices}
    if (given := await product.notices()) != notices:
        return f"warned by the product alone: {given - notices}, by the plain evaluator alone: {notices - given}"
    if wrong := await drift_of(product.tenant_id):
        return f"sums that aren't what the facts give: {wrong}"
    if provable(case) and (unlike := await unproved(product.tenant_id)):
        return f"not what a replay of the facts gives: {unlike}"
    count(oracle, case)
    return None


def provable(case: Case) -> bool:
    """Points and top-ups are planted here as sums, without their facts."""
    return not any(step.kind in ("top_up", "points") for step in case.steps)


def count(oracle: Oracle, case: Case) -> None:
    """What the examples are about, for `--hypothesis-show-statistics`."""
    for reason in {one.reason for one in oracle.decisions}:
        event(f"decided: {reason}")
    for version in oracle.versions.since_the_first():
        event(f"published: {version.transition or 'a roll-back'}")
    event(f"about {case.flavour}")
    event("warned" if oracle.notices else "nobody warned")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # made small below, in seconds instead of minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases())
async def test_every_decision_is_the_plain_evaluators(case: Case, drain: Drain) -> None:
    first = await difference(case, drain)
    if first is None:
        return

    async def differs(smaller: Case) -> bool:
        return await difference(smaller, drain) is not None

    small = await minimal(case, differs)
    pytest.fail(f"{told(small)}\n{await difference(small, drain)}\nbefore it was made small:\n{first}")


async def drift_of(tenant_id: UUID) -> list[Any]:
    """Aggregates that aren't what the facts give; points and top-ups have no facts yet."""
    wrong = await drift(Chain(tenant_id, "", None, "", "", ""))  # type: ignore[arg-type]
    return [one for one in wrong if not {"top_up", "points"} & {str(part) for part in one.key}]
