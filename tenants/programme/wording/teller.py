"""Who tells the rules: a language, the chain's currency, and what the chain calls its own things."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.numbers import get_currency_name

from saas.errors import Language
from saas.i18n import Tongue, n_, tongue
from tenants.programme.strict import Names

_KNOWN: Final = {
    "activity": {
        "check_in": n_("check-in"),
        "class": n_("class"),
        "challenge": n_("challenge"),
        "review": n_("review"),
        "share": n_("sharing"),
        "measurement": n_("measurement"),
        "event": n_("event"),
        "lecture": n_("lecture"),
        "tasting": n_("tasting"),
        "training_camp": n_("training camp"),
        "pressure_check": n_("blood pressure check"),
        "glucose_check": n_("blood sugar check"),
        "inspection": n_("inspection"),
        "upkeep": n_("upkeep"),
        "car_wash": n_("car wash"),
        "festival": n_("festival"),
        "shooting": n_("photo shooting"),
    },
    "tender": {
        "cash": n_("cash"),
        "card": n_("bank card"),
        "wechat": n_("WeChat Pay"),
        "alipay": n_("Alipay"),
        "medical_insurance": n_("medical insurance"),
        "points": n_("points"),
        "wallet": n_("stored value"),
    },
    "product": {
        "group_class": n_("group class"),
        "car_wash": n_("car wash"),
        "family_set_meal": n_("family set meal"),
        "advanced_facility": n_("advanced facilities"),
    },
}
"""Codes that the templates bring along."""

Glossary = Mapping[tuple[str, str], Names]
"""What the chain calls its own things, by sort (`coupon`, `price_list`, `branch`) and code."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts words, numbers, money and days together as the language does."""

    language: Language
    currency: str
    glossary: Glossary = field(default_factory=dict, hash=False, compare=False)

    @property
    def tongue(self) -> Tongue:
        return tongue(self.language)

    @property
    def chinese(self) -> bool:
        return self.language == "zh-CN"

    def say(self, message: str, **params: object) -> str:
        return self.tongue.say(message, **params)

    def plural(self, one: str, many: str, n: int, **params: object) -> str:
        return self.tongue.plural(one, many, n, **params)

    def money(self, minor: int) -> str:
        """An amount in the chain's currency."""
        return _money(minor, self.currency, self.language)

    def currency_name(self) -> str:
        name: str = get_currency_name(self.currency, locale=self.tongue.locale)
        return f"{name} {self.currency}" if self.chinese else f"{name} ({self.currency})"

    def number(self, value: int | Decimal) -> str:
        """Exact, however many decimals it has."""
        if isinstance(value, int):
            return self.tongue.number(value)
        whole, _, decimals = f"{value:f}".partition(".")
        sign = "-" if whole.startswith("-") else ""
        decimals = decimals.rstrip("0")
        return sign + self.tongue.number(int(whole.lstrip("-"))) + (f".{decimals}" if decimals else "")

    def percent(self, value: Decimal) -> str:
        return f"{self.number(value)}%"

    def day(self, value: date) -> str:
        return _day(value, self.language)

    def quoted(self, text: str) -> str:
        return f"“{text}”"

    def named(self, names: Names) -> str:
        """A name of the chain's, in quotes."""
        return self.quoted(names.get(self.language))

    def own(self, sort: str, code: str) -> str:
        """Something that the chain knows by a code: its name where it has one, else the code as a person would
        write it.
        """
        names = self.glossary.get((sort, code))
        if names is not None:
            return self.named(names)
        known = _KNOWN.get(sort, {}).get(code)
        return self.quoted(code.replace("_", " ").replace("-", " ") if known is None else self.say(known))

    def both(self, first: str, second: str) -> str:
        """Two phrases of which the language wants the second one first: spend … within …"""
        return second + first if self.chinese else f"{first} {second}"

    def listed(self, items: Iterable[str]) -> str:
        """a, b, c."""
        return ("、" if self.chinese else ", ").join(items)

    def clauses(self, items: Iterable[str]) -> str:
        """a; b; c."""
        return ("；" if self.chinese else "; ").join(items)

    def label(self, what: str, text: str) -> str:
        """what: text."""
        return f"{what}：{text}" if self.chinese else f"{what}: {text}"

    def aside(self, text: str, aside: str) -> str:
        """Text (aside)."""
        return f"{text}（{aside}）" if self.chinese else f"{text} ({aside})"

    def sentence(self, text: str) -> str:
        """As a sentence of its own: capitalised, with a full stop."""
        if self.chinese:
            return text if text.endswith("。") else f"{text}。"
        return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


@lru_cache(maxsize=10_000)
def _money(minor: int, currency: str, language: Language) -> str:
    return tongue(language).money(minor, currency)


@lru_cache(maxsize=10_000)
def _day(value: date, language: Language) -> str:
    return tongue(language).day(value)
