"""What a chain can buy: plans as data, with the revisions that somebody may still hold.

Limits are enforced from here, so that no request of a chain's waits on Stripe.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from saas.errors import LANGUAGES, Texts

Part = Literal["base", "usage"]
PARTS: Final[tuple[Part, ...]] = ("base", "usage")
CURRENCIES: Final = ("CNY", "USD")
TRIAL: Final = "trial"
"""The code of the plan that a chain tries out: it has no price and isn't offered."""
_MARK: Final = "regulars"
_THOUSAND: Final = 1000


@dataclass(frozen=True, slots=True)
class Price:
    """Minor units. `monthly` in advance; `per_thousand` for every further 1,000 active members, to the member."""

    monthly: int
    per_thousand: int

    @property
    def per_member(self) -> Decimal:
        """Exact, in minor units: 49.00 per thousand are 4.9 fen."""
        return Decimal(self.per_thousand) / _THOUSAND


@dataclass(frozen=True, slots=True)
class Plan:
    """One revision of a plan. `members`: active members included a month; `branches`: the most that may be open."""

    code: str
    revision: str | None
    names: Texts
    members: int
    branches: int
    requests_per_second: int
    prices: Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class PriceKey:
    """What a price at Stripe is the price of."""

    code: str
    revision: str
    currency: str
    part: Part


def plan(code: str, revision: str | None = None) -> Plan:
    """The plan of this code, of this revision or its newest one; `trial` has none. Raises LookupError for another."""
    read = _read()
    found = [one for one in read.plans if one.code == code and revision in {None, one.revision}]
    if not found:
        raise LookupError(f"no plan {code!r} of revision {revision!r}")
    return max(found, key=lambda one: one.revision or "")


def offered() -> list[Plan]:
    """What a chain can choose now: the newest revision of each plan, the smallest first."""
    codes = dict.fromkeys(one.code for one in _read().plans if one.prices)
    return sorted((plan(code) for code in codes), key=lambda one: one.members)


def held() -> list[Plan]:
    """Every revision that has a price."""
    return [one for one in _read().plans if one.prices]


def currency_for(currency: str) -> str:
    """In which currency a chain pays that keeps its books in `currency`."""
    return currency if currency == "CNY" else "USD"


def lookup_key(one: Plan, currency: str, part: Part) -> str:
    """How Stripe knows a price: `regulars_growth_cny_2026-11_base`."""
    return f"{_MARK}_{one.code}_{currency.lower()}_{one.revision}_{part}"


def price_key(key: str | None) -> PriceKey | None:
    """What a lookup key names; None for one that isn't of ours."""
    for one in held():
        for currency in one.prices:
            for part in PARTS:
                if key == lookup_key(one, currency, part) and one.revision is not None:
                    return PriceKey(one.code, one.revision, currency, part)
    return None


@dataclass(frozen=True, slots=True)
class _File:
    trial_days: int
    plans: tuple[Plan, ...]


@cache
def _read() -> _File:
    """The file, read once. Raises KeyError, TypeError or ValueError where it is wrong."""
    raw = tomllib.loads(Path(__file__).with_name("plans.toml").read_text(encoding="utf-8"))
    plans = [_plan(entry) for entry in raw["plan"]]
    like = max((one for one in plans if one.code == raw["trial_like"]), key=lambda one: one.revision or "")
    trial = Plan(
        TRIAL,
        None,
        MappingProxyType({"zh-CN": "试用", "en": "Trial"}),
        like.members,
        like.branches,
        like.requests_per_second,
        MappingProxyType({}),
    )
    return _File(int(raw["trial_days"]), (trial, *plans))


def _plan(entry: Mapping[str, Any]) -> Plan:
    prices = {currency: Price(**entry["prices"][currency]) for currency in CURRENCIES}
    return Plan(
        entry["code"],
        entry["revision"],
        MappingProxyType({language: entry["names"][language] for language in LANGUAGES}),
        entry["members"],
        entry["branches"],
        entry["requests_per_second"],
        MappingProxyType(prices),
    )


TRIAL_DAYS: Final = _read().trial_days
