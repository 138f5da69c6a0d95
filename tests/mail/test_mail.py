"""Letters: by SMTP to a server of this machine, or into the local outbox."""

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from support.browsing import new_browser
from support.chains import Chain
from support.clock import owner

from saas.file_store import file_store
from saas.mail.letter import Letter, post_letter
from saas.mail.sending import as_message
from saas.scope import tenant_scope
from saas.settings import get_settings

TEXT = "您好：\n\nhttps://shop.example/invitation/abc\n"


class _Server(socketserver.ThreadingTCPServer):
    """As much of RFC 5321 as a letter needs. `answers`: what RCPT is answered, by turns; then 250."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.letters: list[EmailMessage] = []
        self.answers: list[str] = []


class _Handler(socketserver.StreamRequestHandler):
    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        server: Any = self.server
        self.say("220 here")
        for raw in self.rfile:
            word = raw.decode().strip().upper()
            if word == "DATA":
                self.say("354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                server.letters.append(message_from_bytes(body, policy=policy.default))
                self.say("250 taken")
            elif word.startswith("RCPT") and server.answers:
                self.say(server.answers.pop(0))
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")


@pytest.fixture
def mail_server(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> Iterator[_Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("MAIL_FROM", "Regulars <post@shop.example>")
    get_settings.cache_clear()
    yield server
    server.shutdown()
    server.server_close()
    monkeypatch.undo()
    get_settings.cache_clear()


async def post(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        await post_letter("wang@example.com", "青禾连锁邀请您", TEXT)


async def waiting(chain: Chain) -> list[Any]:
    sql = "SELECT payload::text AS payload, attempts, dead_at FROM outbox WHERE tenant_id = $1 AND name = 'mail.send'"
    return list(await (await owner()).fetch(sql, chain.tenant_id))


async def test_a_letter_goes_by_smtp_and_its_row_is_sealed(chain: Chain, drain: Any, mail_server: _Server) -> None:
    await post(chain)
    (row,) = await waiting(chain)
    assert "example.com" not in row["payload"]
    assert "invitation" not in row["payload"]
    await drain(chain.tenant_id)
    (letter,) = mail_server.letters
    assert (letter["To"], letter["From"]) == ("wang@example.com", "Regulars <post@shop.example>")
    assert letter["Subject"] == "青禾连锁邀请您"
    assert letter["Message-ID"].endswith("@shop.example>")
    assert letter.get_content().replace("\r\n", "\n") == TEXT
    assert await waiting(chain) == []


async def test_refused_for_a_while_it_is_tried_again(chain: Chain, drain: Any, mail_server: _Server) -> None:
    mail_server.answers = ["450 later"]
    await post(chain)
    await drain(chain.tenant_id)
    assert mail_server.letters == []
    (row,) = await waiting(chain)
    assert (row["attempts"], row["dead_at"]) == (1, None)
    later = "UPDATE outbox SET next_at = now() WHERE tenant_id = $1"
    await (await owner()).execute(later, chain.tenant_id)
    await drain(chain.tenant_id)
    assert len(mail_server.letters) == 1


async def test_refused_for_good_it_is_dropped(chain: Chain, drain: Any, mail_server: _Server) -> None:
    mail_server.answers = ["550 nobody here"]
    await post(chain)
    await drain(chain.tenant_id)
    assert mail_server.letters == []
    assert await waiting(chain) == []


async def test_without_a_server_it_lies_in_the_local_outbox(
    app: Any, chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(chain)
    await drain(chain.tenant_id)
    assert len(list((file_store().root / str(chain.tenant_id) / "mail").iterdir())) == 1
    made = await chain.http.post("/v1/members", json={"phone": "13912345670"})
    sent = await chain.http.post(f"/v1/members/{made.json()['id']}/wallet-codes/sms", json={"amount": 12_300})
    assert sent.status_code == 202, sent.text
    await drain(chain.tenant_id)
    async with new_browser(app) as browser:
        assert (await browser.get("/outbox")).status_code == 404
        monkeypatch.setenv("ENVIRONMENT", "local")
        get_settings.cache_clear()
        try:
            page = await browser.get("/outbox")
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()
    assert page.status_code == 200
    assert "青禾连锁邀请您" in page.text
    assert "用于储值支付 ¥123.00" in page.text
    assert "+8613912345670" in page.text
    assert '<a href="https://shop.example/invitation/abc">' in page.text


def test_nobody_writes_headers_of_their_own() -> None:
    with pytest.raises(ValueError, match=r"(?i)header"):
        as_message("a@example.com", Letter("1", "b@example.com\nBcc: c@example.com", "x", "x"))
