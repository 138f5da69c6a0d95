"""What a top-up brings, and how much more fits into a wallet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saas.errors import DomainError
from tenants.programme.rules import Wallet
from tenants.wallet.steps import bonus_of, require_within_limit, step_of

Json = dict[str, Any]
GIFT = {"names": {"zh-CN": "相册一本", "en": "An album"}, "value": 39_800}
STEPS = [
    {"amount": 50_000, "bonus": 20_000},
    {"amount": 80_000, "bonus": 40_000, "tiers": ["vip"]},
    {"amount": 100_000, "gift": GIFT},
    {"amount": 200_000, "percent": "12.5"},
    {"amount": 200_000, "bonus": 30_000, "tiers": ["vip"]},
]


OVER = {"code": "balance-limit"}


def rules(**parts: Any) -> Wallet:
    return Wallet.model_validate({"top_up_bonus": STEPS, **parts})


@pytest.mark.parametrize(
    ("amount", "tier", "bonus"),
    [
        (49_999, "regular", 0),
        (50_000, "regular", 20_000),
        (79_999, "vip", 20_000),
        (80_000, "regular", 20_000),
        (80_000, "vip", 40_000),
        (99_999, "vip", 40_000),
        (100_000, "vip", 0),
        (200_000, "regular", 25_000),
        (200_004, "regular", 25_001),  # 25,000.5 half up
        (200_000, "vip", 30_000),  # of two at the same amount the one that brings more
        (300_000, "vip", 37_500),
        (150_000, "regular", 0),
    ],
)
def test_the_highest_step_open_to_the_tier_once(amount: int, tier: str, bonus: int) -> None:
    assert bonus_of(rules(), {tier, "other"}, amount) == bonus


def test_a_step_may_bring_a_thing_alone() -> None:
    step = step_of(rules(), {"regular"}, 100_000)
    assert step is not None
    assert step.gift is not None
    assert step.gift.value == 39_800
    assert step_of(rules(), {"regular"}, 49_999) is None


def limit(amount: int, held: tuple[int, int], *, named: bool = True, counts: bool = False, steps: Any = ()) -> Json:
    """What the refusal says; {} for none."""
    limits = {"named": 500_000, "unnamed": 100_000, "bonus_counts": counts}
    try:
        require_within_limit(rules(limits=limits, top_up_bonus=list(steps)), {"regular"}, amount, held, named=named)
    except DomainError as refused:
        return {"code": refused.code, **refused.params}
    return {}


def test_the_limits_of_named_and_unnamed() -> None:
    assert limit(500_000, (0, 0)) == {}
    assert limit(500_001, (0, 0)) == {**OVER, "limit": 500_000, "balance": 0, "most": 500_000}
    assert limit(100_001, (0, 0), named=False) == {**OVER, "limit": 100_000, "balance": 0, "most": 100_000}
    assert limit(1, (500_000, 90_000)) == {**OVER, "limit": 500_000, "balance": 500_000, "most": 0}
    assert limit(1, (600_000, 0)) == {
        **OVER,
        "limit": 500_000,
        "balance": 600_000,
        "most": 0,
    }  # since the owner lowered it
    assert limit(400_000, (100_000, 90_000)) == {}


def test_bonus_counts_where_the_rules_say_so() -> None:
    step = [{"amount": 300_000, "bonus": 150_000}]
    assert limit(350_000, (0, 0), counts=True, steps=step) == {}
    # 350,001 + 150,000 is over; 350,000 is the most that fits with it.
    assert limit(350_001, (0, 0), counts=True, steps=step) == {**OVER, "limit": 500_000, "balance": 0, "most": 350_000}
    # 100,000 held: 300,000 + 150,000 doesn't fit, 299,999 without a bonus does.
    assert limit(300_000, (90_000, 10_000), counts=True, steps=step) == {
        **OVER,
        "limit": 500_000,
        "balance": 100_000,
        "most": 299_999,
    }


@given(
    room=st.integers(0, 3_000),
    steps=st.lists(
        st.tuples(st.integers(1, 2_000), st.integers(1, 1_000), st.booleans()), max_size=4, unique_by=lambda s: s[0]
    ),
)
def test_the_most_that_fits_is_the_largest_amount_that_fits(room: int, steps: list[tuple[int, int, bool]]) -> None:
    brings: list[Json] = [
        {"amount": amount, "percent": str(min(100, value % 100 + 1))} if share else {"amount": amount, "bonus": value}
        for amount, value, share in steps
    ]
    of = rules(limits={"named": room, "unnamed": 0, "bonus_counts": True}, top_up_bonus=brings)
    fits = [n for n in range(1, room + 1) if n + bonus_of(of, (), n) <= room]
    with pytest.raises(DomainError) as refused:
        require_within_limit(of, (), room + 1, (0, 0), named=True)
    assert refused.value.params["most"] == max(fits, default=0)
