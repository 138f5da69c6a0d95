"""Webhooks: is this from us? By the Standard Webhooks headers, over the body exactly as it came."""

from collections.abc import Mapping, Sequence
from typing import cast

from standardwebhooks import webhooks

from regulars_client.errors import WebhookVerificationError
from regulars_client.types import Event


def verify(body: bytes | str, headers: Mapping[str, str], secret: str | Sequence[str]) -> Event:
    """The event in a webhook's body. `secret` is the endpoint's (`whsec_…`), or several while one is rotated.

    Give the body's bytes as they came, not JSON written anew. The same event may come more than once: its
    `webhook-id` is the same then. Raises WebhookVerificationError for whatever isn't a fresh, signed message, and
    ValueError for a secret that is none.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    if not secrets:
        raise ValueError("there is no secret to verify by")
    checkers = [_checker(each) for each in secrets]
    for checker in checkers:
        try:
            event = checker.verify(body, dict(headers))
        except (webhooks.WebhookVerificationError, ValueError):  # ValueError: a header or body that is no such thing
            continue
        if isinstance(event, dict):
            return cast("Event", event)
    raise WebhookVerificationError("no signature of this body fits, or its time is more than five minutes off")


def _checker(secret: str) -> webhooks.Webhook:
    try:
        return webhooks.Webhook(secret)
    except (ValueError, webhooks.EmptyWebhookSecretError):
        raise ValueError("that is no webhook secret: it looks like whsec_…") from None
