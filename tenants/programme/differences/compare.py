"""Two documents side by side."""

from collections.abc import Mapping, Sequence

from saas.errors import Language
from tenants.programme.differences.ladders import Fate, Successors, ladders_differ
from tenants.programme.differences.named import named_differ
from tenants.programme.differences.rules import rules_differ
from tenants.programme.differences.told import Difference, Place
from tenants.programme.document import Programme
from tenants.programme.followers import Touched
from tenants.programme.strict import Names
from tenants.programme.wording.teller import Glossary, Teller

_NOTHING: Mapping[str, Mapping[str, str]] = {}


def differences(
    old: Programme,
    new: Programme,
    language: Language,
    *,
    successors: Successors = _NOTHING,
    fate: Fate | None = None,
    touched: Sequence[Touched] = (),
    glossary: Glossary | None = None,
) -> list[Difference]:
    """Every field in which `new` differs from `old`, told once; none where both say the same. The version's own number
    is no difference.

    `successors`: by ladder, which tier follows a code that `new` doesn't have; `fate` says so with how many hold one.
    `touched`: what names tiers that change. `glossary`: names of the chain's coupons, price lists and branches.
    """
    known = glossary or {}
    place = Place(
        Teller(language, old.currency, {**known, **_tiers(old)}),
        Teller(language, new.currency, {**known, **_tiers(new)}),
    )
    ladders = place.field("ladders")
    told = list(ladders_differ(ladders, old.ladders, new.ladders, fate or Fate(successors)))
    told += named_differ(ladders, old, touched)
    return told + list(rules_differ(place, old, new))


def _tiers(rules: Programme) -> dict[tuple[str, str], Names]:
    return {("tier", tier.code): tier.names for ladder in reversed(rules.ladders) for tier in ladder.tiers}
