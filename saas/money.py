"""Money: integers in the currency's minor unit. Text becomes money exactly or not at all."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain
from typing import Final

from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_precision, get_currency_symbol, parse_pattern

from saas.errors import InvalidValueError

MAX_MINOR: Final = 10**13
"""The largest amount anywhere, in minor units; far above any till, far below bigint's end in a sum."""

# Where CLDR (babel), which follows cash in use, gives fewer decimals than ISO 4217's minor unit
# (ISO 4217 list one, https://www.six-group.com/en/products-services/financial-information/data-standards.html).
_ISO_EXPONENTS: Final = {
    **dict.fromkeys(("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2),
    "IQD": 3,
}
_OF_CHINA: Final = "CN¥"  # as CLDR writes it in English
_IN_THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]*)?")
_AMOUNT: Final = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")


def require_currency(code: str) -> str:
    """`code` if it's an ISO 4217 currency in capitals. Raises InvalidValueError `invalid-currency`."""
    if code not in _currencies():
        raise InvalidValueError("invalid-currency")
    return code


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    """What is legal tender somewhere today: no gold, no test codes, no money of the past."""
    uses = chain.from_iterable(get_global("territory_currencies").values())
    return frozenset(code for code, _start, end, tender in uses if tender and end is None)


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Decimals of the currency's minor unit: CNY 2, JPY 0, KWD 3.

    Raises InvalidValueError `invalid-currency`.
    """
    require_currency(currency)
    return _ISO_EXPONENTS.get(currency, get_currency_precision(currency))


def parse_decimal_amount(text: str, currency: str) -> int:
    """Minor units of a decimal amount such as "12.5" or "-0.30"; exact, sign allowed, ASCII digits only.

    Zeros beyond the currency's decimals are fine ("7.1600" is 716). Raises InvalidValueError `invalid-amount`
    (signs, separators, exponents), `too-many-decimals`, `out-of-range` (above `MAX_MINOR`).
    """
    match = _AMOUNT.fullmatch(text.strip(" \t"))
    if match is None:
        raise InvalidValueError("invalid-amount")
    sign, whole, decimals = match[1], match[2], (match[3] or "")
    places = exponent(currency)
    if decimals[places:].strip("0"):
        raise InvalidValueError("too-many-decimals", max=places)
    minor = int(whole + decimals[:places].ljust(places, "0"))
    if minor > MAX_MINOR:
        raise InvalidValueError("out-of-range")
    return -minor if sign == "-" else minor


def ungrouped(text: str) -> str:
    """A number without what parts its thousands: 1,234.50 is 1234.50. Any other text as it is, so that it is refused: a
    finger beside the point, or who writes decimals with a comma, would make 125 of 12,5.
    """
    return text.replace(",", "").replace(" ", "") if _IN_THOUSANDS.fullmatch(text) else text


def to_decimal(minor: int, currency: str) -> Decimal:
    """The amount in whole currency units, exact."""
    return Decimal(minor).scaleb(-exponent(currency))


def format_money(minor: int, currency: str, locale: str) -> str:
    """For people, as the locale (`zh-CN`, `en`) writes it: ¥1,234.50. Raises UnknownLocaleError.

    A chain has one currency, and its shops say ¥ in whatever language: never CN¥.
    """
    parsed = Locale.parse(locale, sep="-")
    pattern = parse_pattern(parsed.currency_formats["standard"].pattern)
    places = exponent(currency)
    pattern.frac_prec = (places, places)
    text: str = pattern.apply(to_decimal(minor, currency), parsed, currency=currency, currency_digits=False)
    return text.replace(_OF_CHINA, "¥")


def currency_sign(currency: str, locale: str) -> str:
    """What stands before an amount that `format_money` writes: ¥, $, €."""
    sign: str = get_currency_symbol(currency, locale=Locale.parse(locale, sep="-"))
    return sign.replace(_OF_CHINA, "¥")


def round_half_up(value: Decimal) -> int:
    """The nearest integer, halves away from zero (a discount of 0.5 分 is 1 分; −0.5 is −1)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
