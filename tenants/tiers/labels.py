"""How pages call what was decided, and in which colour they show a tier."""

from saas.i18n import Tongue, n_

REASONS = {
    ("upgrade", "purchase"): n_("A purchase earned it"),
    ("upgrade", "activity"): n_("An activity earned it"),
    ("upgrade", "referral"): n_("A referral earned it"),
    ("upgrade", "merge"): n_("Two records became one"),
    ("upgrade", "recalculation"): n_("Earned at a recalculation"),
    ("renew", "purchase"): n_("A purchase kept it for another term"),
    ("renew", "recalculation"): n_("Kept for another term"),
    ("downgrade", "purchase"): n_("Not enough to keep it"),
    ("downgrade", "recalculation"): n_("Not enough to keep it"),
}
OTHER_REASONS = {
    "upgrade": n_("Earned by the rules"),
    "renew": n_("Kept for another term"),
    "downgrade": n_("Not enough to keep it"),
    "refund": n_("A refund was counted"),
    "late": n_("A late purchase was counted"),
    "manual": n_("Set by staff"),
    "import": n_("Taken over by an import"),
    "merge": n_("Two records became one"),
    "programme_change": n_("The programme changed"),
}


def tone_of(rank: int, ranks: int) -> int:
    """A tier's colour: the base is pale, the top of a ladder is ink, what lies between goes up in warmth."""
    if rank == 0:
        return 0
    return 7 if rank == ranks - 1 and ranks > 3 else min(rank, 6)  # noqa: PLR2004  # ink needs a crowd below it


def reason_text(reason: str, cause: str, speaks: Tongue) -> str:
    """Why a decision was made, in a few words."""
    return speaks.say(REASONS.get((reason, cause)) or OTHER_REASONS[reason])
