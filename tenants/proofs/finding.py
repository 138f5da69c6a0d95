"""What a proof found, and how it is kept: the first thousand differences of each proof."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from saas.errors import Language
from saas.scope import connection, current
from tenants.proofs.words import words_of
from tenants.verifying.ledgers import Difference as LedgerDifference

KEPT: Final = 1000

_KEEP: Final = """
INSERT INTO proof_difference AS d (tenant_id, proof_id, n, kind, member_id, what, expected, stored, why)
SELECT $1, $2, $3 + x.n, x.kind, x.member_id, x.what, x.expected, x.stored, x.why
  FROM jsonb_to_recordset($4)
    AS x (n int, kind text, member_id uuid, what text, expected jsonb, stored jsonb, why jsonb)
 ORDER BY x.n"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference: of which kind, whose (None: nobody's), what it is about, what the facts give and what is stored
    (JSON), and what that means, in each language.
    """

    kind: str
    member_id: UUID | None
    what: str
    expected: Any
    stored: Any
    why: dict[Language, str]


def of_ledger(one: LedgerDifference) -> Finding:
    """A difference of a ledger's check: the check is its kind."""
    return Finding(one.check, one.member_id, one.subject, one.expected, one.stored, words_of(one.check))


@dataclass(slots=True)
class Found:
    """What a slice found: all are counted, by kind, and the first thousand kept."""

    kinds: Counter[str] = field(default_factory=Counter)
    first: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            self.kinds[one.kind] += 1
            if len(self.first) < KEPT:
                self.first.append(one)

    @property
    def count(self) -> int:
        return self.kinds.total()


async def keep(proof_id: UUID, before: int, found: Found) -> None:
    """Writes what a slice found behind the `before` differences of its proof, as far as they are kept."""
    rows = [
        {
            "n": n,
            "kind": one.kind,
            "member_id": None if one.member_id is None else str(one.member_id),
            "what": one.what,
            "expected": one.expected,
            "stored": one.stored,
            "why": one.why,
        }
        for n, one in enumerate(found.first[: max(0, KEPT - before)], 1)
    ]
    if rows:
        await connection().execute(_KEEP, current().tenant_id, proof_id, before, rows)
