"""Member files with tags, attributes, kinds, eligibility, households; and records that were merged meanwhile."""

import json
from typing import Any

from support.programme import change_programme

NAMES = {"zh-CN": "名", "en": "Name"}
ATTRIBUTES = [
    {"code": "size", "names": NAMES, "type": "number"},
    {"code": "note", "names": NAMES, "type": "text"},
    {"code": "seen", "names": NAMES, "type": "date"},
    {"code": "smokes", "names": NAMES, "type": "boolean"},
    {
        "code": "colour",
        "names": NAMES,
        "type": "choice",
        "choices": [{"code": "red", "names": {"zh-CN": "红", "en": "Red"}}],
    },
]


async def people(imports: Any, query: str = "") -> list[dict[str, Any]]:
    found = (await imports.http.get(f"/v1/members?{query}")).json()["data"]
    return sorted(found, key=lambda m: m["external_id"] or m["name"] or "")


def counts(made: dict[str, Any]) -> tuple[int, int, int, int]:
    return made["imported"], made["updated"], made["unchanged"], made["failed"]


async def test_tags_and_attributes_come_and_go_twice_the_same(imports: Any) -> None:
    await change_programme(imports.chain, attributes=ATTRIBUTES)
    file = (
        "external_id,name,kind,tags,size,note,seen,smokes,colour\n"
        "a,Ann,个人,VIP；常客|new,42.50,dry,2020/1/2,是,红\n"
        "b,Bob GmbH,company,,,,,,\n"
    )
    assert counts(await imports.run(file, "members")) == (2, 0, 0, 0)
    assert counts(await imports.run(file, "members")) == (0, 0, 2, 0)
    ann, bob = await people(imports)
    assert (ann["tags"], ann["kind"], bob["kind"]) == (["VIP", "new", "常客"], "person", "company")
    values = {"size": 42.5, "note": "dry", "seen": "2020-01-02", "smokes": True, "colour": "red"}
    assert (ann["attributes"], bob["attributes"]) == (values, {})
    changed = "external_id,tags,size\na,VIP,43\na,,44\nb,VIP,\n"
    assert counts(await imports.run(changed, "members")) == (0, 3, 0, 0)
    ann, bob = await people(imports)
    assert (ann["tags"], ann["attributes"]["size"], ann["attributes"]["note"]) == (["VIP"], 44, "dry")
    assert [m["external_id"] for m in await people(imports, "tag=VIP")] == ["a", "b"]


async def test_json_says_lists_and_truths_in_its_own_way(imports: Any) -> None:
    await change_programme(imports.chain, attributes=ATTRIBUTES)
    row = {"external_id": "a", "tags": ["VIP", "x"], "smokes": False, "size": 41.5}
    assert counts(await imports.run(json.dumps(row) + "\n", "members", filename="m.ndjson")) == (1, 0, 0, 0)
    (ann,) = await people(imports)
    assert (ann["tags"], ann["attributes"]) == (["VIP", "x"], {"size": 41.5, "smokes": False})


