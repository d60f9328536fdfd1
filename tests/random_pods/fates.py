"""What the process of a container does: drawn at random each time that it is started."""

from dataclasses import dataclass, replace
from enum import Enum
from math import inf
from random import Random

from probewatch.core.causes import Cause

Causes = frozenset[Cause]

OUTSIDE_CODES = frozenset(128 + signal for signal in (1, 2, 3, 9, 10, 12, 15))
"""Exit codes of signals that are sent from outside; others are crashes of the process itself."""


class Illness(Enum):
    """How a probe of an ill process fails."""

    STATUS = "it answers with status 500"
    HANG = "it does not answer"
    STALL = "its answer never ends, which is an error of the probe and no failure"
    REFUSE = "it does not listen"


class End(Enum):
    """How a process ends by itself."""

    EXIT = "it exits"
    SIGNAL = "it is sent a signal from outside, or crashes"
    OOM = "it is OOM killed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a process's life, in seconds since its start."""

    begin: float = inf
    end: float = inf

    def contains(self, age: float) -> bool:
        return self.begin <= age < self.end

    def stretched(self, factor: float) -> "Window":
        return Window(begin=self.begin * factor, end=self.end * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """All that one process will do, in seconds since its start."""

    cannot_start: bool = False
    end: End = End.EXIT
    ends_at: float = inf
    code: int = 0
    ill: Window = Window()
    illness: Illness = Illness.STATUS
    slow: float = 0.0
    """It is ill until then: how long it takes to start."""
    unready: Window = Window()
    """In each cycle, if `cycle` is not 0."""
    cycle: float = 0.0
    latency: float = 0.01
    """Of its answers to probes."""
    term_code: int | None = 143
    """Its exit code after SIGTERM; None if it ignores SIGTERM."""
    term_takes: float = 0.0
    child_oom_at: float = inf
    """A child process is OOM killed, and the runtime reports that for its own end too."""
    hook_fails: bool = False
    hook_takes: float = 0.1
    pre_stop_code: int | None = None
    """Its exit code if its preStop hook ends it."""

    @property
    def causes(self) -> Causes:
        """The causes that are right for its end by itself."""
        if self.end is End.OOM:
            return frozenset({Cause.OOM_KILLED})
        if self.code == 0:
            return frozenset({Cause.COMPLETED})
        if self.code not in OUTSIDE_CODES:
            return frozenset({Cause.ERROR})
        # Nobody can tell an exit with that code from a signal.
        return frozenset({Cause.SIGNAL} if self.end is End.SIGNAL else {Cause.SIGNAL, Cause.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What the processes of a container do most of the time."""

    usual: Fate
    oddity: float
    """The share of processes that do something else."""
    is_init: bool = False
    has_hook: bool = False

    def draw(self, random: Random) -> Fate:
        """Return what the next process will do."""
        if self.is_init:
            code = 0 if random.random() < 0.7 else random.choice((1, 2))
            return Fate(ends_at=random.choice((0.3, 2.0, 8.0)), code=code)
        if random.random() < self.oddity:
            return draw_fate(random, has_hook=self.has_hook)
        factor, usual = random.uniform(0.95, 1.05), self.usual
        return replace(usual, ends_at=usual.ends_at * factor, ill=usual.ill.stretched(factor))


def draw_fate(random: Random, *, has_hook: bool) -> Fate:
    """Return a fate; *has_hook* says that the container has a postStart hook."""
    fate = Fate(
        term_code=random.choice((143, 143, 143, 0, 0, 3, None, 137)),
        term_takes=random.choice((0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 12.0)),
        illness=random.choice((Illness.STATUS, *Illness)),
        latency=random.choice((0.005, 0.01, 0.02, 0.3)),
        slow=random.choice((0.0, 0.0, 0.0, 2.0, 8.0, 25.0, 90.0, 400.0)),
        child_oom_at=random.uniform(1, 60) if random.random() < 0.05 else inf,
        hook_fails=has_hook and random.random() < 0.4,
        hook_takes=random.choice((0.1, 1.0, 5.0, 20.0)),
        pre_stop_code=random.choice((0, 143, 1)) if random.random() < 0.3 else None,
    )
    return _with_unreadiness(random, _with_end(random, fate))


def _with_end(random: Random, fate: Fate) -> Fate:
    at = random.uniform(*random.choice(((0.2, 5), (3, 30), (10, 120), (60, 900))))
    codes = (1, 1, 2, 0, 3, 137, 143, 139, 255)
    ill = Window(begin=at, end=inf if random.random() < 0.8 else at + random.uniform(5, 60))
    match random.choice(("lives", "ill", "ill", "exit", "exit", "ill and exit", "signal", "oom")):
        case "ill":
            return replace(fate, ill=ill)
        case "exit":
            return replace(fate, ends_at=at, code=random.choice(codes))
        case "ill and exit":
            ends_at = at + random.uniform(0, 40)
            return replace(fate, ill=ill, ends_at=ends_at, code=random.choice(codes))
        case "signal":
            code = 128 + random.choice((9, 15, 15, 11, 6))
            return replace(fate, end=End.SIGNAL, ends_at=at, code=code)
        case "oom":
            return replace(fate, end=End.OOM, ends_at=at, code=137)
        case _:
            return replace(fate, cannot_start=random.random() < 0.4)


def _with_unreadiness(random: Random, fate: Fate) -> Fate:
    if random.random() > 0.3:
        return fate
    begin = random.uniform(1, 60)
    end = inf if random.random() < 0.3 else begin + random.uniform(2, 40)
    cycle = random.choice((0.0, 60.0, 150.0))
    return replace(fate, unready=Window(begin=begin, end=end), cycle=cycle)
