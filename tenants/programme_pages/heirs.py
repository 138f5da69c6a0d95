"""What becomes of who holds a tier that the draft doesn't have."""

from dataclasses import dataclass

from tenants.programme.document import Ladder, Tier
from tenants.programme.lineage import Holders
from tenants.programme_pages.drafting import Draft


@dataclass(frozen=True, slots=True)
class Gone:
    """A tier of the rules in force that goes, the whole ladder where `into` is None. `choices`: (code, name) of the
    draft's tiers.
    """

    ladder: str
    ladder_name: str
    tier: str
    name: str
    into: str | None
    choices: list[tuple[str, str]]

    @property
    def field(self) -> str:
        """The name of its choice in a form."""
        return f"into/{self.ladder}/{self.tier}"


def holders_of(draft: Draft) -> Holders:
    """What was said while the draft was edited; who goes unsaid gets the nearest tier below that stays."""
    found: dict[str, dict[str, str] | None] = {}
    for ladder in draft.present.ladders:
        after = None if draft.rules is None else draft.rules.ladder(ladder.code)
        if after is None:
            found[ladder.code] = None
            continue
        said = draft.kept.holders.get(ladder.code) or {}
        into = {}
        for tier in ladder.tiers[1:]:
            if after.tier(tier.code) is None:
                wanted = after.tier(said.get(tier.code, ""))
                into[tier.code] = (wanted or _below(ladder, tier.rank, after)).code
        if into:
            found[ladder.code] = into
    return found


def _below(ladder: Ladder, rank: int, after: Ladder) -> Tier:
    stays = (after.tier(tier.code) for tier in reversed(ladder.tiers[:rank]))
    return next((tier for tier in stays if tier is not None), after.tiers[0])


def gone(draft: Draft) -> list[Gone]:
    """Every tier above a base that goes, in the order of the rules in force."""
    if draft.rules is None:
        return []
    found, language = [], draft.language
    holders = holders_of(draft)
    for ladder in draft.present.ladders:
        after = draft.rules.ladder(ladder.code)
        into = holders.get(ladder.code)
        choices = [] if after is None else [(tier.code, tier.names.get(language)) for tier in reversed(after.tiers)]
        for tier in ladder.tiers[1:]:
            if after is None or after.tier(tier.code) is None:
                heir = None if into is None else into[tier.code]
                name = ladder.names.get(language)
                found.append(Gone(ladder.code, name, tier.code, tier.names.get(language), heir, choices))
    return found
