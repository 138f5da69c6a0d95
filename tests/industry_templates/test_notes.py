"""The notes of a template say every threshold, in both languages."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from industry_templates.loader import load_all
from industry_templates.schema import Template, Variant
from tenants.programme.conditions import iter_leaves
from tenants.programme.leaves import UNITS


def _variants() -> Iterator[Any]:
    for template in load_all().values():
        for variant, _ in template.choices():
            yield pytest.param(template, variant, id=f"{template.code}-{variant.code if variant else 'only'}")


@pytest.mark.parametrize(("template", "variant"), list(_variants()))
def test_the_notes_say_every_threshold(template: Template, variant: Variant | None) -> None:
    """In both languages: money in yuan, strict ones as “more than”."""
    notes = [*template.notes, *(variant.notes if variant else ())]
    said = {
        "zh": _numbers(" ".join(note.texts.zh_cn for note in notes), myriads=True),
        "en": _numbers(" ".join(note.texts.en for note in notes), myriads=False),
    }
    programme = template.programme_of(variant)
    for tier in [tier for found in programme.ladders for tier in found.tiers]:
        for condition in filter(None, (tier.qualify, tier.retain)):
            for leaf in iter_leaves(condition):
                bound = int(leaf.gte or 0)
                value = bound // 100 if UNITS[leaf.metric] == "money" else bound
                for language, numbers in said.items():
                    assert value in numbers or value == 1, (language, tier.code, value)
    for step in programme.wallet.top_up_bonus:
        assert all(step.amount // 100 in numbers for numbers in said.values())


def _numbers(text: str, *, myriads: bool) -> set[int]:
    words = {"ten": 10, "nine": 9, "five": 5}
    found = {int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text) if number.strip(",")}
    if myriads:
        found |= {int(number) * 10_000 for number in re.findall(r"(\d+) 万", text)}
    return found | {value for word, value in words.items() if re.search(rf"\b{word}\b", text, re.IGNORECASE)}
