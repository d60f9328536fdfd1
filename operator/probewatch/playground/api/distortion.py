"""Applies faults to the lines of a watch. Pure: pauses are yielded, not waited for."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from probewatch.playground.api.answers import Lines
from probewatch.playground.api.faults import (
    Cut,
    End,
    Hold,
    Insert,
    Line,
    LineAction,
    Recall,
    Repeat,
    Slice,
    Swap,
)

Piece = bytes | float | End
"""What to send, how long to pause, or how to end."""

KIND_STARTS = len(b'{"type":"')


@dataclass(slots=True)
class _Counter:
    """Counts the lines that one fault considers."""

    fault: Line
    seen: int = 0

    def strikes(self, line: bytes) -> bool:
        kinds = self.fault.kinds
        if kinds and line[KIND_STARTS:].partition(b'"')[0].decode() not in kinds:
            return False
        self.seen += 1
        if self.fault.onwards:
            return self.seen >= self.fault.number
        return self.seen == self.fault.number


@dataclass(slots=True)
class _Distorter:
    """Distorts the lines of one watch."""

    counters: list[_Counter]
    sent: list[bytes] = field(default_factory=list)
    held: list[tuple[int, bytes]] = field(default_factory=list)
    """Lines that are held back, with the number of lines that are sent before them."""

    def distort(self, line: bytes) -> Iterator[Piece]:
        self.sent.append(line)
        actions = [item.fault.action for item in self.counters if item.strikes(line)]
        pieces: list[Piece] = [line]
        for action in actions:
            pieces = self._apply(action, line, pieces)
        yield from pieces
        if not any(isinstance(action, Hold) for action in actions):
            yield from self._release()

    def _apply(self, action: LineAction, line: bytes, pieces: list[Piece]) -> list[Piece]:
        match action:
            case Cut(byte=byte, end=end):
                return [line[:byte], end]
            case Insert(data=data):
                return [data, *pieces]
            case Swap(data=data):
                return [data] if data else []
            case Repeat(times=times):
                return pieces * times
            case Hold(lines=lines):
                self.held.append((lines, line))
                return []
            case Recall(number=number):
                return [*pieces, *self.sent[number - 1 : number]]
            case Slice(size=size, pause_seconds=pause):
                return [piece for part in _slices(line, size) for piece in (part, pause)]

    def _release(self) -> Iterator[bytes]:
        """Yield the held lines that are due, and count the others down."""
        waiting = [(left - 1, line) for left, line in self.held]
        yield from (line for left, line in waiting if left <= 0)
        self.held = [(left, line) for left, line in waiting if left > 0]


def _slices(line: bytes, size: int) -> Iterator[bytes]:
    return (line[start : start + size] for start in range(0, len(line), size))


async def distort(stream: AsyncIterator[Lines], faults: Sequence[Line]) -> AsyncGenerator[Piece]:
    """Yield what to send instead of the lines of *stream*."""
    distorter = _Distorter(counters=[_Counter(fault) for fault in faults])
    async for lines in stream:
        for line in lines:
            for piece in distorter.distort(line):
                yield piece
                if isinstance(piece, End):
                    return
    yield End.LAST_CHUNK
