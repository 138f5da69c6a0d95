"""Sends letters: by SMTP where there is a server, else into the local outbox, a folder of files. A made-up chain's
letters go into the folder. A sandbox's are kept there to be read, and go to nobody.

A letter goes at least once, with the same Message-ID each time.
"""

import asyncio
import json
import smtplib
import ssl
from collections.abc import AsyncIterator
from dataclasses import asdict
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID

import structlog

from saas.clock import system_now
from saas.file_store import file_store
from saas.jobs import errand
from saas.made_up import is_made_up
from saas.mail.letter import JOB, Letter, unseal
from saas.sandboxed import Unsent, in_sandbox, keep_unsent
from saas.scope import tenant_scope
from saas.settings import get_settings, is_loopback

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SECONDS: Final = 20.0
_REFUSED: Final = 500


class MailRefusedError(RuntimeError):
    """The server can't be used as the settings say."""


@errand(JOB, although_closed=True)
async def send(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """Hands the letter over; raises what smtplib and the network raise, then it is tried again. A letter that is
    refused for good is dropped: another try would be refused too.
    """
    letter, server = unseal(payload), get_settings().smtp_url
    async with tenant_scope(tenant_id):
        if await in_sandbox():
            await keep_unsent([Unsent(UUID(letter.id), "email", letter.to, letter.subject, letter.text)])
            return
    if server is None or await is_made_up(tenant_id):
        await file_store().put(tenant_id, f"mail/{letter.id}.json", _as_file(letter))
        return
    try:
        await asyncio.to_thread(deliver, server.get_secret_value(), get_settings().mail_from, letter)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        if min(codes) < _REFUSED:
            raise
        log.warning("letter refused", letter=letter.id, codes=sorted(codes))


def as_message(sender: str, letter: Letter) -> EmailMessage:
    """The e-mail. Raises ValueError for a header that would break out of its line."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"] = format_datetime(system_now())
    message["Message-ID"] = f"<{letter.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def deliver(url: str, sender: str, letter: Letter) -> None:
    """Blocks: for a thread. Raises smtplib's errors, OSError, MailRefusedError where it would go
    in the open.
    """
    address = urlsplit(url)
    with _connect(address) as server:
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(as_message(sender, letter))


def _connect(address: SplitResult) -> smtplib.SMTP:
    host, context = address.hostname or "", ssl.create_default_context()
    if address.scheme == "smtps":
        return smtplib.SMTP_SSL(host, address.port or smtplib.SMTP_SSL_PORT, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, address.port or smtplib.SMTP_PORT, timeout=SECONDS)
    try:
        _encrypt(server, context, must=not is_loopback(host))
    except BaseException:
        server.close()
        raise
    return server


def _encrypt(server: smtplib.SMTP, context: ssl.SSLContext, *, must: bool) -> None:
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif must:
        raise MailRefusedError("the mail server offers no encryption")


async def _as_file(letter: Letter) -> AsyncIterator[bytes]:
    content = {**asdict(letter), "at": system_now().isoformat()}
    yield json.dumps(content, ensure_ascii=False).encode()
