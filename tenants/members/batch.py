"""Many members in one request."""

from collections.abc import Sequence
from typing import Any

from saas.claims import claim
from saas.errors import DomainError, Language
from saas.problem_details import problem_body
from saas.savepoint import savepoint
from saas.validation import parse_item
from tenants.members.bodies import BATCH_LIMIT, NewMember
from tenants.members.enrol import enrol, identities_named
from tenants.members.terms import Terms, present_terms


async def enrol_batch(items: Sequence[object], language: Language) -> list[dict[str, Any]]:
    """Enrols in the order given; an outcome for each: `{status: 201, id}`, or `{status, error: problem}` for one
    that is refused, which leaves the others as they are. Raises DomainError `batch-too-large`.
    """
    if len(items) > BATCH_LIMIT:
        raise DomainError("batch-too-large", params={"limit": BATCH_LIMIT})
    terms = await present_terms()
    parsed = [_parse(item) for item in items]
    # Another batch may enrol the same people in another order.
    await claim(
        f"member|{kind}|{value}"
        for new in parsed
        if isinstance(new, NewMember)
        for kind, value in identities_named(new).items()
    )
    return [await _outcome(item, terms, language) for item in parsed]


def _parse(item: object) -> NewMember | DomainError:
    try:
        return parse_item(NewMember, item)
    except DomainError as error:
        return error


async def _outcome(item: NewMember | DomainError, terms: Terms, language: Language) -> dict[str, Any]:
    try:
        if isinstance(item, DomainError):
            raise item
        async with savepoint():
            member = await enrol(item, terms)
    except DomainError as error:
        problem = problem_body(error.code, error.params, error.errors, language)
        return {"status": problem["status"], "error": problem}
    return {"status": 201, "id": member["id"]}
