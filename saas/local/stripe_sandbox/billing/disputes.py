"""A payer's bank that takes a payment back: brought about by the control, as nobody can ask Stripe for it."""

from typing import Any

from saas.local.stripe_sandbox.billing.changing import change
from saas.local.stripe_sandbox.control import ACTIONS
from saas.local.stripe_sandbox.errors import missing
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.kernel import Sandbox
from saas.local.stripe_sandbox.store import Cause, Object


def _dispute(sandbox: Sandbox, given: dict[str, Any]) -> Object:
    """POST /_sandbox/charges/dispute {payment_intent}: the whole charge is disputed as fraudulent."""
    store = sandbox.store
    with store.transaction():
        store.cause = Cause()
        found = store.find("charge", payment_intent=given["payment_intent"])
        if not found:
            raise missing("payment_intent", given["payment_intent"], "payment_intent")
        charge = change(store, found[0], "charge.updated", disputed=True)
        dispute = store.put(
            {
                "id": store.new_id("du"),
                "object": "dispute",
                "amount": charge["amount"],
                "balance_transactions": [],
                "charge": charge["id"],
                "created": store.now(charge),
                "currency": charge["currency"],
                "enhanced_eligibility_types": [],
                "evidence": {"enhanced_evidence": {}},
                "evidence_details": {
                    "enhanced_eligibility": {},
                    "has_evidence": False,
                    "past_due": False,
                    "submission_count": 0,
                    "submission_method": "not_submitted",
                },
                "is_charge_refundable": False,
                "livemode": False,
                "metadata": {},
                "payment_intent": charge["payment_intent"],
                "reason": "fraudulent",
                "status": "needs_response",
            }
        )
        emit(store, "charge.dispute.created", dispute)
    return {"id": dispute["id"], "charge": charge["id"]}


ACTIONS["POST", "charges/dispute"] = _dispute
