"""Secrets of endpoints, and what they sign (https://www.standardwebhooks.com). Sealed where they lie."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from standardwebhooks import Webhook

from saas.secrets import decrypt, encrypt

_PURPOSE: Final = "webhook"
_BYTES: Final = 32
_PREFIX: Final = "whsec_"


def new_secret() -> str:
    """As integrators give it to their library: `whsec_` and 256 random bits."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def seal(tenant_id: UUID, endpoint_id: UUID, secret: str) -> str:
    """The secret for the database; it opens for this endpoint alone."""
    return encrypt(_PURPOSE, secret.encode(), bound_to=tenant_id.bytes + endpoint_id.bytes)


def unseal(tenant_id: UUID, endpoint_id: UUID, sealed: str) -> str:
    """Raises InvalidSecretError where its key is gone, or it is another endpoint's."""
    return decrypt(_PURPOSE, sealed, bound_to=tenant_id.bytes + endpoint_id.bytes).decode()


def signed_headers(opened: Sequence[str], event_id: UUID, at: datetime, body: str) -> dict[str, str]:
    """The headers of a request at the instant `at` (aware): one signature for each secret, today's first."""
    signatures = (Webhook(secret).sign(str(event_id), at, body) for secret in opened)
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
