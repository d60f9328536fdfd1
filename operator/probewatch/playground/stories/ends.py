"""Stories of containers that end for other reasons than a probe, and are restarted."""

from probewatch.playground.stories.pods import MEMORY, Story, app, http, live, pod

TOLD = ("ContainerRestarted",)

OWN_ENDS = (
    Story(
        name="crash",
        shows="A container ends by itself, with an error.",
        pod=live("-exit-at 15 -exit-code 1"),
        verdicts={"app": "Error"},
        events=TOLD,
    ),
    Story(
        name="crash-while-failing",
        shows="A container ends by itself while its probe fails, below the threshold.",
        pod=pod(app("-bad 6- -exit-at 14 -exit-code 2", livenessProbe=http(failureThreshold=9))),
        verdicts={"app": "Error"},
        events=TOLD,
        failures=("Liveness",),
    ),
    Story(
        name="completed",
        shows="A container has done its work, and is started again by restartPolicy Always.",
        pod=live("-exit-at 15"),
        verdicts={"app": "Completed"},
        events=TOLD,
    ),
    Story(
        name="signal-kill",
        shows="Somebody outside of the kubelet kills the process.",
        pod=live("-signal-at 15 -signal 9"),
        verdicts={"app": "Signal"},
        events=TOLD,
    ),
    Story(
        name="signal-term",
        shows="Somebody outside of the kubelet asks the process to end.",
        pod=live("-signal-at 15 -signal 15"),
        verdicts={"app": "Signal"},
        events=TOLD,
    ),
    Story(
        name="oom",
        shows="A container takes more memory than it may have.",
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
        shows="A container's program is not there.",
        pod=pod(app(command=["/nope"], livenessProbe=http())),
        verdicts={"app": "StartError"},
        events=TOLD,
    ),
    Story(
        name="post-start",
        shows="The postStart hook fails, and the kubelet kills the container for it.",
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
        shows="Somebody changes the image in place.",
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
