"""What a fapiao (发票) for us is made out to. We keep it for the operator; nobody outside is told."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, StringConstraints, model_validator

from saas.errors import InvalidValueError
from saas.scope import connection, current
from saas.validation import Body, Email, Name
from tenants.audit.record import record

_SPECIAL: Final = ("tax_number", "address", "phone", "bank", "account")
"""Of a special one (增值税专用发票) the tax office wants everything."""

_SET: Final = """
INSERT INTO billing_profile AS p (tenant_id, fapiao) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET fapiao = $2
"""

TaxNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{15,20}$")]
"""纳税人识别号: the unified social credit code of 18 characters, or one of the older kinds (15, 17, 20)."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Fapiao(Body):
    """`normal` (普通发票) may be made out to a person, by a title alone; `special` (专用发票) needs everything but the
    e-mail address, to which an electronic one goes.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"type": {"const": "special"}}},
            "then": {"required": list(_SPECIAL), "properties": {field: {"type": "string"} for field in _SPECIAL}},
        }
    )

    type: Literal["normal", "special"]
    title: Name
    tax_number: TaxNumber | None = None
    address: Line | None = None
    phone: Line | None = None
    bank: Line | None = None
    account: Line | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.type == "special":
            for field in _SPECIAL:
                if getattr(self, field) is None:
                    raise InvalidValueError("required", at=f"/{field}")
        return self


async def fapiao() -> dict[str, Any] | None:
    """What was given, in the current scope; None: nothing was."""
    found: dict[str, Any] | None = await connection().fetchval(
        "SELECT fapiao FROM billing_profile WHERE tenant_id = $1", current().tenant_id
    )
    return found


async def set_fapiao(given: Fapiao | None) -> None:
    """From now on; None: none is wanted. In the current scope."""
    kept = None if given is None else given.model_dump(exclude_none=True)
    await connection().execute(_SET, current().tenant_id, kept)
    await record("billing.fapiao", f"tenant:{current().tenant_id}", {"type": given.type if given else None})
