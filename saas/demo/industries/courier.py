"""A courier: people who send a parcel now and then, shops that send every day, companies billed by the month."""

from saas.demo.industry import Branch, Goods, Habit, Industry, Pastime
from saas.demo.seasons import dates, mid_autumn, spring_festival

SEASON = (
    (spring_festival(-1, 3), 0.0),
    (spring_festival(4, 12), 0.5),
    (spring_festival(-16, -2), 1.35),
    (dates((11, 1), (11, 20)), 1.9),  # Double 11 and its weeks of parcels
    (dates((6, 8), (6, 20)), 1.45),
    (dates((12, 8), (12, 14)), 1.3),
    (mid_autumn(-12, -1), 1.3),  # crabs
)

_PRIVATE = ("parcel", "parcel", "document", "packing")
_SHOP = ("parcel", "bulk", "packing", "cold_chain")

COURIER = Industry(
    template="courier",
    company="迅羽快递",
    city="苏州",
    branches=(
        Branch("xinghu", "园区星湖街营业部", weight=12),
        Branch("guanqian", "观前街营业部", weight=9),
        Branch("mudu", "吴中木渎网点", "franchise", weight=7),
        Branch("huaqiao", "昆山花桥网点", "franchise", opened=480, weight=6),
        Branch("taihu", "太湖新城网点", "franchise", opened=150, weight=3),
    ),
    goods=(
        Goods("parcel", "PARCEL-1KG", 1_000, 2_600, 16),
        Goods("parcel", "PARCEL-5KG", 1_800, 6_800, 9),
        Goods("document", "DOC-NEXT-DAY", 1_200, 2_300, 10),
        Goods("packing", "BOX", 300, 1_500, 8),
        Goods("cold_chain", "COLD-CHAIN", 4_800, 18_800, 4),
        Goods("bulk", "BULK-30", 12_000, 48_000, 7),
    ),
    habits=(
        Habit(10, "steady", 3.4, 1.5, 3, _SHOP, company=True, active=0.6),
        Habit(9, "steady", 2.6, 0.9, 3, _SHOP, active=0.4),
        Habit(28, "steady", 1.3, 1.0, 2, _PRIVATE, active=0.2),
        Habit(20, "steady", 0.5, 1.0, 2, _PRIVATE),
        Habit(9, "lapsed", 1.5, 1.0, 2, _PRIVATE),
        Habit(6, "returned", 1.6, 1.1, 2, _PRIVATE, active=0.2),
        Habit(10, "once", 0.0, 1.0, 1, _PRIVATE),
        Habit(3, "never", 0.0),
        Habit(5, "newcomer", 1.8, 1.0, 2, _PRIVATE, active=0.2),
    ),
    season=SEASON,
    weekdays=(1.25, 1.2, 1.15, 1.15, 1.1, 0.75, 0.4),
    hours={8: 5, 9: 10, 10: 12, 11: 10, 12: 5, 13: 6, 14: 9, 15: 11, 16: 13, 17: 12, 18: 7, 19: 4},
    tenders={"wechat": 58, "alipay": 34, "cash": 6, "card": 2},
    members=220,
    passers_by=0.8,
    decided=1,
    ages=(19, 66),
    women=0.5,
    tags={"电商卖家": 0.12, "上门取件": 0.3},
    pastimes=(Pastime("event", 0.12),),
    referred=0.08,
    priced="tier",
    redeems=0.06,
)
