"""Made-up members."""

import re
from datetime import date, datetime, timedelta

import pytest

from saas.demo.industries import INDUSTRIES
from saas.demo.industry import ZONE, Industry
from saas.demo.people import people, person, seeded
from saas.demo.trading_days import Calendar
from saas.samples.names import phone
from tenants.members.phones import normalise_phone

UNTIL = datetime(2026, 11, 22, 17, 30, tzinfo=ZONE)
CHAINS = pytest.mark.parametrize("industry", INDUSTRIES.values(), ids=INDUSTRIES)


@CHAINS
def test_the_same_seed_makes_the_same_people_one_by_one_or_in_blocks(industry: Industry) -> None:
    calendar = Calendar(industry, UNTIL)
    everybody = list(people(calendar, 300))
    assert everybody == list(people(Calendar(industry, UNTIL), 300))
    assert everybody[99:200] == list(people(calendar, 300, 100, 200))
    assert person(calendar, 42, 300) == everybody[41]
    assert [p.number for p in everybody] == list(range(1, 301))


@CHAINS
def test_members_are_people_and_companies_with_phones_of_their_own(industry: Industry) -> None:
    everybody = list(people(Calendar(industry, UNTIL), industry.members))
    assert len({normalise_phone(p.phone) for p in everybody}) == industry.members
    assert len({p.card_no for p in everybody if p.card_no}) == sum(p.card_no is not None for p in everybody)
    for p in everybody:
        if p.habit.company:
            assert p.name.endswith("有限公司")
            assert p.gender is None
            assert p.birthday is None
        else:
            assert re.fullmatch(r"[\u4e00-\u9fff]{2,3}", p.name)
            assert p.birthday is not None
            assert (UNTIL.date() - p.birthday).days > 18 * 365.25
    assert any(p.habit.company for p in everybody) == (industry.template == "courier")


def test_no_two_chains_share_a_phone() -> None:
    phones = [p.phone for x in INDUSTRIES.values() for p in people(Calendar(x, UNTIL), x.members)]
    assert len(set(phones)) == len(phones)
    assert len({phone(seeded(n), n)[3:] for n in range(20_000)}) == 20_000


@CHAINS
def test_members_come_when_there_is_somewhere_to_come_to(industry: Industry) -> None:
    calendar = Calendar(industry, UNTIL)
    everybody = list(people(calendar, industry.members))
    first, today = calendar.first, calendar.today
    assert all(p.joined_on <= today for p in everybody)
    assert 0.2 < sum(p.joined_on < first for p in everybody) / len(everybody) < 0.5
    assert sum(p.joined_on > today - timedelta(days=46) for p in everybody) > 3
    for p in everybody:
        opened = industry.branches[p.branch].opened
        assert opened is None or p.joined_on >= today - timedelta(days=opened)
        assert p.joined_on < first or calendar.busy(p.joined_on) > 0
        assert p.referrer is None or 0 < p.referrer < p.number


@CHAINS
@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2027, 2, 6), date(2028, 2, 29), date(2030, 12, 31)])
def test_stretches_of_shopping_lie_within_membership(industry: Industry, day: date) -> None:
    calendar = Calendar(industry, datetime.combine(day, UNTIL.timetz()))
    courses = set()
    for p in people(calendar, 400):
        courses.add((p.habit.course, len(p.stretches)))
        days = [day for stretch in p.stretches for day in stretch]
        assert days == sorted(days)
        assert all(max(p.joined_on, calendar.first) <= day <= calendar.today for day in days)
    assert {("steady", 1), ("lapsed", 1), ("returned", 2), ("once", 1), ("never", 0), ("newcomer", 1)} <= courses


@CHAINS
def test_a_million_members_cost_no_more_each_than_the_first(industry: Industry) -> None:
    calendar = Calendar(industry, UNTIL)
    last = person(calendar, 1_000_000, 1_000_000)
    assert last.habit.course == "newcomer"
    assert person(calendar, 1, 1_000_000).joined_on < calendar.first
