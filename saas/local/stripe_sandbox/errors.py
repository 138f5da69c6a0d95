"""Errors in Stripe's shape."""

from typing import Any


class StripeError(Exception):
    """An answer that refuses. `keep`: what the handler wrote stays written (a declined card leaves traces)."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's name
        keep: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keep = keep
        self.error = {"message": message, "type": type, **{key: value for key, value in more.items() if value}}


class ContractError(StripeError):
    """The request breaks the contract: it is refused before it is carried out, and no idempotency key remembers it."""


def missing(kind: str, object_id: str, param: str = "id") -> StripeError:
    """404: there is no such object."""
    name = {"payment_method": "PaymentMethod", "billing.meter": "meter"}.get(kind, kind.rpartition(".")[2])
    return StripeError(f"No such {name}: '{object_id}'", status=404, code="resource_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """400: understood, but against Stripe's rules."""
    return StripeError(message, param=param, code=code)


def declined(code: str, decline_code: str | None, message: str, **more: Any) -> StripeError:
    """402, the card's answer; the object that was tried goes along in `more` (setup_intent, payment_intent)."""
    return StripeError(message, status=402, type="card_error", keep=True, code=code, decline_code=decline_code, **more)


def not_simulated(what: str) -> StripeError:
    """501: Stripe has it, this sandbox hasn't; better told than done wrongly."""
    return ContractError(
        f"Stripe knows {what}; the sandbox does not simulate it.", status=501, type="sandbox_not_simulated"
    )
