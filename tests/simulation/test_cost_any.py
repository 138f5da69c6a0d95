"""What any purchases would have cost under any rules: the statement's sums are those of pricing's own functions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated import NewChain, ladder, off, spend, tier, times
from support.clock import owner
from support.till import member
from uuid_utils.compat import uuid7

from tenants.pricing.basket import Line, ListPrice, Offers
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import earning_of, points_of, rate_of, shares_of
from tenants.pricing.price import price
from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import moment_of
from tenants.simulation.benefits import Side
from tenants.simulation.cost import WINDOW_DAYS, Costs

Json = dict[str, Any]
NOW = datetime(2031, 3, 20, 12, tzinfo=UTC)
LAST = date(2031, 3, 20)
FIRST = LAST - timedelta(days=WINDOW_DAYS - 1)
PRICES = {("one", "tea"): 700, ("one", "cup"): 1_200, ("two", "tea"): 650}

CATEGORIES = st.sampled_from([None, "茶", "药", "x"])
PERCENTS = st.decimals(0, 100, places=2).map(str)
AMOUNTS = st.one_of(st.integers(0, 3_000), st.integers(0, 10**13))
BENEFITS = st.lists(
    st.one_of(
        st.builds(off, PERCENTS),
        st.builds(lambda percent, category: off(percent, category=category), PERCENTS, st.sampled_from(["茶", "药"])),
        st.builds(times, st.decimals(0, 5, places=4).map(str)),
        st.sampled_from([{"type": "price_list", "code": "one"}, {"type": "price_list", "code": "two"}]),
    ),
    max_size=4,
)


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    ladders = [
        ladder(code, tier(0, "base", None, *draw(BENEFITS)), tier(1, "top", spend(1), *draw(BENEFITS)))
        for code in ("card", "class")[: draw(st.integers(1, 2))]
    ]
    some = st.lists(st.sampled_from(["茶", "药"]), max_size=2, unique=True)
    document = {
        "currency": "CNY",
        "ladders": ladders,
        "points": {
            "per_unit": draw(st.sampled_from(["0", "1", "0.3333", "12.5"])),
            "excluded_categories": draw(some),
            "excluded_tenders": draw(st.sampled_from([[], ["card"], ["card", "medical_insurance"]])),
        },
        "wallet": {"bonus_earns": draw(st.booleans())},
        "stacking": {
            "discount_excluded": draw(some),
            "wallet_with_tier_discount": draw(st.booleans()),
            **draw(st.sampled_from([{}, {"branches": ["here"]}, {"branches": ["there", "here"]}])),
        },
    }
    return Programme.parse(document)


@dataclass(frozen=True)
class Bought:
    """As it is stored. `lines`: list amount, net amount, category, sku, quantity; `returned`: how much of each."""

    day: date
    branch: str
    category: str | None
    amount: int
    listed: int | None
    lines: list[tuple[int, int, str | None, str | None, str]] | None
    tenders: list[Json] | None
    returned: list[int]
    merged: bool
    undone: bool


@st.composite
def purchases(draw: st.DrawFn) -> Bought:
    lines = None
    if draw(st.booleans()):
        lines = []
        sizes = draw(st.lists(AMOUNTS, min_size=1, max_size=4))
        for listed in (size // len(sizes) for size in sizes):  # together no more than an amount may be
            net = draw(st.integers(0, listed)) if draw(st.booleans()) else listed
            sku, quantity = draw(st.sampled_from([None, "tea", "cup", "hat"])), draw(st.sampled_from(["0", "1", "2.5"]))
            lines.append((listed, net, draw(CATEGORIES), sku, quantity))
        amount, listed_all = sum(line[1] for line in lines), None
        returned = [draw(st.integers(0, line[1])) if draw(st.booleans()) else 0 for line in lines]
    else:
        amount = draw(AMOUNTS)
        listed_all = draw(st.one_of(st.none(), st.integers(amount, 10**13)))
        returned = [draw(st.integers(0, amount)) if draw(st.booleans()) else 0]
    parts = st.integers(0, amount)
    kinds = [
        {"type": "points", "amount": draw(parts), "points": 5},
        {"type": "wallet", "amount": draw(parts), "principal": 1, "bonus": draw(parts)},
        {"type": "card", "amount": draw(parts)},
        {"type": "medical_insurance", "amount": draw(parts)},
        {"type": "cash", "amount": draw(parts)},
    ]
    tenders = draw(st.one_of(st.none(), st.lists(st.sampled_from(kinds), min_size=1, max_size=4)))
    day = draw(st.one_of(st.sampled_from([FIRST, LAST, FIRST - timedelta(days=1), LAST + timedelta(days=1)])))
    whose, gone = draw(st.booleans()), draw(st.sampled_from([False, False, True]))
    branch = draw(st.sampled_from(["here", "far"]))
    return Bought(day, branch, draw(CATEGORIES), amount, listed_all, lines, tenders, returned, whose, gone)


# --- what pricing says -----------------------------------------------------------------------------------------------


def reckoned(bought: Bought, rules: Programme, held: dict[str, str]) -> tuple[int, int]:
    """Discounts and points of one purchase."""
    if bought.undone or not FIRST <= bought.day <= LAST:
        return 0, 0
    offers = Offers(benefits_of(rules, held), _prices(benefits_of(rules, held).price_lists))
    lines = _lines(bought)
    wallet = any(tender["type"] == "wallet" for tender in bought.tenders or ())
    priced = price(lines, offers, rules.stacking, branch=bought.branch, by_wallet=wallet)
    nets = [line.net for line in priced.lines]
    paid = min(_paid(bought, rules), sum(nets))
    excluded = rules.points.excluded_categories
    if excluded:  # of the lines that may earn, their share of what was paid otherwise, rounded down
        fit = sum(net for line, net in zip(lines, nets, strict=True) if line.category not in excluded)
        earning = fit - (paid * fit // sum(nets) if sum(nets) else 0)
    else:
        none = [0] * len(nets)
        earning = sum(earning_of(lines, nets, shares_of(nets, paid)[0], none, none, excluded))
    rate = rate_of(rules.points.per_unit, offers.benefits.multiplier, ())
    return sum(line.tier for line in priced.lines), points_of(earning, rate, 2)


def _lines(bought: Bought) -> list[Line]:
    """At list prices, what was given back of each taken out in proportion, rounded down."""
    if bought.lines is None:
        return [Line(_kept(bought.listed or bought.amount, bought.amount, bought.returned[0]), bought.category)]
    return [
        Line(_kept(listed, net, back), category, sku, Decimal(quantity))
        for (listed, net, category, sku, quantity), back in zip(bought.lines, bought.returned, strict=True)
    ]


def _kept(listed: int, net: int, back: int) -> int:
    return listed * (net - back) // net if back else listed


def _paid(bought: Bought, rules: Programme) -> int:
    found = 0
    for tender in bought.tenders or ():
        if tender["type"] == "points" or tender["type"] in rules.points.excluded_tenders:
            found += tender["amount"]
        elif tender["type"] == "wallet" and not rules.wallet.bonus_earns:
            found += tender["bonus"]
    back = sum(bought.returned)
    return found * (bought.amount - back) // bought.amount if back else found


def _prices(lists: Sequence[str]) -> dict[str, list[ListPrice]]:
    found: dict[str, list[ListPrice]] = {}
    for (code, sku), amount in PRICES.items():
        if code in lists:
            found.setdefault(sku, []).append(ListPrice(code, amount))
    return found


# --- what the statement says -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    tenant_id: UUID
    branches: dict[str, UUID]
    member_id: UUID
    merged_id: UUID


@pytest.fixture(scope="module")
async def place(new_chain: NewChain) -> Place:
    """A member into whom another was merged, two branches, two price lists."""
    chain = await new_chain(timezone="UTC")
    ids = [await member(chain) for _ in range(2)]
    merged = await chain.http.post(f"/v1/members/{ids[0]}/merge", json={"other_id": ids[1]})
    assert merged.status_code == 200, merged.text
    branches = {}
    for code in ("here", "far"):
        answer = await chain.http.post("/v1/branches", json={"code": code, "name": code})
        branches[code] = UUID(answer.json()["id"])
    for code in ("one", "two"):
        prices = [{"sku": sku, "price": amount} for (name, sku), amount in PRICES.items() if name == code]
        kept = await chain.http.put(
            f"/v1/price-lists/{code}", json={"names": {"zh-CN": "甲", "en": "A"}, "prices": prices}
        )
        assert kept.status_code == 201, kept.text
    return Place(chain.tenant_id, branches, UUID(ids[0]), UUID(ids[1]))


async def _write(place: Place, bought: Bought) -> None:
    conn, purchase_id = await owner(), uuid7()
    whose = place.merged_id if bought.merged else place.member_id
    lines = None
    if bought.lines is not None:
        lines = [
            {"amount": net, "list": listed, "category": category, "sku": sku, "quantity": quantity}
            for listed, net, category, sku, quantity in bought.lines
        ]
        lines = [{name: value for name, value in line.items() if value is not None} for line in lines]
    await conn.execute(
        "INSERT INTO purchase (tenant_id, id, member_id, branch_id, seq, external_id, occurred_at, recorded_at,"
        " local_day, amount, lines, tenders, category, source, actor, list_amount)"
        " VALUES ($1, $2, $3, $4, 1, $5, $6, $6, $7, $8, $9::text::jsonb, $10::text::jsonb, $11, 'api', 'x', $12)",
        place.tenant_id,
        purchase_id,
        whose,
        place.branches[bought.branch],
        purchase_id.hex,
        NOW,
        bought.day,
        bought.amount,
        None if lines is None else json.dumps(lines),
        None if bought.tenders is None else json.dumps(bought.tenders),
        bought.category,
        bought.listed,
    )
    if back := sum(bought.returned):
        await conn.execute(
            "INSERT INTO purchase_refunded (tenant_id, purchase_id, member_id, local_day, amount, refunded, lines)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            place.tenant_id,
            purchase_id,
            whose,
            bought.day,
            bought.amount,
            back,
            None if lines is None else bought.returned,
        )
    if bought.undone:
        await conn.execute(
            "INSERT INTO purchase_undone (tenant_id, purchase_id, member_id, seq, recorded_at, actor)"
            " VALUES ($1, $2, $3, 2, $4, 'x')",
            place.tenant_id,
            purchase_id,
            whose,
            NOW,
        )


def _statement(draft: Programme, present: Programme, ranks: tuple[int, int]) -> tuple[str, Binder]:
    binder = Binder(Ids.RANGE.next_parameter)
    sides = [
        Side(name, rules, [f"t.{name}" for _ in rules.ladders], 2)
        for name, rules in (("draft", draft), ("now", present))
    ]
    ctes = Costs(binder, Ids.RANGE, sides).ctes()
    sql = (
        f"WITH t AS (SELECT m.id, {ranks[0]} AS draft, {ranks[1]} AS now FROM member m"
        f" WHERE m.tenant_id = $1 AND m.status = 'active' AND m.id BETWEEN $2 AND $3),\n{ctes}\nSELECT * FROM cost"
    )
    return sql, binder


@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    rules=st.tuples(programmes(), programmes()),
    ranks=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    bought=st.lists(purchases(), min_size=1, max_size=4),
)
async def test_the_statement_says_what_pricing_says(
    rules: tuple[Programme, Programme], ranks: tuple[int, int], bought: list[Bought], place: Place
) -> None:
    conn = await owner()
    sql, binder = _statement(*rules, ranks)
    moment = moment_of(NOW, UTC, firing=True, recorded_at=NOW, cause="recalculation", cause_id=UUID(int=0))
    transaction = conn.transaction()
    await transaction.start()
    try:
        for one in bought:
            await _write(place, one)
        bounds = (UUID(int=0), UUID(int=2**128 - 1))
        row = await conn.fetchrow(sql, place.tenant_id, *bounds, *binder.values(moment))
    finally:
        await transaction.rollback()
    expected = []
    for side, rank in zip(rules, ranks, strict=True):
        held = {one.code: one.tiers[rank].code for one in side.ladders}
        costs = [reckoned(one, side, held) for one in bought]
        expected += [sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)]
    assert list(row.values()) == expected
