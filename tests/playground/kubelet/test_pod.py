"""One pod under the kubelet, in situations beyond the recorded ones."""

import asyncio
from copy import deepcopy

import pytest

from probewatch.playground.kubelet.bell import cancel
from probewatch.playground.kubelet.event_filter import EventFilter, SpamKey
from probewatch.playground.kubelet.pod import PodWorker
from probewatch.playground.kubelet.specs import parse_pod_spec
from tests.playground.fakes import (
    START,
    JsonObject,
    Node,
    http_probe,
    make_container,
    make_pod,
    play,
    run_pod,
    said,
)

STOPS = "Stopping container app"


def live(pod: JsonObject, seconds: float = 120, node: Node | None = None) -> Node:
    node = node or Node()
    play(node, pod, until=START + seconds)
    return node


def reasons(node: Node, *wanted: str) -> list[tuple[int, str, str]]:
    return [(at, reason, text) for at, reason, _, text in said(node) if reason in wanted]


def container(node: Node, name: str = "app") -> JsonObject:
    every = [
        *node.status.get("initContainerStatuses", ()),
        *node.status["containerStatuses"],
    ]
    return next(item for item in every if item["name"] == name)


def condition(node: Node, type_: str) -> JsonObject:
    return next(item for item in node.status["conditions"] if item["type"] == type_)


# --- probes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        pytest.param([20, 30, 40], {}, id="defaults"),
        pytest.param([15, 20, 25], {"periodSeconds": 5}, id="period"),
        pytest.param([25, 30, 35], {"periodSeconds": 5, "initialDelaySeconds": 23}, id="delay"),
        pytest.param([15], {"periodSeconds": 5, "failureThreshold": 1}, id="threshold"),
        pytest.param([14, 21, 28], {"periodSeconds": 7}, id="off the grid"),
    ],
)
def test_liveness_kills_at_the_threshold(expected: list[int], fields: JsonObject) -> None:
    """Each failure is reported in time, and the last one kills at once."""
    node = live(make_pod(make_container("-bad 12-", livenessProbe=http_probe(**fields))), 45)

    failures = [at for at, *_ in reasons(node, "Unhealthy")]
    assert expected == failures[: len(expected)]
    assert expected[-1] == reasons(node, "Killing")[0][0]


def test_a_slow_probe_stretches_its_period() -> None:
    """A run longer than the period is followed by the next at once; other ticks are skipped."""
    probe = http_probe(periodSeconds=2, timeoutSeconds=5, failureThreshold=2)
    node = live(make_pod(make_container("-hang 10-", livenessProbe=probe)), 21)

    assert [15, 20] == [at for at, *_ in reasons(node, "Unhealthy")]


def test_failures_carry_over_a_crash() -> None:
    """Failures before a crash count for the next instance."""
    probe = http_probe(periodSeconds=5)
    node = live(make_pod(make_container("-bad 0- -exit-at 12", livenessProbe=probe)), 17)

    assert [5, 10, 15] == [at for at, *_ in reasons(node, "Unhealthy")]
    assert [15] == [at for at, *_ in reasons(node, "Killing")]


def test_a_stalling_answer_is_an_error_and_never_kills() -> None:
    """An answer that never ends is reported but not counted."""
    node = live(make_pod(make_container("-stall 5-", livenessProbe=http_probe(periodSeconds=5))))

    messages = {text for _, _, text in reasons(node, "Unhealthy")}
    errored = "Liveness probe errored and resulted in unknown state: context deadline exceeded"
    assert {errored} == messages
    assert 0 == container(node)["restartCount"]


def test_readiness_needs_its_successes() -> None:
    """A container is ready after `successThreshold` consecutive successes."""
    probe = http_probe("/ready", periodSeconds=5, successThreshold=3)
    node = live(make_pod(make_container("-unready 0-9", readinessProbe=probe)), 60)

    # Runs at every status update until it is ready, and at each tick: 10, 15 and 20.
    assert "2027-01-15T08:00:20Z" == condition(node, "Ready")["lastTransitionTime"]
    assert container(node)["ready"]


def test_no_liveness_before_startup() -> None:
    """Only the startup probe runs until it succeeds."""
    startup = http_probe(periodSeconds=5, failureThreshold=10)
    liveness = http_probe(periodSeconds=2)
    app = make_container("-bad 0-21", startupProbe=startup, livenessProbe=liveness)
    node = live(make_pod(app))

    assert {"Startup"} == {text.split()[0] for _, _, text in reasons(node, "Unhealthy")}
    assert [5, 10, 15, 20] == [at for at, *_ in reasons(node, "Unhealthy")]
    assert container(node)["started"]


