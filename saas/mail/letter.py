"""What a letter is, and the job that sends one. Its row holds address and text sealed: links are secrets."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from uuid_utils.compat import uuid7

from saas.outbox import enqueue
from saas.secrets import decrypt, encrypt

JOB: Final = "mail.send"
_PURPOSE: Final = "mail"


@dataclass(frozen=True, slots=True)
class Letter:
    """Plain text. `id` is the same however often it is sent: the e-mail's Message-ID."""

    id: str
    to: str
    subject: str
    text: str


async def post_letter(to: str, subject: str, text: str) -> None:
    """Writes the letter's job into the current scope's transaction: it goes once that is committed. A letter that
    belongs to no chain goes from a chain where its reader works: every job's row is a chain's.
    """
    letter = Letter(str(uuid7()), to, " ".join(subject.split()), text)
    sealed = encrypt(_PURPOSE, json.dumps(asdict(letter)).encode())
    await enqueue(JOB, {"sealed": sealed})


def unseal(payload: dict[str, Any]) -> Letter:
    """The letter of a job's row. Raises InvalidSecretError where its key is gone."""
    return Letter(**json.loads(decrypt(_PURPOSE, payload["sealed"])))
