"""What is kept of members beside identifiers: attributes, tags, consents, kinds, referrers; and who may join."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from support.clock import set_clock
from support.programme import change_programme
from support.till import member, rows

NAMES = {"zh-CN": "名", "en": "Name"}
ATTRIBUTES = [
    {"code": "shoe_size", "names": NAMES, "type": "number"},
    {"code": "skin", "names": NAMES, "type": "text"},
    {"code": "first_seen", "names": NAMES, "type": "date"},
    {"code": "smokes", "names": NAMES, "type": "boolean"},
    {
        "code": "colour",
        "names": NAMES,
        "type": "choice",
        "choices": [{"code": "red", "names": {"zh-CN": "红", "en": "Red"}}, {"code": "blue", "names": NAMES}],
    },
]


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


async def patched(chain: Any, member_id: str, **change: Any) -> dict[str, Any]:
    answer = await chain.http.patch(f"/v1/members/{member_id}", json=change)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_declared_attributes_are_kept_by_their_types(chain: Any) -> None:
    await change_programme(chain, attributes=ATTRIBUTES)
    values = {"shoe_size": 42.5, "skin": " dry ", "first_seen": "2020-02-29", "smokes": False, "colour": "red"}
    one = await member(chain, attributes=values)
    assert (await chain.http.get(f"/v1/members/{one}")).json()["attributes"] == {**values, "skin": "dry"}
    changed = await patched(chain, one, attributes={"smokes": None, "shoe_size": "43.25", "skin": None})
    assert changed["attributes"] == {"shoe_size": 43.25, "first_seen": "2020-02-29", "colour": "red"}
    (listed,) = (await chain.http.get("/v1/members")).json()["data"]
    assert listed["attributes"] == changed["attributes"]
    await change_programme(chain, attributes=[{**ATTRIBUTES[0], "type": "text"}, ATTRIBUTES[4]])
    assert (await chain.http.get(f"/v1/members/{one}")).json()["attributes"] == {"colour": "red"}


@pytest.mark.parametrize(
    ("code", "value", "error"),
    [
        ("shoe_size", "x", "invalid-number"),
        ("shoe_size", True, "wrong-type"),
        ("shoe_size", 1.00001, "too-many-decimals"),
        ("shoe_size", 10**12, "out-of-range"),
        ("shoe_size", "NaN", "invalid-number"),
        ("skin", 3, "wrong-type"),
        ("skin", "x" * 501, "too-long"),
        ("skin", " ", "blank"),
        ("first_seen", "2021-02-29", "invalid-date"),
        ("smokes", "yes", "wrong-type"),
        ("colour", "green", "not-allowed"),
        ("height", 3, "unknown-attribute"),
    ],
)
async def test_an_attribute_that_does_not_fit_is_refused(chain: Any, code: str, value: Any, error: str) -> None:
    await change_programme(chain, attributes=ATTRIBUTES)
    answer = await chain.http.post("/v1/members", json={"name": "Ann", "attributes": {code: value, "a/b": 1}})
    assert answer.status_code == 422
    assert errors(answer) == [(f"/attributes/{code}", error), ("/attributes/a~1b", "unknown-attribute")]


async def test_tags_are_normalised_listed_and_replaced(chain: Any) -> None:
    one = await member(chain, tags=["ＶＩＰ", " 常 客 ", "VIP"])
    two = await member(chain, tags=["VIP"])
    assert (await chain.http.get(f"/v1/members/{one}")).json()["tags"] == ["VIP", "常 客"]
    for tag, found in (("VIP", [two, one]), ("%EF%BC%B6IP", [two, one]), ("常 客", [one]), ("vip", [])):
        listed = (await chain.http.get(f"/v1/members?tag={tag}")).json()["data"]
        assert [m["id"] for m in listed] == found
    assert (await patched(chain, one, tags=["新"]))["tags"] == ["新"]
    assert (await patched(chain, one, tags=None))["tags"] == []
    for tags, error in ((["x" * 65], "too-long"), ([" "], "blank"), ([str(n) for n in range(51)], "too-many")):
        answer = await chain.http.patch(f"/v1/members/{one}", json={"tags": tags})
        assert [code for _, code in errors(answer)] == [error]
    await patched(chain, one, tags=["VIP"])
    pages = await chain.http.get("/v1/members?tag=VIP&limit=1")
    assert [m["id"] for m in pages.json()["data"]] == [two]
    more = await chain.http.get(f"/v1/members?tag=VIP&limit=1&cursor={pages.json()['next_cursor']}")
    assert ([m["id"] for m in more.json()["data"]], more.json()["next_cursor"]) == ([one], None)


async def test_consents_have_a_history_with_time_and_source(chain: Any) -> None:
    from saas.scope import tenant_scope
    from tenants.members.consents import has_consent

    one = await member(chain, consents={"sms": True, "email": False, "health": True}, source="till")
    shown = (await chain.http.get(f"/v1/members/{one}")).json()["consents"]
    assert shown == {"sms": True, "email": False, "wechat": False, "push": False, "health": True}
    before = datetime.now(UTC)
    assert (await patched(chain, one, consents={"sms": False, "health": True}, source="page"))["consents"][
        "sms"
    ] is False
    async with tenant_scope(chain.tenant_id):
        assert await has_consent(UUID(one), "health")
        assert not await has_consent(UUID(one), "sms")
    history = (await chain.http.get(f"/v1/members/{one}/consents?limit=1")).json()
    (last,) = history["data"]
    assert (last["channel"], last["granted"], last["source"]) == ("sms", False, "page")
    assert datetime.fromisoformat(last["recorded_at"]) >= before
    rest = (await chain.http.get(f"/v1/members/{one}/consents?cursor={history['next_cursor']}")).json()["data"]
    assert sorted((c["channel"], c["granted"], c["source"]) for c in rest) == [
        ("health", True, "till"),
        ("sms", True, "till"),
    ]
    etag = (await chain.http.get(f"/v1/members/{one}")).headers["etag"]
    same = await chain.http.patch(f"/v1/members/{one}", json={"consents": {"sms": False}})
    assert same.headers["etag"] == etag
    for body in ({"consents": {"fax": True}}, {"consents": {"sms": None}}, {"consents": None}):
        assert (await chain.http.patch(f"/v1/members/{one}", json=body)).status_code == 422


async def test_who_may_join_is_the_programmes_to_say(chain: Any) -> None:
    await set_clock(chain.tenant_id, datetime(2026, 2, 28, 4, tzinfo=UTC))
    await change_programme(chain, eligibility={"min_age": 18, "kinds": ["person"]})
    young, grown = "2008-03-01", "2008-02-29"
    cases = [
        ({}, [("/birthday", "birthday-needed")]),
        ({"birthday": young}, [("/birthday", "too-young")]),
        ({"kind": "company"}, [("/kind", "kind-not-eligible")]),
    ]
    for body, expected in cases:
        answer = await chain.http.post("/v1/members", json={"name": "Ann", **body})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-eligible")
        assert errors(answer) == expected
    chinese = await chain.http.post("/v1/members", json={"name": "安"}, headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["errors"][0]["message"] == "须年满 18 岁才能入会，请填写生日"
    batch = await chain.http.post(
        "/v1/members:batch", json={"items": [{"name": "A", "birthday": young}, {"name": "B", "birthday": grown}]}
    )
    assert [outcome["status"] for outcome in batch.json()["data"]] == [422, 201]
    one = batch.json()["data"][1]["id"]
    for change in ({"birthday": young}, {"birthday": None}, {"kind": "company"}):
        assert (await chain.http.patch(f"/v1/members/{one}", json=change)).json()["type"] == "/problems/not-eligible"
    await change_programme(chain, eligibility={"min_age": 18, "kinds": ["company", "person"]})
    assert (await patched(chain, one, kind="company", birthday=None))["kind"] == "company"


async def test_joining_day_referrer_and_phone_change_as_facts(chain: Any) -> None:
    ann, bob = await member(chain, name="Ann"), await member(chain, name="Bob", phone="13800138000")
    today = (await chain.http.get(f"/v1/members/{bob}")).json()["joined_on"]
    changed = await patched(chain, bob, joined_on="2020-01-02", referrer_id=ann, phone="13900139000")
    assert (changed["joined_on"], changed["referrer_id"]) == ("2020-01-02", ann)
    assert changed["tier"]["since"] == "2020-01-02"
    facts = (await chain.http.get(f"/v1/members/{bob}/changes")).json()["data"]
    assert {fact["field"]: (fact["before"], fact["after"]) for fact in facts} == {
        "joined_on": (today, "2020-01-02"),
        "referrer_id": (None, ann),
        "phone": ("+8613800138000", "+8613900139000"),
    }
    assert {row["seq"] for row in await rows(chain, "profile_change")} == {1}
    for body, error in (
        ({"referrer_id": bob}, ("/referrer_id", "self-referral")),
        ({"referrer_id": str(chain.tenant_id)}, ("/referrer_id", "unknown-member")),
        ({"joined_on": None}, ("/joined_on", "required")),
        ({"joined_on": "2190-01-01"}, ("/joined_on", "occurred-too-far-ahead")),
    ):
        assert errors(await chain.http.patch(f"/v1/members/{bob}", json=body)) == [error]
    assert (await patched(chain, bob, referrer_id=None))["referrer_id"] is None


async def test_another_joining_day_is_seen_by_the_next_evaluation(chain: Any, drain: Any) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    document["ladders"][0]["tiers"][1]["qualify"] = {"metric": "tenure_days", "gte": 365}
    await change_programme(chain, ladders=document["ladders"])
    one = await member(chain)
    await patched(chain, one, joined_on=str(date(2020, 1, 1)))
    assert (await chain.http.get(f"/v1/members/{one}")).json()["tier"]["code"] == "regular"
    assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/members/{one}")).json()["tier"]["code"] == "silver"


async def test_source_and_enrolled_by_are_kept(chain: Any) -> None:
    one = await member(chain, source="till", enrolled_by="导购 007")
    shown = (await chain.http.get(f"/v1/members/{one}")).json()
    assert (shown["source"], shown["enrolled_by"], shown["status"]) == ("till", "导购 007", "active")
    other = (await chain.http.get(f"/v1/members/{await member(chain)}")).json()
    assert other["source"] == "api"
    assert other["enrolled_by"].startswith("key:")
    assert (await chain.http.post("/v1/members", json={"name": "x", "source": "import"})).status_code == 422


async def test_wechat_identities_find_the_member(chain: Any) -> None:
    one = await member(chain, wechat={"app_id": "wx1", "openid": "o1", "unionid": "u1"})
    shown = (await chain.http.get(f"/v1/members/{one}")).json()
    assert shown["wechat"] == [{"app_id": "wx1", "openid": "o1"}, {"unionid": "u1"}]
    for query, found in (
        ("unionid=u1", [one]),
        ("app_id=wx1&openid=o1", [one]),
        ("app_id=wx2&openid=o1", []),
        ("app_id=wx1&openid=o1&unionid=u2", []),
    ):
        listed = (await chain.http.get(f"/v1/members?{query}")).json()["data"]
        assert [m["id"] for m in listed] == found
    assert errors(await chain.http.get("/v1/members?openid=o1")) == [("/app_id", "required")]
