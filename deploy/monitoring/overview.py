"""The dashboard of a whole cluster: what restarts, what loops, what is not ready."""

from grafana_foundation_sdk.builders import dashboard

from deploy.monitoring.frame import (
    NAMESPACE,
    WORKLOAD_DASHBOARD,
    Section,
    cluster_variable,
    frame,
    namespace_variable,
)
from deploy.monitoring.panels import YELLOW, Panel, Query, Value, bars, lines, listing, number

PROBES = 'cause=~"LivenessProbe|StartupProbe"'

TO_WORKLOAD = (
    f"/d/{WORKLOAD_DASHBOARD}?var-datasource=${{datasource}}&${{cluster:queryparam}}"
    "&var-namespace=${__data.fields.Namespace}&var-workload=${__value.text}&${__url_time_range}"
)

COLUMNS = {"namespace": "Namespace", "workload": "Workload", "container": "Container"}


def trouble_now() -> list[Panel]:
    """What is wrong at this moment."""
    return [
        number(
            "Containers in a loop",
            f"sum(probewatch_restart_loop{{{NAMESPACE}}}) or vector(0)",
            about="Containers that restart again and again, by the thresholds of their policy.",
            bad_from=1,
        ),
        number(
            "Pods that flap",
            f"sum(probewatch_readiness_flapping{{{NAMESPACE}}}) or vector(0)",
            about="Pods that repeatedly lose and regain readiness without a restart.",
            bad_from=1,
        ),
        number(
            "Pods not ready",
            f'sum(probewatch_pods{{{NAMESPACE},state="NotReady"}}) or vector(0)',
            about="Pods with probes that are not ready, including those that have just started.",
            bad_from=1,
            bad=YELLOW,
        ),
    ]


def restarts_now() -> list[Panel]:
    """How many pods there are, and what restarted."""
    restarts = f"probewatch_container_restarts_total{{{NAMESPACE}"
    return [
        number(
            "Pods with probes",
            f"sum(probewatch_pods{{{NAMESPACE}}})",
            about="All pods that are watched.",
        ),
        number(
            "Restarts",
            f"round(sum(increase({restarts}}}[$__range])))",
            about="Restarts in the dashboard's time range, for any cause.",
        ),
        number(
            "… by a probe",
            f"round(sum(increase({restarts},{PROBES}}}[$__range]))) or vector(0)",
            about="Those that a liveness or startup probe caused.",
            bad_from=1,
        ),
    ]


def loops_now() -> Panel:
    """Which pod it is: what whoever is woken looks for first, with what restarts right now on top.

    A loop of which nobody knows the last restart stays in the table.
    """
    pod = "namespace, workload, container, pod"
    loops = f"(max by ({pod}, cause) (probewatch_restart_loop{{{NAMESPACE}}}) > 0)"
    last = f"probewatch_container_last_restart_timestamp_seconds{{{NAMESPACE}}}"
    return listing(
        "Loops now",
        f"(time() - max by ({pod}) ({last}) * on ({pod}) group_right () {loops}) or {loops} * NaN",
        {
            "namespace": "Namespace",
            "workload": "Workload",
            "pod": "Pod",
            "container": "Container",
            "cause": "Cause",
        },
        about="Containers in a restart loop. Each workload links to its own dashboard.",
        value=Value(heading="Last restart", unit="s", is_falling=False),
        link=TO_WORKLOAD,
        width=24,
    )


def now() -> Section:
    """The numbers at the top, and the pods that they are about."""
    return "Now", [*trouble_now(), *restarts_now(), loops_now()]


def causes_over_time() -> list[Panel]:
    """What restarted, and which workloads most."""
    restarts = f"probewatch_container_restarts_total{{{NAMESPACE}}}"
    return [
        bars(
            "Restarts by cause",
            [
                Query(
                    expr=f"sum by (cause) (increase({restarts}[$__rate_interval])) > 0",
                    legend="{{cause}}",
                )
            ],
            about="Why containers were restarted. docs/causes.md describes each cause.",
        ),
        listing(
            "Workloads that restart most",
            "topk(20, round(sum by (namespace, workload, container, cause) "
            f"(increase({restarts}[$__range]))) > 0)",
            {**COLUMNS, "cause": "Cause"},
            about="In the dashboard's time range. Each workload links to its own dashboard.",
            value=Value(heading="Restarts"),
            link=TO_WORKLOAD,
        ),
    ]


