"""What the made-up members bought and did."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from saas.demo.days import Day, days
from saas.demo.fill import fires
from saas.demo.industries import INDUSTRIES
from saas.demo.industry import DAYS, ZONE, Industry
from saas.demo.people import people
from saas.demo.trading_days import Calendar
from saas.demo.visits import Ticket

UNTIL = datetime(2026, 11, 22, 17, 30, tzinfo=ZONE)
CHAINS = pytest.mark.parametrize("industry", INDUSTRIES.values(), ids=INDUSTRIES)
TODAYS = pytest.mark.parametrize(
    "until",
    [datetime(2026, month, day, 9, tzinfo=ZONE) for month, day in ((1, 31), (3, 1), (3, 15), (7, 31), (11, 22))],
    ids=str,
)


def history(industry: Industry, until: datetime = UNTIL) -> dict[date, Day]:
    return days(industry, until, industry.members)


def tickets(found: dict[date, Day]) -> list[Ticket]:
    return [ticket for day in found.values() for ticket in day.tickets]


@CHAINS
def test_the_same_seed_makes_the_same_history_of_two_years(industry: Industry) -> None:
    found = history(industry)
    assert found == history(industry)
    assert len(found) == DAYS + 1
    assert list(found) == sorted(found)
    assert sum(len(day.joining) for day in found.values()) == industry.members
    assert 2_000 < len(tickets(found)) < 9_000


@CHAINS
def test_tickets_are_what_a_till_would_send(industry: Industry) -> None:
    found = history(industry)
    joined = {p.phone: p.joined_on for p in people(Calendar(industry, UNTIL), industry.members)}
    sold = tickets(found)
    assert [t.at for t in sold] == sorted(t.at for t in sold)
    assert len({t.external_id for t in sold}) == len(sold)
    for ticket in sold:
        opened = industry.branches[ticket.branch].opened
        assert all(line.amount > 0 and line.amount % 10 == 0 and line.quantity in {1, 2} for line in ticket.lines)
        assert all(0 < line.paid <= line.amount for line in ticket.lines)
        if ticket.tenders:
            assert sum(amount for _, amount in ticket.tenders) + ticket.points + ticket.wallet == ticket.paid
        else:  # the chain knows the price, or value pays all of it
            by_tier = industry.priced == "tier" and ticket.buyer is not None
            assert by_tier or ticket.points + ticket.wallet == ticket.paid
        assert all(amount > 0 for _, amount in ticket.tenders)
        assert ticket.buyer or not ticket.points + ticket.wallet
        assert ticket.at <= UNTIL
        assert ticket.at.hour in industry.hours
        assert opened is None or ticket.at.date() >= UNTIL.date() - timedelta(days=opened)
        assert ticket.buyer is None or joined[ticket.buyer] <= ticket.at.date()
        assert ticket.sold_by
    assert sum(t.buyer is None for t in sold) > 100
    assert (
        Calendar(industry, UNTIL).first
        <= sold[0].at.date()
        < sold[0].at.date() + timedelta(days=700)
        < sold[-1].at.date()
    )


@CHAINS
def test_refunds_come_after_their_purchases_and_never_give_back_more(industry: Industry) -> None:
    found = history(industry)
    given = [(day, t) for day, happened in found.items() for t in happened.refunds]
    assert 10 < len(given) < 150
    for day, ticket in given:
        assert ticket.refund is not None
        assert ticket.at < ticket.refund.at <= UNTIL
        assert ticket.refund.at.date() == day
        assert ticket.refund.line is None or 0 <= ticket.refund.line < len(ticket.lines)


@CHAINS
def test_activities_are_the_industrys_and_health_is_measured_with_consent_only(industry: Industry) -> None:
    everybody = {p.phone: p for p in people(Calendar(industry, UNTIL), industry.members)}
    found = [action for day in history(industry).values() for action in day.actions]
    assert len({a.external_id for a in found}) == len(found)
    assert {a.kind for a in found} == {pastime.kind for pastime in industry.pastimes}
    health = {pastime.kind for pastime in industry.pastimes if pastime.health}
    for action in found:
        assert everybody[action.phone].joined_on <= action.at.date()
        assert action.kind not in health or "health" in everybody[action.phone].agrees
    if industry.template == "gym":
        assert {a.value for a in found if a.kind == "review"} == {3, 4, 5}
    if industry.template == "pharmacy":
        assert all(a.data and a.data.keys() == {"systolic", "diastolic"} for a in found if a.kind == "pressure_check")


@CHAINS
def test_some_lapse_some_return_some_never_buy(industry: Industry) -> None:
    by_buyer = defaultdict(list)
    for ticket in tickets(history(industry)):
        by_buyer[ticket.buyer].append(ticket.at.date())
    everybody = list(people(Calendar(industry, UNTIL), industry.members))
    counts = Counter(min(len(by_buyer[p.phone]), 5) for p in everybody)
    assert all(counts[n] for n in (0, 1, 2, 5)), counts
    lost = [p for p in everybody if by_buyer[p.phone] and (UNTIL.date() - by_buyer[p.phone][-1]).days > 180]
    assert len(lost) > industry.members / 20
    pauses = [max((b - a).days for a, b in pairwise(x)) for x in by_buyer.values() if len(x) > 8]
    assert sum(pause > 100 for pause in pauses) > 3


@TODAYS
def test_whatever_day_it_is_the_pharmacy_has_members_of_each_class(until: datetime) -> None:
    last = until.date().replace(day=1) - timedelta(days=1)
    spend: Counter[str] = Counter()
    for ticket in tickets(history(INDUSTRIES["pharmacy"], until)):
        if ticket.buyer and ticket.at.date().replace(day=1) == last.replace(day=1):
            spend[ticket.buyer] += ticket.paid
    classes = Counter(sum(amount >= step for step in (50_000, 100_000, 150_000)) for amount in spend.values())
    assert all(classes[n] >= 2 for n in range(4)), classes


@TODAYS
@pytest.mark.parametrize(("code", "steps"), [("gym", (100_000, 500_000)), ("courier", (50_000, 100_000, 300_000))])
def test_whatever_day_it_is_each_step_of_spend_is_reached(until: datetime, code: str, steps: tuple[int, ...]) -> None:
    spend: Counter[str] = Counter()
    for ticket in tickets(history(INDUSTRIES[code], until)):
        if ticket.buyer:
            spend[ticket.buyer] += ticket.paid
    reached = Counter(sum(amount >= step for step in steps) for amount in spend.values())
    assert all(reached[n] >= 5 for n in range(len(steps) + 1)), reached


@TODAYS
def test_whatever_day_it_is_tea_is_drunk_by_members_of_each_level(until: datetime) -> None:
    """By points alone, earned by spending and topping up."""
    points: Counter[str] = Counter()
    for happened in history(INDUSTRIES["tea"], until).values():
        for ticket in happened.tickets:
            if ticket.buyer and ticket.refund is None:
                points[ticket.buyer] += (ticket.paid - ticket.points) // 100
        for top_up in happened.top_ups:
            points[top_up.phone] += top_up.amount // 100
    reached = Counter(sum(earned >= step for step in (1_000, 5_000)) for earned in points.values())
    assert all(reached[n] >= 5 for n in range(3)), reached


@CHAINS
def test_nobody_spends_what_it_has_not(industry: Industry) -> None:
    wallet: Counter[str] = Counter()
    points: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for happened in history(industry).values():
        for top_up in happened.top_ups:
            wallet[top_up.phone] += top_up.amount + industry.top_ups[top_up.amount]
            points[top_up.phone] += top_up.amount // 100
            assert wallet[top_up.phone] - industry.top_ups[top_up.amount] <= 500_000  # the legal limit
        for ticket in happened.tickets:
            if ticket.buyer:
                wallet[ticket.buyer] -= ticket.wallet
                points[ticket.buyer] += (ticket.paid - ticket.wallet) // 100 - ticket.points
                seen["points"] += ticket.points > 0
                assert ticket.wallet <= 20_000  # above it the member has to consent
                assert wallet[ticket.buyer] >= 0
                assert points[ticket.buyer] >= 0
                assert ticket.points * 2 <= ticket.paid
        for claim in happened.claims:
            assert industry.reward is not None
            points[claim.phone] -= industry.reward[1]
            assert points[claim.phone] >= 0
        seen["top_ups"] += len(happened.top_ups)
        seen["claims"] += len(happened.claims)
    assert seen["points"] > 20
    assert (seen["top_ups"] > 50) == bool(industry.top_ups)
    assert (seen["claims"] > 4) == (industry.reward is not None)


def test_passes_are_sold_before_they_are_used_and_hold_what_they_say() -> None:
    left: dict[str, int] = {}
    ends: dict[str, date] = {}
    for day, happened in history(INDUSTRIES["gym"]).items():
        for sale in happened.passes:
            left[sale.external_id], ends[sale.external_id] = sale.uses, sale.valid_until
        for use in happened.uses:
            left[use.sale] -= 1
            assert left[use.sale] >= 0
            assert day <= ends[use.sale]
    assert len(left) > 20
    assert 0 in left.values()


def test_schedules_fire_on_the_first_of_a_month_or_quarter() -> None:
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [d.month for d in year if fires(INDUSTRIES["pharmacy"], d)] == list(range(1, 13))
    assert [(d.month, d.day) for d in year if fires(INDUSTRIES["gym"], d)] == [(1, 1), (4, 1), (7, 1), (10, 1)]
