"""What pages call RFM groups, stages of life, and the segments that every chain has."""

from typing import Final

from saas.i18n import n_

RFM_NAMES: Final = {
    "champion": n_("Champions"),
    "loyal": n_("Loyal"),
    "potential_loyalist": n_("Could become loyal"),
    "recent": n_("Newly won"),
    "promising": n_("Promising"),
    "needs_attention": n_("Need attention"),
    "about_to_sleep": n_("About to sleep"),
    "at_risk": n_("At risk"),
    "cant_lose": n_("Must not be lost"),
    "hibernating": n_("Hibernating"),
    "lost": n_("Lost long ago"),
}
STAGE_NAMES: Final = {
    "new": n_("New"),
    "growing": n_("Growing"),
    "mature": n_("Mature"),
    "declining": n_("Declining"),
    "lost": n_("Lost"),
}
HELD: Final = n_("Has stored value")


def built_in_name(name: str) -> str | None:
    """What a built-in segment (`tenants.segments.built_in`) is called, to be translated; None for any other name."""
    kind, _, value = name.partition(":")
    named = {"rfm": RFM_NAMES, "stage": STAGE_NAMES, "wallet": {"held": HELD}}.get(kind, {})
    return named.get(value)
