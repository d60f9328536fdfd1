"""The exposition is valid for every parser, whatever the names in it are."""

import gzip
import subprocess
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families as parse_text

from probewatch.core.causes import Cause, Pattern, Readiness, ReadinessReason
from probewatch.core.findings import FlappingChanged, RestartCorrected
from probewatch.core.model import PodRef, PodUid, Workload
from probewatch.core.spec import Container, PodSpec
from probewatch.metrics.cluster_families import (
    NODE_WIDE_RESTARTS,
    RESTARTS,
    WORKLOAD_FAMILIES,
)
from probewatch.metrics.exposition import SUBJECTS_AT_ONCE
from probewatch.metrics.families import FAMILIES, GROUPS
from probewatch.metrics.family import Kind
from probewatch.metrics.labels import LONGEST_VALUE
from probewatch.metrics.negotiation import Wanted
from probewatch.metrics.operator_families import OPERATOR_FAMILIES
from probewatch.metrics.possible import AWAY, OFTEN
from tests.conftest import require_program
from tests.metrics.scene import (
    ADVICE,
    APP,
    FAILED,
    FLAPPING,
    LIVENESS,
    LOOP,
    OTHER_POD,
    POD,
    STARTUP,
    UNANSWERED,
    WEB,
    FakeReportStats,
    Header,
    Scene,
    parse_open,
    ready,
    restart,
    tracked,
)

FOREIGN = {"process", "python"}

LIMIT_SECONDS = 60.0
"""The longest that it takes to render a few lines, on any machine."""


def full_scene(limit: int = 1000) -> Scene:
    scene = Scene(limit=limit, reports=FakeReportStats(), leads=lambda: True)
    scene.store.pods = [
        Header(POD.uid, "shop", "web-1", "NotReady", 1234.5),
        Header(PodUid("u2"), "shop", "web-2"),
        Header(PodUid("u3"), "shop", "web-3"),
    ]
    scene.publish(
        tracked(spec=PodSpec(containers=(replace(APP, startup=STARTUP),))),
        restart(),
        RestartCorrected(was=restart(Cause.UNKNOWN), now=restart()),
        ready(Readiness.READY, ReadinessReason.STARTUP, time_to_ready=7.0),
        ready(Readiness.READY, not_ready_seconds=7.0),
        *(LOOP, FLAPPING, UNANSWERED, ADVICE),
    )
    return scene


def by_name(families: Iterable[Metric]) -> dict[str, Metric]:
    found = list(families)
    assert len(found) == len({family.name for family in found})
    return {family.name: family for family in found if family.name.split("_")[0] not in FOREIGN}


@pytest.mark.parametrize("open_metrics", [False, True], ids=["text", "OpenMetrics"])
def test_every_family_is_shown_with_its_type_and_labels(*, open_metrics: bool) -> None:
    """All families of the table are exposed, with their help, type and labels."""
    text = full_scene().scrape(open_metrics=open_metrics)
    shown = by_name(parse_open(text) if open_metrics else parse_text(text))

    assert {family.open_metrics_name for family in FAMILIES} == set(shown)
    for family in FAMILIES:
        metric = shown[family.open_metrics_name]
        assert (family.kind, family.help) == (metric.type, metric.documentation)
        labels = {frozenset(sample.labels) - {"le"} for sample in metric.samples}
        assert labels <= {frozenset(family.labels)}
        assert labels or family in OPERATOR_FAMILIES


def test_overflow_series_have_the_labels_of_their_family() -> None:
    """What has no room is shown under the same labels as all other series of its family."""
    shown = by_name(parse_text(full_scene(limit=0).scrape()))

    found = {
        (family.name, *sample.labels)
        for family in FAMILIES
        for sample in shown[family.open_metrics_name].samples
        if sample.labels.get("workload") == "_overflow"
    }
    summed = {each for each in WORKLOAD_FAMILIES if each.kind is Kind.COUNTER}
    summed.remove(NODE_WIDE_RESTARTS)
    assert {(family.name, *family.labels) for family in summed} == found


def test_each_series_is_shown_once() -> None:
    """A family of more subjects than are rendered at once has each series once."""
    scene, number = Scene(limit=100_000), 2 * SUBJECTS_AT_ONCE + 1
    for each in range(number):
        pod = replace(POD, uid=PodUid(f"u{each}"))
        change = ready(Readiness.READY, pod=pod, time_to_ready=1.0)
        scene.publish(tracked(pod), change, workload=replace(WEB, name=f"web-{each}"))

    names = ("container_restarts_total", "time_to_ready_seconds_count")
    shown = [line.rpartition(" ")[0] for line in scene.show(*names).splitlines()]
    assert number * (len(OFTEN) + len(AWAY) + 2) == len(shown) == len(set(shown))


