"""The kubelet of a node: many pods, forced deletions, restarts and reboots."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from probewatch.playground.api.pods import LogRequest
from probewatch.playground.kubelet.event_filter import EventFilter
from probewatch.playground.kubelet.events import KubeletEvents
from probewatch.playground.kubelet.logs import KubeletLogs
from probewatch.playground.kubelet.node import Kubelet, make_addresses
from probewatch.playground.objects.status import StatusError
from tests.playground.fakes import START, JsonObject, Node, http_probe, make_container, make_pod


class Rig:
    """A kubelet on a node without processes."""

    def __init__(self) -> None:
        self.node = Node()
        self.kubelet = Kubelet(self.node.services(), make_events=self.make_events)

    def make_events(self) -> KubeletEvents:
        return KubeletEvents(self.node, self.node.time.clock, node="node1", sieve=EventFilter())

    async def until(self, seconds: float) -> None:
        await self.node.time.pass_until(START + seconds)

    def container(self) -> JsonObject:
        found: JsonObject = self.node.status["containerStatuses"][0]
        return found

    def delivered(self, reason: str) -> list[int]:
        return [event["count"] for _, event in self.node.events if event["reason"] == reason]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    closing = asyncio.create_task(made.kubelet.close())
    await made.node.time.pass_until(made.node.time.time + 10)  # a start may be under way
    await closing
    tasks = [task for process in made.node.processes for task in process.tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_pods_have_addresses_of_their_own() -> None:
    """Each pod has its own loopback address."""
    addresses = make_addresses()
    found = [next(addresses) for _ in range(200)]

    assert 200 == len(set(found))
    assert all(address.startswith("127.") for address in found)


async def test_a_new_pod_runs(rig: Rig) -> None:
    """A pod that is seen is run, and its changes take effect."""
    pod = make_pod(make_container())
    rig.kubelet.see(pod)
    await rig.until(5)
    assert "Running" == rig.node.status["phase"]

    meta = {**pod["metadata"], "deletionTimestamp": "2027-01-15T08:00:05Z"}
    rig.kubelet.see({**pod, "metadata": {**meta, "deletionGracePeriodSeconds": 1}})
    await rig.until(6)
    assert ["app"] == rig.node.removed


async def test_a_pod_taken_away_by_force_ends(rig: Rig) -> None:
    """The processes of a pod deleted by force are stopped."""
    rig.kubelet.see(make_pod(make_container()))
    await rig.until(5)
    rig.kubelet.lose("u-1")
    rig.kubelet.lose("u-unknown")
    await rig.until(6)

    assert [143] == [process.exit.code for process in rig.node.processes if process.exit]


async def test_an_ended_pod_is_left_alone(rig: Rig) -> None:
    """A pod that ended earlier is not run, and is removed on deletion."""
    pod = {**make_pod(make_container()), "status": {"phase": "Failed"}}
    rig.kubelet.see(pod)
    meta = {**pod["metadata"], "deletionTimestamp": "2027-01-15T08:00:05Z"}
    rig.kubelet.see({**pod, "metadata": meta})
    await rig.until(1)

    assert [] == rig.node.processes
    assert ["app"] == rig.node.removed


async def test_a_pod_beyond_the_playground_is_refused(rig: Rig) -> None:
    """A pod that the playground cannot run is rejected with status and Event."""
    rig.kubelet.see(make_pod(make_container(livenessProbe={"grpc": {"port": 1}})))
    await rig.until(1)

    why = "container app: the playground has no gRPC probes (livenessProbe)"
    assert ("Failed", f"Pod was rejected: {why}") == (
        rig.node.status["phase"],
        rig.node.status["message"],
    )
    assert [("UnexpectedAdmissionError", why)] == [
        (event["reason"], event["message"]) for _, event in rig.node.events
    ]
    assert [] == rig.node.processes


async def test_a_restart_of_the_kubelet_keeps_containers(rig: Rig) -> None:
    """A kubelet restart keeps containers and readiness; Event counts start again."""
    app = make_container(
        "-bad 12-",
        livenessProbe=http_probe(periodSeconds=5),
        readinessProbe=http_probe("/ready", periodSeconds=5),
    )
    rig.kubelet.see(make_pod(app))
    await rig.until(17)
    before, statuses = rig.container(), len(rig.node.statuses)
    assert [1] == rig.delivered("Unhealthy")

    await rig.kubelet.restart()
    await rig.until(18)

    assert before == rig.container()
    assert statuses == len(rig.node.statuses)
    # The earlier failure is forgotten: three more are needed, from 17 s on.
    await rig.until(26)
    assert [1, 1, 2] == rig.delivered("Unhealthy")
    await rig.until(28)
    assert 1 == rig.container()["restartCount"]


async def test_a_kubelet_that_is_down_notices_nothing(rig: Rig) -> None:
    """An exit while there is no kubelet is noticed when it is back."""
    rig.kubelet.see(make_pod(make_container("-exit-at 12")))
    await rig.until(10)
    statuses = len(rig.node.statuses)

    restart = asyncio.create_task(rig.kubelet.restart(down=10))
    await rig.until(19)
    assert statuses == len(rig.node.statuses)
    await rig.until(21)
    await restart
    assert 1 == rig.container()["restartCount"]


async def test_an_older_kubelet_forgets_readiness(rig: Rig) -> None:
    """Up to Kubernetes 1.34 a container is not ready after a restart, until its probe succeeds."""
    app = make_container(readinessProbe=http_probe("/ready", periodSeconds=5))
    rig.kubelet.see(make_pod(app))
    await rig.until(10)
    statuses = len(rig.node.statuses)

    await rig.kubelet.restart(keeps_readiness=False)
    await rig.until(20)

    changes = [status["containerStatuses"][0] for _, status in rig.node.statuses[statuses:]]
    assert [(0, False), (0, True)] == [(each["restartCount"], each["ready"]) for each in changes]


async def test_a_node_that_is_down_is_lost_when_it_is_back(rig: Rig) -> None:
    """Containers are shown as lost only after the reboot."""
    rig.kubelet.see(make_pod(make_container()))
    await rig.until(10)

    reboot = asyncio.create_task(rig.kubelet.reboot(down=30))
    await rig.until(39)
    assert [] == rig.delivered("Rebooted")
    assert "running" in rig.container()["state"]
    await rig.until(41)
    await reboot
    assert [1] == rig.delivered("Rebooted")
    assert 1 == rig.container()["restartCount"]


async def test_a_restart_of_the_kubelet_forgets_back_off(rig: Rig) -> None:
    """A kubelet restart ends back-off."""
    rig.kubelet.see(make_pod(make_container("-exit-at 5 -exit-code 1")))
    await rig.until(13)
    assert "CrashLoopBackOff" == rig.container()["state"]["waiting"]["reason"]

    await rig.kubelet.restart()
    await rig.until(14)
    assert 2 == rig.container()["restartCount"]


async def test_a_reboot_loses_everything(rig: Rig) -> None:
    """A reboot loses containers, and pods start with a new sandbox, IP and init containers."""
    inits = [make_container("-exit-at 3", name="i")]
    rig.kubelet.see(make_pod(make_container(), initContainers=inits))
    await rig.until(10)
    before = rig.node.status["podIP"]

    await rig.kubelet.reboot()
    await rig.until(11)
    init, app = (rig.node.status[key][0] for key in ("initContainerStatuses", "containerStatuses"))
    assert 1 == init["restartCount"]
    assert {"exitCode": 255, "reason": "Unknown"} == {
        key: app["state"]["terminated"][key] for key in ("exitCode", "reason")
    }
    await rig.until(16)

    app = rig.container()
    assert (1, 255) == (app["restartCount"], app["lastState"]["terminated"]["exitCode"])
    assert before != rig.node.status["podIP"]
    statuses = [
        condition["status"]
        for _, status in rig.node.statuses
        for condition in status["conditions"]
        if condition["type"] == "PodReadyToStartContainers"
    ]
    assert ["False", "True", "False", "True"] == [key for key, _ in itertools.groupby(statuses)]
    said = [
        event for _, event in rig.node.events if event["reason"] in {"SandboxChanged", "Rebooted"}
    ]
    assert ["Rebooted", "SandboxChanged"] == sorted(event["reason"] for event in said)


async def test_a_reboot_ends_pods_that_never_restart(rig: Rig) -> None:
    """With policy Never a lost container is not restarted."""
    rig.kubelet.see(make_pod(make_container(), restartPolicy="Never"))
    await rig.until(10)
    await rig.kubelet.reboot()
    await rig.until(13)

    assert "Failed" == rig.node.status["phase"]
    assert 1 == len(rig.node.processes)


@pytest.mark.parametrize(("missing", "count", "code"), [((), 1, 0), (("/app",), 2, 128)])
async def test_a_start_goes_on_while_the_kubelet_restarts(
    rig: Rig, missing: tuple[str, ...], count: int, code: int
) -> None:
    """The runtime ends what it was told to: no instance runs beside another, each is counted."""
    rig.node.start_takes = 3.0
    rig.kubelet.see(make_pod(make_container("-exit-at 10")))
    await rig.until(14.5)
    assert "terminated" in rig.container()["state"]
    rig.node.missing, rig.node.start_takes = frozenset(missing), 0.0
    restart = asyncio.create_task(rig.kubelet.restart(down=1))
    await rig.until(17.5)
    rig.node.missing = frozenset()
    await rig.until(20)
    await restart

    shown = rig.container()
    last = shown["lastState"]["terminated"]["exitCode"]
    assert (2, count, code) == (len(rig.node.processes), shown["restartCount"], last)


async def test_an_exit_after_a_restart_is_noticed(rig: Rig) -> None:
    """Exits of processes from before a kubelet restart are noticed."""
    rig.kubelet.see(make_pod(make_container("-exit-at 20")))
    await rig.until(10)
    await rig.kubelet.restart()
    await rig.until(22)

    assert 1 == rig.container()["restartCount"]


async def read(rig: Rig, **wanted: Any) -> bytes:  # noqa: ANN401  # any field of a request
    request = LogRequest(namespace="scn", pod="app", uid="u-1", container="app")
    pieces = KubeletLogs(rig.kubelet).read(replace(request, **wanted))
    return b"".join([piece async for piece in pieces])


async def test_logs_are_read(rig: Rig) -> None:
    """Logs are of the current or previous instance, complete or the last lines."""
    rig.kubelet.see(make_pod(make_container("-exit-at 5")))
    await rig.until(7)

    assert b"begun\n" == await read(rig)
    assert b"begun\n" == await read(rig, previous=True)
    assert b"begun\nmore\n" == await read(rig, follow=True)
    assert b"" == await read(rig, tail_lines=0)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ('previous terminated container "app" in pod "app" not found', {"previous": True}),
        ('container "b" in pod "app" is waiting to start: Container', {"container": "b"}),
        ('container "app" in pod "app" is waiting to start: Container', {"uid": "u-2"}),
    ],
)
async def test_logs_that_are_not_there(rig: Rig, message: str, wanted: JsonObject) -> None:
    """A missing log is an error that says why."""
    rig.kubelet.see(make_pod(make_container()))
    await rig.until(2)

    with pytest.raises(StatusError, match=message):
        await read(rig, **wanted)


async def test_a_failure_of_the_playground_is_told(rig: Rig) -> None:
    """A failing part of the playground is reported."""
    told: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: told.append(context["message"]))
    pod = make_pod(make_container("-no-such-word 1"))
    rig.kubelet.see(pod)
    await rig.until(1)

    assert ["the playground's part 'pod app_scn(u-1)' has failed"] == told


async def test_pods_on_the_hosts_network_share_its_address(rig: Rig) -> None:
    """With `hostNetwork` a pod has the node's IP."""
    pod = make_pod(make_container(), hostNetwork=True)
    rig.kubelet.see(pod)
    await rig.until(2)

    assert replace(rig.node.services()).node_ip == rig.node.status["podIP"]
