"""Every restart is counted once, in any order of faults and deliveries."""

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.accounting import Accounting
from tests.model.mistakes import MISTAKES

STEPS = 100_000

PROVING = settings(
    max_examples=1300,
    stateful_step_count=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
SEARCHING = settings(PROVING, phases=(Phase.generate,), verbosity=Verbosity.quiet)
"""For mistakes the first failure is enough."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_restart_is_counted_once() -> None:
    """In 100,000 steps of an adversarial world no restart is lost, counted or reported twice."""
    Accounting.steps.clear()

    run_state_machine_as_test(Accounting, settings=PROVING)

    assert Accounting.steps["taken"] >= STEPS


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_found(mistake: str) -> None:
    """An operator with any one of the seeded mistakes violates an invariant."""

    class Mistaken(Accounting):
        ways = MISTAKES[mistake]

    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Mistaken, settings=SEARCHING)
