"""Differences between versions in plain words: complete, told once, in both languages, without a code."""

import re
from typing import Any

import pytest
from changing import RICH, changes
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from saas.errors import LANGUAGES, Language
from tenants.programme.differences import Difference, differences
from tenants.programme.document import Programme

Json = dict[str, Any]
BEFORE = Programme.parse(RICH)
SINGLE = list(changes(RICH))


def told(old: Programme, new: Programme, language: Language = "zh-CN") -> list[Difference]:
    return differences(old, new, language)


def same(old: Programme, new: Programme) -> bool:
    """But for the version's number; 5 % is 5.0 %."""
    return all(getattr(old, name) == getattr(new, name) for name in Programme.model_fields if name != "version")


def assert_plain(text: str, language: Language) -> None:
    """Words, not codes: no enumeration's name, no JSON, and none of the other language's sentences."""
    own = re.sub(r"“[^”]*”", "“”", text)
    assert not re.search(r"[a-z]+_[a-z]+|[{}\[\]\"]|None|True|False|%\(", text), text
    assert text.strip() == text
    if language == "zh-CN":
        assert text.endswith("。")
        assert not re.search(r"[A-Za-z]{4,}", own), text
    else:
        assert text.endswith(".")
        assert not re.search(r"[\u4e00-\u9fff]", own), text


def test_there_are_changes_of_every_field() -> None:
    names = {step for path, _ in SINGLE for step in path if isinstance(step, str)}
    assert len(SINGLE) > 500
    fields = {
        "grace_days",
        "late_days",
        "max_drop",
        "redeem",
        "beside",
        "birthday",
        "percent",
        "multiplier",
        "slipping_factor",
    }
    assert fields <= names


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_single_change_is_told_in_words(language: Language) -> None:
    for path, changed in SINGLE:
        for old, new in ((BEFORE, changed), (changed, BEFORE)):
            found = told(old, new, language)
            if same(old, new):
                assert found == [], path
                continue
            assert found, path
            for one in found:
                assert one.pointer.startswith("/"), path
                assert_plain(one.text, language)
            assert len({(one.pointer, one.kind) for one in found}) == len(found), (path, found)


def test_a_changed_value_is_told_once_where_it_stands() -> None:
    """A change of one value is one difference, at its place or at that of the phrase in which it's said."""
    for path, changed in SINGLE:
        if path[-1] in {"code", "type", "tiers"} or not isinstance(path[-1], str) or _is_whole(path):
            continue
        if "activities" in path:
            continue  # a kind that has points no more, and another one that has them
        found = told(BEFORE, changed)
        assert len(found) == (not same(BEFORE, changed)), (path, found)
        if found:
            pointer = "/" + "/".join(map(str, path))
            assert pointer.startswith(found[0].pointer), (path, found)


def _is_whole(path: tuple[Any, ...]) -> bool:
    """Whether it leads to an object or a list, of which much may have changed at once."""
    value: Any = RICH
    for step in path:
        value = value[step]
    return isinstance(value, dict | list)


@given(st.lists(st.integers(0, 10**6), max_size=4), st.lists(st.integers(0, 10**6), max_size=4))
@settings(max_examples=40)
def test_no_difference_is_told_where_and_only_where_the_documents_are_equal(left: list[int], right: list[int]) -> None:
    a, b = _walk(left), _walk(right)
    for language in LANGUAGES:
        assert (told(a, b, language) == []) is same(a, b)
    assert told(a, a) == told(b, b) == []


def _walk(steps: list[int]) -> Programme:
    """RICH after some changes, one upon the other: each a part of the document as one of the single changes has it."""
    document = BEFORE
    for step in steps:
        part = _PARTS[step % len(_PARTS)]
        near = [changed for path, changed in SINGLE if path[0] == part]
        try:
            document = Programme.parse({**document.dump(), part: near[step % len(near)].dump()[part]})
        except ValidationError:  # its kinds, tiers or branches aren't there any more
            continue
    return document


_PARTS = ("points", "wallet", "stacking", "lifecycle", "eligibility", "attributes", "ladders")
