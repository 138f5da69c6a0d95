"""Parameters of refusals: for people as their language writes them, for programs as JSON always has them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from saas.errors import DomainError, FieldError, Language, Money, Word
from saas.problem_details import problem_body
from saas.wording import as_data, field_message, fill

SHANGHAI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (Money(201637, "CNY"), "¥2,016.37", "¥2,016.37"),
        (Money(0, "CNY"), "¥0.00", "¥0.00"),
        (Money(-5, "CNY"), "-¥0.05", "-¥0.05"),
        (Money(2016, "JPY"), "JP¥2,016", "¥2,016"),
        (Money(1234567, "KWD"), "KWD1,234.567", "KWD1,234.567"),
        (Money(201637), "201637", "201637"),  # nobody knows the currency: better a bare number than a wrong sign
        (Word("integer"), "整数", "an integer"),
        (date(2026, 11, 22), "2026年11月22日", "Nov 22, 2026"),
        (datetime(2026, 11, 22, 9, 5, 7, tzinfo=SHANGHAI), "2026年11月22日 09:05:07", "Nov 22, 2026 09:05:07"),
        ("{x}", "{x}", "{x}"),
        (7, "7", "7"),
    ],
)
def test_a_value_is_written_as_its_reader_expects(value: object, chinese: str, english: str) -> None:
    said = {language: fill("<{x}>", {"x": value}, language) for language in ("zh-CN", "en")}
    assert {language: text.replace("\xa0", "") for language, text in said.items()} == {
        "zh-CN": f"<{chinese}>",
        "en": f"<{english}>",
    }


def test_programs_get_numbers_and_iso_dates() -> None:
    given = {
        "money": Money(201637, "CNY"),
        "word": Word("used"),
        "day": date(2026, 11, 22),
        "at": datetime(2026, 11, 22, 9, 5, tzinfo=UTC),
        "list": [{"id": "x"}],
    }
    told = as_data(given)
    assert told == {
        "money": 201637,
        "word": "used",
        "day": "2026-11-22",
        "at": "2026-11-22T09:05:00+00:00",
        "list": [{"id": "x"}],
    }
    assert {type(value) for value in told.values()} == {int, str, list}


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "¥2,016.37"), ("en", "¥2,016.37")])
def test_an_error_without_a_currency_is_given_its_chains(language: Language, said: str) -> None:
    error = DomainError(
        "refund-exceeds-purchase",
        params={"left": Money(201637)},
        errors=[FieldError("/amount", "too-large", {"max": Money(201637)})],
    )
    lacking = [error.lacks_currency]
    error.in_currency("CNY")
    lacking.append(error.lacks_currency)
    assert lacking == [True, False]
    body = problem_body(error.code, error.params, error.errors, language)
    assert said in body["detail"]
    assert said in body["errors"][0]["message"] == field_message(error.errors[0], language)
    assert body["left"] == 201637
    error.in_currency("JPY")  # what is known stays
    assert said in field_message(error.errors[0], language)