# --- ends and policies --------------------------------------------------------------


def test_never_keeps_other_containers() -> None:
    """With `Never` a killed container is not restarted, and others run on."""
    bad = make_container("-bad 5-", name="a", livenessProbe=http_probe(periodSeconds=5))
    node = live(make_pod(bad, make_container(name="b"), restartPolicy="Never"))

    assert [(15, "Killing", "Container a failed liveness probe")] == reasons(node, "Killing")
    assert "Running" == node.status["phase"]
    assert 143 == container(node, "a")["state"]["terminated"]["exitCode"]


@pytest.mark.parametrize(
    ("phase", "restarts", "policy", "code"),
    [
        ("Succeeded", 0, "OnFailure", 0),
        ("Succeeded", 0, "Never", 0),
        ("Failed", 0, "Never", 3),
        ("Running", 3, "OnFailure", 3),
        ("Running", 3, "Always", 0),
    ],
)
def test_an_end_by_itself(phase: str, restarts: int, policy: str, code: int) -> None:
    """Restart policy and exit code decide the pod's phase."""
    script = f"-exit-at 10 -exit-code {code}"
    node = live(make_pod(make_container(script), restartPolicy=policy), 79)

    assert phase == node.status["phase"]
    assert restarts == container(node)["restartCount"]


def test_a_finished_pod_runs_until_it_is_down() -> None:
    """The phase changes after the sandbox is gone, as with a real kubelet."""
    node = live(make_pod(make_container("-exit-at 10"), restartPolicy="Never"))

    phases = [status["phase"] for _, status in node.statuses]
    assert ["Running", "Running", "Succeeded"] == phases[-3:]
    assert "False" == condition(node, "PodReadyToStartContainers")["status"]


def test_a_program_that_is_not_there() -> None:
    """A failed start is an instance with StartError, and back-off applies."""
    node = live(make_pod(make_container()), 15, Node(missing=frozenset({"/app"})))

    end = container(node)["lastState"]["terminated"]
    assert (128, "StartError") == (end["exitCode"], end["reason"])
    assert "CrashLoopBackOff" == container(node)["state"]["waiting"]["reason"]
    assert 'Error: exec: "/app": no such file or directory: unknown' in said(node)[2][3]


def test_an_image_that_is_not_there() -> None:
    """A failed pull is retried with back-off."""
    pod = make_pod({"name": "app", "image": "nowhere.example/app:1"})
    node = live(pod, 130)

    assert [0, 10, 30, 70] == [at for at, *_ in reasons(node, "Pulling")]
    waiting = container(node)["state"]["waiting"]
    text = 'Back-off pulling image "nowhere.example/app:1"'
    assert {"reason": "ImagePullBackOff", "message": text} == waiting


def test_an_image_that_is_always_pulled() -> None:
    """`imagePullPolicy: Always` adds a pull Event to each start."""
    node = live(make_pod(make_container(imagePullPolicy="Always")), 5)

    assert ["Pulling", "Pulled", "Created", "Started"] == [reason for _, reason, *_ in said(node)]
    assert 'Successfully pulled image "busybox:1" in ' in said(node)[1][3]


# --- init containers ----------------------------------------------------------------


def test_init_containers_run_one_after_the_other() -> None:
    """Init containers run in order, and the app after them."""
    inits = [make_container("-exit-at 5", name="a"), make_container("-exit-at 7", name="b")]
    node = live(make_pod(make_container(), initContainers=inits), 30)

    assert [0, 6, 14] == [at for at, *_ in reasons(node, "Started")]
    assert "True" == condition(node, "Initialized")["status"]
    assert "Completed" == container(node, "a")["state"]["terminated"]["reason"]


def test_a_failing_init_container_ends_a_pod_that_never_restarts() -> None:
    """With `Never` a failed init container fails the pod."""
    inits = [make_container("-exit-at 5 -exit-code 4", name="a")]
    node = live(make_pod(make_container(), initContainers=inits, restartPolicy="Never"), 30)

    assert "Failed" == node.status["phase"]
    assert 1 == len(node.processes)


def test_a_sidecar_starts_before_the_app_and_ends_after_it() -> None:
    """A sidecar starts before the app and does not keep a finished pod running."""
    startup = http_probe(periodSeconds=5, failureThreshold=9)
    side = make_container("-bad 0-8", name="side", restartPolicy="Always", startupProbe=startup)
    app = make_container("-exit-at 20")
    node = live(make_pod(app, initContainers=[side], restartPolicy="Never"), 60)

    assert [0, 10] == [at for at, *_ in reasons(node, "Started")]
    assert "Succeeded" == node.status["phase"]
    assert [(31, "Killing", "Stopping container side")] == reasons(node, "Killing")


