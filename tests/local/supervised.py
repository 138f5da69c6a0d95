"""Run by the tests as `regulars up`, with small programs in place of the real ones.

Arguments: data folder, port. The «api» answers /readyz and starts a worker process of its own, as Granian
does; the «worker» writes long lines in pieces and says what it found in its environment.
"""

import sys
from pathlib import Path

from saas.local.programs import Program
from saas.local.supervisor import Running, run

API = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args): pass
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("api", os.getpid(), grandchild.pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
WORKER = """
import os, sys, time
others = ("SECRET_KEYS", "FILE_STORE", "ENVIRONMENT")
names = sorted(name for name in os.environ if name.endswith("_URL") or name in others)
print("worker", os.getpid(), ",".join(names), flush=True)
while True:
    for _ in range(20):
        sys.stdout.write("x" * 100); sys.stdout.flush()
    sys.stdout.write("\\n"); sys.stdout.flush(); time.sleep(0.05)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("stubborn", os.getpid(), flush=True); time.sleep(600)
"""


def announce(running: Running) -> None:
    running.say(f"announced {running.url}")


def seed(running: Running) -> None:
    raise RuntimeError(f"no seed for {len(running.environment) > 0}")


if __name__ == "__main__":
    programs = [
        Program("api", [sys.executable, "-c", API, sys.argv[2]], grace=5),
        Program("worker", [sys.executable, "-c", WORKER], grace=5),
        Program("stubborn", [sys.executable, "-c", STUBBORN], grace=0.5),
    ]
    migration = [sys.executable, "-c", sys.argv[3] if len(sys.argv) > 3 else "print('migrated')"]
    sys.exit(
        run(
            port=int(sys.argv[2]),
            data_dir=Path(sys.argv[1]),
            hooks=[seed, announce],
            programs=programs,
            migration=migration,
        )
    )
