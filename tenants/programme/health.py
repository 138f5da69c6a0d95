"""What a tier must not tell: values of health measurements."""

from typing import Final

from saas.errors import DomainError, FieldError
from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.strict import json_pointer

_EVER: Final = """
SELECT DISTINCT k.kind FROM programme_version v, jsonb_array_elements_text(v.document -> 'health_kinds') AS k (kind)
 WHERE v.tenant_id = $1"""


async def refuse_told_health(rules: Programme) -> None:
    """What an earlier version called a health measurement stays one, whatever this one calls it.

    Raises DomainError `programme-invalid`.
    """
    rows = await connection().fetch(_EVER, current().tenant_id)
    faults = list(rules.tells({row["kind"] for row in rows}))
    if faults:
        raise DomainError("programme-invalid", errors=[FieldError(json_pointer(x.loc), x.code) for x in faults])
