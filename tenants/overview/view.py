"""What was decided and what is running, as a page shows it: tiers by name, reasons in words, phones masked."""

from dataclasses import dataclass
from uuid import UUID

from saas.i18n import Tongue, n_
from tenants.members.phones import mask_phone
from tenants.overview.queries import DecisionLine, Work
from tenants.programme.document import Programme
from tenants.tiers.labels import reason_text, tone_of

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
class Move:
    """A decision, readable."""

    member_id: UUID
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


def move(line: DecisionLine, programme: Programme, when: str, speaks: Tongue) -> Move:
    """A decision by the names of the programme version that made it."""
    ladder = programme.ladder(line.ladder)
    names = {tier.code: tier.names.get(speaks.language) for tier in ladder.tiers} if ladder else {}
    ranks = len(names) or line.to_rank + 1
    member = line.name or line.card_no or line.external_id or mask_phone(line.phone)
    return Move(
        line.member_id,
        member,
        member[:1].upper(),
        line.member_id.int % 6,
        mask_phone(line.phone) or line.card_no or line.external_id or "",
        names.get(line.from_tier, line.from_tier),
        tone_of(line.from_rank, ranks),
        names.get(line.to_tier, line.to_tier),
        tone_of(line.to_rank, ranks),
        "up" if line.to_rank > line.from_rank else "down" if line.to_rank < line.from_rank else "same",
        reason_text(line.reason, line.cause, speaks),
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
