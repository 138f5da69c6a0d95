"""A chain of tea shops: new tea in spring, gifts before Mid-Autumn and the Spring Festival, quiet summers."""

from saas.demo.industry import Branch, Goods, Habit, Industry, Pastime
from saas.demo.seasons import dates, mid_autumn, spring_festival

SEASON = (
    (spring_festival(-1, 3), 0.0),
    (spring_festival(-26, -2), 2.1),  # presents
    (mid_autumn(-20, 0), 1.8),  # presents
    (dates((3, 25), (5, 5)), 1.7),  # the new tea
    (dates((11, 8), (11, 11)), 1.6),
    (dates((7, 1), (8, 25)), 0.75),
    (dates((5, 6), (3, 24)), 0.9),
)

_CONNOISSEUR = ("oolong", "puer", "white", "teaware", "tasting")
_GIFTS = ("gift", "gift", "green", "oolong")
_EVERYDAY = ("green", "oolong", "white", "black", "tasting")

TEA = Industry(
    template="tea",
    company="云岭茶叶",
    city="福州",
    branches=(
        Branch("sanfang", "三坊七巷店", weight=12),
        Branch("wuyi", "五一广场店", weight=9),
        Branch("cangshan", "仓山上渡店", weight=6),
        Branch("zhongshan", "厦门中山路店", weight=9, opened=560),
        Branch("quanzhou", "泉州西街加盟店", "franchise", opened=260, weight=5),
    ),
    goods=(
        Goods("green", "LJ-MQ-50", 16_800, 16_800, 5, member=15_200),
        Goods("green", "MLH-ZZ-100", 5_800, 5_800, 11, member=5_200),
        Goods("oolong", "TGY-QX-125", 9_800, 9_800, 9, member=8_800),
        Goods("oolong", "TGY-CW-250", 19_800, 19_800, 4, member=17_800),
        Goods("oolong", "DHP-100", 26_800, 26_800, 3, member=23_800),
        Goods("oolong", "DHP-250", 58_800, 58_800, 1, member=52_800),
        Goods("black", "ZSXZ-100", 12_800, 12_800, 7, member=11_500),
        Goods("white", "BHYZ-100", 16_800, 16_800, 5, member=15_000),
        Goods("white", "SM-CAKE-350", 32_800, 32_800, 2, member=29_800),
        Goods("puer", "PE-CAKE-357", 25_800, 25_800, 4, member=22_800),
        Goods("puer", "PE-RAW-357", 56_800, 56_800, 1, member=50_800),
        Goods("gift", "GIFT-BOX-S", 18_800, 18_800, 4, member=16_800),
        Goods("gift", "GIFT-BOX", 29_800, 29_800, 3, member=26_800),
        Goods("gift", "GIFT-BOX-L", 68_800, 68_800, 1, member=61_800),
        Goods("teaware", "GAIWAN-SET", 15_800, 15_800, 3, member=14_200),
        Goods("teaware", "TEAPOT", 42_800, 42_800, 1, member=38_800),
        Goods("tasting", "TASTING-SET", 4_900, 4_900, 12, member=4_500),
    ),
    habits=(
        Habit(7, "steady", 2.6, 1.2, 3, _CONNOISSEUR, active=2.4),
        Habit(22, "steady", 1.1, 0.9, 2, _EVERYDAY, active=0.7),
        Habit(15, "steady", 0.45, 1.3, 2, _GIFTS, active=0.2),
        Habit(14, "steady", 0.4, 0.8, 2, _EVERYDAY),
        Habit(11, "lapsed", 1.1, 1.0, 2, _EVERYDAY, active=0.5),
        Habit(8, "returned", 1.2, 1.0, 2, _EVERYDAY, active=0.6),
        Habit(14, "once", 0.0, 1.0, 2, _GIFTS),
        Habit(4, "never", 0.0),
        Habit(5, "newcomer", 1.5, 1.0, 2, _EVERYDAY, active=0.6),
    ),
    season=SEASON,
    weekdays=(0.8, 0.8, 0.85, 0.85, 1.0, 1.45, 1.35),
    hours={9: 3, 10: 7, 11: 8, 12: 5, 13: 6, 14: 11, 15: 13, 16: 12, 17: 8, 18: 6, 19: 8, 20: 6},
    tenders={"wechat": 54, "alipay": 30, "card": 9, "cash": 7},
    members=220,
    passers_by=0.6,
    decided=1,
    ages=(23, 76),
    women=0.44,
    tags={"企业送礼": 0.06, "老茶客": 0.15},
    traits={"taste": {"oolong": 32, "white": 24, "green": 20, "dark": 14, "black": 10}},
    pastimes=(Pastime("tasting", 0.18), Pastime("festival", 0.05)),
    referred=0.1,
    priced="list",
    tops_up=0.34,
    top_ups={50_000: 3_000, 100_000: 8_000, 300_000: 30_000},
    redeems=0.12,
    reward=("tea-caddy", 2_000),
    claims=0.03,
)
