"""What a till gets wrong: refused with the place and in words for people, in both languages; nothing is written."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.till import member, rows, ticket

NOBODY = "01970000-0000-7000-8000-000000000000"
HUGE = 10**13

DECIMAL = (
    '须为数字文本，例如 "12.5"，最多 4 位小数',
    'must be a number as a string such as "12.5", with at most 4 decimals',
)

# what is sent (changes of a good ticket), then each fault: pointer, code, zh-CN, en
FIELDS: list[tuple[dict[str, Any], list[tuple[str, str, str, str]]]] = [
    ({"discount": 5}, [("/discount", "unknown-field", "未知字段", "unknown field")]),
    ({"amount": "100"}, [("/amount", "wrong-type", "类型错误，应为整数", "wrong type, must be an integer")]),
    ({"amount": 1.5}, [("/amount", "wrong-type", "类型错误，应为整数", "wrong type, must be an integer")]),
    ({"amount": True}, [("/amount", "wrong-type", "类型错误，应为整数", "wrong type, must be an integer")]),
    ({"amount": -1}, [("/amount", "too-small", "不能小于 0", "must be at least 0")]),
    ({"amount": HUGE + 1}, [("/amount", "too-large", f"不能大于 {HUGE}", f"must be at most {HUGE}")]),
    ({"amount": 10**30}, [("/amount", "too-large", f"不能大于 {HUGE}", f"must be at most {HUGE}")]),
    ({"amount": None}, [("/amount", "required", "必填", "required")]),
    (
        {"amount": None, "lines": [{"amount": HUGE}, {"amount": 1}]},
        [("/lines", "too-large", f"不能大于 {HUGE}", f"must be at most {HUGE}")],
    ),
    ({"branch_id": None}, [("/branch_id", "required", "必填", "required")]),
    ({"branch_id": "main"}, [("/branch_id", "invalid-uuid", "不是有效的编号", "not a valid id")]),
    ({"external_id": None}, [("/external_id", "required", "必填", "required")]),
    ({"external_id": ""}, [("/external_id", "too-short", "至少 1 个字符", "is too short: the minimum is 1")]),
    ({"external_id": " "}, [("/external_id", "blank", "不能为空白", "must not be blank")]),
    ({"external_id": 17}, [("/external_id", "wrong-type", "类型错误，应为文本", "wrong type, must be a string")]),
    ({"external_id": "x" * 129}, [("/external_id", "too-long", "最多 128 个字符", "is too long: the maximum is 128")]),
    (
        {"external_id": "a\x00b"},
        [("/external_id", "control-character", "含有不允许的控制字符", "contains a control character")],
    ),
    (
        {"member_id": NOBODY, "phone": "13800000001"},
        [
            (
                "/member_id",
                "one-of-identifiers",
                "member_id、phone、card_no 只能提供一个",
                "give only one of member_id, phone and card_no",
            )
        ],
    ),
    ({"phone": "12"}, [("/phone", "phone-invalid", "不是有效的电话号码", "not a valid phone number")]),
    (
        {"occurred_at": "2026-01-01T10:00:00"},
        [
            (
                "/occurred_at",
                "timezone-missing",
                "时间缺少时区偏移，例如 +08:00",
                "the time lacks its offset, such as +08:00",
            )
        ],
    ),
    (
        {"occurred_at": "yesterday"},
        [
            (
                "/occurred_at",
                "invalid-datetime",
                "须为 RFC 3339 时间，例如 2026-11-22T10:00:00+08:00",
                "must be an RFC 3339 time such as 2026-11-22T10:00:00+08:00",
            )
        ],
    ),
    ({"occurred_at": "0001-01-01T00:00:00+14:00"}, [("/occurred_at", "out-of-range", "超出允许范围", "out of range")]),
    ({"lines": []}, [("/lines", "too-few", "至少 1 项", "has too few items: the minimum is 1")]),
    (
        {"lines": [{"amount": 50}, {"amount": -50, "colour": "red"}]},
        [
            ("/lines/1/amount", "too-small", "不能小于 0", "must be at least 0"),
            ("/lines/1/colour", "unknown-field", "未知字段", "unknown field"),
        ],
    ),
    (
        {"lines": [{"amount": 1}] * 501},
        [("/lines", "too-many", "最多 500 项", "has too many items: the maximum is 500")],
    ),
    (
        {"lines": [{"amount": 100, "quantity": -1}]},
        [("/lines/0/quantity", "too-small", "不能小于 0", "must be at least 0")],
    ),
    *(
        ({"lines": [{"amount": 100, "quantity": wrong}]}, [("/lines/0/quantity", "decimal-string", *DECIMAL)])
        for wrong in ("a lot", "-1", "1.23456", 0.5, None, True)
    ),
    (
        {"tenders": [{"type": "barter", "amount": 100}]},
        [
            (
                "/tenders/0/type",
                "not-allowed",
                "不在允许的取值之内：cash, card, wechat, alipay, medical_insurance, bank_transfer, other",
                "must be one of: cash, card, wechat, alipay, medical_insurance, bank_transfer, other",
            )
        ],
    ),
    ({"tenders": [{"type": "cash"}]}, [("/tenders/0/amount", "required", "必填", "required")]),
    (
        {"external_amounts": "yes"},
        [("/external_amounts", "wrong-type", "类型错误，应为布尔值", "wrong type, must be true or false")],
    ),
    (
        {"amount": -1, "branch_id": 5, "sold_by": "", "tenders": {}},
        [
            ("/amount", "too-small", "不能小于 0", "must be at least 0"),
            ("/branch_id", "wrong-type", "类型错误，应为编号（UUID）", "wrong type, must be an id (UUID)"),
            ("/sold_by", "too-short", "至少 1 个字符", "is too short: the minimum is 1"),
            ("/tenders", "wrong-type", "类型错误，应为数组", "wrong type, must be an array"),
        ],
    ),
]

# what is sent, then status, type and the details in both languages
WHOLE: list[tuple[dict[str, Any], int, str, str, str]] = [
    (
        {"tenders": [{"type": "cash", "amount": 60}, {"type": "card", "amount": 30}]},
        422,
        "tenders-do-not-match",
        "各支付方式合计 ¥0.90，应等于应付金额 ¥1.00。请核对后重新提交。",
        "The tenders add up to ¥0.90; they must add up to what is to be paid, ¥1.00. Correct them and send again.",
    ),
    (
        {"lines": [{"amount": 60}, {"amount": 50}]},
        422,
        "lines-do-not-match",
        "各明细合计 ¥1.10，应等于总金额 ¥1.00。请核对后重新提交。",
        "The lines add up to ¥1.10; they must add up to the amount, ¥1.00. Correct them and send again.",
    ),
    ({"branch_id": NOBODY}, 422, "unknown-branch", "没有这家门店。", "There is no such branch."),
    ({"member_id": NOBODY}, 422, "unknown-member", "没有这位会员。", "There is no such member."),
    ({"phone": "13900000000"}, 422, "unknown-member", "没有这位会员。", "There is no such member."),
    ({"card_no": "none"}, 422, "unknown-member", "没有这位会员。", "There is no such member."),
]


async def answers(chain: Chain, body: Any) -> dict[str, dict[str, Any]]:
    """The problem in both languages; the two differ in nothing but their texts."""
    found = {}
    for language in ("zh-CN", "en"):
        answer = await chain.http.post("/v1/purchases", json=body, headers={"Accept-Language": language})
        assert answer.headers["content-type"].partition(";")[0] == "application/problem+json", answer.text
        found[language] = {**answer.json(), "http": answer.status_code}
    return found


async def nothing_written(chain: Chain) -> bool:
    """Nothing of a refused sale stays, not even the member's number."""
    tables = ("purchase", "purchase_external", "member_total", "member_day", "member_month", "decision", "idempotency")
    counts = [len(await rows(chain, table)) for table in tables]
    return counts == [0] * len(tables) and await rows(chain, "member_number") == []


