"""What a merged person's lists show: the facts of all its records, page by page, whichever id is asked."""

from typing import Any

from support.till import bought, drift, member

LISTS = ("purchases", "decisions", "activities", "referrals", "consents", "changes")


async def united(chain: Any, survivor: str, other: str) -> None:
    answer = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    assert answer.status_code == 200, answer.text


async def paged(chain: Any, member_id: str, name: str, *, then: Any = None) -> list[dict[str, Any]]:
    """A list in pages of 2; `then` runs after the first one."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await chain.http.get(f"/v1/members/{member_id}/{name}?limit=2{cursor}")
        assert page.status_code == 200, page.text
        found += page.json()["data"]
        if page.json()["next_cursor"] is None:
            return found
        cursor = f"&cursor={page.json()['next_cursor']}"
        if then is not None:
            await then()
            then = None


async def person(chain: Any, n: int) -> str:
    """A record with some of everything."""
    one = await member(chain, consents={"sms": True, "push": n == 1})
    for k in range(3):
        await bought(chain, f"{n}-{k}", 60_000 + n, member_id=one)
        done = {"member_id": one, "kind": "check_in", "external_id": f"{n}-{k}"}
        assert (await chain.http.post("/v1/activities", json=done)).status_code == 201
        friend = await member(chain, name=f"friend {n}{k}", referrer_id=one)
        await bought(chain, f"f{n}-{k}", 100, member_id=friend)
        await chain.http.patch(f"/v1/members/{one}", json={"phone": f"138001{n}{k}000"})
    return one


async def test_every_list_has_the_facts_of_all_records(chain: Any, drain: Any) -> None:
    ids = [await person(chain, n) for n in range(4)]
    await drain(chain.tenant_id)
    before = {name: [row for one in ids for row in await paged(chain, one, name)] for name in LISTS}
    await united(chain, ids[2], ids[3])
    await united(chain, ids[1], ids[0])
    await united(chain, ids[1], ids[2])
    await drain(chain.tenant_id)
    for name in LISTS:
        key = "member_id" if name == "referrals" else "id"
        expected = sorted((row[key] for row in before[name]), reverse=True)
        for one in ids:
            found = [row[key] for row in await paged(chain, one, name)]
            assert found == sorted(found, reverse=True)
            added = set(found) - set(expected)
            assert set(expected) <= set(found), name
            assert not added or name in {"decisions", "consents"}, name
    counted = await paged(chain, ids[0], "referrals")
    assert [row["counted_on"] is not None for row in counted] == [True] * 12
    assert await drift(chain) == []


async def test_a_page_goes_on_after_a_merge(chain: Any) -> None:
    """Whoever pages while the records become one sees each fact once, those of the other from where it has come to."""
    one, two = await person(chain, 1), await person(chain, 2)
    own = [row["id"] for row in await paged(chain, one, "purchases")]
    others = [row["id"] for row in await paged(chain, two, "purchases")]
    seen = [row["id"] for row in await paged(chain, one, "purchases", then=lambda: united(chain, one, two))]
    assert len(seen) == len(set(seen))
    assert set(own) <= set(seen) <= {*own, *others}
    assert seen == sorted(seen, reverse=True)
