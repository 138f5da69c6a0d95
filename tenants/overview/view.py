"""The overview as a page shows it: tiers by name, reasons in words, phones masked, charts drawn."""

from dataclasses import dataclass

from markupsafe import Markup

from saas.charts import Slice, donut, share_bar, sparkline
from saas.i18n import Tongue, n_
from tenants.members.phones import mask_phone
from tenants.overview.queries import DecisionLine, Growth, Sales, Work
from tenants.programme.document import Ladder, Programme

REASONS = {
    ("upgrade", "purchase"): n_("A purchase earned it"),
    ("upgrade", "activity"): n_("An activity earned it"),
    ("upgrade", "referral"): n_("A referral earned it"),
    ("upgrade", "merge"): n_("Two records became one"),
    ("upgrade", "recalculation"): n_("Earned at a recalculation"),
    ("renew", "purchase"): n_("A purchase kept it for another term"),
    ("renew", "recalculation"): n_("Kept for another term"),
    ("downgrade", "purchase"): n_("Not enough to keep it"),
    ("downgrade", "recalculation"): n_("Not enough to keep it"),
}
OTHER_REASONS = {
    "upgrade": n_("Earned by the rules"),
    "renew": n_("Kept for another term"),
    "downgrade": n_("Not enough to keep it"),
    "refund": n_("A refund was counted"),
    "late": n_("A late purchase was counted"),
    "manual": n_("Set by staff"),
    "import": n_("Taken over by an import"),
    "merge": n_("Two records became one"),
    "programme_change": n_("The programme changed"),
}
WORK_NAMES = {
    "import-members": n_("Import of members"),
    "import-purchases": n_("Import of purchases"),
    "import-activities": n_("Import of activities"),
    "import-opening_balances": n_("Import of opening balances"),
    "recalculation": n_("Recalculation of tiers"),
}
WORK_STATES = {
    "queued": n_("Waiting"),
    "running": n_("Running"),
    "done": n_("Done"),
    "failed": n_("Failed"),
}
COUNTS = {
    "imported": n_("%(n)s new"),
    "updated": n_("%(n)s changed"),
    "failed": n_("%(n)s with errors"),
    "evaluated": n_("%(n)s evaluated"),
    "upgraded": n_("%(n)s up"),
    "renewed": n_("%(n)s renewed"),
    "downgraded": n_("%(n)s down"),
}
_ALWAYS = {"imported", "evaluated"}


@dataclass(frozen=True, slots=True)
class TierLine:
    """One tier of a ladder with how many hold it."""

    name: str
    tone: int
    members: int
    share: str


@dataclass(frozen=True, slots=True)
class Mix:
    """A ladder's members by tier, the highest first."""

    code: str
    name: str
    staff_only: bool
    tiers: list[TierLine]
    summary: str
    chart: Markup


@dataclass(frozen=True, slots=True)
class Move:
    """A decision, readable."""

    member: str
    initial: str
    tint: int
    contact: str
    before: str
    before_tone: int
    after: str
    after_tone: int
    direction: str
    reason: str
    ladder: str
    at: str


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A piece of work, readable. `percent` is 0…100."""

    name: str
    state: str
    state_name: str
    percent: int
    at: str
    counts: list[str]


def tone_of(rank: int, ranks: int) -> int:
    """A tier's colour: the base is pale, the top of a ladder is ink, what lies between goes up in warmth."""
    if rank == 0:
        return 0
    return 7 if rank == ranks - 1 and ranks > 3 else min(rank, 6)  # noqa: PLR2004  # ink needs a crowd below it


