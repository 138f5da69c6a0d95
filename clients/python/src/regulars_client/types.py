"""What the API takes and answers. Made from the API's description by `make client`: don't change it by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, NotRequired, TypedDict

from regulars_client.call import Id

API_VERSION: Final = "2026-11-01"


class ActivitiesCreateBatchAnswer(TypedDict):
    data: list[ActivitiesCreateBatchAnswerDataItem]


class ActivitiesCreateBatchAnswerDataItem(TypedDict):
    status: int
    error: NotRequired[Problem]
    id: NotRequired[str]
    member_id: NotRequired[str]
    branch_id: NotRequired[str | None]
    kind: NotRequired[str]
    external_id: NotRequired[str]
    occurred_at: NotRequired[str]
    recorded_at: NotRequired[str]
    local_day: NotRequired[str]
    value: NotRequired[str | None]
    data: NotRequired[Any]
    hidden: NotRequired[bool]
    tier: NotRequired[ActivitiesCreateBatchAnswerDataItemTier]
    tiers: NotRequired[list[TierChange]]
    decision_id: NotRequired[str | None]
    points_earned: NotRequired[int]


class ActivitiesCreateBatchAnswerDataItemTier(TypedDict):
    ladder: str
    before: str
    after: str


class ActivitiesCreateBatchBody(TypedDict):
    """Up to 1,000 activities, each checked by itself."""

    items: Sequence[ActivityBody]


class Activity(TypedDict):
    id: str
    member_id: str
    branch_id: str | None
    kind: str
    external_id: str
    occurred_at: str
    recorded_at: str
    local_day: str
    value: str | None
    data: dict[str, Any] | str | None
    hidden: bool
    tier: ActivityTier
    tiers: list[TierChange]
    decision_id: str | None
    points_earned: int


class ActivityBody(TypedDict):
    """Something that a member did. `occurred_at`: now, where left out."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: NotRequired[Id | None]
    kind: str
    external_id: str
    occurred_at: NotRequired[str | datetime | None]
    value: NotRequired[float | str | None]
    data: NotRequired[Mapping[str, str | float | bool] | str | None]


class ActivityPoints(TypedDict):
    """Points for each activity of a kind."""

    kind: str
    points: int


class ActivityTier(TypedDict):
    ladder: str
    before: str
    after: str


class AdjustBody(TypedDict):
    """Points given (above 0) or taken (below 0) by hand. `expires_on`: the last day of those given; without it they live as long as any that are earned today."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: NotRequired[Id | None]
    external_id: NotRequired[str | None]
    points: int
    reason: str
    expires_on: NotRequired[str | date | None]


class Advance(TypedDict):
    """By the calendar of the sandbox's time zone: a month after 31 January is the last day of February."""

    years: NotRequired[int]
    months: NotRequired[int]
    days: NotRequired[int]
    hours: NotRequired[int]
    minutes: NotRequired[int]


class Allowance(TypedDict):
    """So many free uses of a product in each period; counted when used."""

    type: Literal["allowance"]
    product: str
    per: Literal["day", "week", "month", "quarter", "year"]
    count: int


AllowanceData = TypedDict(
    "AllowanceData",
    {"product": "str", "per": "str", "from": "str", "to": "str", "count": "int", "used": "int", "left": "int"},
)


class AllowanceUse(TypedDict):
    id: str
    product: str
    branch_id: str | None
    external_id: str | None
    recorded_at: str
    undone: bool
    member_id: str
    allowance: AllowanceData | None


class AllowancesUseBody(TypedDict):
    """One use. `external_id`: the caller's own number for it; the same again is answered with the first answer."""

    branch_id: NotRequired[Id | None]
    external_id: NotRequired[str | None]


class Always(TypedDict):
    """As long as it is switched on; the audience says for whom."""

    type: Literal["always"]


class AmountOff(TypedDict):
    type: Literal["amount"]
    amount: int


class AmountOffer(TypedDict):
    """满减: so much off a basket of at least `minimum`."""

    type: Literal["amount"]
    amount: int
    minimum: int


class ApiKey(TypedDict):
    id: str
    name: str
    scopes: list[str]
    branch_ids: list[str] | None
    mode: str
    created_at: str
    created_by: str
    used_at: Any
    revoked_at: Any
    key: str


class ApiKeysListItem(TypedDict):
    id: str
    name: str
    scopes: list[str]
    branch_ids: list[str] | None
    mode: str
    created_at: str
    created_by: str
    used_at: str | None
    revoked_at: str | None


class ApprovalBody(TypedDict):
    """`act`, `target` and `amount` as the problem `approval-needed` names them; `pin` is typed by who approves."""

    staff_id: Id
    pin: str
    act: Literal["points.adjust", "tier.set", "purchase.refund", "wallet.refund"]
    target: str
    amount: NotRequired[int]


class ApprovalsCreateAnswer(TypedDict):
    id: str
    token: str
    approved_by: str
    expires_at: str


class ApprovalsPeopleAnswer(TypedDict):
    data: list[ApprovalsPeopleAnswerDataItem]
    limits: ApprovalsPeopleAnswerLimits


class ApprovalsPeopleAnswerDataItem(TypedDict):
    id: str
    name: str
    role: str


class ApprovalsPeopleAnswerLimits(TypedDict):
    points: int
    money: int


class Attempt(TypedDict):
    at: str
    error: str | None
    answer: str
    status: int
    milliseconds: int


class Attribute(TypedDict):
    """A field of the chain's own on its members; `choices` for a choice, and only there."""

    code: str
    names: Names
    type: Literal["text", "number", "date", "boolean", "choice"]
    choices: NotRequired[Sequence[Choice] | None]


AttributeProperty = TypedDict(
    "AttributeProperty",
    {
        "property": "Literal['attribute']",
        "code": "str",
        "in": "NotRequired[Sequence[str | bool] | None]",
        "gte": "NotRequired[float | str | date | None]",
        "lt": "NotRequired[float | str | date | None]",
    },
)
"""A declared attribute: one of the texts, choices or truth values, or a range of numbers or days."""


class AuditLogListItem(TypedDict):
    id: str
    at: str
    actor: str
    action: str
    target: str | None
    detail: dict[str, Any]
    request_id: str | None


class BalanceLimits(TypedDict):
    """The largest balance of a card with a name and of one without, and whether bonus counts towards it."""

    named: NotRequired[int]
    unnamed: NotRequired[int]
    bonus_counts: NotRequired[bool]


Between = TypedDict("Between", {"type": "Literal['between']", "from": "str | date", "to": "str | date"})


class Billing(TypedDict):
    status: str
    plan: Plan
    trial_ends_at: str | None
    subscription: Subscription | None
    banner: BillingBanner | None
    use: BillingUse
    under_way: bool
    email: str | None
    fapiao: BillingFapiao | None
    offers: list[Plan]


class BillingBanner(TypedDict):
    code: str
    level: str
    at: str | None


class BillingChangePlanAnswer(TypedDict):
    """What was done, or with `preview` what it would cost."""

    kind: str
    plan: str
    revision: str
    at: str
    currency: NotRequired[str]
    amount_due: NotRequired[int]
    lines: NotRequired[list[BillingChangePlanAnswerLinesItem]]
    proration_date: NotRequired[int]
    branches_over: NotRequired[int]


class BillingChangePlanAnswerLinesItem(TypedDict):
    description: str
    amount: int


class BillingCheckoutAnswer(TypedDict):
    url: str | None
    expires_at: str | None


class BillingFapiao(TypedDict):
    bank: NotRequired[str]
    type: str
    phone: NotRequired[str]
    title: str
    account: NotRequired[str]
    address: NotRequired[str]
    tax_number: NotRequired[str]
    email: NotRequired[str]


class BillingInvoicesItem(TypedDict):
    id: str
    number: str | None
    status: str
    billing_reason: str | None
    collection_method: str
    currency: str
    total: int
    amount_paid: int
    amount_remaining: int
    period_start: str
    period_end: str
    created_at: str
    due_at: str | None
    paid_at: str | None
    out_of_band: bool
    next_attempt_at: Any
    hosted_url: str | None
    pdf_url: str | None
    lines: list[BillingInvoicesItemLinesItem]


BillingInvoicesItemLinesItem = TypedDict(
    "BillingInvoicesItemLinesItem",
    {
        "to": "str",
        "from": "str",
        "price": "str",
        "amount": "int",
        "quantity": "int",
        "proration": "bool",
        "description": "str",
    },
)


class BillingOpenPortalAnswer(TypedDict):
    url: str


class BillingUsageAnswer(TypedDict):
    period: BillingUsageAnswerPeriod
    counted_at: str | None
    plan: BillingUsageAnswerPlan
    active_members: BillingUsageAnswerActiveMembers
    days: list[BillingUsageAnswerDaysItem]
    expected_invoice: BillingUsageAnswerExpectedInvoice | None


class BillingUsageAnswerActiveMembers(TypedDict):
    count: int
    included: int
    further: int


class BillingUsageAnswerDaysItem(TypedDict):
    day: str
    new: int
    count: int


class BillingUsageAnswerExpectedInvoice(TypedDict):
    currency: str
    lines: list[BillingUsageAnswerExpectedInvoiceLinesItem]
    total: int


class BillingUsageAnswerExpectedInvoiceLinesItem(TypedDict):
    part: str
    plan: str
    quantity: int
    unit_amount: str
    amount: int


class BillingUsageAnswerPeriod(TypedDict):
    start: str
    end: str
    billed: bool


class BillingUsageAnswerPlan(TypedDict):
    code: str
    revision: str | None
    names: dict[str, str]


class BillingUsageMembersItem(TypedDict):
    member_id: str
    kind: str
    source_id: str
    at: str


class BillingUse(TypedDict):
    branches: int


BirthdayMonthProperty = TypedDict(
    "BirthdayMonthProperty", {"property": "Literal['birthday_month']", "in": "Sequence[int | Literal['this', 'next']]"}
)
"""Born in one of these months; `this` and `next` are months as seen from D."""


class BoughtLeaf(TypedDict):
    """Spend or purchases, all or those of a category."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    metric: Literal["spend", "purchases"]
    category: NotRequired[str | None]


class BoughtWeight(TypedDict):
    """Spend or purchases in a score."""

    per: int
    points: int
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    metric: Literal["spend", "purchases"]
    category: NotRequired[str | None]


class Branch(TypedDict):
    id: str
    code: str
    name: str
    kind: str
    closed_at: str | None
    created_at: str


class BranchChange(TypedDict):
    """What is left out stays."""

    name: NotRequired[str | None]
    kind: NotRequired[Literal["own", "franchise"] | None]
    closed: NotRequired[bool | None]


BranchProperty = TypedDict("BranchProperty", {"property": "Literal['branch']", "in": "Sequence[str]"})
"""The branch where the member was registered, by the branch's code."""


class ByCampaign(TypedDict):
    """No rhythm of its own: when a campaign gives a reason."""

    type: Literal["campaign"]


class CalendarMonth(TypedDict):
    """Offset 0 is the month of D up to D, -1 the month before, whole."""

    type: Literal["calendar_month"]
    offset: NotRequired[int]


class CalendarQuarter(TypedDict):
    type: Literal["calendar_quarter"]
    offset: NotRequired[int]


class CalendarYear(TypedDict):
    type: Literal["calendar_year"]
    offset: NotRequired[int]


class CalendarYearEnd(TypedDict):
    type: Literal["calendar_year_end"]


class Campaign(TypedDict):
    id: str
    code: str
    once: str | None
    type: str
    when: When
    names: dict[str, str]
    coupon: NotRequired[str | None]
    points: NotRequired[int]
    channel: str | None
    message: str | None
    audience: str | None
    both_sides: NotRequired[bool]
    control_percent: str
    state: str
    source: str
    created_at: str
    started_at: str | None
    stopped_at: str | None
    stack: NotRequired[bool]
    multiplier: NotRequired[str]
    offer: NotRequired[Offer]


CampaignsReportAnswer = TypedDict(
    "CampaignsReportAnswer",
    {
        "campaign_id": "str",
        "code": "str",
        "state": "str",
        "from": "str | None",
        "to": "str | None",
        "reached": "Reached",
        "control": "Reached",
        "complete": "bool",
        "difference": "CampaignsReportAnswerDifference | None",
        "applied": "CampaignsReportAnswerApplied",
        "cost": "CampaignsReportAnswerCost",
        "messages": "CampaignsReportAnswerMessages",
        "by_day": "list[CampaignsReportAnswerByDayItem]",
    },
)


class CampaignsReportAnswerApplied(TypedDict):
    purchases: int
    members: int


class CampaignsReportAnswerByDayItem(TypedDict):
    day: str
    count: int


class CampaignsReportAnswerCost(TypedDict):
    discounts: int
    points: int
    coupons: CampaignsReportAnswerCostCoupons


class CampaignsReportAnswerCostCoupons(TypedDict):
    granted: int
    used: int
    taken_off: int


class CampaignsReportAnswerDifference(TypedDict):
    spend_per_member: int
    buyers_percent: str
    spend: int


class CampaignsReportAnswerMessages(TypedDict):
    queued: int
    sent: int
    failed: int
    skipped: int


CampaignsYearly = TypedDict("CampaignsYearly", {"type": "Literal['yearly']", "from": "str", "to": "str"})
"""The same days each year, MM-DD, such as a national holiday; `from` after `to` runs over the new year."""


class CancelBody(TypedDict):
    """`now`: at once, without money back; else at the end of what is paid for."""

    now: NotRequired[bool]


class Card(TypedDict):
    number: str
    member_id: str
    state: str
    issued_at: str
    changed_at: str
    replaced_by: str | None
    proof: str | None


class ChangeBody(TypedDict):
    """`preview`: says what it would cost and changes nothing. `proration_date`: of a preview, so that it costs that."""

    plan: str
    preview: NotRequired[bool]
    proration_date: NotRequired[int | None]


class CheckoutBody(TypedDict):
    """`card`: a page of Stripe's to pay on; `invoice`: invoices are sent, to be paid by bank transfer or Alipay."""

    plan: str
    pay: NotRequired[Literal["card", "invoice"]]


