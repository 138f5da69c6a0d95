"""Swapped prices: what is prorated, billed, previewed, undone and kept waiting."""

import pytest
import stripe
from stripe_sandbox.billing_world import DAY, PLANS, START, World, amounts, moment, world

__all__ = ["world"]  # a fixture

HOUR = 3600
RENEWAL = moment("2027-02-28T09:30:00")


def swap(world: World, sub: stripe.Subscription, part: int, code: str, behaviour: str, **more: object) -> None:
    item = world.items(sub)[part]
    price = world.prices[code][part]
    world.v1.subscriptions.update(
        sub.id, {"items": [{"id": item, "price": price}], "proration_behavior": behaviour, **more}
    )


def previewed(world: World, sub: stripe.Subscription, code: str, behaviour: str, at: int) -> stripe.Invoice:
    base = {"id": world.items(sub)[0], "price": world.prices[code][0]}
    details = {"items": [base], "proration_behavior": behaviour, "proration_date": at}
    return world.v1.invoices.create_preview({"subscription": sub.id, "subscription_details": details})


@pytest.mark.parametrize(("at", "credit", "debit"), [(START + 14 * DAY, -29_950, 99_950), (START, -59_900, 199_900)])
def test_an_upgrade_costs_what_its_preview_said(world: World, at: int, credit: int, debit: int) -> None:
    world.card()
    sub = world.subscribe()
    world.to(max(at, START + 60))
    preview = previewed(world, sub, "chain", "always_invoice", at)
    assert (preview.status, preview.billing_reason, amounts(preview)) == ("draft", "upcoming", [credit, debit])
    assert len(world.invoices()) == 1  # a preview leaves nothing behind
    world.to(world.now + 90)
    swap(world, sub, 1, "chain", "none")
    swap(world, sub, 0, "chain", "always_invoice", proration_date=at, payment_behavior="error_if_incomplete")
    invoice = world.invoices()[0]
    assert amounts(invoice) == amounts(preview)
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", preview.total, "subscription_update")
    assert [line.description for line in invoice.lines.data] == [line.description for line in preview.lines.data]
    credited = invoice.lines.data[0].parent.subscription_item_details.proration_details.credited_items
    assert credited.invoice == world.invoices()[1].id
    assert world.sub(sub)["items"].data[0].price.id == world.prices["chain"][0]


def test_a_second_upgrade_credits_what_the_first_debited(world: World) -> None:
    world.card()
    sub = world.subscribe("starter")
    world.to(START + 14 * DAY)
    swap(world, sub, 0, "growth", "always_invoice")
    world.to(START + 21 * DAY)
    swap(world, sub, 0, "chain", "always_invoice")
    assert amounts(world.invoices()[1]) == [-9_950, 29_950]
    assert amounts(world.invoices()[0]) == [-14_975, 49_975]


def test_a_downgrade_becomes_credit(world: World) -> None:
    world.card()
    sub = world.subscribe("chain")
    world.to(START + 14 * DAY)
    swap(world, sub, 0, "starter", "always_invoice")
    assert amounts(world.invoices()[0]) == [-99_950, 9_950]
    assert (world.invoices()[0].status, world.invoices()[0].amount_due) == ("paid", 0)
    assert world.v1.customers.retrieve(world.customer).balance == -90_000
    world.to(RENEWAL + HOUR)
    renewal = world.invoices()[0]
    assert (renewal.total, renewal.starting_balance, renewal.amount_due) == (19_900, -90_000, 0)
    assert world.v1.customers.retrieve(world.customer).balance == -70_100


def test_prorations_wait_for_the_renewal(world: World) -> None:
    world.card()
    sub = world.subscribe("chain")
    world.to(START + 14 * DAY)
    preview = previewed(world, sub, "starter", "create_prorations", world.now)
    swap(world, sub, 0, "starter", "create_prorations")
    assert len(world.invoices()) == 1
    assert len(world.v1.invoice_items.list({"customer": world.customer, "pending": True}).data) == 2
    world.to(RENEWAL)
    draft = world.invoices()[0]
    assert amounts(draft) == amounts(preview) == [0, -99_950, 9_950, 19_900]
    assert world.v1.invoice_items.list({"customer": world.customer, "pending": True}).data == []


def test_a_swap_without_proration_counts_from_the_renewal(world: World) -> None:
    world.card()
    sub = world.subscribe("chain")
    world.to(START + 27 * DAY)
    swap(world, sub, 0, "starter", "none")
    assert amounts(world.v1.invoices.create_preview({"subscription": sub.id})) == [0, 19_900]
    world.report(60_000)
    world.to(RENEWAL)
    swap(world, sub, 1, "starter", "none")  # after the renewal: the old month is rated by the old plan
    world.to(RENEWAL + HOUR)
    assert amounts(world.invoices()[0]) == [0, 29_000, 19_900]


