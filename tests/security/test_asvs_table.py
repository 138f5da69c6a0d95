"""docs/asvs.md is whole and true: each requirement once, each file and test that it names is there."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "asvs.md"
# OWASP ASVS 5.0.0, levels 1 and 2: each section with its requirements' numbers.
SECTIONS = """
1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1 3.2:1-2 3.3:1-4 3.4:1-6 3.5:1-5 3.7:1-2
4.1:1-3 4.2:1 4.3:1-2 4.4:1-4 5.1:1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4 6.4:1-4 6.5:1-5 6.6:1-3 6.8:1-4
7.1:1-3 7.2:1-4 7.3:1-2 7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3 8.3:1 8.4:1 9.1:1-3 9.2:1-4 10.1:1-2 10.2:1-2 10.3:1-4
10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2 11.2:1-3 11.3:1-3 11.4:1-4 11.5:1 11.6:1 12.1:1-3 12.2:1-2 12.3:1-4
13.1:1 13.2:1-5 13.3:1-2 13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3 15.2:1-3 15.3:1-7 16.1:1 16.2:1-5 16.3:1-4
16.4:1-3 16.5:1-3 17.1:1 17.2:1-4 17.3:1-2
"""


def required() -> set[str]:
    found = set()
    for text in SECTIONS.split():
        section, _, numbers = text.partition(":")
        first, _, last = numbers.partition("-")
        found |= {f"{section}.{n}" for n in range(int(first), int(last or first) + 1)}
    return found


@cache
def rows() -> list[tuple[list[str], str, str, str]]:
    """Of each row the requirements, the verdict, where it holds, the tests."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.match(r"\d+\.\d", cells[0]):
            found.append((cells[0].split(", "), cells[2], cells[3], cells[4]))
    return found


@cache
def named_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_requirement_is_there_once() -> None:
    listed = Counter(number for numbers, *_ in rows() for number in numbers)
    assert listed.keys() == required()
    assert len(listed) == 253
    assert [number for number, times in listed.items() if times > 1] == []


def test_every_place_and_every_test_that_is_named_exists() -> None:
    for numbers, _, where, tests in rows():
        for path in re.findall(r"`([a-z][\w./-]*/[\w./-]+)`", where):
            assert (ROOT / path).exists() or path.startswith("/"), (numbers, path)
        for named in re.findall(r"`([^`]+)`", tests):
            path, _, test = named.partition("::")
            assert (ROOT / path).exists(), (numbers, named)
            assert not test or (test.startswith("test_") and test in named_in(path)), (numbers, named)


def test_what_holds_says_where_or_by_which_test_and_what_doesn_t_says_why() -> None:
    for numbers, verdict, where, tests in rows():
        assert verdict in {"holds", "partly", "operator", "absent"}, numbers
        if verdict != "absent":
            assert where, numbers
        if verdict == "partly":
            assert "`" in tests, numbers
    with_tests = sum(len(numbers) for numbers, verdict, _, tests in rows() if verdict == "holds" and "`" in tests)
    holding = sum(len(numbers) for numbers, verdict, *_ in rows() if verdict == "holds")
    assert with_tests / holding > 0.85, "what holds is held by tests, but for what only documents can hold"


def test_the_sum_and_the_gaps_are_told() -> None:
    sums = Counter(verdict for numbers, verdict, *_ in rows() for _ in numbers)
    told = (
        f"Of 253: {sums['holds']} hold, {sums['partly']} in part, {sums['operator']} are the operator's,"
        f" {sums['absent']} are about what isn't here."
    )
    assert told in PAGE.read_text()
    gaps = (ROOT / "docs" / "security.md").read_text().partition("## What isn't there yet")[2]
    partly = [numbers[0] for numbers, verdict, *_ in rows() if verdict == "partly"]
    assert re.findall(r"`(\d+\.\d+\.\d+)`", gaps) == partly


@pytest.mark.parametrize("page", ["security.md", "asvs.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / "docs" / page).read_text()):
        assert list((ROOT / "docs").glob(f"{target}*")), target
