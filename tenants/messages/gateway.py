"""Where messages are handed over: the SMS gateway of the settings, else the local outbox, a folder of files. A made-up
chain's stay in the folder: its numbers may be somebody's.
"""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from saas.file_store import file_store
from saas.made_up import is_made_up
from saas.settings import get_settings
from tenants.messages.sending import Letter

SECONDS: Final = 10.0
_REQUEST_TIMEOUT: Final = 408
_TOO_MANY: Final = 429


class HandOverError(Exception):
    """It wasn't taken. Its text is kept and shown, so it says nothing of recipient or text. `final`: nor will it be."""

    def __init__(self, said: str, *, final: bool) -> None:
        super().__init__(said)
        self.final = final


async def hand_over(tenant_id: UUID, letter: Letter) -> None:
    """Outside of any scope. The message's id is its idempotency key: it may be handed over more than once.

    Raises HandOverError.
    """
    settings = get_settings()
    if letter.channel == "sms" and settings.sms_gateway_url and not await is_made_up(tenant_id):
        token = settings.sms_gateway_token
        await asyncio.to_thread(_post, settings.sms_gateway_url, token.get_secret_value() if token else None, letter)
        return
    try:
        await file_store().put(tenant_id, file_of(letter.id), _as_file(letter))
    except OSError as error:
        raise HandOverError(type(error).__name__, final=False) from error


def file_of(message_id: UUID) -> str:
    """The local outbox's file of a message, in the tenant's folder of the file store."""
    return f"outbox/{message_id}.json"


async def _as_file(letter: Letter) -> AsyncIterator[bytes]:
    content = {"id": str(letter.id), "channel": letter.channel, "to": letter.to, "text": letter.text}
    yield json.dumps(content, ensure_ascii=False).encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Texts and the token go to the address of the settings and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(url: str, token: str | None, letter: Letter) -> None:
    body = json.dumps({"id": str(letter.id), "to": letter.to, "text": letter.text}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(letter.id)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310  # https, by the settings
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=SECONDS):
            return
    except urllib.error.HTTPError as error:  # never its body, which may quote ours
        error.close()
        refused = error.code < http.client.INTERNAL_SERVER_ERROR and error.code not in {_REQUEST_TIMEOUT, _TOO_MANY}
        raise HandOverError(f"HTTP {error.code}", final=refused) from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise HandOverError(type(reason).__name__, final=False) from None
