"""Each arrow of a subscription's life, under a test clock, through the SDK."""

import pytest
import stripe
from stripe_sandbox.billing_world import DAY, START, World, amounts, moment, world

__all__ = ["world"]  # a fixture

HOUR = 3600


def test_a_card_pays_the_first_month_at_once(world: World) -> None:
    world.card()
    sub = world.subscribe(metadata={"tenant": "t1"})
    assert sub.status == "active"
    assert [item.current_period_end for item in sub["items"].data] == [moment("2027-02-28T09:30:00")] * 2
    invoice = world.v1.invoices.retrieve(sub.latest_invoice)
    assert (invoice.status, invoice.billing_reason, invoice.total) == ("paid", "subscription_create", 59_900)
    assert amounts(invoice) == [59_900]
    details = invoice.parent.subscription_details
    assert details.subscription == sub.id
    assert details.metadata.to_dict() == {"tenant": "t1"}
    assert invoice.number.endswith("-0001")
    told = world.events()
    for name in ("customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.paid"):
        assert told.count(name) == 1


def test_renewals_keep_to_the_month_end_and_are_drafts_for_an_hour(world: World) -> None:
    world.card()
    sub = world.subscribe()
    end = moment("2027-02-28T09:30:00")
    world.to(end)
    draft = world.invoices()[0]
    assert (draft.status, draft.billing_reason, draft.automatically_finalizes_at) == (
        "draft",
        "subscription_cycle",
        end + HOUR,
    )
    world.to(end + HOUR)
    assert world.invoices()[0].status == "paid"
    ends = []
    for month in ("03-31", "04-30", "05-31", "06-30"):
        ends.append(world.sub(sub)["items"].data[0].current_period_end)
        assert ends[-1] == moment(f"2027-{month}T09:30:00")
        world.to(ends[-1] + 2 * HOUR)
    assert len(world.invoices()) == 6
    assert {invoice.status for invoice in world.invoices()} == {"paid"}


def test_a_trial_without_a_card_pauses_and_resumes(world: World) -> None:
    sub = world.subscribe(
        trial_end=START + 14 * DAY, trial_settings={"end_behavior": {"missing_payment_method": "pause"}}
    )
    assert (sub.status, sub.billing_cycle_anchor) == ("trialing", START + 14 * DAY)
    assert world.invoices()[0].total == 0
    world.to(START + 11 * DAY)
    assert world.events().count("customer.subscription.trial_will_end") == 1
    world.to(START + 14 * DAY)
    assert world.sub(sub).status == "paused"
    assert "customer.subscription.paused" in world.events()
    world.to(START + 20 * DAY)
    assert len(world.invoices()) == 1
    world.card()
    sub = world.v1.subscriptions.resume(sub.id, {"payment_behavior": "resume_on_payment_success"})
    assert sub.status == "active"
    assert sub.billing_cycle_anchor == START + 20 * DAY
    assert world.invoices()[0].status == "paid"
    assert "customer.subscription.resumed" in world.events()


def test_resuming_by_default_waits_for_a_payment(world: World) -> None:
    sub = world.subscribe(
        trial_end=START + 14 * DAY, trial_settings={"end_behavior": {"missing_payment_method": "pause"}}
    )
    world.to(START + 15 * DAY)
    sub = world.v1.subscriptions.resume(sub.id)
    assert sub.status == "paused"
    open_one = world.v1.invoices.retrieve(sub.latest_invoice)
    assert open_one.status == "open"
    world.to(START + 16 * DAY)
    assert world.v1.invoices.retrieve(open_one.id).status == "void"
    assert world.sub(sub).status == "paused"
    sub = world.v1.subscriptions.resume(sub.id)
    world.card()
    world.v1.invoices.pay(sub.latest_invoice)
    assert world.sub(sub).status == "active"


def test_a_trial_with_a_card_becomes_active_and_is_billed(world: World) -> None:
    world.card()
    sub = world.subscribe(trial_end=START + 14 * DAY)
    world.report(20_000)
    world.to(START + 14 * DAY + 2 * HOUR)
    assert world.sub(sub).status == "active"
    assert (world.invoices()[0].total, world.invoices()[0].status) == (59_900, "paid")


def test_a_trial_may_end_the_subscription_or_be_ended_now(world: World) -> None:
    sub = world.subscribe(
        trial_end=START + 14 * DAY, trial_settings={"end_behavior": {"missing_payment_method": "cancel"}}
    )
    world.to(START + 14 * DAY)
    assert world.sub(sub).status == "canceled"
    world.card()
    sub = world.subscribe(trial_end=world.now + 14 * DAY)
    sub = world.v1.subscriptions.update(sub.id, {"trial_end": "now"})
    assert sub.status == "active"
    assert world.invoices()[0].total == 59_900
    assert sub["items"].data[0].current_period_end == moment("2027-03-14T09:30:00")


def test_a_failing_card_is_tried_again_and_then_left_unpaid(world: World) -> None:
    good = world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    end = moment("2027-02-28T09:30:00")
    world.to(end + HOUR)
    assert world.sub(sub).status == "past_due"
    first = end + HOUR
    for count, days in enumerate((1, 3, 5, 7), start=1):
        invoice = world.invoices()[0]
        assert (invoice.attempt_count, invoice.next_payment_attempt) == (count, first + days * DAY)
        world.to(first + days * DAY)
    invoice = world.invoices()[0]
    assert (invoice.status, invoice.attempt_count) == ("open", 5)
    assert "next_payment_attempt" not in invoice
    assert world.sub(sub).status == "unpaid"
    assert world.events().count("invoice.payment_failed") == 5
    world.to(moment("2027-03-31T12:00:00"))
    assert [one.status for one in world.invoices()] == ["draft", "open", "paid"]
    world.v1.customers.update(world.customer, {"invoice_settings": {"default_payment_method": good}})
    assert world.v1.invoices.pay(invoice.id).status == "paid"
    assert world.sub(sub).status == "active"


