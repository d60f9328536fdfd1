"""Which containers the kubelet restarts: by restart rules, container policy, pod policy."""

import pytest

from probewatch.core.restart_policy import will_restart
from probewatch.core.spec import Container, ContainerKind, RestartPolicy, RestartRule
from tests.support.builders import spec

ALWAYS, ON_FAILURE, NEVER = RestartPolicy.ALWAYS, RestartPolicy.ON_FAILURE, RestartPolicy.NEVER
APP = Container(name="app")
INIT = Container(name="app", kind=ContainerKind.INIT)
SIDECAR = Container(name="app", kind=ContainerKind.SIDECAR, restart_policy=ALWAYS)
RULED = Container(
    name="app",
    restart_policy=NEVER,
    restart_rules=(RestartRule(action="Restart", operator="In", values=(0, 42)),),
)


@pytest.mark.parametrize(
    ("expected", "container", "policy", "exit_code"),
    [
        (True, APP, ALWAYS, 0),
        (False, APP, ON_FAILURE, 0),
        (True, APP, ON_FAILURE, 1),
        (False, APP, NEVER, 1),
        (False, INIT, ALWAYS, 0),
        (True, INIT, ALWAYS, 1),
        (False, INIT, NEVER, 1),
        (True, SIDECAR, NEVER, 0),
        (True, RULED, ALWAYS, 0),
        (True, RULED, ALWAYS, 42),
        (False, RULED, ALWAYS, 1),
    ],
)
def test_will_restart(
    *, expected: bool, container: Container, policy: RestartPolicy, exit_code: int
) -> None:
    """Rules precede the container's policy, which precedes the pod's."""
    assert expected is will_restart(container, spec(restart_policy=policy), exit_code)