def mix(ladder: Ladder, counts: dict[tuple[str, str], int], total: int, speaks: Tongue) -> Mix:
    """Members of a ladder by tier; who has no decision is in the base tier."""
    held = {tier.code: counts.get((ladder.code, tier.code), 0) for tier in ladder.tiers}
    base = ladder.tiers[0].code
    held[base] = max(total - sum(n for code, n in held.items() if code != base), 0)
    lines = [
        TierLine(
            tier.names.get(speaks.language),
            tone_of(tier.rank, len(ladder.tiers)),
            held[tier.code],
            speaks.percent(held[tier.code], total),
        )
        for tier in reversed(ladder.tiers)
    ]
    name = ladder.names.get(speaks.language)
    summary = speaks.say("; ").join(
        speaks.say("%(tier)s: %(members)s (%(share)s)", tier=t.name, members=speaks.number(t.members), share=t.share)
        for t in lines
    )
    slices = [Slice(t.members, t.tone, t.name, f"{speaks.number(t.members)} · {t.share}") for t in lines]
    title = speaks.say("Members by tier: %(ladder)s", ladder=name)
    chart = donut(slices, title=title, summary=summary, centre=speaks.compact(total), caption=speaks.say("members"))
    return Mix(ladder.code, name, ladder.visibility == "staff", lines, summary, chart)


def move(line: DecisionLine, programme: Programme, when: str, speaks: Tongue) -> Move:
    """A decision by the names of the programme version that made it."""
    ladder = programme.ladder(line.ladder)
    names = {tier.code: tier.names.get(speaks.language) for tier in ladder.tiers} if ladder else {}
    ranks = len(names) or line.to_rank + 1
    member = line.name or line.card_no or line.external_id or mask_phone(line.phone)
    reason = REASONS.get((line.reason, line.cause)) or OTHER_REASONS[line.reason]
    return Move(
        member,
        member[:1].upper(),
        line.member_id.int % 6,
        mask_phone(line.phone) or line.card_no or line.external_id or "",
        names.get(line.from_tier, line.from_tier),
        tone_of(line.from_rank, ranks),
        names.get(line.to_tier, line.to_tier),
        tone_of(line.to_rank, ranks),
        "up" if line.to_rank > line.from_rank else "down" if line.to_rank < line.from_rank else "same",
        speaks.say(reason),
        ladder.names.get(speaks.language) if ladder else line.ladder,
        when,
    )


def work_line(work: Work, when: str, speaks: Tongue) -> WorkLine:
    """A piece of work with the counts that say something."""
    counts = [
        speaks.say(text, n=speaks.number(work.counts.get(name, 0)))
        for name, text in COUNTS.items()
        if work.counts.get(name) or (name in _ALWAYS and name in work.counts)
    ]
    return WorkLine(
        speaks.say(WORK_NAMES[work.kind]),
        work.state,
        speaks.say(WORK_STATES[work.state]),
        100 if work.state == "done" else int(work.progress * 100),
        when,
        counts,
    )


def growth_spark(growth: Growth, speaks: Tongue) -> Markup:
    """Members at each month's end, a year back."""
    return sparkline(
        growth.totals,
        title=speaks.say("Members over twelve months"),
        summary=speaks.say(
            "From %(first)s to %(last)s", first=speaks.number(growth.totals[0]), last=speaks.number(growth.total)
        ),
    )


def joined_spark(growth: Growth, speaks: Tongue) -> Markup:
    """New members, month by month, a year back."""
    return sparkline(
        growth.joined,
        title=speaks.say("New members by month, over twelve months"),
        summary=", ".join(speaks.number(n) for n in growth.joined),
    )


def sales_spark(sales: Sales, currency: str, speaks: Tongue) -> Markup:
    """Sales of the running month, day by day."""
    return sparkline(
        sales.daily,
        title=speaks.say("Sales by day, this month"),
        summary=", ".join(speaks.money(amount, currency) for amount in sales.daily),
    )


def share_chart(sales: Sales, speaks: Tongue) -> Markup:
    """The members' part of this month's sales."""
    return share_bar(
        sales.members_amount,
        sales.amount,
        title=speaks.say("Members’ share of sales"),
        summary=speaks.percent(sales.members_amount, sales.amount),
    )
