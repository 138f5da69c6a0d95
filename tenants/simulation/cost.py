"""What discounts and points would have cost, in one pass over the purchases of a batch: `tenants.pricing` as SQL.

Each line's tier discount is rounded half up, each purchase's points are rounded down, as at the till; campaigns and
coupons are left out. Prices are list prices; of a purchase whose till sent final amounts these stand for them. What was
given back of a line counts as not bought.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tenants.pricing.earning import MOST_POINTS
from tenants.programme.binder import Binder
from tenants.programme.compiler import Ids
from tenants.simulation.benefits import Side

WINDOW_DAYS: Final = 90


class Costs:
    """The CTEs `k`, `b` and `cost`: of the members in `t` what the sides' tiers cost. `cost` has one row with the
    columns `<name>_discounts` and `<name>_points` of each side.
    """

    def __init__(self, binder: Binder, ids: Ids, sides: Sequence[Side]) -> None:
        self._binder, self._ids, self._sides = binder, ids, sides
        self._given = {name: sql for side in sides for name, sql in side.columns(binder).items()}

    def ctes(self) -> str:
        if not any(side.discounts or side.earns for side in self._sides):
            return f"cost AS (SELECT {', '.join(f'0 AS {name}' for name in self._totals())})"
        given = "".join(f",\n         {sql} AS {name}" for name, sql in self._given.items())
        sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in self._totals())
        return f"""k AS MATERIALIZED (
  SELECT t.id{given}
    FROM t),
