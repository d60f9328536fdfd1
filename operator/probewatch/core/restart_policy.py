"""Restart policy: whether the kubelet starts a container again that ended.

The rules of the container decide first, then its own policy, then that of the pod. An init
container that is done is not run again.
"""

from probewatch.core.spec import Container, ContainerKind, PodSpec, RestartPolicy

OVER = frozenset({"Succeeded", "Failed"})
"""The phases of a pod in which nothing is started again."""


def policy_of(container: Container, spec: PodSpec) -> RestartPolicy:
    """Return the policy that applies to a container."""
    return container.restart_policy or spec.restart_policy


def restarts_anyway(container: Container, spec: PodSpec, exit_code: int) -> bool:
    """Whether the policy alone starts it again, without any rule."""
    policy = policy_of(container, spec)
    if container.kind is ContainerKind.INIT and policy is RestartPolicy.ALWAYS:
        policy = RestartPolicy.ON_FAILURE
    return starts_again(policy, exit_code)


def starts_again(policy: RestartPolicy, exit_code: int) -> bool:
    """Whether a policy means that what ended with this exit code is started again."""
    return policy is RestartPolicy.ALWAYS or (policy is RestartPolicy.ON_FAILURE and exit_code != 0)


def will_restart(container: Container, spec: PodSpec, exit_code: int) -> bool:
    """Whether it is started again, as far as its own rules and policies say."""
    if any(rule.matches(exit_code) for rule in container.restart_rules):
        return True
    return restarts_anyway(container, spec, exit_code)