def test_both_formats_say_the_same() -> None:
    """Both formats have the same series and values."""
    scene = full_scene()
    text = by_name(parse_text(scene.scrape()))
    open_metrics = by_name(parse_open(scene.scrape(open_metrics=True)))

    passing = {"probewatch_scrape_render_seconds"}
    assert {name: family.samples for name, family in text.items() if name not in passing} == {
        name: family.samples for name, family in open_metrics.items() if name not in passing
    }


def test_units_are_told_in_open_metrics() -> None:
    """Only families with a unit have one, and the text format knows none."""
    scene = full_scene()
    told = [
        line.split(" ")[2:]
        for line in scene.scrape(open_metrics=True).splitlines()
        if line.startswith("# UNIT probewatch_")
    ]

    assert {f.open_metrics_name: f.unit for f in FAMILIES if f.unit} == dict(told)
    assert "# UNIT" not in scene.scrape()


def test_no_family_is_doubled_by_its_time_of_creation() -> None:
    """There are no `_created` series, which would double all counters."""
    assert "_created" not in full_scene().scrape() + full_scene().scrape(open_metrics=True)


def test_promtool_finds_no_fault() -> None:
    """`promtool check metrics` accepts names, types and help."""
    promtool = require_program("promtool")
    ours = [
        line for line in full_scene().scrape().splitlines(keepends=True) if "probewatch_" in line
    ]

    ran = subprocess.run(
        [promtool, "check", "metrics"],
        input="".join(ours),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (ran.returncode, ran.stdout, ran.stderr)


def test_time_of_rendering_is_that_of_the_scrape_before() -> None:
    """A scrape shows how long the one before took: its own time is not known yet."""
    scene = full_scene()
    first, second = (float(scene.show("scrape_render_seconds").split()[-1]) for _ in range(2))

    assert 0.0 == first < second < LIMIT_SECONDS


def test_gzip_holds_the_same() -> None:
    """The compressed text is the same."""
    scene = full_scene()
    snapshot = scene.exposition.snapshot()

    packed = scene.render(snapshot, Wanted(gzip=True))

    plain = scene.render(snapshot, Wanted())
    ours = b"# HELP probewatch_container_restarts_total"
    assert gzip.decompress(packed).partition(ours)[1:] == plain.partition(ours)[1:]


def test_snapshot_does_not_change() -> None:
    """Findings during rendering appear in the next answer."""
    scene = full_scene()
    snapshot = scene.exposition.snapshot()
    before = scene.render(snapshot, Wanted())

    scene.publish(
        tracked(OTHER_POD),
        restart(pod=OTHER_POD, pattern=Pattern.NODE_WIDE),
        RestartCorrected(was=restart(Cause.UNKNOWN), now=restart()),
        ready(Readiness.READY, time_to_ready=1.0),
        ready(Readiness.READY, not_ready_seconds=1.0),
        *(replace(each, pod=OTHER_POD) for each in (LOOP, FLAPPING, FAILED, UNANSWERED, ADVICE)),
    )

    ours = b"# HELP probewatch_container_restarts_total"
    after = scene.render(snapshot, Wanted())
    assert before.partition(ours)[2] == after.partition(ours)[2]


def test_standby_shows_itself_only() -> None:
    """A standby shows only its own metrics, so that workloads are not counted twice."""
    others_lead = True
    scene = Scene(leads=lambda: not others_lead, stands_by=lambda: others_lead)
    scene.publish(tracked(), restart())
    scene.store.pods = [Header(POD.uid, "shop", "web-1", "NotReady", 5.0)]

    assert "" == scene.show("container_restarts_total", "pods", "not_ready_since_timestamp_seconds")
    assert "leader 0.0" == scene.show("leader")

    others_lead = False
    assert 'cause="LivenessProbe"} 1' in scene.show("container_restarts_total")


def test_restarts_are_withheld_until_it_is_known_where_they_go_on() -> None:
    """Restarts are hidden until records are read: a later rise would look like restarts."""
    is_unread = True
    scene = Scene(withholds=lambda family: is_unread and family is RESTARTS)
    scene.publish(tracked(), restart(), ready(Readiness.READY, time_to_ready=1.0))

    assert "" == scene.show("container_restarts_total")
    assert "time_to_ready_seconds_count{web} 1" == scene.show("time_to_ready_seconds_count")

    is_unread = False
    assert 'cause="LivenessProbe"} 1' in scene.show("container_restarts_total")


def test_counters_can_be_withheld_without_gauges() -> None:
    """Families are hidden one by one, histograms too; what is not hidden is shown as always."""
    is_unsure = True
    scene = Scene(withholds=lambda family: is_unsure and family.kind is not Kind.GAUGE)
    scene.publish(tracked(), restart(), LOOP, ready(Readiness.READY, time_to_ready=1.0))
    hidden = ("container_restarts_total", "time_to_ready_seconds_count")

    assert ["", ""] == [scene.show(each) for each in hidden]
    assert scene.show("restart_loop")

    is_unsure = False
    assert all(scene.show(each) for each in hidden)


def test_pods_are_counted_by_state() -> None:
    """Each namespace has every state, with 0 where there are none."""
    assert [
        'pods{namespace="shop",state="Ready"} 2',
        'pods{namespace="shop",state="NotReady"} 1',
        'pods{namespace="shop",state="Terminating"} 0',
        'pods{namespace="shop",state="Completed"} 0',
    ] == full_scene().show("pods").splitlines()


def test_pods_that_are_not_ready_say_since_when() -> None:
    """Unready pods have a timestamp; a pod without a known workload is omitted."""
    scene = full_scene()
    scene.store.pods.append(Header(PodUid("u9"), "shop", "web-9", "NotReady", 5.0))

    assert 'not_ready_since_timestamp_seconds{web,pod="web-1"} 1234.5' == scene.show(
        "not_ready_since_timestamp_seconds"
    )


def test_names_keep_the_rules_of_prometheus() -> None:
    """Exactly the counters end with `_total`, and times are in seconds."""
    for family in FAMILIES:
        assert family.name.startswith("probewatch_")
        assert (family.kind is Kind.COUNTER) is family.name.endswith("_total")
        assert family.help.endswith(".")
        if "timestamp" in family.name:
            assert family.name.endswith("_timestamp_seconds")


def test_no_family_is_listed_twice() -> None:
    """Each family has one row in one group."""
    names = [family.name for families in GROUPS.values() for family in families]

    assert len(names) == len(set(names))


anything = st.text(st.characters(), max_size=300)
"""Any code points: controls, quotes, lone surrogates."""


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(namespace=anything, name=anything, kind=anything, pod=anything, container=anything)
@example(namespace="\ud800", name="\ud800", kind="\ud800", pod="\ud800", container="\ud800")
@example(namespace="n" * 300, name="n" * 300, kind="k" * 300, pod="p" * 300, container="c" * 300)
def test_any_name_leaves_the_answer_readable(
    namespace: str, name: str, kind: str, pod: str, container: str
) -> None:
    """Any name yields valid lines and labels of limited length."""
    scene = Scene()
    workload = Workload(namespace=namespace, kind=kind, name=name)
    ref = PodRef(uid=PodUid("u"), namespace=namespace, name=pod, node=name)
    spec = PodSpec(containers=(Container(name=container, liveness=LIVENESS),))
    scene.publish(
        tracked(pod=ref, spec=spec),
        restart(pod=ref, container=container),
        FlappingChanged(pod=ref, flapping=True, transitions=6, at=1.0),
        workload=workload,
    )
    scene.store.pods = [Header(ref.uid, namespace, pod, "NotReady", 1.0)]
    scene.boundary.errors[name] += 1
    scene.api[name, kind, pod] += 1

    text = by_name(parse_text(scene.scrape()))
    open_metrics = by_name(parse_open(scene.scrape(open_metrics=True)))

    assert set(text) == set(open_metrics)
    for family in text.values():
        for sample in family.samples:
            assert all(len(value.encode()) <= LONGEST_VALUE for value in sample.labels.values())
    restarts = text["probewatch_container_restarts"].samples
    assert 1 == sum(sample.value for sample in restarts)


def test_strange_name_is_escaped() -> None:
    """Quotes and backslashes survive; a line break cannot start a line."""
    workload = replace(WEB, name='a"b\\c\nprobewatch_up 1')
    scene = Scene()
    scene.publish(tracked(), workload=workload)

    found = by_name(parse_text(scene.scrape()))["probewatch_not_ready_seconds"].samples

    assert ['a"b\\c probewatch_up 1'] == [sample.labels["workload"] for sample in found]
