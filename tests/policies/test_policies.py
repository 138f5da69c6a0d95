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
each_row = pytest.mark.parametrize("row", ROWS, ids=[row.number for row in ROWS])


def test_the_page_has_its_rows_each_with_a_number_of_its_own() -> None:
    assert len(ROWS) >= 80
    assert [number for number, times in Counter(row.number for row in ROWS).items() if times > 1] == []


def compared(outcome: list[Told], row: Row) -> list[Told]:
    return sorted((one for one in outcome if row.warnings or one.reason != "told"), key=str)


@each_row
def test_the_plain_evaluator(row: Row) -> None:
    rules = parse_rules(row.rules)
    outcome = on_oracle.outcome(rules, parse_events(row.happens, rules.zone))
    assert compared(outcome, row) == compared(parse_outcome(row.outcome), row)


@each_row
async def test_the_product(row: Row, new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> None:
    rules = parse_rules(row.rules)
    events = parse_events(row.happens, rules.zone)
    chain = await new_chain(timezone=rules.zone)
    outcome = await over_http.outcome(chain, rules, events, drain, warnings=row.warnings)
    assert compared(outcome, row) == compared(parse_outcome(row.outcome), row)
