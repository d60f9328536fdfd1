"""What changed between two instances of a container: sandbox, image, resources."""

from dataclasses import replace
from typing import Any

import pytest

from probewatch.core.changes import READY_SLACK
from probewatch.core.counting import count
from probewatch.core.model import Condition, ContainerStatus, Pod, Termination
from probewatch.core.restarts import VANISHED, CountedRestart
from probewatch.core.spec import Container
from probewatch.core.watermarks import RESTARTING_ALL
from probewatch.store import Store
from tests.core.test_observe import UID, feed, restarted, running
from tests.support.builders import LIVENESS, died, pod, spec, status

ONE, TWO = "10.0.0.1", "10.0.0.2"
APP = Container(name="app", liveness=LIVENESS)
SIDE = status(name="side", container_id="s", running_since=1.0)
BACK = restarted(1, 142.0)
"""The last instance ended at 141 s."""
WAITING = status(ready=False, running_since=None, waiting_reason="CrashLoopBackOff", last=BACK.last)
"""That instance has ended, and the next one waits."""


def shown(
    number: int,
    *statuses: ContainerStatus,
    ip: str = "",
    ready: float | None = None,
    **more: Any,  # noqa: ANN401  # of the pod
) -> Pod:
    """A version of a pod with this IP, whose sandbox became ready at *ready*."""
    version = pod(number, *statuses, pod_ip=ip, **more)
    if ready is None:
        return version
    sandbox = Condition(status=True, last_transition=ready)
    return replace(version, conditions={**version.conditions, "PodReadyToStartContainers": sandbox})


def restart_between(*versions: Pod) -> CountedRestart:
    """The newest restart of `app` that is counted from the last of these versions."""
    store = Store()
    *earlier, last = versions
    for version in earlier:
        feed(store, version, 100.0 + version.resource_version)
    state = store.state(UID)
    assert state is not None
    counted = count(state, last, relisted=False, now=200.0)
    return [each for each in counted.restarts if each.container.name == "app"][-1]


HOST = spec(APP, host_network=True)
NEW, SAME, NOT_KNOWN = (True, False), (False, True), (False, False)
SANDBOXES: dict[str, tuple[tuple[bool, bool], Pod, Pod]] = {
    "another address": (NEW, shown(1, running(), ip=ONE), shown(2, BACK, ip=TWO)),
    "the same address": (NOT_KNOWN, shown(1, running(), ip=ONE), shown(2, BACK, ip=ONE)),
    "no address before": (NOT_KNOWN, shown(1, running()), shown(2, BACK, ip=TWO)),
    "no address yet": (NOT_KNOWN, shown(1, running(), ip=ONE), shown(2, BACK)),
    "the node has another address": (
        NOT_KNOWN,
        shown(1, running(), ip=ONE, spec=HOST),
        shown(2, BACK, ip=TWO, spec=HOST),
    ),
    "ready since later": (NEW, shown(1, running(), ready=0.0), shown(2, BACK, ready=140.0)),
    "ready since later, by the same address": (
        NEW,
        shown(1, running(), ready=0.0, ip=ONE),
        shown(2, BACK, ready=140.0, ip=ONE),
    ),
    "ready as long as before": (
        SAME,
        shown(1, running(), ready=0.0),
        shown(2, BACK, ready=0.0),
    ),
    "ready as long as before, by another address": (
        SAME,
        shown(1, running(), ready=0.0, ip=ONE),
        shown(2, BACK, ready=0.0, ip=TWO),
    ),
    "nobody knows since when it was ready": (
        NOT_KNOWN,
        shown(1, running()),
        shown(2, BACK, ready=140.0),
    ),
    "not ready while the next one waits": (
        NEW,
        shown(1, running(), ready=0.0, ip=ONE),
        shown(2, BACK, ip=TWO),
    ),
}


@pytest.mark.parametrize(("expected", "before", "after"), SANDBOXES.values(), ids=SANDBOXES)
def test_another_sandbox(expected: tuple[bool, bool], before: Pod, after: Pod) -> None:
    """The sandbox is new by its condition, else by the pod's IP, but never by the node's IP."""
    change = restart_between(before, after).change

    assert expected == (change.sandbox, change.same_sandbox)


@pytest.mark.parametrize(
    ("begun", "ready", "expected"),
    [
        (142.0, 150.0, True),
        (142.0, 142.0 + READY_SLACK, True),
        (142.0, 142.0 + READY_SLACK + 1, False),
        (None, 900.0, True),
        (142.0, None, True),
    ],
)
def test_the_next_instance_may_be_of_the_old_sandbox(
    begun: float | None, ready: float | None, *, expected: bool
) -> None:
    """A dead instance that began long before the new sandbox was ready ran in the old one."""
    ended = died(1, begun, 180.0, container_id="c1")
    over = replace(BACK, running_since=None, terminated=ended, container_id="c1")
    before = shown(1, running(), ip=ONE, ready=None if ready is None else 0.0)

    assert expected is restart_between(before, shown(2, over, ip=TWO, ready=ready)).change.sandbox


