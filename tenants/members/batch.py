"""Many members in one request."""

from collections.abc import Sequence
from typing import Any

from saas.errors import DomainError, Language
from saas.problem_details import problem_body
from saas.savepoint import savepoint
from saas.validation import parse_item
from tenants.members.bodies import BATCH_LIMIT, NewMember
from tenants.members.enrol import enrol
from tenants.members.terms import Terms, present_terms


async def enrol_batch(items: Sequence[object], language: Language) -> list[dict[str, Any]]:
    """Enrols in the order given; an outcome for each: `{status: 201, id}`, or `{status, error: problem}` for one
    that is refused, which leaves the others as they are. Raises DomainError `batch-too-large`.
    """
    if len(items) > BATCH_LIMIT:
        raise DomainError("batch-too-large", params={"limit": BATCH_LIMIT})
    terms = await present_terms()
    return [await _outcome(item, terms, language) for item in items]


async def _outcome(item: object, terms: Terms, language: Language) -> dict[str, Any]:
    try:
        new = parse_item(NewMember, item)
        async with savepoint():
            member = await enrol(new, terms)
    except DomainError as error:
        problem = problem_body(error.code, error.params, error.errors, language)
        return {"status": problem["status"], "error": problem}
    return {"status": 201, "id": member["id"]}
