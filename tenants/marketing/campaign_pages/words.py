"""What a campaign does, when, for whom and how often, in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from babel.dates import get_day_names

from saas.i18n import Tongue, n_
from saas.money import exponent
from tenants.campaigns.document import (
    AmountOffer,
    AnyCampaign,
    DiscountCampaign,
    GrantCampaign,
    MultiplierCampaign,
)
from tenants.campaigns.when import (
    Always,
    Between,
    MonthDays,
    OnBirthday,
    OnPointsExpiring,
    OnPurchase,
    OnReferral,
    TimeBox,
    Trigger,
    Weekdays,
    Yearly,
)
from tenants.marketing.message_pages.words import CHANNELS

KINDS: Final = {
    "grant": n_("Gives a coupon or points"),
    "message": n_("Sends a message"),
    "discount": n_("Takes something off"),
    "multiplier": n_("More points"),
}
SIGNS: Final = {"grant": "gift", "message": "message-square", "discount": "badge-percent", "multiplier": "coins"}
STATES: Final = {"running": n_("Running"), "draft": n_("Drafts"), "stopped": n_("Stopped")}
STATE: Final = {"running": n_("Running"), "draft": n_("Draft"), "stopped": n_("Stopped")}
TONES: Final = {"draft": "tone-0", "running": "tone-6", "stopped": "tone-3"}
ONCE: Final = {
    "": n_("each time there is a reason"),
    "ever": n_("once and never again"),
    "year": n_("once a year at most"),
    "month": n_("once a month at most"),
    "day": n_("once a day at most"),
}
EVENTS: Final = {
    "joined": n_("when somebody joins"),
    "tier_reached": n_("when a tier is reached"),
    "tier_expiring": n_("when a tier is about to end"),
    "segment_entered": n_("when somebody comes into the segment"),
}
_LEAP_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Words:
    """One language and one currency; what segments, coupons and texts are called, by code."""

    speaks: Tongue
    currency: str
    segments: Mapping[str, str]
    coupons: Mapping[str, str]
    texts: Mapping[str, str]

    def what(self, campaign: AnyCampaign) -> str:
        """What it does."""
        say = self.speaks.say
        if isinstance(campaign, MultiplierCampaign):
            times = say("%(n)s times the points", n=self.speaks.number(campaign.multiplier))
            return say("%(times)s, multiplied with other campaigns", times=times) if campaign.stack else times
        if isinstance(campaign, DiscountCampaign):
            return self._offer(campaign)
        if isinstance(campaign, GrantCampaign):
            return self._gift(campaign)
        return self._said(campaign)

    def _offer(self, campaign: DiscountCampaign) -> str:
        say, offer = self.speaks.say, campaign.offer
        if isinstance(offer, AmountOffer):
            return say(
                "%(amount)s off from %(minimum)s on",
                amount=self.money(offer.amount),
                minimum=self.money(offer.minimum),
            )
        percent = say("%(percent)s%% off", percent=self.speaks.number(offer.percent))
        if not offer.categories:
            return percent
        return say("%(percent)s on %(categories)s", percent=percent, categories=self._listed(offer.categories))

    def _gift(self, campaign: GrantCampaign) -> str:
        say = self.speaks.say
        parts = []
        if campaign.coupon:
            parts.append(say("coupon “%(name)s”", name=self.coupons.get(campaign.coupon, campaign.coupon)))
        if campaign.points:
            parts.append(self.speaks.plural("%(n)s point", "%(n)s points", campaign.points))
        given = say("Gives: %(what)s", what=say(" and ").join(parts))
        return say("%(given)s, to both of them", given=given) if campaign.both_sides else given

    def told(self, campaign: AnyCampaign) -> str:
        """What it says besides; empty where it says nothing."""
        return self._said(campaign) if campaign.message else ""

    def _said(self, campaign: AnyCampaign) -> str:
        code, channel = campaign.message or "", CHANNELS[campaign.channel or "sms"]
        text, by = self.texts.get(code, code), self.speaks.say(channel)
        return self.speaks.say("Says “%(text)s” by %(channel)s", text=text, channel=by)

    def when(self, campaign: AnyCampaign) -> str:
        """On which days, or on what event."""
        when = campaign.when
        if isinstance(when, TimeBox):
            return self._days(when)
        return self._event(when) or self.speaks.say(EVENTS[when.type])

    def _event(self, when: Trigger) -> str:
        """Of an event that has a number to it."""
        say, plural, said = self.speaks.say, self.speaks.plural, ""
        match when:
            case OnBirthday(days_before=0):
                said = say("on the birthday")
            case OnBirthday(days_before=n):
                said = plural("%(n)s day before the birthday", "%(n)s days before the birthday", n)
            case OnPointsExpiring(days=n):
                said = plural("%(n)s day before points end", "%(n)s days before points end", n)
            case OnPurchase():
                said = self._purchase(when)
            case OnReferral(count=None):
                said = say("when a friend who was brought buys for the first time")
            case OnReferral(count=int(n)):
                said = plural(
                    "when the first purchase of a friend makes it %(n)s friend",
                    "when the first purchase of a friend makes it %(n)s friends",
                    n,
                )
        return said

    def _days(self, box: TimeBox) -> str:
        say = self.speaks.say
        match box:
            case Always():
                return say("as long as it runs")
            case Between():
                return say("%(first)s to %(last)s", first=self.speaks.day(box.first), last=self.speaks.day(box.last))
            case Yearly():
                first, last = (self._day_of_year(text) for text in (box.first, box.last))
                return say("each year from %(first)s to %(last)s", first=first, last=last)
            case Weekdays():
                names = get_day_names("wide", locale=self.speaks.locale)
                return say("each %(days)s", days=self._listed([names[day - 1] for day in sorted(box.days)]))
            case MonthDays():
                return say("each month on the %(days)s", days=self._listed([str(day) for day in sorted(box.days)]))

    def _purchase(self, when: OnPurchase) -> str:
        say, guest = self.speaks.say, when.by == "guest"
        if not when.min_amount:
            return say("when a guest buys: printed on the receipt") if guest else say("after each purchase")
        amount = self.money(when.min_amount)
        if guest:
            return say("when a guest buys for %(amount)s or more: printed on the receipt", amount=amount)
        return say("after a purchase of %(amount)s or more", amount=amount)

    def whom(self, campaign: AnyCampaign) -> str:
        """For whom."""
        if isinstance(campaign.when, OnPurchase) and campaign.when.by == "guest":
            return self.speaks.say("Guests")
        if campaign.audience is None:
            return self.speaks.say("Every member")
        return self.segments.get(campaign.audience, campaign.audience)

    def often(self, campaign: AnyCampaign) -> str:
        """How often a member has it; empty of what holds for every purchase."""
        if isinstance(campaign, DiscountCampaign | MultiplierCampaign):
            return ""
        if campaign.once is None and isinstance(campaign.when, TimeBox):
            return self.speaks.say("once in these days")
        once = campaign.once or ""
        return self.speaks.say(ONCE[once])

    def control(self, campaign: AnyCampaign) -> str:
        """Who gets nothing, to compare with."""
        if not campaign.control_percent:
            return self.speaks.say("none: nothing to compare with")
        share = self.speaks.number(campaign.control_percent)
        return self.speaks.say("%(percent)s%% of them, picked at random, get nothing", percent=share)

    def facts(self, campaign: AnyCampaign) -> list[tuple[str, Any]]:
        """(what, how), for its page; what there is nothing to say of is left out."""
        say = self.speaks.say
        told = [
            (say("What it does"), self.what(campaign)),
            (say("And says"), "" if campaign.type == "message" else self.told(campaign)),
            (say("When"), self.when(campaign)),
            (say("For whom"), self.whom(campaign)),
            (say("How often each"), self.often(campaign)),
            (say("Control group"), self.control(campaign)),
            (say("Code"), campaign.code),
        ]
        return [(name, value) for name, value in told if value]

    def money(self, minor: int) -> str:
        return self.speaks.money(minor, self.currency)

    def example(self, campaign: AnyCampaign) -> str:
        """What it makes of a purchase, in numbers; empty of what changes none."""
        say = self.speaks.say
        if isinstance(campaign, MultiplierCampaign):
            points = int(Decimal(100) * campaign.multiplier)
            return say("Where a purchase earns 100 points, it earns %(n)s.", n=self.speaks.number(points))
        if not isinstance(campaign, DiscountCampaign):
            return ""
        offer = campaign.offer
        if isinstance(offer, AmountOffer):
            before, after = offer.minimum, max(offer.minimum - offer.amount, 0)
        else:
            before = 100 * 10 ** exponent(self.currency)
            after = before - int(before * offer.percent / 100)
        return say("%(before)s become %(after)s.", before=self.money(before), after=self.money(after))

    def _day_of_year(self, text: str) -> str:
        return self.speaks.day_of_year(date.fromisoformat(f"{_LEAP_YEAR}-{text}"))

    def _listed(self, items: Sequence[str]) -> str:
        return self.speaks.say(", ").join(items)