async def test_what_does_not_fit_is_named(imports: Any) -> None:
    await change_programme(imports.chain, attributes=ATTRIBUTES)
    file = (
        "external_id,kind,tags,size,seen,smokes,colour,height\n"
        f"a,robot,{'x' * 65},x,2021-02-29,perhaps,green,ignored\n"
        "b,,,,,,,\n"
    )
    made = await imports.run(file, "members")
    assert counts(made) == (1, 0, 0, 1)
    assert await imports.codes(made["id"]) == [
        (2, "colour", "not-allowed"),
        (2, "kind", "not-allowed"),
        (2, "seen", "invalid-date"),
        (2, "size", "invalid-number"),
        (2, "smokes", "not-allowed"),
        (2, "tags", "too-long"),
    ]
    mapped = await imports.run("编号,尺码\nc,40\n", "members", mapping={"编号": "external_id", "尺码": "size"})
    assert counts(mapped) == (1, 0, 0, 0)
    refused = await imports.send("编号,x\nc,40\n", "members", mapping={"编号": "external_id", "x": "height"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/import-options-invalid")
    assert refused.json()["errors"][0]["pointer"] == "/options/mapping/x"


async def test_who_may_not_join_is_a_bad_row(imports: Any) -> None:
    await change_programme(imports.chain, eligibility={"min_age": 18, "kinds": ["person"]})
    file = "external_id,birthday,kind\na,1990-01-01,\nb,,\nc,2025-01-01,\nd,1990-01-01,company\n"
    made = await imports.run(file, "members")
    assert counts(made) == (1, 0, 0, 3)
    assert await imports.codes(made["id"]) == [
        (3, "birthday", "birthday-needed"),
        (4, "birthday", "too-young"),
        (5, "kind", "kind-not-eligible"),
    ]
    young = await imports.run("external_id,birthday\na,2024-01-01\n", "members")
    assert (counts(young), (await imports.codes(young["id"]))[0][2]) == ((0, 0, 0, 1), "too-young")
    bought = await imports.run(
        "external_id,member,occurred_at,amount\nt1,new-one,2025-01-01,1\nt2,a,2025-01-01,1\n",
        "purchases",
        create_missing=True,
    )
    assert counts(bought) == (1, 0, 0, 1)
    assert await imports.codes(bought["id"]) == [(2, "member", "birthday-needed")]


async def test_a_household_shares_its_phone_where_it_may(imports: Any) -> None:
    file = "external_id,phone,name\na,13800138000,Ann\nb,13800138000,Bob\nc,13900139000,Cat\n"
    alone = await imports.run(file, "members")
    assert (counts(alone), await imports.codes(alone["id"])) == ((2, 0, 0, 1), [(3, "phone", "phone-taken")])
    await imports.http.patch("/v1/tenant", json={"shared_phones": True})
    assert counts(await imports.run(file, "members")) == (1, 0, 2, 0)
    assert counts(await imports.run(file, "members")) == (0, 0, 3, 0)
    assert [m["name"] for m in await people(imports, "phone=13800138000")] == ["Ann", "Bob"]
    sold = "external_id,member,occurred_at,amount\nt1,13800138000,2025-01-01,1\n"
    for missing in (False, True):
        bought = await imports.run(sold, "purchases", create_missing=missing)
        assert await imports.codes(bought["id"]) == [(2, "member", "phone-shared")]
    named = "phone,name,gender\n13800138000,Bob,M\n13800138000,,F\n"
    made = await imports.run(named, "members")
    assert (counts(made), await imports.codes(made["id"])) == (
        (0, 1, 0, 1),
        [(3, "phone", "phone-shared")],
    )
    moved = await imports.run("external_id,phone\nb,13900139000\nc,13700137000\n", "members")
    assert counts(moved) == (0, 2, 0, 0)
    for phone, names in (("13800138000", ["Ann"]), ("13900139000", ["Bob"]), ("13700137000", ["Cat"])):
        assert [m["name"] for m in await people(imports, f"phone={phone}")] == names
    assert await imports.query("SELECT 1 FROM household_member WHERE tenant_id = $1") == []


async def test_a_family_in_one_file_is_not_one_person(imports: Any) -> None:
    """Where phones may be shared, a row of another card or name is not the one member who has the phone so far."""
    await imports.http.patch("/v1/tenant", json={"shared_phones": True})
    file = "phone,card_no,name\n13800138000,C1,Ann\n13800138000,C2,Bob\n13900139000,,Cat\n13900139000,,Dan\n"
    assert counts(await imports.run(file, "members")) == (4, 0, 0, 0)
    assert counts(await imports.run(file, "members")) == (0, 0, 4, 0)
    assert [m["name"] for m in await people(imports)] == ["Ann", "Bob", "Cat", "Dan"]
    more = "phone,card_no,name,gender\n13700137000,,Eve,\n13700137000,C5,Eve,F\n13700137000,,,M\n"
    assert counts(await imports.run(more, "members")) == (1, 2, 0, 0)
    assert [(m["card_no"], m["gender"]) for m in await people(imports, "phone=13700137000")] == [("C5", "male")]
    moved = "phone,card_no,name\n13900139000,C2,Bob\n13900139000,,Ann\n"  # Bob by his card; another Ann
    assert counts(await imports.run(moved, "members")) == (1, 1, 0, 0)
    assert [m["name"] for m in await people(imports, "phone=13900139000")] == ["Ann", "Bob", "Cat", "Dan"]
    assert [m["name"] for m in await people(imports, "phone=13800138000")] == ["Ann"]
    known = "external_id,phone,name\ncat,13900139000,Cat\nfay,13900139000,Fay\n"
    assert counts(await imports.run(known, "members")) == (1, 1, 0, 0)
    assert counts(await imports.run(known, "members")) == (0, 0, 2, 0)


async def test_an_old_file_finds_the_survivor(imports: Any) -> None:
    file = "external_id,phone,card_no,name\na,13800138000,C1,Ann\nb,13900139000,C2,Ann\n"
    await imports.run(file, "members")
    ann, other = await people(imports)
    merged = await imports.http.post(f"/v1/members/{ann['id']}/merge", json={"other_id": other["id"]})
    assert merged.status_code == 200, merged.text
    assert counts(await imports.run(file, "members")) == (0, 0, 2, 0)
    (one,) = await people(imports)
    assert (one["external_id"], one["phone"], one["card_no"]) == ("a", "+8613800138000", "C2")
    sold = "external_id,member,occurred_at,amount\nt1,b,2025-01-01,1\nt2,13900139000,2025-01-01,1\nt3,C2,2025-01-01,1\n"
    assert counts(await imports.run(sold, "purchases")) == (3, 0, 0, 0)
    totals = await imports.query("SELECT member_id::text, purchases FROM member_total WHERE tenant_id = $1")
    assert totals == [{"member_id": one["id"], "purchases": 3}]


async def test_joining_days_and_phones_change_as_facts(imports: Any) -> None:
    await imports.run("external_id,phone,joined_on\na,13800138000,2024-01-02\n", "members")
    await imports.run("external_id,phone,joined_on\na,13900139000,2023-01-02\n", "members")
    (one,) = await people(imports)
    changes = (await imports.http.get(f"/v1/members/{one['id']}/changes")).json()["data"]
    assert {c["field"]: (c["before"], c["after"]) for c in changes} == {
        "joined_on": ("2024-01-02", "2023-01-02"),
        "phone": ("+8613800138000", "+8613900139000"),
    }


async def test_who_comes_back_is_told_apart(imports: Any) -> None:
    file = "external_id,phone\na,13800138000\nb,13900139000\nc,13700137000\n"
    await imports.run(file, "members")
    ann, bob, _ = await people(imports)
    await imports.http.delete(f"/v1/members/{ann['id']}")
    await imports.http.post(f"/v1/members/{bob['id']}/erase", json={})
    await imports.run(file, "members")
    assert [m["returning"] for m in await people(imports)] == [True, True, False]
