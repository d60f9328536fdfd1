"""Families about the operator itself: few series, rendered by prometheus_client."""

from probewatch.metrics.family import Family, Kind, Stability

BUILD_INFO = Family(
    "probewatch_build_info",
    Kind.GAUGE,
    ("version",),
    "Always 1; the label has the version.",
)
LEADER = Family(
    "probewatch_leader",
    Kind.GAUGE,
    (),
    "1 if this process is the leader, which writes to the cluster.",
)
WATCH_ACTIVITY = Family(
    "probewatch_watch_last_activity_timestamp_seconds",
    Kind.GAUGE,
    ("resource",),
    "Time of the quietest watch's last sign of life; while it is silent, lists do not count.",
)
WATCH_SYNCED = Family(
    "probewatch_watch_synced",
    Kind.GAUGE,
    ("resource",),
    "1 while everything that is watched has been listed in full.",
)
WATCH_RELISTS = Family(
    "probewatch_watch_relists_total",
    Kind.COUNTER,
    ("resource", "reason"),
    "Full lists, by the reason why one was needed.",
)
WATCH_ERRORS = Family(
    "probewatch_watch_errors_total",
    Kind.COUNTER,
    ("resource", "code"),
    "Interruptions of list and watch, by status code or kind of fault.",
)
WATCH_DECODE_ERRORS = Family(
    "probewatch_watch_decode_errors_total",
    Kind.COUNTER,
    ("resource",),
    "Objects that could not be decoded and were skipped.",
)
WATCH_FIELD_ERRORS = Family(
    "probewatch_watch_field_errors_total",
    Kind.COUNTER,
    ("resource",),
    "Fields that could not be read and were skipped, in objects that were otherwise used.",
)
WATCH_UPDATES = Family(
    "probewatch_watch_updates_total",
    Kind.COUNTER,
    ("resource", "type"),
    "Watch updates received, by type.",
)
WATCH_SKIPPED = Family(
    "probewatch_watch_skipped_updates_total",
    Kind.COUNTER,
    ("resource",),
    "Updates skipped without decoding because no field that is used had changed.",
)
WATCH_BYTES = Family(
    "probewatch_watch_received_bytes_total",
    Kind.COUNTER,
    ("resource",),
    "Bytes received by list and watch.",
)
API_REQUESTS = Family(
    "probewatch_api_requests_total",
    Kind.COUNTER,
    ("verb", "resource", "code"),
    "Requests to the API server, by verb, resource and status code.",
)
FINDINGS = Family(
    "probewatch_findings_total",
    Kind.COUNTER,
    ("kind",),
    "Findings made, by kind.",
)
VERDICTS = Family(
    "probewatch_restart_verdicts_total",
    Kind.COUNTER,
    ("confidence",),
    "Restarts counted, by the confidence of the verdict when it was published.",
)
RESTARTS_PENDING = Family(
    "probewatch_restarts_pending",
    Kind.GAUGE,
    (),
    "Restarts whose verdict is waiting for late evidence.",
)
QUEUE_LENGTH = Family(
    "probewatch_queue_length",
    Kind.GAUGE,
    ("queue",),
    "Items waiting in a queue.",
)
EVENTS_POSTED = Family(
    "probewatch_events_posted_total",
    Kind.COUNTER,
    ("reason",),
    "Kubernetes Events written, or found to exist already, by reason.",
)
EVENTS_EXISTED = Family(
    "probewatch_events_existed_total",
    Kind.COUNTER,
    (),
    "Kubernetes Events that already existed when they were to be written.",
)
EVENT_RETRIES = Family(
    "probewatch_event_retries_total",
    Kind.COUNTER,
    (),
    "Retries of writing a Kubernetes Event.",
)
EVENTS_DROPPED = Family(
    "probewatch_events_dropped_total",
    Kind.COUNTER,
    ("why",),
    "Kubernetes Events that were given up, by the reason; an unanswered one may exist.",
)
REPORTS_WRITTEN = Family(
    "probewatch_reports_written_total",
    Kind.COUNTER,
    ("verb",),
    "Writes of ProbeReports, by verb.",
    Stability.EXPERIMENTAL,
)
REPORT_CONFLICTS = Family(
    "probewatch_report_conflicts_total",
    Kind.COUNTER,
    (),
    "Writes of ProbeReports that conflicted with another writer and were repeated.",
    Stability.EXPERIMENTAL,
)
REPORTS_DROPPED = Family(
    "probewatch_reports_dropped_total",
    Kind.COUNTER,
    ("why",),
    "Writes of ProbeReports that were given up, by the reason.",
    Stability.EXPERIMENTAL,
)
INTERNAL_ERRORS = Family(
    "probewatch_internal_errors_total",
    Kind.COUNTER,
    ("where",),
    "Internal errors, by where they were caught; the log has their tracebacks.",
)
LOG_RECORDS_DROPPED = Family(
    "probewatch_log_records_dropped_total",
    Kind.COUNTER,
    (),
    "Log records dropped because nobody read them.",
    Stability.EXPERIMENTAL,
)
LOOP_LAG = Family(
    "probewatch_event_loop_lag_seconds",
    Kind.GAUGE,
    (),
    "Delay of the last heartbeat: how long one task blocked the event loop.",
)
KOPF_RUNNING = Family(
    "probewatch_kopf_running",
    Kind.GAUGE,
    (),
    "1 while the kopf operator runs beside the watch.",
)
KOPF_STARTS = Family(
    "probewatch_kopf_starts_total",
    Kind.COUNTER,
    (),
    "Starts of the kopf operator.",
)
KOPF_FAILURES = Family(
    "probewatch_kopf_failures_total",
    Kind.COUNTER,
    (),
    "Unexpected ends of the kopf operator.",
)
SERIES = Family(
    "probewatch_series",
    Kind.GAUGE,
    ("family",),
    "Series held by each family that grows with the cluster.",
)
SERIES_DROPPED = Family(
    "probewatch_series_dropped_total",
    Kind.COUNTER,
    ("family",),
    "Values without a series of their own because their family had reached its limit.",
)
RENDER_SECONDS = Family(
    "probewatch_scrape_render_seconds",
    Kind.GAUGE,
    (),
    "Time that rendering the last scrape took.",
    Stability.EXPERIMENTAL,
)

OPERATOR_FAMILIES = (
    BUILD_INFO,
    LEADER,
    WATCH_ACTIVITY,
    WATCH_SYNCED,
    WATCH_RELISTS,
    WATCH_ERRORS,
    WATCH_DECODE_ERRORS,
    WATCH_FIELD_ERRORS,
    WATCH_UPDATES,
    WATCH_SKIPPED,
    WATCH_BYTES,
    API_REQUESTS,
    FINDINGS,
    VERDICTS,
    RESTARTS_PENDING,
    QUEUE_LENGTH,
    EVENTS_POSTED,
    EVENTS_EXISTED,
    EVENT_RETRIES,
    EVENTS_DROPPED,
    REPORTS_WRITTEN,
    REPORT_CONFLICTS,
    REPORTS_DROPPED,
    INTERNAL_ERRORS,
    LOG_RECORDS_DROPPED,
    LOOP_LAG,
    KOPF_RUNNING,
    KOPF_STARTS,
    KOPF_FAILURES,
    SERIES,
    SERIES_DROPPED,
    RENDER_SECONDS,
)
