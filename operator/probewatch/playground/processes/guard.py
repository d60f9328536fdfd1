"""The near end of the warden: it is told what runs, so that nothing survives the playground."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

WARDEN = Path(__file__).with_name("warden.py")


class Guard:
    """Guards process groups from the moment on that it is told of them until they have ended."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, *folders: str) -> "Guard":
        """Start a warden that removes *folders* in the end."""
        # A session of its own: an interrupt at the terminal does not reach it.
        command = (sys.executable, "-I", "-S", str(WARDEN), *folders)
        return cls(
            await asyncio.create_subprocess_exec(*command, stdin=PIPE, start_new_session=True)
        )

    def watch(self, group: int) -> None:
        """Take note that the process group *group* runs."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """Take note that it has ended: its number may soon be another's."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        if self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(line.encode())

    async def close(self) -> None:
        """Let the warden kill what is left, and return when it has."""
        if self._process.stdin:
            self._process.stdin.close()
            with suppress(ConnectionError):
                await self._process.stdin.wait_closed()
        await self._process.wait()
