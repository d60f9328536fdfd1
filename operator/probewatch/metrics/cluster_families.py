"""Families about the cluster's workloads and pods: they grow with it; see `exposition.py`.

Families of workloads outlive their pods, as counters have to; those of pods end with them.
"""

from probewatch.metrics.family import CONTAINER, WORKLOAD, Family, Kind, Stability

RESTARTS = Family(
    "probewatch_container_restarts_total",
    Kind.COUNTER,
    (*CONTAINER, "cause"),
    "Container restarts by the cause first published; they add up to the rise of restartCount.",
)
PROBE_FAILURES = Family(
    "probewatch_probe_failures_total",
    Kind.COUNTER,
    (*CONTAINER, "probe_type", "reason"),
    "Failed probe runs that the kubelet reported in Events; it does not report all of them.",
)
TRANSITIONS = Family(
    "probewatch_readiness_transitions_total",
    Kind.COUNTER,
    (*WORKLOAD, "to", "reason"),
    "Changes of the Ready condition of pods, by new state and reason.",
)
NOT_READY_SECONDS = Family(
    "probewatch_not_ready_seconds_total",
    Kind.COUNTER,
    WORKLOAD,
    "Time that pods were not ready after they had been; added when they are ready again.",
)
TIME_TO_READY = Family(
    "probewatch_time_to_ready_seconds",
    Kind.HISTOGRAM,
    WORKLOAD,
    "Time from the start of a pod's last container until the pod is ready.",
)
NOT_READY_DURATION = Family(
    "probewatch_not_ready_duration_seconds",
    Kind.HISTOGRAM,
    WORKLOAD,
    "Time from a loss of readiness until the pod is ready again.",
)
PATTERN_RESTARTS = Family(
    "probewatch_pattern_restarts_total",
    Kind.COUNTER,
    (*CONTAINER, "pattern", "cause"),
    "Restarts that hit many pods of a workload or of a node at the same time.",
    Stability.EXPERIMENTAL,
)
CORRECTIONS = Family(
    "probewatch_verdict_corrections_total",
    Kind.COUNTER,
    (*CONTAINER, "was", "cause"),
    "Causes corrected by later evidence; the restart stays counted under the first cause.",
    Stability.EXPERIMENTAL,
)
KILLS_WITHOUT_RESTART = Family(
    "probewatch_probe_kills_without_restart_total",
    Kind.COUNTER,
    (*CONTAINER, "cause"),
    "Containers killed because of a probe and not started again.",
    Stability.EXPERIMENTAL,
)
STARTUPS = Family(
    "probewatch_startups_total",
    Kind.COUNTER,
    (*CONTAINER, "margin"),
    "Successful startups; `Narrow` if one certainly took over 80 % of the probe's budget.",
    Stability.EXPERIMENTAL,
)
PROBE_BUDGET = Family(
    "probewatch_probe_budget_seconds",
    Kind.GAUGE,
    (*CONTAINER, "probe_type"),
    "Time after its start in which this probe cannot have a container killed.",
)
ADVICE = Family(
    "probewatch_probe_advice",
    Kind.GAUGE,
    (*CONTAINER, "probe_type", "finding"),
    "1 for each finding about a probe that its owners should fix.",
    Stability.EXPERIMENTAL,
)
NODE_WIDE_RESTARTS = Family(
    "probewatch_node_wide_restarts_total",
    Kind.COUNTER,
    ("node",),
    "Restarts that hit pods of several workloads on the node at the same time.",
    Stability.EXPERIMENTAL,
)
RESTART_LOOP = Family(
    "probewatch_restart_loop",
    Kind.GAUGE,
    (*CONTAINER, "pod", "cause"),
    "1 while a container is in a restart loop, then 0 until its pod is gone.",
)
LAST_RESTART = Family(
    "probewatch_container_last_restart_timestamp_seconds",
    Kind.GAUGE,
    (*CONTAINER, "pod", "cause"),
    "Time when a container last ended and was restarted for this cause (node's clock).",
)
FLAPPING = Family(
    "probewatch_readiness_flapping",
    Kind.GAUGE,
    (*WORKLOAD, "pod"),
    "1 while a pod repeatedly loses and regains readiness without restarts, then 0.",
)
NOT_READY_SINCE = Family(
    "probewatch_not_ready_since_timestamp_seconds",
    Kind.GAUGE,
    (*WORKLOAD, "pod"),
    "Time since when a pod is not ready (node's clock); its creation if it never was ready.",
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
