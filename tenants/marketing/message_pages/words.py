"""What goes out to members, in the reader's words."""

from collections.abc import Mapping
from typing import Any, Final

from saas.i18n import Tongue, n_
from tenants.offers.coupon_pages.words import named

CHANNELS: Final = {"sms": n_("SMS"), "wechat": n_("WeChat"), "email": n_("E-mails"), "push": n_("App notifications")}
STATES: Final = {
    "queued": n_("Waiting to go out"),
    "sent": n_("Sent"),
    "failed": n_("Failed"),
    "skipped": n_("Not sent"),
}
TONES: Final = {"queued": "tone-4", "sent": "tone-6", "failed": "tone-3", "skipped": "tone-0"}
PURPOSES: Final = {
    "wallet_code": n_("Code to pay from stored value"),
    "card_phone": n_("Code for a new phone number"),
    "card_link": n_("Link to the card on the phone"),
    "join": n_("Joining by QR with a number that is known"),
}
KINDS: Final = {"marketing": n_("Advertising"), "service": n_("Service")}
_WHY: Final = {
    "no-consent": n_("Hasn’t agreed to advertising by this channel"),
    "no-way": n_("Nothing can be sent by this channel"),
    "member-left": n_("Had left by then"),
    "consent-withdrawn": n_("Took the consent back before it went out"),
    "too-late": n_("Was of no use any more: it couldn’t go out in time"),
    "no-answer": n_("The gateway didn’t answer"),
    "TimeoutError": n_("The gateway didn’t answer"),
    "unreadable": n_("Could not be opened any more: its key is gone"),
}
_NO_ADDRESS: Final = {"sms": n_("Has no phone number"), "wechat": n_("Has no WeChat account with you")}
_CAMPAIGN: Final = "campaign:"


def why(row: Mapping[str, Any], speaks: Tongue) -> str:
    """Why it wasn't sent, or hasn't been so far; empty where there is nothing to say."""
    error: str | None = row["error"]
    if error is None:
        return ""
    if error == "no-address":
        return speaks.say(_NO_ADDRESS.get(row["channel"], n_("Has no address there")))
    said = _WHY.get(error)
    if said is None:
        gateway = speaks.say("The gateway didn’t take it (%(said)s)", said=error)
        return (
            speaks.say("%(gateway)s; it will be tried again", gateway=gateway) if row["state"] == "queued" else gateway
        )
    return speaks.say(said)


def campaign_of(purpose: str) -> str | None:
    """The code of the campaign that a message is of."""
    return purpose.removeprefix(_CAMPAIGN) if purpose.startswith(_CAMPAIGN) else None


def purpose_of(code: str) -> str:
    """The purpose of a campaign's messages."""
    return f"{_CAMPAIGN}{code}"


def what_for(purpose: str, campaigns: Mapping[str, Mapping[str, Any]], speaks: Tongue) -> str:
    """What a message was for; `campaigns` by code."""
    code = campaign_of(purpose)
    if code is None:
        return speaks.say(PURPOSES[purpose]) if purpose in PURPOSES else purpose
    return named(campaigns[code]["names"], speaks) if code in campaigns else code
