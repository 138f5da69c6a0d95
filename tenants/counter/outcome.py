"""What became of an entry, shown at once: points earned, balance, tier, how far to the next; and the way back."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from saas.clock import tenant_now
from saas.errors import DomainError
from saas.i18n import Tongue
from saas.scope import connection, current
from tenants.counter.entries import WITHIN, tenders_in_words
from tenants.counter.people import Customer, customer
from tenants.counter.quoting import label_of
from tenants.frame import Frame
from tenants.programme.versions import current_programme
from tenants.purchases.history import purchase
from tenants.purchases.recorded import value_out
from tenants.top_ups.history import top_up

_ACTOR: Final = {
    "purchase": "SELECT p.actor FROM purchase p WHERE p.tenant_id = $1 AND p.id = $2",
    "top_up": "SELECT t.actor FROM top_up t WHERE t.tenant_id = $1 AND t.id = $2",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of a purchase or a top-up; money in minor units. `rose`: the tier reached with it."""

    kind: str
    id: UUID
    number: str
    at: str
    amount: int
    paid: int
    discounts: tuple[tuple[str, int], ...]
    tenders: tuple[tuple[str, int], ...]
    points: int
    bonus: int
    printed: tuple[str, ...]
    rose: str | None
    undone: bool
    undoes: bool
    customer: Customer | None
    receipt: str


async def outcome(kind: str, entry_id: UUID, around: Frame, speaks: Tongue) -> Outcome:
    """Raises DomainError `not-found`, also for one of another branch than the reader's."""
    if kind == "purchase":
        return await _of_purchase(entry_id, around, speaks)
    if kind == "top_up":
        return await _of_top_up(entry_id, around, speaks)
    raise DomainError("not-found")


async def _of_purchase(entry_id: UUID, around: Frame, speaks: Tongue) -> Outcome:
    made, rules = await purchase(entry_id), await current_programme()
    _require_here(made.branch_id)
    value = value_out(made.amount, made.list_amount, made.lines, made.tenders, made.pricing)
    printed = tuple(one["number"] for one in value["printed_coupons"] if isinstance(one, dict) and "number" in one)
    return Outcome(
        "purchase",
        entry_id,
        made.external_id,
        speaks.moment(made.recorded_at, around.timezone),
        value["amount"],
        value["paid"],
        tuple((label_of(one, rules, speaks, {}), one["amount"]) for one in value["discounts"]),
        tuple(tenders_in_words(made.tenders, speaks)),
        value["points_earned"],
        0,
        printed,
        _rose(made.changes, rules, speaks),
        made.undone_at is not None,
        made.undone_at is None and await _mine("purchase", entry_id, made.recorded_at),
        await _customer(made.member_id, speaks),
        f"/counter/receipts/purchase/{entry_id}",
    )


async def _of_top_up(entry_id: UUID, around: Frame, speaks: Tongue) -> Outcome:
    made, rules = await top_up(entry_id), await current_programme()
    _require_here(made.branch_id)
    return Outcome(
        "top_up",
        entry_id,
        made.external_id,
        speaks.moment(made.recorded_at, around.timezone),
        made.amount,
        made.amount,
        (),
        tuple(tenders_in_words(made.tenders, speaks)),
        made.points_earned,
        made.bonus,
        (),
        _rose(made.changes, rules, speaks),
        made.undone_at is not None,
        made.undone_at is None and await _mine("top_up", entry_id, made.recorded_at),
        await _customer(made.member_id, speaks),
        f"/counter/receipts/top-up/{entry_id}",
    )


def _require_here(branch_id: UUID) -> None:
    """A neighbour branch's entry is nobody's."""
    if not current().principal.may_at(branch_id):
        raise DomainError("not-found")


async def _customer(member_id: UUID | None, speaks: Tongue) -> Customer | None:
    if member_id is None:
        return None
    try:
        return await customer(member_id, speaks)
    except DomainError as error:
        if error.code != "member-closed":
            raise
        return None


async def _mine(kind: str, entry_id: UUID, recorded_at: Any) -> bool:
    """Whether the reader entered it, a moment ago."""
    actor = await connection().fetchval(_ACTOR[kind], current().tenant_id, entry_id)
    recent: bool = await tenant_now() - recorded_at <= WITHIN
    return recent and actor == current().principal.actor


def _rose(changes: Any, rules: Any, speaks: Tongue) -> str | None:
    for change in changes:
        ladder = rules.ladder(change.ladder)
        if change.decision_id is None or ladder is None or change.before == change.after:
            continue
        before, after = ladder.tier(change.before), ladder.tier(change.after)
        if after is not None and (before is None or after.rank > before.rank):
            name: str = after.names.get(speaks.language)
            return name
    return None