class Choice(TypedDict):
    code: str
    names: Names


class Claim(TypedDict):
    id: str
    reward: ClaimReward
    member_id: str
    points: int
    state: str
    branch_id: str | None
    external_id: str | None
    recorded_at: str
    changed_at: str | None


class ClaimBody(TypedDict):
    """Who claims one piece. `external_id`: the caller's own number of it, unique for ever."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: NotRequired[Id | None]
    external_id: NotRequired[str | None]


class ClaimReward(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class Combines(TypedDict):
    """What else may be used beside the coupon."""

    tier_discount: NotRequired[bool]
    campaign: NotRequired[bool]
    coupons: NotRequired[bool]


class Configuration(TypedDict):
    """A part that is left out stays as it is; so does what a part doesn't name. `programme` is a whole document of the rules; its faults are told with the rest, so it isn't looked at here."""

    format: Literal[1]
    currency: str
    programme: NotRequired[Mapping[str, Any] | None]
    coupons: NotRequired[Sequence[NewCoupon] | None]
    price_lists: NotRequired[Sequence[ConfigurationPriceList] | None]
    segments: NotRequired[Sequence[NewSegment] | None]
    rewards: NotRequired[Sequence[NewReward] | None]
    message_texts: NotRequired[Sequence[Message] | None]
    campaigns: NotRequired[Sequence[MultiplierCampaign | DiscountCampaign | GrantCampaign | MessageCampaign] | None]
    task_rules: NotRequired[Sequence[NewRule] | None]
    settings: NotRequired[Rules | None]
    join_page: NotRequired[JoinPage | None]


class ConfigurationCampaign(TypedDict):
    code: str
    once: str | None
    type: str
    when: When
    names: dict[str, str]
    coupon: NotRequired[str | None]
    points: NotRequired[int]
    channel: str | None
    message: str | None
    audience: str | None
    both_sides: NotRequired[bool]
    control_percent: str
    stack: NotRequired[bool]
    multiplier: NotRequired[str]
    offer: NotRequired[Offer]


class ConfigurationGetAnswer(TypedDict):
    format: int
    currency: str
    programme: dict[str, Any]
    coupons: list[ConfigurationGetAnswerCouponsItem]
    price_lists: list[ConfigurationGetAnswerPriceListsItem]
    segments: list[ConfigurationGetAnswerSegmentsItem]
    rewards: list[ConfigurationGetAnswerRewardsItem]
    message_texts: list[ConfigurationMessageText]
    campaigns: list[ConfigurationCampaign]
    task_rules: list[ConfigurationGetAnswerTaskRulesItem]
    settings: ConfigurationGetAnswerSettings
    join_page: ConfigurationGetAnswerJoinPage


class ConfigurationGetAnswerCouponsItem(TypedDict):
    code: str
    names: dict[str, str]
    value: Value
    minimum: int
    categories: list[str]
    branches: list[Any]
    combines: ConfigurationGetAnswerCouponsItemCombines
    valid_days: int | None
    valid_from: str | None
    valid_until: str | None


class ConfigurationGetAnswerCouponsItemCombines(TypedDict):
    coupons: bool
    campaign: bool
    tier_discount: bool


class ConfigurationGetAnswerJoinPage(TypedDict):
    open: bool
    words: ConfigurationGetAnswerJoinPageWords
    privacy_url: Any


class ConfigurationGetAnswerJoinPageWords(TypedDict):
    en: NotRequired[str]


class ConfigurationGetAnswerPriceListsItem(TypedDict):
    code: str
    names: dict[str, str]
    prices: list[Item]


class ConfigurationGetAnswerRewardsItem(TypedDict):
    code: str
    names: dict[str, str]
    points: int
    floor: ConfigurationGetAnswerRewardsItemFloor | None
    stock: int | None


class ConfigurationGetAnswerRewardsItemFloor(TypedDict):
    ladder: str
    tier: str


class ConfigurationGetAnswerSegmentsItem(TypedDict):
    code: str
    names: dict[str, str]
    condition: dict[str, Any]


class ConfigurationGetAnswerSettings(TypedDict):
    shared_phones: bool
    clerk_points: int
    clerk_money: int


class ConfigurationGetAnswerTaskRulesItem(TypedDict):
    code: str
    names: dict[str, str]
    ladder: str | None
    tiers: list[str]
    segment: str | None
    every: ConfigurationGetAnswerTaskRulesItemEvery
    due_days: int
    visit_settles: bool


class ConfigurationGetAnswerTaskRulesItemEvery(TypedDict):
    type: str
    months: NotRequired[int]
    days: NotRequired[int]


class ConfigurationMessageText(TypedDict):
    code: str
    names: dict[str, str]
    texts: dict[str, str]
    purpose: str
    channels: list[str]


class ConfigurationPriceList(TypedDict):
    names: Names
    prices: Sequence[Price]
    code: str


class ConfigurationReplaceAnswer(TypedDict):
    dry_run: bool
    added: int
    changed: int
    same: int
    refused: int
    data: list[ConfigurationReplaceAnswerDataItem]


class ConfigurationReplaceAnswerDataItem(TypedDict):
    part: str
    code: str | None
    outcome: str
    text: str
    changes: list[str]
    error: Problem | None


ConsentProperty = TypedDict(
    "ConsentProperty",
    {"property": "Literal['consent']", "in": "Sequence[Literal['sms', 'email', 'wechat', 'push', 'health']]"},
)
"""Agreed, and still agrees, to one of the channels; `health`: to the keeping of health data."""


class Cost(TypedDict):
    now: CostNow
    points: int
    discounts: int
    window_days: int


class CostNow(TypedDict):
    points: int
    discounts: int


class CountedLeaf(TypedDict):
    """Another metric with a window and nothing to narrow it."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    metric: Literal["max_purchase", "referrals", "top_ups", "max_top_up", "points_earned", "branches"]


class CountedProperty(TypedDict):
    """A whole number of the member, between bounds.

    `birthday_in_days`: days from D to the next birthday (0: today; 29 February is kept on the 28th). `age`: whole years at D. `wallet_balance`: principal and bonus, minor units. Without a birthday the first two aren't met.
    """

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    property: Literal["birthday_in_days", "age", "wallet_balance"]


class CountedWeight(TypedDict):
    """Another windowed metric in a score."""

    per: int
    points: int
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    metric: Literal["max_purchase", "referrals", "top_ups", "max_top_up", "points_earned", "branches"]


class CouponChange(TypedDict):
    """What is left out stays; the code always does. Coupons given before keep their terms and days. `valid_from` null: from the day of the grant on. `ended`: true, and none is given any more; false, and they are again."""

    names: NotRequired[Names]
    value: NotRequired[AmountOff | PercentOff | FixedPrice]
    minimum: NotRequired[int]
    categories: NotRequired[Sequence[str]]
    branches: NotRequired[Sequence[str]]
    combines: NotRequired[Combines]
    valid_days: NotRequired[int]
    valid_from: NotRequired[str | date | None]
    valid_until: NotRequired[str | date]
    ended: NotRequired[bool]


