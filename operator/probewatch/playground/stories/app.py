"""The app of the stories: a small server that behaves as the script in its arguments says.

It stands alone, with the standard library only, since it runs as a container's program.
Times are seconds after the start; the environment's SPEED divides them, HOST says where
to listen. A window is `from-until`; an open end (`30-`) means for ever.
"""

import os
import select
import signal
import socket
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

Window = tuple[float, float]
NEVER: Window = (float("inf"), float("inf"))
OK = 200
ANSWERS = {"/healthz": (("bad", 500),), "/ready": (("unready", 503), ("notready", 500))}
"""By path: the windows of the script in which it fails, and with which status."""
BLOCK = 1 << 20
TICK_SECONDS = 0.02
"""The resolution of the script, in real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the app does, and when."""

    bad: Window = NEVER
    """`-bad 30-`: `/healthz` answers 500, and the file of `-file` is missing."""
    unready: Window = NEVER
    """`-unready 0-10`: `/ready` answers 503."""
    notready: Window = NEVER
    """`-notready 0-10`: `/ready` answers 500."""
    hang: Window = NEVER
    """`-hang 30-`: requests are accepted and never answered."""
    notcp: Window = NEVER
    """`-notcp 30-`: nothing listens."""
    stall: Window = NEVER
    """`-stall 30-`: the headers are sent, and the body never comes."""
    cycle: float = 0.0
    """`-cycle 60`: the windows repeat every 60 seconds."""
    term: str = ""
    """`-term ignore`, or `-term exit3` to end with code 3; by default SIGTERM ends the app."""
    term_takes: float = 0.0
    """`-term-takes 4`: it ends 4 seconds after SIGTERM."""
    exit_at: float | None = None
    exit_code: int = 0
    signal_at: float | None = None
    """`-signal-at 20`: the app gets a signal then, as from outside."""
    signal: int = 9
    hog_at: float | None = None
    """`-hog-at 12`: it allocates more and more memory from then on."""
    file: str = ""
    """`-file ok`: a file that exists while the app is healthy."""
    port: int = 3000

    def is_in(self, window: Window, age: float) -> bool:
        """Whether *age* lies within *window*, which may repeat."""
        at = age % self.cycle if self.cycle else age
        return window[0] <= at < window[1]

    def answer(self, path: str, age: float) -> int:
        """Return the HTTP status for a request of *path* at that age."""
        failures = ANSWERS.get(path, ())
        found = (code for window, code in failures if self.is_in(getattr(self, window), age))
        return next(found, OK)

    @property
    def term_code(self) -> int | None:
        """The exit code on SIGTERM; None if that is ignored."""
        if self.term == "ignore":
            return None
        return int(self.term.removeprefix("exit")) if self.term else 128 + signal.SIGTERM


def parse_script(args: list[str] | tuple[str, ...]) -> Script:
    """Return the script for a command line; raises `ValueError` for an unknown flag."""
    values: dict[str, object] = {}
    kinds = Script.__dataclass_fields__
    for flag, text in zip(args[::2], args[1::2], strict=True):
        name = flag.removeprefix("-").replace("-", "_")
        if name not in kinds:
            raise ValueError(f"{flag} is no word of a script; it has {', '.join(kinds)}")
        values[name] = _parse_value(kinds[name].type, text)
    return Script(**values)  # type: ignore[arg-type]  # each value was made for its field


def _parse_value(kind: object, text: str) -> object:
    if kind is Window or kind == Window:
        first, _, last = text.partition("-")
        return float(first), float(last) if last else float("inf")
    if kind is int:
        return int(text)
    return text if kind is str else float(text)


@dataclass(slots=True)
class App:
    """The running app."""

    script: Script
    host: str = ""
    speed: float = 1.0
    started: float = field(default_factory=time.monotonic)
    listener: socket.socket | None = None
    open: ExitStack = field(default_factory=ExitStack)
    """The listener, and connections that are kept open and never answered."""
    hoard: list[bytes] = field(default_factory=list)

    def run(self) -> None:
        """Follow the script until it ends, or for ever."""
        with self.open:
            while True:
                age = (time.monotonic() - self.started) * self.speed
                self._act(age)
                self._listen(age)
                if self.listener is None:
                    select.select([], [], [], TICK_SECONDS)
                elif select.select([self.listener], [], [], TICK_SECONDS)[0]:
                    self._serve(self.listener, age)

    def _act(self, age: float) -> None:
        script = self.script
        if script.exit_at is not None and age >= script.exit_at:
            sys.exit(script.exit_code)
        if script.signal_at is not None and age >= script.signal_at:
            os.kill(os.getpid(), script.signal)
        if script.hog_at is not None and age >= script.hog_at:
            self.hoard.append(os.urandom(1) * (8 * BLOCK))
        if script.file and script.is_in(script.bad, age):
            Path(script.file).unlink(missing_ok=True)
        elif script.file:
            Path(script.file).touch()

    def _listen(self, age: float) -> None:
        wanted = not self.script.is_in(self.script.notcp, age)
        if wanted and self.listener is None:
            server = socket.create_server((self.host, self.script.port))
            self.listener = self.open.enter_context(server)
        elif not wanted and self.listener is not None:
            self.listener.close()
            self.listener = None

    def _serve(self, listener: socket.socket, age: float) -> None:
        connection, _ = listener.accept()
        if self.script.is_in(self.script.hang, age):
            self.open.enter_context(connection)
            return
        with connection:
            connection.settimeout(1.0)
            with suppress(OSError):  # the client has gone
                self._respond(connection, connection.recv(BLOCK).decode("latin-1"), age)

    def _respond(self, connection: socket.socket, request: str, age: float) -> None:
        if not request:
            return  # a TCP probe sends nothing
        method, path, *_ = request.split(" ")
        path = path.partition("?")[0]
        status = self.script.answer(path, age)
        stalls = self.script.is_in(self.script.stall, age)
        head = f"HTTP/1.1 {status} -\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + (b"" if stalls else b"ok\n"))
        print(f"{method} {path} {status}", flush=True)
        if stalls:
            self.open.enter_context(connection.dup())


def handle_term(script: Script, speed: float) -> None:
    """Install the handler for SIGTERM that the script asks for."""
    code = script.term_code
    if code is None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return

    def stop(_signum: int, _frame: object) -> None:
        select.select([], [], [], script.term_takes / speed)
        os._exit(code)

    if script.term or script.term_takes:
        signal.signal(signal.SIGTERM, stop)


def main() -> None:
    """Run the script of the command line."""
    script = parse_script(sys.argv[1:])
    speed = float(os.environ.get("SPEED", "1"))
    handle_term(script, speed)
    App(script, host=os.environ.get("HOST", ""), speed=speed).run()


if __name__ == "__main__":
    main()
