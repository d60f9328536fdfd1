"""Which objects the schemas accept and reject."""

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from probewatch.core.causes import Cause, Confidence, Pattern, ReadinessReason
from probewatch.core.model import PodUid, Workload
from probewatch.core.records import (
    EVIDENCE_KEPT,
    Incident,
    LoopMark,
    Mark,
    PodMarks,
    ReadinessTotals,
    Record,
    Tally,
)
from probewatch.kube.policies.parsing import parse_policy
from probewatch.kube.reports.status import render_status
from probewatch.playground.objects.cel_rules import check_rules
from probewatch.playground.objects.schema_checks import check
from probewatch.playground.objects.schemas import find_unknown
from tests.crds.definitions import Json, Schema, schema
from tests.support.probe_policies import policy_object

POLICY, REPORT = schema("ProbePolicy"), schema("ProbeReport")
STATUS_LIMIT = 256 * 1024


def refused(node: Schema, body: Json) -> list[str]:
    """Return the errors of an API server for an object."""
    causes = [*check(node, body), *check_rules(node, body)]
    unknown = [f"unknown field {path}" for path in find_unknown(node, body, is_root=True)]
    return [*(f"{path}: {words}" for path, words in causes), *unknown]


# --- policies


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"selector": {}},
        {"selector": {"matchLabels": {"app": "web", "empty": ""}}},
        {"selector": {"matchExpressions": [{"key": "a.b/c", "operator": "Exists"}]}},
        {"selector": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}},
        {"loop": {"restarts": 2}, "slowLoop": {"restarts": 32}},
        {"loop": {"windowSeconds": 60}, "slowLoop": {"windowSeconds": 61}},
        {"loop": {"windowSeconds": 604800}},
        {"events": False, "historyLimit": 1, "settleSeconds": 0, "repairSeconds": 0},
    ],
)
def test_a_good_policy_is_taken(spec: dict[str, object]) -> None:
    """Policies like those in the documentation are accepted."""
    assert [] == refused(POLICY, policy_object(spec=spec))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"loop": {"restarts": 1}}, "spec.loop.restarts"),
        ({"loop": {"restarts": 33}}, "spec.loop.restarts"),
        ({"loop": {}}, "spec.loop"),
        ({"loop": {"window": "10m"}}, "unknown field spec.loop.window"),
        ({"historyLimit": 201}, "spec.historyLimit"),
        ({"historyLimit": 1.5}, "spec.historyLimit"),
        ({"events": "no"}, "spec.events"),
        ({"priority": -1}, "spec.priority"),
        ({"selector": {"matchLabels": {"app": "-"}}}, "spec.selector.matchLabels.app"),
        ({"selector": {"matchLabels": {"app": "x" * 64}}}, "spec.selector.matchLabels.app"),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
            "In and NotIn need values",
        ),
        (
            {"selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}},
            "In and NotIn need values",
        ),
        (
            {
                "selector": {
                    "matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]
                }
            },
            "Exists and DoesNotExist have none",
        ),
        (
            {"selector": {"matchExpressions": [{"key": "a/b/c", "operator": "Exists"}]}},
            "spec.selector.matchExpressions[0].key",
        ),
        (
            {"loop": {"windowSeconds": 60}, "slowLoop": {"windowSeconds": 60}},
            "the window of a slow loop has to be longer than that of a loop",
        ),
    ],
)
def test_a_wrong_policy_is_refused(spec: dict[str, object], words: str) -> None:
    """An invalid policy is rejected, with the path of the field."""
    said = refused(POLICY, policy_object(spec=spec))

    assert any(words in each for each in said), said


