"""The cases of the alerts: series over hours, and which alerts fire when."""

from tests.monitoring.stories import ALIVE, CONTAINER, POD, WORKLOAD, Story, minutes

LOOP = f'probewatch_restart_loop{{{POD},cause="LivenessProbe"}}'
RESTARTS = f'probewatch_container_restarts_total{{{CONTAINER},cause="LivenessProbe"}}'
SINCE = f'probewatch_not_ready_since_timestamp_seconds{{{WORKLOAD},pod="web-1"}}'
WORKLOAD_WIDE = (
    f'probewatch_pattern_restarts_total{{{CONTAINER},cause="LivenessProbe",pattern="WorkloadWide"}}'
)
SYNCED = 'probewatch_watch_synced{resource="pods"}'
ACTIVITY = 'probewatch_watch_last_activity_timestamp_seconds{resource="pods"}'
LIVENESS_LOOP = "ProbeWatchLivenessLoop"
NOT_READY = "ProbeWatchNotReady"
CANNOT_KILL = "ProbeWatchProbeCannotKill"
LOSING = "ProbeWatchOperatorLosingData"
DEAF = "ProbeWatchOperatorDeaf"
WITHOUT_POLICIES = "ProbeWatchOperatorWithoutPolicies"
SILENT = 'probewatch_watch_relists_total{resource="pods",reason="Silence"}'
BUDGET_TOO_SMALL = "ProbeWatchStartupBudgetTooSmall"


def transitions(to: str, reason: str) -> str:
    return f'probewatch_readiness_transitions_total{{{WORKLOAD},to="{to}",reason="{reason}"}}'


def failures(probe_type: str, reason: str) -> str:
    labels = f'{CONTAINER},probe_type="{probe_type}",reason="{reason}"'
    return f"probewatch_probe_failures_total{{{labels}}}"


def time_to_ready(slow_share: float) -> dict[str, str]:
    """A start each minute; *slow_share* of them take 60 to 90 s, the others 10 to 20 s."""
    name = f"probewatch_time_to_ready_seconds_bucket{{{WORKLOAD},le="
    quick = 1 - slow_share
    growth = {"10": 0.0, "20": quick, "60": quick, "90": 1.0, "+Inf": 1.0}
    return {f'{name}"{le}"}}': f"0+{by}x3000" for le, by in growth.items()}


def waves(*moments: int) -> str:
    """A counter that rises by three at each of the *moments* (minutes), for three hours."""
    return " ".join(str(3 * sum(at <= minute for at in moments)) for minute in range(181))


def startups(*, wide: str, narrow: str) -> dict[str, str]:
    """Counters of starts that took part of their startup budget (*wide*) or nearly all of it."""
    name = f"probewatch_startups_total{{{CONTAINER},margin="
    return {f'{name}"Wide"}}': wide, f'{name}"Narrow"}}': narrow}


def interrupted(*, at: int, minutes_away: int) -> dict[str, str]:
    """The series of an operator that ends *at* a minute and comes back."""
    back = 60 * (at + minutes_away + 2)
    later = {ACTIVITY: f"{back}+60x200"}
    return {
        name: minutes(
            values.replace("3000", str(at)), "stale", f"_x{minutes_away}", later.get(name, "1x200")
        )
        for name, values in ALIVE.items()
    }


def build(cluster: str, pod: str = "1") -> str:
    """The build info series of an operator in a cluster."""
    labels = f'cluster="{cluster}",namespace="probewatch",job="probewatch",instance="{pod}"'
    return f'probewatch_build_info{{{labels},version="0.1.0"}}'


