"""A webhook's signature, by the package that also signs: what is ours, and what only looks like it."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from regulars_client import webhooks
from regulars_client.errors import WebhookVerificationError
from standardwebhooks import Webhook

OLD, NEW = (f"whsec_{base64.b64encode(letter * 24).decode()}" for letter in (b"a", b"b"))
BODY = json.dumps({"type": "tier.changed", "data": {"member_id": "1"}}, ensure_ascii=False)


def headers(*secrets: str, body: str = BODY, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signed = " ".join(Webhook(secret).sign("msg_1", at, body) for secret in secrets)
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signed}


@pytest.mark.parametrize("body", [BODY, BODY.encode()])
def test_ours_is_read(body: str | bytes) -> None:
    assert webhooks.verify(body, headers(NEW), NEW)["type"] == "tier.changed"


def test_while_a_secret_is_rotated_either_will_do() -> None:
    for signed, known in (((OLD, NEW), NEW), ((NEW,), [OLD, NEW]), ((OLD,), [OLD, NEW])):
        assert webhooks.verify(BODY, headers(*signed), known)


# Signed when the test runs: signed when this file is read, it would be too old by then, whatever is wrong with it.
@pytest.mark.parametrize(
    ("body", "head"),
    [
        (BODY.replace("1", "2"), lambda: headers(NEW)),
        (BODY, lambda: headers(OLD)),
        (BODY, lambda: headers(NEW, at=datetime.now(UTC) - timedelta(minutes=10))),
        (BODY, lambda: headers(NEW, at=datetime.now(UTC) + timedelta(minutes=10))),
        (BODY, lambda: headers(NEW) | {"Webhook-Id": "msg_2"}),
        (BODY, dict),
        (BODY, lambda: headers(NEW) | {"Webhook-Signature": "nonsense"}),
        (BODY, lambda: headers(NEW) | {"Webhook-Signature": "v1,not base64!"}),
        (BODY, lambda: headers(NEW) | {"Webhook-Signature": "v1,中文"}),
        (BODY, lambda: headers(NEW) | {"Webhook-Timestamp": "1e400"}),
        (b"\xff\xfe", lambda: headers(NEW)),
        ("[1]", lambda: headers(NEW, body="[1]")),
        ("no JSON", lambda: headers(NEW, body="no JSON")),
    ],
)
def test_nothing_else_is(body: Any, head: Callable[[], dict[str, str]]) -> None:
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(body, head(), [OLD.replace("Y", "Z"), NEW])


@pytest.mark.parametrize("secret", [[], "", "whsec_", "whsec_é"])
def test_no_secret_verifies_nothing(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        webhooks.verify(BODY, headers(NEW), secret)
