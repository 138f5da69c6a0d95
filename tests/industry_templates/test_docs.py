"""The owner's pages on the templates agree with the data, in both languages: every amount of money on a page is one of
the template's, and every threshold, top-up, discount and multiplier of its ladders is on its page.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from industry_templates.loader import get, load_all
from industry_templates.schema import Template
from tenants.programme.benefits import Allowance, Discount, PointsMultiplier
from tenants.programme.conditions import iter_leaves
from tenants.programme.leaves import UNITS

PAGES = Path(__file__).parents[2] / "docs" / "templates"
_MONEY_KEYS = {"amount", "bonus", "minimum", "value", "list_price", "price", "min_amount", "named", "unnamed"}
_MONEY_METRICS = {metric for metric, unit in UNITS.items() if unit == "money"} | {"wallet_balance"}


def page(code: str) -> tuple[str, str]:
    """The Chinese and the English half."""
    chinese, _, english = (PAGES / f"{code}.md").read_text(encoding="utf-8").partition("\n## English\n")
    assert english, f"{code}.md has no English half"
    return chinese, english


def amounts(text: str) -> set[int]:
    """Every ¥ amount, in yuan."""
    return {int(number.replace(",", "")) for number in re.findall(r"¥(\d[\d,]*)", text)}


def numbers(text: str) -> set[Decimal]:
    return {Decimal(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", text) if number.strip(",")}


def money(data: Any, metric: str = "") -> Iterator[int]:
    """Minor units wherever the template says some."""
    if isinstance(data, list):
        for item in data:
            yield from money(item, metric)
    elif isinstance(data, dict):
        measured = str(data.get("metric") or data.get("property") or "")
        for key, value in data.items():
            is_bound = key in {"gte", "lt"} and measured in _MONEY_METRICS
            if isinstance(value, int) and (is_bound or key in _MONEY_KEYS):
                yield value
            else:
                yield from money(value)


def known_amounts(template: Template) -> set[int]:
    """In yuan; of strict bounds (one fen more) the whole yuan, of top-ups also what they become."""
    found = {fen // 100 for fen in money(template.model_dump(mode="json"))}
    for _, programme in template.choices():
        found |= {(step.amount + step.bonus_of(step.amount)) // 100 for step in programme.wallet.top_up_bonus}
    return found


@pytest.mark.parametrize("code", load_all())
def test_every_amount_on_the_page_is_the_templates(code: str) -> None:
    for half in page(code):
        assert amounts(half) <= known_amounts(get(code)), amounts(half) - known_amounts(get(code))


@pytest.mark.parametrize("code", load_all())
def test_every_number_of_the_ladders_is_on_the_page(code: str) -> None:
    for half in page(code):
        paid, told = amounts(half), numbers(half)
        for _, programme in get(code).choices():
            for step in programme.wallet.top_up_bonus:
                assert step.amount // 100 in paid
            for tier in [tier for ladder in programme.ladders for tier in ladder.tiers]:
                for condition in filter(None, (tier.qualify, tier.retain)):
                    for leaf in iter_leaves(condition):
                        bound = int(leaf.gte or 0)
                        said = bound // 100 in paid if UNITS[leaf.metric] == "money" else Decimal(bound) in told
                        assert said, (tier.code, leaf.metric, bound)
                given = [
                    b.percent if isinstance(b, Discount) else b.multiplier
                    for b in tier.benefits
                    if isinstance(b, Discount | PointsMultiplier)
                ]
                given += [Decimal(b.count) for b in tier.benefits if isinstance(b, Allowance) and b.count > 1]
                for number in given:
                    assert number == 1 or number in told, (tier.code, number)


def test_every_template_has_its_page_and_stands_in_the_list() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {*load_all(), "README"}
    for half in page("README"):
        for code in load_all():
            assert f"({code}.md" in half
            assert f"`{code}`" in half


def test_the_pages_say_whose_each_number_is() -> None:
    for code in load_all():
        chinese, english = page(code)
        for half, last, market, ours in ((chinese, "数字来源", "行业", "我们"), (english, "source", "market", "ours")):
            rows = [line.strip("| ").split(" | ") for line in half.splitlines() if line.startswith("|")]
            heads = [row for row in rows if row[-1] == last]
            assert heads, code
            assert market in half.lower(), code
            assert any(ours in row[-1] for row in rows) or ours in half, code
