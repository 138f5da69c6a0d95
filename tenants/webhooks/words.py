"""What states and errors of webhooks are called."""

from collections.abc import Mapping
from typing import Final

from saas.i18n import n_

ENDPOINT_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "on": (n_("Sending"), "tone-6"),
    "ill": (n_("Failing"), "lost"),  # on, and its last try failed
    "off": (n_("Off"), "tone-0"),
    "gone": (n_("Off: it is gone"), "lost"),
    "failing": (n_("Off: it failed for three days"), "lost"),
}
"""Name and the chip's colour."""
DELIVERY_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": (n_("Waiting"), "tone-3"),
    "delivered": (n_("Delivered"), "tone-6"),
    "failed": (n_("Failed"), "lost"),
}
ERRORS: Final[Mapping[str, str]] = {
    "refused": n_("Your server refused it."),
    "redirected": n_("Your server sent us elsewhere; we follow no redirect."),
    "time-out": n_("Your server didn’t answer in time."),
    "no-connection": n_("Nobody answers at this address."),
    "no-encryption": n_("No safe connection: the certificate is not valid for this address."),
    "no-address": n_("This name leads nowhere."),
    "address-refused": n_("This name leads to a private network."),
    "no-answer": n_("The connection broke off without an answer."),
    "internal": n_("Something went wrong on our side. It is sent again."),
    "unreadable": n_("The secret can’t be read any more. Make a new one."),
    "event-gone": n_("The event is older than thirty days."),
}
NOUNS: Final[Mapping[str, str]] = {
    "member": n_("Members"),
    "purchase": n_("Purchases"),
    "activity": n_("Activities"),
    "tier": n_("Tiers"),
    "points": n_("Points"),
    "wallet": n_("Stored value"),
    "coupon": n_("Coupons"),
    "reward": n_("Rewards"),
    "pass": n_("Passes"),
    "campaign": n_("Campaigns"),
    "programme": n_("Membership rules"),
    "import": n_("Imports"),
    "proof": n_("Proof of the books"),
    "billing": n_("Plan and payment"),
    "webhook": n_("Webhooks"),
}
"""What the types of events are about."""
