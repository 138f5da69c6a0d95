"""The list in the order of a column: who has a value by it, then who has none, either way, as spreadsheets have it.

A value's index is walked from the last page's end on, some hundred members at first and then more at a time, and whom
the filters let through make the page. Where a filter finds few, these are brought together and sorted instead: along
the order they might be met very late. So no page looks at more members than a walk's patience allows; one that ends
before it is full says where to go on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from saas.errors import DomainError
from saas.paging import decode_cursor, encode_cursor
from saas.scope import connection, current
from tenants.members.bodies import MembersQuery
from tenants.members.filters import Filters
from tenants.programme.document import Programme

FEW: Final = 5_000
"""So many are brought together and sorted (some 30 ms); of more, every two hundredth of a million is wanted."""
_FIRST_LOOK: Final = 400
_LARGEST_LOOK: Final = 20_000
_ASKED_ABOUT: Final = 1_000
PATIENCE: Final = 2.0
"""Seconds."""

Among = Callable[[list[UUID]], Awaitable[set[UUID]]]


@dataclass(frozen=True, slots=True)
class Order:
    """Where a column's values lie: `rows` of a tenant (`s`), with `value` and `member`, that have one. `without`: the
    rows of who has none, where an index has these; else everybody is asked.
    """

    rows: str
    value: str
    member: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    without: str | None = None


ORDERS: Final[dict[str, Order]] = {
    "name": Order(
        "member AS s WHERE s.tenant_id = $1 AND s.name_order IS NOT NULL",
        "s.name_order",
        "s.id",
        bytes.fromhex,
        bytes.hex,
        without="member AS s WHERE s.tenant_id = $1 AND s.name_order IS NULL",
    ),
    "last_visit": Order(
        "member_total AS s WHERE s.tenant_id = $1",
        "s.last_at",
        "s.member_id",
        datetime.fromisoformat,
        datetime.isoformat,
    ),
    "spend": Order("member_total AS s WHERE s.tenant_id = $1", "s.spend", "s.member_id", int, str),
    "points": Order("points_account AS s WHERE s.tenant_id = $1 AND s.open > 0", "s.open", "s.member_id", int, str),
}
_NONE: Final = "-"


class Place(NamedTuple):
    """A member's place in an order. `value` None: among those who have none."""

    value: Any
    id: UUID


class Looked(NamedTuple):
    """What a look at some members found, in order. `last`: behind whom to look on; None where there are no more."""

    found: list[Place]
    last: Place | None


class Sorted(NamedTuple):
    """A page of ids. `after`: the cursor behind which the next page begins; None at the end."""

    ids: list[UUID]
    after: str | None


