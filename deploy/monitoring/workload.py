"""The dashboard of one workload: why it restarts, on what evidence, and how it starts."""

from grafana_foundation_sdk.builders import dashboard

from deploy.monitoring.frame import (
    NAMESPACE,
    WORKLOAD,
    WORKLOAD_DASHBOARD,
    Section,
    cluster_variable,
    frame,
    label_variable,
    namespace_variable,
)
from deploy.monitoring.panels import Panel, Query, Value, bars, heat, lines, listing, number, states

BUCKETS = f"probewatch_time_to_ready_seconds_bucket{{{WORKLOAD}}}"
BUDGETS = f"probewatch_probe_budget_seconds{{{WORKLOAD}}}"


def quantile(share: float, window: str) -> str:
    """Return the expression for a quantile of the time to ready."""
    return f"histogram_quantile({share}, sum by (le) (increase({BUCKETS}[{window}])))"


def restarts_now() -> list[Panel]:
    """How often it restarted."""
    restarts = f"probewatch_container_restarts_total{{{WORKLOAD}"
    return [
        number(
            "Restarts",
            f"round(sum(increase({restarts}}}[$__range])))",
            about="In the dashboard's time range, for any cause.",
        ),
        number(
            "… by a probe",
            f'round(sum(increase({restarts},cause=~"LivenessProbe|StartupProbe"}}[$__range]))) '
            "or vector(0)",
            about="Those that a liveness or startup probe caused.",
            bad_from=1,
        ),
        number(
            "Containers in a loop",
            f"sum(probewatch_restart_loop{{{WORKLOAD}}}) or vector(0)",
            about="Containers that are in a restart loop now.",
            bad_from=1,
        ),
    ]


def start_now() -> list[Panel]:
    """Whether it flaps, and how its starts fit."""
    return [
        number(
            "Pods that flap",
            f"sum(probewatch_readiness_flapping{{{WORKLOAD}}}) or vector(0)",
            about="Pods that repeatedly lose and regain readiness without a restart.",
            bad_from=1,
        ),
        number(
            "Time to ready, nine of ten",
            quantile(0.9, "$__range"),
            about="From the start of a pod's last container until the pod is ready.",
            unit="s",
        ),
        number(
            "Startup budget",
            f'min(probewatch_probe_budget_seconds{{{WORKLOAD},probe_type="Startup"}}) '
            f"or min({BUDGETS})",
            about="Time after its start in which no probe can have a container killed.",
            unit="s",
        ),
    ]


def now() -> Section:
    """The numbers at the top."""
    return "Now", [*restarts_now(), *start_now()]


def causes_over_time() -> list[Panel]:
    """Restarts and loops over time."""
    restarts = f"probewatch_container_restarts_total{{{WORKLOAD}}}"
    return [
        bars(
            "Restarts by container and cause",
            [
                Query(
                    expr=f"sum by (container, cause) (increase({restarts}[$__rate_interval])) > 0",
                    legend="{{container}}: {{cause}}",
                )
            ],
            about="Why its containers were restarted.",
        ),
        states(
            "Restart loops",
            Query(
                expr=f"max by (pod, container) (probewatch_restart_loop{{{WORKLOAD}}})",
                legend="{{pod}} / {{container}}",
            ),
            about="When each container was in a loop.",
        ),
    ]


def causes_listed() -> list[Panel]:
    """The last restarts, and what was corrected."""
    last = f"probewatch_container_last_restart_timestamp_seconds{{{WORKLOAD}}}"
    return [
        listing(
            "Last restart of each pod",
            f"max by (pod, container, cause) ({last}) * 1000",
            {"pod": "Pod", "container": "Container", "cause": "Cause"},
            about="For each cause; `kubectl probewatch explain` shows the evidence.",
            value=Value(heading="When", unit="dateTimeFromNow"),
        ),
        listing(
            "Verdicts that later evidence corrected",
            f"sum by (container, was, cause) (probewatch_verdict_corrections_total{{{WORKLOAD}}})",
            {"container": "Container", "was": "Counted as", "cause": "Really"},
            about="Counters never fall, so the restart stays counted under its first cause.",
            value=Value(heading="Restarts"),
        ),
    ]


def causes() -> Section:
    """Why it restarts."""
    return "Why it restarts", [*causes_over_time(), *causes_listed()]


def evidence() -> Section:
    """What the probes did."""
    failures = f"probewatch_probe_failures_total{{{WORKLOAD}}}"
    kills = f"probewatch_probe_kills_without_restart_total{{{WORKLOAD}}}"
    return "Evidence", [
        bars(
            "Failed probes",
            [
                Query(
                    expr="sum by (container, probe_type, reason) "
                    f"(increase({failures}[$__rate_interval])) > 0",
                    legend="{{container}}: {{probe_type}}, {{reason}}",
                )
            ],
            about="Those that the kubelet reports; it does not report all of them.",
        ),
        bars(
            "Killed by a probe and not started again",
            [
                Query(
                    expr=f"sum by (container, cause) (increase({kills}[$__rate_interval])) > 0",
                    legend="{{container}}: {{cause}}",
                )
            ],
            about="If the restart policy does not restart containers, such as in Jobs.",
        ),
        listing(
            "Probes to look at",
            f"max by (container, probe_type, finding) (probewatch_probe_advice{{{WORKLOAD}}}) > 0",
            {"container": "Container", "probe_type": "Probe", "finding": "Finding"},
            about="`kubectl probewatch explain` has the details.",
            width=24,
        ),
    ]


def start() -> Section:
    """How it starts."""
    return "Start", [
        lines(
            "Time to ready against the budget",
            [
                Query(expr=quantile(0.5, "1h"), legend="half of the starts"),
                Query(expr=quantile(0.9, "1h"), legend="nine of ten"),
                Query(
                    expr=f"max by (container, probe_type) ({BUDGETS})",
                    legend="budget: {{container}}, {{probe_type}}",
                ),
            ],
            about="Starts of the last hour. Close to the budget, a slower node means a kill.",
            unit="s",
        ),
        heat(
            "Time to ready",
            f"sum by (le) (increase({BUCKETS}[$__rate_interval]))",
            about="Starts, by how long they took.",
        ),
    ]


def readiness() -> Section:
    """When it gets no traffic."""
    transitions = f"probewatch_readiness_transitions_total{{{WORKLOAD}}}"
    return "Readiness", [
        bars(
            "Changes of readiness",
            [
                Query(
                    expr=f"sum by (to, reason) (increase({transitions}[$__rate_interval]))",
                    legend="{{to}}: {{reason}}",
                )
            ],
            about="To ready and to not ready, by reason.",
        ),
        heat(
            "How long readiness was lost",
            "sum by (le) (increase("
            f"probewatch_not_ready_duration_seconds_bucket{{{WORKLOAD}}}[$__rate_interval]))",
            about="Counted once a pod is ready again.",
        ),
    ]


def build() -> dashboard.Dashboard:
    """Return the dashboard."""
    known = f"probewatch_readiness_transitions_total{{{NAMESPACE}}}"
    return frame(
        "Workload",
        WORKLOAD_DASHBOARD,
        about="Why one workload restarts, on what evidence, and whether its starts fit its probes.",
        variables=[
            cluster_variable(),
            namespace_variable(),
            label_variable("workload", known, label="Workload", multi=False),
        ],
        sections=[now(), causes(), evidence(), start(), readiness()],
    )
