"""What a column of a file may mean, in people's words, and which of it a column's name suggests."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from saas.i18n import Tongue, n_
from tenants.imports.options import FIELDS, Kind
from tenants.programme.rules import Attribute

KIND_NAMES: Final[dict[Kind, str]] = {
    "members": n_("Members"),
    "purchases": n_("Purchases"),
    "activities": n_("Activities"),
    "opening_balances": n_("Opening balances"),
}
LABELS: Final[dict[Kind, dict[str, str]]] = {
    "members": {
        "external_id": n_("Member number"),
        "phone": n_("Phone"),
        "card_no": n_("Card number"),
        "name": n_("Name"),
        "kind": n_("Person or company"),
        "birthday": n_("Birthday"),
        "birthday_calendar": n_("Birthday calendar"),
        "gender": n_("Gender"),
        "joined_on": n_("Joined on"),
        "branch": n_("Branch code"),
        "tags": n_("Tags"),
    },
    "purchases": {
        "external_id": n_("Receipt number"),
        "member": n_("Member (phone, card or number)"),
        "branch": n_("Branch code"),
        "occurred_at": n_("Time of sale"),
        "amount": n_("Amount"),
        "category": n_("Category"),
        "refund_of": n_("Refund of receipt"),
    },
    "activities": {
        "external_id": n_("Activity number"),
        "member": n_("Member (phone, card or number)"),
        "kind": n_("Kind of activity"),
        "occurred_at": n_("Time"),
        "value": n_("Value"),
        "branch": n_("Branch code"),
    },
    "opening_balances": {
        "member": n_("Member (phone, card or number)"),
        "points": n_("Points"),
        "points_expire_on": n_("Points expire on"),
        "wallet_principal": n_("Stored value paid in"),
        "wallet_bonus": n_("Stored value given"),
        "tier": n_("Tier"),
        "tier_since": n_("Tier since"),
        "ladder": n_("Tier ladder"),
    },
}
# Beside the labels themselves and the fields' own names.
_ALSO: Final[dict[str, tuple[str, ...]]] = {
    "external_id": ("会员编号", "会员号", "会员id", "外部编号", "编号", "id", "memberid", "customerid", "userid"),
    "phone": ("手机号", "手机号码", "手机", "电话", "联系电话", "mobile", "mobilephone", "phonenumber", "tel"),
    "card_no": ("会员卡号", "卡号", "实体卡号", "card", "cardnumber", "cardno"),
    "name": ("姓名", "会员姓名", "名字", "昵称", "客户姓名", "fullname", "membername", "customername"),
    "birthday": ("生日", "出生日期", "出生年月日", "birthdate", "dateofbirth", "dob"),
    "gender": ("性别", "sex"),
    "joined_on": (
        "入会日期",
        "入会时间",
        "注册日期",
        "注册时间",
        "开卡日期",
        "办卡日期",
        "joindate",
        "joined",
        "createdat",
    ),
    "branch": ("门店", "门店编号", "门店编码", "店铺", "店号", "开卡门店", "消费门店", "store", "shop", "branchcode"),
    "tags": ("标签", "会员标签", "tag", "labels"),
    "member": (
        "会员",
        "手机号",
        "手机",
        "会员手机号",
        "会员卡号",
        "卡号",
        "会员编号",
        "phone",
        "card",
        "cardno",
        "customer",
    ),
    "occurred_at": (
        "消费时间",
        "交易时间",
        "消费日期",
        "下单时间",
        "时间",
        "日期",
        "time",
        "date",
        "soldat",
        "orderdate",
    ),
    "amount": ("金额", "实付", "实付金额", "实收金额", "消费金额", "交易金额", "paid", "total", "sum", "price"),
    "category": ("品类", "类别", "分类", "商品分类"),
    "refund_of": ("原单号", "原订单号", "退款原单号", "originalorder"),
    "points": ("积分", "积分余额", "当前积分", "剩余积分", "pointsbalance"),
    "points_expire_on": ("积分到期日", "积分有效期", "pointsexpiry"),
    "wallet_principal": ("储值", "储值余额", "余额", "本金", "本金余额", "balance", "principal"),
    "wallet_bonus": ("赠金", "赠送金额", "赠送余额", "bonus"),
    "tier": ("等级", "会员等级", "级别", "level", "grade"),
    "tier_since": ("等级起始日", "等级开始日期", "tierdate"),
    "ladder": ("等级体系",),
}
_OF_KIND: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    "members": {},
    "purchases": {
        "external_id": ("单号", "订单号", "流水号", "小票号", "交易号", "orderno", "orderid", "receipt", "id")
    },
    "activities": {
        "external_id": ("流水号", "单号", "id"),
        "kind": ("类型", "活动类型", "type"),
        "value": ("数值", "值", "score", "number"),
    },
    "opening_balances": {},
}
_NOISE: Final = re.compile(r"[\s_\-./()（）【】\[\]:：*]+")


def fields_of(kind: Kind, attributes: Sequence[Attribute], speaks: Tongue) -> list[tuple[str, str]]:
    """(field, its name for people), the chain's own attributes behind a member's fields."""
    plain = [(field, speaks.say(LABELS[kind][field])) for field in FIELDS[kind]]
    if kind != "members":
        return plain
    own = {field for field, _ in plain}
    return plain + [(one.code, one.names.get(speaks.language)) for one in attributes if one.code not in own]


def guess(
    kind: Kind, columns: Sequence[str], attributes: Sequence[Attribute], tongues: Sequence[Tongue]
) -> dict[str, str]:
    """A field for each column whose name is known, each field once: the first column of several gets it."""
    known = _known(kind, attributes, tongues)
    found: dict[str, str] = {}
    for column in columns:
        field = known.get(_plain(column))
        if field is not None and field not in found.values():
            found[column] = field
    return found


def _known(kind: Kind, attributes: Sequence[Attribute], tongues: Sequence[Tongue]) -> Mapping[str, str]:
    """Fields by the names that mean them; the more certain ones come first and stay."""
    known: dict[str, str] = {}
    for field in FIELDS[kind]:
        known.setdefault(_plain(field), field)
    for speaks in tongues:
        for field, label in fields_of(kind, attributes, speaks):
            known.setdefault(_plain(label), field)
    for one in attributes if kind == "members" else ():
        known.setdefault(_plain(one.code), one.code)
    for field in FIELDS[kind]:
        for name in (*_OF_KIND[kind].get(field, ()), *(() if field in _OF_KIND[kind] else _ALSO.get(field, ()))):
            known.setdefault(name, field)
    return known


def _plain(name: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()
