"""The operator's metrics about itself are read at scrape time from where they are counted."""

from probewatch.watch.transport import Silent, WatchStats
from tests.metrics.scene import FakeReportStats, Scene


def lines(*wanted: str) -> str:
    return "\n".join(wanted)


def test_watches_are_shown_by_resource() -> None:
    """Activity is a Unix time; counters have the labels they are counted by."""
    pods = WatchStats(resource="pods", last_activity=440.0, synced=True, bytes_read=9000)
    pods.relists["start"] += 1
    pods.errors["410"] += 2
    pods.updates["MODIFIED"] += 5
    pods.decode_errors, pods.field_errors, pods.skipped = 1, 3, 4
    scene = Scene(watches=[pods])

    assert lines(
        'watch_last_activity_timestamp_seconds{resource="pods"} 1.00044e+06',
        'watch_synced{resource="pods"} 1.0',
        'watch_relists_total{reason="start",resource="pods"} 1.0',
        'watch_relists_total{reason="Silence",resource="pods"} 0.0',
        'watch_errors_total{code="410",resource="pods"} 2.0',
        'watch_decode_errors_total{resource="pods"} 1.0',
        'watch_field_errors_total{resource="pods"} 3.0',
        'watch_updates_total{resource="pods",type="MODIFIED"} 5.0',
        'watch_skipped_updates_total{resource="pods"} 4.0',
        'watch_received_bytes_total{resource="pods"} 9000.0',
    ) == scene.show(
        "watch_last_activity_timestamp_seconds",
        "watch_synced",
        "watch_relists_total",
        "watch_errors_total",
        "watch_decode_errors_total",
        "watch_field_errors_total",
        "watch_updates_total",
        "watch_skipped_updates_total",
        "watch_received_bytes_total",
    )


def test_watches_of_several_namespaces_are_one_resource() -> None:
    """Watches of several namespaces are summed; the worst activity and sync state is shown."""
    scene = Scene(
        watches=[
            WatchStats(resource="pods", last_activity=500.0, synced=True, decode_errors=1),
            WatchStats(resource="pods", last_activity=400.0, synced=False, decode_errors=2),
            WatchStats(resource="pods", last_activity=None, synced=True),
        ]
    )
    for count, stats in enumerate(scene.watches):
        stats.errors["410"] += count

    assert lines(
        'watch_last_activity_timestamp_seconds{resource="pods"} 1.0004e+06',
        'watch_synced{resource="pods"} 0.0',
        'watch_errors_total{code="410",resource="pods"} 3.0',
        'watch_decode_errors_total{resource="pods"} 3.0',
    ) == scene.show(
        "watch_last_activity_timestamp_seconds",
        "watch_synced",
        "watch_errors_total",
        "watch_decode_errors_total",
    )


def test_lists_hide_no_silence() -> None:
    """While watches are silent that should not be, the time is that of the last sign of life."""
    silent = Silent(since=400.0, updates=0)
    scene = Scene(watches=[WatchStats(resource="pods", last_activity=500.0, silent=silent)])

    assert 'watch_last_activity_timestamp_seconds{resource="pods"} 1.0004e+06' == scene.show(
        "watch_last_activity_timestamp_seconds"
    )


def test_watch_that_was_never_heard_of_has_no_time() -> None:
    """A watch without activity has no timestamp, rather than 1970."""
    scene = Scene(watches=[WatchStats(resource="pods")])

    assert "" == scene.show("watch_last_activity_timestamp_seconds")


def test_requests_are_shown_by_verb_resource_and_code() -> None:
    """API requests have verb, resource and code, so a missing right shows as 403."""
    scene = Scene()
    scene.api["list", "pods", "403"] += 3

    assert 'api_requests_total{code="403",resource="pods",verb="list"} 3.0' == scene.show(
        "api_requests_total"
    )


