"""A text as a member would get it: its placeholders filled for somebody made up, and how long it is then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from saas.errors import DEFAULT_LANGUAGE, Language
from saas.i18n import as_language, n_, tongue
from saas.scope import connection, current
from tenants.campaigns.texts import fill
from tenants.messages.parts import sms_parts
from tenants.nightly import this_night
from tenants.programme.versions import current_programme

MEANINGS: Final = {
    "name": n_("the member’s name"),
    "chain": n_("your chain’s name"),
    "branch": n_("the member’s branch"),
    "card_no": n_("the card number"),
    "tier": n_("the tier"),
    "next_tier": n_("the next tier"),
    "missing": n_("what is missing for it"),
    "points": n_("points: given, about to end, or all"),
    "balance": n_("stored value left"),
    "coupon": n_("the coupon that is given"),
    "date": n_("the last day of the coupon, tier or points"),
}
"""What each placeholder stands for."""

_NAMES: Final[Mapping[Language, str]] = {"zh-CN": "王芳", "en": "Wang Fang"}
_COUPONS: Final[Mapping[Language, str]] = {"zh-CN": "满减券", "en": "Money off"}
_POINTS: Final = 1_280
_BALANCE: Final = 23_600
_MISSING: Final = 23_000
_DAYS: Final = timedelta(days=30)
_CHAIN: Final = """
SELECT t.name, t.locale, t.currency,
       (SELECT b.name FROM branch AS b WHERE b.tenant_id = $1 AND b.closed_at IS NULL ORDER BY b.id LIMIT 1) AS branch
  FROM tenant AS t WHERE t.tenant_id = $1"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A text of one language, filled. `sent`: it is the chain's, in which members are told."""

    language: Language
    text: str
    length: int
    parts: int
    sent: bool


async def samples(
    texts: Mapping[Language, str], *, points: int = 0, coupon: Mapping[Language, str] | None = None
) -> list[Sample]:
    """Each that isn't empty, the chain's own language first. `points` and `coupon` are those that a campaign gives."""
    row = await connection().fetchrow(_CHAIN, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    own = as_language(row["locale"]) or DEFAULT_LANGUAGE
    rules, night = await current_programme(), await this_night()
    seen = next((ladder for ladder in rules.ladders if ladder.visibility == "members"), rules.main)
    tiers = seen.tiers
    found = []
    for language in sorted((one for one, text in texts.items() if text), key=lambda one: one != own):
        words = tongue(language)
        values = {
            "chain": row["name"],
            "branch": row["branch"] or row["name"],
            "name": _NAMES[language],
            "card_no": "80012345",
            "tier": tiers[min(1, len(tiers) - 1)].names.get(language),
            "next_tier": tiers[min(2, len(tiers) - 1)].names.get(language),
            "missing": words.money(_MISSING, row["currency"]),
            "points": words.number(points or _POINTS),
            "balance": words.money(_BALANCE, row["currency"]),
            "coupon": (coupon or _COUPONS)[language],
            "date": words.day(night.today + _DAYS),
        }
        text = fill(texts[language], values)
        found.append(Sample(language, text, len(text), sms_parts(text), language == own))
    return found
