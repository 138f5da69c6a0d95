"""Every event is one of the catalogue's, in the shape of its example, and says nothing of a person."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.feed import told_of
from support.furnish import furnish
from support.till import bought

from saas.outbox import enqueue
from saas.scope import tenant_scope
from tenants.events.choosing import require_choice, types_of
from tenants.events.types import TYPES

ROOT = Path(__file__).parents[2]
# What a test of its own feature has: Stripe, a month that passes, a fault planted.
ELSEWHERE = {"points.expiring", "proof.differs", "webhook.disabled", *types_of(["billing.*"])}
OPEN = {"kinds", "gift", "keeps"}
"""Whose inside depends on the chain."""


def shape(value: Any) -> Any:
    """Names and kinds of values; what is one kind or nothing is that kind."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def differs(found: Mapping[str, Any], example: Mapping[str, Any]) -> list[str]:
    """Names that only one has, and values of another kind (null on either side is fine)."""
    wrong = sorted(found.keys() ^ example.keys())
    for name in found.keys() & example.keys():
        ours, theirs = shape(found[name]), shape(example[name])
        if ours != theirs and "NoneType" not in (ours, theirs) and name not in OPEN:
            wrong.append(f"{name}: {ours}, not {theirs}")
    return wrong


async def a_day(chain: Chain, drain: Any) -> str:
    """What `furnish` leaves out; the member it was about."""
    one = await chain.http.post("/v1/members", json={"name": "赵一", "phone": "13900001111"})
    two = await chain.http.post("/v1/members", json={"name": "赵二", "phone": "13900001112"})
    who, other = one.json()["id"], two.json()["id"]

    async def post(path: str, **body: Any) -> dict[str, Any]:
        answer = await chain.http.post(path, json=body)
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json() if answer.content else {}
        return made

    assert (await chain.http.patch(f"/v1/members/{who}", json={"name": "赵三", "tags": ["x"]})).status_code == 200
    given = {"code": "ten", "names": {"zh-CN": "十元", "en": "Ten"}, "valid_days": 9}
    coupon = (await post("/v1/coupons", **given, value={"type": "amount", "amount": 100}))["id"]
    grants = [
        (await post(f"/v1/coupons/{coupon}/grant", member_id=who, reason="x"))["coupons"][0]["id"] for _ in range(2)
    ]
    await post(f"/v1/coupons/grants/{grants[0]}/void", reason="x")
    sold = await bought(chain, "E1", 60_000, member_id=who, coupons=[grants[1]], external_amounts=False)
    await post(f"/v1/purchases/{sold['id']}/undo", reason="x")
    await post("/v1/points/adjust", member_id=who, points=900, reason="x")
    names = {"zh-CN": "袋", "en": "Bag"}
    reward = (await post("/v1/rewards", code="bag", names=names, points=100, stock=5))["id"]
    for act in ("collect", "cancel"):
        claim = await post(f"/v1/rewards/{reward}/claim", member_id=who)
        await post(f"/v1/rewards/claims/{claim['id']}/{act}")
    at = {"branch_id": chain.branch_id}
    top_up = await post("/v1/wallet/top-ups", **at, member_id=who, external_id="E2", amount=1_000)
    await post(f"/v1/wallet/top-ups/{top_up['id']}/undo", reason="x")
    paid = {"product": "x", "uses": 3, "price": 300, "valid_until": "2199-01-01", "external_id": "E3"}
    sold_pass = (await post("/v1/passes", **at, member_id=who, **paid))["id"]
    used = await post(f"/v1/passes/{sold_pass}/use", **at)
    await post(f"/v1/passes/{sold_pass}/undo-use", entry_id=used["id"])
    await post(f"/v1/passes/{sold_pass}/refund", **at, reason="x")
    await post(f"/v1/members/{who}/merge", other_id=other)
    assert (await chain.http.delete(f"/v1/members/{who}")).status_code in {200, 204}
    await post(f"/v1/members/{who}/erase")
    # A coupon whose last day was yesterday.
    late = (await post("/v1/members", name="钱四"))["id"]
    (one_more,) = (await post(f"/v1/coupons/{coupon}/grant", member_id=late, reason="x"))["coupons"]
    await (await owner()).execute(
        "UPDATE coupon_grant SET valid_from = valid_from - 40, valid_until = valid_until - 40"
        " WHERE id = $1::text::uuid",
        one_more["id"],
    )
    async with tenant_scope(chain.tenant_id):
        await enqueue("coupons.expire", {"due_at": "2026-01-01T00:00:00+00:00", "schedule": "coupons-expiry"})
    await drain(chain.tenant_id)
    return str(who)


@pytest.fixture(scope="module")
async def lived(new_chain: Any, drain: Any) -> list[tuple[str, str | None, dict[str, Any]]]:
    """All that a chain was told: type, member, data."""
    chain = await new_chain()
    await furnish(chain, drain, "0005")
    await a_day(chain, drain)
    return [
        (row["type"], row["member_id"] and str(row["member_id"]), json.loads(row["data"]))
        for row in await told_of(chain.tenant_id)
    ]


async def test_every_event_has_the_shape_of_its_example(lived: list[tuple[str, str | None, dict[str, Any]]]) -> None:
    for code, member_id, data in lived:
        assert code in TYPES, code
        wrong = differs(data, TYPES[code].data)
        assert not wrong, (code, wrong, data)
        assert TYPES[code].member or member_id is None, code


async def test_a_life_meets_every_type_that_no_other_test_has(
    lived: list[tuple[str, str | None, dict[str, Any]]],
) -> None:
    assert TYPES.keys() - {code for code, _, _ in lived} - ELSEWHERE == set()


async def test_no_event_has_a_name_or_a_phone(lived: list[tuple[str, str | None, dict[str, Any]]]) -> None:
    text = json.dumps([data for _, _, data in lived], ensure_ascii=False)
    assert not re.search(r"1[3-9]\d{9}|\+86|赵|钱|林0005|C0005|E0005", text)


def test_every_type_that_the_source_writes_is_in_the_catalogue() -> None:
    """Texts of the form `noun.verb` beside an INSERT into the queue, or in a call of `emit` or `tell`."""
    written = set()
    for path in [*ROOT.glob("tenants/**/*.py"), *ROOT.glob("saas/billing/*.py")]:
        source = path.read_text()
        for call in re.findall(r"""(?:emit|tell|tell_once)\(\s*f?"([a-z_]+\.[a-z_]+)""", source):
            written.add(call)
        for insert in re.findall(r"INTO event_new.*?(?=INTO |\"\"\")", source, re.DOTALL):
            written |= set(re.findall(r"'([a-z]+\.[a-z_]+)'", insert))
    written.discard("billing.invoice_")
    assert written >= {"purchase.recorded", "coupon.voided", "member.merged", "billing.downgrade_dropped"}
    assert written - TYPES.keys() == set()


def test_types_are_chosen_by_name_or_noun() -> None:
    assert types_of(["campaign.*", "member.left"]) == ["member.left", "campaign.started", "campaign.stopped"]
    assert types_of(["camp.*", "x", ""]) == []
    for wrong in ("*", ".*", "", "member", "member.", "tier.changed "):
        with pytest.raises(ValueError, match="unknown-event-type"):
            require_choice(wrong)
