"""The demo chain's members, made up. The same seed makes the same people."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final, Literal

MEMBERS: Final = 220
MONTHS: Final = 18

Gender = Literal["female", "male"]
Habit = Literal["devoted", "regular", "occasional", "once", "lapsed"]
_HABITS: Final[dict[Habit, int]] = {"devoted": 7, "regular": 26, "occasional": 38, "once": 17, "lapsed": 12}
_FAMILY: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁宋郑谢唐韩曹许邓冯"
_GIVEN: Final[dict[Gender, str]] = {
    "female": "雨桐 欣怡 子涵 诗涵 佳怡 梦琪 思远 晓燕 丽华 秀英 静怡 若曦 婉清 雪梅 美玲 慧敏 红梅 艳 芳 娟",
    "male": "浩然 子轩 宇航 俊杰 志强 建国 文博 天佑 明轩 伟 强 磊 勇 海涛 立新 家豪 国栋 晨阳 小龙 嘉伟",
}
_OLDEST, _YOUNGEST = 68 * 365, 19 * 365


@dataclass(frozen=True, slots=True)
class Person:
    """A member, and how it shops. `branch` is an index."""

    external_id: str
    phone: str
    name: str
    gender: Gender
    birthday: date
    joined_on: date
    branch: int
    habit: Habit


def people(random: Random, today: date) -> list[Person]:
    """Everybody, in the order of joining; a fifth were members before the first month."""
    first = today - timedelta(days=MONTHS * 30)
    joined = sorted(
        first - timedelta(days=random.randrange(200)) if n % 5 == 0 else _day(random, first, today)
        for n in range(MEMBERS)
    )
    return [_person(random, number, day, today) for number, day in enumerate(joined, 1)]


def _day(random: Random, first: date, today: date) -> date:
    return first + timedelta(days=random.randrange((today - first).days + 1))


def _person(random: Random, number: int, joined_on: date, today: date) -> Person:
    gender = random.choices(tuple(_GIVEN), (62, 38))[0]
    return Person(
        external_id=f"Q{number:05d}",
        phone=f"139{number * 7919 % 10000:04d}{number * 104_729 % 10000:04d}",
        name=random.choice(_FAMILY) + random.choice(_GIVEN[gender].split()),
        gender=gender,
        birthday=today - timedelta(days=random.randrange(_YOUNGEST, _OLDEST)),
        joined_on=joined_on,
        branch=random.choices((0, 1, 2), (5, 3, 2))[0],
        habit=random.choices(tuple(_HABITS), tuple(_HABITS.values()))[0],
    )
