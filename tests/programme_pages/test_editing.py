"""The draft's editor: every change is kept at once, whatever was typed, and what is wrong is said beside it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from editing import Editor, draft_of, editor, form_of, texts
from support.pharmacy import CLASS_C

NUMBERS = "/programme/ladders/class/numbers"
THRESHOLD = "n/tiers/1/qualify/gte"


@pytest.fixture(scope="module")
async def pharmacy(new_chain: Any) -> Any:
    return await new_chain(template="pharmacy")


@pytest.fixture(scope="module")
async def logged_in_owner(app: Any, pharmacy: Any) -> AsyncIterator[Editor]:
    async with editor(app, pharmacy) as found:
        yield found


@pytest.fixture
async def owner(logged_in_owner: Editor) -> Editor:
    """With the rules in force as they were at sign-up, and no draft."""
    await logged_in_owner.drop()
    return logged_in_owner


async def tier(chain: Any, ladder: int, rank: int) -> dict[str, Any]:
    found: dict[str, Any] = (await draft_of(chain))["ladders"][ladder]["tiers"][rank]
    return found


async def test_a_threshold_is_changed_where_it_stands(owner: Editor, pharmacy: Any) -> None:
    answer = await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "600"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/programme/tiers?done=saved")
    assert (await tier(pharmacy, 0, 1))["qualify"]["gte"] == 60_000
    page = await owner.page("/programme/tiers")
    assert 'value="600"' in page
    assert (await pharmacy.http.get("/v1/programme")).json()["ladders"][0]["tiers"][1]["qualify"]["gte"] == 50_000


async def test_a_change_back_is_no_change(owner: Editor) -> None:
    await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "600"})
    assert "becomes ¥600.00" in texts(await owner.page("/programme/publish"))
    await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: "500.00"})
    assert "The draft says the same as the rules in force" in await owner.page("/programme/tiers")


async def test_a_number_of_another_tab_goes_to_no_other_tier(owner: Editor, pharmacy: Any) -> None:
    stale, _ = form_of(await owner.page("/programme/tiers"), NUMBERS)
    await owner.fill(CLASS_C, None, **{"qualify.0.metric": "purchases", "qualify.0.gte": "12"})
    answer = await owner.send(NUMBERS, **{**stale, THRESHOLD: "600"})
    assert answer.status_code == 409
    assert (await tier(pharmacy, 0, 1))["qualify"]["gte"] == 12  # not 600 visits
    fresh, _ = form_of(answer.text, NUMBERS)
    await owner.send(f"{CLASS_C}/move", seen=fresh["seen"], act="up")
    assert (await owner.send(NUMBERS, **{**fresh, THRESHOLD: "15"})).status_code == 409
    assert (await tier(pharmacy, 0, 2))["qualify"]["gte"] == 12


@pytest.mark.parametrize("wrong", ["abc", "-5", "5.001", "", "9" * 30, "<b>", "１２三"])
async def test_what_is_no_amount_is_kept_and_said(owner: Editor, pharmacy: Any, wrong: str) -> None:
    answer = await owner.fill("/programme/tiers", NUMBERS, **{THRESHOLD: wrong})
    assert answer.status_code == 303
    page = await owner.page("/programme/tiers")
    assert "1 place has to be mended" in page
    assert "What reaches it is not complete yet." in page
    form = await owner.page(CLASS_C)
    assert 'aria-invalid="true"' in form
    kept = (await tier(pharmacy, 0, 1))["qualify"]["gte"]
    assert kept == (-500 if wrong == "-5" else wrong)
    assert "<b>" not in form
    assert (await pharmacy.http.post("/v1/programme/draft/publish", json={})).status_code == 422
    mended = await owner.fill(CLASS_C, None, **{"qualify.0.gte": "700"})
    assert mended.status_code == 303
    assert (await tier(pharmacy, 0, 1))["qualify"]["gte"] == 70_000


async def test_a_condition_is_put_together(owner: Editor, pharmacy: Any) -> None:
    await owner.fill(CLASS_C, None, act="add:qualify")
    await owner.fill(CLASS_C, None, **{"qualify.join": "any", "qualify.1.metric": "activities"})
    page = await owner.page(CLASS_C)
    assert "Say how much" in page
    assert "blood pressure check" in page
    fields = {"qualify.1.detail": "pressure_check", "qualify.1.window": "rolling_days", "qualify.1.gte": "4"}
    await owner.fill(CLASS_C, None, **fields)
    checked = {
        "metric": "activities",
        "window": {"type": "rolling_days", "days": 30},
        "kind": "pressure_check",
        "gte": 4,
    }
    spend = {"metric": "spend", "window": {"type": "calendar_month", "offset": 0}, "gte": 50_000}
    assert (await tier(pharmacy, 0, 1))["qualify"] == {"any": [spend, checked]}
    await owner.fill(CLASS_C, None, act="group:qualify")
    await owner.fill(CLASS_C, None, **{"qualify.2.0.metric": "score", "qualify.2.0.gte": "800", "qualify.2.0.not": "1"})
    await owner.fill(CLASS_C, None, **{"qualify.2.0.w.0.per": "10", "qualify.2.0.w.0.points": "2"})
    score = {
        "metric": "score",
        "gte": 800,
        "weights": [{"metric": "spend", "window": {"type": "lifetime"}, "per": 1000, "points": 2}],
    }
    assert (await tier(pharmacy, 0, 1))["qualify"] == {"any": [spend, checked, {"all": [{"not": score}]}]}
    await owner.fill(CLASS_C, None, act="remove:qualify.2")
    await owner.fill(CLASS_C, None, act="remove:qualify.1")
    assert (await tier(pharmacy, 0, 1))["qualify"] == spend


async def test_keeping_may_ask_for_something_else(owner: Editor, pharmacy: Any) -> None:
    await owner.fill(CLASS_C, None, act="start:retain")
    await owner.fill(CLASS_C, None, **{"retain.0.metric": "purchases", "retain.0.gte": "2"})
    assert (await tier(pharmacy, 0, 1))["retain"] == {
        "metric": "purchases",
        "window": {"type": "lifetime"},
        "gte": 2,
    }
    assert "Kept by" in await owner.page("/programme/tiers")
    await owner.fill(CLASS_C, None, act="end:retain")
    assert (await tier(pharmacy, 0, 1))["retain"] is None


async def test_two_people_edit_different_parts(app: Any, owner: Editor, pharmacy: Any) -> None:
    first, second = await owner.page(CLASS_C), await owner.page("/programme/ladders/card/tiers/advanced")
    assert first != second
    await owner.fill("/programme/ladders/card/tiers/advanced", None, zh="金卡")
    draft = await draft_of(pharmacy)
    draft["ladders"][1]["tiers"][1]["names"]["en"] = "Gold"
    assert (await pharmacy.http.put("/v1/programme/draft", json=draft)).status_code == 200
    answer = await owner.fill(CLASS_C, None, zh="丙类")  # another tier: nobody is hindered
    assert answer.status_code == 303


async def test_who_would_overwrite_is_told_and_keeps_the_entries(owner: Editor, pharmacy: Any) -> None:
    await owner.fill(CLASS_C, None, zh="丙类")
    fields, action = form_of(await owner.page(CLASS_C), CLASS_C)
    draft = await draft_of(pharmacy)
    draft["ladders"][0]["tiers"][1]["qualify"]["gte"] = 55_500
    assert (await pharmacy.http.put("/v1/programme/draft", json=draft)).status_code == 200
    answer = await owner.send(action, **{**fields, "qualify.0.gte": "666"})
    assert answer.status_code == 409
    assert "The draft has changed meanwhile" in answer.text
    assert 'value="666"' in answer.text
    assert (await tier(pharmacy, 0, 1))["qualify"]["gte"] == 55_500
    again, _ = form_of(answer.text, CLASS_C)
    assert (await owner.send(action, **again)).status_code == 303
    assert (await tier(pharmacy, 0, 1))["qualify"]["gte"] == 66_600


async def test_a_form_behind_its_own_saves_is_no_stranger(owner: Editor, pharmacy: Any) -> None:
    await owner.fill(CLASS_C, None, zh="丙")
    fields, action = form_of(await owner.page(CLASS_C), CLASS_C)
    for name in (
        "丙一",
        "丙二",
    ):  # the same mark twice: a change is sent while the answer to the one before is on its way
        assert (await owner.send(action, **{**fields, "zh": name})).status_code == 303
    assert (await tier(pharmacy, 0, 1))["names"]["zh-CN"] == "丙二"


async def test_a_tier_comes_moves_and_goes(owner: Editor, pharmacy: Any) -> None:
    page = "/programme/tiers"
    seen = (await owner.fill(page, NUMBERS, **{THRESHOLD: "600"})).status_code
    assert seen == 303
    added = await owner.fill(page, "/programme/ladders/class/tiers", zh="甲+", en="Class A+", above="a")
    assert added.headers["location"] == "/programme/ladders/class/tiers/class-a"
    ladder = (await draft_of(pharmacy))["ladders"][0]
    assert [(one["code"], one["rank"]) for one in ladder["tiers"]] == [
        ("d", 0), ("c", 1), ("b", 2), ("a", 3), ("class-a", 4),
    ]  # fmt: skip
    assert "Say how much" in await owner.page(added.headers["location"])
    await owner.fill(page, "/programme/ladders/class/tiers/class-a/move", act="down")
    ladder = (await draft_of(pharmacy))["ladders"][0]
    assert [one["code"] for one in ladder["tiers"]] == ["d", "c", "b", "class-a", "a"]
    await owner.fill(page, "/programme/ladders/class/tiers/c/move", act="down")
    ladder = (await draft_of(pharmacy))["ladders"][0]
    assert [one["code"] for one in ladder["tiers"]] == ["d", "c", "b", "class-a", "a"]  # the base stays the base
    gone = await owner.fill("/programme/ladders/class/tiers/class-a/drop", None, into="b")
    assert gone.status_code == 303
    ladder = (await draft_of(pharmacy))["ladders"][0]
    assert [(one["code"], one["rank"]) for one in ladder["tiers"]] == [("d", 0), ("c", 1), ("b", 2), ("a", 3)]


async def test_settings_of_a_ladder(owner: Editor, pharmacy: Any) -> None:
    path = "/programme/ladders/card"
    await owner.fill(path, path, schedule="yearly", validity="months")
    page = await owner.page(path)
    assert 'name="month"' in page
    await owner.fill(path, path, month="2", day="30", months="18", grace_days="7", max_drop="")
    assert "There is no day" in texts(await owner.page(path)) or "no day" in texts(await owner.page(path))
    await owner.fill(path, path, day="29", visibility="staff")
    ladder = (await draft_of(pharmacy))["ladders"][1]
    assert ladder["policy"]["schedule"] == {"type": "yearly", "month": 2, "day": 29}
    assert ladder["policy"]["validity"] == {"type": "months", "months": 18}
    assert (ladder["policy"]["grace_days"], ladder["policy"]["max_drop"], ladder["visibility"]) == (7, None, "staff")
    nonsense = await owner.fill(path, path, upgrade="sometimes", late_days="viele")
    assert nonsense.status_code == 303
    assert "2 places have to be mended" in await owner.page(path)


async def test_ladders_are_added_ordered_and_dropped(owner: Editor, pharmacy: Any) -> None:
    made = await owner.fill("/programme/tiers", "/programme/ladders", zh="俱乐部", en="")
    assert made.headers["location"] == "/programme/ladders/ladder"
    first = await owner.fill("/programme/ladders/ladder", "/programme/ladders/ladder/first")
    assert first.status_code == 303
    assert [one["code"] for one in (await draft_of(pharmacy))["ladders"]] == ["ladder", "class", "card"]
    full = await owner.fill("/programme/tiers", "/programme/ladders/ladder/numbers")
    assert full.status_code == 303
    assert (await owner.send("/programme/ladders", zh="x", seen="")).status_code == 404  # three are the most
    await owner.fill("/programme/ladders/ladder", "/programme/ladders/ladder/drop")
    assert [one["code"] for one in (await draft_of(pharmacy))["ladders"]] == ["class", "card"]


async def test_nothing_there(owner: Editor) -> None:
    for path in (
        "/programme/ladders/nope",
        "/programme/ladders/class/tiers/nope",
        "/programme/ladders/class/tiers/d/drop",
    ):
        assert (await owner.browser.get(path)).status_code == 404
    assert (await owner.send("/programme/ladders/class/tiers/c/drop", into="nope", seen="")).status_code == 404
    assert (await owner.send("/programme/ladders/class/tiers/c/drop", into="c", seen="")).status_code == 404
    assert (await owner.browser.post(CLASS_C, data={"zh": "x"})).status_code == 403  # without the session's token


@pytest.mark.parametrize(
    "hostile",
    [
        {},
        {"zh": "", "en": ""},
        {"zh": "x" * 5000, "en": "\0\x07"},
        {"qualify.join": "none", "qualify.bare": "1"},
        {"qualify.0.metric": "DROP TABLE", "qualify.0.window": "nonsense:9", "qualify.0.gte": "1e9"},
        {
            "qualify.0.metric": "spend",
            "qualify.0.window": "calendar_month:ago",
            "qualify.0.n": "-3",
            "qualify.0.gte": "1",
        },
        {
            "qualify.0.metric": "spend",
            "qualify.0.window": "between",
            "qualify.0.first": "2026-13-01",
            "qualify.0.gte": "1",
        },
        {"qualify.0.metric": "activities", "qualify.0.detail": "<script>", "qualify.0.gte": "1"},
        {"qualify.0.metric": "score", "qualify.0.w.0.per": "0", "qualify.0.w.0.points": "x", "qualify.0.gte": "1"},
        {"act": "remove:qualify.0"},
        {"act": "remove:nothing"},
        {"act": "::::"},
        {f"qualify.{n}.metric": "spend" for n in range(500)},
    ],
    ids=str,
)
async def test_nothing_that_is_sent_breaks_the_editor(owner: Editor, pharmacy: Any, hostile: dict[str, str]) -> None:
    before = (await pharmacy.http.get("/v1/programme")).json()
    fields, action = form_of(await owner.page(CLASS_C), CLASS_C)
    joined = {"qualify.join": "all"} if any(name.startswith("qualify.") for name in hostile) else {}
    answer = await owner.send(action, **{"seen": fields["seen"], **joined, **hostile})
    assert answer.status_code == 303, answer.text
    for path in (CLASS_C, "/programme/tiers", "/programme/publish", "/programme/try", "/programme/ladders/class"):
        page = await owner.page(path)
        assert "<script>" not in page.replace('<script src="', "")
    assert (await owner.browser.post("/programme/count", data={"_csrf": owner.token})).status_code == 200
    assert (await pharmacy.http.get("/v1/programme")).json() == before
