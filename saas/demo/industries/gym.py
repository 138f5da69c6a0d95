"""A gym chain: full in January and before summer, empty at the Spring Festival; classes, reviews, challenges."""

from saas.demo.industry import Branch, Goods, Habit, Industry, PassKind, Pastime
from saas.demo.seasons import dates, spring_festival

SEASON = (
    (spring_festival(-1, 2), 0.0),
    (spring_festival(-9, 8), 0.45),
    (dates((10, 1), (10, 7)), 0.6),
    (dates((5, 1), (8, 31)), 1.3),  # summer
    (dates((3, 1), (4, 30)), 1.15),
    (dates((1, 2), (1, 20)), 1.15),  # good intentions
    (dates((9, 1), (2, 28)), 0.9),
)

_TRAINING = ("personal_training", "nutrition", "drinks")
_FLOOR = ("membership", "group_class", "drinks", "nutrition")
_NOW_AND_THEN = ("day_pass", "drinks", "group_class")

GYM = Industry(
    template="gym",
    company="燃点健身",
    city="成都",
    branches=(
        Branch("tianfu", "天府三街店", weight=12),
        Branch("chunxi", "春熙路店", weight=10),
        Branch("yulin", "玉林南路店", weight=8),
        Branch("shuangliu", "双流航空港加盟店", "franchise", opened=330, weight=5),
    ),
    goods=(
        Goods("membership", "MONTH-CARD", 16_800, 29_800, 10),
        Goods("personal_training", "PT-1", 28_000, 42_000, 12),
        Goods("personal_training", "PT-5", 128_000, 188_000, 2),
        Goods("group_class", "CLASS-SINGLE", 3_900, 8_900, 10),
        Goods("day_pass", "DAY-PASS", 3_900, 5_900, 10),
        Goods("nutrition", "WHEY-1KG", 19_800, 36_800, 2),
        Goods("nutrition", "BAR-BOX", 4_900, 9_900, 3),
        Goods("drinks", "DRINK", 600, 1_800, 14),
    ),
    habits=(
        Habit(10, "steady", 2.4, 1.1, 2, _TRAINING, active=2.0),
        Habit(26, "steady", 1.1, 1.0, 2, _FLOOR, active=1.6),
        Habit(18, "steady", 0.7, 0.9, 2, _NOW_AND_THEN, active=0.7),
        Habit(14, "lapsed", 1.3, 1.0, 2, _FLOOR, active=1.3),
        Habit(8, "returned", 1.2, 1.0, 2, _FLOOR, active=1.4),
        Habit(13, "once", 0.0, 0.9, 1, _NOW_AND_THEN, active=0.1),
        Habit(4, "never", 0.0),
        Habit(7, "newcomer", 1.6, 1.0, 2, _FLOOR, active=1.6),
    ),
    season=SEASON,
    weekdays=(1.2, 1.15, 1.1, 1.05, 0.85, 1.0, 0.8),
    hours={7: 6, 8: 5, 9: 4, 10: 4, 11: 4, 12: 7, 13: 4, 14: 3, 15: 3, 16: 4, 17: 7, 18: 14, 19: 16, 20: 12, 21: 6},
    tenders={"wechat": 55, "alipay": 33, "card": 9, "cash": 3},
    members=190,
    passers_by=0.3,
    decided=3,
    ages=(18, 58),
    women=0.48,
    tags={"瑜伽": 0.18, "早鸟时段": 0.12, "搏击": 0.1},
    traits={"goal": {"lose_fat": 40, "build_muscle": 30, "stay_fit": 20, "posture": 10}},
    pastimes=(
        Pastime("check_in", 1.2),
        Pastime("class", 0.8),
        Pastime("review", 0.22, value=(3, 5)),
        Pastime("challenge", 0.06, value=(1, 30)),
        Pastime("training_camp", 0.03),
    ),
    referred=0.16,
    refunded=0.01,
    redeems=0.08,
    reward=("towel", 1_000),
    claims=0.04,
    passes=(
        PassKind("personal_training", 10, 320_000, 180, 0.07, 3.0),
        PassKind("group_class", 10, 58_000, 120, 0.12, 3.0),
    ),
    free={"class": "group_class"},
)
