"""Which passwords are refused, and that nothing else about them is asked for."""

import pytest

from saas.errors import InvalidValueError
from saas.passwords import LONGEST, require_strong

EMAIL = "wang.xiaofang@qinghe-tea.example"


def refused(password: str, *names: str) -> str:
    try:
        require_strong(password, EMAIL, *names)
    except InvalidValueError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    "password",
    [
        "short", "123456789", "1234567890", "password123", "Password123", "woaini1314520", "1qaz2wsx3edc", "qwertyuiop",
        "aaaaaaaaaaaa", "121212121212",  # hardly any characters
        "regulars2026", "Regulars!!!", "xiaofang-qinghe", "Qinghe-2026!", EMAIL, EMAIL.upper(), "xiaofang@qi",
    ],
)  # fmt: skip
def test_what_anybody_would_try_is_refused(password: str) -> None:
    assert refused(password) == "weak-password"


def test_the_chain_and_the_person_are_no_secret() -> None:
    for password, name in (
        ("青禾连锁-202611", "青禾连锁"),
        ("GreenShoots88", "Green Shoots"),
        ("王小芳的密码12345", "王小芳"),
    ):
        assert refused(password) == "", password
        assert refused(password, name) == ("" if name == "王小芳" else "weak-password"), password


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "只有小写字母也可以的", "zebra quilt umbrella",  # no kind of character is asked for
        "a4 b9 c2 d7", "Ab1!" * 16 + "xyzzy plugh", "regulars and three llamas", "𠮷野家の牛丼は美味い",
        "ends with a space ", "   spaces   all   around", "lone \ud800 surrogate here",
    ],
)  # fmt: skip
def test_what_nobody_would_guess_is_taken_as_it_is(password: str) -> None:
    assert require_strong(password, EMAIL, "青禾连锁", "王小芳") == password


def test_from_64_characters_to_200() -> None:
    assert refused("zq7 " * 16) == refused("zq7 " * (LONGEST // 4)) == ""
    assert refused("zq7 " * (LONGEST // 4) + "x") == "too-long"
