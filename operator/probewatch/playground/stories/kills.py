"""Stories of containers that the kubelet kills because a probe has failed."""

from probewatch.playground.stories.pods import PERIOD, Story, app, http, live, pod

KILLED = {"app": "LivenessProbe"}
TOLD = ("LivenessProbeRestart",)

KILLS = (
    Story(
        name="live-http",
        shows="A liveness probe over HTTP fails three times, and the container ends with 143.",
        pod=pod(app("-bad 20-", livenessProbe=http(), readinessProbe=http("/ready"))),
        verdicts=KILLED,
        events=TOLD,
        readiness=(("Ready", "Startup"), ("NotReady", "ContainerRestart")),
        failures=("Liveness",),
    ),
    Story(
        name="live-tcp",
        shows="A liveness probe over TCP finds nothing listening.",
        pod=pod(
            app(
                "-notcp 15-",
                livenessProbe={
                    "tcpSocket": {"port": 3000},
                    "periodSeconds": PERIOD,
                    "failureThreshold": 2,
                },
            )
        ),
        verdicts=KILLED,
        events=TOLD,
        failures=("Liveness",),
    ),
    Story(
        name="live-exec",
        shows="A liveness probe's command fails.",
        pod=pod(
            app(
                "-bad 15- -file ok",
                livenessProbe={
                    "exec": {"command": ["cat", "ok"]},
                    "initialDelaySeconds": 2,
                    "periodSeconds": PERIOD,
                    "failureThreshold": 2,
                },
            )
        ),
        verdicts=KILLED,
        events=TOLD,
        failures=("Liveness",),
    ),
    Story(
        name="live-sigkill",
        shows="A container that hangs and ignores SIGTERM is killed with 137.",
        pod=live("-hang 15- -term ignore"),
        verdicts=KILLED,
        events=TOLD,
        failures=("Liveness",),
    ),
    Story(
        name="live-exit0",
        shows="A container that is killed because of its probe exits with 0.",
        pod=live("-bad 15- -term exit0"),
        verdicts=KILLED,
        events=TOLD,
    ),
    Story(
        name="live-exit3",
        shows="A container that is killed because of its probe exits with its own code.",
        pod=live("-bad 15- -term exit3"),
        verdicts=KILLED,
        events=TOLD,
    ),
    Story(
        name="live-prestop",
        shows="A preStop hook delays the end of a container that is killed because of its probe.",
        pod=pod(
            app(
                "-bad 15-",
                livenessProbe=http(),
                lifecycle={"preStop": {"sleep": {"seconds": 2}}},
            )
        ),
        verdicts=KILLED,
        events=TOLD,
    ),
    Story(
        name="live-onfailure",
        shows="With restartPolicy OnFailure a killed container is restarted too.",
        pod=live("-bad 15-", restartPolicy="OnFailure"),
        verdicts=KILLED,
        events=TOLD,
    ),
    Story(
        name="live-sidecar",
        shows="The liveness probe of a sidecar restarts it, and nothing else.",
        pod=pod(
            app("-port 3001", name="main"),
            initContainers=[
                app("-bad 15-", name="side", restartPolicy="Always", livenessProbe=http())
            ],
        ),
        verdicts={"side": "LivenessProbe"},
        events=TOLD,
    ),
    Story(
        name="startup-never",
        shows="A container that never finishes starting is killed because of its startup probe.",
        pod=pod(app("-bad 0-", startupProbe=http(periodSeconds=3, failureThreshold=4))),
        verdicts={"app": "StartupProbe"},
        events=("StartupProbeRestart",),
        failures=("Startup",),
    ),
)