def test_a_new_sandbox_and_no_end_at_all() -> None:
    """A new sandbox is seen even if the status shows no termination."""
    gone = replace(BACK, last=None)

    assert restart_between(
        shown(1, running(), ready=0.0), shown(2, gone, ready=140.0)
    ).change.sandbox


MOVED = replace(SIDE, container_id="t", running_since=141.5)
DOWN = replace(SIDE, running_since=None, waiting_reason="CrashLoopBackOff")
ANOTHER = replace(SIDE, name="late")


@pytest.mark.parametrize("moves", [{}, {"ip": TWO}, {"ready": 140.0}], ids=["old", "ip", "ready"])
@pytest.mark.parametrize(
    ("expected", "others"),
    [(True, ()), (False, (SIDE,)), (True, (MOVED,)), (True, (DOWN,)), (True, (MOVED, ANOTHER))],
    ids=["alone", "one runs on", "one restarts", "one is down", "one is new"],
)
def test_all_restarted(
    others: tuple[ContainerStatus, ...], moves: dict[str, Any], *, expected: bool
) -> None:
    """One container that runs on proves that the pod was not restarted as a whole."""
    first: dict[str, Any] = {"ip": ONE, "ready": 0.0 if "ready" in moves else None}
    before = shown(1, running(), *((SIDE,) if others else ()), **first)
    after = shown(2, BACK, *others, **{**first, **moves})

    assert expected is restart_between(before, after).all_restarted


def asked(image: str, resources: str) -> dict[str, Any]:
    """Pod fields for a spec with this image and these resources."""
    return {"spec": spec(replace(APP, image=image, resources=resources))}


@pytest.mark.parametrize(
    ("expected", "versions"),
    [
        (
            (True, False),
            (pod(1, running(), **asked("a", "s")), pod(2, BACK, **asked("b", "s"))),
        ),
        (
            (False, True),
            (pod(1, running(), **asked("a", "s")), pod(2, BACK, **asked("a", "l"))),
        ),
        (
            (False, False),
            (
                pod(1, running(), **asked("a", "s")),
                pod(2, BACK, **asked("b", "l")),
                pod(3, restarted(2, 190.0), **asked("b", "l")),
            ),
        ),
        (
            (False, False),
            (pod(1, running(), **asked("a", "s")), pod(2, BACK, spec=spec(replace(APP, name="b")))),
        ),
        ((False, False), (pod(1, statuses=()), pod(2, BACK, **asked("a", "s")))),
        (
            (False, False),
            (
                pod(1, running(), **asked("a", "s")),
                pod(2, WAITING, **asked("a", "s")),
                pod(3, BACK, **asked("b", "l")),
            ),
        ),
        (
            (True, True),
            (
                pod(1, running(), **asked("a", "s")),
                pod(2, WAITING, **asked("b", "l")),
                pod(3, WAITING, **asked("c", "l")),
                pod(4, BACK, **asked("c", "l")),
            ),
        ),
    ],
    ids=[
        *("image", "resources", "given before", "not in the spec any more", "never seen to run"),
        *("changed after the end", "changed again after the end"),
    ],
)
def test_image_and_resources_changed_since_the_start(
    expected: tuple[bool, bool], versions: tuple[Pod, ...]
) -> None:
    """A change is reported only relative to what the instance is known to have started with."""
    change = restart_between(*versions).change

    assert expected == (change.image, change.resources)


LOST = died(255, 1.0, 90.0, reason="Unknown", container_id="c0")
GONE = Termination(exit_code=137, reason=VANISHED)


@pytest.mark.parametrize(
    ("expected", "versions"),
    [
        (False, (BACK,)),
        (True, (replace(BACK, last=LOST),)),
        (True, (replace(BACK, last=GONE),)),
        (False, (replace(BACK, last=LOST), restarted(2, 190.0))),
        (False, (replace(BACK, last=GONE), replace(restarted(2, 190.0), last=GONE))),
    ],
    ids=["ended", "lost", "vanished", "lost before", "vanished before, and nobody knows since"],
)
def test_lost_by_the_runtime(expected: bool, versions: tuple[ContainerStatus, ...]) -> None:  # noqa: FBT001  # of the table
    """A termination already counted for a restart does not mark a later restart as lost."""
    shown_one_by_one = (pod(number, each) for number, each in enumerate((running(), *versions), 1))

    assert expected is restart_between(*shown_one_by_one).change.lost


WORDS = Termination(exit_code=137, reason=RESTARTING_ALL)
DEAD = replace(running(), running_since=None, terminated=died(1, 1.0, 90.0, container_id="c0"))


@pytest.mark.parametrize(
    ("expected", "before", "last"),
    [
        (True, DEAD, WORDS),
        (False, DEAD, DEAD.terminated),
        (False, DEAD, None),
        (False, running(), WORDS),
        (False, running(), DEAD.terminated),
    ],
    ids=["removed with all", "replaced", "nothing is left", "ended by that", "replaced unseen"],
)
def test_removed_with_all(
    before: ContainerStatus, last: Termination | None, *, expected: bool
) -> None:
    """`with_all` is set if the instance had exited before all containers were restarted."""
    versions = (pod(1, running()), pod(2, before), pod(3, replace(BACK, last=last)))

    assert expected is restart_between(*versions).change.with_all
