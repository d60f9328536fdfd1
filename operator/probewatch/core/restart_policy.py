"""Restart policy: whether the kubelet starts a terminated container again.

The container's restart rules decide first, then its own policy, then that of the pod. An init
container that has completed is not run again.
"""

from probewatch.core.spec import Container, ContainerKind, PodSpec, RestartPolicy

OVER = frozenset({"Succeeded", "Failed"})
"""The pod phases in which no container is started again."""


def policy_of(container: Container, spec: PodSpec) -> RestartPolicy:
    """Return the policy that applies to a container."""
    return container.restart_policy or spec.restart_policy


def restarts_anyway(container: Container, spec: PodSpec, exit_code: int | None) -> bool:
    """Whether the policy alone restarts the container, without any restart rule."""
    policy = policy_of(container, spec)
    if container.kind is ContainerKind.INIT and policy is RestartPolicy.ALWAYS:
        policy = RestartPolicy.ON_FAILURE
    return starts_again(policy, exit_code)


def starts_again(policy: RestartPolicy, exit_code: int | None) -> bool:
    """Whether a container with this policy and exit code is restarted."""
    return policy is RestartPolicy.ALWAYS or (policy is RestartPolicy.ON_FAILURE and exit_code != 0)


def will_restart(container: Container, spec: PodSpec, exit_code: int | None) -> bool:
    """Whether the container is restarted by its rules or policy.

    Rules of other containers that restart the whole pod are not considered.
    """
    if any(rule.matches(exit_code) for rule in container.restart_rules):
        return True
    return restarts_anyway(container, spec, exit_code)
