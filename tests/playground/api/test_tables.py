"""What kubectl prints: durations, pod status, columns of each kind."""

from typing import Any

import pytest

from probewatch.playground.api.columns import Column, render_selector, render_span, since
from probewatch.playground.api.columns_events import EVENT_COLUMNS
from probewatch.playground.api.columns_pods import POD_COLUMNS, summarize
from probewatch.playground.api.jsonpath import parse_path, walk
from probewatch.playground.api.tables import COLUMNS, read_column

JsonObject = dict[str, Any]
NOW = 1_800_000_000.0
NOW_TEXT = "2027-01-15T08:00:00Z"


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ("0s", -1),
        ("<invalid>", -10),
        ("0s", 0),
        ("119s", 119),
        ("2m", 120),
        ("2m1s", 121),
        ("9m59s", 599),
        ("10m", 601),
        ("179m", 3 * 3600 - 1),
        ("3h", 3 * 3600),
        ("3h1m", 3 * 3600 + 60),
        ("8h", 8 * 3600),
        ("47h", 48 * 3600 - 1),
        ("2d", 48 * 3600),
        ("2d1h", 49 * 3600),
        ("8d", 8 * 86_400),
        ("729d", 729 * 86_400),
        ("2y", 730 * 86_400),
        ("2y1d", 731 * 86_400),
        ("8y", 8 * 365 * 86_400),
    ],
)
def test_spans_of_time(expected: str, seconds: float) -> None:
    """Durations are printed as by kubectl, in one or two units."""
    assert expected == render_span(seconds)


@pytest.mark.parametrize(
    ("expected", "text"),
    [("10s", "2027-01-15T07:59:50Z"), ("<unknown>", None), ("<unknown>", "nonsense")],
)
def test_how_long_ago(expected: str, text: str | None) -> None:
    """An unknown time is printed as `<unknown>`."""
    assert expected == since(text, NOW)


