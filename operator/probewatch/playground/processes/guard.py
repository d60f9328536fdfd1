"""The client of the warden process, which kills what is left when the playground is gone."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

WARDEN = Path(__file__).with_name("warden.py")


class Guard:
    """Tells the warden which process groups run: from `watch` on until `release`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, *folders: str) -> "Guard":
        """Start a warden, which also removes *folders* at the end."""
        # In a session of its own, so that Ctrl-C at the terminal does not reach it.
        command = (sys.executable, "-I", "-S", str(WARDEN), *folders)
        return cls(
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, start_new_session=True)
        )

    def watch(self, group: int) -> None:
        """Report that the process group *group* runs."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Report that it has ended: its ID may soon be used again."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(line.encode())

    async def close(self) -> None:
        """Let the warden kill what is left, and wait until it has."""
        if self._process.stdin:
            self._process.stdin.close()
            with suppress(ConnectionError):
                await self._process.stdin.wait_closed()
        await self._process.wait()
