"""HTTP around the sandbox. The standard library's server: a fault may then end a connection without an answer."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

from saas.local.stripe_sandbox.control import control
from saas.local.stripe_sandbox.kernel import Answer, Request, Sandbox
from saas.local.stripe_sandbox.pages import browse

_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST_BODY: Final = 1_000_000


class Server(ThreadingHTTPServer):
    """Listens on the loopback address alone; `port` 0 chooses a free one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self.sandbox = sandbox
        super().__init__(("127.0.0.1", port), _Handler)
        if not sandbox.store.base_url:
            sandbox.store.base_url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _respond(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _LONGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self._answer(Request(self.command, self.path, headers, body))
        if answer.dropped:
            self.close_connection = True
            return
        head = [f"HTTP/1.1 {answer.status} -", f"Content-Length: {len(answer.body)}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + answer.body)

    do_GET = do_POST = do_DELETE = _respond  # noqa: N815 - the names that http.server calls

    def _answer(self, request: Request) -> Answer:
        host = urlsplit("//" + request.headers.get("host", "")).hostname
        if host not in _HOSTS:  # a page of the internet that calls itself 127.0.0.1
            return Answer(403, b"")
        if request.target.startswith(("/v1/", "/v2/")):
            return self.server.sandbox.handle(request)
        if request.target.startswith("/_sandbox/"):
            return control(self.server.sandbox, request)
        return browse(self.server.sandbox, request)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: requests are recorded by the sandbox."""
