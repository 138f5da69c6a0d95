"""Why something stored is not what the facts give, for those who have to find out."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Why(Enum):
    MISSING = auto()
    EXTRA = auto()
    DECIDED_OTHERWISE = auto()
    ORDER = auto()
    TIER = auto()
    RECHECK = auto()
    SUM = auto()
    POINTS = auto()
    BONUS = auto()
    ENTRY_MISSING = auto()
    ENTRY_EXTRA = auto()
    ENTRY = auto()
    LOT = auto()
    LOT_MISSING = auto()
    LOT_EXTRA = auto()
    BALANCE = auto()
    WALLET_ENTRY = auto()
    WALLET_LOT = auto()
    WALLET = auto()


WHY: Final[Mapping[Why, Mapping[str, str]]] = {
    Why.MISSING: {
        "zh-CN": "按已记录的事实和当时的规则应有这次定级,但没有存下。",
        "en": "By the recorded facts and the rules of that day there is a decision here, but none is stored.",
    },
    Why.EXTRA: {
        "zh-CN": "存有这次定级,但已记录的事实和当时的规则得不出它。",
        "en": "A decision is stored that the recorded facts and the rules of that day don't give.",
    },
    Why.DECIDED_OTHERWISE: {
        "zh-CN": "按已记录的事实和当时的规则重新定级,结果与存下的不同。",
        "en": "Decided again by the recorded facts and the rules of that day, it comes out otherwise than stored.",
    },
    Why.ORDER: {
        "zh-CN": "定级的先后与事实的编号次序不符。",
        "en": "The decisions don't stand in the order of the facts' numbers.",
    },
    Why.TIER: {
        "zh-CN": "会员现有的等级、有效期或锁定与其全部定级得出的不同。",
        "en": "The tier held, its validity or its lock isn't what all the member's decisions left.",
    },
    Why.RECHECK: {
        "zh-CN": "待复核的退款标记与退款记录得出的不同。",
        "en": "The mark for a recheck isn't what refunds and undos left.",
    },
    Why.SUM: {
        "zh-CN": "汇总数与逐笔事实相加的结果不同。",
        "en": "The sum kept isn't what the facts add up to.",
    },
    Why.POINTS: {
        "zh-CN": "这笔消费的积分与按消费前等级和当时规则算出的不同。",
        "en": "The purchase's points aren't what the tier held before it gives by the rules of that day.",
    },
    Why.BONUS: {
        "zh-CN": "这笔充值的赠金与按当时等级和充值档位算出的不同。",
        "en": "The top-up's bonus isn't what its step gives at the tiers held before it.",
    },
    Why.ENTRY_MISSING: {
        "zh-CN": "按已记录的事实和当时的规则应有这笔积分,但没有存下。",
        "en": "By the recorded facts and the rules of that day these points came or went, but no entry says so.",
    },
    Why.ENTRY_EXTRA: {
        "zh-CN": "存有这笔积分,但已记录的事实和当时的规则得不出它。",
        "en": "An entry of points is stored that the recorded facts and the rules of that day don't give.",
    },
    Why.ENTRY: {
        "zh-CN": "这笔积分的数量、日期或所属会员与按事实和当时规则算出的不同。",
        "en": "The entry's points, their day or whose they are isn't what the facts and the rules of that day give.",
    },
    Why.LOT: {
        "zh-CN": "这批积分的数量、剩余、可用日或到期日与按事实和当时规则推算的不同。",
        "en": "The lot's points, what is left of it, its first or its last day isn't what the facts and rules give.",
    },
    Why.LOT_MISSING: {
        "zh-CN": "按已记录的事实应有这一批次,但没有存下。",
        "en": "By the recorded facts there is this lot, but none is stored.",
    },
    Why.LOT_EXTRA: {
        "zh-CN": "存有这一批次,但已记录的事实得不出它。",
        "en": "A lot is stored that the recorded facts don't give.",
    },
    Why.BALANCE: {
        "zh-CN": "积分余额或欠分与会员的全部事实推算的不同。",
        "en": "The points held or owed aren't what all the member's facts leave.",
    },
    Why.WALLET_ENTRY: {
        "zh-CN": "这笔储值变动与按事实和当时规则算出的不同。",
        "en": "The movement of stored value isn't what the facts and the rules of that day give.",
    },
    Why.WALLET_LOT: {
        "zh-CN": "这笔充值的本金、赠金、剩余、已退或作废金额与按事实推算的不同。",
        "en": "What was paid in and given, is left, was paid back or voided of this top-up isn't what the facts give.",
    },
    Why.WALLET: {
        "zh-CN": "储值余额与会员的全部事实推算的不同。",
        "en": "The stored value held isn't what all the member's facts leave.",
    },
}
