"""What a campaign can name: segments, coupons that are given, texts with their channels."""

from dataclasses import dataclass
from typing import Any, Final

from babel.dates import get_day_names, get_month_names

from saas.i18n import Tongue
from tenants.campaigns.message_texts import list_texts
from tenants.coupons.coupon import newest_coupons, shown
from tenants.frame import Frame
from tenants.marketing.campaign_pages.words import ONCE, Words
from tenants.marketing.message_pages.words import CHANNELS
from tenants.marketing.segment_names import segment_choices
from tenants.messages.sending import SENDABLE
from tenants.offers.coupon_pages.words import named

AT: Final = "@"
_MOST: Final = 500
_Options = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """(code, name) of each; `texts` are the whole documents by code, `gifts` the coupons' names by code."""

    segments: _Options
    coupons: _Options
    texts: dict[str, dict[str, Any]]
    gifts: dict[str, dict[str, str]]

    def words(self, speaks: Tongue, around: Frame) -> Words:
        texts = {code: named(one["names"], speaks) for code, one in self.texts.items()}
        return Words(speaks, around.currency, dict(self.segments), dict(self.coupons), texts)

    def tellings(self, speaks: Tongue, chosen: str) -> _Options:
        """(text@channel, name) for every channel by which a text can be sent, and what is `chosen` anyway."""
        found = [
            (f"{code}{AT}{channel}", f"{named(one['names'], speaks)} · {speaks.say(CHANNELS[channel])}")
            for code, one in self.texts.items()
            for channel in one["channels"]
            if channel in SENDABLE
        ]
        return _with(found, chosen)


async def choices_of(speaks: Tongue) -> Choices:
    """Those of the chain, for a reader."""
    coupons = [shown(row) for row in await newest_coupons(None, _MOST, ended=False)]
    return Choices(
        await segment_choices(speaks),
        [(one["code"], named(one["names"], speaks)) for one in coupons],
        {one["code"]: one for one in await list_texts(None, _MOST)},
        {one["code"]: one["names"] for one in coupons},
    )


def options_of(choices: Choices, form: dict[str, str], speaks: Tongue) -> dict[str, Any]:
    """What the form's choices are chosen from."""
    say = speaks.say
    months = sorted(get_month_names("wide", locale=speaks.locale).items())
    weekdays = sorted(get_day_names("wide", locale=speaks.locale).items())
    return {
        "segments": _with([("", say("Every member")), *choices.segments], form.get("audience", "")),
        "coupons": _with([("", say("no coupon")), *choices.coupons], form.get("coupon", "")),
        "tellings": [("", say("says nothing")), *choices.tellings(speaks, form.get("tell", ""))],
        "onces": [(code, say(text)) for code, text in ONCE.items()],
        "months": [("", "—"), *((f"{n:02}", name) for n, name in months)],
        "days": [("", "—"), *((f"{n:02}", str(n)) for n in range(1, 32))],
        "weekday_names": [(str(n + 1), name) for n, name in weekdays],
    }


def _with(options: _Options, chosen: str) -> _Options:
    """What was chosen stays to be seen, though there is no such thing any more."""
    return options if not chosen or any(code == chosen for code, _ in options) else [*options, (chosen, chosen)]
