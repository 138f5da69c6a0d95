"""What narrows a list of members, as SQL: each filter finds ids by an index that row level security lets through
(leakproof operators only).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from saas.errors import DomainError, FieldError, InvalidValueError
from tenants.members.bodies import MembersQuery
from tenants.members.identities import CARD, EXTERNAL_ID, KIND_OF_FIELD, PHONE, UNIONID, openid_kind
from tenants.members.phones import normalise_phone
from tenants.programme.document import Programme

_LAST4: Final = 4
LAST_CHARACTER: Final = "\U0010ffff"
"""Sorts behind every name that begins with what stands before it."""

_OF_IDENTITY: Final = "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND kind = {} AND value = {}"
_OF_HOUSEHOLD: Final = "SELECT member_id FROM household_member WHERE tenant_id = $1 AND phone = {}"
_OF_LAST4: Final = "SELECT id FROM member WHERE tenant_id = $1 AND phone_last4 = {}"
_OF_NAME: Final = "SELECT id FROM member WHERE tenant_id = $1 AND name_key ~>=~ {} AND name_key ~<~ {}"
# As a value, which the planner can't turn into a search for everybody so named.
_NAMED_SO: Final = (
    "coalesce((SELECT m.name_key ~>=~ {} AND m.name_key ~<~ {} FROM member AS m"
    " WHERE m.tenant_id = $1 AND m.id = c.id), false)"
)
_IN_TIER: Final = (
    "SELECT t.member_id AS id FROM member_tier AS t"
    " WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank = {} AND t.tier = {}"
)
# While a publish is being brought to the members some still have the code or the rank of before.
_NOT_YET: Final = (
    " UNION ALL SELECT t.member_id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank > 0"
    " AND t.rank <> {} AND t.tier = ANY ({}::text[])"
    " UNION ALL SELECT t.member_id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank = {}"
    " AND t.tier <> {} AND t.tier = ANY ({}::text[])"
)
_ABOVE_BASE: Final = (
    "SELECT t.member_id AS id FROM member_tier AS t WHERE t.tenant_id = $1 AND t.ladder = {} AND t.rank > 0"
    " AND t.tier <> ALL ({}::text[])"
)
_TAGGED: Final = "SELECT t.member_id AS id FROM member_tag AS t WHERE t.tenant_id = $1 AND t.tag = {}"
_AT_HOME: Final = "SELECT m.id FROM member AS m WHERE m.tenant_id = $1 AND m.branch_id = {}"
_OF_STATUS: Final = {
    status: f"SELECT m.id FROM member AS m WHERE m.tenant_id = $1 AND m.status = '{status}'"  # an index's own words
    for status in ("active", "closed", "erased")
}


@dataclass
class Filters:
    """A statement's filters under way, with its parameters, of which `$1` is the tenant.

    `found` are queries of few ids; `walked` are queries of many, each in the order of ids by its index; `absent` are
    queries of ids that are not wanted; `told` are conditions about `c.id` itself, asked of one after the other.
    """

    args: list[object]
    found: list[str] = field(default_factory=list)
    walked: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def put(self, text: str, *values: object) -> str:
        """`text` with its `{}` as numbered parameters."""
        first = len(self.args) + 1
        self.args.extend(values)
        return text.format(*(f"${n}" for n in range(first, first + len(values))))

    def narrowed(self, query: MembersQuery, programme: Programme, *, halfway: bool, common: bool) -> Self:
        """With all filters of the query but its segment. `halfway`: a publish is being brought to the members.
        `common`: so many names begin with `q` that a page of them is met soon on the way.
        """
        _identities(self, query)
        if query.q is not None and not common:
            self.found.append(" UNION ".join(_search(self, query.q)))
        if query.tag is not None:
            self.walked.append(self.put(_TAGGED, query.tag))
        if query.branch_id is not None:
            self.walked.append(self.put(_AT_HOME, query.branch_id))
        if query.tier is not None:
            _tier(self, query.tier, programme, halfway=halfway)
        self.walked.append(_OF_STATUS[query.status])
        if query.q is not None and common:
            begins = query.q.lower()
            named = self.put(_NAMED_SO, begins, begins + LAST_CHARACTER)
            numbered = " UNION ALL ".join(_numbered(self, query.q))
            self.told.append(f"({named} OR c.id IN ({numbered}))")
        return self

    def ids(self, conditions: Sequence[str] = (), lead: int = 0) -> str:
        """Those whom all filters let through: looked for among the few that are found, or along one of what is walked.
        `conditions` are about `c.id`.
        """
        if self.found:
            few = " INTERSECT ".join(f"({found})" for found in self.found)
            source, begins, led = "found AS c", f"WITH found (id) AS MATERIALIZED ({few}) ", -1
        else:
            source, begins, led = f"({self.walked[lead]}) AS c", "", lead
        return f"{begins}SELECT c.id FROM {source} WHERE {' AND '.join([*conditions, *self.tests(led)]) or 'true'}"

    def tests(self, led: int = -1) -> list[str]:
        """Conditions about `c.id`: every filter but `found`, and but the walked one that leads."""
        wanted = [other for n, other in enumerate(self.walked) if n != led]
        return [
            *(f"EXISTS (SELECT FROM ({other}) AS f WHERE f.id = c.id)" for other in wanted),
            *(f"NOT EXISTS (SELECT FROM ({other}) AS f WHERE f.id = c.id)" for other in self.absent),
            *self.told,
        ]


def _identities(sql: Filters, query: MembersQuery) -> None:
    given = {kind: getattr(query, name) for name, kind in KIND_OF_FIELD.items()}
    given[UNIONID] = query.unionid
    if query.app_id is not None:
        given[openid_kind(query.app_id)] = query.openid
    sql.found += [_of_identity(sql, kind, value) for kind, value in given.items() if value is not None]


def _of_identity(sql: Filters, kind: str, value: str) -> str:
    found = sql.put(_OF_IDENTITY, kind, value)
    return f"{found} UNION ALL {sql.put(_OF_HOUSEHOLD, value)}" if kind == PHONE else found


def _numbered(sql: Filters, q: str) -> list[str]:
    return [sql.put(_OF_IDENTITY, kind, q) for kind in (CARD, EXTERNAL_ID)]


def _search(sql: Filters, q: str) -> list[str]:
    """Each way to be what is looked for, as ids."""
    arms = _numbered(sql, q)
    digits = unicodedata.normalize("NFKC", q)  # as some keyboards write them: ８００２
    if len(digits) == _LAST4 and digits.isascii() and digits.isdigit():
        arms.append(sql.put(_OF_LAST4, digits))
    try:
        arms.append(_of_identity(sql, PHONE, normalise_phone(q)))
    except InvalidValueError:
        arms.append(sql.put(_OF_NAME, q.lower(), q.lower() + LAST_CHARACTER))
    return arms


def _tier(sql: Filters, text: str, programme: Programme, *, halfway: bool) -> None:
    ladder_code, _, code = text.rpartition(":")
    ladder = programme.ladder(ladder_code) if ladder_code else programme.main
    if ladder is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-ladder")])
    tier = ladder.tier(code)
    if tier is None:
        raise DomainError("validation-failed", errors=[FieldError("/tier", "unknown-tier")])
    lineage = programme.lineage.get(ladder.code, {}) if halfway else {}
    once = [code for code, now in lineage.items() if now == tier.code]
    if tier.rank == 0:  # most of them have no row
        sql.absent.append(sql.put(_ABOVE_BASE, ladder.code, once))
        return
    held = sql.put(_IN_TIER, ladder.code, tier.rank, tier.code)
    if once:
        own = (ladder.code, tier.rank)
        held += sql.put(_NOT_YET, *own, once, *own, tier.code, once)
    sql.walked.append(held)
