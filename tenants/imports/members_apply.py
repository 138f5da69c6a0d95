"""Writes a batch of members. The rows are applied one after the other to the members they name, in memory, so that
a file may say the same member twice; what changed is then written with set-based statements.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.scope import connection, current
from tenants.imports import identities
from tenants.imports.context import Context, Counts, RetryBatchError, create_branches
from tenants.imports.identities import Identity
from tenants.imports.members_rows import MemberRow
from tenants.imports.members_sql import COLUMNS, CREATE, INSERT, LOCK, TABLE, UPDATE
from tenants.imports.values import Gender

_KINDS: Final = (("external_id", "external_id"), ("phone", "phone"), ("card", "card_no"))
"""Kinds of identities in the order in which they are tried, each with its field."""
_TAKEN: Final = {"external_id": "external-id-taken", "phone": "phone-taken", "card": "card-taken"}


@dataclass(slots=True)
class _Member:
    """A member as it is to be."""

    id: UUID
    external_id: str | None
    phone: str | None
    card_no: str | None
    name: str | None
    birthday: date | None
    gender: Gender | None
    joined_on: date
    branch_id: UUID | None

    def identities(self) -> Iterable[Identity]:
        return ((kind, value) for kind, field in _KINDS if (value := getattr(self, field)) is not None)


async def apply_members(rows: list[MemberRow], context: Context) -> Counts:
    """Makes and changes members by the good rows. An empty cell changes nothing. Raises RetryBatchError."""
    await _find_branches(rows, context)
    before, holders = await _lock(rows, context)
    members = {member: _Member(*values) for member, values in before.items()}
    by_identity = {identity: members[member] for identity, member in holders.items()}
    counts = Counts()
    for row in rows:
        _Step(row, context, members, by_identity).run(counts)
    await _write(members, before, context)
    await _write_identities(members, before, context)
    return counts


async def _find_branches(rows: list[MemberRow], context: Context) -> None:
    may_create = context.options.create_missing and context.run.branch_ids is None
    if may_create:
        await create_branches(context, {r.branch for r in rows if r.branch and context.is_good(r.line)})
    for row in rows:
        row.branch_id = context.branches.get(row.branch)
        if row.branch and row.branch_id is None and (context.is_good(row.line) or not may_create):
            context.wrong(row.line, "branch", "unknown-branch", row.branch)


async def _lock(rows: list[MemberRow], context: Context) -> tuple[dict[UUID, tuple[Any, ...]], dict[Identity, UUID]]:
    """Locks the members that the rows name, in id order, and reads them; then asks again whom the identities lead
    to, because that may have changed before the locks were held. Raises RetryBatchError if it has.
    """
    named = {(kind, value) for row in rows for kind, field in _KINDS if (value := getattr(row, field)) is not None}
    found = await identities.find(context.tenant_id, named)
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(set(found.values())))
    if found and await identities.find(context.tenant_id, named) != found:
        raise RetryBatchError
    return {row["id"]: tuple(row) for row in locked}, found


@dataclass(slots=True)
class _Step:
    """One row's turn."""

    row: MemberRow
    context: Context
    members: dict[UUID, _Member]
    by_identity: dict[Identity, _Member]

    def run(self, counts: Counts) -> None:
        target = self._target()
        self._refuse_taken(target)
        if not self.context.is_good(self.row.line):
            return
        if target is None:
            self._make()
            counts.imported += 1
        elif self._change(target):
            counts.updated += 1
        else:
            counts.unchanged += 1

    def _target(self) -> _Member | None:
        """Whom the row means: by external id, else phone, else card number. One that has another external id is
        somebody else.
        """
        for kind, field in _KINDS:
            value = getattr(self.row, field)
            member = None if value is None else self.by_identity.get((kind, value))
            if member is not None:
                mine = self.row.external_id is None or member.external_id in {None, self.row.external_id}
                return member if mine else None
        return None

    def _refuse_taken(self, target: _Member | None) -> None:
        for kind, field in _KINDS:
            value = getattr(self.row, field)
            holder = None if value is None else self.by_identity.get((kind, value))
            if holder is not None and holder is not target:
                self.context.wrong(self.row.line, field, _TAKEN[kind], value)

    def _make(self) -> None:
        row = self.row
        member = _Member(
            uuid7(),
            row.external_id,
            row.phone,
            row.card_no,
            row.name,
            row.birthday,
            row.gender,
            row.joined_on or self.context.today,
            row.branch_id,
        )
        self.members[member.id] = member
        self.by_identity.update(dict.fromkeys(member.identities(), member))

    def _change(self, member: _Member) -> bool:
        """Takes over what the row says. Returns whether it said anything new."""
        old = astuple(member)
        for kind, field in _KINDS:
            value = getattr(self.row, field)
            if value is not None and value != (former := getattr(member, field)):
                if former is not None:
                    self.by_identity.pop((kind, former), None)
                setattr(member, field, value)
                self.by_identity[kind, value] = member
        for field in ("name", "birthday", "gender", "joined_on", "branch_id"):
            value = getattr(self.row, field)
            if value is not None:
                setattr(member, field, value)
        return astuple(member) != old


async def _write(members: dict[UUID, _Member], before: dict[UUID, tuple[Any, ...]], context: Context) -> None:
    changed = [values for member in members.values() if (values := _tuple(member)) != before.get(member.id)]
    if not changed:
        return
    await connection().execute(CREATE)
    await connection().copy_records_to_table(TABLE, records=changed, columns=COLUMNS)
    run = context.run
    await connection().execute(UPDATE, run.tenant_id, run.actor, run.id, current().request_id)
    fresh = [values[0] for values in changed if values[0] not in before]
    if fresh:
        await connection().execute(INSERT, run.tenant_id, fresh, run.mark, context.now)


async def _write_identities(
    members: dict[UUID, _Member], before: dict[UUID, tuple[Any, ...]], context: Context
) -> None:
    """Identities that were given up first: another row of the batch may have taken them over."""
    old = {i: member for member, values in before.items() for i in _Member(*values).identities()}
    new = {i: member.id for member in members.values() for i in member.identities()}
    await identities.delete(context.tenant_id, {i: member for i, member in old.items() if new.get(i) != member})
    if not await identities.insert(context.tenant_id, {i: member for i, member in new.items() if old.get(i) != member}):
        raise RetryBatchError


def _tuple(member: _Member) -> tuple[Any, ...]:
    return tuple(getattr(member, column) for column in COLUMNS)
