"""Stories in which nothing restarts, whatever the probes say."""

from probewatch.playground.stories.pods import PERIOD, Story, app, http, live, pod

NO_RESTARTS = (
    Story(
        name="startup-slow",
        shows="A container starts slowly, within the budget of its startup probe.",
        pod=pod(
            app(
                "-bad 0-12",
                livenessProbe=http(),
                readinessProbe=http("/ready"),
                startupProbe=http(periodSeconds=3, failureThreshold=10),
            )
        ),
        readiness=(("Ready", "Startup"),),
        failures=("Startup",),
    ),
    Story(
        name="flap-ready",
        shows="A pod loses and regains readiness without a restart.",
        pod=pod(
            app(
                "-unready 8-14 -cycle 20",
                readinessProbe=http("/ready", periodSeconds=2, failureThreshold=1),
            )
        ),
        events=("ReadinessLost", "ReadinessRestored"),
        readiness=(("NotReady", "ReadinessProbe"), ("Ready", "ReadinessProbe")),
        failures=("Readiness",),
    ),
    Story(
        name="ignored-fail",
        shows="A liveness probe fails now and then, below its threshold.",
        pod=live("-bad 11-17 -cycle 30"),
        failures=("Liveness",),
    ),
    Story(
        name="cannot-kill",
        shows="A liveness probe whose command does not exist cannot be run, so it never kills.",
        pod=pod(
            app(
                livenessProbe={
                    "exec": {"command": ["/nope"]},
                    "periodSeconds": PERIOD,
                    "failureThreshold": 2,
                }
            )
        ),
        events=("ProbeMisconfigured",),
        failures=("Liveness",),
    ),
    Story(
        name="never",
        shows="With restartPolicy Never a killed container is not restarted.",
        pod=live("-bad 12-", restartPolicy="Never"),
        failures=("Liveness",),
    ),
    Story(
        name="no-image",
        shows="An image cannot be pulled.",
        pod=pod({**app(livenessProbe=http()), "image": "registry.example/none:1"}),
    ),
)
