"""The processes of one run: a load server and a measured process."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.measure import Memory, cpu_seconds, memory, wait_until_idle

POLL_SECONDS = 0.1

SUBJECTS = {
    "kopf": ("tests.bench.subject_kopf",),
    "operator": ("tests.bench.subject_operator",),
    "bare": ("tests.bench.subject_bare",),
    "bare stream": ("tests.bench.subject_bare", "--stream"),
}


@dataclass
class Subject:
    """The measured process, and its server."""

    process: subprocess.Popen[str]
    server: str
    used: float = field(default=0.0)

    def begin(self) -> float:
        """Start it; returns the CPU seconds until everything is listed and it is idle."""
        self.used = cpu_seconds(self.process.pid)
        assert self.process.stdin is not None
        self.process.stdin.write(self.server + "\n")
        self.process.stdin.flush()
        self._wait_for_watch()
        return self._spent()

    def load(self, what: str, count: int, rate: float = 0.0) -> tuple[float, dict[str, Any]]:
        """Trigger changes; returns the CPU seconds they cost, and the server's answer."""
        self.used = cpu_seconds(self.process.pid)
        answer: dict[str, Any] = self._ask(f"/load/{what}?count={count}&rate={rate}")
        return self._spent(), answer

    def ask_noted(self) -> list[tuple[str, float]]:
        """The uids and times noted by the operator's stopwatch since the last call."""
        assert self.process.stdin is not None
        self.process.stdin.write("noted\n")
        self.process.stdin.flush()
        return [(uid, at) for uid, at in json.loads(_first_line(self.process))]

    def memory(self) -> Memory:
        """Its memory now, and its peak."""
        return memory(self.process.pid)

    def _wait_for_watch(self, limit: float = 600.0) -> None:
        """Wait until it watches pods: before that it may be idle only because it waits."""
        end = time.monotonic() + limit
        while not self._ask("/load/watchers")[0]:
            if time.monotonic() > end:
                raise TimeoutError("the subject never came to watch pods")
            time.sleep(POLL_SECONDS)  # noqa: TID251  # a measurement waits for another process

    def _spent(self) -> float:
        before = self.used
        self.used = wait_until_idle(self.process.pid)
        if self.process.poll() is not None:
            raise RuntimeError("the subject has ended")
        return self.used - before

    def _ask(self, path: str) -> Any:  # noqa: ANN401  # as the server answers
        with urllib.request.urlopen(self.server + path, data=b"", timeout=3600) as answer:  # noqa: S310  # loopback
            return json.load(answer)


@contextmanager
def subject(
    name: str, pods: int, *, together: int, pages: bool = False, pace: float = 0.0
) -> Iterator[Subject]:
    """Start a server with so many pods, and a measured process that waits for its start."""
    cluster = ("--pods", str(pods), "--together", str(together))
    more = ("--pages",) if pages else ("--pace", str(pace))
    with _python("tests.bench.load_server", *cluster, *more) as server:
        port = _first_line(server)
        with _python(*SUBJECTS[name]) as process:
            assert _first_line(process) == "loaded"
            yield Subject(process=process, server=f"http://127.0.0.1:{port}")


@contextmanager
def _python(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the log of the operator, written all the same
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
