"""Scripted answers of an API server to the requests of a watch."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Timed(Protocol):
    """The script that an answer is part of."""

    seconds: float
    """The time of the script, which passes while its answers last."""


@dataclass
class Answer:
    """One scripted answer; a part that is an exception is raised."""

    status: int = 200
    parts: tuple[bytes | BaseException, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    lasts: float = 240.0
    """Seconds until the answer ends, if it ends."""
    script: Timed | None = None
    urgent: list[bool] = field(default_factory=list)
    """Whether what came after each part was urgent."""

    async def chunks(self, is_urgent: Callable[[], bool]) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, BaseException):
                raise part
            yield part
            self.urgent.append(is_urgent())
        assert self.script is not None
        self.script.seconds += self.lasts
