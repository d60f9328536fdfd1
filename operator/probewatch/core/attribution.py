"""Attribution: restart + evidence → cause, confidence, rule.

`RULES` is an ordered table; the first rule that answers wins, and every verdict names its rule.
The order is the order of trust: statements of the kubelet, statements of the runtime, necessary
conclusions, and only then what is likely.
"""

from probewatch.core import habits, hooks, inference, likelihood, sandboxes, surroundings, testimony
from probewatch.core.facts import Facts
from probewatch.core.verdict import Rule, Verdict


def attribute(facts: Facts) -> tuple[Rule, Verdict]:
    """Return the first rule that gives a verdict, and that verdict."""
    for rule in RULES:
        verdict = rule.judge(facts)
        if verdict is not None:
            return rule, verdict
    raise AssertionError("the last rule answers always")  # pragma: no cover - see its judge


RULES: tuple[Rule, ...] = (
    Rule(
        name="start-error",
        judge=testimony.start_error,
        meaning="The container runtime could not start the container's process.",
        gives="`StartError`: Confirmed.",
    ),
    Rule(
        name="kill-event-probe",
        judge=testimony.probe_kill_event,
        meaning="The kubelet's `Killing` Event names the probe, within the container's lifetime.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: Confirmed, except: with `OOMKilled` and exit code "
            "137, High if the grace period had passed, else Medium, and `OOMKilled`: Medium if it "
            "ended in the second of the kill; if stopping took longer than the grace period, High "
            "after a SIGKILL and a replacement in place, else Medium; if the container may have "
            "exited in the same second, High if its probe had timed out or got an answer, and no "
            "other container of the pod can have given that, `Unknown`: Low if the only run that "
            "failed was cut off, or no failure was reported and no kill leaves that exit code, "
            "else Medium; Medium if the end time is unknown, a liveness probe failed after a "
            "startup kill, or the kubelet restarted."
        ),
    ),
    Rule(
        name="kill-event-other",
        judge=testimony.other_kill_event,
        meaning="The kubelet's `Killing` Event gives a reason other than a probe.",
        gives=(
            "`SpecChange`, `Resize`, `PostStartHook`, `RestartRule`: Confirmed; High or Medium if "
            "it was in the second of the next start. `Unknown`: Low for a reason that is not known."
        ),
    ),
    Rule(
        name="init-again",
        judge=surroundings.rerun,
        meaning="An init container that had succeeded ran again: the pod was started over.",
        gives=(
            "`RestartRule`, `NodeReboot`: High. `NodeReboot` without the node's Event, or if the "
            "time of the new run is unknown, and `SandboxRecreated`: Medium. `Unknown`: Low."
        ),
    ),
    Rule(
        name="unobserved",
        judge=testimony.unobserved,
        meaning="`restartCount` rose by more than one, or the termination was never visible.",
        gives=(
            "`Unobserved`: Low. If as many kills were announced as restarts were missed: "
            "`LivenessProbe`, `StartupProbe`, `SpecChange`, `Resize`, `PostStartHook`, "
            "`RestartRule`, all Medium."
        ),
    ),
    Rule(
        name="restart-all",
        judge=testimony.restart_all,
        meaning="The kubelet restarted the whole pod, and nothing else would have restarted it.",
        gives="`RestartRule`: Confirmed.",
    ),
    Rule(
        name="node-reboot",
        judge=surroundings.node_reboot,
        meaning="The node reported a reboot, or many pods of the node lost containers at once.",
        gives=(
            "`NodeReboot`: Confirmed by the node's Event, High by other pods of the node. With the "
            "node's Event but no word from the runtime: High if nobody saw an exit code, Medium if "
            "the container ended by a signal or with 0 and ran again only when the node was back."
        ),
    ),
    Rule(
        name="sandbox",
        judge=sandboxes.sandbox,
        meaning="All containers restarted and the pod got a new sandbox, not after a reboot.",
        gives=(
            "`SandboxRecreated`: High if the kubelet said so; Medium by the new sandbox alone, if "
            "it was shown as terminated, or with policy `Never`."
        ),
    ),
    Rule(
        name="lost",
        judge=surroundings.lost,
        meaning="The runtime lost the container, or it ran again only when a node was back.",
        gives=(
            "`NodeReboot`: Medium. A restart of only the container runtime looks the same. "
            "`OOMKilled`: Medium, if the runtime reports that for a sandbox of gVisor."
        ),
    ),
    Rule(
        name="post-start-hook",
        judge=hooks.post_start_hook,
        meaning="The postStart hook failed, and the kubelet kills the container for that.",
        gives=(
            "`PostStartHook`: Confirmed if the hook failed first or SIGTERM ended the container, "
            "High after the whole grace period, else Medium: its end may have failed the hook; "
            "with an exit code that no kill leaves, `Unknown`: Low."
        ),
    ),
    Rule(
        name="out-of-memory",
        judge=testimony.out_of_memory,
        meaning="The runtime reports `OOMKilled`, and the exit code fits.",
        gives=(
            "`OOMKilled`: High if the container was shown as terminated or nothing could have "
            "killed it, else Medium: once a child process was killed, the runtime's flag stays "
            "set. Medium if the exit code is unknown or the pod got a new sandbox."
        ),
    ),
    Rule(
        name="memory-again",
        judge=testimony.memory_again,
        meaning="SIGKILL ended it as it did earlier instances that were reported as `OOMKilled`.",
        gives="`OOMKilled`: Medium. The runtime can miss that the kernel killed a container.",
    ),
    Rule(
        name="restart-rule",
        judge=inference.restart_rule,
        meaning="A container restart rule matched the exit code.",
        gives=(
            "`RestartRule`: Confirmed if the kubelet was restarting all containers, else High; "
            "Medium if a probe may have killed the container or the pod got a new sandbox."
        ),
    ),
    Rule(
        name="start-canary",
        judge=inference.canary,
        meaning="The Events of the next start arrived, so the Event of a kill would have too.",
        gives=(
            "`Error`, `Completed`, `RestartRule`: Confirmed. `Signal`: High. All: Medium if it was "
            "not shown as terminated (Events are also lost otherwise), or a probe kill was due."
        ),
    ),
    Rule(
        name="died-before-kill",
        judge=inference.late_kill,
        meaning="The probe's kill or the failure of the postStart hook came after the end.",
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High; Medium if the Event's count has "
            "an earlier kill, if it was replaced in place within two seconds, or if only a failure "
            "of the probe after the end was reported."
        ),
    ),
    Rule(
        name="terminated-seen",
        judge=inference.terminated_seen,
        meaning="The container was shown as terminated before the kubelet acted.",
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High if no probe could have killed it, "
            "or it certainly ended this way before; else Medium: a kubelet that restarts during a "
            "kill shows the same, and so may a node that goes down. No answer if SIGTERM or "
            "SIGKILL ended it seconds after a probe kill was due."
        ),
    ),
    Rule(
        name="changed-in-place",
        judge=inference.changed_in_place,
        meaning="Image or resources changed, and the kubelet replaced the container in place.",
        gives="`SpecChange`, `Resize`: Medium.",
    ),
    Rule(
        name="count-repair",
        judge=inference.count_repair,
        meaning="The count of a later `Killing` Event proves a kill whose own Event was lost.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: High; Medium if the end was not observed, the "
            "container crashed (a signal such as SIGSEGV) or was reported as `OOMKilled`, its "
            "image or resources changed, or its end may be the one failure that its probe needs."
        ),
    ),
    Rule(
        name="kubelet-counter",
        judge=inference.kubelet_counter,
        meaning="The kubelet's counter `prober_probe_total` confirms or rules out a probe.",
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High if no probe failed. "
            "`LivenessProbe`, `StartupProbe`: High if the container was also replaced in place, "
            "else Medium."
        ),
    ),
    Rule(
        name="no-probe",
        judge=likelihood.no_probe,
        meaning="The container has no probe that could have killed it.",
        gives="`Error`, `Completed`, `Signal`, `RestartRule`: Medium. `Unknown`: Low if unseen.",
    ),
    Rule(
        name="threshold-reached",
        judge=likelihood.threshold,
        meaning="Probe failures up to `failureThreshold` were reported just before the end.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: High; Medium if the runtime reports `OOMKilled`, the "
            "container crashed (a signal such as SIGSEGV), its end may have caused the last "
            "failure, image or resources changed, no kill is known to leave its exit code, SIGKILL "
            "came too soon, its preStop hook ran in vain, it was shown as terminated, or not "
            "replaced in place, exit code unknown. `Unknown`: Low if its end cut off the only run."
        ),
    ),
    Rule(
        name="never-started",
        judge=likelihood.never_started,
        meaning="It never passed its startup probe and ran for as long as the probe allows.",
        gives="`StartupProbe`: Medium.",
    ),
    Rule(
        name="replaced-in-place",
        judge=likelihood.replaced_in_place,
        meaning=(
            "The container was replaced without being shown as terminated, and is not known to "
            "have ended this way by itself before. After a crash (a signal such as SIGSEGV), all "
            "earlier ends with its exit code were such, or one was a probe's kill."
        ),
        gives=(
            "`LivenessProbe`, `StartupProbe`, `PostStartHook`: Medium, since a status written late "
            "can hide an end. High if a probe surely killed it at this age three times, and "
            "nothing else ended it with this exit code."
        ),
    ),
    Rule(
        name="regular",
        judge=habits.regular,
        meaning="Exit code and lifetime match earlier restarts with one cause, or earlier kills.",
        gives=(
            "`LivenessProbe`, `StartupProbe`, `PostStartHook`, `Error`, `Completed`, `Signal`, "
            "`RestartRule`: Medium."
        ),
    ),
    Rule(
        name="own-exit",
        judge=likelihood.own_exit,
        meaning="No kill leaves its exit code, and no probe is known to have failed often enough.",
        gives=(
            "`Error`, `RestartRule`: Medium; Low if no Event was received, it was replaced in "
            "place, its probe killed an earlier one, or failed too seldom or at unknown times."
        ),
    ),
    Rule(
        name="unknown",
        judge=likelihood.unknown,
        meaning="The evidence does not show a cause.",
        gives="`Unknown`: Low.",
    ),
)
