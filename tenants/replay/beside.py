"""Points beside purchases and top-ups: activities, referrals, birthdays, campaigns, staff, rewards, what expires."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from tenants.points.lots import NewLot, lot_of
from tenants.programme.document import Programme
from tenants.replay.books import Books, Now
from tenants.replay.facts import Row
from tenants.replay.order import Group
from tenants.replay.purse import Lot
from tenants.replay.value import earned_by_activity


@dataclass(slots=True)
class _Referred:
    """What a referrer was given for whom it brought, and hasn't lost again; the lot of the last time."""

    points: int
    lot: Lot


class Beside:
    """Of one person."""

    def __init__(self, books: Books) -> None:
        self.books, self.points = books, books.points
        self.activities = {row["id"]: row for row in books.facts.happened["activity"]}
        self.claims = {row["id"]: row for row in books.facts.happened["reward_claim"]}
        self.shares = {row["id"]: row["points"] for row in books.facts.stored["campaign_share"]}
        self.referred: dict[tuple[UUID, UUID], _Referred] = {}
        self.by_entry: Mapping[str, Callable[[Now, Row], None]] = {
            "activity": self._activity_imported,
            "birthday": self._birthday,
            "campaign": self._campaign,
            "undo_earn": self._campaign_undone,
            "opening": self._opening,
            "reward_return": self._claim_cancelled,
            "void": self._void,
            "expire": self._expire,
        }
        """What has no fact of its own but its entry, which says when it was."""

    def take(self, now: Now, group: Group) -> None:
        rows = group.rows
        for row in rows["activity"]:
            if row["source"] == "api":
                self._activity(now, row, self.books.chain.version(row["programme_version"]))
        for row in sorted(rows["referral_move"], key=lambda row: (row["to_day"] is not None, row["id"])):
            self._referral(now, row)
        for row in rows["points_act"]:
            self._act(now, row)
        for row in rows["reward_claim"]:
            self.points.spend(now.member_id, "reward", row["id"], row["points"], now.today)
        for row in (*rows["points"], *rows["points_beside"]):
            known = self.by_entry.get(row["kind"])
            if known is not None:
                known(now, row)

    def unite(self, of: UUID, to: UUID) -> None:
        """Whom one record brought, the other brought."""
        for (referrer, brought), had in list(self.referred.items()):
            if referrer == of:
                del self.referred[referrer, brought]
                mine = self.referred.get((to, brought))
                lots = [had.lot] if mine is None else [had.lot, mine.lot]
                points = had.points + (0 if mine is None else mine.points)
                self.referred[to, brought] = _Referred(points, max(lots, key=lambda lot: lot.id))

    # --- facts --------------------------------------------------------------------------------

    def _activity(self, now: Now, row: Row, rules: Programme) -> None:
        points = earned_by_activity(rules, row["kind"])
        lot = lot_of(points, rules.points, row["local_day"])
        self.points.accrue(now.member_id, "activity", row["id"], lot, now.today)

    def _referral(self, now: Now, row: Row) -> None:
        """A count that only moves to another day keeps its points; without rules points are only taken back."""
        place = now.member_id, row["brought_id"]
        if now.has_left:
            return
        if row["to_day"] is None:
            had = self.referred.pop(place, None)
            if had is not None:
                self.points.take_back(now.member_id, ("reverse", row["id"]), had.points, had.lot, had.lot.day)
        elif row["from_day"] is None and row["programme_version"] is not None:
            rules = self.books.chain.version(row["programme_version"])
            points = 0 if rules.points.beside is None else rules.points.beside.referral
            lot = lot_of(points, rules.points, row["to_day"])
            self.points.accrue(now.member_id, "referral", row["id"], lot, now.today)
            made = self.points.lot_of("referral", row["id"])
            if made is not None:
                before = self.referred.get(place)
                self.referred[place] = _Referred(points + (0 if before is None else before.points), made)

    def _act(self, now: Now, row: Row) -> None:
        """What staff asked for is the fact."""
        points: int = row["points"]
        if row["act"] == "redeem":
            self.points.spend(now.member_id, "use", row["id"], points, now.today)
        elif points < 0:
            self.points.withdraw(now.member_id, "adjust", row["id"], -points, now.today)
        else:
            lot = NewLot(points, points, now.today, now.today, row["expires_on"])
            self.points.accrue(now.member_id, "adjust", row["id"], lot, now.today)

    # --- entries that say when it was ---------------------------------------------------------

    def _rules(self, now: Now, row: Row) -> Programme:
        return self.books.chain.by(row["programme_version"], now.at)

    def _activity_imported(self, now: Now, row: Row) -> None:
        activity = self.activities.get(row["source_id"])
        if activity is not None and activity["source"] == "import":
            self._activity(now, activity, self._rules(now, row))

    def _birthday(self, now: Now, row: Row) -> None:
        rules = self._rules(now, row)
        points = 0 if rules.points.beside is None else rules.points.beside.birthday
        lot = lot_of(points, rules.points, now.today)
        self.points.accrue(now.member_id, "birthday", row["source_id"], lot, now.today)

    def _campaign(self, now: Now, row: Row) -> None:
        """A share that was taken back since is forgotten: what it brought is what its entry says."""
        points = self.shares.get(row["source_id"], row["points"])
        lot = lot_of(points, self._rules(now, row).points, now.today)
        self.points.accrue(now.member_id, "campaign", row["source_id"], lot, now.today)

    def _campaign_undone(self, now: Now, row: Row) -> None:
        own = self.points.lot_of("campaign", row["source_id"])
        self.points.undo_accrual(now.member_id, ("undo_earn", row["source_id"]), own, now.today)

    def _opening(self, now: Now, row: Row) -> None:
        """A balance brought from elsewhere is a fact to begin with."""
        lot = NewLot(row["points"], row["points"], now.today, now.today, row["expires_on"])
        self.points.accrue(now.member_id, "opening", row["source_id"], lot, now.today)

    def _claim_cancelled(self, now: Now, row: Row) -> None:
        claim = self.claims.get(row["source_id"])
        if claim is not None:
            key = ("reward_return", claim["id"])
            self.points.give_back(now.member_id, key, claim["id"], claim["points"], now.today)

    def _void(self, now: Now, row: Row) -> None:
        self.points.void(now.member_id, row["source_id"], now.today)

    def _expire(self, now: Now, row: Row) -> None:
        self.points.expire(now.member_id, row["source_id"], now.today)
