"""Families about the pods of the cluster: they grow with it, and are rendered by ourselves.

Those of workloads outlive their pods, as counters have to; those of pods go with them.
"""

from probewatch.metrics.family import CONTAINER, WORKLOAD, Family, Kind, Stability

RESTARTS = Family(
    "probewatch_container_restarts_total",
    Kind.COUNTER,
    (*CONTAINER, "cause"),
    "Restarts, by the cause first published; they add up to the rise of restartCount.",
)
PROBE_FAILURES = Family(
    "probewatch_probe_failures_total",
    Kind.COUNTER,
    (*CONTAINER, "probe_type", "reason"),
    "Failed runs of probes as far as the kubelet reported them, which it does not do for all.",
)
TRANSITIONS = Family(
    "probewatch_readiness_transitions_total",
    Kind.COUNTER,
    (*WORKLOAD, "to", "reason"),
    "Changes of the Ready condition of pods, by side and reason.",
)
NOT_READY_SECONDS = Family(
    "probewatch_not_ready_seconds_total",
    Kind.COUNTER,
    WORKLOAD,
    "Time for which pods were not ready that had been, added when they are ready again.",
)
TIME_TO_READY = Family(
    "probewatch_time_to_ready_seconds",
    Kind.HISTOGRAM,
    WORKLOAD,
    "Time from the start of a pod's last container to Ready.",
)
NOT_READY_DURATION = Family(
    "probewatch_not_ready_duration_seconds",
    Kind.HISTOGRAM,
    WORKLOAD,
    "Time from a loss of readiness to Ready again.",
)
PATTERN_RESTARTS = Family(
    "probewatch_pattern_restarts_total",
    Kind.COUNTER,
    (*CONTAINER, "pattern", "cause"),
    "Restarts that many pods of the workload or of the node had in common.",
    Stability.EXPERIMENTAL,
)
CORRECTIONS = Family(
    "probewatch_verdict_corrections_total",
    Kind.COUNTER,
    (*CONTAINER, "was", "cause"),
    "Causes that later evidence corrected; the restart stays counted under the first.",
    Stability.EXPERIMENTAL,
)
KILLS_WITHOUT_RESTART = Family(
    "probewatch_probe_kills_without_restart_total",
    Kind.COUNTER,
    (*CONTAINER, "cause"),
    "Containers that a probe made the kubelet kill and that were not started again.",
    Stability.EXPERIMENTAL,
)
STARTUPS = Family(
    "probewatch_startups_total",
    Kind.COUNTER,
    (*CONTAINER, "margin"),
    "Startup probes that succeeded: `Narrow` if that surely took over 80 % of the budget.",
    Stability.EXPERIMENTAL,
)
PROBE_BUDGET = Family(
    "probewatch_probe_budget_seconds",
    Kind.GAUGE,
    (*CONTAINER, "probe_type"),
    "Time after its start for which a container is surely not killed by this probe.",
)
ADVICE = Family(
    "probewatch_probe_advice",
    Kind.GAUGE,
    (*CONTAINER, "probe_type", "finding"),
    "1 for each thing about a probe that its owners should change.",
    Stability.EXPERIMENTAL,
)
NODE_WIDE_RESTARTS = Family(
    "probewatch_node_wide_restarts_total",
    Kind.COUNTER,
    ("node",),
    "Restarts that pods of several workloads on the node had in common.",
    Stability.EXPERIMENTAL,
)
RESTART_LOOP = Family(
    "probewatch_restart_loop",
    Kind.GAUGE,
    (*CONTAINER, "pod", "cause"),
    "1 while a container is in a restart loop, 0 after that until its pod is gone.",
)
LAST_RESTART = Family(
    "probewatch_container_last_restart_timestamp_seconds",
    Kind.GAUGE,
    (*CONTAINER, "pod", "cause"),
    "When a container last ended and was restarted for this cause (the node's clock).",
)
FLAPPING = Family(
    "probewatch_readiness_flapping",
    Kind.GAUGE,
    (*WORKLOAD, "pod"),
    "1 while the readiness of a pod comes and goes without restarts, 0 after that.",
)
NOT_READY_SINCE = Family(
    "probewatch_not_ready_since_timestamp_seconds",
    Kind.GAUGE,
    (*WORKLOAD, "pod"),
    "Since when a pod is not ready (the node's clock); if it never was, since its creation.",
)
PODS = Family(
    "probewatch_pods",
    Kind.GAUGE,
    ("namespace", "state"),
    "Pods with probes, by state.",
)

WORKLOAD_FAMILIES = (
    RESTARTS,
    PROBE_FAILURES,
    TRANSITIONS,
    NOT_READY_SECONDS,
    TIME_TO_READY,
    NOT_READY_DURATION,
    PATTERN_RESTARTS,
    CORRECTIONS,
    KILLS_WITHOUT_RESTART,
    STARTUPS,
    PROBE_BUDGET,
    ADVICE,
    NODE_WIDE_RESTARTS,
)
POD_FAMILIES = (
    RESTART_LOOP,
    LAST_RESTART,
    FLAPPING,
    NOT_READY_SINCE,
    PODS,
)
