"""Writes a batch of members. The rows are applied one after the other to the members they name, in memory, so that
a file may say the same member twice; what changed is then written with set-based statements.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.scope import connection, current
from tenants.cards.keeping import Known, known_cards
from tenants.imports.context import Context, Counts, RetryBatchError, create_branches
from tenants.imports.identities import Identity
from tenants.imports.members_cards import CARD, write_cards
from tenants.imports.members_details import NONE, Details, read_details, write_details
from tenants.imports.members_phones import PHONE, Pair, find_pairs, may_share, write_pairs
from tenants.imports.members_rows import MemberRow
from tenants.imports.members_sql import COLUMNS, COPIED, CREATE, INSERT, LOCK, TABLE, UPDATE
from tenants.imports.values import Gender
from tenants.members.birthdays import Calendar, kept_on
from tenants.members.eligibility import Kind, obstacles
from tenants.members.returning import were_members

_KINDS: Final = (("external_id", "external_id"), (PHONE, "phone"), (CARD, "card_no"))
"""Kinds of identities in the order in which they are tried, each with its field."""
_TAKEN: Final = {"external_id": "external-id-taken", PHONE: "phone-taken", CARD: "card-taken"}


@dataclass(slots=True)
class _Member:
    """A member as it is to be."""

    id: UUID
    external_id: str | None
    phone: str | None
    card_no: str | None
    name: str | None
    kind: Kind
    birthday: date | None
    birthday_calendar: Calendar
    gender: Gender | None
    joined_on: date
    branch_id: UUID | None
    details: Details = NONE

    def identities(self) -> Iterable[Identity]:
        return ((kind, value) for kind, field in _KINDS if (value := getattr(self, field)) is not None)

    @property
    def kept_on(self) -> int | None:
        return kept_on(self.birthday, self.birthday_calendar)

    def columns(self) -> tuple[Any, ...]:
        return tuple(getattr(self, column) for column in COLUMNS)


@dataclass(slots=True)
class _Found:
    """The members that a batch names, under their locks: their rows and details as they were, whom each identity
    leads to (a shared phone to several), whose cards the numbers were ever, and whether phones may be shared.
    """

    before: dict[UUID, tuple[Any, ...]]
    details: dict[UUID, Details]
    pairs: set[Pair]
    cards: dict[str, Known]
    shared: bool


async def apply_members(rows: list[MemberRow], context: Context) -> Counts:
    """Makes and changes members by the good rows. An empty cell changes nothing. Raises RetryBatchError."""
    await _find_branches(rows, context)
    found = await _lock(rows, context)
    members = {one: replace(_Member(*values), details=found.details[one]) for one, values in found.before.items()}
    by_identity: dict[Identity, list[_Member]] = {}
    for identity, member in sorted(found.pairs):
        by_identity.setdefault(identity, []).append(members[member])
    counts = Counts()
    for row in rows:
        _Step(row, context, members, by_identity, found.cards, found.shared).run(counts)
    await _write(members, found, context)
    return counts


async def _find_branches(rows: list[MemberRow], context: Context) -> None:
    may_create = context.options.create_missing and context.run.branch_ids is None
    if may_create:
        await create_branches(context, rows)
    for row in rows:
        row.branch_id = context.branches.get(row.branch)
        if row.branch and row.branch_id is None and (context.is_good(row.line) or not may_create):
            context.wrong(row.line, "branch", "unknown-branch", row.branch)


async def _lock(rows: list[MemberRow], context: Context) -> _Found:
    """Locks the members that the rows name, in id order, and reads them; then asks again whom the identities lead
    to, because that may have changed before the locks were held. Raises RetryBatchError if it has.
    """
    shared = await may_share(context.tenant_id)
    named = {(kind, value) for row in rows for kind, field in _KINDS if (value := getattr(row, field)) is not None}
    pairs = await find_pairs(context.tenant_id, named, shared=shared)
    ids = sorted({member for _, member in pairs})
    locked = await connection().fetch(LOCK, context.tenant_id, ids)
    if len(locked) != len(ids) or (pairs and await find_pairs(context.tenant_id, named, shared=shared) != pairs):
        raise RetryBatchError
    cards = await known_cards({value for kind, value in named if kind == CARD})
    return _Found({row["id"]: tuple(row) for row in locked}, await read_details(ids, context), pairs, cards, shared)


@dataclass(slots=True)
class _Step:
    """One row's turn."""

    row: MemberRow
    context: Context
    members: dict[UUID, _Member]
    by_identity: dict[Identity, list[_Member]]
    cards: dict[str, Known]
    shared: bool

    def run(self, counts: Counts) -> None:
        target = self._target()
        self._refuse_taken(target)
        self._refuse_ineligible(target)
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
        somebody else; where phones may be shared, so is one of another card or name.
        """
        for kind, field in _KINDS:
            value = getattr(self.row, field)
            holders = [] if value is None else self.by_identity.get((kind, value), [])
            if kind == PHONE and self.shared and holders:
                meant = self._of_household(holders)
                if meant is None:
                    continue
                return meant
            for member in holders:
                if kind == "external_id":
                    return member  # its own, or that of a record that was merged into it
                return member if self._may_be(member) else None
        return None

    def _may_be(self, member: _Member) -> bool:
        return self.row.external_id is None or member.external_id in {None, self.row.external_id}

    def _of_household(self, holders: list[_Member]) -> _Member | None:
        """Of those who have the phone, one or more, the one of the row's card, else of its name, else the only one if
        nothing speaks against it. None: somebody new, or a row that doesn't say who.
        """
        row = self.row
        held = [member for member in holders if self._may_be(member)]
        by_card = self.by_identity.get((CARD, row.card_no), []) if row.card_no is not None else []
        alike = [m for m in held if m in by_card or row.card_no is None or m.card_no is None]
        named = [m for m in alike if row.name is not None and m.name == row.name]
        vague = [m for m in alike if row.name is None or m.name is None]
        meant = [m for m in held if m in by_card] or named or vague
        if len(meant) > 1 or (vague and meant is vague and len(held) > 1):
            self.context.wrong(row.line, "phone", "phone-shared", row.phone)
        return meant[0] if len(meant) == 1 else None

    def _refuse_taken(self, target: _Member | None) -> None:
        for kind, field in _KINDS:
            value = getattr(self.row, field)
            holders = [] if value is None or (self.shared and kind == PHONE) else self.by_identity.get((kind, value))
            if holders and target not in holders:
                self.context.wrong(self.row.line, field, _TAKEN[kind], value)
            elif kind == CARD and value is not None:
                self._refuse_card(target, value)

    def _refuse_card(self, target: _Member | None, number: str) -> None:
        """A number that leads to nobody today may have been somebody's: then it is nobody else's, ever."""
        known = self.cards.get(number)
        refused = None if known is None else known.refusal(None if target is None else target.id)
        if refused is not None:
            self.context.wrong(self.row.line, "card_no", refused, number)

    def _refuse_ineligible(self, target: _Member | None) -> None:
        """Who joins, and whose age or kind the row changes."""
        row = self.row
        kind = row.kind or (target.kind if target else "person")
        birthday = row.birthday or (target.birthday if target else None)
        if target is not None and (kind, birthday) == (target.kind, target.birthday):
            return
        for obstacle in obstacles(self.context.rules.eligibility, kind, birthday, self.context.today):
            self.context.wrong(row.line, obstacle.name, obstacle.code, None, **obstacle.params)

    def _make(self) -> None:
        row = self.row
        member = _Member(
            uuid7(),
            row.external_id,
            row.phone,
            row.card_no,
            row.name,
            row.kind or "person",
            row.birthday,
            row.birthday_calendar or "solar",
            row.gender,
            row.joined_on or self.context.today,
            row.branch_id,
            Details(row.tags or frozenset(), row.attributes),
        )
        self.members[member.id] = member
        for identity in member.identities():
            self._lead(identity, member)

    def _lead(self, identity: Identity, member: _Member) -> None:
        self.by_identity.setdefault(identity, []).append(member)
        if identity[0] == CARD:
            self.cards[identity[1]] = Known(member.id, "active")

    def _change(self, member: _Member) -> bool:
        """Takes over what the row says. Returns whether it said anything new."""
        old = replace(member)
        for kind, field in _KINDS:
            value, former = getattr(self.row, field), getattr(member, field)
            if value is None or member in self.by_identity.get((kind, value), []):
                continue
            if former is not None:
                self.by_identity[kind, former] = [
                    m for m in self.by_identity.get((kind, former), []) if m is not member
                ]
            setattr(member, field, value)
            self._lead((kind, value), member)
        for field in ("name", "kind", "birthday", "birthday_calendar", "gender", "joined_on", "branch_id"):
            value = getattr(self.row, field)
            if value is not None:
                setattr(member, field, value)
        kept = member.details
        tags = kept.tags if self.row.tags is None else self.row.tags
        member.details = Details(tags, {**kept.attributes, **self.row.attributes})
        return member != old


async def _write(members: dict[UUID, _Member], found: _Found, context: Context) -> None:
    touched = {one: m for one, m in members.items() if m.details != found.details.get(one, NONE)}
    changed = [m for one, m in members.items() if one in touched or m.columns() != found.before.get(one)]
    if not changed:
        return
    run = context.run
    before = {one: _Member(*values) for one, values in found.before.items()}
    phones = {m.phone for m in changed if m.phone and (m.id not in before or before[m.id].phone != m.phone)}
    returning = sorted(await were_members(sorted(phones)))
    await connection().execute(CREATE)
    records = [(*member.columns(), member.kept_on, member.id in touched) for member in changed]
    await connection().copy_records_to_table(TABLE, records=records, columns=COPIED)
    await connection().execute(UPDATE, run.tenant_id, run.actor, run.id, current().request_id, returning)
    fresh = [member.id for member in changed if member.id not in before]
    if fresh:
        await connection().execute(INSERT, run.tenant_id, fresh, run.mark, context.now, returning)
    old = {(identity, m.id) for m in before.values() for identity in m.identities()}
    new = {(identity, m.id) for m in members.values() for identity in m.identities()}
    await write_pairs(run.tenant_id, old, new, shared=found.shared)
    await write_cards(old, new)
    await write_details(found.details, {one: m.details for one, m in touched.items()}, context)
