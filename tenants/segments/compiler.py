"""A segment's condition compiled to SQL: which of some members it selects, as one statement.

Metrics are the programme's own compiler (`tenants.programme.compiler`), with nothing evaluated on any ladder; so a
segment and a tier can't count differently. Properties are in `tenants.segments.property_sql`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids, Values
from tenants.programme.document import Programme
from tenants.programme.moment import Moment
from tenants.segments.conditions import AllOf, AnyOf, AnySegmentCondition, Not
from tenants.segments.properties import PropertyLeaf
from tenants.segments.property_sql import Properties
from tenants.segments.rfm import Scale


@dataclass(frozen=True, slots=True)
class Selection:
    """`sql` answers the column `id` of the active members that are selected, in no order. Its parameters: the tenant,
    those that name the members, then the binder's.
    """

    sql: str
    binder: Binder

    @property
    def counting(self) -> str:
        """How many they are."""
        return f"SELECT count(*) FROM ({self.sql}) AS s"

    @property
    def newest(self) -> str:
        """Their ids, the newest first; the last parameter is how many at most."""
        return f"SELECT s.id FROM ({self.sql}) AS s ORDER BY s.id DESC LIMIT ${self.binder.next_parameter}"

    def arguments(self, tenant_id: UUID, ids: Sequence[Any], moment: Moment, *more: Any) -> list[Any]:
        return [tenant_id, *ids, *self.binder.values(moment), *more]


def selection(condition: AnySegmentCondition, programme: Programme, ids: Ids, scale: Scale | None) -> Selection:
    """The statement for members named as `ids` says. `scale` is needed where the condition asks for an RFM group.

    The condition must be usable with the programme (`tenants.segments.usable`); ValueError or LookupError otherwise.
    """
    values = Values(programme, (), ids)
    properties = Properties(values, scale)
    where = _holds(condition, values, properties)
    # A join that nothing reads would still fetch every member's row.
    profile = "" if ids is Ids.RANGE and not properties.reads_profile else _profile(ids)
    sql = f"WITH {values.ctes()}{properties.ctes()}\nSELECT v.id FROM v{profile}{properties.joins()}\n WHERE {where}"
    return Selection(sql, values.binder)


def _profile(ids: Ids) -> str:
    return f"\n  JOIN member p ON p.tenant_id = $1 AND p.id = v.id AND {ids.on('p.id')} AND p.status = 'active'"


def _holds(condition: AnySegmentCondition, values: Values, properties: Properties) -> str:
    """The condition as a boolean; never NULL, so that `not` is its opposite."""
    if isinstance(condition, PropertyLeaf):
        return properties.holds(condition)
    match condition:
        case AnyOf(conditions=parts):
            return "(" + " OR ".join(_holds(part, values, properties) for part in parts) + ")"
        case AllOf(conditions=parts):
            return "(" + " AND ".join(_holds(part, values, properties) for part in parts) + ")"
        case Not(condition=part):
            return f"(NOT {_holds(part, values, properties)})"
        case _:
            return values.holds(condition, 0, in_retain=True)
