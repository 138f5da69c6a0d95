import pytest

from saas.errors import InvalidValueError
from tenants.members.phones import normalise_phone


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("13800138000", "+8613800138000"),
        (" 138-0013-8000 ", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("86 13800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("0571-88157838", "+8657188157838"),
        ("+852 5123 4567", "+85251234567"),
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_usual_ways_to_write_a_number(text: str, e164: str) -> None:
    assert normalise_phone(text) == e164
    assert normalise_phone(e164) == e164


def test_a_number_without_country_code_is_one_of_the_region() -> None:
    assert normalise_phone("5123 4567", "HK") == "+85251234567"


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "+", "\x00", "abc", "12345", "1380013800", "138001380001", "12800138000", "1" * 1000),
        *("13800138000 ext 5", "13800138000x5", "1-800-FLOWERS", "tel:+8613800138000", "+999 123456789"),
        "13800138000;phone-context=+1",
    ],
)
def test_what_nobody_can_be_called_by_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="phone-invalid"):
        normalise_phone(text)
