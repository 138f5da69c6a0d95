"""The last step before a child process: give up root, ask the kernel for a signal when the parent dies, exec.

Run as a script (`python -I -S child.py …`), not imported: between fork and exec of a process with threads
only async-signal-safe code may run, so this work is done after an exec, by a fresh interpreter.
The order matters: a change of user clears the parent-death signal, and a parent that died before the
signal was set would never send it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_EXEC = 127


def main(parent: int, death_signal: int, uid: int, gid: int, command: list[str]) -> None:
    """Become `command`; uid and gid of -1 keep the caller's. Exits 127 if the program cannot be run."""
    program = os.open(command[0], os.O_RDONLY | os.O_CLOEXEC)  # opened while we still may
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(CANNOT_EXEC)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # Python ignores the first two, a shell's `&` the third
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except PermissionError:
        os.execve(program, command, os.environ)  # noqa: S606 - a folder above it is closed to the new user


if __name__ == "__main__":
    try:
        PARENT, DEATH_SIGNAL, UID, GID = (int(argument) for argument in sys.argv[1:5])
        main(PARENT, DEATH_SIGNAL, UID, GID, sys.argv[5:])
    except OSError as error:
        sys.stderr.write(f"cannot run {sys.argv[5]}: {error}\n")
        sys.exit(CANNOT_EXEC)
