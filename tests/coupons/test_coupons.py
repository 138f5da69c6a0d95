"""Coupons to give: their terms and days, over HTTP."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from giving import NAMES, at_fault, coupon, give, given, held, problem
from support.chains import Chain
from support.till import member

Json = dict[str, Any]


async def test_sign_up_brings_the_templates_coupons(new_chain: Callable[..., Awaitable[Chain]]) -> None:
    chain = await new_chain(template="tea")
    found = (await chain.http.get("/v1/coupons")).json()["data"]
    codes = [one["code"] for one in found]
    assert {"birthday-gold", "come-back"} <= set(codes)
    come_back = found[codes.index("come-back")]
    none_yet = {"open": 0, "used": 0, "void": 0, "expired": 0}
    assert {**come_back, "counts": none_yet} == (await chain.http.get(f"/v1/coupons/{come_back['id']}")).json()
    assert come_back["value"] == {"type": "amount", "amount": 3000}
    assert (come_back["minimum"], come_back["valid_days"], come_back["source"]) == (10_000, 14, "template")
    assert come_back["combines"] == {"tier_discount": True, "campaign": False, "coupons": False}


async def test_a_coupon_is_made_listed_and_read(chain: Chain) -> None:
    before = (await chain.http.get("/v1/coupons?limit=200")).json()["data"]
    made = await coupon(
        chain,
        "tea-20",
        value={"type": "percent", "percent": "20"},
        minimum=5000,
        categories=["tea"],
        branches=["main"],
        combines={"coupons": True},
        valid_days=None,
        valid_from="2030-01-01",
        valid_until="2030-01-31",
    )
    assert made["value"] == {"type": "percent", "percent": "20"}
    assert made["combines"] == {"tier_discount": True, "campaign": False, "coupons": True}
    assert (made["categories"], made["branches"], made["ended_at"], made["source"]) == (
        ["tea"],
        ["main"],
        None,
        "tenant",
    )
    assert (made["valid_days"], made["valid_from"], made["valid_until"]) == (None, "2030-01-01", "2030-01-31")
    listed = (await chain.http.get("/v1/coupons?limit=200")).json()
    assert (listed["data"], listed["next_cursor"]) == ([*before, made], None)
    again = await chain.http.post(
        "/v1/coupons", json={"code": "tea-20", "names": NAMES, "value": made["value"], "valid_days": 1}
    )
    assert problem(again) == (409, "code-taken")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"valid_days": None}, ("/valid_days", "required")),
        ({"valid_days": None, "valid_from": "2030-01-01"}, ("/valid_until", "required")),
        ({"valid_until": "2030-01-01"}, ("/valid_days", "days-given-twice")),
        (
            {"valid_days": None, "valid_from": "2030-01-02", "valid_until": "2030-01-01"},
            ("/valid_until", "days-crossed"),
        ),
        ({"valid_days": 0}, ("/valid_days", "too-small")),
        ({"value": {"type": "luck"}}, ("/value/type", "unknown-coupon-value")),
        ({"value": {"type": "amount", "amount": 0}}, ("/value/amount", "too-small")),
        ({"value": {"type": "percent", "percent": "0"}}, ("/value/percent", "not-greater")),
        ({"value": {"type": "percent", "percent": 10}}, ("/value/percent", "decimal-string")),
        ({"branches": ["main", "nowhere"]}, ("/branches/1", "unknown-branch")),
        ({"code": "Has Blanks"}, ("/code", "wrong-format")),
        ({"colour": "red"}, ("/colour", "unknown-field")),
    ],
)
async def test_what_a_coupon_may_not_say(chain: Chain, fields: Json, fault: tuple[str, str]) -> None:
    body = {"code": "x", "names": NAMES, "value": {"type": "amount", "amount": 1000}, "valid_days": 30, **fields}
    answer = await chain.http.post("/v1/coupons", json={k: v for k, v in body.items() if v is not None})
    assert at_fault(answer) == [fault]


async def test_a_change_holds_for_those_given_later(chain: Chain) -> None:
    made, who = await coupon(chain, "change"), await member(chain)
    (before,) = await given(chain, made["id"], who)
    url = f"/v1/coupons/{made['id']}"
    changed = (
        await chain.http.patch(url, json={"minimum": 9900, "valid_until": "2190-12-31", "names": {**NAMES, "en": "B"}})
    ).json()
    assert (changed["minimum"], changed["valid_days"], changed["valid_until"]) == (9900, None, "2190-12-31")
    assert changed["names"]["en"] == "B"
    (after,) = await given(chain, made["id"], who)
    assert ((await held(chain, before))["minimum"], (await held(chain, after))["minimum"]) == (0, 9900)
    assert (await held(chain, after))["valid_until"] == "2190-12-31"
    back = (await chain.http.patch(url, json={"valid_days": 7})).json()
    assert (back["valid_days"], back["valid_from"], back["valid_until"]) == (7, None, None)
    for body, fault in (
        ({"valid_from": "2190-01-01"}, ("/valid_days", "days-given-twice")),
        ({"minimum": None}, ("/minimum", "required")),
        ({"branches": ["nowhere"]}, ("/branches/0", "unknown-branch")),
    ):
        assert at_fault(await chain.http.patch(url, json=body)) == [fault]


async def test_an_ended_coupon_is_given_no_more_and_those_given_hold(chain: Chain) -> None:
    made, who = await coupon(chain, "ending"), await member(chain)
    (kept,) = await given(chain, made["id"], who)
    url = f"/v1/coupons/{made['id']}"
    ended = (await chain.http.patch(url, json={"ended": True})).json()["ended_at"]
    assert ended is not None
    assert (await chain.http.patch(url, json={"ended": True})).json()["ended_at"] == ended
    for answer in (
        await give(chain, made["id"], member_id=who),
        await give(chain, made["id"], segment="new-members"),
        await chain.http.post(f"{url}/print", json={"count": 1}),
    ):
        assert problem(answer) == (409, "coupon-ended")
    assert (await held(chain, kept))["state"] == "open"
    assert (await chain.http.patch(url, json={"ended": False})).json()["ended_at"] is None
    assert (await give(chain, made["id"], member_id=who)).status_code == 201


TODAY = date(2026, 3, 30)


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        ({"valid_days": 1}, TODAY, TODAY),
        ({"valid_days": 2}, TODAY, date(2026, 3, 31)),
        ({"valid_days": 30}, TODAY, date(2026, 4, 28)),
        ({"valid_days": None, "valid_until": "2026-03-30"}, TODAY, TODAY),
        (
            {"valid_days": None, "valid_from": "2026-03-01", "valid_until": "2026-04-05"},
            date(2026, 3, 1),
            date(2026, 4, 5),
        ),
        (
            {"valid_days": None, "valid_from": "2026-05-01", "valid_until": "2026-05-05"},
            date(2026, 5, 1),
            date(2026, 5, 5),
        ),
        ({"valid_days": None, "valid_until": "2026-03-29"}, None, None),
    ],
)
async def test_the_days_of_one_that_is_given(chain: Chain, days: Json, first: date | None, last: date | None) -> None:
    """Given late on the 30th of March, Shanghai's time, when UTC still has the day before noon."""
    from datetime import UTC, datetime

    from support.clock import set_clock

    await set_clock(chain.tenant_id, datetime(2026, 3, 30, 15, 59, tzinfo=UTC))
    made, who = await coupon(chain, "days", **days), await member(chain)
    answer = await give(chain, made["id"], member_id=who)
    if first is None or last is None:
        assert problem(answer) == (409, "coupon-ended")
        return
    one = await held(chain, answer.json()["coupons"][0]["id"])
    assert (one["valid_from"], one["valid_until"]) == (first.isoformat(), last.isoformat())
    assert (one["state"], one["occasion"]) == ("open", "by_hand")
    assert last - first >= timedelta()
