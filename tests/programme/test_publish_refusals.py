"""What an owner gets wrong in a document: each fault at its place, in both languages, and nothing is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from support.chains import Chain
from support.till import rows
from test_publish import LIFETIME, Json, current, put


def at(path: str, value: Any) -> Callable[[Json], None]:
    """Puts a value at a path of the document; `...` takes away what is there."""

    def change(document: Json) -> None:
        found: Any = document
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in way:
            found = found[step]
        if value is ...:
            del found[last]
        else:
            found[last] = value

    return change


def nested(depth: int) -> Json:
    leaf: Json = {"metric": "spend", "window": LIFETIME, "gte": 1}
    for _ in range(depth):
        leaf = {"any": [leaf]}
    return leaf


QUALIFY = "ladders/0/tiers/1/qualify"
METRICS = (
    "spend, purchases, max_purchase, activities, rating, referrals, top_ups, max_top_up, points_earned, tenure_days,"
    " days_since_purchase, branches, score"
)


def asks_for_a_kind(document: Json) -> None:
    """Of activities that the programme doesn't list."""
    at("activity_kinds", ["class"])(document)
    at("health_kinds", [])(document)
    at(QUALIFY, {"metric": "activities", "kind": "clas", "window": LIFETIME, "gte": 1})(document)


REFUSED: list[tuple[Callable[[Json], None], str, str, str, str]] = [
    (at("colour", "red"), "/colour", "unknown-field", "未知字段", "unknown field"),
    (at("ladders/0/policy/speed", 1), "/ladders/0/policy/speed", "unknown-field", "未知字段", "unknown field"),
    (at("ladders", ...), "/ladders", "required", "必填", "required"),
    (at("ladders", []), "/ladders", "too-few", "至少 1 项", "has too few items: the minimum is 1"),
    (at("ladders", {}), "/ladders", "list-expected", "此处应为数组", "an array is expected here"),
    (at("ladders/0/names/en", ...), "/ladders/0/names/en", "required", "必填", "required"),
    (at("ladders/0/names/en", "a\x00"), "/ladders/0/names/en", "wrong-format", "格式不正确", "wrong format"),
    (at(QUALIFY, {"any": []}), f"/{QUALIFY}/any", "empty-group", "any 不能为空", "any must not be empty"),
    (at(QUALIFY, {"all": []}), f"/{QUALIFY}/all", "empty-group", "all 不能为空", "all must not be empty"),
    (
        at(QUALIFY, {"metric": "karma", "gte": 1}),
        f"/{QUALIFY}/metric",
        "unknown-metric",
        f"未知指标，可用：{METRICS}",
        f"unknown metric; known are {METRICS}",
    ),
    (
        at(QUALIFY, {"metric": "spend", "window": {"type": "fortnight"}, "gte": 1}),
        f"/{QUALIFY}/window/type",
        "unknown-window",
        "未知统计窗口，可用：",
        "unknown window; known are ",
    ),
    (at(QUALIFY, {"metric": "spend", "gte": 1}), f"/{QUALIFY}/window", "required", "必填", "required"),
    (
        at(QUALIFY, {"metric": "spend", "window": LIFETIME}),
        QUALIFY.join(("/", "")),
        "bound-missing",
        "须有 gte 或 lt",
        "needs gte or lt",
    ),
    (
        at(QUALIFY, {"metric": "spend", "window": LIFETIME, "gte": 5, "lt": 5}),
        f"/{QUALIFY}/lt",
        "bounds-crossed",
        "lt（5）必须大于 gte（5）",
        "lt (5) must be above gte (5)",
    ),
    (
        at(QUALIFY, {"metric": "spend", "window": LIFETIME, "gte": -1}),
        f"/{QUALIFY}/gte",
        "too-small",
        "不能小于 0",
        "must be at least 0",
    ),
    (
        at(QUALIFY, {"metric": "spend", "window": LIFETIME, "gte": 1.5}),
        f"/{QUALIFY}/gte",
        "wrong-type",
        "类型错误，应为整数",
        "wrong type, must be an integer",
    ),
    (
        at(QUALIFY, {"metric": "rating", "window": LIFETIME, "gte": "4.55555"}),
        f"/{QUALIFY}/gte",
        "decimal-string",
        "须为数字文本",
        "must be a number as a string",
    ),
    (
        at(QUALIFY, {"metric": "score", "weights": [], "gte": 1}),
        f"/{QUALIFY}/weights",
        "too-few",
        "至少 1 项",
        "has too few items: the minimum is 1",
    ),
    (
        at(QUALIFY, {"metric": "score", "weights": [{"metric": "rating"}], "gte": 1}),
        f"/{QUALIFY}/weights/0/metric",
        "unknown-metric",
        "未知指标，可用：spend",
        "unknown metric; known are spend",
    ),
    (
        asks_for_a_kind,
        f"/{QUALIFY}/kind",
        "unknown-kind",
        "未知行为类型，可用：class",
        "unknown kind of activity; known are class",
    ),
    (
        at(QUALIFY, nested(7)),
        f"/{QUALIFY}" + "/any/0" * 6,
        "too-deep",
        "条件最多嵌套 6 层",
        "conditions nest at most 6 deep",
    ),
    (
        at(QUALIFY, {"any": [nested(0)] * 65}),
        f"/{QUALIFY}",
        "too-many-leaves",
        "最多 64 个条件，这里有 65 个",
        "at most 64 conditions; here are 65",
    ),
    (
        at(QUALIFY, "spend > 5"),
        f"/{QUALIFY}",
        "condition-shape",
        "条件须为含 metric、any、all 或 not 的对象",
        "a condition is an object with metric, any, all or not",
    ),
    (
        at(QUALIFY, None),
        f"/{QUALIFY}",
        "qualify-missing",
        "基础等级以上的等级须有 qualify 条件",
        "a tier above the base",
    ),
    (
        at("ladders/0/tiers/0/qualify", nested(0)),
        "/ladders/0/tiers/0/qualify",
        "base-condition",
        "基础等级不能有条件",
        "the base tier has no condition",
    ),
    (
        at("ladders/0/tiers/2/rank", 5),
        "/ladders/0/tiers/2/rank",
        "rank-order",
        "等级须按 rank 从 0 起连续排列，此处应为 2",
        "ranks run from 0 without a gap; here 2 is expected",
    ),
    (at("ladders/0/tiers/2/code", "silver"), "/ladders/0/tiers/2/code", "duplicate", "重复", "duplicate"),
    (
        at("ladders/0/policy/schedule", {"type": "hourly"}),
        "/ladders/0/policy/schedule/type",
        "unknown-schedule",
        "未知定级周期，可用：daily, monthly, quarterly, yearly",
        "unknown schedule; known are daily, monthly, quarterly, yearly",
    ),
    (
        at("ladders/0/policy/schedule", {"type": "yearly", "month": 2, "day": 30}),
        "/ladders/0/policy/schedule/day",
        "no-such-day",
        "没有这一天：02-30",
        "there is no day 02-30",
    ),
    (
        at("points/per_unit", 1.5),
        "/points/per_unit",
        "decimal-string",
        "须为数字文本",
        "must be a number as a string",
    ),
    (at("currency", "XXY"), "/currency", "unknown-currency", "未知货币：XXY", "XXY is not a currency of ISO 4217"),
]


