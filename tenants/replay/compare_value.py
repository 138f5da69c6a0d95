"""Points and stored value as stored, held against what the facts give."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

from tenants.replay.books import Books
from tenants.replay.difference import Difference, as_json
from tenants.replay.facts import Facts
from tenants.replay.person import Person
from tenants.replay.words import WHY, Why

_Key = TypeVar("_Key")
Columns = Mapping[str, Any]

_PROMISED: Final = {"points": Why.POINTS, "bonus": Why.BONUS}
_WALLET_LOT: Final = ("principal", "bonus", "principal_left", "bonus_left", "refunded", "bonus_voided", "recorded_at")


def value_differences(books: Books, person: Person, facts: Facts) -> Iterator[Difference]:
    """Of all records of a person: what facts say of themselves, entries, lots, balances."""
    for one in books.promised:
        if one.expected != one.stored:
            why = WHY[_PROMISED[one.kind]]
            yield Difference(one.kind, facts.survivor_id, str(one.fact_id), one.expected, one.stored, why)
    yield from _points_entries(books, facts)
    yield from _points_lots(books, person, facts)
    yield from _wallet_entries(books, facts)
    yield from _wallet_lots(books, facts)
    for member_id in person.records:
        yield from _balances(books, member_id, facts)


def _points_entries(books: Books, facts: Facts) -> Iterator[Difference]:
    stored = {
        (row["kind"], row["source_id"]): {"member_id": row["member_id"], "points": row["points"], "day": row["day"]}
        for row in facts.stored["points_entry"]
    }
    told = {
        key: {"member_id": one.member_id, "points": one.points, "day": one.day}
        for key, one in books.points.entries.items()
    }
    whys = (Why.ENTRY, Why.ENTRY_MISSING, Why.ENTRY_EXTRA)
    for (kind, source_id), one, other in _pairs(told, stored):
        yield from _differ("points", f"{kind} {source_id}", facts.survivor_id, one, other, whys)


def _points_lots(books: Books, person: Person, facts: Facts) -> Iterator[Difference]:
    stored = {
        row["id"]: {
            "member_id": row["holder_id"],
            "points": row["lot_points"],
            "left": row["left"],
            "day": row["lot_day"],
            "spendable_from": row["spendable_from"],
            "expires_on": row["expires_on"],
        }
        for row in facts.stored["points_entry"]
        if row["lot_points"] is not None
    }
    told = {}
    for lot in books.points.lots.values():
        # who was merged keeps the lots that are empty, until something comes back to them
        holder = stored.get(lot.id, {}).get("member_id")
        told[lot.id] = {
            "member_id": lot.holder if lot.left or holder not in person.records else holder,
            "points": lot.points,
            "left": lot.left,
            "day": lot.day,
            "spendable_from": lot.spendable_from,
            "expires_on": lot.expires_on,
        }
    for lot_id, one, other in _pairs(told, stored):
        yield from _differ("lot", str(lot_id), facts.survivor_id, one, other, _LOT)


_LOT: Final = (Why.LOT, Why.LOT_MISSING, Why.LOT_EXTRA)


def _wallet_entries(books: Books, facts: Facts) -> Iterator[Difference]:
    stored = {
        (row["kind"], row["source_id"]): {"member_id": row["member_id"], "amount": row["amount"]}
        for row in facts.stored["wallet_entry"]
    }
    told = {
        key: {"member_id": member_id, "amount": amount} for key, (member_id, amount) in books.wallets.entries.items()
    }
    whys = (Why.WALLET_ENTRY, Why.WALLET_ENTRY, Why.WALLET_ENTRY)
    for (kind, source_id), one, other in _pairs(told, stored):
        yield from _differ("wallet-entry", f"{kind} {source_id}", facts.survivor_id, one, other, whys)


def _wallet_lots(books: Books, facts: Facts) -> Iterator[Difference]:
    stored = {
        row["id"]: {"member_id": row["member_id"], **{name: row[name] for name in _WALLET_LOT}}
        for row in facts.stored["wallet_lot"]
    }
    told = {
        lot.id: {"member_id": lot.holder, **{name: getattr(lot, name) for name in _WALLET_LOT}}
        for lot in books.wallets.lots.values()
    }
    whys = (Why.WALLET_LOT, Why.LOT_MISSING, Why.LOT_EXTRA)
    for lot_id, one, other in _pairs(told, stored):
        yield from _differ("wallet-lot", str(lot_id), facts.survivor_id, one, other, whys)


def _balances(books: Books, member_id: UUID, facts: Facts) -> Iterator[Difference]:
    """A record without an account has nothing."""
    account, (principal, bonus) = books.points.account(member_id), books.wallets.balances(member_id)
    for kind, what, told, why in (
        ("balance", "points", {"open": account.open, "debt": account.debt, "balance": account.balance}, Why.BALANCE),
        ("wallet", "wallet", {"principal": principal, "bonus": bonus}, Why.WALLET),
    ):
        stored: dict[str, int] = dict.fromkeys(told, 0)
        for row in facts.stored[f"{what}_account"]:
            if row["member_id"] == member_id:
                stored = {name: row[name] for name in told if name != "balance"}
                if "balance" in told:
                    stored["balance"] = stored["open"] - stored["debt"]
        yield from _differ(kind, what, member_id, told, stored, (why, why, why))


def _pairs(
    told: Mapping[_Key, Columns], stored: Mapping[_Key, Columns]
) -> Iterator[tuple[_Key, Columns | None, Columns | None]]:
    for key, one in told.items():
        if one != stored.get(key):
            yield key, one, stored.get(key)
    for key, one in stored.items():
        if key not in told:
            yield key, None, one


def _differ(
    kind: str, what: str, survivor_id: UUID, told: Columns | None, stored: Columns | None, whys: tuple[Why, Why, Why]
) -> Iterator[Difference]:
    """The columns that differ, or the whole of what is missing or too much."""
    if told is None or stored is None:
        why = whys[1] if stored is None else whys[2]
        names = list(told or stored or ())
    else:
        why, names = whys[0], [name for name in told if told[name] != stored[name]]
    if names:
        member_id = (told or stored or {}).get("member_id", survivor_id)
        yield Difference(kind, member_id, what, _of(told, names), _of(stored, names), WHY[why])


def _of(columns: Columns | None, names: list[str]) -> dict[str, Any] | None:
    return None if columns is None else {name: as_json(columns[name]) for name in names}
