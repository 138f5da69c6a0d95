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
    LOT = auto()
    BONUS = auto()


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
    Why.LOT: {
        "zh-CN": "这批积分的数量、可用日或到期日与当时规则算出的不同。",
        "en": "The lot's points, its first or its last day aren't what the rules of that day give.",
    },
    Why.BONUS: {
        "zh-CN": "这笔充值的赠金与按当时等级和充值档位算出的不同。",
        "en": "The top-up's bonus isn't what its step gives at the tiers held before it.",
    },
}