class CouponData(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    value: Value
    minimum: int
    branches: list[str]
    combines: CouponDataCombines
    categories: list[str]
    valid_days: int | None
    valid_from: str | None
    valid_until: str | None
    source: str
    ended_at: str | None
    created_at: str


class CouponDataCombines(TypedDict):
    coupons: bool
    campaign: bool
    tier_discount: bool


class CouponGrant(TypedDict):
    id: str
    number: str | None
    coupon: CouponGrantCoupon
    member_id: str | None
    value: CouponGrantValue
    minimum: int
    branches: list[str]
    combines: CouponGrantCombines
    categories: list[str]
    valid_from: str
    valid_until: str
    state: str
    occasion: str
    granted_at: str
    used_for: str | None


class CouponGrantCombines(TypedDict):
    coupons: bool
    campaign: bool
    tier_discount: bool


class CouponGrantCoupon(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class CouponGrantValue(TypedDict):
    type: str
    amount: NotRequired[int]
    percent: NotRequired[str]


class CouponsGetAnswer(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    value: Value
    minimum: int
    branches: list[str]
    combines: CouponsGetAnswerCombines
    categories: list[str]
    valid_days: int | None
    valid_from: Any
    valid_until: str | None
    source: str
    ended_at: Any
    created_at: str
    counts: CouponsGetAnswerCounts


class CouponsGetAnswerCombines(TypedDict):
    coupons: bool
    campaign: bool
    tier_discount: bool


class CouponsGetAnswerCounts(TypedDict):
    open: int
    used: int
    void: int
    expired: int


class CouponsGetGrantAnswer(TypedDict):
    id: str
    number: str | None
    coupon: CouponsGetGrantAnswerCoupon
    member_id: str | None
    value: CouponsGetGrantAnswerValue
    minimum: int
    branches: list[Any]
    combines: CouponsGetGrantAnswerCombines
    categories: list[str]
    valid_from: str
    valid_until: str
    state: str
    occasion: str
    granted_at: str
    used_for: str | None
    entries: list[CouponsGetGrantAnswerEntriesItem]


class CouponsGetGrantAnswerCombines(TypedDict):
    coupons: bool
    campaign: bool
    tier_discount: bool


class CouponsGetGrantAnswerCoupon(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class CouponsGetGrantAnswerEntriesItem(TypedDict):
    kind: str
    recorded_at: str
    branch_id: str | None
    amount: int | None
    external_id: str | None
    reason: str | None


class CouponsGetGrantAnswerValue(TypedDict):
    type: str
    amount: int


class CouponsGrantAnswer(TypedDict):
    granted: int
    coupons: list[CouponsGrantAnswerCouponsItem]


class CouponsGrantAnswerCouponsItem(TypedDict):
    id: str
    member_id: str


class CouponsPrintAnswer(TypedDict):
    sheet: str
    coupon: CouponsPrintAnswerCoupon
    valid_from: str
    valid_until: str
    coupons: list[CouponsPrintAnswerCouponsItem]


class CouponsPrintAnswerCoupon(TypedDict):
    id: str
    code: str


class CouponsPrintAnswerCouponsItem(TypedDict):
    id: str
    number: str


class CouponsRedeemBody(TypedDict):
    """A till took the coupon's value by itself: `amount` minor units, where it says so."""

    number: NotRequired[str | None]
    grant_id: NotRequired[Id | None]
    branch_id: Id
    external_id: NotRequired[str | None]
    amount: NotRequired[int | None]


class CurrentTier(TypedDict):
    ladder: str
    code: str
    name: str
    since: str
    valid_until: str | None


class CurrentValidity(TypedDict):
    type: Literal["current_validity"]


class Daily(TypedDict):
    type: Literal["daily"]


class Data(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    condition: dict[str, Any]
    source: str
    created_at: str


class Discount(TypedDict):
    """A percentage off each line; with a category, off its lines only."""

    type: Literal["discount"]
    percent: str
    category: NotRequired[str | None]


class DiscountCampaign(TypedDict):
    code: str
    names: Names
    when: (
        Always
        | Between
        | CampaignsYearly
        | Weekdays
        | MonthDays
        | OnJoining
        | OnBirthday
        | OnPurchase
        | OnTierReached
        | OnTierExpiring
        | OnPointsExpiring
        | OnReferral
        | OnSegmentEntered
    )
    audience: NotRequired[str | None]
    control_percent: NotRequired[str]
    channel: NotRequired[Literal["sms", "email", "wechat", "push"] | None]
    message: NotRequired[str | None]
    once: NotRequired[Literal["ever", "year", "month", "day"] | None]
    type: Literal["discount"]
    offer: PercentOffer | AmountOffer


class Done(TypedDict):
    tasks: int
    looked_at: int
    returned: int
    percent: str | None


class DoneBody(TypedDict):
    outcome: Literal["reached", "not_reached", "will_come", "declined", "other"]
    note: NotRequired[str | None]


class DoneLeaf(TypedDict):
    """How many activities, all or those of a kind."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    kind: NotRequired[str | None]
    metric: Literal["activities"]


class DoneWeight(TypedDict):
    """Activities in a score."""

    per: int
    points: int
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    kind: NotRequired[str | None]
    metric: Literal["activities"]


class Eligibility(TypedDict):
    """Who may join: from which age (None: any), people, companies or both."""

    min_age: NotRequired[int | None]
    kinds: NotRequired[Sequence[Literal["person", "company"]]]


class EndOfYear(TypedDict):
    """At the end of the year of the accrual (0), of the next one (1), and so on."""

    type: Literal["end_of_year"]
    years: NotRequired[int]


class Event(TypedDict):
    id: str
    position: int
    type: str
    occurred_at: str
    member_id: str | None
    data: dict[str, Any]


class EventTypesListItem(TypedDict):
    type: str
    description: str
    example: Event


class EventsListAnswer(TypedDict):
    data: list[Event]
    next_cursor: str | None
    position: int
    newest: int


class EveryDays(TypedDict):
    type: Literal["days"]
    days: int


class EveryMonths(TypedDict):
    type: Literal["months"]
    months: int


class ExpireMonths(TypedDict):
    type: Literal["months"]
    months: int


class ExpiringProperty(TypedDict):
    """How many points expire within so many days, D the first of them."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    property: Literal["points_expiring"]
    days: int


class Export(TypedDict):
    id: str
    state: str
    progress: float
    as_of: str | None
    rows: int | None
    bytes: int | None
    sha256: str | None
    created_at: str
    expires_at: str | None
    link: ExportLink | None


class ExportLink(TypedDict):
    url: str
    expires_at: str


class Fapiao(TypedDict):
    """`normal` (普通发票) may be made out to a person, by a title alone; `special` (专用发票) needs everything but the e-mail address, to which an electronic one goes."""

    type: Literal["normal", "special"]
    title: str
    tax_number: NotRequired[str | None]
    address: NotRequired[str | None]
    phone: NotRequired[str | None]
    bank: NotRequired[str | None]
    account: NotRequired[str | None]
    email: NotRequired[str | None]


class FieldError(TypedDict):
    pointer: str
    """RFC 6901, into the body; of a query string `/name`."""
    message: str
    code: str


class FixedPrice(TypedDict):
    """The thing costs so much, whatever its list price; 0: it is free."""

    type: Literal["fixed_price"]
    price: int


class Floor(TypedDict):
    """The lowest tier of a ladder that may claim it."""

    ladder: str
    tier: str


class Forever(TypedDict):
    type: Literal["forever"]


class Gift(TypedDict):
    """A coupon on an occasion, once per member, tier and occasion."""

    type: Literal["gift"]
    occasion: Literal["upgrade", "birthday"]
    coupon: str


class GrantBody(TypedDict):
    """To one member, to up to 1,000, or to everybody in a segment (its code or id)."""

    member_id: NotRequired[Id | None]
    member_ids: NotRequired[Sequence[Id] | None]
    segment: NotRequired[str | None]
    reason: NotRequired[str | None]


class GrantCampaign(TypedDict):
    """Gives a coupon, points, or both; `both_sides`: to who brought and who was brought."""

    code: str
    names: Names
    when: (
        Always
        | Between
        | CampaignsYearly
        | Weekdays
        | MonthDays
        | OnJoining
        | OnBirthday
        | OnPurchase
        | OnTierReached
        | OnTierExpiring
        | OnPointsExpiring
        | OnReferral
        | OnSegmentEntered
    )
    audience: NotRequired[str | None]
    control_percent: NotRequired[str]
    channel: NotRequired[Literal["sms", "email", "wechat", "push"] | None]
    message: NotRequired[str | None]
    once: NotRequired[Literal["ever", "year", "month", "day"] | None]
    type: Literal["grant"]
    coupon: NotRequired[str | None]
    points: NotRequired[int]
    both_sides: NotRequired[bool]


class HeldTier(TypedDict):
    ladder: str
    code: str
    since: str
    valid_until: str | None
    locked_until: str | None
    may_rise: bool
    reason: str | None
    decision_id: str | None


class Holder(TypedDict):
    id: str
    code: str
    kind: str
    name: str


class Import(TypedDict):
    kind: str
    state: str
    rows: int
    imported: int
    updated: int
    unchanged: int
    failed: int
    points: int
    id: str
    errors_kept: int
    seconds: float | None
    recalculation_id: str | None
    error: ImportError | None


class ImportError(TypedDict):
    code: str
    message: str
    errors: list[ImportErrorErrorsItem]


class ImportErrorErrorsItem(TypedDict):
    column: str
    code: str
    message: str


class ImportsCreateAnswer(TypedDict):
    import_id: str
    job_id: str


class ImportsCreateOptions(TypedDict):
    """The `options` part of an upload. `mapping` names a field for each column to be read, and no other column
    is read then; without it columns are matched by name. `minor_units`: amounts are integers, already in minor
    units. `create_missing`: unknown branches and members are made instead of refused. `accrue`: the purchases or
    activities earn points. A column of a member file may also feed an attribute that the programme declares, by its
    code.
    """

    kind: Literal["members", "purchases", "activities", "opening_balances"]
    mapping: NotRequired[Mapping[str, str] | None]
    dry_run: NotRequired[bool]
    evaluate: NotRequired[bool]
    accrue: NotRequired[bool]
    minor_units: NotRequired[bool]
    create_missing: NotRequired[bool]


class ImportsListItem(TypedDict):
    id: str
    kind: str
    state: str
    rows: int
    imported: int
    updated: int
    unchanged: int
    failed: int
    actor: str
    finished_at: str | None
    filename: str
    dry_run: bool
    created_at: str
    progress: float


class Item(TypedDict):
    sku: str
    names: dict[str, str] | None
    list_price: int | None
    price: int


class Job(TypedDict):
    id: str
    kind: str
    state: str
    progress: float
    counts: RecalculationCounts
    result: RecalculationCounts | None
    error: JobError | None
    created_at: str
    updated_at: str


JobBranch = TypedDict(
    "JobBranch",
    {"to": "str | None", "from": "str | None", "ladder": "str", "members": "int", "branch_id": "str | None"},
)


class JobError(TypedDict):
    code: str


JobMove = TypedDict("JobMove", {"to": "str | None", "from": "str | None", "ladder": "str", "members": "int"})


class JoinCode(TypedDict):
    code: str
    branch_id: str | None
    url: str
    qr: str


class JoinCodeBody(TypedDict):
    """`branch_id`: who joins there belongs to it; left out, to none."""

    branch_id: NotRequired[Id | None]


class JoinPage(TypedDict):
    open: bool
    words: Mapping[str, str]
    privacy_url: NotRequired[str | None]


KindProperty = TypedDict(
    "KindProperty", {"property": "Literal['kind']", "in": "Sequence[Literal['person', 'company']]"}
)


class Ladder(TypedDict):
    """Tiers in the order of their ranks, the base tier first, under one policy."""

    code: str
    names: Names
    visibility: NotRequired[Literal["members", "staff"]]
    tiers: Sequence[Tier]
    policy: Policy


class Lifecycle(TypedDict):
    """When a member counts as new, slipping, dormant and lost."""

    new_days: NotRequired[int]
    slipping_factor: NotRequired[str]
    dormant_days: NotRequired[int]
    lost_days: NotRequired[int]


class Lifetime(TypedDict):
    type: Literal["lifetime"]


class Line(TypedDict):
    list: NotRequired[int]
    bonus: NotRequired[int]
    amount: int
    points: NotRequired[int]
    earning: NotRequired[int]
    category: NotRequired[str]
    quantity: int | str
    tier_discount: NotRequired[int]
    coupon_discount: NotRequired[int]
    sku: NotRequired[str]
    campaign_discount: NotRequired[int]


class LineBody(TypedDict):
    """One line; `amount` is the line's total, `quantity` pieces or a decimal string (0.250 kg)."""

    category: NotRequired[str | None]
    sku: NotRequired[str | None]
    quantity: NotRequired[int | str]
    amount: int


class LineRefundBody(TypedDict):
    """What is given back of one line: `line` is its index in the purchase, from 0; `amount` in minor units."""

    line: int
    amount: int


class Lot(TypedDict):
    id: str
    amount: int
    bonus_voided: int
    deducted: int


class Member(TypedDict):
    id: str
    status: str
    phone: str | None
    name: str | None
    external_id: str | None
    card_no: str | None
    kind: str
    birthday: str | None
    birthday_calendar: str
    gender: str | None
    joined_on: str
    branch_id: str | None
    referrer_id: str | None
    source: str
    enrolled_by: str | None
    returning: bool
    wechat: list[MemberWechatItem]
    tags: list[str]
    attributes: dict[str, bool | float | str]
    consents: dict[str, bool]
    tier: CurrentTier
    tiers: dict[str, CurrentTier]
    points: PointsBalance
    wallet: MemberWallet
    created_at: str
    closed_at: str | None


class MemberChange(TypedDict):
    """What is left out stays; null takes away. `tags` replaces all tags; of `attributes` and `consents` those named change. `joined_on` and `referrer_id` are read by rules: their changes are facts, with the member's next number. `source`: where the consents were given."""

    phone: NotRequired[str | None]
    name: NotRequired[str | None]
    external_id: NotRequired[str | None]
    card_no: NotRequired[str | None]
    wechat: NotRequired[WechatBody | None]
    kind: NotRequired[Literal["person", "company"]]
    birthday: NotRequired[str | date | None]
    birthday_calendar: NotRequired[Literal["solar", "lunar"]]
    gender: NotRequired[Literal["female", "male", "other"] | None]
    joined_on: NotRequired[str | date]
    branch_id: NotRequired[Id | None]
    referrer_id: NotRequired[Id | None]
    tags: NotRequired[Sequence[str] | None]
    attributes: NotRequired[Mapping[str, Any]]
    consents: NotRequired[Mapping[str, bool]]
    source: NotRequired[Literal["api", "till", "page"]]


class MemberWallet(TypedDict):
    principal: int
    bonus: int


class MemberWechatItem(TypedDict):
    app_id: NotRequired[str]
    openid: NotRequired[str]
    unionid: NotRequired[str]


class MembersActivitiesItem(TypedDict):
    id: str
    member_id: str
    branch_id: str | None
    kind: str
    external_id: str
    occurred_at: str
    recorded_at: str
    local_day: str
    value: str | None
    data: dict[str, Any] | None
    hidden: bool


class MembersAgreementsItem(TypedDict):
    kind: str
    language: str
    text: str
    at: str
    mark: str


class MembersCardLinkAnswer(TypedDict):
    url: str
    qr: str


class MembersChangesItem(TypedDict):
    id: str
    field: str
    before: str | None
    after: str
    recorded_at: str
    actor: str


class MembersConsentsItem(TypedDict):
    id: str
    channel: str
    granted: bool
    recorded_at: str
    source: str
    actor: str


class MembersCreateBatchAnswer(TypedDict):
    data: list[MembersCreateBatchAnswerDataItem]


class MembersCreateBatchAnswerDataItem(TypedDict):
    status: int
    id: NotRequired[str]
    error: NotRequired[Problem]


class MembersCreateBatchBody(TypedDict):
    """Each item is read by itself: one bad item refuses itself only."""

    items: Sequence[NewMember]


class MembersCreateWalletCodeAnswer(TypedDict):
    code: str
    expires_at: str
    qr: str


class MembersDecisionsItem(TypedDict):
    id: str
    member_id: str
    ladder: str
    effective_at: str
    recorded_at: str
    from_tier: str
    to_tier: str
    reason: str
    valid_until: str | None
    day: str
    programme_version: int
    facts: dict[str, float]
    cause: str
    cause_id: str


class MembersMessagesItem(TypedDict):
    id: str
    channel: str
    purpose: str
    state: str
    error: str | None
    created_at: str
    changed_at: str


class MembersPurchasesItem(TypedDict):
    id: str
    member_id: str
    branch_id: str
    external_id: str
    occurred_at: str
    recorded_at: str
    local_day: str
    amount: int
    lines: list[Line] | None
    tenders: list[Tender] | None
    category: Any
    sold_by: str | None
    source: str
    refunded: int
    undone_at: str | None
    discounts: list[PurchaseDiscount]
    paid: int
    points_earned: int
    points_redeemed: int
    wallet: MembersPurchasesItemWallet
    points: MembersPurchasesItemPoints | None
    printed_coupons: list[Any]


class MembersPurchasesItemPoints(TypedDict):
    balance: int


class MembersPurchasesItemWallet(TypedDict):
    principal: int
    bonus: int


class MembersReferralsItem(TypedDict):
    member_id: str
    name: str | None
    joined_on: str
    counted_on: str | None
    counted_at: str | None


class MembersSendWalletCodeAnswer(TypedDict):
    expires_at: str


class MembersTimelineItem(TypedDict):
    type: str
    id: str
    at: str
    data: dict[str, Any]


class MembersWalletAnswer(TypedDict):
    principal: int
    bonus: int
    lots: list[MembersWalletAnswerLotsItem]
    data: list[MembersWalletAnswerDataItem]
    next_cursor: str | None


MembersWalletAnswerDataItem = TypedDict(
    "MembersWalletAnswerDataItem",
    {
        "id": "str",
        "kind": "str",
        "source_id": "str",
        "account": "str",
        "amount": "int",
        "from": "str",
        "to": "str",
        "principal": "int",
        "bonus": "int",
        "branch_id": "str | None",
        "recorded_at": "str",
        "reason": "str | None",
    },
)


class MembersWalletAnswerLotsItem(TypedDict):
    id: str
    branch_id: str
    principal: int
    bonus: int
    principal_left: int
    bonus_left: int
    refunded: int
    recorded_at: str


class MembershipYear(TypedDict):
    """Offset 0 begins at the latest anniversary of joining, -1 at the one before."""

    type: Literal["membership_year"]
    offset: NotRequired[int]


class MergeBody(TypedDict):
    """The record that ends; the one of the path survives."""

    other_id: Id


class Message(TypedDict):
    """A text that is sent. `marketing` goes only to members who agreed to the channel; `service` belongs to what the member has already (points about to expire, a tier reached)."""

    code: str
    names: Names
    purpose: Literal["marketing", "service"]
    channels: Sequence[Literal["sms", "email", "wechat", "push"]]
    texts: Prose


class MessageCampaign(TypedDict):
    code: str
    names: Names
    when: (
        Always
        | Between
        | CampaignsYearly
        | Weekdays
        | MonthDays
        | OnJoining
        | OnBirthday
        | OnPurchase
        | OnTierReached
        | OnTierExpiring
        | OnPointsExpiring
        | OnReferral
        | OnSegmentEntered
    )
    audience: NotRequired[str | None]
    control_percent: NotRequired[str]
    channel: NotRequired[Literal["sms", "email", "wechat", "push"] | None]
    message: str
    once: NotRequired[Literal["ever", "year", "month", "day"] | None]
    type: Literal["message"]


class MessageText(TypedDict):
    code: str
    names: dict[str, str]
    texts: dict[str, str]
    purpose: str
    channels: list[str]
    source: str
    changed_at: str


class MessagesListItem(TypedDict):
    id: str
    member_id: str
    channel: str
    purpose: str
    marketing: bool
    state: str
    error: str | None
    created_at: str
    changed_at: str


class Missing(TypedDict):
    metric: str
    amount: int | str
    by: str | None
    text: str
    category: NotRequired[str]
    kind: NotRequired[str]


class MonthDays(TypedDict):
    """Days of each month; one that a month lacks is left out."""

    type: Literal["month_days"]
    days: Sequence[int]


class Monthly(TypedDict):
    """Fires at local midnight of day 1."""

    type: Literal["monthly"]


class Months(TypedDict):
    type: Literal["months"]
    months: int


class Move(TypedDict):
    """One of both: the instant that the clock is to show, or how far it is to go on."""

    to: NotRequired[str | datetime | None]
    advance: NotRequired[Advance | None]


class MultiplierCampaign(TypedDict):
    """More points for purchases; `stack`: multiplies with others instead of the best one counting."""

    code: str
    names: Names
    when: (
        Always
        | Between
        | CampaignsYearly
        | Weekdays
        | MonthDays
        | OnJoining
        | OnBirthday
        | OnPurchase
        | OnTierReached
        | OnTierExpiring
        | OnPointsExpiring
        | OnReferral
        | OnSegmentEntered
    )
    audience: NotRequired[str | None]
    control_percent: NotRequired[str]
    channel: NotRequired[Literal["sms", "email", "wechat", "push"] | None]
    message: NotRequired[str | None]
    once: NotRequired[Literal["ever", "year", "month", "day"] | None]
    type: Literal["multiplier"]
    multiplier: str
    stack: NotRequired[bool]


Names = TypedDict("Names", {"zh-CN": "str", "en": "str"})
"""One text in both languages of the product."""


class Never(TypedDict):
    type: Literal["never"]


class NewApiKey(TypedDict):
    """`branch_ids`: the only branches where the key works; none given: everywhere."""

    name: str
    scopes: Sequence[
        Literal[
            "members:read",
            "members:write",
            "health:read",
            "purchases:write",
            "points:write",
            "wallet:write",
            "wallet:confirm",
            "programme:write",
            "reports:read",
            "webhooks:write",
            "admin",
        ]
    ]
    branch_ids: NotRequired[Sequence[Id] | None]


class NewBranch(TypedDict):
    code: str
    name: str
    kind: NotRequired[Literal["own", "franchise"]]


class NewCard(TypedDict):
    """Without `card_no` the number is ours: 12 digits with a check digit."""

    card_no: NotRequired[str | None]


class NewCoupon(TypedDict):
    """Its terms, and either `valid_days` (local days from that of the grant on) or fixed days until `valid_until`."""

    code: str
    names: Names
    value: AmountOff | PercentOff | FixedPrice
    minimum: NotRequired[int]
    categories: NotRequired[Sequence[str]]
    branches: NotRequired[Sequence[str]]
    combines: NotRequired[Combines]
    valid_days: NotRequired[int | None]
    valid_from: NotRequired[str | date | None]
    valid_until: NotRequired[str | date | None]


class NewMember(TypedDict):
    """At least a name or one identifier. `joined_on`: today on the tenant's clock where left out. `enrolled_by`: who did it, in the chain's own words; left out, the key. `birthday` is the solar date of birth, `birthday_calendar` the one that it is kept by: `lunar` for 农历."""

    phone: NotRequired[str | None]
    name: NotRequired[str | None]
    external_id: NotRequired[str | None]
    card_no: NotRequired[str | None]
    wechat: NotRequired[WechatBody | None]
    kind: NotRequired[Literal["person", "company"]]
    birthday: NotRequired[str | date | None]
    birthday_calendar: NotRequired[Literal["solar", "lunar"]]
    gender: NotRequired[Literal["female", "male", "other"] | None]
    joined_on: NotRequired[str | date | None]
    branch_id: NotRequired[Id | None]
    referrer_id: NotRequired[Id | None]
    tags: NotRequired[Sequence[str]]
    attributes: NotRequired[Mapping[str, Any]]
    consents: NotRequired[Mapping[str, bool]]
    source: NotRequired[Literal["api", "till", "page"]]
    enrolled_by: NotRequired[str | None]


class NewReward(TypedDict):
    """`stock`: pieces there are to begin with; None: as many as wanted. `floor` None: for every member."""

    code: str
    names: Names
    points: int
    stock: NotRequired[int | None]
    floor: NotRequired[Floor | None]


class NewRule(TypedDict):
    """For a ladder's tiers, or for a segment by its code. `due_days`: how many local days a task of it is in time. `visit_settles`: who buys meanwhile needn't be called any more."""

    code: str
    names: Names
    ladder: NotRequired[str | None]
    tiers: NotRequired[Sequence[str]]
    segment: NotRequired[str | None]
    every: EveryDays | EveryMonths | ByCampaign
    due_days: NotRequired[int]
    visit_settles: NotRequired[bool]


class NewSandbox(TypedDict):
    """`template`: an industry template (with its `variant`) instead of the chain's own set-up. `samples`: sixty made-up members with a year of purchases."""

    template: NotRequired[str | None]
    variant: NotRequired[str | None]
    samples: NotRequired[bool]


class NewSegment(TypedDict):
    code: str
    names: Names
    condition: (
        SegmentsAnyOf
        | SegmentsAllOf
        | SegmentsNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | TierProperty
        | BranchProperty
        | TagProperty
        | AttributeProperty
        | BirthdayMonthProperty
        | CountedProperty
        | ExpiringProperty
        | RanksProperty
        | KindProperty
        | ConsentProperty
        | StageProperty
        | RfmGroupProperty
        | SourceProperty
    )


class NewStaff(TypedDict):
    """`branch_ids`: the only branches where this person works; none given: everywhere."""

    email: str
    name: str
    role: Literal["owner", "manager", "clerk", "analyst"]
    branch_ids: NotRequired[Sequence[Id] | None]


class NewTestKey(TypedDict):
    """As of a live key; none is bound to branches."""

    name: str
    scopes: Sequence[
        Literal[
            "members:read",
            "members:write",
            "health:read",
            "purchases:write",
            "points:write",
            "wallet:write",
            "wallet:confirm",
            "programme:write",
            "reports:read",
            "webhooks:write",
            "admin",
        ]
    ]


class NewWebhook(TypedDict):
    """`types` null: every type, also those to come."""

    url: str
    types: NotRequired[Sequence[str] | None]
    description: NotRequired[str | None]
    enabled: NotRequired[bool]


class Offer(TypedDict):
    type: str
    percent: NotRequired[str]
    categories: NotRequired[list[str]]
    amount: NotRequired[int]
    minimum: NotRequired[int]


class OnBirthday(TypedDict):
    type: Literal["birthday"]
    days_before: NotRequired[int]


class OnJoining(TypedDict):
    type: Literal["joined"]


class OnPointsExpiring(TypedDict):
    type: Literal["points_expiring"]
    days: int


class OnPurchase(TypedDict):
    """A purchase of at least so much; `by`: a member's, or a guest's, whose coupon is printed."""

    type: Literal["purchase"]
    min_amount: NotRequired[int]
    by: NotRequired[Literal["member", "guest"]]


class OnReferral(TypedDict):
    """When a member's friend buys for the first time; with `count`, only when it is so many friends."""

    type: Literal["referral"]
    count: NotRequired[int | None]


class OnSegmentEntered(TypedDict):
    """When a member comes into the audience."""

    type: Literal["segment_entered"]


class OnTierExpiring(TypedDict):
    """When a tier's validity ends soon and what would keep it isn't reached yet."""

    type: Literal["tier_expiring"]


class OnTierReached(TypedDict):
    type: Literal["tier_reached"]


class Param(TypedDict):
    asks: NotRequired[int]
    less: NotRequired[int]
    tier: NotRequired[str | None]
    higher: NotRequired[str]
    amount: NotRequired[int]
    limit: NotRequired[int]
    of: NotRequired[str]
    ladder: NotRequired[str]


class Pass(TypedDict):
    id: str
    member_id: str
    branch_id: str
    external_id: str
    product: str
    uses: int
    left: int
    price: int
    paid_back: int
    refundable: int
    valid_until: str
    state: str
    tenders: list[PassTendersItem] | None
    sold_by: str | None
    recorded_at: str


class PassBody(TypedDict):
    """A pass that is sold. `price` is for all its `uses`, in minor units; `tenders`, where sent, sum to it. `valid_until`: its last local day."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: Id
    external_id: str
    product: str
    uses: int
    price: int
    valid_until: str | date
    tenders: NotRequired[Sequence[TenderBody] | None]
    sold_by: NotRequired[str | None]


PassRefund = TypedDict(
    "PassRefund",
    {
        "id": "str",
        "pass_id": "str",
        "kind": "str",
        "uses": "int",
        "left": "int",
        "amount": "int",
        "undoes": "str | None",
        "branch_id": "str",
        "external_id": "str | None",
        "tender": "str | None",
        "reason": "str | None",
        "recorded_at": "str",
        "actor": "str",
        "pass": "Pass",
    },
)


class PassTendersItem(TypedDict):
    type: str
    amount: int


class PassesEntriesItem(TypedDict):
    id: str
    pass_id: str
    kind: str
    uses: int
    left: int
    amount: int
    undoes: Any
    branch_id: str
    external_id: str | None
    tender: Any
    reason: Any
    recorded_at: str
    actor: str


class PassesRefundBody(TypedDict):
    """`uses` given back, else all that are left. `tender`: how the money goes out."""

    branch_id: Id
    external_id: NotRequired[str | None]
    uses: NotRequired[int | None]
    tender: NotRequired[
        Literal["cash", "card", "wechat", "alipay", "medical_insurance", "bank_transfer", "other"] | None
    ]
    reason: NotRequired[str | None]


class PassesUndoBody(TypedDict):
    """The use that wasn't one."""

    entry_id: Id


class PassesUseBody(TypedDict):
    """`count` visits at once. With `external_id` a repeat is answered the same."""

    branch_id: Id
    external_id: NotRequired[str | None]
    count: NotRequired[int]


class PayerBody(TypedDict):
    """Where invoices are sent, and what a fapiao is made out to (null: none is wanted). What is left out stays."""

    email: NotRequired[str | None]
    fapiao: NotRequired[Fapiao | None]


class PaymentMethod(TypedDict):
    type: str
    brand: NotRequired[str]
    last4: NotRequired[str]
    exp_year: NotRequired[int]
    exp_month: NotRequired[int]


class PercentOff(TypedDict):
    type: Literal["percent"]
    percent: str


class PercentOffer(TypedDict):
    """So much off each line, or off those of the categories."""

    type: Literal["percent"]
    percent: str
    categories: NotRequired[Sequence[str]]


class PinBody(TypedDict):
    """Six digits."""

    pin: str


class PinConsent(TypedDict):
    """The member's own PIN, which it typed itself."""

    type: Literal["pin"]
    pin: str


class PlainLeaf(TypedDict):
    """A metric that is what it is at D, without a window."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    metric: Literal["tenure_days", "days_since_purchase"]


class Plan(TypedDict):
    code: str
    revision: str | None
    names: dict[str, str]
    members: int
    branches: int
    requests_per_second: int
    price: PlanPrice | None


class PlanPrice(TypedDict):
    currency: str
    monthly: int
    per_thousand: int


class Point(TypedDict):
    id: str
    kind: str
    source_id: str
    points: int
    balance: int
    day: str
    branch_id: str | None
    reason: str | None
    recorded_at: str
    actor: str
    spendable_from: str | None
    expires_on: str | None


class PointAdjust(TypedDict):
    id: str
    member_id: str
    points: int
    balance: int
    external_id: str | None
    recorded_at: str


class Points(TypedDict):
    """So many points for a whole currency unit, 0 for none; without `redeem` they can't be used as money."""

    per_unit: NotRequired[str]
    pending_days: NotRequired[int]
    expiry: NotRequired[Never | ExpireMonths | EndOfYear]
    excluded_categories: NotRequired[Sequence[str]]
    excluded_tenders: NotRequired[Sequence[str]]
    redeem: NotRequired[Redeem | None]
    beside: NotRequired[PointsBeside | None]


class PointsBalance(TypedDict):
    balance: int
    spendable: int
    pending: int
    expiring_next: PointsBalanceExpiringNext | None
    debt: NotRequired[int]
    data: NotRequired[list[Point]]
    next_cursor: NotRequired[str | None]


class PointsBalanceExpiringNext(TypedDict):
    points: int
    on: str


class PointsBeside(TypedDict):
    """Points for other things than purchases: `top_up` for a whole unit of principal, the others each time."""

    top_up: NotRequired[str]
    activities: NotRequired[Sequence[ActivityPoints]]
    referral: NotRequired[int]
    birthday: NotRequired[int]


class PointsMultiplier(TypedDict):
    type: Literal["points_multiplier"]
    multiplier: str


class PointsRedeemBody(TypedDict):
    """Points spent at the counter, without a purchase and without a reward of the catalogue."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: NotRequired[Id | None]
    external_id: NotRequired[str | None]
    points: int
    reason: NotRequired[str | None]


class Policy(TypedDict):
    """How a ladder decides; `max_drop` None: a fall goes as far as it goes."""

    upgrade: Literal["immediate", "scheduled"]
    schedule: Daily | Monthly | Quarterly | ProgrammeYearly
    validity: UntilNextSchedule | Months | CalendarYearEnd | Forever
    grace_days: NotRequired[int]
    max_drop: NotRequired[int | None]
    late_days: NotRequired[int]
    refund_recheck: NotRequired[Literal["next_schedule", "end_of_day"]]


class PostponeBody(TypedDict):
    """`until`: the local day on which it is due then."""

    until: str | date
    note: NotRequired[str | None]


class Preview(TypedDict):
    condition: (
        SegmentsAnyOf
        | SegmentsAllOf
        | SegmentsNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | TierProperty
        | BranchProperty
        | TagProperty
        | AttributeProperty
        | BirthdayMonthProperty
        | CountedProperty
        | ExpiringProperty
        | RanksProperty
        | KindProperty
        | ConsentProperty
        | StageProperty
        | RfmGroupProperty
        | SourceProperty
    )


class Price(TypedDict):
    """Of one piece, in minor units. `sku`: as the till's lines name it. `list_price`: what others pay, to be shown beside it."""

    sku: str
    names: NotRequired[Names | None]
    list_price: NotRequired[int | None]
    price: int


class PriceListBody(TypedDict):
    """The whole list: a price that isn't in it is gone."""

    names: Names
    prices: Sequence[Price]


class PriceListChange(TypedDict):
    """`prices` are put, `remove` (their skus) taken away; all others stay."""

    names: NotRequired[Names]
    prices: NotRequired[Sequence[Price]]
    remove: NotRequired[Sequence[str]]


class PriceListsGetAnswer(TypedDict):
    code: str
    names: dict[str, str]
    prices: list[Item]


class PriceListsListItem(TypedDict):
    code: str
    names: dict[str, str]
    prices: int


class PriceListsReplaceAnswer(TypedDict):
    code: str
    names: dict[str, str]
    prices: list[Item]


class PriceListsUpdateAnswer(TypedDict):
    code: str
    names: dict[str, str]
    prices: list[Item]


class PrintBody(TypedDict):
    """So many numbers to print; `branch_id`: where they are given out."""

    count: int
    branch_id: NotRequired[Id | None]


class PrintedCoupon(TypedDict):
    number: str
    code: str
    names: dict[str, str]
    valid_from: str
    valid_until: str


class Problem(TypedDict):
    """RFC 9457. Decide by `type` and by the `code` of `errors`; the texts follow Accept-Language."""

    type: str
    """The type's page."""
    title: str
    status: int
    detail: str
    instance: NotRequired[str]
    """The request's id."""
    errors: NotRequired[list[FieldError]]
    """What was sent wrongly, all of it."""


class ProblemTypesGetAnswer(TypedDict):
    """A type of problem: `errors` are the texts of its errors' codes, where it has any."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[dict[str, str]]


class ProblemTypesListAnswer(TypedDict):
    data: list[Problem]


class Programme(TypedDict):
    """The whole document. The first ladder is the main one. A stored version knows how it was `published`, too, which is no part of the document."""

    version: NotRequired[int]
    currency: str
    ladders: Sequence[Ladder]
    points: NotRequired[Points]
    wallet: NotRequired[Wallet]
    stacking: NotRequired[Stacking]
    eligibility: NotRequired[Eligibility]
    attributes: NotRequired[Sequence[Attribute]]
    activity_kinds: NotRequired[Sequence[str]]
    health_kinds: NotRequired[Sequence[str]]
    lifecycle: NotRequired[Lifecycle]


class ProgrammeAllOf(TypedDict):
    all: Sequence[
        ProgrammeAnyOf
        | ProgrammeAllOf
        | ProgrammeNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
    ]


class ProgrammeAnyOf(TypedDict):
    any: Sequence[
        ProgrammeAnyOf
        | ProgrammeAllOf
        | ProgrammeNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
    ]


class ProgrammeDraftDiffAnswer(TypedDict):
    version: str
    against: int
    data: list[ProgrammeDraftDiffAnswerDataItem]


class ProgrammeDraftDiffAnswerDataItem(TypedDict):
    pointer: str
    kind: str
    text: str


ProgrammeNot = TypedDict(
    "ProgrammeNot",
    {
        "not": "ProgrammeAnyOf | ProgrammeAllOf | ProgrammeNot | BoughtLeaf | DoneLeaf | RatingLeaf | CountedLeaf | PlainLeaf | ScoreLeaf"
    },
)


class ProgrammePriceList(TypedDict):
    """The prices of one of the till's lists, such as member prices."""

    type: Literal["price_list"]
    code: str


class ProgrammeRecalculateAnswer(TypedDict):
    job_id: str


class ProgrammeSaveDraftAnswer(TypedDict):
    draft: dict[str, Any]
    warnings: list[Warning]


class ProgrammeSimulateAnswer(TypedDict):
    job_id: str


class ProgrammeVersionDiffAnswer(TypedDict):
    version: int
    against: int
    data: list[ProgrammeVersionDiffAnswerDataItem]


class ProgrammeVersionDiffAnswerDataItem(TypedDict):
    pointer: str
    kind: str
    text: str


class ProgrammeVersionsItem(TypedDict):
    version: int
    published_at: str
    published_by: str
    note: str | None
    transition: str | None
    effective_at: str
    rolled_back_to: int | None


class ProgrammeYearly(TypedDict):
    """Fires at local midnight of one day of the year; 29 February: on the 28th in other years."""

    type: Literal["yearly"]
    month: int
    day: int


class Proof(TypedDict):
    n: int
    kind: str
    member_id: str
    what: str
    expected: dict[str, Any] | str | None
    stored: dict[str, Any] | str | None
    text: str


class ProofGetAnswer(TypedDict):
    state: str
    text: str
    proved_on: str | None
    members: int
    unproved: list[ProofGetAnswerUnprovedItem]
    differences: ProofGetAnswerDifferences
    under_way: ProofGetAnswerUnderWay | None
    failed_at: str | None
    id: NotRequired[str]
    started_at: NotRequired[str]
    finished_at: NotRequired[str]
    checks: NotRequired[ProofGetAnswerChecks]


class ProofGetAnswerChecks(TypedDict):
    done: int
    of: int


class ProofGetAnswerDifferences(TypedDict):
    count: int
    data: list[Proof]
    next_cursor: str | None


class ProofGetAnswerUnderWay(TypedDict):
    id: str
    state: str
    started_at: str
    members: int
    differences: int
    progress: float


class ProofGetAnswerUnprovedItem(TypedDict):
    why: str
    members: NotRequired[int]
    text: str
    check: NotRequired[str]


class ProofStartAnswer(TypedDict):
    job_id: str


Prose = TypedDict("Prose", {"zh-CN": "str", "en": "str"})
"""A paragraph in both languages of the product."""


class PublishBody(TypedDict):
    """When members get the tier that the new rules give them (`transition`), and from when the rules are in force: at once, or `at` an instant to come. `holders`: by ladder, what becomes of those who hold a tier that the draft doesn't have, `{"card": {"silver": "gold"}}`; `{"club": null}` for a ladder that goes."""

    transition: NotRequired[Literal["now", "up_only", "next_schedule", "next_purchase", "grandfather"]]
    note: NotRequired[str | None]
    at: NotRequired[str | datetime | None]
    holders: NotRequired[Mapping[str, Mapping[str, str] | None] | None]


class Purchase(TypedDict):
    id: str
    member_id: str | None
    branch_id: str
    external_id: str
    occurred_at: str
    recorded_at: str
    refunded: int
    undone_at: str | None
    amount: int
    discounts: list[PurchaseDiscount]
    paid: int
    lines: list[Line] | None
    tenders: list[Tender] | None
    points_earned: int
    points_redeemed: int
    wallet: PurchaseWallet
    points: PurchasePoints | None
    printed_coupons: list[PrintedCoupon]
    sold_by: str | None
    tier: PurchaseTier | None
    tiers: list[TierChange]
    decision_id: str | None


class PurchaseBody(TypedDict):
    """One ticket, with the till's own number. A quote takes the number, too, and ignores it."""

    external_id: str
    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    member_code: NotRequired[str | None]
    branch_id: Id
    occurred_at: NotRequired[str | datetime | None]
    amount: NotRequired[int | None]
    lines: NotRequired[Sequence[LineBody] | None]
    coupons: NotRequired[Sequence[str] | None]
    points_to_redeem: NotRequired[int]
    wallet_amount: NotRequired[int]
    wallet_consent: NotRequired[QrConsent | SmsConsent | PinConsent | None]
    tenders: NotRequired[Sequence[TenderBody] | None]
    sold_by: NotRequired[str | None]
    external_amounts: NotRequired[bool]


class PurchaseDiscount(TypedDict):
    code: str
    type: str
    amount: int
    ladder: NotRequired[str]
    id: NotRequired[str]


class PurchasePoints(TypedDict):
    balance: int


class PurchaseRefund(TypedDict):
    id: str
    purchase_id: str
    member_id: str | None
    branch_id: str
    external_id: str
    recorded_at: str
    amount: int
    lines: list[PurchaseRefundLinesItem] | None
    tenders: list[Tender] | None
    points_reversed: int
    points_returned: int
    wallet: PurchaseRefundWallet
    reason: str | None
    refunded: int
    left: int


class PurchaseRefundLinesItem(TypedDict):
    line: int
    amount: int


class PurchaseRefundWallet(TypedDict):
    principal: int
    bonus: int


class PurchaseTier(TypedDict):
    ladder: str
    before: str
    after: str


class PurchaseWallet(TypedDict):
    principal: int
    bonus: int


class PurchasesCreateBatchAnswer(TypedDict):
    data: list[PurchasesCreateBatchAnswerDataItem]


class PurchasesCreateBatchAnswerDataItem(TypedDict):
    status: int
    error: NotRequired[Problem]
    id: NotRequired[str]
    member_id: NotRequired[str | None]
    branch_id: NotRequired[str]
    external_id: NotRequired[str]
    occurred_at: NotRequired[str]
    recorded_at: NotRequired[str]
    refunded: NotRequired[int]
    undone_at: NotRequired[Any]
    amount: NotRequired[int]
    discounts: NotRequired[list[PurchaseDiscount]]
    paid: NotRequired[int]
    lines: NotRequired[list[Line] | None]
    tenders: NotRequired[list[Tender] | None]
    points_earned: NotRequired[int]
    points_redeemed: NotRequired[int]
    wallet: NotRequired[PurchasesCreateBatchAnswerDataItemWallet]
    points: NotRequired[PurchasesCreateBatchAnswerDataItemPoints | None]
    printed_coupons: NotRequired[list[Any]]
    sold_by: NotRequired[str | None]
    tier: NotRequired[PurchasesCreateBatchAnswerDataItemTier | None]
    tiers: NotRequired[list[TierChange]]
    decision_id: NotRequired[str | None]


class PurchasesCreateBatchAnswerDataItemPoints(TypedDict):
    balance: int


class PurchasesCreateBatchAnswerDataItemTier(TypedDict):
    ladder: str
    before: str
    after: str


class PurchasesCreateBatchAnswerDataItemWallet(TypedDict):
    principal: int
    bonus: int


class PurchasesCreateBatchBody(TypedDict):
    """Up to 1,000 purchases, each checked by itself."""

    items: Sequence[PurchaseBody]


class PurchasesUndoAnswer(TypedDict):
    id: str
    member_id: str | None
    branch_id: str
    external_id: str
    amount: int
    undone_at: str
    reason: str | None
    points_reversed: int
    points_returned: int
    wallet: PurchasesUndoAnswerWallet
    coupons: list[str]
    tiers: list[TierChange]


class PurchasesUndoAnswerWallet(TypedDict):
    principal: int
    bonus: int


class QrBody(TypedDict):
    """`amount`: the most that the code consents to, in minor units; left out, any."""

    amount: NotRequired[int | None]


class QrConsent(TypedDict):
    """The code that the member's digital card showed less than a minute ago."""

    type: Literal["qr"]
    code: str


class Quarterly(TypedDict):
    """Fires at local midnight of 1 January, April, July and October."""

    type: Literal["quarterly"]


class Quote(TypedDict):
    member_id: str | None
    branch_id: str
    as_of: str
    amount: int
    discounts: list[PurchaseDiscount]
    paid: int
    lines: list[Line] | None
    tenders: list[Tender] | None
    points_earned: int
    points_redeemed: int
    wallet: QuoteWallet
    points: QuotePoints | None
    printed_coupons: list[Any]
    consent_required: bool
    available_coupons: list[QuoteAvailableCouponsItem]


class QuoteAvailableCouponsItem(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    valid_until: str
    saves: int


class QuotePoints(TypedDict):
    balance: int


class QuoteWallet(TypedDict):
    principal: int
    bonus: int


class RanksProperty(TypedDict):
    """How many ranks of a ladder (the main one without `ladder`) lie above the tier held: 0 at the top."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    property: Literal["ranks_to_next"]
    ladder: NotRequired[str | None]


class RatingLeaf(TypedDict):
    """The mean of the activities' numbers."""

    gte: NotRequired[str | None]
    lt: NotRequired[str | None]
    window: (
        Lifetime
        | CalendarMonth
        | CalendarQuarter
        | CalendarYear
        | RollingDays
        | RollingMonths
        | MembershipYear
        | Between
        | SinceTierStart
        | CurrentValidity
    )
    kind: NotRequired[str | None]
    metric: Literal["rating"]


class Reached(TypedDict):
    members: int
    buyers: int
    purchases: int
    spend: int
    spend_per_member: int


class RecalculateBody(TypedDict):
    """`as_of`: the run counts as the schedule firing at that instant; default: now. `rebuild` instead: the computed decisions are dropped and made anew from everything that is known."""

    as_of: NotRequired[str | datetime | None]
    rebuild: NotRequired[bool]


class RecalculationCounts(TypedDict):
    ended: NotRequired[bool]
    granted: NotRequired[int]
    looked_at: NotRequired[int]
    renewed: NotRequired[int]
    seconds: NotRequired[float]
    upgraded: NotRequired[int]
    evaluated: NotRequired[int]
    downgraded: NotRequired[int]
    losers: NotRequired[int]
    winners: NotRequired[int]
    cost: NotRequired[Cost]
    as_of: NotRequired[str]
    moves: NotRequired[list[JobMove]]
    members: NotRequired[int]
    samples: NotRequired[list[Sample]]
    branches: NotRequired[list[JobBranch]]
    warnings: NotRequired[list[Warning]]
    transition: NotRequired[str]
    programme_version: NotRequired[int]
    rows: NotRequired[int]
    failed: NotRequired[int]
    points: NotRequired[int]
    updated: NotRequired[int]
    imported: NotRequired[int]
    unchanged: NotRequired[int]
    recalculation_id: NotRequired[str]
    deliveries: NotRequired[int]
    erased: NotRequired[int]
    proved_on: NotRequired[str]
    differences: NotRequired[int]
    checks: NotRequired[int]


class Redeem(TypedDict):
    """`points` pay `amount` minor units; from `min_points` on, up to `max_percent` of a purchase."""

    points: int
    amount: int
    min_points: NotRequired[int]
    max_percent: NotRequired[str]


class RefundsRefundBody(TypedDict):
    """One refund: an `amount` of the whole, or `lines` with an amount each. With both they must add up."""

    external_id: str
    amount: NotRequired[int | None]
    lines: NotRequired[Sequence[LineRefundBody] | None]
    reason: NotRequired[str | None]


class Replacement(TypedDict):
    """`proof`: how the member showed that the card is its own (the phone it is called at, a document seen)."""

    card_no: NotRequired[str | None]
    proof: str


class ReplayBody(TypedDict):
    """Either `failed`: what failed or waits for another try, or all events from `from` (to `to`), whether they were delivered or not, or never sent there. `from` and `to` narrow `failed` too."""

    failed: NotRequired[bool]
    from_: NotRequired[str | datetime | None]
    to: NotRequired[str | datetime | None]


ReportsBranchesAnswer = TypedDict(
    "ReportsBranchesAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "branches": "list[ReportsBranchesAnswerBranchesItem]",
    },
)


class ReportsBranchesAnswerBranchesItem(TypedDict):
    again: int
    amount: int
    branch: Holder
    buyers: int
    joined: int
    members: int
    refunded: int
    purchases: int
    member_share: str | None
    member_amount: int
    repurchase_rate: str | None
    member_purchases: int


ReportsCohortsAnswer = TypedDict(
    "ReportsCohortsAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "cohorts": "list[ReportsCohortsAnswerCohortsItem]",
        "unfinished": "str | None",
    },
)


class ReportsCohortsAnswerCohortsItem(TypedDict):
    month: str
    rates: list[str]
    active: list[int]
    members: int


ReportsLiabilityAnswer = TypedDict(
    "ReportsLiabilityAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "steps": "list[ReportsLiabilityAnswerStepsItem]",
        "before": "ReportsLiabilityAnswerBefore",
        "points": "ReportsLiabilityAnswerPoints",
        "wallet": "ReportsLiabilityAnswerWallet",
    },
)


class ReportsLiabilityAnswerBefore(TypedDict):
    bonus: int
    points: int
    principal: int


class ReportsLiabilityAnswerPoints(TypedDict):
    debt: int
    used: int
    value: int
    balance: int
    expired: int
    granted: int
    holders: int
    adjusted: int
    expiring_30: int
    expiring_90: int


ReportsLiabilityAnswerStepsItem = TypedDict(
    "ReportsLiabilityAnswerStepsItem", {"to": "str", "from": "str", "bonus": "int", "points": "int", "principal": "int"}
)


class ReportsLiabilityAnswerWallet(TypedDict):
    bonus: int
    holders: int
    principal: int
    used_bonus: int
    adjusted_bonus: int
    paid_out_bonus: int
    used_principal: int
    topped_up_bonus: int
    adjusted_principal: int
    paid_out_principal: int
    topped_up_principal: int


ReportsMovementsAnswer = TypedDict(
    "ReportsMovementsAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "up": "int",
        "down": "int",
        "moves": "list[ReportsMovementsAnswerMovesItem]",
        "steps": "list[ReportsMovementsAnswerStepsItem]",
        "renewed": "int",
    },
)

ReportsMovementsAnswerMovesItem = TypedDict(
    "ReportsMovementsAnswerMovesItem",
    {
        "to": "str",
        "from": "str",
        "ladder": "str",
        "members": "int",
        "reasons": "ReportsMovementsAnswerMovesItemReasons",
    },
)


class ReportsMovementsAnswerMovesItemReasons(TypedDict):
    manual: NotRequired[int]
    upgrade: NotRequired[int]
    refund: NotRequired[int]
    late: NotRequired[int]


ReportsMovementsAnswerStepsItem = TypedDict(
    "ReportsMovementsAnswerStepsItem", {"to": "str", "up": "int", "down": "int", "from": "str", "renewed": "int"}
)

ReportsOverviewAnswer = TypedDict(
    "ReportsOverviewAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "sales": "ReportsOverviewAnswerSales",
        "steps": "list[ReportsOverviewAnswerStepsItem]",
        "buyers": "ReportsOverviewAnswerBuyers",
        "members": "ReportsOverviewAnswerMembers",
    },
)


class ReportsOverviewAnswerBuyers(TypedDict):
    again: int
    members: int
    repurchase_rate: str | None


class ReportsOverviewAnswerMembers(TypedDict):
    left: int
    total: int
    joined: int


class ReportsOverviewAnswerSales(TypedDict):
    amount: int
    average: int | None
    refunded: int
    purchases: int
    member_share: str | None
    member_amount: int
    member_purchases: int


ReportsOverviewAnswerStepsItem = TypedDict(
    "ReportsOverviewAnswerStepsItem",
    {
        "to": "str",
        "from": "str",
        "left": "int",
        "amount": "int",
        "joined": "int",
        "members": "int",
        "refunded": "int",
        "purchases": "int",
        "member_amount": "int",
        "member_purchases": "int",
    },
)

ReportsParetoAnswer = TypedDict(
    "ReportsParetoAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "curve": "list[list[int]]",
        "needed": "list[int]",
        "members": "int",
        "revenue": "int",
        "percent": "int",
        "top": "int",
        "top_share": "str | None",
    },
)

