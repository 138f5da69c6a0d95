import json
from typing import Any

import pytest
from club import CLASSES, RATED, did, done, key, rules
from support.chains import Chain
from support.till import member, rows


async def test_the_third_class_lifts_at_once(chain: Chain) -> None:
    await rules(chain, CLASSES)
    one = await member(chain)
    first = await done(chain, "a1", one, occurred_at="2026-03-01T10:00:00+08:00", branch_id=chain.branch_id)
    assert first["tier"] == {"ladder": "card", "before": "base", "after": "base"}
    assert (first["tiers"], first["decision_id"], first["hidden"]) == ([], None, False)
    assert (first["local_day"], first["branch_id"], first["value"]) == ("2026-03-01", chain.branch_id, None)
    await done(chain, "a2", one)
    await done(chain, "x", one, kind="check_in")
    third = await done(chain, "a3", one)
    assert third["tier"] == {"ladder": "card", "before": "base", "after": "top"}
    assert third["tiers"][0]["reason"] == "upgrade"
    (decision,) = await rows(chain, "decision")
    assert (decision["cause"], str(decision["cause_id"])) == ("activity", third["id"])
    assert json.loads(decision["facts"]) == {"activities:class/lifetime": 3}
    assert (await chain.http.get(f"/v1/activities/{third['id']}")).json() == third


async def test_the_mean_of_the_numbers_is_exact(chain: Chain) -> None:
    await rules(chain, RATED)
    one = await member(chain)
    for number, value in enumerate(["4.4999", 4.5]):
        made = await done(chain, f"r{number}", one, kind="review", value=value)
        assert made["tier"]["after"] == "base"
    assert (await done(chain, "r2", one, kind="review"))["tier"]["after"] == "base"  # no number: no part of the mean
    assert (await done(chain, "r3", one, kind="review", value=4.5001))["tier"]["after"] == "top"


async def test_measures_are_the_sums_of_what_was_done(chain: Chain) -> None:
    await rules(chain, CLASSES)
    one = await member(chain)
    await done(chain, "1", one, kind="review", value="-1.25", occurred_at="2026-01-31T23:59:59+08:00")
    await done(chain, "2", one, kind="review", value=5, occurred_at="2026-01-01T00:00:00+08:00")
    await done(chain, "3", one, occurred_at="2026-01-31T00:00:00+08:00")
    days = [(r["measure"], r["day"].day, r["total"], r["facts"], r["valued"]) for r in await rows(chain, "measure_day")]
    months = [(r["measure"], r["total"], r["facts"], r["valued"]) for r in await rows(chain, "measure_month")]
    assert sorted((m, float(t), f, v) for m, t, f, v in months) == [
        ("activity", 3.75, 3, 2),
        ("activity:class", 0, 1, 0),
        ("activity:review", 3.75, 2, 2),
    ]
    assert sorted((m, d, float(t), f, v) for m, d, t, f, v in days) == [
        ("activity", 1, 5, 1, 1),
        ("activity", 31, -1.25, 2, 1),
        ("activity:class", 31, 0, 1, 0),
        ("activity:review", 1, 5, 1, 1),
        ("activity:review", 31, -1.25, 1, 1),
    ]


async def test_by_phone_card_or_id_one_of_them(chain: Chain) -> None:
    one = await member(chain, phone="13800000001", card_no="C1")
    for number, who in enumerate(({"phone": "138 0000 0001"}, {"card_no": "C1"})):
        assert (await done(chain, str(number), None, **who))["member_id"] == one
    both = await did(chain, "x", one, card_no="C1")
    assert [e["code"] for e in both.json()["errors"]] == ["one-of-identifiers"]
    nobody = await did(chain, "x", None)
    assert [e["code"] for e in nobody.json()["errors"]] == ["identifier-missing"]
    assert (await did(chain, "x", None, card_no="nope")).json()["type"] == "/problems/unknown-member"


