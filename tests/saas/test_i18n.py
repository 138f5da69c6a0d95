"""Every text of the pages in every language, and numbers and times as each writes them."""

import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from saas.errors import LANGUAGES, Language
from saas.i18n import LOCALES, as_language, tongue

ROOT = Path(__file__).parents[2]
KEYWORDS = {"_": None, "ngettext": (1, 2), "plural": (1, 2), "n_": None, "say": None}
NAMES = {"EN", "中", "openapi", "json", "Ctrl", "Enter", "Esc", "CSV"}
"""The same in every language; keys are called as they are printed."""
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


@cache
def texts_in_the_source() -> set[str | tuple[str, ...]]:
    return {
        message
        for folder in ("saas", "tenants")
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, method_map=METHODS, keywords=KEYWORDS)
    }


def catalogue(locale: str) -> Catalog:
    with (LOCALES / locale / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_text_is_translated_and_no_translation_is_left_over(locale: str) -> None:
    written = {message.id: message for message in catalogue(locale) if message.id}
    assert set(written) == texts_in_the_source()
    for message in written.values():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), message.id
        assert not message.fuzzy, message.id
        asked = message.id if isinstance(message.id, str) else message.id[-1]
        for form in forms:
            assert placeholders(form) <= placeholders(asked) | {"num"}, message.id


def test_chinese_texts_are_chinese() -> None:
    latin = [str(m.string) for m in catalogue("zh_CN") if m.id and not re.search(r"[\u3000-\uffef]", str(m.string))]
    assert latin == ["Regulars"]


def test_no_text_of_a_template_stands_outside_the_catalogue() -> None:
    for template in sorted(p for part in ("saas", "tenants") for p in (ROOT / part).rglob("templates/*.html")):
        text = template.read_text()
        codes = (r"{% block body_class %}.*?{% endblock %}", r"{[#%{].*?[#%}]}", r"<[^>]*>", r' [a-z-]+="[^"]*"')
        for code in codes:
            text = re.sub(code, " ", text, flags=re.DOTALL)
        words = set(re.findall(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+", text)) - NAMES
        assert not words, f"{template.name}: {words}"


@pytest.mark.parametrize(
    ("text", "language"),
    [("zh-CN", "zh-CN"), ("zh_Hant_TW", "zh-CN"), ("en-GB", "en"), ("fr", None), ("", None), (None, None)],
)
def test_a_locale_of_any_spelling_is_one_of_ours_or_none(text: str | None, language: Language | None) -> None:
    assert as_language(text) == language


def test_numbers_money_and_times_are_the_readers() -> None:
    zh, en = (tongue(language) for language in LANGUAGES)
    assert (zh.compact(3_284_000), en.compact(3_284_000)) == ("328.4万", "3.3M")
    assert (zh.compact(11_690), en.compact(11_690)) == ("11,690", "11,690")
    assert zh.money(48_265_000, "CNY") == "¥482,650.00"
    assert (zh.percent(1, 3), zh.percent(0, 0)) == ("33.3%", "—")
    at = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    shanghai = ZoneInfo("Asia/Shanghai")
    assert (zh.moment(at, shanghai), en.moment(at, shanghai)) == ("2026年3月2日 00:30", "Mar 2, 2026 00:30")
    assert (zh.moment(at, shanghai, year=2026), en.moment(at, UTC, year=2026)) == ("3月2日 00:30", "Mar 1 16:30")
    assert (zh.month(date(2026, 3, 1)), en.month(date(2026, 3, 1))) == ("2026年3月", "March 2026")


def test_plurals_follow_the_language() -> None:
    one, many = "%(num)s branch", "%(num)s branches"
    forms = [tongue(language).translations.ungettext(one, many, n) for language in LANGUAGES for n in (1, 2)]
    assert forms == ["%(num)s 家门店", "%(num)s 家门店", one, many]