ReportsRfmAnswer = TypedDict(
    "ReportsRfmAnswer",
    {
        "from": "str | None",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "cells": "list[ReportsRfmAnswerCellsItem]",
        "buyers": "int",
        "groups": "list[ReportsRfmAnswerGroupsItem]",
    },
)


class ReportsRfmAnswerCellsItem(TypedDict):
    f: int
    m: int
    r: int
    spend: int
    members: int
    purchases: int


class ReportsRfmAnswerGroupsItem(TypedDict):
    group: str
    spend: int
    members: int
    purchases: int


ReportsSettlementAnswer = TypedDict(
    "ReportsSettlementAnswer",
    {
        "from": "str",
        "to": "str",
        "currency": "str",
        "pairs": "list[ReportsSettlementAnswerPairsItem]",
        "branches": "list[ReportsSettlementAnswerBranchesItem]",
    },
)


class ReportsSettlementAnswerBranchesItem(TypedDict):
    branch: Holder
    owes: int
    is_owed: int
    balance: int


class ReportsSettlementAnswerPairsItem(TypedDict):
    holder: Holder
    place: Holder
    principal: int
    bonus: int
    paid_out: int
    net: int


ReportsShiftsAnswer = TypedDict(
    "ReportsShiftsAnswer",
    {
        "from": "str",
        "to": "str",
        "currency": "str",
        "shifts": "list[ReportsShiftsAnswerShiftsItem]",
        "totals": "ReportsShiftsAnswerTotals",
    },
)


