"""What each fact moves in a wallet, as postings for `tenants.wallet.ledger`. Pure; amounts in minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from tenants.measures import codes
from tenants.measures.add import Measured
from tenants.wallet.ledger import ACCOUNTS, Entry, Opened, Posting, Taken
from tenants.wallet.lots import Lot, PaidBack, Take
from tenants.wallet.reading import Wallet


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact that moves value: `source_id` is its own id, `seq` and `recorded_at` came with the member's lock."""

    member_id: UUID
    seq: int
    source_id: UUID
    branch_id: UUID | None
    recorded_at: datetime
    actor: str
    reason: str | None = None


def top_up(cause: Cause, wallet: Wallet, principal: int, bonus: int, day: date) -> Posting:
    """Money paid in with what comes with it: a lot of the cause's id. Counts as a top-up of local day `day`."""
    return _posting(
        cause,
        _entries(wallet, ("top_up", principal), ("top_up_bonus", bonus)),
        opened=(Opened(cause.source_id, principal, bonus),),
        measured=(Measured(cause.member_id, codes.TOP_UP, day, principal, facts=1, most=principal),),
    )


def opening(cause: Cause, wallet: Wallet, principal: int, bonus: int) -> Posting:
    """A balance taken over from elsewhere: a lot of the cause's id. No top-up: no metric counts it."""
    entries = _entries(wallet, ("opening", principal), ("opening_bonus", bonus))
    return _posting(cause, entries, opened=(Opened(cause.source_id, principal, bonus),))


def spend(cause: Cause, wallet: Wallet, takes: Sequence[Take]) -> Posting:
    """Pays with what `lots.pay` took."""
    entries = _entries(wallet, ("spend", _principal(takes)), ("spend_bonus", _bonus(takes)))
    return _posting(cause, entries, takes=tuple(Taken("spend", t.lot_id, t.principal, t.bonus) for t in takes))


def returned(
    cause: Cause,
    wallet: Wallet,
    back: Sequence[Take],
    kind: Literal["return", "undo_spend"] = "return",
    *,
    void_bonus: bool = False,
) -> Posting:
    """Gives back what `lots.give_back` answered: a refund (its id is the cause's) or an undo (the purchase's).
    `void_bonus`: to somebody who has left; bonus ends as it comes back.
    """
    bonus = _bonus(back)
    entries = _entries(
        wallet, (kind, _principal(back)), (f"{kind}_bonus", bonus), ("void_bonus", bonus if void_bonus else 0)
    )
    takes = [Taken(kind, t.lot_id, -t.principal, -t.bonus) for t in back]
    if void_bonus:
        takes += [Taken("void", t.lot_id, 0, t.bonus, bonus_voided=t.bonus) for t in back if t.bonus]
    return _posting(cause, entries, takes=tuple(takes))


def paid_back(cause: Cause, wallet: Wallet, parts: Sequence[PaidBack]) -> Posting:
    """Principal back to the member, as `lots.refund` reckoned each part."""
    entries = _entries(
        wallet,
        ("refund", sum(p.paid_out for p in parts)),
        ("refund_deduction", sum(p.deducted for p in parts)),
        ("refund_bonus", sum(p.bonus_voided for p in parts)),
    )
    takes = tuple(
        Taken("refund", p.lot_id, p.amount, p.bonus_voided, p.paid_out, p.amount, p.bonus_voided + p.deducted)
        for p in parts
    )
    return _posting(cause, entries, takes=takes)


def undo_top_up(cause: Cause, wallet: Wallet, lot: Lot) -> Posting:
    """Takes a top-up back whole; the cause's id is the top-up's. Its measures are summed anew by
    `tenants.wallet.measures`. Raises ValueError where something of the lot was spent or paid back.
    """
    if not lot.untouched:
        raise ValueError("a top-up that was used")
    entries = _entries(wallet, ("undo_top_up", lot.principal), ("undo_top_up_bonus", lot.bonus))
    return _posting(cause, entries, takes=(Taken("undo_top_up", lot.id, lot.principal, lot.bonus, lot.principal),))


def void_bonus(cause: Cause, wallet: Wallet) -> Posting:
    """All bonus ends: the member leaves. Its principal stays payable."""
    takes = tuple(
        Taken("void", lot.id, 0, lot.bonus_left, bonus_voided=lot.bonus_left) for lot in wallet.lots if lot.bonus_left
    )
    return _posting(cause, _entries(wallet, ("void_bonus", wallet.bonus)), takes=takes)


def merged(of: Cause, to: Cause, of_wallet: Wallet, to_wallet: Wallet) -> list[Posting]:
    """One member's balances go to another; its lots follow by `ledger.hand_over`. Both causes have the merge's id."""
    out = _entries(of_wallet, ("merge_out", of_wallet.principal), ("merge_out_bonus", of_wallet.bonus))
    into = _entries(to_wallet, ("merge_in", of_wallet.principal), ("merge_in_bonus", of_wallet.bonus))
    return [_posting(of, out), _posting(to, into)] if out else []


def _posting(
    cause: Cause,
    entries: tuple[Entry, ...],
    *,
    opened: tuple[Opened, ...] = (),
    takes: tuple[Taken, ...] = (),
    measured: tuple[Measured, ...] = (),
) -> Posting:
    return Posting(
        cause.member_id,
        cause.seq,
        cause.source_id,
        cause.branch_id,
        cause.recorded_at,
        cause.actor,
        cause.reason,
        entries,
        opened,
        takes,
        measured,
    )


def _entries(wallet: Wallet, *moves: tuple[str, int]) -> tuple[Entry, ...]:
    """An entry for each move that isn't 0, with the balances behind it."""
    balances = {"principal": wallet.principal, "bonus": wallet.bonus}
    made = []
    for kind, amount in moves:
        if amount:
            debit, credit = ACCOUNTS[kind]
            for account, change in ((debit, -amount), (credit, amount)):
                if account in balances:
                    balances[account] += change
            made.append(Entry(kind, amount, balances["principal"], balances["bonus"]))
    return tuple(made)


def _principal(takes: Iterable[Take]) -> int:
    return sum(take.principal for take in takes)


def _bonus(takes: Iterable[Take]) -> int:
    return sum(take.bonus for take in takes)
