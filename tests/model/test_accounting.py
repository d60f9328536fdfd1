"""Every restart is counted once, whatever happens to whom, and when."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.accounting import Accounting

QUICK = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
STEPS = settings(QUICK, max_examples=1200, stateful_step_count=100)


@pytest.mark.slow
def test_every_restart_is_counted_once() -> None:
    """In 100,000 steps of an adversarial world, no restart is lost, counted twice or told twice."""
    run_state_machine_as_test(Accounting, settings=QUICK)
