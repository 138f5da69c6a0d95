"""What can be chosen in the editor, in the order in which people look for it."""

from typing import Final

from saas.i18n import n_

METRICS: Final = (
    (
        n_("What they buy"),
        (
            ("spend", n_("spend")),
            ("purchases", n_("purchases")),
            ("max_purchase", n_("largest purchase")),
            ("branches", n_("branches bought at")),
            ("days_since_purchase", n_("days since the last purchase")),
        ),
    ),
    (
        n_("Growth value and points"),
        (("score", n_("growth value")), ("points_earned", n_("points earned"))),
    ),
    (
        n_("Stored value"),
        (("top_ups", n_("top-ups")), ("max_top_up", n_("largest top-up"))),
    ),
    (
        n_("Taking part"),
        (
            ("activities", n_("activities")),
            ("rating", n_("mean rating")),
            ("referrals", n_("friends brought along")),
            ("tenure_days", n_("days of membership")),
        ),
    ),
)
"""(group, (metric, name)): all that the document knows."""

WINDOWS: Final = (
    ("lifetime", n_("in all")),
    ("calendar_month:0", n_("this month")),
    ("calendar_month:-1", n_("last month")),
    ("calendar_month:ago", n_("a month … months ago")),
    ("calendar_quarter:0", n_("this quarter")),
    ("calendar_quarter:-1", n_("last quarter")),
    ("calendar_quarter:ago", n_("a quarter … quarters ago")),
    ("calendar_year:0", n_("this year")),
    ("calendar_year:-1", n_("last year")),
    ("calendar_year:ago", n_("a year … years ago")),
    ("rolling_days", n_("the last … days")),
    ("rolling_months", n_("the last … months")),
    ("membership_year:0", n_("this membership year")),
    ("membership_year:-1", n_("last membership year")),
    ("membership_year:ago", n_("a membership year … years ago")),
    ("between", n_("from … to …")),
    ("since_tier_start", n_("since the present tier began")),
    ("current_validity", n_("in the present validity")),
)
HOW: Final = (("gte", n_("at least")), ("lt", n_("below")), ("between", n_("from … up to below …")))
JOINS: Final = (("any", n_("any one of these")), ("all", n_("all of these")))
UNIT_NAMES: Final = {
    "purchases": n_("tickets"),
    "activities": n_("times"),
    "referrals": n_("friends"),
    "points_earned": n_("points"),
    "branches": n_("branches"),
    "score": n_("growth points"),
    "tenure_days": n_("days"),
    "days_since_purchase": n_("days"),
}
"""What is written behind a number."""
NUMBERED: Final = frozenset(window for window, text in WINDOWS if "…" in text and window != "between")
