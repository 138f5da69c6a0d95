"""A pharmacy chain: chronic patients every week, everybody in the flu season, health checks at the counter."""

from saas.demo.industry import Branch, Goods, Habit, Industry, Pastime
from saas.demo.seasons import dates, spring_festival

SEASON = (
    (spring_festival(-10, -2), 1.6),  # people stock up
    (spring_festival(-1, 2), 0.35),
    (dates((11, 9), (11, 11)), 1.8),
    (dates((12, 1), (2, 10)), 1.4),  # flu
    (dates((11, 1), (2, 28)), 1.2),
    (dates((3, 15), (4, 30)), 1.1),  # hay fever
    (dates((7, 1), (8, 20)), 0.85),
)

_CHRONIC = ("prescription", "prescription", "otc", "supplement", "device")
_DAILY = ("otc", "otc", "personal_care", "supplement")

PHARMACY = Industry(
    template="pharmacy",
    company="安泽大药房",
    city="杭州",
    branches=(
        Branch("wensan", "文三路店", weight=12),
        Branch("wulin", "武林路店", weight=10),
        Branch("binjiang", "滨江江南大道店", weight=8),
        Branch("chengxi", "城西古墩路店", weight=7),
        Branch("xiaoshan", "萧山市心路加盟店", "franchise", opened=420, weight=6),
        Branch("linping", "临平南苑加盟店", "franchise", opened=190, weight=4),
    ),
    goods=(
        Goods("prescription", "RX-AML-5", 2_600, 9_800, 14),  # blood pressure
        Goods("prescription", "RX-MET-500", 1_900, 8_600, 12),  # blood sugar
        Goods("prescription", "RX-ATO-20", 4_200, 16_800, 10),  # lipids
        Goods("prescription", "RX-AMO-250", 1_200, 4_800, 6),
        Goods("otc", "OTC-COLD-12", 1_200, 4_200, 12),
        Goods("otc", "OTC-IBU-24", 1_500, 3_900, 10),
        Goods("otc", "OTC-BLG-10", 1_000, 3_200, 10),
        Goods("otc", "OTC-PLASTER", 600, 2_800, 8),
        Goods("supplement", "SUP-CA-D3", 6_800, 29_800, 8),
        Goods("supplement", "SUP-FISH-OIL", 8_900, 39_800, 5),
        Goods("supplement", "SUP-EJIAO", 19_800, 89_800, 2),
        Goods("device", "DEV-BP-ARM", 15_800, 49_800, 1),
        Goods("device", "DEV-STRIPS-50", 5_900, 13_900, 7),
        Goods("personal_care", "CARE-MASK-50", 1_500, 4_900, 8),
        Goods("personal_care", "CARE-CREAM", 2_900, 16_800, 6),
    ),
    habits=(
        Habit(10, "steady", 6.0, 2.2, 4, _CHRONIC, active=2.6),  # class A
        Habit(8, "steady", 5.0, 1.4, 4, _CHRONIC, active=2.0),  # class B
        Habit(11, "steady", 3.2, 1.2, 4, _CHRONIC, active=1.2),  # class C
        Habit(28, "steady", 1.3, 0.9, 3, _DAILY, active=0.3),
        Habit(16, "steady", 0.4, 0.8, 2, _DAILY),
        Habit(8, "lapsed", 2.6, 1.0, 3, _DAILY, active=0.4),
        Habit(6, "returned", 2.8, 1.1, 3, _CHRONIC, active=0.8),
        Habit(8, "once", 0.0, 0.9, 2, _DAILY),
        Habit(4, "never", 0.0),
        Habit(4, "newcomer", 2.5, 1.0, 3, _DAILY, active=0.6),
    ),
    season=SEASON,
    weekdays=(1.0, 0.95, 0.95, 0.95, 1.0, 1.15, 1.1),
    hours={8: 6, 9: 11, 10: 12, 11: 8, 12: 5, 13: 5, 14: 7, 15: 8, 16: 9, 17: 10, 18: 10, 19: 9, 20: 7, 21: 3},
    tenders={"wechat": 40, "medical_insurance": 30, "alipay": 18, "cash": 9, "card": 3},
    members=190,
    passers_by=0.8,
    decided=1,
    ages=(21, 84),
    women=0.57,
    tags={"家有老人": 0.22, "母婴": 0.12, "送药上门": 0.08},
    insured=("prescription", "otc"),
    redeems=0.06,
    reward=("blood-sugar-strips", 1_500),
    claims=0.03,
    no_points=("prescription",),
    pastimes=(
        Pastime("glucose_check", 0.35, value=(4.2, 11.5), health=True),
        Pastime("pressure_check", 0.55, fields={"systolic": (104, 158), "diastolic": (64, 98)}, health=True),
        Pastime("lecture", 0.08),
    ),
)