@pytest.mark.parametrize(("change", "faults"), FIELDS, ids=lambda value: str(value)[:60])
async def test_a_wrong_field_is_named(
    change: dict[str, Any], faults: list[tuple[str, str, str, str]], chain: Chain
) -> None:
    await member(chain, phone="13800000001")
    found = await answers(chain, ticket(chain, **{"external_id": "1", "amount": 100, **change}))
    for place, language in enumerate(("zh-CN", "en"), start=2):
        problem = found[language]
        assert (problem["http"], problem["type"]) == (422, "/problems/validation-failed"), problem
        said = [(error["pointer"], error["code"], error["message"]) for error in problem["errors"]]
        assert sorted(said) == sorted((fault[0], fault[1], fault[place]) for fault in faults)
    assert await nothing_written(chain)


@pytest.mark.parametrize(("change", "status", "code", "chinese", "english"), WHOLE, ids=lambda value: str(value)[:40])
async def test_a_contradiction_is_explained(
    change: dict[str, Any], status: int, code: str, chinese: str, english: str, chain: Chain
) -> None:
    await member(chain, phone="13800000001")
    found = await answers(chain, ticket(chain, **{"external_id": "1", "amount": 100, **change}))
    for language, detail in (("zh-CN", chinese), ("en", english)):
        problem = found[language]
        assert (problem["http"], problem["type"], problem["detail"]) == (status, f"/problems/{code}", detail)
    assert await nothing_written(chain)


