"""Once a week, by night, the scheduler has isolation proved, in a process of its own: it takes minutes and memory."""

import asyncio
import logging
import sys
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from saas import isolation_proofs
from saas.clock import system_now
from saas.settings import get_settings

log = logging.getLogger(__name__)

NIGHT: Final = (2, 5)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
"""Where the chains are, and few tills are open between these hours."""
_GRACE: Final = timedelta(days=1)
_LOOK_SECONDS: Final = 600.0
_WAIT_SECONDS: Final = 5.0
COMMAND: Final = (sys.executable, "-m", "saas.cli", "prove", "isolation", "--scheduled")


class Weekly:
    """One scheduler's; of several schedulers one begins, for only one run can be at work."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._going: asyncio.subprocess.Process | None = None

    async def poll(self) -> float:
        """Starts a run that is due, or sees how the one under way does; the seconds until the next look."""
        if self._going is not None:
            if self._going.returncode is None:
                return _WAIT_SECONDS
            log.info("the proof of isolation ended with %d", self._going.returncode)
            self._going = None
            return _LOOK_SECONDS
        if await due(system_now()):
            self._going = await asyncio.create_subprocess_exec(*self._command, stdout=asyncio.subprocess.DEVNULL)
            return _WAIT_SECONDS
        return _LOOK_SECONDS


async def due(now: datetime) -> bool:
    """Whether a run should begin: by night, so many days after the last one, a day after the first chain came."""
    days = get_settings().isolation_proof_days
    if not days or not NIGHT[0] <= now.astimezone(_ZONE).hour < NIGHT[1]:
        return False
    begun = await isolation_proofs.last_begun(_GRACE - timedelta(days=days))
    return begun is not None and begun <= now - timedelta(days=days) + timedelta(hours=1)