def test_events_and_their_losses_start_at_zero() -> None:
    """Each reason, and each reason of a drop, starts at 0."""
    scene = Scene()
    scene.events.posted["ReadinessLost"] += 2
    scene.events.existed = 1
    scene.events.retries = 4
    scene.events.dropped["Shutdown"] += 1

    shown = scene.show(
        "events_posted_total", "events_existed_total", "event_retries_total", "events_dropped_total"
    ).splitlines()

    assert 'events_posted_total{reason="ReadinessLost"} 2.0' in shown
    assert 'events_posted_total{reason="LivenessProbeRestart"} 0.0' in shown
    assert "events_existed_total 1.0" in shown
    assert "event_retries_total 4.0" in shown
    assert {
        "Forbidden": "0.0",
        "InternalError": "0.0",
        "NamespaceGone": "0.0",
        "NamespaceTerminating": "0.0",
        "PodBudget": "0.0",
        "QueueFull": "0.0",
        "Rejected": "0.0",
        "Shutdown": "1.0",
        "Unanswered": "0.0",
    } == dict(
        line.removeprefix('events_dropped_total{why="').split('"} ')
        for line in shown
        if line.startswith("events_dropped_total")
    )


def test_state_of_the_process_is_shown() -> None:
    """Queues, pending restarts, lag, internal errors, lost log records and kopf are exposed."""
    scene = Scene(queues={"events": lambda: 3, "findings": lambda: 0}, dropped_logs=7)
    scene.store.waiting = 2
    scene.controller.loop_lag_seconds = 0.25
    scene.controller.findings["Restart"] += 1
    scene.boundary.errors["pod feed"] += 1
    scene.kopf.starts, scene.kopf.failures = 3, 2

    assert lines(
        'findings_total{kind="Restart"} 1.0',
        "restarts_pending 2.0",
        'queue_length{queue="events"} 3.0',
        'queue_length{queue="findings"} 0.0',
        'internal_errors_total{where="pod feed"} 1.0',
        "log_records_dropped_total 7.0",
        "event_loop_lag_seconds 0.25",
        "kopf_running 1.0",
        "kopf_starts_total 3.0",
        "kopf_failures_total 2.0",
    ) == scene.show(
        "findings_total",
        "restarts_pending",
        "queue_length",
        "internal_errors_total",
        "log_records_dropped_total",
        "event_loop_lag_seconds",
        "kopf_running",
        "kopf_starts_total",
        "kopf_failures_total",
    )


def test_errors_of_our_own_start_at_zero() -> None:
    """Each place that handles errors has a series from 0, so that an alert sees the first error."""
    scene = Scene()
    with scene.boundary.guard("sweep"):
        pass

    assert 'internal_errors_total{where="sweep"} 0.0' == scene.show("internal_errors_total")


def test_what_has_no_source_is_left_out() -> None:
    """Without records and leader election their metrics are omitted."""
    assert "" == Scene().show("leader", "report_conflicts_total")
    assert "leader" not in Scene().scrape()


def test_records_and_leadership_are_shown_where_they_are() -> None:
    """A standby shows `leader` 0, so that the sum is the number of leaders."""
    reports = FakeReportStats(conflicts=2)
    reports.written["update"] += 5
    reports.dropped["Forbidden"] += 1
    scene = Scene(reports=reports, leads=lambda: False)

    assert lines(
        "leader 0.0",
        'reports_written_total{verb="create"} 0.0',
        'reports_written_total{verb="update"} 5.0',
        "report_conflicts_total 2.0",
        'reports_dropped_total{why="Forbidden"} 1.0',
        'reports_dropped_total{why="NamespaceTerminating"} 0.0',
        'reports_dropped_total{why="Rejected"} 0.0',
        'reports_dropped_total{why="Shutdown"} 0.0',
    ) == scene.show(
        "leader", "reports_written_total", "report_conflicts_total", "reports_dropped_total"
    )


def test_writes_of_records_start_at_zero() -> None:
    """Both verbs have a series before the first write, so that `increase()` sees it."""
    assert lines(
        'reports_written_total{verb="create"} 0.0', 'reports_written_total{verb="update"} 0.0'
    ) == Scene(reports=FakeReportStats()).show("reports_written_total")


def test_version_is_a_label() -> None:
    """The running version is a label that can be joined to other metrics."""
    assert 'build_info{version="0.1.0"} 1.0' == Scene().show("build_info")


def test_series_are_counted_by_family() -> None:
    """The number of series of each family is shown, and what found no room among them."""
    scene = Scene()
    scene.counters.tables.restarts.dropped = 3
    family = 'family="probewatch_container_restarts_total"'

    assert f"series{{{family}}} 0.0" in scene.show("series")
    assert f"series_dropped_total{{{family}}} 3.0" in scene.show("series_dropped_total")
