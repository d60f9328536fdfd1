"""Attribution: restart + evidence → cause, confidence, rule.

`RULES` is an ordered table; the first rule that answers wins, and every
verdict names its rule. The order is the order of trust: what the kubelet said
itself, what the runtime said, what cannot have been otherwise, and only then
what is likely.
"""

from probewatch.core import inference, likelihood, surroundings, testimony
from probewatch.core.facts import Facts
from probewatch.core.verdict import Rule, Verdict


def attribute(facts: Facts) -> tuple[Rule, Verdict]:
    """The first rule that answers, and its verdict."""
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
        meaning="The kubelet's Killing event names the probe and lies within the instance's life.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: Confirmed. Beside `OOMKilled` with exit code "
            "137: High after the whole grace period, else Medium. Where it took longer to stop "
            "than its grace period: High if SIGKILL ended it and it was replaced in place, else "
            "Medium. Where it may have ended by itself in the second of the kill: High if its "
            "probe had timed out or got an answer, else Medium. Medium where its end has no time, "
            "a startup kill was followed by a failure of the liveness probe, or the kubelet may "
            "have been restarted during the kill."
        ),
    ),
    Rule(
        name="kill-event-other",
        judge=testimony.other_kill_event,
        meaning="The kubelet's Killing event names another reason of its own.",
        gives="`SpecChange`, `Resize`, `PostStartHook`, `RestartRule`: Confirmed.",
    ),
    Rule(
        name="init-again",
        judge=surroundings.rerun,
        meaning="An init container that had succeeded ran again: the pod was begun anew.",
        gives=(
            "`RestartRule`, `NodeReboot`: High. `NodeReboot` without the node's Event, or where it "
            "is not known when it ran again, `SandboxRecreated`: Medium. `Unknown`: Low."
        ),
    ),
    Rule(
        name="unobserved",
        judge=testimony.unobserved,
        meaning="The count rose by more than one, or the termination was never visible.",
        gives=(
            "`Unobserved`: Low. Where as many kills were announced as restarts went unseen, "
            "`LivenessProbe`, `StartupProbe`, `SpecChange`, `Resize`, `PostStartHook`, "
            "`RestartRule`: Medium."
        ),
    ),
    Rule(
        name="restart-all",
        judge=testimony.restart_all,
        meaning=(
            "The kubelet marked it as restarted together with the whole pod, and nothing else "
            "would have restarted it."
        ),
        gives="`RestartRule`: Confirmed.",
    ),
    Rule(
        name="node-reboot",
        judge=surroundings.node_reboot,
        meaning="The node reported a reboot, or many of its pods lost containers at once.",
        gives=(
            "`NodeReboot`: Confirmed by the node's Event, High by other pods of the node. With the "
            "node's Event, but without the runtime's word: High where nobody saw an exit code, "
            "Medium where it ended by a signal or with 0, and ran again only when the node was "
            "back."
        ),
    ),
    Rule(
        name="sandbox",
        judge=surroundings.sandbox,
        meaning="All containers of the pod restarted and the pod got a new sandbox.",
        gives=(
            "`SandboxRecreated`: High by the kubelet's word, Medium by the new sandbox alone, and "
            "with restart policy `Never`."
        ),
    ),
    Rule(
        name="lost",
        judge=surroundings.lost,
        meaning="The runtime lost track of the container, by its own or the kubelet's word.",
        gives="`NodeReboot`: Medium. A restart of the container runtime alone looks the same.",
    ),
    Rule(
        name="post-start-hook",
        judge=testimony.post_start_hook,
        meaning="The container's postStart hook failed, for which the kubelet kills it.",
        gives=(
            "`PostStartHook`: Confirmed where the hook failed first or SIGTERM ended it, High "
            "after the whole grace period, else Medium: a hook also fails because its container "
            "ended."
        ),
    ),
    Rule(
        name="out-of-memory",
        judge=testimony.out_of_memory,
        meaning="The runtime reports OOMKilled, and the exit code fits.",
        gives=(
            "`OOMKilled`: High where it was shown as terminated or nothing could have killed it, "
            "else Medium: the runtime's flag stays for good once a child was killed."
        ),
    ),
    Rule(
        name="memory-again",
        judge=testimony.memory_again,
        meaning="SIGKILL ended it just as earlier ones that the runtime reported as OOMKilled.",
        gives="`OOMKilled`: Medium. The runtime may miss that the kernel killed a container.",
    ),
    Rule(
        name="restart-rule",
        judge=inference.restart_rule,
        meaning="A container restart rule matched the exit code.",
        gives=(
            "`RestartRule`: Confirmed where the kubelet was restarting all containers, High, or "
            "Medium where a probe may have killed it or the pod got a new sandbox."
        ),
    ),
    Rule(
        name="start-canary",
        judge=inference.canary,
        meaning="The start of the next instance was announced, so a kill would have been too.",
        gives=(
            "`Error`, `Completed`, `RestartRule`: Confirmed. `Signal`: High. All: Medium where it "
            "was not shown as terminated, for Events are lost in other ways than the kubelet's "
            "filter too."
        ),
    ),
    Rule(
        name="died-before-kill",
        judge=inference.late_kill,
        meaning=(
            "A probe's kill was decided, or its postStart hook failed, only after the container "
            "had died."
        ),
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High, or Medium where the count tells "
            "of a kill before."
        ),
    ),
    Rule(
        name="terminated-seen",
        judge=inference.terminated_seen,
        meaning="The container was shown as terminated before the kubelet acted.",
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High where no probe could kill it, or "
            "it surely ended so before, else Medium: a kubelet that restarts while it kills shows "
            "the same, and so may a node that goes down."
        ),
    ),
    Rule(
        name="changed-in-place",
        judge=inference.changed_in_place,
        meaning="Image or resources changed and the kubelet replaced the container in place.",
        gives="`SpecChange`, `Resize`: Medium.",
    ),
    Rule(
        name="count-repair",
        judge=inference.count_repair,
        meaning="A later Killing event's count proves that an undelivered kill happened.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: High, or Medium where nobody saw how it ended, a "
            "signal ended it that nobody sends, its image or resources were changed, or its end "
            "may have made the one failure that its probe needs."
        ),
    ),
    Rule(
        name="kubelet-counter",
        judge=inference.kubelet_counter,
        meaning="The kubelet's prober_probe_total confirms or rules out a probe.",
        gives=(
            "`Error`, `Completed`, `Signal`, `RestartRule`: High where no run failed. "
            "`LivenessProbe`, `StartupProbe`: High where it was replaced in place too, else Medium."
        ),
    ),
    Rule(
        name="no-probe",
        judge=likelihood.no_probe,
        meaning="The container has no probe that could have killed it.",
        gives="`Error`, `Completed`, `Signal`, `RestartRule`: Medium.",
    ),
    Rule(
        name="threshold-reached",
        judge=likelihood.threshold,
        meaning="As many probe failures as the threshold were reported just before the death.",
        gives=(
            "`LivenessProbe`, `StartupProbe`: High, or Medium where the runtime reports OOMKilled, "
            "a signal ended it that nobody sends, its end may have made the last of the failures, "
            "or its image or resources changed."
        ),
    ),
    Rule(
        name="never-started",
        judge=likelihood.never_started,
        meaning="It never started and lived just as long as its startup probe allows.",
        gives="`StartupProbe`: Medium.",
    ),
    Rule(
        name="replaced-in-place",
        judge=likelihood.replaced_in_place,
        meaning=(
            "It was replaced without being shown as terminated, and it did not "
            "surely end so by itself before."
        ),
        gives=(
            "`LivenessProbe`, `StartupProbe`, `PostStartHook`: Medium. A status that is written "
            "late hides that a container was dead, so this alone never makes sure."
        ),
    ),
    Rule(
        name="regular",
        judge=likelihood.regular,
        meaning="Exit code and lifetime are those of earlier ends, which all had the same cause.",
        gives=(
            "`LivenessProbe`, `StartupProbe`, `PostStartHook`, `Error`, `Completed`, `Signal`, "
            "`RestartRule`: Medium."
        ),
    ),
    Rule(
        name="own-exit",
        judge=likelihood.own_exit,
        meaning=(
            "An exit code that a kill does not leave, and no sign that a probe failed as often as "
            "a kill takes."
        ),
        gives=(
            "`Error`, `RestartRule`: Medium, or Low where no Event was heard, or its probe failed, "
            "but less often than a kill takes or at times that are not known."
        ),
    ),
    Rule(
        name="unknown",
        judge=likelihood.unknown,
        meaning="The evidence does not tell.",
        gives="`Unknown`: Low.",
    ),
)
