"""The dashboard of the operator itself: does it hear, does it keep up, does it lose anything."""

from grafana_foundation_sdk.builders import dashboard

from deploy.monitoring.frame import Section, cluster_variable, frame
from deploy.monitoring.operator_queries import RATE, flow, grown, of, of_process
from deploy.monitoring.panels import Panel, Query, bars, labelled, lines, number

GIVEN_UP = (
    'events_dropped_total{why=~"QueueFull|Forbidden|Rejected|Unanswered"}',
    'reports_dropped_total{why=~"Forbidden|Rejected|Unanswered"}',
    "watch_decode_errors_total",
    "series_dropped_total",
)
"""What should not be: what a budget or the end of a namespace held back is left out."""


def hearing_now() -> list[Panel]:
    """Which version it is, and whether it hears."""
    activity = "watch_last_activity_timestamp_seconds"
    needed = 'watch_synced{resource!="node-events"}'
    return [
        labelled(
            "Version",
            f"max by (version) ({of('build_info')})",
            "version",
            about="Version of the running operator.",
        ),
        number(
            "Watches in full",
            f"sum({of(needed)}) / count({of(needed)})",
            about="Share of the watches that have listed everything; without that of nodes.",
            unit="percentunit",
        ),
        number(
            "Silence",
            f"time() - min(max by (cluster, resource) ({of(activity)}))",
            about="Time since the quietest watch received anything. Bookmarks come every minute.",
            unit="s",
            bad_from=180,
        ),
    ]


def telling_now() -> list[Panel]:
    """What waits, and what was lost."""
    return [
        number(
            "Verdicts that wait",
            f"sum({of('restarts_pending')})",
            about="Restarts whose cause is not published yet: late evidence may come.",
        ),
        number(
            "Given up",
            " + ".join(f"(sum(increase({of(each)}[$__range])) or vector(0))" for each in GIVEN_UP),
            about="Events and records not written, objects not decoded, series not exposed.",
            bad_from=1,
        ),
        number(
            "Errors of its own",
            f"sum(increase({of('internal_errors_total')}[$__range])) or vector(0)",
            about="The log has a traceback for each.",
            bad_from=1,
        ),
    ]


def now() -> Section:
    """The numbers at the top."""
    return "Now", [*hearing_now(), *telling_now()]


def changes_heard() -> list[Panel]:
    """Updates, and what broke off."""
    return [
        bars(
            "Updates",
            [grown("watch_updates_total", "resource", "type")],
            about="Updates of pods and Events from the API server.",
        ),
        bars(
            "Lists and interruptions",
            [
                grown("watch_relists_total", "resource", "reason"),
                grown("watch_errors_total", "resource", "code"),
            ],
            about="Why everything had to be listed again, and what interrupted a watch.",
        ),
    ]


def traffic() -> list[Panel]:
    """What was received and asked."""
    return [
        lines(
            "Received",
            [Query(expr=flow("watch_received_bytes_total"), legend="{{resource}}")],
            about="Received by list and watch.",
            unit="Bps",
        ),
        bars(
            "Requests",
            [grown("api_requests_total", "verb", "resource", "code")],
            about="All requests to the API server.",
        ),
    ]


def reading() -> list[Panel]:
    """What of it all could be read, and what had to be."""
    skipped = f"{flow('watch_skipped_updates_total')} / {flow('watch_updates_total')}"
    return [
        bars(
            "Not understood",
            [
                grown("watch_decode_errors_total", "resource", legend="{{resource}}: objects"),
                grown("watch_field_errors_total", "resource", legend="{{resource}}: fields"),
            ],
            about="Skipped objects and fields; without a field a verdict may be less certain.",
        ),
        lines(
            "Nothing new",
            [Query(expr=skipped, legend="{{resource}}")],
            about="Share of the updates that change no used field. They cost almost nothing.",
            unit="percentunit",
        ),
    ]


def hearing() -> Section:
    """What comes in."""
    return "Watch", [*changes_heard(), *traffic(), *reading()]


def told() -> list[Panel]:
    """Restarts and findings."""
    return [
        bars(
            "Restarts by confidence",
            [grown("restart_verdicts_total", "confidence")],
            about="Confidence of the verdicts.",
        ),
        bars("Findings", [grown("findings_total", "kind")], about="All findings, by kind."),
    ]


def written() -> list[Panel]:
    """What is written, and what waits for it."""
    return [
        bars(
            "Events",
            [
                grown("events_posted_total", "reason"),
                grown("events_dropped_total", "why", legend="not written: {{why}}"),
                grown("event_retries_total", legend="retries"),
            ],
            about="Kubernetes Events: written, not written, and retries.",
        ),
        bars(
            "Records",
            [grown("reports_written_total", "verb"), grown("report_conflicts_total")],
            about="Writes of ProbeReports.",
        ),
        lines(
            "Queues",
            [
                Query(expr=f"max by (queue) ({of('queue_length')})", legend="{{queue}}"),
                grown("log_records_dropped_total", legend="log records dropped"),
            ],
            about="Items waiting to be written, and log records dropped because nobody read them.",
            width=24,
        ),
    ]


def telling() -> Section:
    """What goes out."""
    return "What is told", [*told(), *written()]


def resources() -> list[Panel]:
    """Memory, CPU and lateness."""
    return [
        lines(
            "Memory",
            [of_process("process_resident_memory_bytes")],
            about="Resident memory.",
            unit="bytes",
        ),
        lines(
            "CPU",
            [of_process(f"rate(process_cpu_seconds_total[{RATE}])")],
            about="CPU cores used.",
        ),
        lines(
            "Lateness",
            [
                Query(expr=f"max({of('event_loop_lag_seconds')})", legend="event loop"),
                Query(expr=f"max({of('scrape_render_seconds')})", legend="rendering a scrape"),
            ],
            about="How long one task blocked the event loop.",
            unit="s",
        ),
    ]


def inner_life() -> list[Panel]:
    """Series, kopf and who leads."""
    return [
        lines(
            "Series",
            [Query(expr=f"sum by (family) ({of('series')})", legend="{{family}}")],
            about="Series held by the families that grow with the cluster.",
        ),
        lines(
            "kopf",
            [
                Query(expr=f"min({of('kopf_running')})", legend="runs"),
                grown("kopf_failures_total", legend="failed"),
            ],
            about="The part that handles ProbePolicies. It is restarted when it fails.",
        ),
        lines(
            "Leader",
            [Query(expr=f"sum by (instance) ({of('leader')})", legend="{{instance}}")],
            about="Which replica is the leader and writes.",
        ),
    ]


def process() -> Section:
    """How the process is."""
    return "Process", [*resources(), *inner_life()]


def build() -> dashboard.Dashboard:
    """Return the dashboard."""
    return frame(
        "Operator",
        "probewatch-operator",
        about="Whether the operator receives everything, keeps up, and loses nothing.",
        variables=[cluster_variable()],
        sections=[now(), hearing(), telling(), process()],
    )