def causes_in_common() -> Panel:
    """What hits many pods at once."""
    patterns = f"probewatch_pattern_restarts_total{{{NAMESPACE}}}"
    return bars(
        "Restarts that many pods have in common",
        [
            Query(
                expr=f"sum by (pattern, cause) (increase({patterns}[$__rate_interval]))",
                legend="{{pattern}}: {{cause}}",
            )
        ],
        about="Most pods of a workload, or several workloads of a node, within minutes.",
        width=24,
    )


def causes() -> Section:
    """Why containers restart."""
    return "Why containers restart", [*causes_over_time(), causes_in_common()]


def readiness_over_time() -> list[Panel]:
    """Losses by reason, and pods by state."""
    lost = f'probewatch_readiness_transitions_total{{{NAMESPACE},to="NotReady"}}'
    return [
        bars(
            "Losses of readiness by reason",
            [
                Query(
                    expr=f"sum by (reason) (increase({lost}[$__rate_interval]))",
                    legend="{{reason}}",
                )
            ],
            about="Pods that lost their readiness, by reason.",
        ),
        lines(
            "Pods by state",
            [
                Query(
                    expr=f"sum by (state) (probewatch_pods{{{NAMESPACE}}})",
                    legend="{{state}}",
                )
            ],
            about="Pods with probes.",
        ),
    ]


def readiness_worst() -> list[Panel]:
    """Which pods and workloads are without it for longest."""
    return [
        listing(
            "Not ready for longest",
            "topk(20, time() - max by (namespace, workload, pod) "
            f"(probewatch_not_ready_since_timestamp_seconds{{{NAMESPACE}}}))",
            {"namespace": "Namespace", "workload": "Workload", "pod": "Pod"},
            about="Since readiness was lost, or since the pod was created if it was never ready.",
            value=Value(heading="Not ready for", unit="s"),
            link=TO_WORKLOAD,
        ),
        listing(
            "Time without readiness",
            "topk(20, sum by (namespace, workload) (increase("
            f"probewatch_not_ready_seconds_total{{{NAMESPACE}}}[$__range])) > 0)",
            {"namespace": "Namespace", "workload": "Workload"},
            about="Summed over a workload's pods, once they are ready again.",
            value=Value(heading="Not ready for", unit="s"),
            link=TO_WORKLOAD,
        ),
    ]


def readiness() -> Section:
    """Who gets no traffic, and why."""
    return "Readiness", [*readiness_over_time(), *readiness_worst()]


def probes() -> Section:
    """What probes say, and what is wrong with them."""
    failures = f"probewatch_probe_failures_total{{{NAMESPACE}}}"
    return "Probes", [
        bars(
            "Failed probes",
            [
                Query(
                    expr="sum by (probe_type, reason) "
                    f"(increase({failures}[$__rate_interval])) > 0",
                    legend="{{probe_type}}: {{reason}}",
                )
            ],
            about="Those that the kubelet reports; it does not report all of them.",
        ),
        listing(
            "Probes to look at",
            "max by (namespace, workload, container, probe_type, finding) "
            f"(probewatch_probe_advice{{{NAMESPACE}}}) > 0",
            {**COLUMNS, "probe_type": "Probe", "finding": "Finding"},
            about="What the owners should change; `kubectl probewatch explain` has the details.",
            link=TO_WORKLOAD,
        ),
    ]


def build() -> dashboard.Dashboard:
    """Return the dashboard."""
    return frame(
        "Overview",
        "probewatch-overview",
        about="What restarts in the cluster and why, what is in a loop, and what is not ready.",
        variables=[cluster_variable(), namespace_variable()],
        sections=[now(), causes(), readiness(), probes()],
    )
