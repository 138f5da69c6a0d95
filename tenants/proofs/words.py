"""What the ledgers' checks found, for people: of each check by its code, what doesn't agree with what."""

from typing import Final

from saas.errors import Language

_OF_EACH: Final[dict[str, tuple[str, str]]] = {
    "points-balance": ("积分余额不等于各笔积分之和", "The points balance isn't the sum of its entries"),
    "points-lots": ("积分余额不等于各批次剩余积分之和", "The points balance isn't what its lots have left"),
    "points-running-balance": ("此笔积分后的余额记错", "The balance kept behind this entry of points is wrong"),
    "points-lot-left": ("此批积分的剩余数不等于入账减去取用", "This lot of points has left what it shouldn't"),
    "wallet-principal": ("储值本金余额不等于各笔变动之和", "The wallet's principal isn't the sum of its movements"),
    "wallet-bonus": ("储值赠金余额不等于各笔变动之和", "The wallet's bonus isn't the sum of its movements"),
    "wallet-principal-lots": ("储值本金余额不等于各笔充值剩余之和", "The principal isn't what its top-ups have left"),
    "wallet-bonus-lots": ("储值赠金余额不等于各笔充值剩余之和", "The bonus isn't what its top-ups have left"),
    "wallet-principal-opened": ("此笔充值的本金与入账不符", "This lot's principal isn't what was paid in"),
    "wallet-bonus-opened": ("此笔充值的赠金与入账不符", "This lot's bonus isn't what was given"),
    "wallet-principal-left": ("此笔充值的剩余本金不等于充入减去取用", "This lot has principal left that it shouldn't"),
    "wallet-bonus-left": ("此笔充值的剩余赠金不等于赠送减去取用", "This lot has bonus left that it shouldn't"),
    "wallet-principal-running": ("此笔变动后的本金余额记错", "The principal kept behind this movement is wrong"),
    "wallet-bonus-running": ("此笔变动后的赠金余额记错", "The bonus kept behind this movement is wrong"),
    "wallet-zero": ("合并会员转出与转入的储值不相抵", "What merges moved out and in doesn't cancel out"),
    "wallet-taken": ("此笔变动与从各笔充值中取用的金额不符", "This movement isn't what was taken from top-ups for it"),
    "wallet-paid-out": ("付出的现金与各笔充值上记的不符", "The money paid out isn't what is kept of it by top-up"),
    "wallet-taken-at": ("此笔取用的门店或时间记错", "Where or when this was taken is kept wrongly"),
    "wallet-refunded": ("此笔充值的已退本金记错", "What was paid back of this top-up is kept wrongly"),
    "wallet-bonus-voided": ("此笔充值的作废赠金记错", "What was voided of this top-up is kept wrongly"),
    "coupon-state": ("优惠券的状态与其记录不符", "The coupon isn't in the state that its entries leave it in"),
    "coupon-used-for": ("优惠券用于哪一单的记录不符", "The coupon wasn't used for what it says"),
    "coupon-granted-once": ("优惠券的发放不是恰好一次", "The coupon wasn't granted exactly once"),
    "coupon-steps": ("优惠券的使用或退回没有先后依据", "The coupon was used or came back when it couldn't"),
    "reward-stock": ("兑换品库存不等于进出之和", "The reward's stock isn't what came and went"),
    "claim-points": ("兑换扣的积分与兑换单不符", "The claim didn't take the points that it says"),
    "pass-sold": ("次卡的次数或价格与售卡记录不符", "The pass wasn't sold as it says"),
    "pass-undone": ("撤销的次数与所撤销的使用不符", "A use was taken back that wasn't made so"),
    "pass-uses": ("次卡剩余次数不等于各笔记录之和", "The pass has left what its entries don't give"),
    "pass-paid-back": ("次卡已退金额不等于各笔退款之和", "The pass says other money paid back than its entries"),
    "pass-running": ("此笔次卡记录后的剩余次数记错", "The uses kept behind this entry of a pass are wrong"),
    "allowance-undone": ("撤销的权益使用与原使用不符", "An allowance was taken back for another product or period"),
    "purchase-points-earned": ("订单上的获得积分与积分账不符", "The purchase says other points earned than the ledger"),
    "purchase-points-paid": ("订单上的抵扣积分与积分账不符", "The purchase says other points paid than the ledger"),
    "refund-points": ("退款退回的积分与积分账不符", "The refund says other points given back than the ledger"),
    "points-adjusted": ("人工调整的积分与积分账不符", "The adjustment says other points than the ledger"),
    "points-used": ("使用的积分与积分账不符", "The use says other points than the ledger"),
    "purchase-principal": ("订单上的储值本金与储值账不符", "The purchase says other principal paid than the ledger"),
    "purchase-bonus": ("订单上的储值赠金与储值账不符", "The purchase says other bonus paid than the ledger"),
    "refund-principal": ("退款退回的储值本金与储值账不符", "The refund says other principal than the ledger"),
    "refund-bonus": ("退款退回的储值赠金与储值账不符", "The refund says other bonus than the ledger"),
    "top-up-principal": ("充值金额与储值账不符", "The top-up says another amount than the ledger"),
    "top-up-bonus": ("充值赠金与储值账不符", "The top-up says another bonus than the ledger"),
    "wallet-refund-paid-out": ("储值退款的付出金额与储值账不符", "The refund of stored value paid out another amount"),
    "wallet-refund-deducted": ("储值退款的扣除金额与储值账不符", "The refund of stored value deducted another amount"),
    "wallet-refund-bonus": ("储值退款作废的赠金与储值账不符", "The refund of stored value voided another bonus"),
    "purchase-points-reversed": ("退款后收回的积分不对", "Refunds took back other points than this purchase gave"),
    "purchase-coupons": ("订单所用的优惠券与优惠券账不符", "The purchase names other coupons than were used for it"),
    "undone": ("已撤销的单据仍留有变动", "Something undone still moved points or money"),
    "measured-points": ("定级所用的积分累计与积分账不符", "Points that tiers are decided by aren't the ledger's"),
    "measured-top-ups": ("定级所用的充值累计与充值记录不符", "Top-ups that tiers are decided by aren't those made"),
}

_MONEY: Final = ("wallet", "top-up-"), ("-principal", "-bonus", "-top-ups", "-paid-back")


def is_money(kind: str) -> bool:
    """Whether the numbers of a difference of this kind are minor units of the chain's currency."""
    begins, ends = _MONEY
    return kind.startswith(begins) or kind.endswith(ends)


def words_of(check: str) -> dict[Language, str]:
    """A sentence in each language. Raises KeyError for a check that has none."""
    chinese, english = _OF_EACH[check]
    return {"zh-CN": f"{chinese}。", "en": f"{english}."}
