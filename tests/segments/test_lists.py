"""Whom a segment selects, over HTTP: previews, pages, and beside the other filters of members."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asking import TAGGED, enrol, keep, pages
from support.chains import Chain
from support.clock import set_clock

from tenants.segments import selecting

NONE = "01970000-0000-7000-8000-00000000ffff"


async def test_a_preview_counts_and_shows_the_newest(chain: Chain) -> None:
    made = [await enrol(chain, tags=["VIP"]) for _ in range(12)]
    await enrol(chain)
    gone = await enrol(chain, tags=["VIP"])
    assert (await chain.http.delete(f"/v1/members/{gone}")).status_code == 204
    answer = (await chain.http.post("/v1/segments/preview", json={"condition": TAGGED})).json()
    assert (answer["count"], answer["complete"]) == (12, True)
    assert [member["id"] for member in answer["members"]] == made[:1:-1]
    assert answer["members"][0]["tags"] == ["VIP"]
    rest = {"condition": {"not": TAGGED}}
    assert (await chain.http.post("/v1/segments/preview", json=rest)).json()["count"] == 1


@pytest.mark.parametrize(
    "path", ["/v1/segments/{id}/members?", "/v1/members?segment={code}&", "/v1/members?segment={id}&"]
)
async def test_pages_meet_everyone_once_while_others_join(
    chain: Chain, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selecting, "_FIRST_RANGE", 2)
    monkeypatch.setattr(selecting, "RANGE", 3)
    segment = await keep(chain)
    made = [await enrol(chain, tags=["VIP"] if n % 3 else []) for n in range(12)]
    wanted = [one for n, one in enumerate(made) if n % 3][::-1]
    url = path.format(**segment) + "limit=3"
    first = (await chain.http.get(url)).json()
    await enrol(chain, tags=["VIP"])
    seen, cursor = [one["id"] for one in first["data"]], first["next_cursor"]
    while cursor is not None:
        page = (await chain.http.get(f"{url}&cursor={cursor}")).json()
        seen, cursor = seen + [one["id"] for one in page["data"]], page["next_cursor"]
    assert seen == wanted
    (whole,) = await pages(chain, path.format(**segment) + "limit=200")
    assert whole[1:] == wanted


async def test_a_walk_that_takes_long_ends_with_what_it_has(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages may then be short or empty, and still lead to everyone."""
    monkeypatch.setattr(selecting, "_FIRST_RANGE", 2)
    monkeypatch.setattr(selecting, "RANGE", 2)
    ticks = iter(range(0, 10**6, 1000))
    monkeypatch.setattr(selecting, "monotonic", lambda: next(ticks))
    segment = await keep(chain)
    made = [await enrol(chain, tags=["VIP"] if n in (0, 5) else []) for n in range(6)]
    found = await pages(chain, f"/v1/segments/{segment['id']}/members?limit=5")
    assert found == [[made[5]], [], [made[0]]]
    counted = (await chain.http.post("/v1/segments/preview", json={"condition": TAGGED})).json()
    assert (counted["count"], counted["complete"]) == (1, False)


async def test_a_segment_goes_with_every_other_filter(chain: Chain) -> None:
    await keep(chain)
    ann = await enrol(chain, name="Ann", phone="13800138000", tags=["VIP", "tea"])
    bob = await enrol(chain, name="Bob", tags=["VIP"])
    cat = await enrol(chain, name="Annabel", tags=["tea"])
    for query, wanted in (
        ("", [bob, ann]),
        ("&q=ann", [ann]),
        ("&phone=13800138000", [ann]),
        ("&tag=tea", [ann]),
        ("&tier=regular", [bob, ann]),
        ("&tier=gold", []),
        ("&status=active", [bob, ann]),
        ("&status=closed", []),
        ("&tier=regular&limit=1", [bob]),
    ):
        answer = await chain.http.get(f"/v1/members?segment=regulars{query}")
        assert [member["id"] for member in answer.json()["data"]] == wanted, query
    assert await pages(chain, "/v1/members?segment=regulars&tier=regular&limit=1") == [[bob], [ann]]
    assert (await chain.http.delete(f"/v1/members/{cat}")).status_code == 204


@pytest.mark.parametrize("name", ["nobody", NONE, "' OR true --"])
async def test_an_unknown_segment_is_no_filter(chain: Chain, name: str) -> None:
    answer = await chain.http.get("/v1/members", params={"segment": name})
    assert answer.status_code == 422
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/segment", "unknown-segment")]


async def test_today_is_the_tenants_day(new_chain: Any) -> None:
    """At 16:30 UTC it is half past midnight of the next day in Shanghai."""
    chain = await new_chain()
    await set_clock(chain.tenant_id, datetime(2027, 2, 27, 15, 30, tzinfo=UTC))
    member = await enrol(chain, birthday="2000-02-28", joined_on="2027-01-01")
    today = {"condition": {"property": "birthday_in_days", "lt": 1}}
    assert (await chain.http.post("/v1/segments/preview", json=today)).json()["count"] == 0
    await set_clock(chain.tenant_id, datetime(2027, 2, 27, 16, 30, tzinfo=UTC))
    shown = (await chain.http.post("/v1/segments/preview", json=today)).json()["members"]
    assert [one["id"] for one in shown] == [member]


async def test_has_answers_for_one_member(chain: Chain) -> None:
    from saas.scope import tenant_scope
    from tenants.segments.conditions import parse_segment_condition

    inside, outside = await enrol(chain, tags=["VIP"]), await enrol(chain)
    async with tenant_scope(chain.tenant_id):
        segment = await selecting.segment_of(parse_segment_condition(TAGGED))
        assert [await segment.has(UUID(one)) for one in (inside, outside)] == [True, False]


async def test_those_whom_other_filters_find_are_asked_about_a_few_at_a_time(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenants.members import listing

    monkeypatch.setattr(listing, "_ASKED_ABOUT", 2)
    await keep(chain)
    made = [await enrol(chain, tags=["tea", *(["VIP"] if n % 4 == 0 else [])]) for n in range(11)]
    wanted = made[::4][::-1]
    assert await pages(chain, "/v1/members?segment=regulars&tag=tea&limit=200") == [wanted]
    assert await pages(chain, "/v1/members?segment=regulars&tag=tea&limit=2") == [wanted[:2], wanted[2:]]
    monkeypatch.setattr(listing, "monotonic", iter(range(0, 10**6, 6)).__next__)
    found = await pages(chain, "/v1/members?segment=regulars&tag=tea&limit=200")
    assert [one for page in found for one in page] == wanted
    assert len(found) > 1
