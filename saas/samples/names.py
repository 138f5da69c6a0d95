"""Names and phone numbers, made up: the commonest family names, given names as each generation chose them."""

from datetime import date
from random import Random
from typing import Final, Literal

Gender = Literal["female", "male"]

_FAMILY: Final = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)
_COMMON: Final = tuple(len(_FAMILY) * 2 - n for n in range(len(_FAMILY)))
# First and second characters of given names, by the year of birth from which they were the fashion.
_GIVEN: Final[dict[Gender, tuple[tuple[int, str, str], ...]]] = {
    "female": (
        (1985, "雨思佳梦欣子诗若雅婉晓语可一", "涵怡琪婷萱悦彤菲琳瑶桐晴妍宁"),
        (0, "丽秀玉春淑桂美红晓雪海慧文小", "英兰珍梅芳霞敏华燕娟萍琴玲云"),
    ),
    "male": (
        (1985, "浩宇子俊天晨嘉泽博思明家一睿", "轩然航辰杰豪宁宸泽阳睿远铭凯"),
        (0, "志建国文明海立永少德新卫晓光", "强伟华军平峰波斌涛龙生民林勇"),
    ),
}
_SINGLE: Final[dict[Gender, str]] = {"female": "静婷敏颖艳娜丹雪琳洁", "male": "伟磊强勇军涛杰鹏超斌"}
_SINGLE_SHARE: Final = 0.18
_TRADES: Final = (
    "电子商务",
    "服饰",
    "贸易",
    "食品",
    "精密机械",
    "科技",
    "文化传媒",
    "家居用品",
    "医疗器械",
    "汽车配件",
)
_WORDS: Final = (
    ("恒", "瑞", "嘉", "盛", "鼎", "宏", "锦", "泰", "永", "华"),
    ("达", "丰", "和", "源", "信", "晟", "诚", "创", "联", "邦"),
)
_MOBILE: Final = ("134", "136", "138", "139", "150", "152", "158", "159", "177", "180", "186", "188", "189")
_EIGHT_DIGITS: Final = 10**8
_STEP: Final = 61_803_399  # shares no factor with 10^8, so each number below it leads to digits of its own


def person_name(random: Random, gender: Gender, birthday: date) -> str:
    """Two or three characters."""
    family = random.choices(_FAMILY, _COMMON)[0]
    if random.random() < _SINGLE_SHARE:
        return family + random.choice(_SINGLE[gender])
    _, first, second = next(given for given in _GIVEN[gender] if birthday.year >= given[0])
    return family + random.choice(first) + random.choice(second)


def company_name(random: Random, city: str) -> str:
    return f"{city}{''.join(random.choice(words) for words in _WORDS)}{random.choice(_TRADES)}有限公司"


def phone(random: Random, number: int) -> str:
    """A mainland mobile number of 11 digits; different for each `number` from 0 to 10^8 - 1."""
    return f"{random.choice(_MOBILE)}{(number * _STEP + 23_456_789) % _EIGHT_DIGITS:08d}"
