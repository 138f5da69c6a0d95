"""Bodies and query strings: everything wrong is named at once, at its place, and nothing odd gets in."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from saas.errors import DomainError, FieldError, InvalidValueError, pointer
from saas.pydantic_errors import path_in
from saas.validation import (
    AwareDatetime,
    Body,
    Code,
    CurrencyCode,
    Email,
    ExternalId,
    ListQuery,
    LocalDate,
    LocaleTag,
    LongText,
    MinorUnits,
    Name,
    Slug,
    TimeZoneName,
    parse_body,
    parse_item,
    parse_query,
    parse_with,
)
from saas.wording import field_message
from tenants.members.phones import normalise_phone


class Months(Body):
    type: Literal["months"]
    months: int


class Forever(Body):
    type: Literal["forever"]


def _even(n: int) -> int:
    if n % 2:
        raise PydanticCustomError("not-multiple", "even", {"step": 2})
    return n


class Line(Body):
    amount: MinorUnits
    sku: Code | None = None


class Everything(Body):
    lines: list[Line] = Field(default=[], max_length=4)
    at: AwareDatetime | None = None
    day: LocalDate | None = None
    name: Name | None = None
    text: LongText | None = None
    key: ExternalId | None = None
    email: Email | None = None
    slug: Slug | None = None
    phone: Annotated[str, AfterValidator(normalise_phone)] | None = None
    validity: Annotated[Months | Forever, Field(discriminator="type")] | None = None
    timezone: TimeZoneName | None = None
    currency: CurrencyCode | None = None
    locale: LocaleTag | None = None
    id: UUID | None = None
    kind: Literal["own", "franchise"] | None = None
    flag: bool | None = None
    ratio: float | None = Field(default=None, gt=0, lt=1)
    even: Annotated[int, AfterValidator(_even)] | None = None
    data: dict[str, Any] = Field(default={})

    @model_validator(mode="after")
    def _own_needs_a_name(self) -> "Everything":
        if self.kind == "own" and self.name is None:
            raise InvalidValueError("required", at="/name")
        return self


def _errors(raw: str | bytes, model: type[BaseModel] = Everything) -> list[tuple[str, str]]:
    with pytest.raises(DomainError) as caught:
        parse_body(model, raw if isinstance(raw, bytes) else raw.encode())
    assert caught.value.code == "validation-failed"
    for error in caught.value.errors:
        for language in ("zh-CN", "en"):
            assert "…" not in field_message(error, language), error
    return [(error.pointer, error.code) for error in caught.value.errors]


ONE_FAULT = [
    ({"zz": 1}, "/zz", "unknown-field"),
    ({"a/b~c": 1}, "/a~1b~0c", "unknown-field"),
    ({"lines": {}}, "/lines", "wrong-type"),
    ({"lines": [{}]}, "/lines/0/amount", "required"),
    ({"lines": [3]}, "/lines/0", "wrong-type"),
    ({"lines": [{"amount": 1}] * 5}, "/lines", "too-many"),
    ({"lines": [{"amount": 1.0}]}, "/lines/0/amount", "wrong-type"),
    ({"lines": [{"amount": "1"}]}, "/lines/0/amount", "wrong-type"),
    ({"lines": [{"amount": True}]}, "/lines/0/amount", "wrong-type"),
    ({"lines": [{"amount": None}]}, "/lines/0/amount", "wrong-type"),
    ({"lines": [{"amount": -1}]}, "/lines/0/amount", "too-small"),
    ({"lines": [{"amount": 10**13 + 1}]}, "/lines/0/amount", "too-large"),
    ({"lines": [{"amount": 10**400}]}, "/lines/0/amount", "too-large"),
    ({"lines": [{"amount": 1, "sku": "a b"}]}, "/lines/0/sku", "wrong-format"),
    ({"lines": [{"amount": 1, "sku": "a\n"}]}, "/lines/0/sku", "wrong-format"),
    ({"lines": [{"amount": 1, "sku": "x" * 65}]}, "/lines/0/sku", "too-long"),
    ({"at": 1700000000}, "/at", "wrong-type"),
    ({"at": "1700000000"}, "/at", "invalid-datetime"),
    ({"at": "2026-11-22"}, "/at", "invalid-datetime"),
    ({"at": "2026-11-22 10:00Z"}, "/at", "invalid-datetime"),
    ({"at": "2026-02-30T10:00:00Z"}, "/at", "invalid-datetime"),
    ({"at": "2026-11-22T10:00:00+99:00"}, "/at", "invalid-datetime"),
    ({"at": "2026-11-22T10:00:00"}, "/at", "timezone-missing"),
    ({"at": "0001-01-01T00:00:00+08:00"}, "/at", "out-of-range"),
    ({"at": "9999-12-31T23:59:59-08:00"}, "/at", "out-of-range"),
    ({"day": "1700006400"}, "/day", "invalid-date"),
    ({"day": "2026-02-29"}, "/day", "invalid-date"),
    ({"day": "20260228"}, "/day", "invalid-date"),
    ({"day": "0026-02-28"}, "/day", "out-of-range"),
    ({"name": " \t "}, "/name", "control-character"),
    ({"name": "  \u3000"}, "/name", "blank"),
    ({"name": "\u200b"}, "/name", "blank"),
    ({"name": ""}, "/name", "too-short"),
    ({"name": "a\x00b"}, "/name", "control-character"),
    ({"name": "a\nb"}, "/name", "control-character"),
    ({"name": "a\u202eb"}, "/name", "control-character"),
    ({"name": "x" * 201}, "/name", "too-long"),
    ({"text": "a\x07b"}, "/text", "control-character"),
    ({"key": "a\x00"}, "/key", "control-character"),
    ({"email": "nobody"}, "/email", "invalid-email"),
    ({"email": "a@b"}, "/email", "invalid-email"),
    ({"email": "a@b.cn\nx: y"}, "/email", "invalid-email"),
    ({"email": "a b@c.cn"}, "/email", "invalid-email"),
    ({"slug": "-ab"}, "/slug", "wrong-format"),
    ({"phone": "12345"}, "/phone", "phone-invalid"),
    ({"validity": {}}, "/validity/type", "required"),
    ({"validity": {"type": "weeks"}}, "/validity/type", "not-allowed"),
    ({"validity": {"type": "months"}}, "/validity/months", "required"),
    ({"validity": {"type": "months", "months": "x"}}, "/validity/months", "wrong-type"),
    ({"validity": {"type": "months", "months": 1, "x": 1}}, "/validity/x", "unknown-field"),
    ({"validity": 3}, "/validity", "wrong-type"),
    ({"timezone": "Mars/Base"}, "/timezone", "invalid-timezone"),
    ({"timezone": "../etc/passwd"}, "/timezone", "invalid-timezone"),
    ({"currency": "XXX"}, "/currency", "invalid-currency"),
    ({"currency": "cny"}, "/currency", "invalid-currency"),
    ({"locale": "fr"}, "/locale", "invalid-locale"),
    ({"id": "x"}, "/id", "invalid-uuid"),
    ({"id": 1}, "/id", "wrong-type"),
    ({"kind": "other"}, "/kind", "not-allowed"),
    ({"kind": "own"}, "/name", "required"),
    ({"flag": "yes"}, "/flag", "wrong-type"),
    ({"ratio": 0}, "/ratio", "not-greater"),
    ({"ratio": 1}, "/ratio", "not-less"),
    ({"even": 3}, "/even", "not-multiple"),
    ({"data": {"a": ["\x00"]}}, "/data/a/0", "control-character"),
    ({"data": {"\x00": 1}}, "/data/\x00", "control-character"),
    ([], "", "wrong-type"),
    (None, "", "wrong-type"),
]


@pytest.mark.parametrize(("body", "place", "code"), ONE_FAULT)
def test_a_fault_is_named_at_its_place(body: Any, place: str, code: str) -> None:
    assert _errors(json.dumps(body)) == [(place, code)]


def test_all_faults_come_at_once() -> None:
    faults = [(body, place, code) for body, place, code in ONE_FAULT if isinstance(body, dict)]
    merged: dict[str, Any] = {}
    expected = set()
    for body, place, code in faults:
        (key,) = body
        if key not in merged and body != {"kind": "own"} and key != "data":
            merged[key] = body[key]
            expected.add((place, code))
    assert set(_errors(json.dumps(merged))) == expected
    assert len(expected) > 15


def test_good_values_arrive_clean() -> None:
    sent = {
        "lines": [{"amount": 10**13, "sku": "A-1"}],
        "at": "2026-11-22t10:00:00.123456789+08:00",
        "day": "2024-02-29",
        "name": " Cafe\u0301 ",
        "text": "one\r\ntwo\t!",
        "email": " Bob@Example.COM ",
        "phone": "138 0013 8000",
        "validity": {"type": "months", "months": 12},
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        "id": "0198b2f2-7a3b-7000-8000-000000000000",
        "data": {"a": "\\u0000"},  # a backslash and letters: not U+0000
    }
    got = parse_body(Everything, json.dumps(sent).encode())
    assert got.at is not None
    assert got.at == datetime(2026, 11, 22, 2, 0, 0, 123456, tzinfo=UTC)
    assert got.at.utcoffset() == timedelta()  # one instant is written in one way
    assert (got.day, got.name, got.text) == (date(2024, 2, 29), "Café", "one\ntwo\t!")
    assert (got.email, got.phone) == ("bob@example.com", "+8613800138000")
    assert got.data == {"a": "\\u0000"}


@pytest.mark.parametrize(
    ("raw", "line", "column"),
    [
        (b"", "1", "0"),
        (b"{", "1", "1"),
        (b'{"a":\n1,}', "2", "3"),
        (b'{"name": "\xff"}', "1", "11"),
        (b'{"name": "\\ud800"}', "1", "17"),
        (b"\xef\xbb\xbf{}", "1", "1"),
        (b"[" * 100_000, "1", "202"),
        (b'{"even": ' + b"9" * 5000 + b"}", "1", None),
        (b'{"even": 1} x', "1", None),
    ],
)
def test_what_is_no_json_says_where(raw: bytes, line: str, column: str | None) -> None:
    with pytest.raises(DomainError) as caught:
        parse_body(Everything, raw)
    assert caught.value.code == "malformed-json"
    assert caught.value.params["line"] == line
    assert column is None or caught.value.params["column"] == column


def test_a_flood_of_errors_is_cut() -> None:
    class Many(Body):
        n: list[int]

    assert len(_errors(json.dumps({"n": ["x"] * 5000}), Many)) == 1000


def test_what_was_sent_is_not_in_the_error_s_text() -> None:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate_json('{"name": ["hunter2"]}')
    assert "hunter2" not in str(caught.value)


def test_items_of_a_batch_are_parsed_alone() -> None:
    assert parse_item(Everything, {"id": "0198b2f2-7a3b-7000-8000-000000000000"}).id is not None
    with pytest.raises(DomainError) as caught:
        parse_item(Everything, {"lines": [{}]})
    assert caught.value.errors == (FieldError("/lines/0/amount", "required"),)


def test_any_type_can_be_parsed() -> None:
    adapter: TypeAdapter[list[int]] = TypeAdapter(list[int])
    assert parse_with(adapter, b"[1]") == [1]
    with pytest.raises(DomainError):
        parse_with(adapter, b'[1, {"a": 1}]')


class Found(ListQuery):
    at: AwareDatetime | None = None
    id: UUID | None = None


def test_a_query_string_is_text() -> None:
    found = parse_query(Found, [("limit", "200"), ("at", "2026-11-22T10:00:00Z")])
    assert found.limit == 200
    assert found.at is not None
    assert parse_query(Found, {}).limit == 50
    sent = [("limit", "0"), ("limit", "9"), ("cursor", "a\0"), ("x", "1"), ("at", "now"), ("id", "1")]
    with pytest.raises(DomainError) as caught:
        parse_query(Found, sent)
    assert {(e.pointer, e.code) for e in caught.value.errors} == {
        ("/limit", "repeated"),
        ("/cursor", "control-character"),
        ("/x", "unknown-field"),
        ("/at", "invalid-datetime"),
        ("/id", "invalid-uuid"),
    }


@pytest.mark.parametrize("limit", ["0", "201", "x", "", "1.5", "９", "9" * 5000])
def test_a_limit_has_bounds(limit: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_query(Found, {"limit": limit})
    assert [e.pointer for e in caught.value.errors] == ["/limit"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*Everything.model_fields, "type", "months", "amount", ""]), inner, max_size=5
        )
    ),
    max_leaves=20,
)


def _resolve(document: Any, place: str) -> Any:
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@given(JSON)
def test_pointers_lead_to_a_value_or_to_where_one_is_missing(document: Any) -> None:
    raw = json.dumps(document).encode()
    try:
        parse_body(Everything, raw)
    except DomainError as error:
        assert error.errors  # noqa: PT017  # a document may as well be fine
        for found in error.errors:
            if found.code == "required":
                parent, _, _ = found.pointer.rpartition("/")
                assert isinstance(_resolve(document, parent), dict)
            else:
                _resolve(document, found.pointer)


def test_a_long_way_through_tags_is_read_quickly() -> None:
    document: Any = {}
    inner = document
    for _ in range(100):
        inner["a"] = inner = {}
    loc = ("a",) * 100 + ("b",)
    assert pointer(*path_in(document, loc)) == "/a" * 100
    assert path_in(document, loc, ends_in_key=True) == loc