@pytest.mark.parametrize(
    ("change", "pointer", "code", "chinese", "english"), REFUSED, ids=lambda v: getattr(v, "__name__", str(v))[:50]
)
async def test_a_fault_is_named_at_its_place(
    change: Callable[[Json], None], pointer: str, code: str, chinese: str, english: str, chain: Chain
) -> None:
    document = await current(chain)
    change(document)
    for language, message in (("zh-CN", chinese), ("en", english)):
        answer = await put(chain, document, **{"Accept-Language": language})
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "/problems/programme-invalid"), answer.text
        faults = {(error["pointer"], error["code"]): error["message"] for error in problem["errors"]}
        assert faults[pointer, code].startswith(message), faults
    assert await rows(chain, "programme_draft") == []


async def test_every_fault_at_once(chain: Chain) -> None:
    document = await current(chain)
    for change, *_ in REFUSED[:2]:
        change(document)
    document["ladders"][0]["tiers"][3]["qualify"] = {"any": []}
    problem = (await put(chain, document)).json()
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/colour", "/ladders/0/policy/speed", "/ladders/0/tiers/3/qualify/any"}
    assert problem["detail"] == "Errors found in the programme: 3."


async def test_another_currency_is_refused(chain: Chain) -> None:
    answer = await put(chain, {**await current(chain), "currency": "EUR"}, **{"Accept-Language": "zh-CN"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "会员体系的货币须与连锁的货币一致：CNY。")


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b"{"])
async def test_what_is_no_document_at_all(content: bytes, chain: Chain) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await chain.http.put("/v1/programme/draft", content=content, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert await rows(chain, "programme_draft") == []


async def test_branches_that_take_part_are_there(chain: Chain) -> None:
    """None yet by the codes at the places 0 and 2."""
    document = await current(chain)
    mine = (await chain.http.get("/v1/branches")).json()["data"][0]["code"]
    document["stacking"]["branches"] = ["nowhere", mine, "new"]
    answer = await put(chain, document)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/programme-invalid")
    places = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert places == [("/stacking/branches/0", "unknown-branch"), ("/stacking/branches/2", "unknown-branch")]
    for code in ("nowhere", "new"):
        made = await chain.http.post("/v1/branches", json={"code": code, "name": code, "kind": "own"})
        assert made.status_code == 201
    assert (await put(chain, document)).status_code == 200
    document["stacking"]["branches"] = []
    assert (await put(chain, document)).status_code == 200
