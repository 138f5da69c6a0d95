"""Whether a condition can be answered: what it names is there, and the caller may know it."""

from collections.abc import Iterable

from saas.errors import DomainError, FieldError
from saas.principal import KeyScope
from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.leaves import RatingLeaf
from tenants.programme.strict import Fault, json_pointer
from tenants.segments.conditions import AnySegmentCondition, segment_places
from tenants.segments.properties import BranchProperty
from tenants.segments.references import reference_faults

AT = ("condition",)
_SEES_HEALTH: KeyScope = "health:read"


async def faults_of(condition: AnySegmentCondition, programme: Programme) -> list[FieldError]:
    """What the condition names that isn't there, with pointers below `/condition`."""
    faults = [*reference_faults(condition, programme, AT), *await _unknown_branches(condition)]
    return [FieldError(json_pointer(fault.loc), fault.code, fault.params) for fault in faults]


async def require_usable(condition: AnySegmentCondition, programme: Programme, *, by_system: bool = False) -> None:
    """Raises DomainError `segment-outdated` for a condition whose ladder, tier, attribute or branch is gone,
    `forbidden` for one that would tell the numbers of health measurements to who may not see them.
    """
    faults = await faults_of(condition, programme)
    if faults:
        raise DomainError("segment-outdated", errors=faults)
    if not by_system and _tells_health(condition, programme) and not current().principal.may(_SEES_HEALTH):
        raise DomainError("forbidden", params={"scope": _SEES_HEALTH})


def _tells_health(condition: AnySegmentCondition, programme: Programme) -> bool:
    """How often is measured is in every member's list of activities; what was measured isn't."""
    kinds = {leaf.kind for _, leaf in segment_places(condition) if isinstance(leaf, RatingLeaf)}
    return bool(programme.health_kinds) and (None in kinds or not kinds.isdisjoint(programme.health_kinds))


async def _unknown_branches(condition: AnySegmentCondition) -> list[Fault]:
    places = [(loc, leaf) for loc, leaf in segment_places(condition, AT) if isinstance(leaf, BranchProperty)]
    if not places:
        return []
    known = await _known_branches({code for _, leaf in places for code in leaf.among})
    return [
        Fault((*loc, "in", n), "unknown-branch", "There is no branch {value}", {"value": code})
        for loc, leaf in places
        for n, code in enumerate(leaf.among)
        if code not in known
    ]


async def _known_branches(codes: Iterable[str]) -> set[str]:
    sql = "SELECT code FROM branch WHERE tenant_id = $1 AND code = ANY($2::text[])"
    return {row["code"] for row in await connection().fetch(sql, current().tenant_id, list(codes))}