def test_metered_use_is_billed_or_not_when_its_item_goes(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.to(START + 14 * DAY)
    world.report(12_345)
    world.to(START + 14 * DAY + HOUR)
    swap(world, sub, 1, "chain", "always_invoice")
    assert amounts(world.invoices()[0]) == [9_146]
    world.report(60_000)
    usage = world.items(sub)[1]
    world.v1.subscriptions.update(sub.id, {"items": [{"id": usage, "deleted": True}], "proration_behavior": "none"})
    world.to(RENEWAL + HOUR)
    assert amounts(world.invoices()[0]) == [59_900]


@pytest.mark.parametrize("code", list(PLANS))
def test_a_month_of_12345_active_members(world: World, code: str) -> None:
    base, included, per_member = PLANS[code]
    world.card()
    sub = world.subscribe(code)
    world.report(20_000)
    world.to(RENEWAL - 60)
    world.report(12_345)
    preview = world.v1.invoices.create_preview({"subscription": sub.id})
    world.to(RENEWAL + HOUR)
    over = {"starter": 55_591, "growth": 9_146, "chain": None}[code]  # 11,345 × 4.9 = 55,590.5; 2,345 × 3.9 = 9,145.5
    expected = [0, base] if over is None else [0, over, base]
    invoice = world.invoices()[0]
    assert amounts(invoice) == amounts(preview) == expected
    assert invoice.total == preview.total == sum(expected)
    quantities = [line.quantity for line in invoice.lines.data][:-1]
    assert quantities == ([12_345] if over is None else [included, 12_345 - included])
    assert str(invoice.lines.data[-2].pricing.unit_amount_decimal) == ("0" if over is None else per_member)


def test_late_reports_count_until_finalization(world: World) -> None:
    world.card()
    world.subscribe()
    world.to(RENEWAL)
    draft = world.invoices()[0]
    assert amounts(draft) == [0, 59_900]
    world.report(10_010, RENEWAL - 1)
    world.report(99_999, RENEWAL)  # of the new month
    finalized = world.v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    assert amounts(finalized) == [0, 39, 59_900]


def test_a_declined_upgrade_changes_nothing(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    before, events = world.sub(sub).to_dict(), world.events()
    with pytest.raises(stripe.CardError) as refused:
        swap(world, sub, 0, "chain", "always_invoice", payment_behavior="error_if_incomplete")
    assert refused.value.http_status == 402
    assert world.sub(sub).to_dict() == before
    assert world.events() == events
    assert len(world.invoices()) == 1


def test_an_upgrade_that_waits_for_its_payment(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    swap(world, sub, 0, "chain", "always_invoice", payment_behavior="pending_if_incomplete")
    waiting = world.sub(sub)
    assert waiting.status == "active"
    assert waiting["items"].data[0].price.id == world.prices["growth"][0]
    assert waiting.pending_update.subscription_items[0].price.id == world.prices["chain"][0]
    good = world.card(default=False)
    world.v1.invoices.pay(waiting.latest_invoice, {"payment_method": good})
    applied = world.sub(sub)
    assert "pending_update" not in applied
    assert applied["items"].data[0].price.id == world.prices["chain"][0]
    assert "customer.subscription.pending_update_applied" in world.events()


def test_an_upgrade_that_waits_too_long(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    swap(world, sub, 0, "chain", "always_invoice", payment_behavior="pending_if_incomplete")
    world.to(START + 23 * HOUR)
    expired = world.sub(sub)
    assert "pending_update" not in expired
    assert (expired.status, expired["items"].data[0].price.id) == ("active", world.prices["growth"][0])
    assert world.v1.invoices.retrieve(expired.latest_invoice).status == "void"
    assert "customer.subscription.pending_update_expired" in world.events()


def test_a_declined_change_by_default_stays_in_force_and_is_past_due(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    swap(world, sub, 0, "chain", "always_invoice")
    changed = world.sub(sub)
    assert (changed.status, changed["items"].data[0].price.id) == ("past_due", world.prices["chain"][0])


def test_a_change_on_trial_costs_nothing(world: World) -> None:
    world.card()
    sub = world.subscribe(trial_end=START + 14 * DAY)
    swap(world, sub, 0, "chain", "always_invoice")
    assert len(world.invoices()) == 1
    assert amounts(world.v1.invoices.create_preview({"subscription": sub.id})) == [199_900]
    world.to(START + 14 * DAY)
    assert amounts(world.invoices()[0]) == [199_900]


def test_what_stripe_refuses(world: World) -> None:
    world.card()
    sub = world.subscribe()
    refused = [
        {"items": [{"id": "si_none", "price": world.prices["chain"][0]}]},
        {"items": [{"price": world.prices["growth"][0]}]},
        {"items": [{"id": world.items(sub)[1], "quantity": 2}]},
        {"items": [{"id": item, "deleted": True} for item in world.items(sub)]},
        {"items": [{"id": world.items(sub)[0], "price": world.prices["chain"][0]}], "proration_date": START - 1},
    ]
    for given in refused:
        with pytest.raises(stripe.InvalidRequestError):
            world.v1.subscriptions.update(sub.id, given)
    assert world.sub(sub)["items"].data[0].price.id == world.prices["growth"][0]


def test_a_new_subscription_is_previewed(world: World) -> None:
    items = [{"price": price} for price in world.prices["growth"]]
    given = {"customer": world.customer, "subscription_details": {"items": items}}
    assert amounts(world.v1.invoices.create_preview(given)) == [59_900]
    given["subscription_details"]["trial_end"] = START + 5 * DAY
    assert amounts(world.v1.invoices.create_preview(given)) == [0]
    with pytest.raises(stripe.InvalidRequestError) as none:
        world.v1.invoices.create_preview({"customer": world.customer})
    assert none.value.code == "invoice_upcoming_none"


def test_an_end_is_previewed(world: World) -> None:
    world.card()
    sub = world.subscribe()
    given = {"subscription": sub.id, "subscription_details": {"cancel_at_period_end": True}}
    assert amounts(world.v1.invoices.create_preview(given)) == [0]
    shown = world.v1.subscriptions.retrieve(sub.id, {"expand": ["latest_invoice", "items.data.price.product"]})
    assert shown.latest_invoice.total == 59_900
    assert shown["items"].data[0].price.product.name == "Growth"
