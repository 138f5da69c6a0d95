"""The time zones and currencies that the sign-up page offers; the API takes every other one."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_location
from babel.numbers import get_currency_name

from saas.clock import system_now
from saas.errors import Language
from saas.i18n import Tongue, tongue

_ZONES: Final = (
    *("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Asia/Singapore"),
    *("Asia/Kuala_Lumpur", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Manila", "Asia/Tokyo"),
    *("Asia/Seoul", "Asia/Kolkata", "Asia/Dubai", "Australia/Sydney", "Pacific/Auckland", "Europe/London"),
    *("Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Moscow", "Africa/Johannesburg", "America/New_York"),
    *("America/Chicago", "America/Los_Angeles", "America/Toronto", "America/Sao_Paulo"),
)
_CURRENCIES: Final = (
    *("CNY", "HKD", "MOP", "TWD", "SGD", "MYR", "THB", "VND", "IDR", "PHP", "JPY", "KRW", "INR", "AED"),
    *("AUD", "NZD", "GBP", "EUR", "USD", "CAD", "BRL", "ZAR"),
)


def zones(language: Language, asked: str) -> list[tuple[str, str]]:
    """(zone, its place and offset), and the one that was asked for if it's another."""
    offered = _ZONES if asked in _ZONES else (*_ZONES, asked)
    return [(zone, _place(zone, tongue(language), system_now().date().isoformat())) for zone in offered]


@lru_cache(maxsize=256)
def _place(zone: str, speaks: Tongue, day: str) -> str:
    """`day`: offsets change with the seasons."""
    try:
        offset = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except (ValueError, OSError, LookupError):  # a zone that somebody typed into the address: said beside the field
        return zone
    minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
    sign, (hours, rest) = "−" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"{get_timezone_location(zone, locale=speaks.locale, return_city=True)} (UTC{sign}{hours}:{rest:02d})"


def currencies(language: Language, asked: str) -> list[tuple[str, str]]:
    """(code, name with the code), and the one that was asked for if it's another."""
    offered = _CURRENCIES if asked in _CURRENCIES else (*_CURRENCIES, asked)
    locale = tongue(language).locale
    return [(code, f"{get_currency_name(code, locale=locale)} · {code}") for code in offered]
