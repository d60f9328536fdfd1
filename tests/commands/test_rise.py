"""The independent count of the rise of `restartCount`."""

import json
from typing import Any

import pytest

from probewatch.commands.rise import CountRise

PROBE = {"httpGet": {"port": 1}}


def pod(
    *counts: int,
    uid: str = "u1",
    version: int | str = 0,
    probe: dict[str, Any] | None = PROBE,
    annotations: dict[str, str | None] | None = None,
    init: tuple[int, ...] = (),
) -> bytes:
    def statuses(prefix: str, values: tuple[int, ...]) -> list[dict[str, Any]]:
        return [{"name": f"{prefix}{i}", "restartCount": n} for i, n in enumerate(values)]

    return json.dumps(
        {
            "metadata": {"uid": uid, "resourceVersion": str(version), "annotations": annotations},
            "spec": {"containers": [{"name": "c0", "readinessProbe": probe}, {"name": "c1"}]},
            "status": {
                "containerStatuses": statuses("c", counts),
                "initContainerStatuses": statuses("i", init),
            },
        }
    ).encode()


STORIES = {
    "nothing": (0, []),
    "no rise": (0, [pod(2), pod(2)]),
    "the first count is the base": (3, [pod(2), pod(3), pod(5)]),
    "a container without a status has not been restarted": (1, [pod(), pod(1)]),
    "every container counts": (3, [pod(0, 0, init=(0,)), pod(1, 1, init=(1,))]),
    "a fall is a new base": (2, [pod(4), pod(5), pod(1), pod(2)]),
    "a status that vanishes and comes back": (1, [pod(2), pod(), pod(3)]),
    "other uids are other pods": (0, [pod(0), pod(9, uid="u2")]),
    "old versions are passed over": (1, [pod(0, version=5), pod(1, version=7), pod(0, version=5)]),
    "old versions are passed over, one after another": (
        2,
        [
            *(pod(0, version=5), pod(2, version=7)),
            *(pod(0, version=5), pod(0, version=6), pod(2, version=8)),
        ],
    ),
    "unreadable versions are news": (1, [pod(0, version="x"), pod(1, version="x")]),
    "pods without probes": (0, [pod(0, probe=None), pod(1, probe=None)]),
    "ignored pods": (
        0,
        [pod(0), pod(1, annotations={"probewatch.dev/ignore": "true"}), pod(2)],
    ),
    "as it is written elsewhere": (
        0,
        [pod(0), pod(1, annotations={"probewatch.dev/ignore": "True"}), pod(2)],
    ),
    "an annotation that says no": (
        1,
        [pod(0), pod(1, annotations={"probewatch.dev/ignore": "no"})],
    ),
}


RUNS = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
WAITS = {"waiting": {"reason": "ContainerCreating"}}
VANISHED = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}}
ENDED = {"terminated": {"exitCode": 1, "containerID": "containerd://a"}}

TAKEN_BACK = {
    "until the next one runs": (1, [(RUNS, 0), (WAITS, 1), (WAITS, 0), (RUNS, 1)]),
    "for some time": (1, [(RUNS, 0), (WAITS, 1), (WAITS, 0), (WAITS, 0), (RUNS, 1)]),
    "after its end was told": (1, [(RUNS, 0), (VANISHED, 1), (WAITS, 0), (RUNS, 1)]),
    "but once it ran it is lost": (2, [(RUNS, 0), (RUNS, 1), (WAITS, 0), (RUNS, 1)]),
    "nor when it has ended": (2, [(RUNS, 0), (ENDED, 1), (WAITS, 0), (RUNS, 1)]),
    "nor by more than one": (4, [(RUNS, 2), (WAITS, 4), (WAITS, 1), (RUNS, 3)]),
    "nor where another runs": (2, [(RUNS, 0), (WAITS, 1), (RUNS, 0), (RUNS, 1)]),
    "nor where counting began": (1, [(WAITS, 1), (WAITS, 0), (RUNS, 1)]),
}


@pytest.mark.parametrize(("expected", "seen"), TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_a_count_that_is_taken_back(expected: int, seen: list[tuple[dict[str, Any], int]]) -> None:
    """A count raised for a container that was only lost for a moment counts once."""
    rise = CountRise()

    for state, count in seen:
        shown = json.loads(pod(count))
        shown["status"]["containerStatuses"][0]["state"] = state
        rise.add(json.dumps(shown).encode())

    assert expected == rise.total


def test_what_is_null_is_absent() -> None:
    """Null fields are treated as missing."""
    rise = CountRise()
    status = {"name": "c0", "restartCount": None, "state": None}
    shown = json.loads(pod(1, annotations={"other": None}))

    rise.add(json.dumps(shown).encode())
    shown["metadata"]["resourceVersion"] = None
    rise.add(json.dumps({**shown, "status": {"containerStatuses": [status]}}).encode())
    rise.add(json.dumps({**shown, "status": None}).encode())
    rise.add(pod(2))
    rise.add(json.dumps({**shown, "spec": None}).encode())

    assert 1 == rise.total


@pytest.mark.parametrize(("expected", "versions"), STORIES.values(), ids=STORIES)
def test_the_rise_of_a_story(expected: int, versions: list[bytes]) -> None:
    """Each case is a list of pod versions with the total rise of their counts."""
    rise = CountRise()

    for version in versions:
        rise.add(version)

    assert expected == rise.total
