"""A quote is what the purchase will be, to the minor unit; it writes nothing."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from purchases import purse
from support.chains import Chain
from support.clock import owner
from support.till import drift, rows

EXAMPLES = int(os.environ.get("QUOTE_EXAMPLES", "16"))
SAME = (
    "amount",
    "discounts",
    "paid",
    "lines",
    "tenders",
    "points_earned",
    "points_redeemed",
    "wallet",
    "points",
)
CATEGORIES = ["tea", "ware", "rx"]

percents = st.one_of(st.sampled_from(["0", "5", "10", "33.3333", "100"]), st.integers(1, 60).map(str))
categories = st.one_of(st.none(), st.sampled_from(CATEGORIES))
benefits = st.lists(
    st.one_of(
        st.builds(purse.discount, percents, categories),
        st.builds(purse.times, st.sampled_from(["0.5", "1", "1.5", "2.5", "3.3333"])),
        st.just({"type": "price_list", "code": "member"}),
    ),
    max_size=4,
)
amounts = st.one_of(st.integers(0, 12), st.integers(500, 30_000), st.integers(500, 30_000))
lines = st.lists(
    st.fixed_dictionaries(
        {"amount": amounts, "quantity": st.sampled_from([1, 2, 3, "0.250", "1.5", "0"])},
        optional={"category": st.sampled_from(CATEGORIES), "sku": st.sampled_from(["A", "B"])},
    ),
    min_size=1,
    max_size=4,
)
combines = st.fixed_dictionaries(
    {"coupons": st.sampled_from([True, True, False])},
    optional={k: st.booleans() for k in ("tier_discount", "campaign")},
)
coupons = st.tuples(
    st.sampled_from(["amount", "percent", "fixed_price"]),
    st.integers(1, 100),
    st.fixed_dictionaries(
        {"combines": combines},
        optional={
            "minimum": st.integers(0, 3000),
            "categories": st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True),
        },
    ),
)
rule_parts = st.fixed_dictionaries(
    {
        "stacking": st.fixed_dictionaries(
            {},
            optional={
                "discounts_combine": st.booleans(),
                "wallet_with_tier_discount": st.booleans(),
                "discount_excluded": st.lists(st.sampled_from(CATEGORIES), max_size=1),
                "branches": st.sampled_from([[], ["main"], ["east"]]),
            },
        ),
        "points": st.fixed_dictionaries(
            {
                "per_unit": st.sampled_from(["0", "0.3333", "1", "10"]),
                "redeem": st.fixed_dictionaries(
                    {"points": st.integers(1, 9), "amount": st.integers(1, 9)},
                    optional={"max_percent": percents, "min_points": st.integers(0, 200)},
                ),
            },
            optional={
                "excluded_categories": st.lists(st.sampled_from(CATEGORIES), max_size=1),
                "excluded_tenders": st.just(["card"]),
                "pending_days": st.integers(0, 2),
            },
        ),
        "wallet": st.fixed_dictionaries(
            {"top_up_bonus": st.just([{"amount": 1, "percent": "33.3333"}]), "confirm_above": st.just(10**6)},
            optional={
                "bonus_earns": st.booleans(),
                "spend_order": st.sampled_from(["proportional", "principal_first", "bonus_first"]),
            },
        ),
    }
)


class Sale(NamedTuple):
    """What somebody asks for at the till. `points` and `wallet`: tenths of what is to be paid, or more than that."""

    lines: list[dict[str, Any]]
    coupons: list[int]
    points: int
    wallet: int
    pays: bool
    final: bool
    guest: bool


sales = st.builds(
    Sale,
    lines,
    st.lists(st.integers(0, 2), max_size=2, unique=True),
    st.sampled_from([0, 0, 1, 2, 5, 11]),
    st.sampled_from([0, 0, 1, 3, 5, 11]),
    st.booleans(),
    st.sampled_from([False] * 6 + [True]),
    st.sampled_from([False] * 6 + [True]),
)


class Till:
    """Quotes, then buys, and holds the two answers together."""

    def __init__(self, chain: Chain, who: str, held: list[str], redeem: dict[str, int]) -> None:
        self.chain, self.who, self.held, self.redeem = chain, who, held, redeem

    async def sell(self, sale: Sale) -> None:
        body = purse.basket(
            self.chain,
            member_id=None if sale.guest else self.who,
            lines=sale.lines,
            coupons=[self.held[n] for n in sale.coupons] or None,
            external_amounts=sale.final,
        )
        bare = (await self.chain.http.post("/v1/quotes", json=body)).json().get("paid", 5000)
        worth = self.redeem["amount"] / self.redeem["points"]
        body["points_to_redeem"] = int(bare * sale.points / 10 / worth)
        body["wallet_amount"] = bare * sale.wallet // 10
        quoted = await self.chain.http.post("/v1/quotes", json=body)
        if sale.pays and quoted.status_code == 200:  # the rest in two ways
            answer = quoted.json()
            rest = answer["paid"] - sum(tender["amount"] for tender in answer["tenders"] or ())
            half = rest // 3
            body["tenders"] = [{"type": "card", "amount": half}, {"type": "cash", "amount": rest - half}]
            quoted = await self.chain.http.post("/v1/quotes", json=body)
        made = await self.chain.http.post("/v1/purchases", json=body)
        quote, purchase = quoted.json(), made.json()
        if quoted.status_code != 200:
            told = ("status", "type", "detail", "errors")
            assert {k: quote.get(k) for k in told} == {k: purchase.get(k) for k in told}
            return
        assert made.status_code == 201, made.text
        assert {name: quote[name] for name in SAME} == {name: purchase[name] for name in SAME}
        _adds_up(purchase)
        again = await self.chain.http.post("/v1/purchases", json=body)
        assert (again.status_code, again.json()) == (200, purchase)


def _adds_up(made: dict[str, Any]) -> None:
    """Every amount is where it belongs."""
    off = sum(discount["amount"] for discount in made["discounts"])
    assert made["amount"] - off == made["paid"] >= 0
    assert sum(line["amount"] for line in made["lines"]) == made["paid"]
    for line in made["lines"]:
        steps = ("tier_discount", "campaign_discount", "coupon_discount")
        assert line.get("list", line["amount"]) - sum(line.get(step, 0) for step in steps) == line["amount"]
        spent = line.get("points", 0) + line.get("bonus", 0)
        assert 0 <= line.get("earning", 0) <= line["amount"] - line.get("points", 0)
        assert spent <= line["amount"]
    tenders = {tender["type"]: tender for tender in made["tenders"] or ()}
    assert sum(line.get("points", 0) for line in made["lines"]) == tenders.get("points", {}).get("amount", 0)
    assert sum(line.get("bonus", 0) for line in made["lines"]) == made["wallet"]["bonus"]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    tiers=st.lists(benefits, min_size=2, max_size=2),
    parts=rule_parts,
    given_out=st.lists(coupons, min_size=3, max_size=3),
    deal=st.one_of(st.none(), st.tuples(percents.filter(lambda p: float(p) > 0), st.booleans()), st.integers(1, 999)),
    sold=st.lists(sales, min_size=1, max_size=4),
)
async def test_a_purchase_is_what_was_quoted(
    tiers: list[Any],
    parts: dict[str, Any],
    given_out: list[Any],
    deal: Any,
    sold: list[Sale],
    new_chain: Callable[..., Awaitable[Chain]],
) -> None:
    chain = await new_chain()
    assert (await chain.http.post("/v1/branches", json={"code": "east", "name": "别处"})).status_code == 201
    await purse.prices(chain, "member", {"A": 700, "B": 3})
    await purse.rules(chain, purse.ladder(*tiers), **parts)
    who = await purse.holder(chain, "t1")
    await purse.money(chain, who, 60_000)
    await purse.points(chain, who, 50_000)
    held = [
        await purse.given(chain, who, kind, str(n) if kind == "percent" else n * 20, **terms)
        for kind, n, terms in given_out
    ]
    await _run(chain, deal)
    till = Till(chain, who, held, parts["points"]["redeem"])
    for sale in sold:
        await till.sell(sale)
    assert await drift(chain) == []
    await purse.balanced(chain)


async def _run(chain: Chain, deal: Any) -> None:
    """A campaign that is on, past the API: its own tests are about that."""
    if deal is None:
        return
    offer = {"type": "amount", "amount": deal, "minimum": 1000}
    if isinstance(deal, tuple):
        offer = {"type": "percent", "percent": deal[0], "categories": ["tea"] if deal[1] else []}
    document = {"code": "deal", "names": purse.NAMES, "when": {"type": "always"}, "type": "discount", "offer": offer}
    await (await owner()).execute(
        "INSERT INTO campaign (tenant_id, code, document, state, source, created_at, started_at)"
        " VALUES ($1, 'deal', to_jsonb($2::json), 'running', 'tenant', now(), now())",
        chain.tenant_id,
        json.dumps(document),
    )


async def test_a_quote_writes_nothing_and_says_which_coupons_would_help(chain: Chain) -> None:
    await purse.rules(chain, purse.ladder([], [purse.discount("10")]), points={"per_unit": "1"})
    who = await purse.holder(chain, "t1")
    small, large = await purse.given(chain, who, "amount", 100), await purse.given(chain, who, "percent", "50")
    alone = await purse.given(chain, who, "amount", 150, combines={"tier_discount": False})
    await purse.given(chain, who, "amount", 900, minimum=901)
    await purse.given(chain, who, "amount", 50, combines={"tier_discount": False})  # less than the tier gives
    other = await purse.holder(chain)
    await purse.given(chain, other, "amount", 500)
    before = {table: await rows(chain, table) for table in ("purchase", "member", "points_entry", "coupon_grant")}
    body = {"branch_id": chain.branch_id, "member_id": who, "amount": 1000, "wallet_amount": 0}
    answer = await chain.http.post("/v1/quotes", json=body)
    assert answer.status_code == 200, answer.text
    quote = answer.json()
    assert (quote["amount"], quote["paid"], quote["points_earned"]) == (1000, 900, 9)
    assert [(c["id"], c["saves"]) for c in quote["available_coupons"]] == [(large, 450), (small, 100), (alone, 50)]
    assert {table: await rows(chain, table) for table in before} == before
    nobody = (await chain.http.post("/v1/quotes", json={**body, "member_id": None})).json()
    assert (nobody["paid"], nobody["points_earned"], nobody["available_coupons"]) == (1000, 0, [])


async def test_a_quote_says_that_consent_will_be_needed(chain: Chain) -> None:
    await purse.rules(chain, wallet={"confirm_above": 500})
    who = await purse.holder(chain)
    await purse.money(chain, who, 1000)
    body = {"branch_id": chain.branch_id, "member_id": who, "amount": 1000}
    for amount, needed in ((500, False), (501, True)):
        quote = (await chain.http.post("/v1/quotes", json={**body, "wallet_amount": amount})).json()
        assert (quote["consent_required"], quote["wallet"]) == (needed, {"principal": amount, "bonus": 0})


async def test_a_suspended_chain_still_quotes(chain: Chain) -> None:
    await purse.rules(chain)
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    body = purse.basket(chain, amount=1000)
    assert (await chain.http.post("/v1/quotes", json=body)).json()["paid"] == 1000
    assert (await chain.http.post("/v1/purchases", json=body)).status_code == 403
    await (await owner()).execute("UPDATE tenant SET status = 'cancelled' WHERE tenant_id = $1", chain.tenant_id)
    assert (await chain.http.post("/v1/quotes", json=body)).status_code == 403


async def test_quotes_refuse_what_a_purchase_would(chain: Chain) -> None:
    await purse.rules(chain)
    for wrong in (
        {"branch_id": "01970000-0000-7000-8000-000000000000"},
        {"member_id": "01970000-0000-7000-8000-000000000000"},
        {"occurred_at": "2200-01-01T00:00:00Z"},
        {"amount": None},
        {"phone": "13800000009"},
    ):
        body = {name: value for name, value in (purse.basket(chain, amount=5) | wrong).items() if value is not None}
        quote, sale = [await chain.http.post(url, json=body) for url in ("/v1/quotes", "/v1/purchases")]
        assert quote.status_code >= 400
        assert (quote.status_code, quote.json()["type"]) == (sale.status_code, sale.json()["type"])