STORIES = [
    Story(
        name="all is well",
        series={
            RESTARTS: "0x3000",
            failures("Liveness", "http_5xx"): "0x3000",
            failures("Liveness", "errored"): "0x3000",
            f'probewatch_probe_budget_seconds{{{CONTAINER},probe_type="Startup"}}': "60x3000",
            f'probewatch_probe_budget_seconds{{{CONTAINER},probe_type="Liveness"}}': "20x3000",
            **time_to_ready(slow_share=0.0),
            'probewatch_events_dropped_total{why="QueueFull"}': "0x3000",
            'probewatch_api_requests_total{verb="GET",resource="pods",code="200"}': "0+3x3000",
        },
        firing={"1m": [], "30m": [], "3h": [], "24h": [], "40h": []},
    ),
    Story(
        name="a rollout",
        series={
            RESTARTS: "0x200",
            # Each of thirty pods becomes ready within a minute or two, and each old one ends.
            **{
                SINCE.replace("web-1", f"web-{n}"): f"_x{n + 1} {60 * (n + 1)}x2 stale"
                for n in range(30)
            },
            transitions("Ready", "Startup"): "0+1x30 30x170",
            transitions("NotReady", "Terminating"): "0+1x30 30x170",
            **time_to_ready(slow_share=0.0),
        },
        firing={f"{minute}m": [] for minute in (1, 5, 10, 20, 30, 31, 45, 60, 120, 190)},
    ),
    Story(
        name="the operator is restarted: it is away for five minutes, and goes on where it stood",
        series={
            RESTARTS: minutes("7x20", "stale", "_x4", "7x200"),
            'probewatch_events_dropped_total{why="QueueFull"}': minutes("4x20 stale _x4 0x200"),
        },
        operator=interrupted(at=20, minutes_away=4),
        firing={f"{minute}m": [] for minute in (19, 21, 23, 25, 26, 27, 28, 30, 35, 45, 60, 120)},
    ),
    Story(
        name="a single restart of every cause",
        series={
            f'probewatch_container_restarts_total{{{CONTAINER},cause="{cause}"}}': "0x9 1x400"
            for cause in ("LivenessProbe", "StartupProbe", "OOMKilled", "Error", "Unknown")
        },
        firing={"9m": [], "12m": [], "60m": [], "6h": []},
    ),
    Story(
        name="a liveness loop begins and ends",
        series={LOOP: minutes("_x9", "1x60", "stale"), RESTARTS: "0x9 1+0.3x60 19x300"},
        firing={
            "9m": [],
            "10m": [LIVENESS_LOOP],
            "70m": [LIVENESS_LOOP],
            "79m": [LIVENESS_LOOP],
            "81m": [],
            "5h": [],
        },
    ),
    Story(
        name="a loop neither flaps nor resolves between kills, scrapes, or while we restart",
        series={LOOP: minutes("1x20", "stale", "_x4", "1x9", "_ _ 1 _ _", "1x30")},
        operator=interrupted(at=20, minutes_away=4),
        firing={f"{minute}m": [LIVENESS_LOOP] for minute in (1, 2, 9, 20, 21, 24, 26, 36, 38, 60)},
    ),
    Story(
        name="a startup loop",
        series={f'probewatch_restart_loop{{{POD},cause="StartupProbe"}}': "_x4 1x10"},
        firing={"4m": [], "5m": ["ProbeWatchStartupLoop"]},
    ),
    Story(
        name="a loop that no probe causes",
        series={f'probewatch_restart_loop{{{POD},cause="OOMKilled"}}': "_x4 1x10"},
        firing={"4m": [], "5m": ["ProbeWatchRestartLoop"]},
    ),
    Story(
        name="a kill each hour is a slow loop after six hours, and until they stop",
        series={RESTARTS: minutes("0x60", *(f"{n}x59" for n in range(1, 9)), "9x300")},
        firing={
            "4h": [],
            "5h": [],
            "430m": ["ProbeWatchSlowLoop"],
            "490m": ["ProbeWatchSlowLoop"],
            "550m": ["ProbeWatchSlowLoop"],
            "840m": [],
        },
    ),
    Story(
        name="a kill every three hours is a slow loop before the day is over",
        series={RESTARTS: minutes("0x60", *(f"{n}x179" for n in range(1, 9)))},
        firing={"10h": [], "15h": [], "20h": ["ProbeWatchSlowLoop"], "23h": ["ProbeWatchSlowLoop"]},
    ),
    Story(
        name="one bad hour is no slow loop",
        series={RESTARTS: "0x60 0+0.5x60 30x1200"},
        firing={"3h": [], "5h": [], "7h": [], "12h": [], "20h": []},
    ),
    Story(
        name="a loop that is known already is not told twice",
        series={
            LOOP: "_x120 1x600",
            RESTARTS: minutes("0x60", *(f"{n}x29" for n in range(1, 20))),
        },
        firing={"8h": [LIVENESS_LOOP], "10h": [LIVENESS_LOOP]},
    ),
    Story(
        name="liveness kills most pods of a workload at once",
        series={
            WORKLOAD_WIDE: "0x9 4x40",
        },
        firing={
            "8m": [],
            "10m": ["ProbeWatchWorkloadWideKills"],
            "33m": ["ProbeWatchWorkloadWideKills"],
            "36m": [],
        },
    ),
    Story(
        name="a node restarts containers of several workloads",
        series={
            'probewatch_node_wide_restarts_total{node="n1"}': "0x9 3x40",
        },
        firing={
            "8m": [],
            "10m": ["ProbeWatchNodeWideKills"],
            "33m": ["ProbeWatchNodeWideKills"],
            "36m": [],
        },
    ),
    Story(
        name="kills of a whole workload, and on a node, come in waves: told once",
        series={
            WORKLOAD_WIDE: waves(10, 21, 35, 54, 75),
            'probewatch_node_wide_restarts_total{node="n1"}': waves(10, 21, 35, 54, 75),
        },
        firing={
            "9m": [],
            **{
                f"{minute}m": ["ProbeWatchNodeWideKills", "ProbeWatchWorkloadWideKills"]
                for minute in range(10, 98, 2)
            },
            "101m": [],
        },
    ),
    Story(
        name="readiness flaps",
        series={f'probewatch_readiness_flapping{{{WORKLOAD},pod="web-1"}}': "_x4 1x20 stale"},
        firing={
            "4m": [],
            "5m": ["ProbeWatchReadinessFlapping"],
            "43m": ["ProbeWatchReadinessFlapping"],
            "46m": [],
        },
    ),
    Story(
        name="readiness flaps while we restart, and has to be found again",
        series={
            f'probewatch_readiness_flapping{{{WORKLOAD},pod="web-1"}}': minutes(
                "1x19", "stale", "_x16", "1x30"
            )
        },
        operator=interrupted(at=20, minutes_away=4),
        firing={f"{minute}m": ["ProbeWatchReadinessFlapping"] for minute in range(1, 60)},
    ),
    Story(
        name="a pod loses readiness and regains it too late",
        series={SINCE: "_x9 600x40 stale"},
        firing={
            "10m": [],
            "27m": [],
            "28m": [NOT_READY],
            "49m": [NOT_READY],
            "69m": [NOT_READY],
            "71m": [],
        },
    ),
    Story(
        name="a pod is ready for a minute now and then: it is told once",
        series={
            SINCE: minutes(
                "0x20", "stale", "1320x20", "stale", "2640x20", "stale", "3960x20", "stale"
            )
        },
        firing={f"{minute}m": [NOT_READY] for minute in range(18, 90)},
    ),
    Story(
        name="a pod is not ready, also while we restart: it is told once",
        series={SINCE: minutes("600x40", "stale", "_x4", "600x40")},
        operator=interrupted(at=40, minutes_away=4),
        firing={f"{minute}m": [NOT_READY] for minute in (35, 40, 41, 43, 45, 46, 47, 50, 70)},
    ),
    Story(
        name="pods that are not ready for less than a quarter of an hour each, one after the other",
        series={SINCE: "_x9 600x12 stale 1440x12 stale 2280x12 stale"},
        firing={f"{minute}m": [] for minute in (9, 15, 22, 30, 36, 45, 49, 60)},
    ),
    Story(
        name="a liveness probe errs and never fails",
        series={failures("Liveness", "errored"): ("0+0.25x200")},
        firing={"30m": [], "60m": [CANNOT_KILL], "2h": [CANNOT_KILL]},
    ),
    Story(
        name="a liveness probe errs, and fails as well: it can kill",
        series={
            failures("Liveness", "errored"): ("0+0.25x200"),
            failures("Liveness", "timeout"): ("0+0.05x200"),
        },
        firing={"60m": [], "2h": []},
    ),
    Story(
        name="one start in five needs nearly all of the startup budget",
        series=startups(wide="0+0.8x300", narrow="0+0.2x300"),
        firing={"25m": [], "45m": [BUDGET_TOO_SMALL]},
    ),
    Story(
        name="the first rollout of a workload needs nearly all of the startup budget",
        series=startups(wide="_x8 0x300", narrow="_x8 0 10x300"),
        firing={"9m": [], "30m": [], "45m": [BUDGET_TOO_SMALL], "5h": [BUDGET_TOO_SMALL]},
    ),
    Story(
        name="one start in twenty needs nearly all of the startup budget",
        series=startups(wide="0+0.95x300", narrow="0+0.05x300"),
        firing={"45m": [], "4h": []},
    ),
    Story(
        name="startup probes succeed soon, and pods are ready late",
        series={
            f'probewatch_probe_budget_seconds{{{CONTAINER},probe_type="Startup"}}': "55x300",
            **startups(wide="0+1x300", narrow="0x300"),
            **time_to_ready(slow_share=1.0),
        },
        firing={"45m": [], "4h": []},
    ),
    Story(
        name="the operator is gone",
        series={},
        operator={name: values.replace("x3000", "x20 stale") for name, values in ALIVE.items()},
        firing={"20m": [], "30m": [], "31m": ["ProbeWatchOperatorDown"]},
    ),
    Story(
        name="of two clusters in one Prometheus one loses its operator: it is told for a day",
        series={},
        operator={build("a"): "1x3000", build("b"): "1x20 stale"},
        firing={
            "20m": [],
            "30m": [],
            "31m": ["ProbeWatchOperatorDown"],
            "22h": ["ProbeWatchOperatorDown"],
            "25h": [],
        },
    ),
    Story(
        name="operators are replaced, in two clusters at the same time",
        series={},
        operator={
            build("a"): "1x20 stale",
            build("b"): "1x20 stale",
            build("a", pod="2"): "_x25 1x100",
            build("b", pod="2"): "_x25 1x100",
        },
        firing={f"{minute}m": [] for minute in (19, 21, 25, 27, 32, 60, 90)},
    ),
    Story(
        name="both clusters lose their operators: told without a gap, also when it is long ago",
        series={},
        operator={build("a"): "1x20 stale", build("b"): "1x40 stale"},
        firing={
            "30m": [],
            **{f"{minute}m": ["ProbeWatchOperatorDown"] for minute in range(31, 71, 2)},
            **{f"{minute}m": ["ProbeWatchOperatorDown"] for minute in range(1380, 1500, 4)},
            "30h": ["ProbeWatchOperatorDown"],
        },
    ),
    Story(
        name="an operator that nobody ever saw",
        series={},
        operator={"up": "1x200"},
        firing={"9m": [], "10m": ["ProbeWatchOperatorDown"], "3h": ["ProbeWatchOperatorDown"]},
    ),
    Story(
        name="no replica can renew the Lease",
        series={},
        operator={
            **ALIVE,
            'probewatch_leader{pod="a"}': "1x10 0x60 1x20",
            'probewatch_leader{pod="b"}': "0x90",
        },
        firing={"29m": [], "32m": ["ProbeWatchOperatorWithoutLeader"], "80m": []},
    ),
    Story(
        name="the Lease changes hands, and is hard to renew",
        series={},
        operator={
            **ALIVE,
            'probewatch_leader{pod="a"}': "1x10 0x30 0 0 0 1 0 0 0 1x60",
            'probewatch_leader{pod="b"}': "0x12 1x20 0 0 1 0 0 0 1 0x60",
        },
        firing={"20m": [], "40m": [], "60m": []},
    ),
    Story(
        name="the operator never gets its list of pods",
        series={},
        operator={**ALIVE, SYNCED: "0x100"},
        firing={"14m": [], "15m": ["ProbeWatchOperatorNotSynced"]},
    ),
    Story(
        name="the operator may watch some namespaces only, and hears of no node",
        series={},
        operator={
            **ALIVE,
            'probewatch_watch_synced{resource="pods/shop"}': "1x3000",
            'probewatch_watch_synced{resource="events/shop"}': "1x3000",
            'probewatch_watch_synced{resource="node-events"}': "0x3000",
        },
        firing={"16m": [], "60m": [], "24h": []},
    ),
    Story(
        name="the operator never gets its list of one namespace's Events",
        series={},
        operator={**ALIVE, 'probewatch_watch_synced{resource="events/shop"}': "0x100"},
        firing={"14m": [], "15m": ["ProbeWatchOperatorNotSynced"]},
    ),
    Story(
        name="the operator lists anew, which takes four minutes",
        series={},
        operator={**ALIVE, SYNCED: "1x20 0x3 1x100"},
        firing={"22m": [], "25m": [], "40m": []},
    ),
    Story(
        name="the watch of pods falls silent",
        series={},
        operator={**ALIVE, ACTIVITY: "0+60x20 1200x100"},
        firing={"25m": [], "27m": [], "28m": ["ProbeWatchOperatorBlind"]},
    ),
    Story(
        name="watches are answered and say nothing; each process that meets them is ended",
        series={
            SILENT: "0x9 0x4 1 0x4 1 0x4 1 0x4 1 0x4 1 0x4 1 0x4 1 0x4 1 0x4 1 0x80",
        },
        firing={"15m": [], "24m": [], "40m": [DEAF], "54m": [DEAF], "90m": []},
    ),
    Story(
        name="a network fails twice in a day without a reset",
        series={SILENT: "0x60 1x600 2x600"},
        firing={"65m": [], "70m": [], "11h10m": []},
    ),
    Story(
        name="kopf ends whenever it is started, until the operator is upgraded",
        series={"probewatch_kopf_failures_total": "0 4 5 6+1x60 67x60"},
        firing={"10m": [], "20m": [WITHOUT_POLICIES], "60m": [WITHOUT_POLICIES], "80m": []},
    ),
    Story(
        name="kopf ends a few times while an API server starts",
        series={"probewatch_kopf_failures_total": "0x9 1 3 4x60"},
        firing={"20m": [], "30m": []},
    ),
    Story(
        name="kopf ends because the credentials are refused",
        series={
            "probewatch_kopf_failures_total": "0+1x60",
            'probewatch_api_requests_total{code="401"}': "0+2x60",
        },
        firing={"30m": ["ProbeWatchOperatorUnauthorized"]},
    ),
    Story(
        name="Events are dropped",
        series={'probewatch_events_dropped_total{why="QueueFull"}': "0x9 0+1x30"},
        firing={"10m": [], "16m": [LOSING], "30m": [LOSING]},
    ),
    Story(
        name="Events and records are withheld on purpose: budgets, and namespaces that go away",
        series={
            'probewatch_events_dropped_total{why="PodBudget"}': "0+1x60",
            'probewatch_events_dropped_total{why="NamespaceTerminating"}': "0+1x60",
            'probewatch_reports_dropped_total{why="NamespaceTerminating"}': "0+1x60",
        },
        firing={"30m": [], "60m": []},
    ),
    Story(
        name="a record cannot be written, and once there is an error of our own",
        series={
            'probewatch_reports_dropped_total{why="Forbidden"}': "0x9 0+1x60",
            'probewatch_internal_errors_total{where="sinks"}': "0x9 1x60",
        },
        firing={"10m": [], "16m": [LOSING]},
    ),
    Story(
        name="objects cannot be decoded, and series are left out",
        series={
            'probewatch_watch_decode_errors_total{resource="pods"}': "0x9 0+1x60",
            "probewatch_series_dropped_total": "0x9 0+1x60",
        },
        firing={"10m": [], "16m": [LOSING]},
    ),
    Story(
        name="a right is missing",
        series={
            'probewatch_api_requests_total{verb="POST",resource="events",code="403"}': "0x9 0+1x60"
        },
        firing={"24m": [], "26m": ["ProbeWatchOperatorForbidden"]},
    ),
    Story(
        name="three API servers are rolled, each of which refuses all when it starts",
        series={
            'probewatch_api_requests_total{verb="WATCH",resource="pods",code="403"}': (
                "2x9 4x3 7x3 9x60"
            )
        },
        firing={"15m": [], "20m": [], "25m": [], "40m": []},
    ),
    Story(
        name="the credentials are refused, and then taken",
        series={
            'probewatch_api_requests_total{verb="WATCH",resource="pods",code="401"}': (
                "0x9 0+2x20 42x30"
            )
        },
        firing={"14m": [], "17m": ["ProbeWatchOperatorUnauthorized"], "40m": []},
    ),
    Story(
        name="half of the restarts have no known cause",
        series={
            f'probewatch_container_restarts_total{{{CONTAINER},cause="Error"}}': "0+0.1x800",
            f'probewatch_container_restarts_total{{{CONTAINER},cause="Unknown"}}': "0+0.1x800",
        },
        firing={"60m": [], "7h": ["ProbeWatchUnexplainedRestarts"]},
    ),
]
