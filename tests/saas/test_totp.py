"""Codes of authenticator apps, against RFC 6238's own figures."""

import pytest

from saas.second_factor.totp import STEP_SECONDS, address, code_at, shown, step_of

SECRET = b"12345678901234567890"  # RFC 6238, appendix B; the last six of its eight digits


@pytest.mark.parametrize(
    ("instant", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_standards_own_figures(instant: int, code: str) -> None:
    step = instant // STEP_SECONDS
    assert code_at(SECRET, step) == code
    assert step_of(SECRET, code, instant) == step
    assert step_of(SECRET, code, instant + STEP_SECONDS) == step
    assert step_of(SECRET, code, instant - STEP_SECONDS) == step
    assert step_of(SECRET, code, instant + 2 * STEP_SECONDS) is None
    assert step_of(SECRET, code, instant - 2 * STEP_SECONDS) is None


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "２８７０８２", "\ud800", "287 082"])
def test_nothing_else_is_a_code(typed: str) -> None:
    assert step_of(SECRET, typed, 59) is None


def test_what_people_and_apps_read() -> None:
    assert shown(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert address(SECRET, "lin@example.com") == (
        "otpauth://totp/Regulars%3Alin%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Regulars"
    )
