"""Unused visits are paid back pro rata: whatever the steps, the same money."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.passes.reading import money_back


@given(price=st.integers(0, 10**13), uses=st.integers(1, 10_000), cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_any_steps_give_back_what_one_would(price: int, uses: int, cuts: list[int]) -> None:
    returned = paid = 0
    for until in [*sorted({cut for cut in cuts if cut < uses}), uses]:
        more = until - returned
        step = money_back(price, uses, returned, paid, more)
        assert step >= 0
        returned, paid = until, paid + step
        assert paid == price * returned // uses
    assert paid == price