def test_a_new_card_in_time_recovers(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.card("pm_card_chargeCustomerFail")
    world.to(moment("2027-03-01T09:30:00") - HOUR)
    assert world.sub(sub).status == "past_due"
    with pytest.raises(stripe.CardError) as refused:
        world.v1.invoices.pay(world.invoices()[0].id)
    assert refused.value.code == "card_declined"
    assert world.invoices()[0].attempt_count == 1  # attempts by hand don't count after the first
    world.card()
    world.to(moment("2027-03-01T12:00:00"))
    assert world.sub(sub).status == "active"
    assert world.invoices()[0].attempt_count == 2


def test_a_first_payment_that_fails(world: World) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        world.subscribe()  # no card at all
    world.card("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError):
        world.subscribe(payment_behavior="error_if_incomplete")
    assert world.invoices() == []
    sub = world.subscribe()
    assert sub.status == "incomplete"
    world.card()
    world.v1.invoices.pay(sub.latest_invoice)
    assert world.sub(sub).status == "active"
    waiting = world.subscribe("chain", payment_behavior="default_incomplete")
    assert (waiting.status, world.invoices()[0].attempted) == ("incomplete", False)
    world.to(START + 23 * HOUR)
    assert world.sub(waiting).status == "incomplete_expired"
    assert world.v1.invoices.retrieve(waiting.latest_invoice).status == "void"


def test_a_card_that_wants_its_holder(world: World) -> None:
    world.card("pm_card_authenticationRequired")
    sub = world.subscribe(off_session=True)
    assert sub.status == "incomplete"
    assert "invoice.payment_action_required" in world.events()
    with pytest.raises(stripe.CardError):
        world.v1.invoices.pay(sub.latest_invoice)
    world.v1.invoices.pay(sub.latest_invoice, {"off_session": False})
    assert world.sub(sub).status == "active"


def test_the_end_at_the_periods_end_and_back(world: World) -> None:
    world.card()
    sub = world.subscribe()
    end = sub["items"].data[0].current_period_end
    sub = world.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    assert (sub.cancel_at_period_end, sub.cancel_at, sub.status) == (True, end, "active")
    sub = world.v1.subscriptions.update(sub.id, {"cancel_at_period_end": False})
    assert "cancel_at" not in sub
    assert "canceled_at" not in sub
    world.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    world.to(end - 60)
    world.report(12_345)
    world.to(end)
    sub = world.sub(sub)
    assert (sub.status, sub.ended_at) == ("canceled", end)
    assert "customer.subscription.deleted" in world.events()
    world.to(end + HOUR)
    assert amounts(world.invoices()[0]) == [0, 9_146]  # the last month's use, 2,345 × 3.9
    assert world.invoices()[0].status == "paid"


def test_the_end_now(world: World) -> None:
    world.card()
    sub = world.subscribe()
    world.to(START + 14 * DAY)
    ended = world.v1.subscriptions.cancel(sub.id, {"prorate": True, "invoice_now": True})
    assert (ended.status, ended.ended_at) == ("canceled", world.now)
    world.to(world.now + HOUR)
    assert amounts(world.invoices()[0]) == [0, -29_950]
    assert world.v1.customers.retrieve(world.customer).balance == -29_950
    with pytest.raises(stripe.InvalidRequestError):
        world.v1.subscriptions.cancel(sub.id)


def test_an_invoice_that_is_sent(world: World) -> None:
    sub = world.subscribe(collection_method="send_invoice", days_until_due=15)
    assert sub.status == "active"
    assert world.invoices()[0].status == "draft"
    world.to(START + HOUR)
    invoice = world.invoices()[0]
    assert (invoice.status, invoice.due_date) == ("open", START + HOUR + 15 * DAY)
    assert invoice.attempt_count == 0
    world.to(invoice.due_date)
    assert world.sub(sub).status == "past_due"
    assert "invoice.overdue" in world.events()
    paid = world.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid_off_stripe, paid.amount_remaining) == ("paid", 59_900, 0)
    assert world.sub(sub).status == "active"
    assert world.v1.invoice_payments.list({"invoice": invoice.id}).data == []


def test_void_and_uncollectible(world: World) -> None:
    sub = world.subscribe(collection_method="send_invoice", days_until_due=1)
    world.to(START + 2 * DAY)
    assert world.sub(sub).status == "past_due"
    invoice = world.v1.invoices.mark_uncollectible(world.invoices()[0].id)
    assert (invoice.status, world.sub(sub).status) == ("uncollectible", "active")
    assert world.v1.invoices.void_invoice(invoice.id).status == "void"
    with pytest.raises(stripe.InvalidRequestError):
        world.v1.invoices.pay(invoice.id)


def test_unknown_is_refused_and_unsimulated_is_told(world: World) -> None:
    world.card()
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        world.subscribe(colour="red")
    assert unknown.value.code == "parameter_unknown"
    for given in ({"add_invoice_items": [{"price": "price_1"}]}, {"billing_mode": {"type": "classic"}}):
        with pytest.raises(stripe.APIError) as told:
            world.subscribe(**given)
        assert told.value.http_status == 501
