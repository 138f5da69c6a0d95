"""`/campaigns/{id}/report`: whom it reached, what they and the control group bought since, what it cost."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any, Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from saas import plots
from saas.i18n import Tongue
from tenants.branches.branch import require_whole_chain
from tenants.campaigns.campaign import campaign_row
from tenants.campaigns.daily import DAYS
from tenants.campaigns.report import report_of
from tenants.frame import Frame, frame
from tenants.marketing.asking import REPORT, address
from tenants.marketing.campaign_pages.editing import ONE
from tenants.marketing.message_pages.log import HOME as LOG
from tenants.marketing.message_pages.words import STATES as MESSAGE_STATES
from tenants.marketing.message_pages.words import purpose_of
from tenants.offers.asking import Answer, Asked, answer, speaks_of
from tenants.offers.coupon_pages.words import named
from tenants.programme.windows import local_day

_SURE: Final = 1.96
"""Standard errors that chance alone goes beyond in one case of twenty."""
_FEW: Final = 30
"""Members of a group below which nothing is said of it."""

Json = Mapping[str, Any]


@get(f"{ONE}/report", opt=REPORT, include_in_schema=False)
async def show(request: Asked, campaign_id: FromPath[UUID]) -> Answer:
    """Of one that ran; a draft's page says that it hasn't."""
    require_whole_chain()
    row, around, speaks = await campaign_row(campaign_id), await frame(), speaks_of(request)
    told = await report_of(campaign_id)
    context = {
        "campaign_id": campaign_id,
        "title": named(row["document"]["names"], speaks),
        "ran": row["started_at"] is not None,
        "told": told,
        "groups": _groups(told, speaks, around),
        "difference": _difference(told, speaks, around),
        "doubt": doubt_of(told["reached"], told["control"]),
        "costs": _costs(told, speaks, around),
        "messages": [
            (address(LOG, {"purpose": purpose_of(told["code"]), "state": state}), speaks.say(name), n)
            for state, name in MESSAGE_STATES.items()
            if (n := told["messages"][state])
        ],
        "picture": _picture(told, row["document"]["type"], speaks, around) if row["started_at"] else None,
        "span": _span(told, speaks, around),
    }
    return await answer(request, "campaign_pages/report.html", context, around=around)


def doubt_of(reached: Json, control: Json) -> str:
    """Whether chance alone could explain how many more of the reached bought: `none` without a control group, `few`
    where a group is too small to say, `chance` or `clear`.

    The z test of two proportions, pooled: z = (p1 - p2) / sqrt(p (1 - p) (1/n1 + 1/n2)), two-sided at 5 %
    (NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3).
    """
    n1, n2 = reached["members"], control["members"]
    if not n1 or not n2:
        return "none"
    if min(n1, n2) < _FEW:
        return "few"
    pooled = (reached["buyers"] + control["buyers"]) / (n1 + n2)
    error = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    if not error:
        return "chance"
    z = (reached["buyers"] / n1 - control["buyers"] / n2) / error
    return "clear" if abs(z) >= _SURE else "chance"


def _groups(told: Json, speaks: Tongue, around: Frame) -> list[dict[str, Any]]:
    named_ = ((speaks.say("Members reached"), told["reached"]), (speaks.say("Control group"), told["control"]))
    return [
        {
            "name": name,
            "first": one is told["reached"],
            "members": speaks.number(one["members"]),
            "buyers": speaks.number(one["buyers"]),
            "share": speaks.percent(one["buyers"], one["members"]),
            "purchases": speaks.number(one["purchases"]),
            "spend": speaks.money(one["spend"], around.currency),
            "each": speaks.money(one["spend_per_member"], around.currency),
        }
        for name, one in named_
    ]


def _difference(told: Json, speaks: Tongue, around: Frame) -> dict[str, str] | None:
    found = told["difference"]
    if found is None:
        return None
    buyers = Decimal(found["buyers_percent"])
    return {
        "share": speaks.say("%(n)s percentage points", n=f"{'+' if buyers > 0 else ''}{speaks.number(buyers)}"),
        "each": _signed(found["spend_per_member"], speaks, around),
        "spend": _signed(found["spend"], speaks, around),
        "tone": "good" if found["spend"] > 0 else "bad" if found["spend"] < 0 else "",
    }


def _signed(minor: int, speaks: Tongue, around: Frame) -> str:
    return f"{'+' if minor > 0 else ''}{speaks.money(minor, around.currency)}"


def _costs(told: Json, speaks: Tongue, around: Frame) -> list[tuple[str, str]]:
    """What it gave away; what it gave nothing of is left out."""
    cost, say = told["cost"], speaks.say
    coupons = cost["coupons"]
    found = [
        (say("Taken off at the till"), cost["discounts"] and speaks.money(cost["discounts"], around.currency)),
        (say("Points"), cost["points"] and speaks.number(cost["points"])),
        (say("Coupons given"), coupons["granted"] and speaks.number(coupons["granted"])),
        (
            say("Coupons used"),
            coupons["granted"]
            and f"{speaks.number(coupons['used'])} ({speaks.percent(coupons['used'], coupons['granted'])})",
        ),
        (say("Taken off by them"), coupons["used"] and speaks.money(coupons["taken_off"], around.currency)),
        (
            say("Purchases that it touched"),
            told["applied"]["purchases"] and speaks.number(told["applied"]["purchases"]),
        ),
    ]
    return [(name, value) for name, value in found if value]


def _picture(told: Json, kind: str, speaks: Tongue, around: Frame) -> dict[str, Any]:
    """Day by day, at most the last thirty, as a chart with its numbers."""
    last = local_day(told["to"], around.timezone)
    first = max(local_day(told["from"], around.timezone), last - DAYS + timedelta(days=1))
    counts = {one["day"]: one["count"] for one in told["by_day"]}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values = [counts.get(day, 0) for day in days]
    by_till = kind in {"discount", "multiplier"}
    title = speaks.say("Purchases that it touched, by day") if by_till else speaks.say("Members who had it, by day")
    summary = _summary(days, values, speaks)
    steps = plots.Steps(
        [speaks.short_day(day) for day in days],
        [f"{speaks.day(day)}: {speaks.number(n)}" for day, n in zip(days, values, strict=True)],
    )
    return {
        "title": title,
        "summary": summary,
        "chart": plots.bars(values, steps, plots.Words(title, summary, speaks.compact)),
        "head": [speaks.say("Day"), speaks.say("Purchases made") if by_till else speaks.say("Members")],
        "rows": [[speaks.day(day), speaks.number(n)] for day, n in zip(days, values, strict=True)],
        "keys": (),
        "staff_only": False,
    }


def _summary(days: Sequence[date], values: Sequence[int], speaks: Tongue) -> str:
    most = max(values, default=0)
    if not most:
        return speaks.say("None in these days.")
    return speaks.say(
        "%(total)s in these days; most on %(day)s: %(most)s",
        total=speaks.number(sum(values)),
        day=speaks.day(days[values.index(most)]),
        most=speaks.number(most),
    )


def _span(told: Json, speaks: Tongue, around: Frame) -> str:
    if told["from"] is None:
        return ""
    first, last = speaks.moment(told["from"], around.timezone), speaks.moment(told["to"], around.timezone)
    return speaks.say("%(first)s to %(last)s", first=first, last=last)


HANDLERS = [show]