def container(name: str = "app", restarts: int = 0, **state: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    last = state.pop("last", {})
    ready, started = bool(state.pop("ready", False)), bool(state.pop("started", False))
    return {
        "name": name,
        "ready": ready,
        "started": started,
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def running(**fields: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    return container(ready=True, started=True, running={"startedAt": NOW_TEXT}, **fields)


def pod(*statuses: JsonObject, inits: list[JsonObject] | None = None, **fields: Any) -> JsonObject:  # noqa: ANN401  # any JSON value
    """A pod with these container statuses."""
    sidecars = fields.pop("sidecars", ())
    init_specs = [
        {"name": item["name"]} | ({"restartPolicy": "Always"} if item["name"] in sidecars else {})
        for item in inits or ()
    ]
    spec = {"containers": [{"name": item["name"]} for item in statuses] or [{"name": "app"}]}
    status = {"phase": fields.pop("phase", "Running"), "containerStatuses": list(statuses)}
    conditions = [{"type": kind, "status": "True"} for kind in fields.pop("true", ())]
    return {
        "metadata": {"name": "p", **fields.pop("metadata", {})},
        "spec": {**spec, "initContainers": init_specs, **fields.pop("spec", {})},
        "status": {
            **status,
            "initContainerStatuses": inits or [],
            "conditions": conditions,
            **fields,
        },
    }


ENDED = {"exitCode": 0, "reason": "Completed"}
PODS = {
    "pending": ("0/1 Pending", pod(phase="Pending")),
    "running": ("1/1 Running", pod(running())),
    "waiting": ("0/1 CrashLoopBackOff", pod(container(waiting={"reason": "CrashLoopBackOff"}))),
    "failed": ("0/1 Error", pod(container(terminated={"exitCode": 1, "reason": "Error"}))),
    "failed without a reason": ("0/1 ExitCode:3", pod(container(terminated={"exitCode": 3}))),
    "killed": ("0/1 Signal:9", pod(container(terminated={"exitCode": 137, "signal": 9}))),
    "completed": ("0/1 Completed", pod(container(terminated=ENDED), phase="Succeeded")),
    "one of two ready": (
        "1/2 NotReady",
        pod(container("a", terminated=ENDED), {**running(), "name": "b"}),
    ),
    "one of two done": (
        "1/2 Running",
        pod(container("a", terminated=ENDED), {**running(), "name": "b"}, true=["Ready"]),
    ),
    "evicted": ("0/1 Evicted", pod(reason="Evicted", phase="Failed")),
    "gated": ("0/1 SchedulingGated", pod(phase="Pending", spec={"schedulingGates": [{}]})),
    "init": (
        "0/1 Init:0/2",
        pod(inits=[container("i", running={}), container("j", waiting={})], phase="Pending"),
    ),
    "second init waits": (
        "0/1 Init:ImagePullBackOff",
        pod(
            inits=[
                container("i", terminated=ENDED),
                container("j", waiting={"reason": "ImagePullBackOff"}),
            ],
            phase="Pending",
        ),
    ),
    "init failed": (
        "0/1 Init:Error",
        pod(inits=[container("i", terminated={"exitCode": 1, "reason": "Error"})]),
    ),
    "sidecar": (
        "2/2 Running",
        pod(running(), inits=[{**running(), "name": "s"}], sidecars=["s"], true=["Initialized"]),
    ),
    "terminating": (
        "1/1 Terminating",
        pod(running(), metadata={"deletionTimestamp": NOW_TEXT}),
    ),
    "lost": (
        "1/1 Unknown",
        pod(running(), metadata={"deletionTimestamp": NOW_TEXT}, reason="NodeLost"),
    ),
}


@pytest.mark.parametrize(("expected", "obj"), PODS.values(), ids=PODS.keys())
def test_a_pod_in_one_word(expected: str, obj: JsonObject) -> None:
    """The ready column and the status are those of kubectl."""
    found = summarize(obj)

    assert expected == f"{found.ready}/{found.total} {found.status}"


def cells(columns: tuple[Column, ...], obj: JsonObject) -> dict[str, Any]:
    return {column.name: column.cell(obj, NOW) for column in columns}


@pytest.mark.parametrize(
    ("expected", "restarts", "ended"),
    [
        ("0", 0, None),
        ("2", 2, None),
        ("3 (61s ago)", 3, "2027-01-15T07:58:59Z"),
    ],
)
def test_restarts_of_a_pod(expected: str, restarts: int, ended: str | None) -> None:
    """The restart count has the age of the last restart, if known."""
    last = {"finishedAt": ended} if ended else {}
    obj = pod(running(restarts=restarts, last=last))

    assert expected == cells(POD_COLUMNS, obj)["Restarts"]


def test_more_of_a_pod() -> None:
    """The wide output has IP, node and readiness gates."""
    gates = [{"conditionType": "a"}, {"conditionType": "b"}]
    obj = pod(
        running(), podIP="10.0.0.1", spec={"nodeName": "n1", "readinessGates": gates}, true=["a"]
    )

    found = cells(POD_COLUMNS, obj)

    assert ("10.0.0.1", "n1", "1/2") == (found["IP"], found["Node"], found["Readiness Gates"])


def test_an_old_event() -> None:
    """A core/v1 Event is shown with its own times, count and source."""
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{app}"},
        "firstTimestamp": "2027-01-15T07:50:00Z",
        "lastTimestamp": "2027-01-15T07:59:00Z",
        "count": 4,
        "source": {"component": "kubelet", "host": "n1"},
        "message": "Killing\n",
        "type": "Normal",
        "reason": "Killing",
    }

    found = cells(EVENT_COLUMNS, event)

    assert ("60s", "10m", 4) == (found["Last Seen"], found["First Seen"], found["Count"])
    assert ("pod/p", "kubelet, n1", "Killing") == (
        found["Object"],
        found["Source"],
        found["Message"],
    )


def test_a_new_event() -> None:
    """An events.k8s.io/v1 Event is shown with its series and reporter."""
    event = {
        "metadata": {"name": "e"},
        "eventTime": "2027-01-15T07:50:00Z",
        "series": {"count": 7, "lastObservedTime": "2027-01-15T07:59:59Z"},
        "reportingComponent": "probewatch.dev/operator",
        "reportingInstance": "x",
        "source": {},
    }

    found = cells(EVENT_COLUMNS, event)

    assert ("1s", "10m", 7) == (found["Last Seen"], found["First Seen"], found["Count"])
    assert "probewatch.dev/operator, x" == found["Source"]


OBJECTS: dict[str, tuple[str, JsonObject, JsonObject]] = {
    "node": (
        "nodes",
        {
            "metadata": {"labels": {"node-role.kubernetes.io/worker": ""}},
            "spec": {"unschedulable": True},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                "nodeInfo": {"kubeletVersion": "v1.36.0"},
            },
        },
        {
            "Status": "Ready,SchedulingDisabled",
            "Roles": "worker",
            "Internal-IP": "10.0.0.1",
            "External-IP": "<none>",
            "Version": "v1.36.0",
        },
    ),
    "service": (
        "services",
        {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}},
        {"Type": "NodePort", "Port(s)": "80:30080/TCP", "External-IP": "<none>"},
    ),
    "deployment": (
        "deployments.apps",
        {
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"spec": {"containers": [{"name": "x", "image": "y:1"}]}},
            },
            "status": {"readyReplicas": 1, "updatedReplicas": 2},
        },
        {"Ready": "1/2", "Up-to-date": 2, "Available": 0, "Images": "y:1", "Selector": "a=b"},
    ),
    "job": (
        "jobs.batch",
        {
            "spec": {"completions": 1},
            "status": {
                "succeeded": 1,
                "startTime": "2027-01-15T07:50:00Z",
                "completionTime": "2027-01-15T07:51:00Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
        },
        {"Status": "Complete", "Completions": "1/1", "Duration": "60s"},
    ),
    "running job": (
        "jobs.batch",
        {"spec": {"parallelism": 2}, "status": {"startTime": "2027-01-15T07:59:00Z"}},
        {"Status": "Running", "Completions": "0/1 of 2", "Duration": "60s"},
    ),
    "cron job": (
        "cronjobs.batch",
        {"spec": {"schedule": "* * * * *", "suspend": False}, "status": {"active": [{}]}},
        {"Schedule": "* * * * *", "Suspend": "False", "Active": 1, "Last Schedule": "<none>"},
    ),
    "daemon set": (
        "daemonsets.apps",
        {"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}},
        {"Desired": 0, "Node Selector": "a=b"},
    ),
    "role binding": (
        "rolebindings.rbac.authorization.k8s.io",
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
                {"kind": "User", "name": "u"},
            ],
        },
        {"Role": "Role/r", "ServiceAccounts": "n/s", "Users": "u", "Groups": ""},
    ),
    "secret": ("secrets", {"type": "Opaque", "data": {"a": "", "b": ""}}, {"Data": 2}),
    "budget": (
        "poddisruptionbudgets.policy",
        {"spec": {"minAvailable": 1}, "status": {"disruptionsAllowed": 2}},
        {"Min Available": 1, "Max Unavailable": "N/A", "Allowed Disruptions": 2},
    ),
}


