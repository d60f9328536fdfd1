"""The tutorial's app: becomes ready after 20 s and unhealthy after 40 s.

`GET /healthz` answers 200 until 40 s after the start and 500 afterwards, `GET /ready` 500
until 20 s and 200 afterwards, `GET /` greets. Each request is logged as `GET /healthz 200`.

Environment: HOST and PORT to listen on (all addresses, 3000); SPEED divides the two times.
"""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType

READY_AFTER_SECONDS = 20.0
HEALTHY_FOR_SECONDS = 40.0


def answer(path: str, age: float) -> tuple[int, str]:
    """Status and body for a request *age* seconds after the start."""
    if path == "/healthz":
        return (200, "ok") if age < HEALTHY_FOR_SECONDS else (500, "not healthy any more")
    if path == "/ready":
        return (200, "ready") if age >= READY_AFTER_SECONDS else (500, "not ready yet")
    if path == "/":
        return 200, "Hello from Python"
    return 404, "not found"


class Handler(BaseHTTPRequestHandler):
    """Answers by the age of the process."""

    started = time.monotonic()
    speed = 1.0

    def do_GET(self) -> None:
        """Answer one request and log it in one line."""
        age = (time.monotonic() - self.started) * self.speed
        status, text = answer(self.path, age)
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", _size: int | str = "-") -> None:
        """Log as `GET /healthz 200`."""
        status = int(code) if isinstance(code, int) else code
        print(f"{self.command} {self.path} {status}", flush=True)


def stop(_signum: int, _frame: FrameType | None) -> None:
    """End at once: there is nothing to finish."""
    sys.exit(143)


def main() -> None:
    """Serve until SIGTERM."""
    signal.signal(signal.SIGTERM, stop)
    Handler.speed = float(os.environ.get("SPEED", "1"))
    address = (os.environ.get("HOST", ""), int(os.environ.get("PORT", "3000")))
    with ThreadingHTTPServer(address, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
