"""Whatever is bought and given back, in whatever order: the sums are those of the facts."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.chains import Chain
from support.drift import drift
from support.till import member

from saas.errors import DomainError
from saas.scope import tenant_scope
from tenants.purchases.bodies import LineBody, PurchaseBody
from tenants.purchases.record import Recorded, record_purchase
from tenants.refunds.bodies import LineRefundBody, RefundBody
from tenants.refunds.record import record_refund
from tenants.undo.bodies import UndoBody
from tenants.undo.purchases import undo_purchase
from tenants.verifying.ledgers import verify_ledgers

EXAMPLES = int(os.environ.get("REFUND_EXAMPLES", "16"))
FIRST = datetime(2025, 1, 30, 12, tzinfo=UTC)  # a few days around a month's end


class Sale(NamedTuple):
    member: int | None
    branch: int
    day: int
    lines: list[tuple[str | None, int]]
    whole: bool  # one amount instead of lines


class Return(NamedTuple):
    """Of the `sale`-th purchase so far: a share of what is left, or shares of what is left of lines, in tenths."""

    sale: int
    share: int
    of_lines: dict[int, int] | None


class TakeBack(NamedTuple):
    """Undoes the `sale`-th purchase so far, if its clerk may."""

    sale: int


AMOUNTS = st.one_of(st.integers(0, 3), st.integers(0, 100_000))
LINES = st.lists(st.tuples(st.sampled_from([None, "tea", "cake"]), AMOUNTS), min_size=1, max_size=4)
SALES = st.builds(
    Sale, st.sampled_from([None, 0, 0, 1]), st.integers(0, 1), st.sampled_from([0, 0, 1, 2, 40]), LINES, st.booleans()
)
TENTHS = st.one_of(st.just(10), st.integers(1, 10))
RETURNS = st.builds(
    Return, st.integers(0, 9), TENTHS, st.one_of(st.none(), st.dictionaries(st.integers(0, 3), TENTHS, min_size=1))
)
UNDOS = st.builds(TakeBack, st.integers(-2, 9))
HISTORIES = st.lists(st.one_of(SALES, RETURNS, UNDOS), min_size=2, max_size=12)


class Till:
    """Works a history off, and knows what is left of each purchase by its own arithmetic."""

    def __init__(self, chain: Chain, members: list[UUID], branches: list[UUID]) -> None:
        self.chain, self.members, self.branches = chain, members, branches
        self.sales: list[Recorded] = []
        self.left: list[list[int]] = []
        self.bought: list[list[int]] = []
        self.undone: set[int] = set()
        self.number = 0

    async def sell(self, sale: Sale) -> None:
        self.number += 1
        amounts = [amount for _, amount in sale.lines]
        body = PurchaseBody(
            member_id=None if sale.member is None else self.members[sale.member],
            branch_id=self.branches[sale.branch],
            external_id=str(self.number),
            occurred_at=FIRST + timedelta(days=sale.day),
            amount=sum(amounts) if sale.whole else None,
            lines=None if sale.whole else [LineBody(category=label, amount=amount) for label, amount in sale.lines],
            external_amounts=True,
        )
        async with tenant_scope(self.chain.tenant_id):
            self.sales.append(await record_purchase(body))
        self.left.append([sum(amounts)] if sale.whole else amounts)
        self.bought.append(self.left[-1])

    async def give_back(self, back: Return) -> None:
        if not self.sales:
            return
        which = back.sale % len(self.sales)
        if which in self.undone:
            return
        sale, left = self.sales[which], self.left[which]
        body = self._body(back, left, has_lines=sale.lines is not None)
        if body is None:
            return
        async with tenant_scope(self.chain.tenant_id):
            refund, first = await record_refund(sale.id, body)
        assert first
        assert refund.left == sum(left) - body.total()
        given = dict(refund.lines) if refund.lines is not None else {0: refund.amount}
        if body.lines is not None:
            assert given == {line.line: line.amount for line in body.lines}
        self.left[which] = [part - given.get(line, 0) for line, part in enumerate(left)]

    async def take_back(self, undo: TakeBack) -> None:
        if not self.sales:
            return
        which = undo.sale % len(self.sales)
        sale = self.sales[which]
        later = [n for n, other in enumerate(self.sales) if n > which and other.branch_id == sale.branch_id]
        last = set(later) <= self.undone
        whole = self.left[which] == self.bought[which]
        refusal = await self._undo(sale.id)
        if refusal is None:
            assert which in self.undone or (last and whole)
            self.undone.add(which)
        else:
            assert which not in self.undone
            assert refusal in ({"undo-used"} if last else {"undo-not-last"})

    async def _undo(self, purchase_id: UUID) -> str | None:
        """The refusal's code; None where it was undone."""
        try:
            async with tenant_scope(self.chain.tenant_id):
                await undo_purchase(purchase_id, UndoBody())
        except DomainError as error:
            return error.code
        return None

    def _body(self, back: Return, left: list[int], *, has_lines: bool) -> RefundBody | None:
        self.number += 1
        if back.of_lines is None or not has_lines:
            amount = -(-sum(left) * back.share // 10)
            return RefundBody(external_id=str(self.number), amount=amount) if amount else None
        parts = {line: -(-left[line] * share // 10) for line, share in back.of_lines.items() if line < len(left)}
        lines = [LineRefundBody(line=line, amount=amount) for line, amount in parts.items() if amount]
        return RefundBody(external_id=str(self.number), lines=lines) if lines else None


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=HISTORIES)
async def test_the_sums_are_those_of_the_facts(
    history: list[Sale | Return | TakeBack], new_chain: Callable[..., Awaitable[Chain]]
) -> None:
    chain = await new_chain()
    members = [UUID(await member(chain)) for _ in range(2)]
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    till = Till(chain, members, [UUID(chain.branch_id), UUID(two)])
    for step in history:
        if isinstance(step, Sale):
            await till.sell(step)
        elif isinstance(step, Return):
            await till.give_back(step)
            assert await drift(chain) == []
        else:
            await till.take_back(step)
            assert await drift(chain) == []
    assert await drift(chain) == []
    async with tenant_scope(chain.tenant_id):
        assert await verify_ledgers() == []
    for number, (sale, left) in enumerate(zip(till.sales, till.left, strict=True)):
        await _never_more(chain, sale, sum(left), "purchase-undone" if number in till.undone else None)


async def _never_more(chain: Chain, sale: Recorded, left: int, code: str | None) -> None:
    with pytest.raises(DomainError) as refused:
        async with tenant_scope(chain.tenant_id):
            await record_refund(sale.id, RefundBody(external_id=f"more-{sale.id}", amount=left + 1))
    assert refused.value.code == (code or "refund-exceeds-purchase")