async def test_only_declared_kinds(chain: Chain) -> None:
    one = await member(chain)
    await done(chain, "0", one, kind="anything_at_all")  # the general template declares none
    await rules(chain, CLASSES)
    refused = await did(chain, "1", one, kind="clas")
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/kind", "undeclared-activity-kind")
    assert "class, review, check_in, glucose_check" in error["message"]
    again = await did(chain, "0", one, kind="anything_at_all")
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (4, "4"),
        (0, "0"),
        (-0.0, "0"),
        (36.6, "36.6"),
        (0.1, "0.1"),
        ("120.5000000", "120.5"),
        ("+7", "7"),
        (9999999999.9999, "9999999999.9999"),
        ("-9999999999.9999", "-9999999999.9999"),
        (None, None),
    ],
)
async def test_numbers_are_kept_as_they_were_sent(sent: Any, kept: str | None, chain: Chain) -> None:
    assert (await done(chain, "1", await member(chain), value=sent))["value"] == kept


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("1.23456", "too-many-decimals"),
        ("1.00000000000000000001", "too-many-decimals"),
        ('"1.00001"', "too-many-decimals"),
        ("1e-99999999999999999999", "too-many-decimals"),
        ("10000000000", "out-of-range"),
        ("1e300", "out-of-range"),
        ('"1e3"', "invalid-number"),
        ('"NaN"', "invalid-number"),
        ('"１２"', "invalid-number"),
        ('""', "invalid-number"),
        ("true", "wrong-type"),
        ("[1]", "wrong-type"),
    ],
)
async def test_other_numbers_are_refused(sent: str, code: str, chain: Chain) -> None:
    one = await member(chain)
    body = f'{{"member_id": "{one}", "kind": "class", "external_id": "1", "value": {sent}}}'
    answer = await chain.http.post("/v1/activities", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/value", code)]
    assert await rows(chain, "activity") == []


@pytest.mark.parametrize("data", ["120/80", {"systolic": 120, "diastolic": 80, "arm": "左", "rest": True, "t": 36.6}])
async def test_fields_come_back_as_they_were_sent(data: Any, chain: Chain) -> None:
    made = await done(chain, "1", await member(chain), data=data)
    assert made["data"] == data
    assert (await chain.http.get(f"/v1/activities/{made['id']}")).json()["data"] == data


@pytest.mark.parametrize(
    ("data", "pointer", "code"),
    [
        ({"a": {"b": 1}}, "/data/a", "wrong-type"),
        ({"a": None}, "/data/a", "wrong-type"),
        ({"a": "x" * 501}, "/data/a", "too-long"),
        ({"a" * 65: 1}, "/data/" + "a" * 65, "too-long"),
        ({f"f{n}": n for n in range(33)}, "/data", "too-many"),
        ({"a/b": 10**16}, "/data/a~1b", "out-of-range"),
        ({}, "/data", "too-few"),
        ([1], "/data", "wrong-type"),
        (7, "/data", "wrong-type"),
        ("", "/data", "blank"),
        ("a\nb", "/data", "control-character"),
        ({"a": "nul\0"}, "/data/a", "control-character"),
    ],
)
async def test_fields_are_bounded(data: Any, pointer: str, code: str, chain: Chain) -> None:
    answer = await did(chain, "1", await member(chain), data=data)
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


async def test_not_more_than_a_day_ahead(chain: Chain) -> None:
    refused = await did(chain, "1", await member(chain), occurred_at="2199-01-01T00:00:00Z")
    assert [e["code"] for e in refused.json()["errors"]] == ["occurred-too-far-ahead"]


async def test_branches_of_the_key(chain: Chain) -> None:
    one = await member(chain)
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    bound = await key(chain, "purchases:write", branch_ids=[other])

    async def post(**more: Any) -> tuple[int, Any]:
        body = {"member_id": one, "kind": "class", "external_id": "1", **more}
        answer = await chain.http.post("/v1/activities", json=body, headers=bound)
        return answer.status_code, answer.json().get("type")

    assert await post() == (422, "/problems/validation-failed")
    assert await post(branch_id=chain.branch_id) == (403, "/problems/not-permitted")
    assert (await post(branch_id=other))[0] == 201
    await chain.http.patch(f"/v1/branches/{other}", json={"closed": True})
    assert (await post(branch_id=other))[0] == 200  # it never heard the answer, perhaps
    assert await post(branch_id=other, external_id="2") == (422, "/problems/branch-closed")


async def test_pages_of_a_members_activities(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    for number in range(5):
        await done(chain, str(number), one, kind="class" if number % 2 else "review")
    await done(chain, "other", other)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await chain.http.get(f"/v1/members/{one}/activities?limit=2{cursor}")).json()
        seen += [activity["external_id"] for activity in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["4", "3", "2", "1", "0"]
    classes = (await chain.http.get(f"/v1/members/{one}/activities?kind=class")).json()["data"]
    assert [activity["external_id"] for activity in classes] == ["3", "1"]


async def test_who_has_left_does_nothing_any_more(chain: Chain) -> None:
    one = await member(chain)
    first = await done(chain, "1", one)
    left = await chain.http.delete(f"/v1/members/{one}")
    assert left.is_success, left.text
    refused = await did(chain, "2", one)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/member-closed")
    again = await did(chain, "1", one)
    assert (again.status_code, again.json()) == (200, first)