@pytest.mark.parametrize(("code", "shown"), [(0, "terminated"), (3, "waiting")])
def test_a_sidecar_in_back_off(code: int, shown: str) -> None:
    """One that ended with 0 is not shown as waiting: it looks like an init container's success."""
    side = make_container(f"-exit-at 3 -exit-code {code}", name="side", restartPolicy="Always")
    node = live(make_pod(make_container(), initContainers=[side]), 13)

    assert reasons(node, "BackOff")
    assert [shown] == list(container(node, "side")["state"])


# --- changes ------------------------------------------------------------------------


async def begin(node: Node, pod: JsonObject, until: float) -> tuple[PodWorker, asyncio.Task[None]]:
    worker, running = run_pod(node, pod)
    await node.time.pass_until(START + until)
    return worker, running


def deleted(pod: JsonObject, grace: int = 30) -> JsonObject:
    pod = deepcopy(pod)
    pod["metadata"] |= {
        "deletionTimestamp": "2027-01-15T08:00:30Z",
        "deletionGracePeriodSeconds": grace,
    }
    return pod


async def test_deletion_asks_and_waits() -> None:
    """A deleted pod gets SIGTERM, is killed after the grace period, and is removed."""
    pod = make_pod(make_container("-term ignore", readinessProbe=http_probe("/ready")))
    node = Node()
    worker, running = await begin(node, pod, 10)

    worker.update(parse_pod_spec(deleted(pod, 5)))
    await node.time.pass_until(START + 14)
    assert [] == node.removed
    await node.time.pass_until(START + 16)

    assert ["app"] == node.removed
    assert [(10, "Killing", STOPS)] == reasons(node, "Killing")
    assert 137 == container(node)["state"]["terminated"]["exitCode"]
    assert running.done()


async def test_deletion_overtakes_a_long_kill() -> None:
    """A deletion with a short grace period shortens a running kill."""
    probe = http_probe(periodSeconds=5, failureThreshold=1)
    script = "-bad 4- -term ignore"
    pod = make_pod(make_container(script, livenessProbe=probe), terminationGracePeriodSeconds=500)
    node = Node()
    worker, running = await begin(node, pod, 10)

    worker.update(parse_pod_spec(deleted(pod, 2)))
    await node.time.pass_until(START + 13)

    assert ["app"] == node.removed
    assert running.done()


async def test_deletion_silences_liveness() -> None:
    """During termination only readiness is probed."""
    app = make_container(
        "-bad 10- -unready 10- -term ignore",
        livenessProbe=http_probe(periodSeconds=2, failureThreshold=9),
        readinessProbe=http_probe("/ready", periodSeconds=2),
    )
    pod = make_pod(app)
    node = Node()
    worker, running = await begin(node, pod, 9)

    worker.update(parse_pod_spec(deleted(pod, 10)))
    await node.time.pass_until(START + 18)

    assert {"Readiness"} == {text.split()[0] for _, _, text in reasons(node, "Unhealthy")}
    await node.time.pass_until(START + 20)
    await cancel(running)


async def test_another_image_restarts_in_place() -> None:
    """A changed image restarts that container only."""
    pod = make_pod(make_container(name="a"), make_container(name="b"))
    node = Node()
    worker, running = await begin(node, pod, 10)

    changed = deepcopy(pod)
    changed["spec"]["containers"][0]["image"] = "busybox:2"
    worker.update(parse_pod_spec(changed))
    await node.time.pass_until(START + 20)

    message = "Container a definition changed, will be restarted"
    assert [(10, "Killing", message)] == reasons(node, "Killing")
    assert (1, 0) == tuple(item["restartCount"] for item in node.status["containerStatuses"])
    assert "docker.io/library/busybox:2" == container(node, "a")["image"]
    await cancel(running)


async def test_a_readiness_gate_is_obeyed() -> None:
    """The pod is ready once its containers and its readiness gates are."""
    pod = make_pod(make_container(), readinessGates=[{"conditionType": "example.com/ok"}])
    node = Node()
    worker, running = await begin(node, pod, 10)
    assert "ReadinessGatesNotReady" == condition(node, "Ready")["reason"]

    node.status["conditions"].append({"type": "example.com/ok", "status": "True"})
    worker.update(parse_pod_spec(pod))
    await node.time.pass_until(START + 11)

    assert "True" == condition(node, "Ready")["status"]
    await cancel(running)


