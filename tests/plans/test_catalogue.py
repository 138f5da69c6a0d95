"""Plans are data, and the data is what was decided."""

from decimal import Decimal

import pytest

from saas.plans.catalogue import (
    CURRENCIES,
    PARTS,
    TRIAL_DAYS,
    PriceKey,
    currency_for,
    held,
    lookup_key,
    offered,
    plan,
    price_key,
)


def test_what_is_offered() -> None:
    told = [
        (one.code, one.members, one.branches, one.requests_per_second, one.prices["CNY"], one.prices["USD"])
        for one in offered()
    ]
    assert [(*row[:4], *((p.monthly, p.per_thousand) for p in row[4:])) for row in told] == [
        ("starter", 1_000, 3, 10, (19_900, 4_900), (2_900, 700)),
        ("growth", 10_000, 20, 50, (59_900, 3_900), (8_500, 550)),
        ("chain", 50_000, 200, 200, (199_900, 2_900), (27_900, 400)),
    ]
    assert TRIAL_DAYS == 14


def test_a_member_costs_the_thousandth_part_exactly() -> None:
    assert plan("starter").prices["CNY"].per_member == Decimal("4.9")
    assert plan("growth").prices["USD"].per_member == Decimal("0.55")


def test_the_trial_has_growths_limits_and_no_price() -> None:
    trial, growth = plan("trial"), plan("growth")
    assert (trial.members, trial.branches, trial.requests_per_second) == (10_000, 20, 50)
    assert (trial.branches, trial.prices, trial.revision) == (growth.branches, {}, None)
    assert trial not in offered()
    assert trial not in held()


def test_a_revision_is_found_as_long_as_it_is_held() -> None:
    assert plan("growth", "2026-11") is plan("growth")
    for code, revision in (("growth", "2020-01"), ("gold", None), ("", None)):
        with pytest.raises(LookupError):
            plan(code, revision)


def test_every_price_has_a_key_of_its_own_that_leads_back() -> None:
    keys = {}
    for one in held():
        for currency in CURRENCIES:
            for part in PARTS:
                keys[lookup_key(one, currency, part)] = PriceKey(one.code, one.revision or "", currency, part)
    assert len(keys) == 12
    assert {key: price_key(key) for key in keys} == keys
    assert lookup_key(plan("growth"), "CNY", "base") == "regulars_growth_cny_2026-11_base"
    assert price_key("regulars_growth_cny_2020-01_base") is None
    assert price_key(None) is None


def test_yuan_for_who_counts_in_yuan_dollars_for_all_others() -> None:
    assert [currency_for(code) for code in ("CNY", "USD", "HKD", "JPY")] == ["CNY", "USD", "USD", "USD"]