class ReportsShiftsAnswerShiftsItem(TypedDict):
    branch_id: str
    branch: str
    clerk: str
    purchases: ReportsShiftsAnswerShiftsItemPurchases
    top_ups: ReportsShiftsAnswerShiftsItemTopUps
    passes: ReportsShiftsAnswerShiftsItemPasses
    refunds: ReportsShiftsAnswerShiftsItemRefunds
    wallet_refunds: ReportsShiftsAnswerShiftsItemWalletRefunds
    pass_refunds: ReportsShiftsAnswerShiftsItemPassRefunds
    undone: ReportsShiftsAnswerShiftsItemUndone
    takings: list[ReportsShiftsAnswerShiftsItemTakingsItem]


class ReportsShiftsAnswerShiftsItemPassRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[Any]


class ReportsShiftsAnswerShiftsItemPasses(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerShiftsItemPassesTendersItem]


class ReportsShiftsAnswerShiftsItemPassesTendersItem(TypedDict):
    type: Any
    amount: int


class ReportsShiftsAnswerShiftsItemPurchases(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerShiftsItemPurchasesTendersItem]


class ReportsShiftsAnswerShiftsItemPurchasesTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerShiftsItemRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerShiftsItemRefundsTendersItem]


class ReportsShiftsAnswerShiftsItemRefundsTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerShiftsItemTakingsItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerShiftsItemTopUps(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerShiftsItemTopUpsTendersItem]


