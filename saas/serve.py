"""`regulars serve`: the API and the admin under Granian, which starts workers anew when they die."""

import contextlib
import os
import socket
import tempfile
from typing import Any, Final

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from saas.local.process import LocalServiceError
from saas.local.readiness import refuse_taken_port
from saas.logs import configure_logging, log_config
from saas.settings import get_settings
from saas.stopping import SIGNAL

_KILL_SECONDS: Final = 5  # requests take far less; the supervisor waits for longer
_LEVELS: Final = {
    "DEBUG": LogLevels.debug,
    "INFO": LogLevels.info,
    "WARNING": LogLevels.warning,
    "ERROR": LogLevels.error,
}


class _Server(Granian):  # type: ignore[misc, valid-type]  # chosen when it is imported
    """Tells its workers first that it ends."""

    def signal_handler_interrupt(self, *given: Any, **named: Any) -> None:
        for worker in self.wrks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.inner.pid, SIGNAL)
        super().signal_handler_interrupt(*given, **named)


def run(host: str, port: int, workers: int = 1) -> None:
    """Serves until SIGTERM or SIGINT; requests in progress are answered. Reads the settings first, so that a
    missing one is named once and not by every worker. Raises LocalServiceError for a port that is taken, or a
    host that this machine doesn't know.

    Several workers keep their metrics in files of one temporary folder, so that a scrape of any shows the sum.

    There is no access log: each request that fails is logged with its id by the application, and addresses
    hold what people search for.
    """
    settings = get_settings()
    configure_logging(settings.log_format, settings.log_level)
    address = _address(host)
    refuse_taken_port(address, port)
    server = _Server(
        "saas.app:create_served_app",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        workers_kill_timeout=_KILL_SECONDS,
        respawn_failed_workers=True,
        log_level=_LEVELS[settings.log_level],
        log_dictconfig=log_config(settings.log_format, settings.log_level),
        log_access=False,
    )
    if workers == 1:
        server.serve()
        return
    with tempfile.TemporaryDirectory(prefix="regulars-metrics-") as folder:
        # The package's own name for it. It looks once, when it is first imported: in the workers, not here.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        server.serve()


def _address(host: str) -> str:
    """Granian takes numbers, people type names."""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise LocalServiceError(f"{host!r} is no address of this machine: {error.strerror}") from error
