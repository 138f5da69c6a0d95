"""What stored value must be at any moment, reckoned again from its movements and facts in plain Python."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from support.chains import Chain
from support.clock import owner

LIABLE = ("principal", "bonus")


async def _rows(chain: Chain, table: str) -> list[dict[str, Any]]:
    return [
        dict(r) for r in await (await owner()).fetch(f"SELECT * FROM {table} WHERE tenant_id = $1", chain.tenant_id)
    ]


async def check_wallets(chain: Chain) -> None:
    """Accounts = movements = lots >= 0; lots = what went in less what was taken; the books are even; each top-up's
    measure is what is left of it; nobody got out of the tills more than went in.
    """
    entries = sorted(await _rows(chain, "wallet_entry"), key=lambda e: e["id"])
    lots = {lot["id"]: lot for lot in await _rows(chain, "wallet_lot")}
    takes = await _rows(chain, "wallet_take")
    accounts = {a["member_id"]: a for a in await _rows(chain, "wallet_account")}
    books: dict[str, int] = defaultdict(int)
    running: dict[UUID, dict[str, int]] = defaultdict(lambda: dict.fromkeys(LIABLE, 0))
    for entry in entries:
        books[entry["debit"]] -= entry["amount"]
        books[entry["credit"]] += entry["amount"]
        held = running[entry["member_id"]]
        for account in LIABLE:
            held[account] += entry["amount"] * ((entry["credit"] == account) - (entry["debit"] == account))
            assert held[account] == entry[f"{account}_after"] >= 0
    assert sum(books.values()) == 0
    for member_id in accounts.keys() | running.keys():
        mine = [lot for lot in lots.values() if lot["member_id"] == member_id]
        for account in LIABLE:
            left = sum(lot[f"{account}_left"] for lot in mine)
            assert accounts[member_id][account] == running[member_id][account] == left >= 0
    for lot_id, lot in lots.items():
        for account in LIABLE:
            taken = sum(take[account] for take in takes if take["lot_id"] == lot_id)
            assert lot[account] - taken == lot[f"{account}_left"]
        paid_out = sum(take["paid_out"] for take in takes if take["lot_id"] == lot_id)
        assert 0 <= paid_out <= lot["principal"]
    tills = sum(take["paid_out"] for take in takes)
    assert tills == sum(e["amount"] for e in entries if e["credit"] == "cash")
    await _check_measures(chain, lots)


async def _check_measures(chain: Chain, lots: dict[UUID, dict[str, Any]]) -> None:
    """`total`, `facts` and `most` of each member, day and month."""
    undone = {u["top_up_id"] for u in await _rows(chain, "top_up_undone")}
    told: dict[str, dict[Any, list[int]]] = {"day": defaultdict(list), "month": defaultdict(list)}
    for top_up in await _rows(chain, "top_up"):
        left = top_up["amount"] - lots[top_up["id"]]["refunded"]
        if left and top_up["id"] not in undone:
            day, holder = top_up["local_day"], lots[top_up["id"]]["member_id"]
            told["day"][holder, day].append(left)
            told["month"][holder, day.replace(day=1)].append(left)
    for grain, sums in told.items():
        kept = {
            (row["member_id"], row[grain]): (row["total"], row["facts"], row["most"])
            for row in await _rows(chain, f"measure_{grain}")
            if row["measure"] == "top_up" and (row["total"], row["facts"], row["most"]) != (0, 0, 0)
        }
        assert kept == {key: (sum(each), len(each), max(each)) for key, each in sums.items()}
