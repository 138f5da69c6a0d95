"""Schemathesis' checks where our contract says more, or less, than it can know."""

from typing import Any, Final

import jsonschema_rs
import schemathesis
from schemathesis import Case, CheckContext, Response
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.specs.openapi.checks import negative_data_rejection, use_after_free

from saas.pydantic_errors import FORMS

REPLACED: Final = ("negative_data_rejection", "use_after_free")
_STAYS: Final = {"DELETE /v1/members/{member_id}"}
"""Ends a thing that can still be read: who leaves is a member that has left."""
_UNTOLD_BY_SCHEMAS: Final = {"invalid-url", "not-allowed", "too-many-decimals"}
_BOUNDS: Final = {"too-small", "too-large", "not-greater", "not-less", "out-of-range"}
_OK: Final = 200
_REFUSED: Final = 422


@schemathesis.check
def refused_for_form(_context: CheckContext, response: Response, case: Case) -> None:
    """What the document allows isn't refused for its form: a type, a length, a name that isn't known. A 422 may have
    reasons that no schema tells, so `positive_data_acceptance` lets it pass.
    """
    if response.status_code != _REFUSED or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem = response.json()
    if problem["type"] != "/problems/validation-failed":
        return
    wrong = [error for error in problem["errors"] if _tells_form(error, case)]
    assert not wrong, f"the document allows what is refused: {wrong}"


def _tells_form(error: dict[str, str], case: Case) -> bool:
    code = error["code"]
    if code not in FORMS - _UNTOLD_BY_SCHEMAS or (code == "required" and case.method == "GET"):
        return False  # of a query string no schema tells that one part needs another
    sent: Any = case.body
    for part in (each.replace("~1", "/").replace("~0", "~") for each in error["pointer"].split("/")[1:]):
        sent = sent.get(part) if isinstance(sent, dict) else sent[int(part)] if isinstance(sent, list) else None
    return not (code in _BOUNDS and isinstance(sent, str))  # nor the bounds of a number that is written as text


@schemathesis.check
def nothing_wrong_taken(context: CheckContext, response: Response, case: Case) -> None:
    """`negative_data_rejection`. A batch's wrong items are refused one by one, within an answer of 200."""
    try:
        negative_data_rejection(context, response, case)
    except AcceptedNegativeData:
        if not _each_refused(response, case):
            raise


def _each_refused(response: Response, case: Case) -> bool:
    """Whether a batch was wrong in its items alone, and each wrong one was refused."""
    if response.status_code != _OK or not case.path.endswith(":batch"):
        return False
    contract = case.operation.schema.raw_schema
    told = contract["paths"][case.path][case.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    around, within = told["allOf"]
    if not _holds(contract, around, case.body):
        return False
    one = within["properties"]["items"]["items"]
    wrong = [n for n, item in enumerate(case.body["items"]) if not _holds(contract, one, item)]
    outcomes = response.json()["data"]
    return bool(wrong) and all(outcomes[n]["status"] == _REFUSED for n in wrong)


def _holds(contract: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    whole = {**schema, "components": {"schemas": contract["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid(value)


@schemathesis.check
def gone_is_gone(context: CheckContext, response: Response, case: Case) -> None:
    """`use_after_free`, but for what is said to stay."""
    try:
        use_after_free(context, response, case)
    except UseAfterFree as failure:
        if failure.operation not in _STAYS:
            raise
