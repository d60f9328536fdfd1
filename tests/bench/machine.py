"""How even the machine is: the same work again and again, with nothing else of ours running.

A program that is busy a third of the time keeps up while the machine is three times slower, and
falls behind beyond that. Whoever reads delays has to know how often it is.
"""

import statistics
import time
from dataclasses import dataclass

SECONDS = 5.0
ROUNDS = 2500
"""Of a loop: some tenths of a millisecond."""
SLOW = 3.0
"""Times the median."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """What share of the time the same work took more than SLOW times as long as usual."""

    share: float
    longest: float
    """Seconds of the longest spell of that."""


def measure(seconds: float = SECONDS) -> Evenness:
    """Work for so long, and tell."""
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        _work()
        took.append(time.monotonic() - begun)
    return judge(took)


def judge(took: list[float]) -> Evenness:
    """Tell of rounds that took so many seconds each."""
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