b AS MATERIALIZED ({self._bought()}),
cost AS (
  SELECT {sums} FROM ({self._plain()}
  UNION ALL{self._lined()}) x)"""

    def _totals(self) -> list[str]:
        return [f"{side.name}_{what}" for side in self._sides for what in ("discounts", "points")]

    # --- the purchases ------------------------------------------------------------------------

    def _bought(self) -> str:
        """Those of the window that stand, with what is given on them: the members' own, and those of the records that
        were merged into theirs.
        """
        columns = "p.amount, p.list_amount, p.category, p.lines, r.refunded, r.lines AS returned"
        given = "".join(f", k.{name}" for name in self._given)
        about = "".join(
            f",\n         {sql} AS {name}" for side in self._sides for name, sql in self._about(side).items()
        )
        first = self._binder.moment("cost from", lambda m: m.day - timedelta(days=WINDOW_DAYS - 1), "date")
        days = f"BETWEEN {first} AND {self._binder.moment('day', lambda m: m.day, 'date')}"
        own = self._ids.on("p.member_id")
        return f"""
  SELECT {columns}{given}{about}
    FROM k JOIN purchase p ON p.tenant_id = $1 AND p.member_id = k.id AND {own} AND p.local_day {days}
    LEFT JOIN purchase_refunded r
      ON r.tenant_id = $1 AND r.purchase_id = p.id AND {self._ids.on("r.member_id")} AND r.local_day {days}
    LEFT JOIN purchase_undone u ON u.tenant_id = $1 AND u.purchase_id = p.id AND {self._ids.on("u.member_id")}
   WHERE u.id IS NULL
  UNION ALL
  SELECT {columns}{given}{about}
    FROM k JOIN member o ON o.tenant_id = $1 AND o.merged_into = k.id AND {self._ids.on("o.merged_into")}
   CROSS JOIN LATERAL (
     SELECT * FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = o.id AND p.local_day {days}
        AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id) OFFSET 0) p
    LEFT JOIN LATERAL (
      SELECT * FROM purchase_refunded r WHERE r.tenant_id = $1 AND r.purchase_id = p.id OFFSET 0) r ON true"""

    def _about(self, side: Side) -> dict[str, str]:
        """Of a purchase `p`: whether tiers may take something off, and what was paid of it that earns nothing."""
        found = {}
        stacking = side.rules.stacking
        if side.discounts:
            tests = []
            if stacking.branches is not None:
                codes = self._binder.constant(list(stacking.branches), "text[]")
                branches = f"SELECT q.id FROM branch q WHERE q.tenant_id = $1 AND q.code = ANY({codes})"
                tests.append(f"p.branch_id = ANY(ARRAY({branches}))")
            if not stacking.wallet_with_tier_discount:
                tests.append("""NOT coalesce(p.tenders @> '[{"type": "wallet"}]', false)""")
            found[f"{side.name}_open"] = " AND ".join(tests) or "true"
        if side.earns:
            found[f"{side.name}_paid"] = self._paid(side)
        return found

    def _paid(self, side: Side) -> str:
        excluded = self._binder.constant(list(side.rules.points.excluded_tenders), "text[]")
        bonus = "0" if side.rules.wallet.bonus_earns else "(e ->> 'bonus')::bigint"
        return f"""CASE WHEN p.tenders IS NOT NULL THEN (
           SELECT sum(CASE WHEN e ? 'points' THEN (e ->> 'amount')::bigint WHEN e ? 'bonus' THEN {bonus}
                           WHEN e ->> 'type' = ANY({excluded}) THEN (e ->> 'amount')::bigint END)
             FROM jsonb_array_elements(p.tenders) e) END"""

    # --- their lines --------------------------------------------------------------------------

    def _plain(self) -> str:
        """Purchases without lines: one of the whole amount."""
        listed = "coalesce(b.list_amount, b.amount)"
        rest = f"div({listed}::numeric * (b.amount - b.refunded), b.amount)"
        kept = f"CASE WHEN b.refunded IS NULL THEN {listed} ELSE {rest} END"
        lines = "".join(
            f", {sql} AS {name}" for side in self._sides for name, sql in self._line(side, priced=False).items()
        )
        return f"""
    SELECT {self._credited()}
      FROM (SELECT b.*{lines} FROM (SELECT b.*, {kept} AS list FROM b WHERE b.lines IS NULL OFFSET 0) b OFFSET 0) b"""

    def _lined(self) -> str:
        """Line by line, then the sums of each purchase."""
        sides = [(side, self._line(side, priced=True)) for side in self._sides]
        sums = ", ".join(f"sum({sql}) AS {name}" for _, line in sides for name, sql in line.items()) or "1"
        prices = "".join(
            f"""
              LEFT JOIN price {name} ON {name}.tenant_id = $1 AND {name}.sku = l.sku
               AND {name}.list = {self._binder.constant(code, "text")}"""
            for code, name in self._price_lists().items()
        )
        return f"""
    SELECT {self._credited()}
      FROM (SELECT b.*, s.* FROM b CROSS JOIN LATERAL (
            SELECT {sums}
              FROM (SELECT CASE WHEN l.back > 0 THEN div(l.list::numeric * (l.net - l.back), l.net) ELSE l.list END
                             AS list, l.category, l.sku, l.quantity
                      FROM (SELECT (e ->> 'amount')::bigint AS net, e ->> 'category' AS category, e ->> 'sku' AS sku,
                                   coalesce((e ->> 'list')::bigint, (e ->> 'amount')::bigint) AS list,
                                   coalesce((e ->> 'quantity')::numeric, 1) AS quantity,
                                   coalesce(b.returned[n], 0) AS back
                              FROM jsonb_array_elements(b.lines) WITH ORDINALITY q (e, n)) l OFFSET 0) l{prices}) s
             WHERE b.lines IS NOT NULL OFFSET 0) b"""

    def _price_lists(self) -> dict[str, str]:
        codes = sorted({code for side in self._sides for code in side.lists})
        return {code: f"price_{n}" for n, code in enumerate(codes)}

    def _line(self, side: Side, *, priced: bool) -> dict[str, str]:
        """Of a line: what its tier takes off, what is left of it, and what of that may earn."""
        row = "l" if priced else "b"
        off = self._off(side, row, priced=priced)
        found = {f"{side.name}_off": off} if side.discounts else {}
        if side.earns:
            left = f"({row}.list - {off})"
            found[f"{side.name}_left"] = left
            if excluded := side.rules.points.excluded_categories:
                fits = f"coalesce({row}.category <> ALL({self._binder.constant(list(excluded), 'text[]')}), true)"
                found[f"{side.name}_fit"] = f"CASE WHEN {fits} THEN {left} ELSE 0 END"
        return found

    def _off(self, side: Side, row: str, *, priced: bool) -> str:
        """Minor units, the largest of what the tiers' percentages and price lists take off."""
        if not side.discounts:
            return "0"
        rate = f"b.{side.name}_rate"
        if side.categories:
            whens = " ".join(
                f"WHEN {self._binder.constant(category, 'text')} THEN {rate}_{n}"
                for n, category in enumerate(side.categories)
            )
            rate = f"CASE {row}.category {whens} ELSE {rate} END"
        found = [f"round({row}.list * {rate})"]
        if priced:
            found += [
                f"CASE WHEN b.{side.name}_list_{n} AND l.quantity > 0"
                f" THEN l.list - round({self._price_lists()[code]}.price * l.quantity) END"
                for n, code in enumerate(side.lists)
            ]
        open_ = f"b.{side.name}_open"
        if excluded := side.rules.stacking.discount_excluded:
            open_ += f" AND coalesce({row}.category <> ALL({self._binder.constant(list(excluded), 'text[]')}), true)"
        most = found[0] if len(found) == 1 else f"greatest({', '.join(found)})"
        return f"CASE WHEN {open_} THEN {most} ELSE 0 END"

    def _credited(self) -> str:
        """Of a purchase's sums: the discounts, and the points, rounded down once."""
        found = []
        for side in self._sides:
            name = side.name
            found.append(f"b.{name}_off AS {name}_discounts" if side.discounts else f"0 AS {name}_discounts")
            if side.earns:
                points = f"floor({self._earning(side)} * b.{name}_earn)"
                found.append(f"least({points}, {MOST_POINTS}) AS {name}_points")
            else:
                found.append(f"0 AS {name}_points")
        return ", ".join(found)

    def _earning(self, side: Side) -> str:
        """What is left of the lines that may earn, less their share of what points, bonus and excluded tenders paid;
        of that as much was given back as of the purchase.
        """
        name = side.name
        left = f"b.{name}_left"
        fit = f"b.{name}_fit" if side.rules.points.excluded_categories else left
        kept = (
            f"(CASE WHEN b.refunded IS NULL THEN b.{name}_paid"
            f" ELSE div(b.{name}_paid::numeric * (b.amount - b.refunded), b.amount) END)"
        )
        share = f"div(least({kept}, {left})::numeric * {fit}, nullif({left}, 0))"
        return f"({fit} - CASE WHEN b.{name}_paid > 0 THEN coalesce({share}, 0) ELSE 0 END)"