@pytest.mark.parametrize(("storage", "obj", "expected"), OBJECTS.values(), ids=OBJECTS.keys())
def test_columns_of_other_kinds(storage: str, obj: JsonObject, expected: JsonObject) -> None:
    """Each kind has its own columns."""
    meta = {"name": "x", **obj.get("metadata", {})}

    found = cells(tuple(COLUMNS[storage]), {**obj, "metadata": meta})

    assert expected.items() <= found.items()


@pytest.mark.parametrize("storage", sorted(COLUMNS))
def test_every_column_bears_an_empty_object(storage: str) -> None:
    """An object without any status can be printed."""
    row = cells(tuple(COLUMNS[storage]), {"metadata": {"name": "x"}})

    assert "x" == row["Name"]


@pytest.mark.parametrize(
    ("expected", "selector"),
    [
        ("<none>", None),
        ("a=b,c=d", {"matchLabels": {"c": "d", "a": "b"}}),
        ("a", {"matchExpressions": [{"key": "a", "operator": "Exists"}]}),
        ("!b", {"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}),
        ("a in (x)", {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}]}),
    ],
)
def test_selectors_in_words(expected: str, selector: JsonObject | None) -> None:
    """A selector is printed as kubectl accepts it."""
    assert expected == render_selector(selector)


CUSTOM = {
    "spec": {"size": 3, "labels": {"a.b/c": "x"}, "list": [{"n": 1}, {"n": 2}]},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "Active", "status": "False"},
        ]
    },
}


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        ([3], ".spec.size"),
        ([3], "{.spec.size}"),
        (["x"], r".spec.labels.a\.b/c"),
        (["x"], ".spec.labels['a.b/c']"),
        ([1], ".spec.list[0].n"),
        ([2], ".spec.list[-1].n"),
        ([1, 2], ".spec.list[*].n"),
        (["True"], '.status.conditions[?(@.type=="Ready")].status'),
        (["False"], '.status.conditions[?(@.type!="Ready")].status'),
        ([], ".spec.none.deeper"),
        ([], ".spec.list[9]"),
        ([CUSTOM], "."),
    ],
)
def test_json_paths(expected: list[object], path: str) -> None:
    """Names, indices, wildcards and filters are evaluated."""
    assert expected == walk(parse_path(path), CUSTOM)


def test_a_path_that_is_none() -> None:
    """An unsupported JSONPath is an error, not an empty column."""
    with pytest.raises(ValueError, match="no JSONPath"):
        parse_path(".spec[0:2]")


@pytest.mark.parametrize(
    ("expected", "declared"),
    [
        (3, {"type": "integer", "jsonPath": ".spec.size"}),
        ("3", {"type": "string", "jsonPath": ".spec.size"}),
        ("1 2", {"type": "string", "jsonPath": ".spec.list[*].n"}),
        ('{"n":1}', {"type": "string", "jsonPath": ".spec.list[0]"}),
        (None, {"type": "string", "jsonPath": ".spec.none"}),
        ("10s", {"type": "date", "jsonPath": ".metadata.creationTimestamp"}),
    ],
)
def test_declared_columns(expected: object, declared: JsonObject) -> None:
    """A custom column's value is converted to its declared type."""
    column = read_column({"name": "C", **declared})
    obj = {**CUSTOM, "metadata": {"creationTimestamp": "2027-01-15T07:59:50Z"}}

    assert expected == column.cell(obj, NOW)
