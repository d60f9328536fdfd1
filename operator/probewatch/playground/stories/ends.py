"""Stories of containers that end for other reasons than a probe, and are restarted."""

from probewatch.playground.stories.pods import MEMORY, Story, app, http, live, pod

TOLD = ("ContainerRestarted",)

OWN_ENDS = (
    Story(
        name="crash",
        shows="A container exits by itself, with an error.",
        pod=live("-exit-at 15 -exit-code 1"),
        verdicts={"app": "Error"},
        events=TOLD,
    ),
    Story(
        name="crash-while-failing",
        shows="A container exits by itself while its probe fails, below the threshold.",
        pod=pod(app("-bad 6- -exit-at 14 -exit-code 2", livenessProbe=http(failureThreshold=9))),
        verdicts={"app": "Error"},
        events=TOLD,
        failures=("Liveness",),
    ),
    Story(
        name="completed",
        shows="A container exits with 0 and is started again by restartPolicy Always.",
        pod=live("-exit-at 15"),
        verdicts={"app": "Completed"},
        events=TOLD,
    ),
    Story(
        name="signal-kill",
        shows="Something other than the kubelet kills the process.",
        pod=live("-signal-at 15 -signal 9"),
        verdicts={"app": "Signal"},
        events=TOLD,
    ),
    Story(
        name="signal-term",
        shows="Something other than the kubelet asks the process to terminate.",
        pod=live("-signal-at 15 -signal 15"),
        verdicts={"app": "Signal"},
        events=TOLD,
    ),
    Story(
        name="oom",
        shows="A container exceeds its memory limit.",
        pod=pod(
            app(
                "-hog-at 12",
                livenessProbe=http(),
                resources={"limits": {"memory": MEMORY}},
            )
        ),
        verdicts={"app": "OOMKilled"},
        events=TOLD,
    ),
    Story(
        name="start-error",
        shows="A container's program does not exist.",
        pod=pod(app(command=["/nope"], livenessProbe=http())),
        verdicts={"app": "StartError"},
        events=TOLD,
    ),
    Story(
        name="post-start",
        shows="The postStart hook fails, and the kubelet kills the container for that.",
        pod=pod(
            app(
                livenessProbe=http(),
                lifecycle={"postStart": {"exec": {"command": ["false"]}}},
            )
        ),
        verdicts={"app": "PostStartHook"},
        events=TOLD,
    ),
    Story(
        name="new-image",
        shows="The image is changed in place.",
        pod=live(""),
        verdicts={"app": "SpecChange"},
        events=TOLD,
        image_at=15,
    ),
    Story(
        name="two-containers",
        shows="One container is killed by its probe, its neighbour crashes.",
        pod=pod(
            app("-bad 15-", name="a", livenessProbe=http()),
            app("-port 3001 -exit-at 22 -exit-code 7", name="b"),
        ),
        verdicts={"a": "LivenessProbe", "b": "Error"},
        events=("LivenessProbeRestart", *TOLD),
    ),
)