@dataclass(frozen=True, slots=True)
class Sorting:
    """A list's filters in the order that its query asks for. `halfway`, `common`: as of `Filters.narrowed`."""

    query: MembersQuery
    programme: Programme
    halfway: bool
    common: bool

    @property
    def order(self) -> Order:
        return ORDERS[self.query.sort.removeprefix("-")]

    @property
    def falling(self) -> bool:
        return self.query.sort.startswith("-")

    # --- places -------------------------------------------------------------------------------

    def _begin(self) -> Place | None:
        """Behind which member the page begins. Raises DomainError `invalid-cursor`, also for another order's."""
        place = decode_cursor(self.query.cursor, str, str, UUID)
        if place is None:
            return None
        if place[0] != self.query.sort:
            raise DomainError("invalid-cursor")
        try:
            return Place(None if place[1] == _NONE else self.order.read(place[1]), place[2])
        except (ValueError, OverflowError):
            raise DomainError("invalid-cursor") from None

    def _cursor(self, place: Place) -> str:
        value = _NONE if place.value is None else self.order.write(place.value)
        return encode_cursor(self.query.sort, value, place.id)

    # --- statements ---------------------------------------------------------------------------

    def looking(self, behind: Place | None, limit: int, look_at: int) -> tuple[str, list[object]]:
        """Up to `limit` of the next `look_at` members who have a value, and the last one of them, with how many."""
        sql = self._filters(limit, look_at)
        conditions: list[str] = []
        if behind is not None:
            conditions.append(sql.put(f"({self.order.value}, {self.order.member}) {self._on} ({{}}, {{}})", *behind))
        if self._named_alike:
            first = (self.query.q or "").lower()
            bounds = (first.encode("gb18030"), first.encode("gb18030") + b"\xff")  # no character begins with that
            conditions.append(sql.put("s.name_order >= {} AND s.name_order < {}", *bounds))
        candidates = (
            f"SELECT {self.order.member} AS id, {self.order.value} AS value"
            f" FROM {' AND '.join([self.order.rows, *conditions])}"
            f" ORDER BY {self.order.value}{self._way}, {self.order.member}{self._way} LIMIT $3"
        )
        return self._chosen(candidates, sql.tests(), "c.value{0}, c.id{0}"), sql.args

    def looking_behind(self, behind: Place | None, limit: int, look_at: int) -> tuple[str, list[object]]:
        """The same of those who have none."""
        sql = self._filters(limit, look_at)
        if self.order.without is not None:
            lead, tests = f"SELECT s.id FROM {self.order.without}", sql.tests()
        else:
            none = f"NOT EXISTS (SELECT FROM {self.order.rows} AND {self.order.member} = c.id)"
            lead, tests = sql.walked[0], [none, *sql.tests(led=0)]
        where = sql.put(f" WHERE l.id {self._on} {{}}", (behind or self._edge).id)
        candidates = f"SELECT l.id, NULL::int AS value FROM ({lead}) AS l{where} ORDER BY l.id{self._way} LIMIT $3"
        return self._chosen(candidates, tests, "c.id{0}"), sql.args

    def gathering(self, behind: Place | None, limit: int, lead: int) -> tuple[str, list[object]]:
        """A page of the few whom the filters find, along the one numbered `lead`."""
        sql = self._filters(limit)
        where = self._behind(sql, behind)
        return (
            f"WITH g AS MATERIALIZED ({sql.ids(lead=lead)})"
            f" SELECT g.id, v.value FROM g LEFT JOIN LATERAL (SELECT {self.order.value} AS value"
            f" FROM {self.order.rows} AND {self.order.member} = g.id) AS v ON true{where}"
            f" ORDER BY v.value{self._way} NULLS LAST, g.id{self._way} LIMIT $2"
        ), sql.args

    def counting(self) -> tuple[str, list[object]]:
        """How many each of the walked filters finds, up to one more than are few."""
        query = self.query.model_copy(update={"tier": None}) if self._filters().absent else self.query
        sql = self._filters(query=query)
        return (
            "SELECT "
            + ", ".join(f"(SELECT count(*) FROM ({one} LIMIT {FEW + 1}) AS n) AS n{n}" for n, one in self._own(sql))
        ), sql.args

    def _filters(self, *args: object, query: MembersQuery | None = None) -> Filters:
        asked = Filters([current().tenant_id, *args])
        return asked.narrowed(query or self.query, self.programme, halfway=self.halfway, common=self.common)

    def _own(self, sql: Filters) -> list[tuple[int, str]]:
        """What may find few: of those who are there, nothing but a filter does."""
        return [(n, one) for n, one in enumerate(sql.walked) if "m.status = 'active'" not in one]

    def _behind(self, sql: Filters, behind: Place | None) -> str:
        if behind is None:
            return ""
        if behind.value is None:
            return sql.put(f" WHERE v.value IS NULL AND g.id {self._on} {{}}", behind.id)
        return sql.put(f" WHERE (v.value IS NULL OR (v.value, g.id) {self._on} ({{}}, {{}}))", *behind)

    def _chosen(self, candidates: str, tests: list[str], by: str) -> str:
        return (
            f"WITH c AS MATERIALIZED ({candidates}),"
            f" f AS (SELECT c.id, c.value FROM c WHERE {' AND '.join(tests)} ORDER BY {by.format(self._way)} LIMIT $2)"
            " SELECT f.id, f.value, 0 AS looked_at FROM f"
            " UNION ALL (SELECT c.id, c.value, (SELECT count(*) FROM c) FROM c"
            f" ORDER BY {by.format('' if self.falling else ' DESC')} LIMIT 1)"
        )

    @property
    def _way(self) -> str:
        return " DESC" if self.falling else ""

    @property
    def _on(self) -> str:
        return "<" if self.falling else ">"

    @property
    def _named_alike(self) -> bool:
        """Whether only a part of the order is asked for: then nobody else is looked at."""
        return self.common and self.order is ORDERS["name"]

    # --- pages --------------------------------------------------------------------------------

    async def page(self, limit: int, among: Among | None = None) -> Sorted:
        """Up to `limit` members. `among`: which of some members are wanted at all."""
        behind, lead = self._begin(), await self._few()
        looks = self._looks(behind, limit + 1, whole=among is not None)
        if lead is not None:
            looks = self._gathered(behind, limit + 1, lead, whole=among is not None)
        found: list[Place] = []
        async for looked in looks:
            chosen = None if among is None else await among([place.id for place in looked.found])
            found += [place for place in looked.found if chosen is None or place.id in chosen]
            behind = looked.last
            if len(found) > limit:
                behind = found[limit - 1]
                break
        return Sorted([place.id for place in found[:limit]], None if behind is None else self._cursor(behind))

    async def _few(self) -> int | None:
        """Which of the walked filters finds few; -1 where something does that isn't walked; None where none does."""
        sql = self._filters()
        if sql.found:
            return -1
        if not (own := self._own(sql)):
            return None
        statement, args = self.counting()
        counted: Any = await connection().fetchrow(statement, *args)
        fewest, lead = min((counted[f"n{n}"], n) for n, _ in own)
        return lead if fewest <= FEW else None

    async def _gathered(self, behind: Place | None, limit: int, lead: int, *, whole: bool) -> AsyncIterator[Looked]:
        """The few in one look, or in several where each is to be asked about."""
        while True:
            size = _ASKED_ABOUT if whole else limit
            sql, args = self.gathering(behind, size, lead)
            found = [Place(row["value"], row["id"]) for row in await connection().fetch(sql, *args)]
            behind = found[-1] if len(found) == size else None
            yield Looked(found, behind)
            if behind is None:
                return

    async def _looks(self, behind: Place | None, limit: int, *, whole: bool) -> AsyncIterator[Looked]:
        """What further and further looks find, as long as there is patience."""
        started, look_at = monotonic(), _FIRST_LOOK
        while monotonic() - started < PATIENCE:
            size = _ASKED_ABOUT if whole else limit
            looked = await self._look(behind, size, max(size, look_at))
            yield looked
            behind = looked.last
            if behind is None:
                return
            look_at = min(look_at * 4, _LARGEST_LOOK)

    async def _look(self, behind: Place | None, limit: int, look_at: int) -> Looked:
        with_value = behind is None or behind.value is not None
        sql, args = (self.looking if with_value else self.looking_behind)(behind, limit, look_at)
        rows = await connection().fetch(sql, *args)
        found = [Place(row["value"], row["id"]) for row in rows if row["looked_at"] == 0]
        if len(found) == limit:
            return Looked(found, found[-1])
        ends = next((row for row in rows if row["looked_at"]), None)
        if ends is not None and ends["looked_at"] == look_at:
            return Looked(found, Place(ends["value"], ends["id"]))
        return Looked(found, self._edge if with_value and not self._named_alike else None)

    @property
    def _edge(self) -> Place:
        """Before the first of those who have none."""
        return Place(None, UUID(int=2**128 - 1 if self.falling else 0))
