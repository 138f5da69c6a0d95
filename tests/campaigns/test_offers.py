"""What running campaigns change about a purchase, without a database: days, audiences, guests, triggers."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from marketing import document
from uuid_utils.compat import uuid7

from tenants.campaigns.document import dumped, parse_campaign
from tenants.campaigns.offers import Offered, Running, applies, guest_coupons, parse_running, triggers
from tenants.campaigns.periods import box_period, period_of
from tenants.campaigns.when import TimeBox
from tenants.pricing.basket import CampaignDiscount, CampaignMultiplier

Json = dict[str, Any]
TEN = {"type": "percent", "percent": "10"}


def running(*documents: Json) -> tuple[Running, ...]:
    """As the purchase's statement answers them."""
    return parse_running([[str(uuid7()), json.dumps(dumped(parse_campaign(one)))] for one in documents])


BOXES: list[tuple[Json | str, str, bool, str]] = [
    ("always", "2031-03-12", True, "ever"),
    ({"type": "between", "from": "2031-03-12", "to": "2031-03-14"}, "2031-03-11", False, "ever"),
    ({"type": "between", "from": "2031-03-12", "to": "2031-03-14"}, "2031-03-12", True, "ever"),
    ({"type": "between", "from": "2031-03-12", "to": "2031-03-14"}, "2031-03-14", True, "ever"),
    ({"type": "between", "from": "2031-03-12", "to": "2031-03-14"}, "2031-03-15", False, "ever"),
    ({"type": "yearly", "from": "10-01", "to": "10-07"}, "2031-10-07", True, "2031"),
    ({"type": "yearly", "from": "10-01", "to": "10-07"}, "2031-10-08", False, "2031"),
    ({"type": "yearly", "from": "12-24", "to": "01-06"}, "2031-12-31", True, "2031"),
    ({"type": "yearly", "from": "12-24", "to": "01-06"}, "2032-01-06", True, "2031"),
    ({"type": "yearly", "from": "12-24", "to": "01-06"}, "2032-01-07", False, "2032"),
    ({"type": "yearly", "from": "02-29", "to": "02-29"}, "2031-02-28", False, "2031"),
    ({"type": "yearly", "from": "02-29", "to": "02-29"}, "2032-02-29", True, "2032"),
    ({"type": "weekdays", "days": [6, 7]}, "2031-03-14", False, "2031-03-14"),
    ({"type": "weekdays", "days": [6, 7]}, "2031-03-15", True, "2031-03-15"),
    ({"type": "month_days", "days": [18, 31]}, "2031-04-30", False, "2031-04-30"),
    ({"type": "month_days", "days": [18, 31]}, "2031-04-18", True, "2031-04-18"),
]


@pytest.mark.parametrize(("when", "day", "holds", "period"), BOXES)
def test_a_box_holds_on_its_local_days(when: Json | str, day: str, holds: bool, period: str) -> None:
    found = running(document("a", "discount", when, offer=TEN))
    offered = applies(found, uuid7(), date.fromisoformat(day))
    assert [one.offer.code for one in offered] == (["a"] if holds else [])
    box = found[0].campaign.when
    assert isinstance(box, TimeBox)
    assert box_period(box, date.fromisoformat(day)) == period


def test_periods_of_once() -> None:
    day = date(2031, 3, 12)
    assert [period_of(once, day) for once in ("ever", "year", "month")] == ["ever", "2031", "2031-03"]
    assert period_of("day", day) == "2031-03-12"


def test_discounts_and_multipliers_come_by_code_with_their_audiences() -> None:
    found = running(
        document("b", "discount", "always", offer=TEN, audience="big"),
        document("c", "multiplier", "always", multiplier="1.5", stack=True),
        document("d", "multiplier", "always", multiplier="2", audience="small"),
        document("e", "grant", "joined", points=1),
    )
    offered = applies(found, uuid7(), date(2031, 3, 12))
    assert offered == [
        Offered(CampaignDiscount("b", percent=Decimal(10)), "big"),
        Offered(CampaignMultiplier("c", Decimal("1.5"), stack=True), None),
        Offered(CampaignMultiplier("d", Decimal(2)), "small"),
    ]


def test_nothing_runs() -> None:
    assert parse_running(None) == ()
    assert applies((), uuid7(), date(2031, 3, 12)) == []
    assert (triggers((), 100), guest_coupons((), 100)) == (False, [])


def test_a_purchase_triggers_from_its_minimum_on_for_members_and_guests_apart() -> None:
    found = running(
        document("a", "grant", {"type": "purchase", "min_amount": 5000}, points=1),
        document("b", "grant", {"type": "purchase", "min_amount": 3000, "by": "guest"}, coupon="next-visit"),
    )
    assert [triggers(found, amount) for amount in (4999, 5000)] == [False, True]
    assert [[one.coupon for one in guest_coupons(found, amount)] for amount in (2999, 3000)] == [[], ["next-visit"]]
    assert guest_coupons(found, 3000)[0].campaign_id == found[1].id