# --- hooks and grace periods -------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "code", "fields"),
    [
        pytest.param(0, 143, {}, id="listens"),
        pytest.param(7, 137, {"script": "-term ignore"}, id="does not listen"),
        pytest.param(4, 143, {"script": "-term-takes 4"}, id="takes its time"),
        pytest.param(7, 137, {"script": "-term-takes 9"}, id="takes too long"),
        pytest.param(3, 137, {"script": "-term ignore", "probe": 3}, id="probe's own grace"),
        pytest.param(3, 143, {"hook": 3}, id="preStop"),
        pytest.param(7, 143, {"hook": 60}, id="preStop uses up the grace"),
        pytest.param(9, 137, {"hook": 60, "script": "-term ignore"}, id="and 2 s remain"),
    ],
)
def test_how_long_a_kill_takes(seconds: int, code: int, fields: JsonObject) -> None:
    """Hook, SIGTERM and SIGKILL share the grace period, but two seconds always remain."""
    probe = http_probe(periodSeconds=5, failureThreshold=1)
    if "probe" in fields:
        probe["terminationGracePeriodSeconds"] = fields["probe"]
    app = make_container(f"-bad 4- {fields.get('script', '')}", livenessProbe=probe)
    if "hook" in fields:
        app["lifecycle"] = {"preStop": {"sleep": {"seconds": fields["hook"]}}}
    node = live(make_pod(app, terminationGracePeriodSeconds=7), 5 + seconds + 2)

    end = container(node)["lastState"]["terminated"]
    assert f"2027-01-15T08:00:{5 + seconds:02}Z" == end["finishedAt"]
    assert code == end["exitCode"]


@pytest.mark.parametrize(
    ("failures", "hook"),
    [
        pytest.param(0, {"httpGet": {"path": "/", "port": 3000}}, id="an answer"),
        pytest.param(1, {"httpGet": {"path": "/healthz", "port": 3000}}, id="a refusal"),
        pytest.param(1, {"exec": {"command": ["false"]}}, id="a command that fails"),
        pytest.param(0, {"tcpSocket": {"port": 3000}}, id="nothing that hooks can do"),
    ],
)
def test_a_hook_that_fails_has_an_event(failures: int, hook: JsonObject) -> None:
    """A failed preStop hook is reported and does not stop the termination."""
    probe = http_probe(periodSeconds=5, failureThreshold=1)
    app = make_container("-bad 4-", livenessProbe=probe, lifecycle={"preStop": hook})
    node = live(make_pod(app), 7)

    assert failures == len(reasons(node, "FailedPreStopHook"))
    assert 143 == container(node)["lastState"]["terminated"]["exitCode"]


def test_a_hook_that_fails_at_the_start_kills() -> None:
    """A failed postStart hook kills the container."""
    hook = {"httpGet": {"path": "/healthz", "port": 3000}}
    node = live(make_pod(make_container("-bad 0-", lifecycle={"postStart": hook})), 1)

    assert [(0, "Killing", "FailedPostStartHook")] == reasons(node, "Killing")[:1]
    waiting = container(node)["state"]["waiting"]
    assert "PostStartHookError" == waiting["reason"]


# --- Events -------------------------------------------------------------------------


def test_an_older_kubelet_loses_kills_sooner() -> None:
    """With one budget for all Events `Killing` Events are dropped sooner."""
    pod = make_pod(make_container("-bad 9-", livenessProbe=http_probe(periodSeconds=5)))
    old = Node(sieve=EventFilter(spam_key=SpamKey.OBJECT))
    new = Node()

    kills = [len(reasons(live(pod, 3000, node), "Killing")) for node in (old, new)]

    assert kills[0] < kills[1]
    delivered = [event["count"] for _, event in old.events if event["reason"] == "Killing"]
    assert [1, 2, 3] == delivered[:3]
    assert 4 not in delivered


def test_events_name_what_they_are_about() -> None:
    """An Event refers to pod and container, and to the node's kubelet."""
    event = live(make_pod(make_container()), 1).events[0][1]

    about = {
        "kind": "Pod",
        "namespace": "scn",
        "name": "app",
        "uid": "u-1",
        "apiVersion": "v1",
        "fieldPath": "spec.containers{app}",
    }
    assert about == event["involvedObject"]
    assert {"component": "kubelet", "host": "node1"} == event["source"]
    assert ("kubelet", "node1") == (event["reportingComponent"], event["reportingInstance"])