def values(node: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy for values that a schema accepts."""
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(node["minimum"], node["maximum"])
        case "string":
            text = st.from_regex(node["pattern"], fullmatch=True, alphabet=LETTERS)
            return text.filter(lambda each: 0 < len(each) <= node["maxLength"])
        case "array":
            return st.lists(values(node["items"]), max_size=3, unique_by=json.dumps)
        case _:
            return _objects(node)


LETTERS = st.sampled_from("abcxyzABC019-_./")


def _objects(node: Schema) -> st.SearchStrategy[Any]:
    if "additionalProperties" in node:
        keys = st.sampled_from(["app", "tier", "example.com/part"])
        return st.dictionaries(keys, values(node["additionalProperties"]), max_size=3)
    fields = {name: values(child) for name, child in node["properties"].items()}
    needed = {name: fields.pop(name) for name in node.get("required", ())}
    found = st.fixed_dictionaries(needed, optional=fields)
    return found.filter(lambda each: len(each) >= node.get("minProperties", 0))


@pytest.mark.slow
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=25
)
@given(spec=values(schema("ProbePolicy", "spec")))
def test_the_operator_takes_what_the_schema_takes(spec: Any) -> None:  # noqa: ANN401  # any spec
    """The operator finds a policy valid exactly if the API server accepts it."""
    body = policy_object(spec=spec)
    read = parse_policy(json.dumps(body).encode())

    assert read is not None
    said = [each for each in refused(POLICY, body) if "the window of a slow loop" not in each]
    assert bool(said) is (read.policy.problem is not None), (said, read.policy.problem)


@pytest.mark.slow
@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=25
)
@given(spec=values(schema("ProbePolicy", "spec")), data=st.data())
def test_a_value_beyond_its_bounds_is_refused_by_both(spec: Any, data: Any) -> None:  # noqa: ANN401  # as above
    """The API server and the operator both reject a number that is out of bounds."""
    fields = list(_numbers(schema("ProbePolicy", "spec")))
    path, node = data.draw(st.sampled_from(fields))
    wrong = data.draw(st.sampled_from([node["minimum"] - 1, node["maximum"] + 1]))
    body = policy_object(spec=copy.deepcopy(spec))
    place = body["spec"]
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = wrong
    read = parse_policy(json.dumps(body).encode())

    assert refused(POLICY, body)
    assert read is not None
    assert read.policy.problem is not None


def _numbers(node: Schema, *path: str) -> Any:  # noqa: ANN401  # pairs of path and node
    for name, child in node["properties"].items():
        if child["type"] == "integer":
            yield (*path, name), child
        elif "properties" in child and name != "selector":
            yield from _numbers(child, *path, name)


# --- reports

COUNTS = st.integers(0, 2**31 - 1)
TIMES = st.floats(1.0, 4e9)
NAMES = st.text("abc-", min_size=1, max_size=63)
ANY_TEXT = st.text(max_size=400)
CAUSES = st.sampled_from(Cause)

LOOPS = st.builds(
    LoopMark, pod=NAMES, cause=CAUSES, since=TIMES, restart_count=COUNTS, epoch=COUNTS
)
MARKS = st.builds(
    Mark,
    count=COUNTS,
    epoch=COUNTS,
    resource_version=st.integers(0, 2**63),
    termination=ANY_TEXT,
    loop=st.none() | LOOPS,
)
PODS = st.builds(
    PodMarks, containers=st.dictionaries(NAMES, MARKS, max_size=3), ready_at=st.none() | TIMES
)
INCIDENTS = st.builds(
    Incident,
    pod=NAMES,
    uid=NAMES.map(PodUid),
    node=NAMES,
    container=NAMES,
    restart_count=COUNTS,
    epoch=COUNTS,
    cause=CAUSES,
    confidence=st.sampled_from(Confidence),
    rule=NAMES,
    observed_at=TIMES,
    exit_code=st.none() | st.integers(-(2**40), 2**40),
    started_at=st.none() | TIMES,
    finished_at=st.none() | TIMES,
    pattern=st.sampled_from(Pattern),
    evidence=st.lists(ANY_TEXT, max_size=EVIDENCE_KEPT).map(tuple),
    first_cause=st.none() | CAUSES,
)
WORKLOAD = Workload(
    namespace="shop", kind="Deployment", name="web", api_version="apps/v1", uid="w1"
)
RECORDS = st.builds(
    Record,
    workload=st.just(WORKLOAD),
    part=st.integers(0, 10_000),
    tallies=st.dictionaries(
        st.tuples(NAMES, CAUSES),
        st.builds(Tally, counted=COUNTS, corrected=st.integers(-(2**31), 2**31)),
        max_size=5,
    ),
    readiness=st.builds(
        ReadinessTotals,
        losses=st.dictionaries(st.sampled_from(ReadinessReason), COUNTS),
        not_ready_seconds=st.floats(0, 1e12),
    ),
    pods=st.dictionaries(NAMES.map(PodUid), PODS, max_size=4),
    incidents=st.lists(INCIDENTS, max_size=5).map(tuple),
)


def report(record: Record) -> Json:
    """Return the ProbeReport that is written for a record."""
    status = msgspec.json.encode(render_status(record, before=None, now=1.8e9))
    return {"apiVersion": "probewatch.dev/v1alpha1", "kind": "ProbeReport"} | {
        "metadata": {"name": "deployment-web", "namespace": "shop"},
        "status": json.loads(status),
    }


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(record=RECORDS)
def test_every_record_can_be_written(record: Record) -> None:
    """The API server accepts the report of any record."""
    assert [] == refused(REPORT, report(record))


def test_the_largest_record_can_be_written() -> None:
    """The report of the largest record is cut to the bounds of the schema."""
    incident = Incident(
        pod="p" * 253,
        uid=PodUid("u" * 36),
        node="n" * 253,
        container="c" * 63,
        restart_count=2**31 - 1,
        epoch=2**31 - 1,
        cause=Cause.SANDBOX_RECREATED,
        confidence=Confidence.CONFIRMED,
        rule="r" * 40,
        observed_at=1.8e9 + 0.123456,
        exit_code=137,
        evidence=("\x1b" + "ä" * 5000,) * EVIDENCE_KEPT,
    )
    loop = LoopMark(pod="p" * 253, cause=Cause.ERROR, since=1.8e9, restart_count=5)
    mark = Mark(count=2**31 - 1, resource_version=2**63, termination="t" * 5000, loop=loop)
    pods = {PodUid(f"{n:036d}"): PodMarks(containers={"c" * 63: mark}) for n in range(300)}
    body = report(Record(workload=WORKLOAD, incidents=(incident,) * 500, pods=pods))

    assert [] == refused(REPORT, body)
    assert 50 == len(body["status"]["loops"])
    assert len(json.dumps(body["status"], separators=(",", ":"), ensure_ascii=False).encode()) < (
        STATUS_LIMIT
    )
