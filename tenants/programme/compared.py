"""What differs between two versions of the rules, and between the draft and a version, in plain words."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from saas.errors import DomainError, Language
from saas.scope import connection, current
from tenants.programme.descent import descent
from tenants.programme.differences import Difference, differences
from tenants.programme.differences.ladders import Fate, Held, Successors
from tenants.programme.document import Programme
from tenants.programme.followers import Change, Touched, touched_by
from tenants.programme.lineage import Holders, backwards
from tenants.programme.published import Published
from tenants.programme.strict import Names
from tenants.programme.transitions import refuse_unknown
from tenants.programme.versions import current_version, programme
from tenants.programme.wording.teller import Glossary

_NAMED: Final = """
SELECT 'coupon' AS sort, code, names FROM coupon WHERE tenant_id = $1
UNION ALL SELECT 'price_list', code, names FROM price_list WHERE tenant_id = $1
UNION ALL SELECT 'branch', code, jsonb_build_object('zh-CN', name, 'en', name) FROM branch WHERE tenant_id = $1"""
_HELD: Final = """
SELECT s.tier, count(*) AS members FROM member_tier s JOIN member m ON m.tenant_id = $1 AND m.id = s.member_id
 WHERE s.tenant_id = $1 AND s.ladder = $2 AND s.rank > 0 AND s.tier = ANY ($3::text[]) AND m.status = 'active'
 GROUP BY s.tier"""


async def version_differences(version: int, against: int, language: Language) -> list[Difference]:
    """What `version` says otherwise than `against`. Raises DomainError `not-found`."""
    if version < 1 or against < 1:
        raise DomainError("not-found")
    new, old = await programme(version), await programme(against)
    successors = new.lineage if version >= against else _back(old, new)
    return await _told(language, old, new, Fate(successors))


async def draft_differences(
    draft: Programme, holders: Holders, against: int | None, language: Language
) -> list[Difference]:
    """What a draft would change: against the rules in force (None) with how many hold a tier that goes, what becomes of
    them by `holders`, and what becomes of the segments and rules of tasks that name one.

    Raises DomainError `not-found`, `validation-failed` where holders are sent to what isn't there.
    """
    present = await current_version()
    old = await programme(present if against is None else against)
    refuse_unknown(old, draft, holders)
    if against not in {None, present}:
        return await _told(language, old, draft, Fate(_said(holders)))
    fate = Fate(_said(holders), await _held(old, draft), frozenset(x for x, to in holders.items() if to is None))
    coming = draft.as_published(Published(lineage=(await descent(old, draft, holders)).lineage))
    return await _told(language, old, draft, fate, await touched_by(Change(old, coming)))


async def _told(
    language: Language, old: Programme, new: Programme, fate: Fate, touched: Sequence[Touched] = ()
) -> list[Difference]:
    return differences(old, new, language, fate=fate, touched=touched, glossary=await glossary())


def _said(holders: Holders) -> Successors:
    return {ladder: codes for ladder, codes in holders.items() if codes is not None}


async def _held(old: Programme, new: Programme) -> Held:
    """How many members hold each tier above the base that `new` hasn't got, as the rules in force call it."""
    held: dict[str, Counter[str]] = {}
    for ladder in old.ladders:
        after, known = new.ladder(ladder.code), old.lineage.get(ladder.code, {})
        gone = {tier.code for tier in ladder.tiers if tier.rank and (after is None or after.tier(tier.code) is None)}
        stored = gone | {code for code, now in known.items() if now in gone}
        if not stored:
            continue
        held[ladder.code] = Counter()
        for row in await connection().fetch(_HELD, current().tenant_id, ladder.code, sorted(stored)):
            tier = old.raised(ladder, row["tier"])
            if tier is not None and tier.code in gone:
                held[ladder.code][tier.code] += row["members"]
    return held


def _back(later: Programme, earlier: Programme) -> Successors:
    """Which tiers of an earlier version the later one's go back to."""
    return _said(backwards(later, earlier))


async def glossary() -> Glossary:
    """What the chain calls the things that its rules know by a code."""
    rows = await connection().fetch(_NAMED, current().tenant_id)
    return {(row["sort"], row["code"]): Names.model_validate(row["names"]) for row in rows}