async def test_a_sale_may_be_a_day_ahead_and_no_more(chain: Chain) -> None:
    one = await member(chain)
    now = datetime.now(UTC)
    ahead = ticket(chain, "1", 1, member_id=one, occurred_at=(now + timedelta(days=1, minutes=1)).isoformat())
    found = await answers(chain, ahead)
    (error,) = found["en"]["errors"]
    assert (error["pointer"], error["code"]) == ("/occurred_at", "occurred-too-far-ahead")
    assert error["message"] == "must not be more than a day ahead"
    assert found["zh-CN"]["errors"][0]["message"] == "时间不能晚于现在一天以上"
    assert await nothing_written(chain)
    early = ticket(chain, "1", 1, member_id=one, occurred_at=(now + timedelta(hours=23)).isoformat())
    assert (await chain.http.post("/v1/purchases", json=early)).status_code == 201


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "validation-failed"),
        (b"[" * 100_000, 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b'{"amount": 1,}', 400, "malformed-json"),
        (b"\xff\xfe", 400, "malformed-json"),
        (b"[]", 422, "validation-failed"),
        (b"null", 422, "validation-failed"),
        (b'"text"', 422, "validation-failed"),
        (b'{"amount": NaN}', 400, "malformed-json"),
        (b'{"amount": 1e400}', 400, "malformed-json"),
        (b'{"external_id": "\\ud800"}', 400, "malformed-json"),
    ],
)
async def test_what_is_no_ticket_at_all(content: bytes, status: int, code: str, chain: Chain) -> None:
    answer = await chain.http.post(
        "/v1/purchases", content=content, headers={"Content-Type": "application/json", "Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), answer.text
    assert await rows(chain, "idempotency") == []


async def test_a_batch_that_is_no_utf_8_is_malformed(chain: Chain) -> None:
    kind = {"Content-Type": "application/json"}
    answer = await chain.http.post("/v1/purchases:batch", content=b'{"items": ["\xca"]}', headers=kind)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed-json"), answer.text


async def test_another_content_type_is_refused(chain: Chain) -> None:
    answer = await chain.http.post("/v1/purchases", content=b"amount=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code in {400, 415}, answer.text
    assert answer.json()["type"].startswith("/problems/")


async def test_a_batchs_pointers_begin_at_the_item(chain: Chain) -> None:
    items = [ticket(chain, "1", -1), ticket(chain, "2", 1, lines=[{"amount": 2}])]
    answer = await chain.http.post("/v1/purchases:batch", json={"items": items}, headers={"Accept-Language": "zh-CN"})
    first, second = (outcome["error"] for outcome in answer.json()["data"])
    assert first["errors"] == [{"pointer": "/amount", "message": "不能小于 0", "code": "too-small"}]
    assert second["detail"] == "各明细合计 ¥0.02，应等于总金额 ¥0.01。请核对后重新提交。"
    assert await rows(chain, "purchase") == []
