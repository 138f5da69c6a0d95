"""Languages of the pages: catalogues compiled at start from `.po`; numbers, money and times as a reader writes them.

The texts in the source are English; `locales/<locale>/messages.po` has every one of them in each language,
and a test holds both to 100 %. `pybabel extract -F saas/locales/babel.cfg -k n_ -k say -k plural:1,2 -o new.pot saas
tenants`, then `pybabel update -i new.pot -l zh_CN -o saas/locales/zh_CN/messages.po` (and `en`) take up new texts.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from babel import Locale, numbers
from babel import dates as babel_dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from saas.errors import LANGUAGES, Language
from saas.money import format_money

LOCALES: Final = Path(__file__).with_name("locales")
_LOCALE_OF: Final[dict[Language, str]] = {"zh-CN": "zh_CN", "en": "en"}
_COMPACT_FROM: Final = 100_000


def n_(message: str) -> str:
    """Marks a text for translation where it's kept; it's translated where it's shown."""
    return message


def as_language(text: str | None) -> Language | None:
    """One of our languages for a locale of any spelling ("zh", "zh_Hans_CN", "en-GB"); None for another."""
    head = (text or "").replace("_", "-").split("-")[0].lower()
    return {"zh": LANGUAGES[0], "en": LANGUAGES[1]}.get(head)


@dataclass(frozen=True, slots=True)
class Tongue:
    """Everything that depends on the reader's language."""

    language: Language
    locale: Locale
    translations: NullTranslations

    def say(self, message: str, **params: object) -> str:
        """`message` in this language, its `%(name)s` placeholders filled."""
        return self.translations.ugettext(message) % params if params else self.translations.ugettext(message)

    def plural(self, one: str, many: str, n: int, **params: object) -> str:
        """The form for `n` of a message in this language; its placeholder `%(n)s` is the number as it's written."""
        return self.translations.ungettext(one, many, n) % {"n": self.number(n), **params}

    def number(self, value: int | Decimal) -> str:
        """11690 → 11,690."""
        return numbers.format_decimal(value, locale=self.locale)

    def compact(self, value: int) -> str:
        """From 100,000 on in 万 or K: 3284000 → 328.4万, 3.3M; below it in full."""
        if abs(value) < _COMPACT_FROM:
            return self.number(value)
        return numbers.format_compact_decimal(value, locale=self.locale, fraction_digits=1)

    def money(self, minor: int, currency: str) -> str:
        """Minor units as an amount: 48265000 CNY → ¥482,650.00."""
        return format_money(minor, currency, self.language)

    def percent(self, part: int, whole: int) -> str:
        """`part` of `whole` with one decimal; an em dash where there is no whole."""
        if whole == 0:
            return "—"
        share = Decimal(part) / Decimal(whole)
        return numbers.format_percent(share, format="#,##0.0%", locale=self.locale)

    def rate(self, text: str | None) -> str:
        """A rate as reports tell it: "0.6380" → 63.8%; an em dash where there is none."""
        return "—" if text is None else numbers.format_percent(Decimal(text), format="#,##0.0%", locale=self.locale)

    def day(self, value: date) -> str:
        """A calendar day, in the language's usual length."""
        return babel_dates.format_date(value, format="medium", locale=self.locale)

    def day_of_year(self, value: date) -> str:
        """A day without its year."""
        return babel_dates.format_skeleton("MMMd", value, locale=self.locale)

    def month(self, value: date) -> str:
        """The month of a day, with its year."""
        return babel_dates.format_skeleton("yMMMM", value, locale=self.locale)

    def month_name(self, value: date) -> str:
        """The month of a day alone, short: 11月, Nov."""
        return babel_dates.format_skeleton("MMM", value, locale=self.locale)

    def short_day(self, value: date) -> str:
        """A day where there is little room: 11/23."""
        return f"{value.month}/{value.day}"

    def moment(self, value: datetime, zone: tzinfo, *, year: int | None = None) -> str:
        """An instant on the clocks of `zone`, to the minute; without its year where that is `year`."""
        local = value.astimezone(zone)
        if local.year == year:
            return f"{babel_dates.format_skeleton('MMMd', local, locale=self.locale)} {local:%H:%M}"
        return f"{self.day(local.date())} {local:%H:%M}"


@cache
def tongue(language: Language) -> Tongue:
    """The language's catalogue and formats, compiled once. Raises OSError where its `.po` is missing."""
    name = _LOCALE_OF[language]
    with (LOCALES / name / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=name)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Tongue(language, Locale.parse(name), Translations(compiled))


def translators(of: Tongue) -> tuple[Callable[[str], str], Callable[[str, str, int], str]]:
    """For templates: gettext and ngettext."""
    return of.translations.ugettext, of.translations.ungettext
