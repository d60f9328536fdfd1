"""How steady the machine is: the same work again and again, with nothing else running.

A program that needs a third of the CPU keeps up while the machine is three times slower, and falls
behind beyond that. Whoever reads the delays has to know how often that happens.
"""

import statistics
import time
from dataclasses import dataclass

SECONDS = 5.0
ROUNDS = 2500
"""Iterations of a loop that takes some tenths of a millisecond."""
SLOW = 3.0
"""Multiples of the median."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """The share of time in which the same work took more than SLOW times as long as usual."""

    share: float
    longest: float
    """The longest such period, in seconds."""


def measure(seconds: float = SECONDS) -> Evenness:
    """Work for so long, and judge it."""
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        _work()
        took.append(time.monotonic() - begun)
    return judge(took)


def judge(took: list[float]) -> Evenness:
    """Judge rounds that took so many seconds each."""
    most = statistics.median(took) * SLOW
    spells = [0.0]
    for each in took:
        if each > most:
            spells[-1] += each
        elif spells[-1]:
            spells.append(0.0)
    return Evenness(share=sum(spells) / sum(took), longest=max(spells))


def _work() -> dict[int, tuple[int, str]]:
    made = {}
    for number in range(ROUNDS):
        made[number % 97] = (number, str(number))
    return made
