"""The steps, each done once the facts say so. One statement, whatever the number of members."""

from dataclasses import dataclass, replace
from typing import Any, Final

from litestar import Request

from saas.errors import DomainError
from saas.i18n import n_
from saas.scope import connection, current

MARKED: Final = frozenset({"tiers"})
"""Steps that no fact tells: who goes there has done them."""
_NAMED: Final = ("总店", "Main branch")
"""What the first branch is called at sign-up."""
_LATELY: Final = 100
_READ: Final = f"""
SELECT coalesce(t.sample_of, t.sandbox_of) IS NOT NULL AS is_sample, s.state AS sample, j.progress::float8 AS progress,
       (SELECT array_agg(f.code) FROM first_step f WHERE f.tenant_id = $1) AS marks,
       EXISTS (SELECT FROM branch b WHERE b.tenant_id = $1 AND b.closed_at IS NULL AND b.name <> ALL ($2)) AS branch,
       EXISTS (SELECT FROM member m WHERE m.tenant_id = $1) AS member,
       EXISTS (SELECT FROM (SELECT p.source FROM purchase p WHERE p.tenant_id = $1 ORDER BY p.id DESC LIMIT {_LATELY}) p
                WHERE p.source = 'api') AS purchase,
       EXISTS (SELECT FROM platform.join_code c WHERE c.tenant_id = $1) AS poster,
       (SELECT count(*) > 1 FROM staff x WHERE x.tenant_id = $1 AND x.left_at IS NULL) AS staff
  FROM tenant t
  LEFT JOIN sample s ON s.tenant_id = t.tenant_id
  LEFT JOIN job j ON j.tenant_id = s.tenant_id AND j.id = s.job_id
 WHERE t.tenant_id = $1"""


@dataclass(frozen=True, slots=True)
class Step:
    """`title` and `text` are to be translated; `address`: where it is done."""

    code: str
    sign: str
    title: str
    text: str
    address: str
    done: bool = False

    @property
    def marked(self) -> bool:
        """Whether going there is all of it."""
        return self.code in MARKED


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """`sample`: the sample chain's state, None without one; `percent` of it is made."""

    steps: tuple[Step, ...]
    sample: str | None
    percent: int

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)


STEPS: Final = (
    Step("branch", "store", n_("Name your first branch"), n_("Its name stands on receipts."), "/branches"),
    Step(
        "tiers",
        "crown",
        n_("Look at your tiers"),
        n_("What the template has set up, in plain words; change what you like."),
        "/programme",
    ),
    Step("member", "user-plus", n_("Enrol the first member"), n_("Yourself, to begin with."), "/members/new"),
    Step(
        "purchase",
        "scan-barcode",
        n_("Record a purchase at the till"),
        n_("Points and tier come at once; it can be undone."),
        "/counter",
    ),
    Step("staff", "users", n_("Invite your staff"), n_("Each sees what the role needs."), "/staff"),
    Step(
        "poster",
        "qr-code",
        n_("Print the poster for the counter"),
        n_("Customers scan it and join by themselves."),
        "/joining",
    ),
)


async def first_steps(request: Request[Any, Any, Any]) -> FirstSteps | None:
    """For the current scope's chain; None once they were put away, in a sample chain or a sandbox, and for who may not
    change it. None leads to a page that isn't served.
    """
    if not current().principal.may("admin"):
        return None
    row = await connection().fetchrow(_READ, current().tenant_id, list(_NAMED))
    if row is None or row["is_sample"]:
        return None
    marks = set(row["marks"] or ())
    if "dismissed" in marks:
        return None
    there = {route.path for route in request.app.routes}
    shown = (one for one in STEPS if one.address in there)
    steps = tuple(replace(one, done=one.code in marks if one.marked else bool(row[one.code])) for one in shown)
    return FirstSteps(steps, row["sample"], int((row["progress"] or 0) * 100))


async def mark(code: str) -> None:
    """Done, or put away (`dismissed`). Twice is once. Raises DomainError `not-found` for what can't be marked."""
    if code not in MARKED | {"dismissed"}:
        raise DomainError("not-found")
    await connection().execute(
        "INSERT INTO first_step AS f (tenant_id, code, done_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        current().tenant_id,
        code,
        current().principal.actor,
    )