class ReportsShiftsAnswerShiftsItemTopUpsTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerShiftsItemUndone(TypedDict):
    purchases: ReportsShiftsAnswerShiftsItemUndonePurchases
    top_ups: ReportsShiftsAnswerShiftsItemUndoneTopUps


class ReportsShiftsAnswerShiftsItemUndonePurchases(TypedDict):
    count: int
    amount: int


class ReportsShiftsAnswerShiftsItemUndoneTopUps(TypedDict):
    count: int
    amount: int


class ReportsShiftsAnswerShiftsItemWalletRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerShiftsItemWalletRefundsTendersItem]


class ReportsShiftsAnswerShiftsItemWalletRefundsTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerTotals(TypedDict):
    purchases: ReportsShiftsAnswerTotalsPurchases
    top_ups: ReportsShiftsAnswerTotalsTopUps
    passes: ReportsShiftsAnswerTotalsPasses
    refunds: ReportsShiftsAnswerTotalsRefunds
    wallet_refunds: ReportsShiftsAnswerTotalsWalletRefunds
    pass_refunds: ReportsShiftsAnswerTotalsPassRefunds
    undone: ReportsShiftsAnswerTotalsUndone
    takings: list[ReportsShiftsAnswerTotalsTakingsItem]


class ReportsShiftsAnswerTotalsPassRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[Any]


class ReportsShiftsAnswerTotalsPasses(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerTotalsPassesTendersItem]


class ReportsShiftsAnswerTotalsPassesTendersItem(TypedDict):
    type: Any
    amount: int


class ReportsShiftsAnswerTotalsPurchases(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerTotalsPurchasesTendersItem]


class ReportsShiftsAnswerTotalsPurchasesTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerTotalsRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerTotalsRefundsTendersItem]


class ReportsShiftsAnswerTotalsRefundsTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerTotalsTakingsItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerTotalsTopUps(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerTotalsTopUpsTendersItem]


class ReportsShiftsAnswerTotalsTopUpsTendersItem(TypedDict):
    type: str | None
    amount: int


class ReportsShiftsAnswerTotalsUndone(TypedDict):
    purchases: ReportsShiftsAnswerTotalsUndonePurchases
    top_ups: ReportsShiftsAnswerTotalsUndoneTopUps


class ReportsShiftsAnswerTotalsUndonePurchases(TypedDict):
    count: int
    amount: int


class ReportsShiftsAnswerTotalsUndoneTopUps(TypedDict):
    count: int
    amount: int


class ReportsShiftsAnswerTotalsWalletRefunds(TypedDict):
    count: int
    amount: int
    tenders: list[ReportsShiftsAnswerTotalsWalletRefundsTendersItem]


class ReportsShiftsAnswerTotalsWalletRefundsTendersItem(TypedDict):
    type: str | None
    amount: int


ReportsTasksAnswer = TypedDict(
    "ReportsTasksAnswer",
    {
        "from": "str",
        "to": "str",
        "within_days": "int",
        "comparison": "str",
        "totals": "ReportsTasksAnswerTotals",
        "rules": "list[ReportsTasksAnswerRulesItem]",
        "branches": "list[ReportsTasksAnswerBranchesItem]",
        "clerks": "list[ReportsTasksAnswerClerksItem]",
    },
)


class ReportsTasksAnswerBranchesItem(TypedDict):
    branch: ReportsTasksAnswerBranchesItemBranch | None
    made: int
    done: int
    skipped: int
    postponed: int
    settled: int
    dropped: int
    open_late: int
    outcomes: ReportsTasksAnswerBranchesItemOutcomes
    returns: ReportsTasksAnswerBranchesItemReturns


class ReportsTasksAnswerBranchesItemBranch(TypedDict):
    id: str
    code: str
    name: str


class ReportsTasksAnswerBranchesItemOutcomes(TypedDict):
    reached: NotRequired[int]
    not_reached: NotRequired[int]


class ReportsTasksAnswerBranchesItemReturns(TypedDict):
    done: Done
    not_done: Done


class ReportsTasksAnswerClerksItem(TypedDict):
    clerk: str
    done: int
    skipped: int
    postponed: int
    outcomes: ReportsTasksAnswerClerksItemOutcomes
    returns: ReportsTasksAnswerClerksItemReturns


class ReportsTasksAnswerClerksItemOutcomes(TypedDict):
    not_reached: NotRequired[int]
    reached: NotRequired[int]


class ReportsTasksAnswerClerksItemReturns(TypedDict):
    done: Done


class ReportsTasksAnswerRulesItem(TypedDict):
    rule: ReportsTasksAnswerRulesItemRule
    made: int
    done: int
    skipped: int
    postponed: int
    settled: int
    dropped: int
    open_late: int
    outcomes: ReportsTasksAnswerRulesItemOutcomes
    returns: ReportsTasksAnswerRulesItemReturns


class ReportsTasksAnswerRulesItemOutcomes(TypedDict):
    not_reached: NotRequired[int]
    reached: NotRequired[int]


class ReportsTasksAnswerRulesItemReturns(TypedDict):
    done: Done
    not_done: Done


