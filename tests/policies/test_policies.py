"""docs/policies.md, row by row: what it says comes out does, for the plain evaluator and for the product."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from policies import on_oracle, over_http
from policies.happening import Told, parse_events, parse_outcome
from policies.page import Row, rows
from policies.policy_rules import parse_rules
from support.chains import Chain

ROWS = rows()


def of_the_same_rules() -> list[list[Row]]:
    """What one chain can tell: rows alike in their rules and in whether they list warnings."""
    found: dict[tuple[str, bool], list[Row]] = {}
    for row in ROWS:
        found.setdefault((str(parse_rules(row.rules)), row.warnings), []).append(row)
    return list(found.values())


ALIKE = of_the_same_rules()
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.number for row in ROWS])
each_chain = pytest.mark.parametrize("alike", ALIKE, ids=["+".join(row.number for row in rows) for rows in ALIKE])


def test_the_page_has_its_rows_each_with_a_number_of_its_own() -> None:
    assert len(ROWS) >= 80
    assert [number for number, times in Counter(row.number for row in ROWS).items() if times > 1] == []


def test_every_row_is_told_by_the_product() -> None:
    assert sorted(row.number for alike in ALIKE for row in alike) == sorted(row.number for row in ROWS)


def compared(outcome: list[Told], row: Row) -> list[Told]:
    return sorted((one for one in outcome if row.warnings or one.reason != "told"), key=str)


@each_row
def test_the_plain_evaluator(row: Row) -> None:
    rules = parse_rules(row.rules)
    outcome = on_oracle.outcome(rules, parse_events(row.happens, rules.zone))
    assert compared(outcome, row) == compared(parse_outcome(row.outcome), row)


@each_chain
async def test_the_product(alike: list[Row], new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> None:
    rules = parse_rules(alike[0].rules)
    told = {row.number: parse_events(row.happens, rules.zone) for row in alike}
    chain = await new_chain(timezone=rules.zone)
    came_out = await over_http.outcomes(chain, rules, told, drain, warnings=alike[0].warnings)
    expected = {row.number: compared(parse_outcome(row.outcome), row) for row in alike}
    assert {row.number: compared(came_out[row.number], row) for row in alike} == expected