class ReportsTasksAnswerRulesItemRule(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class ReportsTasksAnswerTotals(TypedDict):
    made: int
    done: int
    skipped: int
    postponed: int
    settled: int
    dropped: int
    open_late: int
    outcomes: ReportsTasksAnswerTotalsOutcomes
    returns: ReportsTasksAnswerTotalsReturns


class ReportsTasksAnswerTotalsOutcomes(TypedDict):
    not_reached: NotRequired[int]
    reached: NotRequired[int]


class ReportsTasksAnswerTotalsReturns(TypedDict):
    done: Done
    not_done: Done


ReportsTierMixAnswer = TypedDict(
    "ReportsTierMixAnswer",
    {
        "from": "str",
        "to": "str",
        "as_of": "str",
        "currency": "str",
        "steps": "list[ReportsTierMixAnswerStepsItem]",
        "ladders": "list[ReportsTierMixAnswerLaddersItem]",
    },
)


class ReportsTierMixAnswerLaddersItem(TypedDict):
    tiers: list[str]
    ladder: str
    members: list[list[int]]


ReportsTierMixAnswerStepsItem = TypedDict("ReportsTierMixAnswerStepsItem", {"to": "str", "from": "str"})


class RewardChange(TypedDict):
    """What is left out stays; `floor` null: for every member from now on. `unlimited`: pieces are counted no more. `ended`: true, and nobody claims it any more; false, and they do again. Claims made before hold."""

    names: NotRequired[Names]
    points: NotRequired[int]
    floor: NotRequired[Floor | None]
    unlimited: NotRequired[Literal[True]]
    ended: NotRequired[bool]


class RewardStock(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    points: int
    stock: int | None
    floor: RewardStockFloor | None
    source: str
    ended_at: str | None
    created_at: str


class RewardStockFloor(TypedDict):
    ladder: str
    tier: str


RfmGroupProperty = TypedDict(
    "RfmGroupProperty",
    {
        "property": "Literal['rfm_group']",
        "in": "Sequence[Literal['champion', 'loyal', 'potential_loyalist', 'recent', 'promising', 'needs_attention', 'about_to_sleep', 'at_risk', 'cant_lose', 'hibernating', 'lost']]",
    },
)
"""The RFM group, over the tenant's window and grid."""


class RollbackBody(TypedDict):
    note: NotRequired[str | None]


class RollingDays(TypedDict):
    type: Literal["rolling_days"]
    days: int


class RollingMonths(TypedDict):
    type: Literal["rolling_months"]
    months: int


class RotateBody(TypedDict):
    """For how long the secret before signs along; 0: it is over at once."""

    overlap_hours: NotRequired[int]


class RuleChange(TypedDict):
    """What is left out stays. For whom a rule is stays too: that would be another rule."""

    names: NotRequired[Names]
    every: NotRequired[EveryDays | EveryMonths | ByCampaign]
    due_days: NotRequired[int]
    visit_settles: NotRequired[bool]


class Rules(TypedDict):
    """What the chain lets its clerks do alone, and whether a household may share a phone."""

    shared_phones: bool
    clerk_points: int
    clerk_money: int


class RulesChange(TypedDict):
    """What is left out stays. `clerk_money` in minor units."""

    clerk_points: NotRequired[int]
    clerk_money: NotRequired[int]
    second_factor: NotRequired[bool]


Sample = TypedDict(
    "Sample",
    {
        "to": "str | None",
        "from": "str | None",
        "ladder": "str",
        "branch_id": "str",
        "direction": "str",
        "member_id": "str",
        "name": "str",
        "branch": "str",
    },
)


class Sandbox(TypedDict):
    state: str
    id: str | None
    job_id: str | None
    template: str | None
    variant: str | None
    samples: bool | None
    asked_at: str | None
    progress: float | None


class SandboxClock(TypedDict):
    now: str
    seconds_ahead: int
    timezone: str
    move: SandboxClockMove | None


class SandboxClockMove(TypedDict):
    job_id: str
    from_at: str
    to_at: str
    state: str
    progress: float
    fired: int
    ran: int
    failed: int
    error: NotRequired[str | None]


class SandboxLettersItem(TypedDict):
    id: str
    channel: str
    recipient: str
    subject: str | None
    body: str
    at: str


class ScoreLeaf(TypedDict):
    """Growth value: the sum of floor(value ÷ per) × points over its weights."""

    gte: NotRequired[int | None]
    lt: NotRequired[int | None]
    metric: Literal["score"]
    weights: Sequence[BoughtWeight | DoneWeight | CountedWeight | TenureWeight]


class SegmentChange(TypedDict):
    """What is left out stays; the code always does."""

    names: NotRequired[Names]
    condition: NotRequired[
        SegmentsAnyOf
        | SegmentsAllOf
        | SegmentsNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | TierProperty
        | BranchProperty
        | TagProperty
        | AttributeProperty
        | BirthdayMonthProperty
        | CountedProperty
        | ExpiringProperty
        | RanksProperty
        | KindProperty
        | ConsentProperty
        | StageProperty
        | RfmGroupProperty
        | SourceProperty
    ]


class SegmentsAllOf(TypedDict):
    all: Sequence[
        SegmentsAnyOf
        | SegmentsAllOf
        | SegmentsNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | TierProperty
        | BranchProperty
        | TagProperty
        | AttributeProperty
        | BirthdayMonthProperty
        | CountedProperty
        | ExpiringProperty
        | RanksProperty
        | KindProperty
        | ConsentProperty
        | StageProperty
        | RfmGroupProperty
        | SourceProperty
    ]


class SegmentsAnyOf(TypedDict):
    any: Sequence[
        SegmentsAnyOf
        | SegmentsAllOf
        | SegmentsNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | TierProperty
        | BranchProperty
        | TagProperty
        | AttributeProperty
        | BirthdayMonthProperty
        | CountedProperty
        | ExpiringProperty
        | RanksProperty
        | KindProperty
        | ConsentProperty
        | StageProperty
        | RfmGroupProperty
        | SourceProperty
    ]


SegmentsNot = TypedDict(
    "SegmentsNot",
    {
        "not": "SegmentsAnyOf | SegmentsAllOf | SegmentsNot | BoughtLeaf | DoneLeaf | RatingLeaf | CountedLeaf | PlainLeaf | ScoreLeaf | TierProperty | BranchProperty | TagProperty | AttributeProperty | BirthdayMonthProperty | CountedProperty | ExpiringProperty | RanksProperty | KindProperty | ConsentProperty | StageProperty | RfmGroupProperty | SourceProperty"
    },
)


class SegmentsPreviewAnswer(TypedDict):
    count: int
    complete: bool
    members: list[Member]


class SignUp(TypedDict):
    """`slug` is the chain's name in addresses; without one it's made from the company's name. `variant` is one of the template's ladder sets, where it has some to choose from; without one it's the first. `name` is the owner's own; without one it's what stands before the @. `samples`: with a sample chain beside it, to look around in."""

    company: str
    template: str
    variant: NotRequired[str | None]
    email: str
    password: str
    locale: str
    timezone: str
    currency: str
    slug: NotRequired[str | None]
    name: NotRequired[str | None]
    samples: NotRequired[bool]


class SignupCreateAnswer(TypedDict):
    tenant: SignupCreateAnswerTenant
    account: SignupCreateAnswerAccount
    api_key: ApiKey
    branch: Branch


class SignupCreateAnswerAccount(TypedDict):
    id: str
    email: str
    locale: str


class SignupCreateAnswerTenant(TypedDict):
    id: str
    name: str
    slug: str
    template: str
    variant: str | None
    locale: str
    timezone: str
    currency: str
    status: str
    plan: str
    trial_ends_at: str
    shared_phones: bool
    programme_version: int
    created_at: str
    mode: NotRequired[str]
    sandbox_of: NotRequired[Any]


class SimulateBody(TypedDict):
    """`as_of`: an instant with its offset, or a local day, at its end; default: now. `holders`: for each ladder what becomes of who holds a code that the draft doesn't have (null: the ladder goes). `transition`: as a publish would move members, both ways or upward only."""

    as_of: NotRequired[str | None]
    holders: NotRequired[Mapping[str, Mapping[str, str] | None]]
    transition: NotRequired[Literal["now", "up_only"]]


class SinceTierStart(TypedDict):
    type: Literal["since_tier_start"]


class SkipBody(TypedDict):
    note: NotRequired[str | None]


class SmsBody(TypedDict):
    """`amount` is in the text that the member gets, and the most that its code consents to."""

    amount: int


class SmsConsent(TypedDict):
    """The digits that were sent to the member's phone less than five minutes ago."""

    type: Literal["sms"]
    code: str


SourceProperty = TypedDict(
    "SourceProperty", {"property": "Literal['source']", "in": "Sequence[Literal['api', 'import', 'till', 'page']]"}
)
"""How the member was registered."""


class Stacking(TypedDict):
    """`branches`: the codes of those that take part in the tiers' discounts and price lists; None: all."""

    discounts_combine: NotRequired[bool]
    wallet_with_tier_discount: NotRequired[bool]
    discount_excluded: NotRequired[Sequence[str]]
    branches: NotRequired[Sequence[str] | None]


class Staff(TypedDict):
    id: str
    name: str
    email: str
    role: str
    branch_ids: list[str] | None
    created_at: str
    left_at: str | None
    state: str
    invited_until: str | None


class StaffChange(TypedDict):
    """What is left out stays; `branch_ids` null: every branch."""

    name: NotRequired[str]
    role: NotRequired[Literal["owner", "manager", "clerk", "analyst"]]
    branch_ids: NotRequired[Sequence[Id] | None]


class StaffInvite(TypedDict):
    id: str
    name: str
    email: str
    role: str
    branch_ids: list[str] | None
    created_at: str
    left_at: Any
    state: str
    invited_until: str
    invitation: StaffInviteInvitation


class StaffInviteInvitation(TypedDict):
    url: str
    expires_at: str


class StaffRulesGetAnswer(TypedDict):
    clerk_points: int
    clerk_money: int
    second_factor: bool


class StaffRulesUpdateAnswer(TypedDict):
    clerk_points: int
    clerk_money: int
    second_factor: bool


StageProperty = TypedDict(
    "StageProperty",
    {"property": "Literal['stage']", "in": "Sequence[Literal['new', 'growing', 'mature', 'declining', 'lost']]"},
)
"""The life-cycle stage at D."""


class StockBody(TypedDict):
    """Pieces that came (above 0) or are gone (below 0)."""

    pieces: int


class Subscription(TypedDict):
    status: str
    collection_method: str
    currency: str
    period: SubscriptionPeriod
    trial_end: str | None
    ends_at: str | None
    ended_at: str | None
    payment_method: PaymentMethod | None
    next_plan: SubscriptionNextPlan | None


class SubscriptionNextPlan(TypedDict):
    code: str
    revision: str


class SubscriptionPeriod(TypedDict):
    start: str
    end: str


TagProperty = TypedDict("TagProperty", {"property": "Literal['tag']", "in": "Sequence[str]"})
"""Has one of the tags."""


class TakeOver(TypedDict):
    """`dry_run`: only tell what would change."""

    document: Configuration
    dry_run: NotRequired[bool]


class TaskAct(TypedDict):
    kind: str
    outcome: str | None
    until: str | None
    note: str | None
    at: str
    actor: str


class TaskDone(TypedDict):
    id: str
    rule: TaskDoneRule
    state: str
    branch_id: str | None
    campaign_id: str | None
    member: TaskDoneMember
    tier: CurrentTier
    value: int
    last_purchase_on: str | None
    days_since_purchase: int | None
    visited: bool
    made_on: str
    due_on: str
    late: bool
    postponed_until: str | None
    postponements: int
    outcome: str | None
    ended_at: str | None
    ended_by: str | None
    last_note: TaskDoneLastNote | None
    acts: list[TaskAct]


class TaskDoneLastNote(TypedDict):
    text: str
    at: str


class TaskDoneMember(TypedDict):
    id: str
    name: str | None
    phone: str | None


class TaskDoneRule(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class TaskRule(TypedDict):
    id: str
    code: str
    names: dict[str, str]
    ladder: str | None
    tiers: list[str]
    segment: str | None
    every: TaskRuleEvery
    due_days: int
    visit_settles: bool
    source: str
    created_at: str
    ended_at: str | None


class TaskRuleEvery(TypedDict):
    type: str
    months: NotRequired[int]
    days: NotRequired[int]


class TasksListItem(TypedDict):
    id: str
    rule: TasksListItemRule
    state: str
    branch_id: str | None
    campaign_id: str | None
    member: TasksListItemMember
    tier: CurrentTier
    value: int
    last_purchase_on: str | None
    days_since_purchase: int | None
    visited: bool
    made_on: str
    due_on: str
    late: bool
    postponed_until: str | None
    postponements: int
    outcome: str | None
    ended_at: str | None
    ended_by: str | None
    last_note: TasksListItemLastNote | None


class TasksListItemLastNote(TypedDict):
    text: str
    at: str


class TasksListItemMember(TypedDict):
    id: str
    name: str
    phone: str | None


class TasksListItemRule(TypedDict):
    id: str
    code: str
    names: dict[str, str]


class TemplateVariant(TypedDict):
    code: str
    names: dict[str, str]
    summary: dict[str, str]
    notes: list[TemplateVariantNotesItem]
    segments: list[TemplateVariantSegmentsItem]
    shares: list[TemplateVariantSharesItem]
    programme: dict[str, Any]
    warnings: list[Any]


class TemplateVariantNotesItem(TypedDict):
    ours: bool
    texts: dict[str, str]


class TemplateVariantSegmentsItem(TypedDict):
    code: str
    names: dict[str, str]
    condition: dict[str, Any]


class TemplateVariantSharesItem(TypedDict):
    code: str
    names: dict[str, str]
    percent: str


class TemplatesGetAnswer(TypedDict):
    code: str
    names: dict[str, str]
    summary: dict[str, str]
    notes: list[TemplatesGetAnswerNotesItem]
    programme: dict[str, Any]
    segments: list[TemplatesGetAnswerSegmentsItem]
    coupons: list[TemplatesGetAnswerCouponsItem]
    rewards: list[TemplatesGetAnswerRewardsItem]
    price_lists: list[TemplatesGetAnswerPriceListsItem]
    commissions: list[TemplatesGetAnswerCommissionsItem]
    campaigns: list[ConfigurationCampaign]
    messages: list[ConfigurationMessageText]
    till: TemplatesGetAnswerTill
    tasks: list[TemplatesGetAnswerTasksItem]
    variants: list[TemplateVariant]
    warnings: list[Warning]


class TemplatesGetAnswerCommissionsItem(TypedDict):
    code: str
    names: dict[str, str]
    per: str
    amount: int


class TemplatesGetAnswerCouponsItem(TypedDict):
    code: str
    names: dict[str, str]
    value: TemplatesGetAnswerCouponsItemValue
    minimum: int
    categories: list[str]
    branches: list[Any]
    combines: TemplatesGetAnswerCouponsItemCombines
    valid_days: int


class TemplatesGetAnswerCouponsItemCombines(TypedDict):
    tier_discount: bool
    campaign: bool
    coupons: bool


class TemplatesGetAnswerCouponsItemValue(TypedDict):
    type: str
    amount: NotRequired[int]
    price: NotRequired[int]


class TemplatesGetAnswerNotesItem(TypedDict):
    ours: bool
    texts: dict[str, str]


class TemplatesGetAnswerPriceListsItem(TypedDict):
    code: str
    names: dict[str, str]
    items: list[Item]


class TemplatesGetAnswerRewardsItem(TypedDict):
    code: str
    names: dict[str, str]
    points: int
    stock: Any
    tier: str | None


class TemplatesGetAnswerSegmentsItem(TypedDict):
    code: str
    names: dict[str, str]
    condition: dict[str, Any]


class TemplatesGetAnswerTasksItem(TypedDict):
    code: str
    names: dict[str, str]
    ladder: str | None
    tiers: list[Any]
    segment: str | None
    every: TemplatesGetAnswerTasksItemEvery


class TemplatesGetAnswerTasksItemEvery(TypedDict):
    type: str
    months: NotRequired[int]
    days: NotRequired[int]


class TemplatesGetAnswerTill(TypedDict):
    buttons: list[str]
    tenders: list[str]
    categories: list[TemplatesGetAnswerTillCategoriesItem]
    activities: list[TemplatesGetAnswerTillActivitiesItem]


class TemplatesGetAnswerTillActivitiesItem(TypedDict):
    kind: str
    names: dict[str, str]
    value: TemplatesGetAnswerTillActivitiesItemValue | None
    fields: list[TemplatesGetAnswerTillActivitiesItemFieldsItem]
    prints: str | None


class TemplatesGetAnswerTillActivitiesItemFieldsItem(TypedDict):
    names: dict[str, str]
    unit: str
    least: str
    most: str
    code: str


class TemplatesGetAnswerTillActivitiesItemValue(TypedDict):
    names: dict[str, str]
    unit: str
    least: str
    most: str


class TemplatesGetAnswerTillCategoriesItem(TypedDict):
    category: str
    names: dict[str, str]


class TemplatesListItem(TypedDict):
    code: str
    names: dict[str, str]
    summary: dict[str, str]
    notes: list[TemplatesListItemNotesItem]
    programme: dict[str, Any]
    variants: list[TemplateVariant]
    warnings: list[Warning]


class TemplatesListItemNotesItem(TypedDict):
    ours: bool
    texts: dict[str, str]


class Tenant(TypedDict):
    id: str
    name: str
    slug: str
    template: str
    variant: str | None
    locale: str
    timezone: str
    currency: str
    status: str
    plan: str
    trial_ends_at: str | None
    shared_phones: bool
    programme_version: int
    created_at: str
    mode: NotRequired[str]
    limits: TenantLimits
    use: TenantUse
    sandbox_of: NotRequired[str | None]


class TenantChange(TypedDict):
    """What is left out stays. `shared_phones`: whether the members of a household may have one phone."""

    name: NotRequired[str]
    locale: NotRequired[str]
    timezone: NotRequired[str]
    currency: NotRequired[str]
    shared_phones: NotRequired[bool]


class TenantLimits(TypedDict):
    branches: int
    members_included: int
    requests_per_second: int


class TenantUse(TypedDict):
    members: int
    branches: int
    active_members: int


class Tender(TypedDict):
    type: str | None
    amount: int
    points: NotRequired[int]
    bonus: NotRequired[int]
    principal: NotRequired[int]


class TenderBody(TypedDict):
    """How a part was paid, in minor units."""

    type: Literal["cash", "card", "wechat", "alipay", "medical_insurance", "bank_transfer", "other"]
    amount: int


class TenureWeight(TypedDict):
    """Days since joining in a score."""

    per: int
    points: int
    metric: Literal["tenure_days"]


class TestBody(TypedDict):
    """Which type's example to send; none: one that the endpoint takes."""

    type: NotRequired[str | None]


class Text(TypedDict):
    """The whole text; a `code` in it is that of the path."""

    code: NotRequired[str]
    names: Names
    purpose: Literal["marketing", "service"]
    channels: Sequence[Literal["sms", "email", "wechat", "push"]]
    texts: Prose


class TextBenefit(TypedDict):
    """Something that people give, shown as it's written."""

    type: Literal["text"]
    names: Names


class TicketBody(TypedDict):
    """What somebody wants to buy. Nobody of `member_id`, `phone`, `card_no`, `member_code` (the QR code of the digital card): a purchase without a member (散客).

    Amounts are list prices; `external_amounts`: the till took its discounts already and they are final.
    """

    external_id: NotRequired[str | None]
    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    member_code: NotRequired[str | None]
    branch_id: Id
    occurred_at: NotRequired[str | datetime | None]
    amount: NotRequired[int | None]
    lines: NotRequired[Sequence[LineBody] | None]
    coupons: NotRequired[Sequence[str] | None]
    points_to_redeem: NotRequired[int]
    wallet_amount: NotRequired[int]
    wallet_consent: NotRequired[QrConsent | SmsConsent | PinConsent | None]
    tenders: NotRequired[Sequence[TenderBody] | None]
    sold_by: NotRequired[str | None]
    external_amounts: NotRequired[bool]


class Tier(TypedDict):
    """One step; `qualify` None for the base tier only, `retain` None where `qualify` keeps it too."""

    code: str
    rank: int
    names: Names
    qualify: NotRequired[
        ProgrammeAnyOf
        | ProgrammeAllOf
        | ProgrammeNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | None
    ]
    retain: NotRequired[
        ProgrammeAnyOf
        | ProgrammeAllOf
        | ProgrammeNot
        | BoughtLeaf
        | DoneLeaf
        | RatingLeaf
        | CountedLeaf
        | PlainLeaf
        | ScoreLeaf
        | None
    ]
    benefits: NotRequired[Sequence[Discount | ProgrammePriceList | PointsMultiplier | Allowance | Gift | TextBenefit]]


class TierBody(TypedDict):
    """`ladder`: the main one by default. `locked_until`: the last local day on which the rules leave the tier alone; by default that of a normal validity from today, 12 months where the tier has none."""

    ladder: NotRequired[str | None]
    tier: str
    reason: str
    locked_until: NotRequired[str | date | None]


class TierChange(TypedDict):
    ladder: str
    before: str
    after: str
    reason: str
    decision_id: str


class TierExplanation(TypedDict):
    member_id: str
    as_of: str
    programme_version: int
    ladder: str
    current: TierExplanationCurrent
    because: list[str]
    tiers: list[TierExplanationTiersItem]
    keeps: TierExplanationKeeps | None
    next: TierExplanationNext | None


class TierExplanationCurrent(TypedDict):
    code: str
    names: dict[str, str] | None
    since: str
    valid_until: str | None
    locked_until: str | None
    reason: str | None
    decision_id: str | None
    facts: dict[str, int] | None


class TierExplanationKeeps(TypedDict):
    holds: bool
    conditions: dict[str, Any]
    text: str


class TierExplanationNext(TypedDict):
    code: str
    names: dict[str, str]
    missing: list[Missing]
    ways: list[TierExplanationNextWaysItem]
    on: str | None
    text: str


class TierExplanationNextWaysItem(TypedDict):
    effort: int
    text: str
    parts: list[Missing]


class TierExplanationTiersItem(TypedDict):
    code: str
    names: dict[str, str]
    qualifies: bool
    conditions: dict[str, Any]
    text: str
    ways: list[TierExplanationTiersItemWaysItem]


class TierExplanationTiersItemWaysItem(TypedDict):
    effort: int
    text: str
    parts: list[Missing]


TierProperty = TypedDict(
    "TierProperty",
    {
        "property": "Literal['tier']",
        "ladder": "NotRequired[str | None]",
        "in": "NotRequired[Sequence[str] | None]",
        "gte": "NotRequired[int | None]",
        "lt": "NotRequired[int | None]",
    },
)
"""The tier held on a ladder (the main one without `ladder`): one of the codes, or a range of ranks."""


class TillChange(TypedDict):
    """After how many minutes without a touch it locks."""

    idle_minutes: int


class TillsListItem(TypedDict):
    id: str
    name: str
    branch_id: str
    branch: str
    idle_minutes: int
    made_at: str
    made_by: str
    used_at: str


class TopUpBody(TypedDict):
    """`amount`: what is paid in, in minor units. `tenders`: how; they sum to it. `occurred_at`: now, where left out."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: Id
    external_id: str
    amount: int
    tenders: NotRequired[Sequence[TenderBody] | None]
    occurred_at: NotRequired[str | datetime | None]
    sold_by: NotRequired[str | None]


class TopUpGift(TypedDict):
    """A thing that comes with a top-up, and what it is worth."""

    names: Names
    value: int


class TopUpStep(TypedDict):
    """A top-up of `amount` or more brings a bonus or a percentage, a gift, or both; with `tiers`, for their holders only."""

    amount: int
    bonus: NotRequired[int | None]
    percent: NotRequired[str | None]
    gift: NotRequired[TopUpGift | None]
    tiers: NotRequired[Sequence[str] | None]


class UndoUndoBody(TypedDict):
    """`sold_by`: who asks, where several clerks share a till; it has to be who was named with the entry."""

    reason: NotRequired[str | None]
    sold_by: NotRequired[str | None]


class UntilNextSchedule(TypedDict):
    type: Literal["until_next_schedule"]


class Value(TypedDict):
    type: str
    amount: NotRequired[int]
    percent: NotRequired[str]
    price: NotRequired[int]


class VoidBody(TypedDict):
    reason: str


class Wallet(TypedDict):
    top_up_bonus: NotRequired[Sequence[TopUpStep]]
    spend_order: NotRequired[Literal["proportional", "principal_first", "bonus_first"]]
    limits: NotRequired[BalanceLimits]
    cooling_off_days: NotRequired[int]
    confirm_above: NotRequired[int]
    bonus_earns: NotRequired[bool]


class WalletRefund(TypedDict):
    id: str
    member_id: str
    branch_id: str
    external_id: str
    recorded_at: str
    amount: int
    bonus_voided: int
    deducted: int
    paid_out: int
    cooling_off: bool
    tender: str | None
    lots: list[Lot]
    reason: str | None
    sold_by: str | None
    points_reversed: int
    wallet: WalletRefundWallet


class WalletRefundBody(TypedDict):
    """Principal that is paid back: an `amount`, the newest top-ups first, or of one top-up (`top_up_id`; without an amount all that is left of it). `tender`: how the money goes out."""

    member_id: NotRequired[Id | None]
    phone: NotRequired[str | None]
    card_no: NotRequired[str | None]
    branch_id: Id
    external_id: str
    amount: NotRequired[int | None]
    top_up_id: NotRequired[Id | None]
    tender: NotRequired[
        Literal["cash", "card", "wechat", "alipay", "medical_insurance", "bank_transfer", "other"] | None
    ]
    reason: NotRequired[str | None]
    sold_by: NotRequired[str | None]


class WalletRefundWallet(TypedDict):
    principal: int
    bonus: int


class WalletTopUp(TypedDict):
    id: str
    member_id: str
    branch_id: str
    external_id: str
    occurred_at: str
    recorded_at: str
    amount: int
    bonus: int
    gift: WalletTopUpGift | None
    tenders: list[WalletTopUpTendersItem] | None
    sold_by: str | None
    wallet: WalletTopUpWallet
    points_earned: int
    tier: WalletTopUpTier
    tiers: list[TierChange]
    decision_id: str | None
    undone_at: str | None


class WalletTopUpGift(TypedDict):
    names: dict[str, str]
    value: int


class WalletTopUpTendersItem(TypedDict):
    type: str
    amount: int


class WalletTopUpTier(TypedDict):
    ladder: str
    before: str
    after: str


class WalletTopUpWallet(TypedDict):
    principal: int
    bonus: int


class WalletUndoTopUpAnswer(TypedDict):
    id: str
    member_id: str
    branch_id: str
    external_id: str
    amount: int
    bonus: int
    undone_at: str
    reason: str | None
    points_reversed: int
    tiers: list[Any]


class Warning(TypedDict):
    code: str
    params: Param
    pointer: str
    message: str


class Webhook(TypedDict):
    id: str
    url: str
    types: list[str] | None
    description: str | None
    state: str
    state_since: str
    failing_since: str | None
    created_at: str
    created_by: str
    waiting: int
    failed: int
    old_secret_until: str | None
    enabled: bool


class WebhookChange(TypedDict):
    """What is left out stays. `types` null: every type."""

    url: NotRequired[str]
    types: NotRequired[Sequence[str] | None]
    description: NotRequired[str | None]
    enabled: NotRequired[bool]


class WebhookDelivery(TypedDict):
    id: str
    webhook_id: str
    event_id: str
    type: str
    state: str
    tries: int
    next_at: str | None
    status: int | None
    error: str | None
    created_at: str
    ended_at: str | None
    test: bool
    attempts: list[Attempt]
    body: WebhookDeliveryBody


class WebhookDeliveryBody(TypedDict):
    id: str
    position: int
    type: str
    occurred_at: str
    member_id: str | None
    data: dict[str, Any]
    test: NotRequired[bool]


class WebhookDeliveryData(TypedDict):
    id: str
    webhook_id: str
    event_id: str
    type: str
    state: str
    tries: int
    next_at: str | None
    status: int | None
    error: str | None
    created_at: str
    ended_at: str | None
    test: bool


class WebhookRotate(TypedDict):
    id: str
    url: str
    types: list[str] | None
    description: str | None
    state: str
    state_since: str
    failing_since: Any
    created_at: str
    created_by: str
    waiting: int
    failed: int
    old_secret_until: str | None
    enabled: bool
    secret: str


class WebhooksReplayAnswer(TypedDict):
    job_id: str


class WechatBody(TypedDict):
    """Who the member is to one WeChat app, and across the chain's apps."""

    app_id: str
    openid: str
    unionid: NotRequired[str | None]


class Weekdays(TypedDict):
    """ISO: 1 is Monday."""

    type: Literal["weekdays"]
    days: Sequence[int]


When = TypedDict(
    "When",
    {
        "type": "str",
        "days_before": "NotRequired[int]",
        "days": "NotRequired[list[int] | int]",
        "count": "NotRequired[int | None]",
        "by": "NotRequired[str]",
        "min_amount": "NotRequired[int]",
        "to": "NotRequired[str]",
        "from": "NotRequired[str]",
    },
)
